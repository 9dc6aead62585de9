"""What each family of pipelines can be asked for, and in which words it is asked.

The pipelines of `diffusers` agree on little: one takes pictures by their index, one a first
and a last one, one none; most take clips of certain lengths only. A `Family` declares it, so
that a request is refused before minutes are spent on something else than what it said.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from PIL.Image import Image

from mindseye.tools.errors import BadInput, ToolError
from mindseye.tools.values import ImagineRequest

Use = Literal["needed", "taken", "refused"]
"""How a part of a request is treated: it must be there, may be, or must not."""
Pictures = Literal["none", "one", "each"]
"""Pictures of a call: none, the same for all its clips, or its own for each clip."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Call:
    """Clips that are made in one call of a pipeline."""

    texts: Sequence[str]
    pictures: Sequence[Mapping[int, Image]]
    """Of each clip by their index, which is never negative; the indices are the same in all."""
    length: int
    """Frames of each clip."""
    fps: float


Arguments = Callable[[Call], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Family:
    """What a class of pipelines honours of a request. Each clip has a seed of its own.

    `samples` and `seed` are honoured by all, through one generator for each clip.
    """

    name: str
    text: Use
    first: Use
    last: Use = "refused"
    given: int = 0
    """Further frames may be given at the multiples of this index; 0 for none."""
    actions: Use = "refused"
    length: bool = True
    """Whether a length may be asked for."""
    stride: int = 1
    """Clips have one frame more than a multiple of this."""
    longest: int
    """Frames of the longest clips that it was trained on."""
    frames: int
    """Frames of a clip where no length is asked for."""
    fps: float
    """Frames a second that it was trained on."""
    multiple: int
    """The sides of its pictures are multiples of this, pixels."""
    pictures: Pictures
    batches: bool = True
    """Whether one call makes several clips."""
    needs: str = ""
    """Package that it imports and `diffusers` does not bring."""
    exact: tuple[str, ...] = ()
    """Parts that stay in float32, as their makers advise."""
    compression: tuple[int, int] = (1, 1)
    """Frames and pixels to one place of the latents; for the estimate of time."""
    arguments: Arguments

    @property
    def able(self) -> str:
        """Return in words what may be asked for."""
        parts = {"words": self.text, "a first frame": self.first, "a last frame": self.last}
        taken = [
            f"{w} (needed)" if u == "needed" else w for w, u in parts.items() if u != "refused"
        ]
        if self.given:
            taken.append(f"frames at every {self.given}th index")
        lengths = "any length" if self.stride == 1 else f"{self.stride}k+1 frames"
        clips = f"clips of {lengths} up to {self.longest}" if self.length else "a length of its own"
        return f"{self.name} takes {', '.join(taken)}; {clips}"

    def check(self, request: ImagineRequest) -> None:
        """Refuse a request that asks for more than it can do.

        Raises:
          ToolError: it says what was asked for in vain, and what may be asked for.
        """
        if request.samples < 1:
            raise ToolError(f"ask for at least one sample, not {request.samples}")
        if wrong := [*self._wrong_parts(request), *self._wrong_frames(request)]:
            raise ToolError(f"{'; '.join(wrong)}. {self.able}")

    def _wrong_parts(self, request: ImagineRequest) -> list[str]:
        frames = request.frames
        moved = request.actions is not None or request.ticks is not None
        there: dict[str, tuple[Use, bool]] = {
            "words": (self.text, bool(request.text.strip())),
            "a first frame": (self.first, 0 in frames),
            "a last frame": (self.last, -1 in frames),
            "actions or their ticks": (self.actions, moved),
        }
        wrong = [f"it needs {w}" for w, (use, has) in there.items() if use == "needed" and not has]
        wrong += [f"leave out {w}" for w, (use, has) in there.items() if use == "refused" and has]
        if not request.text.strip() and not frames:
            wrong.append("say what to picture")
        return wrong

    def _wrong_frames(self, request: ImagineRequest) -> list[str]:
        wrong = []
        length = request.length
        if length is not None and not self.length:
            wrong.append("leave out the length")
        elif length is not None and not 1 <= length <= self.longest:
            wrong.append(f"a clip has 1 to {self.longest} frames, not {length}")
        elif length is not None and (over := (length - 1) % self.stride):
            wrong.append(f"ask for {length - over} or {length - over + self.stride} frames")
        end = (length or self.frames) - 1
        further = sorted(set(request.frames) - {0, -1})
        if odd := [i for i in further if not self.given or i % self.given or not 0 < i <= end]:
            wrong.append(f"leave out the frames at {odd}")
        if -1 in request.frames and end in further:
            wrong.append(f"give the last frame once, not as {end} too")
        return wrong


def _ltx_condition(call: Call) -> dict[str, Any]:
    from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXVideoCondition

    # Each clip brings its own copy of a picture: a picture for all would be encoded with the
    # first clip's noise, and clips would depend on which others are in the batch.
    conditions = [
        LTXVideoCondition(image=[p[index] for p in call.pictures], frame_index=index)
        for index in sorted(call.pictures[0])
    ]
    return {"conditions": conditions or None, "prompt": list(call.texts), "frame_rate": call.fps}


def _ltx(call: Call) -> dict[str, Any]:
    return {"prompt": list(call.texts), "frame_rate": call.fps, **_each(call)}


def _text(call: Call) -> dict[str, Any]:
    return {"prompt": list(call.texts)}


def _each(call: Call) -> dict[str, Any]:
    return {"image": [p[0] for p in call.pictures]} if call.pictures[0] else {}


def _text_and_each(call: Call) -> dict[str, Any]:
    return {"prompt": list(call.texts), **_each(call)}


def _wan_image(call: Call) -> dict[str, Any]:
    pictures = call.pictures[0]
    last = {"last_image": pictures[call.length - 1]} if len(pictures) > 1 else {}
    return {"prompt": list(call.texts), "image": pictures[0], **last}


def _svd(call: Call) -> dict[str, Any]:
    return {"fps": round(call.fps), **_each(call)}


_LTX = Family(
    name="LTX-Video", text="needed", first="refused", stride=8, longest=257, frames=97, fps=25.0,
    multiple=32, pictures="none", compression=(8, 32), arguments=_ltx,
)  # fmt: skip
_WAN = Family(
    name="Wan text-to-video", text="needed", first="refused", stride=4, longest=121, frames=81,
    fps=16.0, multiple=16, pictures="none", exact=("vae",), compression=(4, 8), arguments=_text,
)  # fmt: skip
_COG = Family(
    name="CogVideoX", text="needed", first="refused", stride=4, longest=81, frames=49, fps=8.0,
    multiple=16, pictures="none", compression=(4, 8), arguments=_text,
)  # fmt: skip
FAMILIES: dict[str, Family] = {
    "LTXPipeline": _LTX,
    "LTXImageToVideoPipeline": replace(
        _LTX, name="LTX-Video from an image", text="taken", first="needed", pictures="each"
    ),
    "LTXConditionPipeline": replace(
        _LTX, name="LTX-Video with conditions", text="taken", first="taken", last="taken", given=8,
        pictures="each", arguments=_ltx_condition,
    ),
    "WanPipeline": _WAN,
    "WanImageToVideoPipeline": replace(
        _WAN, name="Wan image-to-video", text="taken", first="needed", last="taken",
        pictures="one", needs="ftfy", exact=("vae", "image_encoder"), arguments=_wan_image,
    ),
    "CogVideoXPipeline": _COG,
    "CogVideoXImageToVideoPipeline": replace(
        _COG, name="CogVideoX image-to-video", text="taken", first="needed", pictures="each",
        arguments=_text_and_each,
    ),
    "StableVideoDiffusionPipeline": Family(
        name="Stable Video Diffusion", text="refused", first="needed", longest=25, frames=25,
        fps=7.0, multiple=64, pictures="each", compression=(1, 8), arguments=_svd,
    ),
}  # fmt: skip
"""Class of `diffusers` -> what it honours."""


def family_of(pipeline: Any) -> Family:
    """Return what a loaded pipeline honours: declared, or read off what its call takes.

    Raises:
      BadInput: its clips could not be made again, or it makes none.
    """
    name = type(pipeline).__name__
    if name == "WanImageToVideoPipeline":
        return _wan_family(pipeline, FAMILIES[name])
    return FAMILIES.get(name) or _read_off(name, inspect.signature(pipeline.__call__).parameters)


def _wan_family(pipeline: Any, family: Family) -> Family:
    """Return what these weights do with a last frame: need it, take it, or would not see it."""
    config = (pipeline.transformer or pipeline.transformer_2).config
    if pipeline.config.expand_timesteps:
        return replace(family, last="refused")
    if config.image_dim is None:
        return family
    return replace(family, last="refused" if config.pos_embed_seq_len is None else "needed")


def _read_off(name: str, accepted: Mapping[str, inspect.Parameter]) -> Family:
    """Return what a pipeline of a make that is not in the table says it takes."""
    if "generator" not in accepted:
        raise BadInput(f"{name} takes no generator: its clips could not be made again")

    def use(argument: str) -> Use:
        if argument not in accepted:
            return "refused"
        return "needed" if accepted[argument].default is inspect.Parameter.empty else "taken"

    def arguments(call: Call) -> dict[str, Any]:
        pictures = call.pictures[0]
        wanted = {
            "prompt": call.texts[0], "image": pictures.get(0),
            "last_image": pictures.get(call.length - 1) if len(pictures) > 1 else None,
        }  # fmt: skip
        return {k: v for k, v in wanted.items() if k in accepted and v is not None}

    return Family(
        name=name, text="taken" if "prompt" in accepted else "refused", first=use("image"),
        last=use("last_image"), length="num_frames" in accepted, longest=257, frames=49, fps=16.0,
        multiple=8, pictures="one" if "image" in accepted else "none", batches=False,
        arguments=arguments,
    )  # fmt: skip
