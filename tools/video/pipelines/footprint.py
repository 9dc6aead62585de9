"""How much memory and time a pipeline wants, told from its folder before it is loaded.

Loading fourteen billion weights takes minutes, and a machine that runs out of memory on the
way may take everything else with it. The headers of safetensors files hold every shape, so
what the weights weigh in a number type is known exactly; what the work itself needs comes on
top and is left a margin. Time is a rough guess: the arithmetic of a transformer that its
config tells of, at the speed of a product of matrices on the device.
"""

import json
import math
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil
import torch

from mindseye.tools.errors import Unavailable
from mindseye.tools.video.pipelines.families import Family

Offload = Literal["none", "model", "sequential"]
MARGIN = 0.85
"""Share of the free memory that weights may take; the rest is for the work."""
SEQUENTIAL = 0.1
"""Share of the largest part that is on the device at a time when layers are moved one by one."""
GUIDED = 2
"""Runs of the transformer in each step, with and without the words."""
UTILISATION = 0.5
"""Share of the speed of one large product of matrices that a whole transformer reaches."""
GIGA = 1e9
_MOST_HEADER = 100_000_000
"""Bytes; longer headers are refused, as by the safetensors library itself."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One network of a pipeline."""

    name: str
    weights: int
    """Numbers."""
    size: int
    """Bytes in the number type it is to run in."""


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """What the weights of a pipeline weigh."""

    parts: tuple[Part, ...]

    @property
    def total(self) -> int:
        """Bytes of all parts."""
        return sum(p.size for p in self.parts)

    def on_device(self, offload: Offload) -> int:
        """Return the bytes of weights that the device holds at a time."""
        largest = max((p.size for p in self.parts), default=0)
        if offload == "none":
            return self.total
        return largest if offload == "model" else round(largest * SEQUENTIAL)

    @property
    def words(self) -> str:
        """Return "9.4 GB of weights (transformer 3.8, text_encoder 5.4, vae 0.2)"."""
        ranked = sorted(self.parts, key=lambda p: -p.size)
        parts = ", ".join(f"{p.name} {p.size / GIGA:.1f}" for p in ranked)
        return f"{self.total / GIGA:.1f} GB of weights ({parts})"


def read_footprint(
    folder: Path, dtype: torch.dtype, exact: tuple[str, ...] = (), variant: str | None = None
) -> Footprint:
    """Read what a pipeline's weights will weigh, from the headers of its files alone.

    Args:
      folder: with the pipeline in `diffusers` format.
      dtype: floating type that it is to run in.
      exact: parts that stay in float32.
      variant: of the files, such as "fp16"; None for those without one.

    Raises:
      Unavailable: there are no safetensors files, or one is damaged.
    """
    parts = []
    for inner in sorted(p for p in folder.iterdir() if p.is_dir()):
        files = _weight_files(inner, variant)
        if files:
            count = sum(_numbers_in(f) for f in files)
            wide = torch.float32 if inner.name in exact else dtype
            parts.append(Part(name=inner.name, weights=count, size=count * wide.itemsize))
    if not parts:
        raise Unavailable(
            f"no weights as safetensors in {folder}; a pipeline's folder holds model_index.json "
            "and a folder for each part"
        )
    return Footprint(parts=tuple(parts))


def _weight_files(folder: Path, variant: str | None) -> list[Path]:
    """Return the files that loading reads: those an index lists, else the one without shards."""
    middle = f".{variant}" if variant else ""
    for index in sorted(folder.glob(f"*.safetensors.index{middle}.json")):
        try:
            names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (OSError, ValueError, LookupError, AttributeError) as error:
            raise Unavailable(f"{index} is damaged: {error}; get the weights again") from error
        return sorted(folder / str(n) for n in names)
    whole = sorted(folder.glob("*.safetensors"))
    if variant:
        return [f for f in whole if f.name.endswith(f"{middle}.safetensors")] or _plain(whole)
    return _plain(whole)


def _plain(files: list[Path]) -> list[Path]:
    return [f for f in files if f.stem.count(".") == 0]


def _numbers_in(file: Path) -> int:
    """Return how many numbers a safetensors file holds.

    Raises:
      Unavailable: it is damaged, or cut short.
    """
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = json.loads(stream.read(min(length, _MOST_HEADER)))
        tensors = [t for name, t in header.items() if name != "__metadata__"]
        if (
            max((t["data_offsets"][1] for t in tensors), default=0) + 8 + length
            > file.stat().st_size
        ):
            raise ValueError("it is cut short")
        return sum(math.prod(t["shape"]) for t in tensors)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, struct.error) as error:
        raise Unavailable(f"{file} is damaged: {error}; get the weights again") from error


def free_memory(device: str) -> int:
    """Return the bytes that are free on a device; of a CPU, those of the machine.

    Raises:
      Unavailable: there is no such device.
    """
    kind = torch.device(device).type
    try:
        if kind == "cuda":
            return int(torch.cuda.mem_get_info(device)[0])
        if kind == "mps":
            used = torch.mps.current_allocated_memory()
            return int(torch.mps.recommended_max_memory() - used)
    except (RuntimeError, AssertionError) as error:
        raise Unavailable(f"no device {device!r} here: {error}; use --set device=cpu") from error
    return int(psutil.virtual_memory().available)


def choose_offload(
    footprint: Footprint, device: str, wanted: Literal["auto", "none", "model", "sequential"]
) -> Offload:
    """Return how parts are moved to the device, so that the weights fit.

    Args:
      footprint: of the pipeline.
      device: it is to run on.
      wanted: a way, or "auto" for the fastest that fits.

    Raises:
      Unavailable: none fits, or not the one that is wanted; with what would.
    """
    room = free_memory(device) * MARGIN
    ways: tuple[Offload, ...] = ("none", "model", "sequential")
    if torch.device(device).type == "cpu":
        ways = ("none",)
    fitting = [w for w in ways if footprint.on_device(w) <= room]
    if fitting and wanted in ("auto", *fitting):
        return fitting[0] if wanted == "auto" else wanted
    if fitting:
        advice = f"offload={fitting[0]} fits"
    else:
        advice = "use a smaller model, or dtype=bfloat16 if that is not it already"
    raise Unavailable(
        f"{footprint.words}, and {device} has {room / MARGIN / GIGA:.1f} GB free; {advice}"
    )


def seconds_a_clip(
    folder: Path,
    footprint: Footprint,
    family: Family,
    *,
    length: int,
    size: tuple[int, int],
    steps: int,
    speed: float,
) -> float | None:
    """Guess how long a clip takes; None where the denoiser is no transformer.

    Args:
      folder: of the pipeline.
      footprint: of its weights.
      family: what it is.
      length: frames of the clip.
      size: (height, width) of its pictures, pixels.
      steps: of the sampler.
      speed: of the device, operations a second; see `measured_speed`.
    """
    config, vae = (_config(folder / name) for name in ("transformer", "vae"))
    weights = {p.name: p.weights for p in footprint.parts}.get("transformer")
    if not config or not weights:
        return None
    tokens = _tokens(config, vae, family, length, size)
    width = config.get("num_attention_heads", 1) * config.get("attention_head_dim", 1)
    layers = config.get("num_layers", 1)
    once = 2.0 * weights * tokens + 4.0 * layers * width * tokens**2
    return float(once * steps * GUIDED / (speed * UTILISATION))


def _config(folder: Path) -> dict[str, Any]:
    file = folder / "config.json"
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Unavailable(f"{file} is damaged: {error}; get the weights again") from error
    return dict(found)


def _tokens(
    config: Mapping[str, Any], vae: Mapping[str, Any], family: Family, length: int,
    size: tuple[int, int],
) -> int:  # fmt: skip
    """Return how many places of the latents the transformer attends to."""
    patch = config.get("patch_size", 1)
    in_time, *in_space = patch if isinstance(patch, list) else (1, patch, patch)
    in_time = config.get("patch_size_t") or in_time
    frames, pixels = family.compression
    pixels = vae.get("scale_factor_spatial", pixels)
    rows, columns = (math.ceil(s / pixels / p) for s, p in zip(size, in_space, strict=True))
    moments = math.ceil(((length - 1) // frames + 1) / in_time)
    return int(moments * rows * columns)


def measured_speed(device: str, dtype: torch.dtype) -> float:
    """Time a product of matrices; return operations a second. Takes some hundredths of a second."""
    side = 512 if torch.device(device).type == "cpu" else 4096
    a = torch.ones(side, side, device=device, dtype=dtype)
    best = math.inf
    for _ in range(3):
        started = time.perf_counter()
        # Reading a number waits until the device has done its work.
        float((a @ a)[0, 0])
        best = min(best, time.perf_counter() - started)
    return float(2.0 * side**3 / best)
