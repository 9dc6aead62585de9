"""Pretrained video pipelines, wrapped: what they are asked, what they cannot, what they weigh.

The pipelines are of the real classes, tiny and untrained: this tests the path, not the pictures.
"""

import json
import logging
import runpy
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from mindseye.tools.contracts import BACKENDS, load_backend
from mindseye.tools.errors import BadInput, ToolError, Unavailable
from mindseye.tools.values import ImagineRequest
from mindseye.tools.video.pipelines.families import FAMILIES
from mindseye.tools.video.pipelines.footprint import read_footprint
from mindseye.tools.video.pipelines.framing import framed, unframed
from mindseye.tools.video.pipelines.generator import DiffusersVideo
from mindseye.tools.video.pipelines.loading import Placement, estimate

# Of the schedulers of diffusers, under numpy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

# Test files are no package, so that what they share is run rather than imported.
_TINY = runpy.run_path(str(Path(__file__).with_name("tiny_pipelines.py")))
tiny, wan_image = _TINY["tiny"], _TINY["wan_image"]

TEXT = "push the red cube to the left side"
FIRST = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
END = np.full((64, 64, 3), 200, np.uint8)
FEW = {"num_inference_steps": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that saves a tiny pipeline of a class once, and says where."""
    base = tmp_path_factory.mktemp("pipelines")

    def saved(kind: str) -> Path:
        if not (base / kind).is_dir():
            tiny(kind).save_pretrained(base / kind)
        return base / kind

    return saved


def request(**change: Any) -> ImagineRequest:
    """Return a request with a frame and words, changed."""
    return replace(ImagineRequest(frame=FIRST, text=TEXT, seed=3), **change)


def asked_of(kind: str, **change: Any) -> ImagineRequest:
    """Return a request for all that a class can honour."""
    family = FAMILIES[kind]
    return request(
        text="" if family.text == "refused" else TEXT,
        frame=None if family.first == "refused" else FIRST,
        last_frame=None if family.last == "refused" else END,
        **change,
    )


@pytest.mark.parametrize("kind", list(FAMILIES))
def test_a_clip_depends_on_its_request_and_seed_alone(
    kind: str, folder: Callable[[str], Path]
) -> None:
    frames = 9 if FAMILIES[kind].stride > 1 else 3
    video = DiffusersVideo(str(folder(kind)), size=64, frames=frames, batch=3, options=FEW)
    one, other = asked_of(kind, samples=2), asked_of(kind, seed=4)
    (first, second), (third,) = video.imagine([one, other])
    assert first.frames.shape == (frames, *((64, 64) if one.frames else (128, 128)), 3)
    assert first.frames.dtype == np.uint8
    assert first.dt == pytest.approx(1 / FAMILIES[kind].fps)
    assert (first.provenance.model, first.provenance.source) == (kind, "video")
    assert first.provenance.request == second.provenance.request != third.provenance.request
    for clip in (second, third):
        assert np.abs(first.frames.astype(int) - clip.frames).mean() > 0.1
    alone = DiffusersVideo(pipeline=video.pipeline, size=64, frames=frames, options=FEW)
    again = [*alone.imagine([one])[0], *alone.imagine([other])[0]]
    for clip, same in zip((first, second, third), again, strict=True):
        # A batch is added up in another order: the last bits may differ.
        assert np.abs(clip.frames.astype(int) - same.frames).max() <= 2
        assert clip.provenance.seed == same.provenance.seed


@pytest.mark.parametrize(
    "kind", ["LTXConditionPipeline", "WanImageToVideoPipeline", "CogVideoXImageToVideoPipeline"]
)
def test_the_frames_that_are_given_are_seen(kind: str, folder: Callable[[str], Path]) -> None:
    video = DiffusersVideo(str(folder(kind)), size=64, frames=9, batch=4, options=FEW)
    asked = [request(), request(frame=END)]
    if FAMILIES[kind].last == "taken":
        asked += [request(last_frame=END)]
    clips = [made[0].frames.astype(int) for made in video.imagine(asked)]
    for i, clip in enumerate(clips):
        # Untrained, Wan hardly minds its condition; that it minds at all is the point.
        assert all(np.abs(clip - other).max() > 3 for other in clips[:i]), asked[i]
    # All in one batch, or one at a time: the same.
    alone = DiffusersVideo(pipeline=video.pipeline, size=64, frames=9, options=FEW)
    for made, single in zip(clips, asked, strict=True):
        assert np.abs(made - alone.imagine([single])[0][0].frames).max() <= 2


def test_frames_in_between_are_seen_by_their_index(folder: Callable[[str], Path]) -> None:
    where = str(folder("LTXConditionPipeline"))
    video = DiffusersVideo(where, size=64, frames=17, options=FEW)
    plain, led = (video.imagine([request(**g)])[0][0] for g in ({}, {"given": {8: END}}))
    assert led.frames.shape == (17, 64, 64, 3)
    assert np.abs(plain.frames.astype(int) - led.frames).mean() > 0.05
    assert len(video.imagine([request(length=9)])[0][0].frames) == 9


@pytest.mark.parametrize(
    ("kind", "change", "says"),
    [
        ("WanPipeline", {}, "leave out a first frame. Wan text-to-video takes words"),
        ("WanPipeline", {"frame": None, "text": " "}, "it needs words"),
        ("WanImageToVideoPipeline", {"frame": None}, "it needs a first frame"),
        ("WanImageToVideoPipeline", {"given": {4: END}}, r"leave out the frames at \[4\]"),
        ("WanImageToVideoPipeline", {"length": 12}, "ask for 9 or 13 frames"),
        ("WanImageToVideoPipeline", {"length": 4001}, "1 to 121 frames, not 4001"),
        ("CogVideoXImageToVideoPipeline", {"last_frame": END}, "leave out a last frame"),
        ("LTXConditionPipeline", {"given": {3: END}}, r"every 8th index"),
        ("LTXConditionPipeline", {"given": {16: END}, "length": 9}, r"leave out the frames"),
        ("LTXConditionPipeline", {"frame": None, "text": ""}, "say what to picture"),
        ("LTXConditionPipeline", {"actions": np.zeros((7, 3), np.float32)}, "leave out actions"),
        ("StableVideoDiffusionPipeline", {}, "leave out words. Stable Video Diffusion takes a fir"),
        ("StableVideoDiffusionPipeline", {"text": "", "samples": 0}, "at least one sample"),
    ],
)
def test_what_a_family_cannot_honour_is_told(kind: str, change: dict[str, Any], says: str) -> None:
    with pytest.raises(ToolError, match=says):
        FAMILIES[kind].check(request(**change))


def test_what_wan_does_with_a_last_frame_depends_on_its_weights() -> None:
    one, two = (
        DiffusersVideo(pipeline=wan_image(n), size=64, frames=9, batch=2, options=FEW)
        for n in (1, 2)
    )
    with pytest.raises(ToolError, match="leave out a last frame"):
        one.imagine([request(last_frame=END)])
    with pytest.raises(ToolError, match="it needs a last frame"):
        two.imagine([request()])
    for video, asked in ((one, request(samples=2)), (two, request(samples=2, last_frame=END))):
        clips = video.imagine([asked])[0]
        assert not np.array_equal(clips[0].frames, clips[1].frames)


class Other:
    """The call of an image-to-video pipeline that no table lists, recorded."""

    def __call__(
        self, image: Any, prompt: str, num_frames: int, generator: Any = None,
        output_type: str = "pil",
    ) -> Any:  # fmt: skip
        self.seen = (image.size, prompt, num_frames, output_type)
        noise = torch.rand(1, num_frames, 32, 32, 3, generator=generator)
        return type("Output", (), {"frames": noise.numpy()})()


class Ending(Other):
    """One that aims at a last frame too, and has its own length."""

    def __call__(self, image: Any, last_image: Any = None, generator: Any = None) -> Any:  # type: ignore[override]
        self.last = None if last_image is None else np.asarray(last_image)
        return super().__call__(image, "", 4, generator)


def test_a_pipeline_of_another_make_is_asked_for_what_it_takes() -> None:
    other = Other()
    wrapped = DiffusersVideo(pipeline=other, frames=5, size=96, batch=8, shown=32)
    clips = wrapped.imagine([request(samples=2, pusher=(0.0, 0.0, 0.1))])[0]
    assert other.seen == ((96, 96), TEXT, 5, "np")
    assert clips[0].frames.shape == (5, 32, 32, 3)
    assert not np.array_equal(clips[0].frames, clips[1].frames)
    assert len(wrapped.imagine([request(length=7)])[0][0].frames) == 7
    ending = Ending()
    DiffusersVideo(pipeline=ending, size=64).imagine([request(text="", last_frame=END)])
    assert ending.last is not None
    assert np.array_equal(ending.last, END)
    for pipeline, change in ((other, {"last_frame": END}), (ending, {}), (ending, {"length": 12})):
        with pytest.raises(ToolError, match="leave out"):
            DiffusersVideo(pipeline=pipeline, size=64).imagine([request(**change)])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "model="),
        ({"model": "x", "offload": "model"}, "device is cpu"),
        ({"model": "x", "offload": "some"}, "auto, none, model or sequential"),
        ({"model": "x", "dtype": "int8"}, "dtype 'int8' is unknown"),
        ({"model": "x", "device": "gpu9"}, "no device 'gpu9'"),
        ({"model": "x", "options": {"height": 3}}, "options height"),
        ({"model": "x", "batch": 0}, "at least 1"),
    ],
)
def test_settings_that_cannot_be_are_refused_at_once(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        DiffusersVideo(**settings)


def test_settings_that_a_pipeline_does_not_know_are_refused(
    folder: Callable[[str], Path], tmp_path: Path
) -> None:
    where = str(folder("WanPipeline"))
    for video, says in (
        (DiffusersVideo(where, size=60), "multiples of 16"),
        (DiffusersVideo(where, frames=8), "4k[+]1 frames"),
    ):
        with pytest.raises(BadInput, match=says):
            video.imagine([request(frame=None)])
    with pytest.raises(BadInput, match="no pipeline 'Wan'"):
        DiffusersVideo(where, kind="Wan")
    for nowhere in (str(tmp_path), "/no/such/folder"):
        with pytest.raises(Unavailable, match="cannot load the pipeline"):
            DiffusersVideo(nowhere)
    with pytest.raises(Unavailable, match="cannot load the pipeline 'nobody/nothing'"):
        DiffusersVideo("nobody/nothing").imagine([request()])
    still = DiffusersVideo(str(folder("StableVideoDiffusionPipeline")), tiling=True)
    with pytest.raises(BadInput, match="cannot decode in tiles"):
        still.imagine([request()])


def test_tiles_and_types_change_how_it_is_loaded(folder: Callable[[str], Path]) -> None:
    video = DiffusersVideo(str(folder("WanPipeline")), dtype="bfloat16", tiling=True)
    assert video.pipeline.vae.use_tiling
    assert video.pipeline.transformer.dtype == torch.bfloat16
    # As its makers advise.
    assert video.pipeline.vae.dtype == torch.float32


def test_every_short_name_stands_for_a_pipeline() -> None:
    names = [n for n, path in BACKENDS["video"].items() if ".pipelines." in path]
    assert {"ltx-video", "wan-first-last", "stable-video", "diffusers"} <= set(names)
    for name in names:
        options = {"model": "mine"} if name == "diffusers" else {}
        video = load_backend("video", name, options, {"device": "cpu", "threads": 2})
        assert isinstance(video, DiffusersVideo)
        assert video.kind in ("", *FAMILIES)


# What it weighs, before it is loaded.


def test_the_footprint_is_that_of_the_weights(folder: Callable[[str], Path]) -> None:
    where, pipeline = folder("WanPipeline"), tiny("WanPipeline")
    found = {p.name: p for p in read_footprint(where, torch.bfloat16, ("vae",)).parts}
    assert set(found) == {"transformer", "text_encoder", "vae"}
    for name, width in (("transformer", 2), ("vae", 4), ("text_encoder", 2)):
        # What is tied is stored once; parameters are told once too.
        count = sum(p.numel() for p in getattr(pipeline, name).parameters())
        assert found[name].weights == count
        assert found[name].size == count * width


def _huge(file: Path, numbers: int) -> None:
    """Write a file that holds so many numbers, all of them a hole on the disk."""
    tensors = {"w": {"dtype": "BF16", "shape": [numbers], "data_offsets": [0, 2 * numbers]}}
    header = json.dumps(tensors).encode()
    with file.open("wb") as stream:
        stream.write(struct.pack("<Q", len(header)) + header)
        stream.truncate(8 + len(header) + 2 * numbers)


def test_what_does_not_fit_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text('{"_class_name": "WanPipeline"}')
    (tmp_path / "transformer").mkdir()
    _huge(tmp_path / "transformer" / "diffusion_pytorch_model.safetensors", 10**11)
    with pytest.raises(
        Unavailable, match=r"400.0 GB of weights \(transformer 400.0\), and cpu has"
    ):
        DiffusersVideo(str(tmp_path)).imagine([request(frame=None)])
    if not torch.cuda.is_available():
        with pytest.raises(Unavailable, match="no device 'cuda' here"):
            DiffusersVideo(str(tmp_path), device="cuda").estimate()


def test_shards_and_variants_are_counted_once_and_damage_is_told(tmp_path: Path) -> None:
    part = tmp_path / "transformer"
    part.mkdir()
    save_file({"a": torch.zeros(3)}, part / "m-00001-of-00002.safetensors")
    save_file({"b": torch.zeros(4)}, part / "m-00002-of-00002.safetensors")
    shards = {"a": "m-00001-of-00002.safetensors", "b": "m-00002-of-00002.safetensors"}
    index = part / "m.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": shards}))
    save_file({"a": torch.zeros(5)}, part / "m.fp16.safetensors")
    assert read_footprint(tmp_path, torch.float32).total == 7 * 4
    index.unlink()
    assert read_footprint(tmp_path, torch.float32, variant="fp16").total == 5 * 4
    for damage in (b"\xff" * 40, (part / "m.fp16.safetensors").read_bytes()[:-4]):
        (part / "m.fp16.safetensors").write_bytes(damage)
        with pytest.raises(Unavailable, match="is damaged"):
            read_footprint(tmp_path, torch.float32, variant="fp16")
    with pytest.raises(Unavailable, match="no weights as safetensors"):
        read_footprint(part, torch.float32)


def test_the_estimate_is_said_before_loading_and_grows_with_the_work(
    folder: Callable[[str], Path], caplog: pytest.LogCaptureFixture
) -> None:
    where, here = folder("LTXConditionPipeline"), Placement()
    short, long = (estimate(where, here, length=n, size=(256, 256), steps=20) for n in (9, 97))
    assert short.seconds is not None
    assert long.seconds is not None
    # Thirteen places in time against two; attention makes it more, an unsteady clock less.
    assert long.seconds > 3 * short.seconds
    with caplog.at_level(logging.INFO, logger="mindseye.tools.video.pipelines.loading"):
        assert DiffusersVideo(str(where), size=64).pipeline is not None
    (line,) = (r.getMessage() for r in caplog.records if r.name.startswith("mindseye"))
    assert "GB of weights" in line
    assert "GB free (offload=none)" in line
    assert "s a clip" in line


@pytest.mark.parametrize(("height", "width"), [(96, 160), (128, 64), (64, 64)])
def test_a_square_survives_a_wide_picture(height: int, width: int) -> None:
    smooth = np.linspace(40, 200, 64, dtype=np.uint8)
    frame = np.stack([np.broadcast_to(smooth, (64, 64))] * 3, axis=-1)
    picture = np.asarray(framed(frame, height, width))
    assert picture.shape == (height, width, 3)
    back = unframed(picture[None].astype(np.float32) / 255, 64)[0]
    assert np.abs(back.astype(int) - frame).max() <= 4
    with pytest.raises(Unavailable, match="not finite"):
        unframed(np.full((1, 8, 8, 3), np.nan), 8)
