"""Image-to-video pipelines of another make, wrapped: what they are asked, and what they cannot."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mindseye.tools.errors import BadInput, ToolError, Unavailable
from mindseye.tools.values import ImagineRequest
from mindseye.tools.video.diffusers_video import DiffusersVideo

TEXT = "push the red cube to the left side"
FIRST = np.full((64, 64, 3), 90, np.uint8)
END = np.full((64, 64, 3), 200, np.uint8)


def request(**change: Any) -> ImagineRequest:
    """Return a request with a frame and words, changed."""
    return replace(ImagineRequest(frame=FIRST, text=TEXT), **change)


class Other:
    """The call of an image-to-video pipeline of another make, recorded."""

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


def test_a_diffusers_pipeline_of_another_make_is_wrapped() -> None:
    other = Other()
    wrapped = DiffusersVideo(pipeline=other, frames=5, size=96)
    clips = wrapped.imagine([request(samples=2, pusher=(0.0, 0.0, 0.1))])[0]
    assert other.seen == ((96, 96), TEXT, 5, "np")
    assert clips[0].frames.shape == (5, 32, 32, 3)
    assert not np.array_equal(clips[0].frames, clips[1].frames)
    assert len(wrapped.imagine([request(length=7)])[0][0].frames) == 7
    ending = Ending()
    DiffusersVideo(pipeline=ending, size=64).imagine([request(last_frame=END)])
    assert ending.last is not None
    assert np.array_equal(ending.last, END)


@pytest.mark.parametrize(
    ("pipeline", "change", "says"),
    [
        (Other(), {"frame": None}, "Other needs a first frame"),
        (Other(), {"given": {3: END}}, r"a first and a last frame only, not \[3\]"),
        (Other(), {"last_frame": END}, "cannot aim at a last frame"),
        (Other(), {"actions": np.zeros((7, 3), np.float32)}, "cannot follow actions"),
        (Ending(), {"length": 12}, "has a length of its own"),
    ],
    ids=["no frame", "given", "last", "actions", "length"],
)
def test_what_a_pipeline_of_another_make_cannot_honour_is_told(
    pipeline: Other, change: dict[str, Any], says: str
) -> None:
    with pytest.raises(ToolError, match=says):
        DiffusersVideo(pipeline=pipeline).imagine([request(**change)])


def test_a_pipeline_of_another_make_must_be_named_and_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="model="):
        DiffusersVideo()
    with pytest.raises(Unavailable, match="cannot load"):
        DiffusersVideo(model=str(tmp_path)).imagine([request()])
