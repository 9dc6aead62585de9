"""Loading a pipeline as a machine can bear it: number type, device, offload, tiles."""

import importlib.util
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import diffusers
import torch
from diffusers import DiffusionPipeline

from mindseye.tools.errors import BadInput, Unavailable, one_line
from mindseye.tools.video.generator import torch_dtype, without_bars
from mindseye.tools.video.pipelines.families import FAMILIES, Family
from mindseye.tools.video.pipelines.footprint import (
    Footprint,
    Offload,
    choose_offload,
    free_memory,
    measured_speed,
    read_footprint,
    seconds_a_clip,
)

logger = logging.getLogger(__name__)
GIGA = 1e9


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where and how a pipeline is loaded."""

    device: str = "cpu"
    """Torch device; "cuda" is also the name of AMD's devices under ROCm."""
    dtype: str = "auto"
    """Floating type; "auto" is float32 on a CPU, else bfloat16."""
    offload: Literal["auto", "none", "model", "sequential"] = "auto"
    """What waits in the machine's memory until it is needed: nothing, each network, each layer;
    "auto" takes the fastest that fits."""
    tiling: bool = False
    """Decode pictures tile by tile: less memory, and seams may show."""
    variant: str | None = None
    """Of the weight files, such as "fp16"."""

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
          BadInput: an unknown dtype or device, or offload where there is nothing to move to.
        """
        try:
            kind = torch.device(self.device).type
        except RuntimeError as error:
            raise BadInput(f"no device {self.device!r}; use cpu, cuda, cuda:1 or mps") from error
        if self.offload not in ("auto", "none", "model", "sequential"):
            raise BadInput(f"offload is auto, none, model or sequential, not {self.offload!r}")
        if kind == "cpu" and self.offload in ("model", "sequential"):
            raise BadInput(f"offload={self.offload} moves weights to a GPU, and device is cpu")
        if self.dtype != "auto":
            torch_dtype(self.dtype)

    @property
    def type(self) -> torch.dtype:
        """The floating type."""
        if self.dtype == "auto":
            return torch.float32 if torch.device(self.device).type == "cpu" else torch.bfloat16
        return torch_dtype(self.dtype)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a pipeline will want, known before it is loaded."""

    footprint: Footprint
    offload: Offload
    free: int
    """Bytes free on the device."""
    seconds: float | None
    """A clip, roughly; None where it cannot be told."""
    device: str

    @property
    def words(self) -> str:
        """Return it as one line."""
        held = self.footprint.on_device(self.offload) / GIGA
        time = "" if self.seconds is None else f"; about {self.seconds:.3g} s a clip"
        return (
            f"{self.footprint.words}, {held:.1f} GB at a time on {self.device} with "
            f"{self.free / GIGA:.1f} GB free (offload={self.offload}){time}"
        )


def find_folder(model: str) -> Path:
    """Return the folder of a pipeline: as it is named, or out of the hub and its cache.

    Raises:
      Unavailable: it is neither here nor there.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    try:
        return Path(DiffusionPipeline.download(model, use_safetensors=True))
    # The hub's client, its cache and its network each have errors of their own.
    except Exception as error:
        raise Unavailable(
            f"cannot load the pipeline {model!r}: no such folder, and the hub says "
            f"{one_line(error)[:200]}"
        ) from error


def class_of(folder: Path, kind: str = "") -> str:
    """Return the class that a folder is loaded as: `kind`, or what its index says.

    Raises:
      Unavailable: the folder holds no pipeline.
      BadInput: `diffusers` has no such class.
    """
    try:
        index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
        name = kind or str(index["_class_name"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise Unavailable(
            f"cannot load the pipeline {str(folder)!r}: no model_index.json that can be read"
        ) from error
    found = getattr(diffusers, name, None)
    if not isinstance(found, type) or not issubclass(found, DiffusionPipeline):
        raise BadInput(f"diffusers {diffusers.__version__} has no pipeline {name!r}")
    return name


def estimate(
    folder: Path,
    placement: Placement,
    kind: str = "",
    *,
    length: int | None = None,
    size: tuple[int, int] = (512, 512),
    steps: int = 50,
) -> Estimate:
    """Say what a pipeline will want, from its folder alone.

    Args:
      folder: with the pipeline in `diffusers` format.
      placement: where and how it is to run.
      kind: class it is loaded as; by default what its index says.
      length: frames of a clip; by default the family's.
      size: (height, width) of its pictures, pixels.
      steps: of the sampler.

    Raises:
      Unavailable: it does not fit, or the folder is damaged.
    """
    family = FAMILIES.get(class_of(folder, kind))
    exact = family.exact if family else ()
    footprint = read_footprint(folder, placement.type, exact, placement.variant)
    offload = choose_offload(footprint, placement.device, placement.offload)
    seconds = None
    if family is not None:
        seconds = seconds_a_clip(
            folder, footprint, family, length=length or family.frames, size=size, steps=steps,
            speed=measured_speed(placement.device, placement.type),
        )  # fmt: skip
    return Estimate(
        footprint=footprint, offload=offload, free=free_memory(placement.device), seconds=seconds,
        device=placement.device,
    )  # fmt: skip


def load_pipeline(folder: Path, placement: Placement, told: Estimate, kind: str = "") -> Any:
    """Load a pipeline to where it is to run.

    Args:
      folder: with the pipeline in `diffusers` format; only safetensors are read.
      placement: where and how it is to run.
      told: what it will want; it is logged first.
      kind: class it is loaded as; by default what its index says.

    Raises:
      BadInput: its decoder knows no tiles.
      Unavailable: it cannot be read, or needs a package that is missing.
    """
    name = class_of(folder, kind)
    family: Family | None = FAMILIES.get(name)
    if family is not None and family.needs and importlib.util.find_spec(family.needs) is None:
        raise Unavailable(f'{family.name} needs {family.needs!r}: pip install "mindseye[video]"')
    logger.info("loading %s from %s: %s", name, folder, told.words)
    dtypes = dict.fromkeys(family.exact if family else (), torch.float32)
    try:
        with without_bars():
            pipeline = getattr(diffusers, name).from_pretrained(
                folder, dtype={"default": placement.type, **dtypes}, local_files_only=True,
                use_safetensors=True, variant=placement.variant,
            )  # fmt: skip
    # Each part has its own reader, and each its own kinds of error.
    except Exception as error:
        raise Unavailable(
            f"cannot load the pipeline {str(folder)!r}: {one_line(error)[:200]}"
        ) from error
    pipeline.set_progress_bar_config(disable=True)
    if placement.tiling:
        _tile(pipeline)
    return _placed(pipeline, placement.device, told.offload)


def _tile(pipeline: Any) -> None:
    try:
        pipeline.vae.enable_tiling()
    except (AttributeError, NotImplementedError) as error:
        raise BadInput(
            f"{type(pipeline).__name__} cannot decode in tiles; leave out tiling=true"
        ) from error


def _placed(pipeline: Any, device: str, offload: Offload) -> Any:
    try:
        if offload == "model":
            pipeline.enable_model_cpu_offload(device=device)
        elif offload == "sequential":
            pipeline.enable_sequential_cpu_offload(device=device)
        else:
            pipeline.to(device)
    except (RuntimeError, AssertionError) as error:
        raise Unavailable(f"cannot use the device {device!r}: {one_line(error)[:200]}") from error
    return pipeline
