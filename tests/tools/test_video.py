"""The video room: captions, grounding, pipeline, generator, training, on tiny networks."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderDC, DiffusionPipeline
from hypothesis import given, settings
from hypothesis import strategies as st

from mindseye.tools.errors import BadInput, ToolError, Unavailable
from mindseye.tools.physics.camera import Camera
from mindseye.tools.subgoals import Subgoal
from mindseye.tools.values import ImagineRequest
from mindseye.tools.video.autoencoder import build_autoencoder
from mindseye.tools.video.captions import build_tokenizer, caption, mirrored, paraphrase
from mindseye.tools.video.data import (
    PLACES,
    make_shard,
    make_video_data,
    random_subgoal,
    read_shards,
)
from mindseye.tools.video.diffusers_video import DiffusersVideo
from mindseye.tools.video.generator import WEIGHTS, TabletopVideo, shrink
from mindseye.tools.video.grounding import grounding_maps
from mindseye.tools.video.network import (
    build_text_encoder,
    build_transformer,
    from_tokens,
    to_tokens,
    tokenize,
)
from mindseye.tools.video.pipeline import TabletopVideoPipeline, build_scheduler, keep_unchanged
from mindseye.tools.video.train import run, save_pipeline
from mindseye.tools.video.training import VideoTraining

LAYOUT = {"red cube": (0.1, 0.05), "blue ball": (-0.15, 0.1), "green star": (0.0, -0.2)}
on_table = st.floats(-0.28, 0.28)


def tiny_pipeline() -> TabletopVideoPipeline:
    """Return a pipeline of real classes in a small size, with output that is not zero."""
    torch.manual_seed(0)
    tokenizer = build_tokenizer()
    transformer = build_transformer(width=48, layers=1, heads=2)
    torch.nn.init.normal_(transformer.proj_out.weight, std=0.2)
    text = build_text_encoder(tokenizer, width=24)
    return TabletopVideoPipeline(
        build_autoencoder(8).eval(), transformer.eval(), text.eval(), tokenizer, build_scheduler()
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a saved tiny pipeline."""
    out = tmp_path_factory.mktemp("weights")
    save_pipeline(tiny_pipeline(), out, {"steps": 0})
    return out


@pytest.fixture(scope="module")
def video(folder: Path) -> TabletopVideo:
    """Return a generator that runs the tiny pipeline."""
    return TabletopVideo(folder, steps=2)


def request_for(seed: int, text: str = "push the red cube to the left side") -> ImagineRequest:
    """Return a request with a frame and places drawn from the seed."""
    rng = np.random.default_rng(seed)
    frame = rng.integers(0, 255, (16, 16, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    x, y = rng.uniform(-0.25, 0.25, 2)
    return ImagineRequest(frame=frame, text=text, subject=(float(x), float(y)), seed=seed)


@given(x=on_table, y=on_table)
@settings(max_examples=60, deadline=None)
def test_a_grounding_map_peaks_where_the_camera_sees_the_place(x: float, y: float) -> None:
    subject, other = grounding_maps([(x, y), None])
    column, row = Camera.nominal().project([[x, y, 0.025]], 8)[0]
    steps = np.arange(8) + 0.5
    assert other.max() == 0.0
    assert 0.0 <= subject.min() <= subject.max() <= 1.0
    assert np.unravel_index(subject.argmax(), (8, 8)) == (
        int(np.abs(steps - row).argmin()),
        int(np.abs(steps - column).argmin()),
    )


@given(x=on_table, y=on_table)
@settings(max_examples=30, deadline=None)
def test_a_mirrored_place_has_the_mirrored_map(x: float, y: float) -> None:
    np.testing.assert_allclose(
        grounding_maps([(x, y)])[0], grounding_maps([(-x, y)])[0][:, ::-1], atol=1e-5
    )


@given(seed=st.integers(0, 10**6))
@settings(max_examples=80, deadline=None)
def test_every_wording_is_in_the_vocabulary(seed: int) -> None:
    tokenizer, rng = build_tokenizer(), np.random.default_rng(seed)
    subgoal = random_subgoal(rng, LAYOUT)
    for text in (subgoal.words(), paraphrase(subgoal, rng)):
        ids, mask = tokenize(tokenizer, [text])
        assert tokenizer.unk_token_id not in ids.tolist()[0], text
        assert int(mask.sum()) == len(text.split()) + 1
    assert caption(subgoal, np.random.default_rng(seed)) == caption(
        subgoal, np.random.default_rng(seed)
    )


def test_an_unknown_word_is_read_as_unknown() -> None:
    tokenizer = build_tokenizer()
    ids, mask = tokenize(tokenizer, ["push the zebra left"])
    assert (ids[0] == tokenizer.unk_token_id).sum() == 1
    assert mask[0].sum() == 5


def test_the_mirror_swaps_left_and_right_and_nothing_else() -> None:
    subgoal = Subgoal(move="red cube", relation="left_of", object="blue ball", manner="slow")
    assert mirrored(subgoal).words() == "push the red cube slowly to the right of the blue ball"
    area = Subgoal(move="red cube", relation="in_area", area="bottom_right")
    assert mirrored(area).area == "bottom_left"
    same = Subgoal(move="red cube", relation="above", object="blue ball")
    assert mirrored(same) == same


def test_tokens_and_back() -> None:
    latents = torch.randn(2, 3, 8, 8, 8)
    assert torch.equal(from_tokens(to_tokens(latents), 3, 8), latents)


def test_saved_pipeline_imagines_what_the_live_one_does(folder: Path) -> None:
    live = tiny_pipeline()
    for part in (live.vae, live.transformer, live.text_encoder):
        torch.nn.Module.to(torch.nn.Module.to(part, torch.float16), torch.float32)
    saved = TabletopVideoPipeline.from_pretrained(folder, dtype=torch.float32)
    frame = shrink(request_for(3).frame, 64)[None]
    clips = []
    for pipeline in (live, saved):
        pipeline.set_progress_bar_config(disable=True)
        source = [torch.Generator().manual_seed(5)]
        clips.append(
            pipeline(frame, ["push the ball"], [(0.1, 0.1)], [None], generator=source).frames
        )
    assert np.array_equal(clips[0], clips[1])
    assert clips[0].shape == (1, 8, 64, 64, 3)
    assert (clips[0][0, 0] == frame[0]).all()
    assert (clips[0][0, 1] != frame[0]).any()


def test_diffusers_finds_the_pipeline_by_folder(folder: Path) -> None:
    pipeline = DiffusionPipeline.from_pretrained(
        folder, custom_pipeline=str(folder), trust_remote_code=True, dtype=torch.float32
    )
    assert type(pipeline) is TabletopVideoPipeline
    assert type(pipeline.vae) is AutoencoderDC


def test_weights_are_half_precision_safetensors_with_a_card(folder: Path) -> None:
    names = {str(p.relative_to(folder)) for p in folder.rglob("*.safetensors")}
    assert len(names) == 3
    assert not list(folder.rglob("*.bin"))
    assert "steps" in (folder / "README.md").read_text()
    assert json.loads((folder / "transformer/config.json").read_text())["num_layers"] == 1


def test_same_seed_same_clip_whatever_else_is_in_the_batch(video: TabletopVideo) -> None:
    requests = [request_for(i) for i in range(4)]
    alone = video.imagine(requests[2:3])[0][0]
    together = video.imagine(requests)[2][0]
    again = video.imagine(requests[2:3])[0][0]
    assert np.array_equal(alone.frames, again.frames)
    assert np.abs(alone.frames.astype(int) - together.frames).max() <= 1
    assert alone.provenance == together.provenance
    other = ImagineRequest(**(vars(requests[2]) | {"seed": 99}))
    assert not np.array_equal(video.imagine([other])[0][0].frames, alone.frames)


def test_samples_differ_and_the_first_is_the_single_one(video: TabletopVideo) -> None:
    one = request_for(1)
    three = ImagineRequest(**(vars(one) | {"samples": 3}))
    clips = video.imagine([three, one])
    assert [len(c) for c in clips] == [3, 1]
    first, second, _ = clips[0]
    assert not np.array_equal(first.frames, second.frames)
    assert np.abs(first.frames.astype(int) - clips[1][0].frames).max() <= 1
    assert first.provenance.source == "video"


@pytest.mark.parametrize("change", ["text", "subject"])
def test_words_and_places_matter(video: TabletopVideo, change: str) -> None:
    one = request_for(1)
    value = "move the blue ball behind the star" if change == "text" else (-0.2, 0.2)
    other = ImagineRequest(**(vars(one) | {change: value}))
    (a,), (b,) = video.imagine([one, other])
    assert not np.array_equal(a.frames, b.frames)
    assert a.provenance.request != b.provenance.request


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"last_frame": np.zeros((64, 64, 3), np.uint8)}, "last frame"),
        ({"actions": np.zeros((7, 3), np.float32)}, "actions"),
        ({"text": "  "}, "empty"),
        ({"samples": 0}, "at least one"),
        ({"frame": np.zeros((128, 96, 3), np.uint8)}, "square"),
        ({"frame": np.zeros((32, 32, 3), np.uint8)}, "64 pixels"),
        ({"frame": np.zeros((64, 64, 3), np.float32)}, "uint8"),
    ],
)
def test_what_cannot_be_honoured_is_told(
    video: TabletopVideo, change: dict[str, object], says: str
) -> None:
    with pytest.raises(ToolError, match=says):
        video.imagine([ImagineRequest(**(vars(request_for(0)) | change))])


def test_missing_and_broken_weights_are_one_clear_line(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no video weights"):
        TabletopVideo(tmp_path / "nowhere")
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    path = broken / "transformer/diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(Unavailable, match="cannot be read") as caught:
        TabletopVideo(broken)
    assert "\n" not in str(caught.value)
    (broken / "model_index.json").write_text("{")
    with pytest.raises(Unavailable, match="cannot be read"):
        TabletopVideo(broken)
    with pytest.raises(BadInput, match="dtype"):
        TabletopVideo(folder, dtype="float99")


def test_pixels_that_do_not_change_are_the_first_frames() -> None:
    first = torch.randint(0, 255, (1, 64, 64, 3), dtype=torch.uint8)
    decoded = torch.full((1, 3, 64, 64, 3), 100, dtype=torch.uint8)
    decoded[:, 2, 10:20, 10:20] = 200
    mixed = keep_unchanged(first, decoded)
    assert torch.equal(mixed[:, 1], first)
    assert (mixed[:, 2, 12:18, 12:18] == 200).all()
    assert torch.equal(mixed[:, 2, 30:], first[:, 30:])


def test_data_are_the_same_for_the_same_seed_and_go_on(tmp_path: Path) -> None:
    make_shard(tmp_path / "clips-4-00000-8.npz", 4, 0, 8)
    again = tmp_path / "again"
    make_video_data(again, 8, seed=4)
    keys = ("frames", "subgoal", "final", "subject", "fell")
    one, two = (read_shards(f, keys) for f in (tmp_path, again))
    for key in keys:
        np.testing.assert_array_equal(one[key], two[key])
    assert one["frames"].shape == (8, 8, 64, 64, 3)
    stamp = next(again.glob("*.npz")).stat().st_mtime_ns
    make_video_data(again, 8, seed=4)
    assert next(again.glob("*.npz")).stat().st_mtime_ns == stamp
    with pytest.raises(BadInput, match="mindseye data video"):
        read_shards(tmp_path / "empty", keys)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Mismatch dtype between input and weight:UserWarning")
def test_training_runs_resumes_and_ships_a_pipeline(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    n = 80
    columns: dict[str, np.ndarray[Any, Any]] = {
        "frames": rng.integers(0, 255, (n, 8, 64, 64, 3), dtype=np.uint8),
        "masks": rng.integers(0, 255, (n, 8, 512), dtype=np.uint8),
        "dt": np.full(n, 0.5, np.float32),
        "subgoal": np.array([json.dumps(random_subgoal(rng, LAYOUT).to_json()) for _ in range(n)]),
        "subject": np.zeros((n, 2), np.float32),
        "object": np.full((n, 2), np.nan, np.float32),
        "target": np.full((n, 2), 0.1, np.float32),
    }
    np.savez(tmp_path / "clips-0-00000-80.npz", allow_pickle=False, **columns)
    config = VideoTraining(
        data=tmp_path,
        out=tmp_path / "out",
        checkpoints=tmp_path / "ck",
        autoencoder_hours=2 / 3600,
        hours=4 / 3600,
        batch=4,
        held_out=32,
        compile=False,
    )
    figures = run(config, resume=False)
    assert figures["steps"] >= 1
    assert run(config, resume=True)["steps"] == figures["steps"]
    clips = TabletopVideo(tmp_path / "out", steps=1).imagine([request_for(0)])
    assert clips[0][0].frames.shape == (8, 64, 64, 3)


def test_a_diffusers_pipeline_of_another_make_is_wrapped(folder: Path) -> None:
    class Other:
        """The call of an image-to-video pipeline, recorded."""

        def __call__(self, image, prompt, num_frames, generator=None, output_type="pil"):  # type: ignore[no-untyped-def]
            self.seen = (image.size, prompt, num_frames, output_type)
            noise = torch.rand(1, num_frames, 32, 32, 3, generator=generator)
            return type("Output", (), {"frames": noise.numpy()})()

    other = Other()
    wrapped = DiffusersVideo(pipeline=other, frames=5, size=96)
    clips = wrapped.imagine([ImagineRequest(**(vars(request_for(0)) | {"samples": 2}))])[0]
    assert other.seen == ((96, 96), "push the red cube to the left side", 5, "np")
    assert clips[0].frames.shape == (5, 32, 32, 3)
    assert not np.array_equal(clips[0].frames, clips[1].frames)
    with pytest.raises(ToolError, match="last frame"):
        wrapped.imagine(
            [ImagineRequest(**(vars(request_for(0)) | {"last_frame": request_for(1).frame}))]
        )
    with pytest.raises(BadInput, match="model="):
        DiffusersVideo()
    with pytest.raises(Unavailable, match="cannot load"):
        DiffusersVideo(model=str(folder / "transformer")).imagine([request_for(0)])


@pytest.mark.skipif(not (WEIGHTS / "model_index.json").exists(), reason="no shipped weights")
def test_shipped_weights_move_the_asked_object_and_keep_the_rest(tmp_path: Path) -> None:
    make_shard(tmp_path / "clips-99-00000-8.npz", 99, 0, 8)
    shard = read_shards(tmp_path, ("frames", "subgoal", *PLACES))
    requests = [
        ImagineRequest(
            frame=frames[0],
            text=Subgoal.model_validate_json(words).words(),
            subject=tuple(subject.tolist()),
            object=None if np.isnan(other).any() else tuple(other.tolist()),
            target=tuple(target.tolist()),
        )
        for frames, words, subject, other, target in zip(*shard.values(), strict=True)
    ]
    clips = [c[0].frames for c in TabletopVideo().imagine(requests)]
    for clip, real in zip(clips, shard["frames"], strict=True):
        assert np.array_equal(clip[0], real[0])
        change = np.abs(clip[-1].astype(int) - clip[0]).max(axis=-1) > 40
        assert 0.001 < change.mean() < 0.15
