"""The video generator on tiny networks of the real classes: what is asked for, and what comes."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline, LTXVideoTransformer3DModel
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from mindseye.tools.errors import BadInput, ToolError, Unavailable
from mindseye.tools.physics.render import halve
from mindseye.tools.physics.scene import PUSHER_DOWN, PUSHER_UP
from mindseye.tools.physics.skills import STEP
from mindseye.tools.values import Clip, Frames, ImagineRequest
from mindseye.tools.video.data import scene_records
from mindseye.tools.video.flow import Guidance, build_scheduler, draw_errs
from mindseye.tools.video.generator import WEIGHTS, TabletopVideo, first_frame
from mindseye.tools.video.network import build_text_encoder, build_transformer
from mindseye.tools.video.pipeline import TabletopVideoPipeline
from mindseye.tools.video.shards import make_video_data
from mindseye.tools.video.telling import Asked
from mindseye.tools.video.tokenizer import build_tokenizer
from mindseye.tools.video.tokens import PATCH_T
from mindseye.tools.video.train import save_pipeline, train_video
from mindseye.tools.vision.model import TabletopVision

NAMES = "red cube, blue ball, green star"
TEXT = "push the red cube to the left side"
ACTIONS = np.tile(np.array([[0.5, 1.0, 0.0]], np.float32), (20, 1))
BLACK = np.zeros((64, 64, 3), np.uint8)


def tiny_pipeline(spread: float = 0.2, slides: bool = False) -> TabletopVideoPipeline:
    """Return an untrained pipeline of the real classes in a small size.

    Args:
      spread: of the output layer's weights; 0 leaves the output at zero.
      slides: whether all it imagines is that things slide about.
    """
    torch.manual_seed(0)
    tokenizer = build_tokenizer()
    transformer = build_transformer(width=48, layers=1, heads=2)
    torch.nn.init.normal_(transformer.proj_out.weight, std=spread)
    if slides:
        with torch.no_grad():
            weight = transformer.proj_out.weight
            # Of each frame it says a way (right, away, up), and what else there is to say.
            weight[torch.arange(len(weight)) % (len(weight) // PATCH_T) > 1] = 0.0
    text = build_text_encoder(tokenizer)
    pipeline = TabletopVideoPipeline(transformer.eval(), text.eval(), tokenizer, build_scheduler())
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a saved tiny pipeline."""
    out = tmp_path_factory.mktemp("weights")
    save_pipeline(tiny_pipeline(), out, {"held_out_mm": 12.5})
    return out


@pytest.fixture(scope="module")
def video(folder: Path) -> TabletopVideo:
    """Return a generator that runs the tiny pipeline."""
    return TabletopVideo(folder, steps=2)


def table(seed: int, size: int = 64) -> Frames:
    """Return a frame of the three objects, at places drawn from the seed."""
    frame = first_frame(NAMES, seed)
    return halve(frame) if size == 64 else frame


def request(**change: Any) -> ImagineRequest:
    """Return a request with a frame and words, changed."""
    return replace(ImagineRequest(frame=table(0), text=TEXT, seed=3), **change)


def one(video: TabletopVideo, request: ImagineRequest) -> Clip:
    """Return the only clip of a request."""
    return video.imagine([request])[0][0]


def alike(a: Frames, b: Frames) -> bool:
    """Say whether two clips are the same but for the last bit of floating point sums."""
    return int(np.abs(a.astype(int) - b).max()) <= 1


SUBSETS: dict[str, dict[str, Any]] = {
    "first": {},
    "first and last": {"last_frame": table(1)},
    "past": {"frame": None, "given": {i: table(i) for i in range(3)}},
    "tail": {"frame": None, "last_frame": table(1)},
    "loop": {"last_frame": table(0)},
    "scattered": {"given": {3: table(1), 5: table(2)}},
    "words alone": {"frame": None, "text": "push the red cube next to the blue ball"},
}


@pytest.mark.parametrize("kind", SUBSETS)
def test_any_frames_may_be_given_and_come_back_as_they_were(
    video: TabletopVideo, kind: str
) -> None:
    asked = request(**SUBSETS[kind])
    clip = one(video, asked)
    assert clip.frames.shape == (8, 64, 64, 3)
    assert clip.frames.dtype == np.uint8
    given = {i % 8: f for i, f in asked.frames.items()}
    for i, frame in given.items():
        assert np.array_equal(clip.frames[i], frame)
    # The others are imagined: something went somewhere.
    anchor = clip.frames[min(given, default=0)]
    assert any((clip.frames[i] != anchor).any() for i in range(8) if i not in given)


@pytest.mark.parametrize("kind", SUBSETS)
def test_same_seed_same_clip_whatever_else_is_in_the_batch(video: TabletopVideo, kind: str) -> None:
    asked = request(**SUBSETS[kind])
    others = [request(**change, seed=9) for name, change in SUBSETS.items() if name != kind]
    alone = one(video, asked)
    assert np.array_equal(one(video, asked).frames, alone.frames)
    together = video.imagine([*others[:2], asked, *others[2:]])[2][0]
    assert alike(together.frames, alone.frames)
    assert together.provenance == alone.provenance
    other = one(video, replace(asked, seed=99))
    assert not alike(other.frames, alone.frames)
    assert other.provenance.request != alone.provenance.request


@pytest.mark.parametrize("kind", ["first and last", "past", "loop", "scattered"])
def test_what_further_frames_show_changes_what_is_imagined(video: TabletopVideo, kind: str) -> None:
    given = request(**SUBSETS[kind])
    anchor = 2 if kind == "past" else 0
    bare = request(frame=None, given={anchor: table(anchor)}, last_frame=None)
    free = [i for i in range(8) if i not in {k % 8 for k in given.frames}]
    both = one(video, given).frames[free], one(video, bare).frames[free]
    assert not alike(*both)


def test_a_large_frame_comes_back_with_its_areas_averaged(video: TabletopVideo) -> None:
    large = table(0, 128)
    assert np.array_equal(one(video, request(frame=large)).frames[0], halve(large))


def test_a_frame_may_be_given_by_any_of_its_names(video: TabletopVideo) -> None:
    last = one(video, request(last_frame=table(1)))
    for names in ({-1: table(1)}, {7: table(1)}):
        assert np.array_equal(one(video, request(given=names)).frames, last.frames)


def test_without_a_frame_the_first_shows_what_the_words_name(video: TabletopVideo) -> None:
    clip = one(video, request(frame=None, text="the yellow star and the purple cylinder"))
    (seen,) = TabletopVision().look([clip.frames[0]])
    assert set(seen.names) == {"yellow star", "purple cylinder"}
    at = (0.1, -0.05, PUSHER_DOWN)
    (again,) = TabletopVision().look([first_frame(NAMES, 4, at)])
    assert again.pusher == pytest.approx(at[:2], abs=0.01)


def test_samples_differ_and_tell_how_far(video: TabletopVideo) -> None:
    three, alone = video.imagine([request(samples=3), request()])
    assert [len(three), len(alone)] == [3, 1]
    assert not alike(three[0].frames, three[1].frames)
    assert not alike(three[1].frames, three[2].frames)
    assert alike(three[0].frames, alone[0].frames)
    assert len({c.provenance.seed for c in three}) == 3
    assert alone[0].spread is None
    spreads = {c.spread for c in three}
    assert len(spreads) == 1
    assert min(s for s in spreads if s is not None) > 0.001


@given(seed=st.integers(0, 10**6))
@settings(max_examples=10)
def test_draws_of_errors_have_the_density_that_doubt_is_the_scale_of(seed: int) -> None:
    far = draw_errs(4000, torch.Generator().manual_seed(seed)).norm(dim=-1)
    # Of a density r exp(-r) the mean is 2, and four fifths lie within 2.99.
    assert far.mean().item() == pytest.approx(2.0, abs=0.12)
    assert (far < 2.9943).float().mean().item() == pytest.approx(0.8, abs=0.03)


def test_the_first_sample_is_the_belief_and_the_others_are_as_far_off_as_it_is_doubted() -> None:
    sure, unsure = (doubting(bias) for bias in (-8.0, 1.0))
    for pipeline, least, most in ((sure, 0.0, 1e-3), (unsure, 0.05, 0.3)):
        seeds = [torch.Generator().manual_seed(i) for i in range(9)]
        shown = pipeline(
            [{0: table(0)}] * 9, [TEXT] * 9, generator=seeds, temperature=[0.0, *[1.0] * 8]
        )
        off = [p[:-1, -1, :2] - shown.places[0][:-1, -1, :2] for p in shown.places[1:]]
        far = float(np.linalg.norm(off, axis=-1).mean())
        doubt = float(shown.doubt[0][:-1, -1].mean())
        assert least <= far <= most
        assert least <= doubt <= 4 * most
        assert not shown.doubt[0][:, 0].any(), "what is given is not in doubt"


def doubting(bias: float) -> TabletopVideoPipeline:
    """Return a pipeline that believes nothing moves, with so much doubt (a logarithm)."""
    pipeline = tiny_pipeline(spread=0.0)
    with torch.no_grad():
        every = len(pipeline.transformer.proj_out.bias) // PATCH_T
        pipeline.transformer.proj_out.bias[every - 1 :: every] = bias
    return pipeline


def test_many_samples_are_made_in_batches(folder: Path, video: TabletopVideo) -> None:
    small = TabletopVideo(folder, steps=2, batch=2)
    asked = [request(samples=3), request(samples=2, length=12), request(text="")]
    asked[2] = replace(asked[2], last_frame=table(1))
    for few, all_at_once in zip(small.imagine(asked), video.imagine(asked), strict=True):
        assert len(few) == len(all_at_once)
        for a, b in zip(few, all_at_once, strict=True):
            assert alike(a.frames, b.frames)


ACTED: dict[str, Any] = {"actions": ACTIONS, "pusher": (0.0, -0.3, PUSHER_UP)}
CHANGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"text": "move the blue ball behind the green star"}),
    ({}, {"target": (-0.2, 0.2)}),
    ({"subject": None}, {"subject": (0.0, 0.0), "text": ""}),
    ({}, {"actions": ACTIONS}),
    (ACTED, {"actions": -ACTIONS}),
    (ACTED, {"ticks": (0, 1, 2, 3, 4, 5, 6, 20)}),
    (ACTED, {"pusher": (0.2, -0.3, PUSHER_UP)}),
]


@pytest.mark.parametrize(("base", "change"), CHANGES, ids=lambda c: "-".join(c))
def test_every_condition_matters(
    video: TabletopVideo, base: dict[str, Any], change: dict[str, Any]
) -> None:
    before, after = request(**base), request(**(base | change))
    if not after.text:
        after = replace(after, last_frame=table(1))
        before = replace(before, last_frame=table(1))
    (a,), (b,) = video.imagine([before, after])
    assert not alike(a.frames, b.frames)
    assert a.provenance.request != b.provenance.request


def test_seconds_between_frames_follow_from_actions_and_ticks(video: TabletopVideo) -> None:
    assert one(video, request()).dt == video.pipeline.config.dt
    assert one(video, request(**ACTED)).dt == pytest.approx(20 * 0.1 / 7)
    ticks = (0, 1, 2, 3, 4, 5, 6, 14)
    assert one(video, request(ticks=ticks)).dt == pytest.approx(0.2)
    assert one(video, request(**ACTED, ticks=ticks)).dt == pytest.approx(0.2)


@pytest.mark.parametrize("length", [2, 5, 8, 9, 20])
def test_clips_of_any_length(video: TabletopVideo, length: int) -> None:
    asked = request(length=length, last_frame=table(1), given={1: table(2)} if length > 5 else {})
    clip = one(video, asked)
    assert clip.frames.shape == (length, 64, 64, 3)
    for i, frame in asked.frames.items():
        assert np.array_equal(clip.frames[i], frame)
    assert np.array_equal(one(video, asked).frames, clip.frames)


def test_a_long_clip_goes_on_from_the_first_eight_frames() -> None:
    pipeline = tiny_pipeline(0.05)
    short, long = (
        pipeline(
            [{0: table(0)}], [TEXT], num_frames=n, generator=[torch.Generator().manual_seed(1)]
        )
        for n in (8, 20)
    )
    np.testing.assert_allclose(long.places[0][:, :8], short.places[0], atol=1e-6)
    steps = np.abs(np.diff(long.places[0], axis=1)).max(axis=(0, 2))
    assert (steps > 1e-4).all(), "time stands still somewhere"


def test_a_later_window_goes_on_from_where_things_came_to() -> None:
    pipeline = tiny_pipeline(0.0)
    shown = pipeline([{0: table(0), 7: table(1)}], [""], num_frames=12)
    places = shown.places[0]
    assert np.abs(places[:, 7] - places[:, 0]).max() > 0.05
    np.testing.assert_allclose(places[:, 8:], places[:, 7:8].repeat(4, 1), atol=1e-6)


def test_scoring_a_clip_does_not_change_it(folder: Path, video: TabletopVideo) -> None:
    scored = TabletopVideo(folder, steps=2, likelihoods=True)
    for asked in (request(), request(length=20), request(**ACTED)):
        a, b = one(video, asked), one(scored, asked)
        assert np.array_equal(a.frames, b.frames)
        assert a.likelihood is None
        assert b.likelihood is not None
        assert np.isfinite(b.likelihood)
        assert one(scored, asked).likelihood == b.likelihood


def test_likelihoods_tell_clips_of_a_request_apart(folder: Path) -> None:
    scored = TabletopVideo(folder, steps=2, likelihoods=True)
    values = [c.likelihood for c in scored.imagine([request(samples=4)])[0]]
    assert len(set(values)) == 4


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "nothing to go by": ({"text": "  "}, "say what to picture"),
    "no frame, no names": ({"frame": None, "text": "push it"}, "words name no object"),
    "no samples": ({"samples": 0}, "at least one sample, not 0"),
    "one frame": ({"length": 1}, "at least two frames, not 1"),
    "index too large": ({"given": {9: table(1)}}, "frame 9 is not in a clip of 8 frames"),
    "index too small": ({"given": {-9: table(1)}}, "frame -9 is not in a clip of 8 frames"),
    "far tail": (
        {"frame": None, "last_frame": table(1), "length": 20},
        "one of the first 8 frames, not just frame 19",
    ),
    "flat actions": ({"actions": np.zeros(6, np.float32)}, r"dx, dy, lift; not \[6\]"),
    "wide actions": ({"actions": np.zeros((7, 2), np.float32)}, r"dx, dy, lift; not \[7, 2\]"),
    "no action": ({"actions": np.zeros((0, 3), np.float32)}, r"dx, dy, lift; not \[0, 3\]"),
    "actions that are none": (
        {"actions": np.full((7, 3), np.nan, np.float32)}, "not finite",
    ),
    "actions from nowhere": (
        {"frame": None, "last_frame": table(1), "actions": ACTIONS}, "the first frame",
    ),
    "pusher unseen": ({"frame": BLACK, "actions": ACTIONS}, "does not show the pusher"),
    "few ticks": ({**ACTED, "ticks": (0, 5)}, "8 frames takes as many ticks, not 2"),
    "ticks back": ({**ACTED, "ticks": (0, 5, 4, 6, 7, 8, 9, 9)}, "none less than the one before"),
    "late ticks": ({"ticks": (1, 2, 3, 4, 5, 6, 7, 8)}, "8 numbers of actions: 0, then"),
    "not square": ({"frame": np.zeros((128, 96, 3), np.uint8)}, r"square .* not \(128, 96\)"),
    "tiny": ({"frame": np.zeros((16, 16, 3), np.uint8)}, r"at least 32 pixels .* \(16, 16\)"),
    "no bytes": ({"last_frame": np.zeros((64, 64, 3), np.float32)}, "uint8, not .* float32"),
    "grey": ({"given": {4: np.zeros((64, 64), np.uint8)}}, r"\[H, W, 3\] uint8, not \[64, 64\]"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_honoured_is_told_in_one_line(video: TabletopVideo, kind: str) -> None:
    change, says = REFUSED[kind]
    with pytest.raises(ToolError, match=says) as caught:
        video.imagine([request(), request(**change)])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [64, 128])
@pytest.mark.parametrize("length", [8, 13])
def test_an_untrained_network_imagines_that_nothing_moves(size: int, length: int) -> None:
    shown = tiny_pipeline(0.0)(
        [{0: table(0, size)}, {2: table(1, size)}], [TEXT, ""], num_frames=length
    )
    for clip, anchor in zip(shown.frames, (table(0), table(1)), strict=True):
        assert (clip == anchor).all()
    np.testing.assert_allclose(shown.places[0], shown.places[0][:, :1].repeat(length, 1), atol=1e-6)


def test_what_stays_on_the_table_keeps_its_colour_and_shape() -> None:
    pipeline, vision = tiny_pipeline(0.06, slides=True), TabletopVision()
    frames = [first_frame(NAMES + ", yellow cylinder", seed) for seed in range(16)]
    shown = pipeline(
        [{0: f} for f in frames], [TEXT] * 16,
        generator=[torch.Generator().manual_seed(i) for i in range(16)], num_inference_steps=4,
    )  # fmt: skip
    moved = kept = expected = 0
    for graph, names, places in zip(
        vision.look(list(shown.frames[:, -1])), shown.names, shown.places, strict=True
    ):
        assert len(names) == 4
        end = places[:, -1, :2]
        gaps = np.linalg.norm(end[:, None] - end[None], axis=-1) + 9 * np.eye(5)
        for i, name in enumerate(names):
            if np.abs(end[i]).max() > 0.27 or gaps[i].min() < 0.09:
                continue
            found = graph.find(name)
            expected += 1
            kept += found is not None and math.dist(found.position, end[i]) < 0.01
            moved += math.dist(end[i], places[i, 0, :2]) > 0.02
        # What hides behind another may be read as another shape, but never as one more thing.
        colours = sorted(n.split()[0] for n in graph.names)
        assert colours == sorted(set(colours)), "something came out of nothing"
        assert set(colours) <= {n.split()[0] for n in names}
    assert expected > 40
    assert moved > 30
    assert kept >= 0.95 * expected


def test_actions_lead_the_pusher_from_where_it_was_in_the_first_frame() -> None:
    start = (0.05, -0.3, PUSHER_DOWN)
    past = {i: first_frame(NAMES, i) for i in range(3)}
    actions = np.tile(np.array([[0.0, 1.0, 0.0]], np.float32), (14, 1))
    shown = tiny_pipeline(0.0)([past], [""], pusher=[start], actions=[actions])
    pusher = shown.places[0][-1]
    np.testing.assert_allclose(pusher[0], start)
    # Frame 2 is after four of the fourteen actions.
    np.testing.assert_allclose(pusher[2], np.add(start, (0.0, 4 * STEP, 0.0)))


def clips_with(folder: Path, asked: ImagineRequest, **guidance: float) -> Frames:
    """Return the frames that come with a guidance."""
    return one(TabletopVideo(folder, steps=2, guidance=guidance), asked).frames


def test_guidance_drives_what_is_asked_and_nothing_else(folder: Path, video: TabletopVideo) -> None:
    words, acted = request(), request(**ACTED, text="")
    goal = request(text="", last_frame=table(1))
    for asked in (words, acted, goal):
        plain = one(video, asked).frames
        assert np.array_equal(clips_with(folder, asked, words=1.0, actions=1.0), plain)
    for asked, name in ((words, "words"), (acted, "actions"), (goal, "frames")):
        driven = clips_with(folder, asked, **{name: 4.0})
        assert not alike(driven, one(video, asked).frames)
    assert np.array_equal(clips_with(folder, words, actions=4.0), one(video, words).frames)
    assert np.array_equal(clips_with(folder, words, frames=4.0), one(video, words).frames)
    assert np.array_equal(clips_with(folder, goal, words=4.0), one(video, goal).frames)


def test_guidance_is_part_of_where_a_clip_comes_from(folder: Path, video: TabletopVideo) -> None:
    driven = TabletopVideo(folder, steps=2, guidance={"words": 2.0})
    assert driven.guidance == Guidance(words=2.0)
    assert one(driven, request()).provenance != one(video, request()).provenance


def test_the_goal_image_is_the_last_frame(video: TabletopVideo) -> None:
    goal = video.goal_image(request(samples=3))
    assert np.array_equal(goal, one(video, request()).frames[-1])
    assert np.array_equal(one(video, request(last_frame=goal)).frames[-1], goal)


def test_a_saved_pipeline_imagines_what_the_live_one_does(folder: Path) -> None:
    live = tiny_pipeline()
    for part in (live.transformer, live.text_encoder):
        torch.nn.Module.to(torch.nn.Module.to(part, torch.float16), torch.float32)
    saved = TabletopVideoPipeline.from_pretrained(folder, dtype=torch.float32)
    saved.set_progress_bar_config(disable=True)
    clips = [
        p([{0: table(0)}], [TEXT], generator=[torch.Generator().manual_seed(5)]).frames
        for p in (live, saved)
    ]
    assert np.array_equal(clips[0], clips[1])


def test_diffusers_finds_the_pipeline_by_folder(folder: Path) -> None:
    pipeline = DiffusionPipeline.from_pretrained(
        folder, custom_pipeline=str(folder), trust_remote_code=True, dtype=torch.float32
    )
    assert type(pipeline) is TabletopVideoPipeline
    assert type(pipeline.transformer) is LTXVideoTransformer3DModel
    pipeline.set_progress_bar_config(disable=True)
    asked = [Asked(text="", subject=None)]
    assert pipeline([{0: table(0)}], [""], asked).frames.shape == (1, 8, 64, 64, 3)


def test_weights_are_half_precision_safetensors_with_a_card(folder: Path) -> None:
    files = sorted(folder.rglob("*.safetensors"))
    assert {f.parent.name for f in files} == {"transformer", "text_encoder"}
    for file in files:
        assert {t.dtype for t in load_file(file).values()} == {torch.float16}
    assert not list(folder.rglob("*.bin"))
    assert "| held out mm | 12.5 |" in (folder / "README.md").read_text()
    assert json.loads((folder / "transformer/config.json").read_text())["num_layers"] == 1


def test_missing_and_broken_weights_are_one_clear_line(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no video weights"):
        TabletopVideo(tmp_path / "nowhere")
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    path = broken / "transformer/diffusion_pytorch_model.safetensors"
    good = load_file(path)
    save_file({k: v * torch.nan for k, v in good.items()}, path)
    with pytest.raises(Unavailable, match="not finite"):
        TabletopVideo(broken)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(Unavailable, match="cannot be read") as caught:
        TabletopVideo(broken)
    assert "\n" not in str(caught.value)
    (broken / "model_index.json").write_text("{")
    with pytest.raises(Unavailable, match="cannot be read"):
        TabletopVideo(broken)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"dtype": "float99"}, "dtype 'float99' is unknown"),
        ({"steps": 0}, "at least 1, not 0 and 64"),
        ({"batch": 0}, "at least 1, not 1 and 0"),
        ({"guidance": {"pusher": 2.0}}, "guidance takes words, actions and frames"),
    ],
)
def test_options_that_cannot_be_are_refused(
    folder: Path, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        TabletopVideo(folder, **options)


@pytest.mark.slow
def test_training_runs_goes_on_and_ships_a_pipeline(tmp_path: Path) -> None:
    make_video_data(tmp_path / "data", 24, seed=5)
    (tmp_path / "held").mkdir()
    shard = next((tmp_path / "data").glob("*.tar"))
    (tmp_path / "held" / shard.name).symlink_to(shard)
    settings = {
        "width": 48, "layers": 1, "heads": 2, "batch": 8, "held_out": 8, "threads": 1,
        "compile": False, "precision": "no",
    }  # fmt: skip
    config = tmp_path / "small.yaml"
    config.write_text(json.dumps(settings))
    figures = [
        train_video(
            tmp_path / "data", tmp_path / "out", hours=hours, resume=True, config=config,
            held_out_data=tmp_path / "held", checkpoints=tmp_path / "checkpoints",
        )
        for hours in (0.0005, 0.001)
    ]  # fmt: skip
    assert figures[1]["steps"] > figures[0]["steps"] >= 1
    assert all(np.isfinite(v) for v in figures[1].values())
    assert list((tmp_path / "checkpoints").glob("sheet-*.png"))
    clip = one(TabletopVideo(tmp_path / "out", steps=1), request())
    assert clip.frames.shape == (8, 64, 64, 3)


@pytest.mark.skipif(
    not (WEIGHTS / "model_index.json").exists() or (WEIGHTS / "vae").exists(),
    reason="no shipped weights of this room",
)
def test_shipped_weights_see_from_the_actions_where_things_will_be() -> None:
    video, off, way = TabletopVideo(), [], []
    for seed in (0, 1, 3):
        records = scene_records(np.random.default_rng([77, seed]))
        for record in (r for r in records if r.meta["kind"] == "push"):
            index = record.meta["names"].index(record.meta["subgoal"]["move"])
            start, end = record.positions[0, index], record.positions[-1, index]
            if end[2] < 0 or np.linalg.norm(end - start) < 0.03:
                continue
            ticks = np.array(record.meta["rows"])
            acted = Asked(text="", sent=record.sent.astype(float), ticks=ticks)
            pusher = [record.pusher[0].tolist()]
            shown = video.pipeline([{0: record.frames[0]}], [""], [acted], pusher=pusher)
            name = record.meta["names"][index]
            if name in shown.names[0]:
                found = shown.places[0][shown.names[0].index(name), -1]
                off.append(float(np.linalg.norm((found - end)[:2])))
                way.append(float(np.linalg.norm((end - start)[:2])))
    assert len(off) > 5
    assert np.median(off) < 0.4 * np.median(way)
