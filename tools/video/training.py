"""How the video generator is trained: settings, the clock, checkpoints, curves."""

import csv
import math
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import torch
import yaml
from tqdm import tqdm

from mindseye.tools.errors import BadInput


@dataclass(frozen=True, kw_only=True)
class VideoTraining:
    """Settings of a training run; each is a key of the YAML file that `--config` names."""

    width: int = 192
    layers: int = 5
    heads: int = 4
    hours: float = 1.0
    """By the clock, over all runs of it; the learning rate falls to zero at their end."""
    batch: int = 128
    """Windows a step, of each process."""
    muon_rate: float = 0.02
    """Learning rate of the matrices under Muon (Jordan et al., 2024)."""
    adam_rate: float = 0.003
    """Learning rate of everything else under AdamW."""
    ema: float = 0.998
    """Decay of the averaged weights, which are the ones that are saved."""
    warm_up: float = 0.01
    cool_down: float = 0.5
    """Shares of the time over which the learning rate rises, and falls."""
    pure: float = 0.3
    """Share of windows that start from noise alone, where conditions are all there is."""
    held_out: int = 512
    """Clips that are not trained on: the last ones, where `held_out_data` names no folder."""
    save_every: float = 240.0
    """Seconds between checkpoints, each with the held-out figures and a sheet of samples."""
    seed: int = 0
    threads: int = 2
    compile: bool | None = None
    """Compile the transformer; None: where there is a compiler."""
    precision: str = "bf16"
    """"bf16", "fp16" or "no"; processors without bf16 emulate it, slowly: then "no"."""

    @property
    def compiles(self) -> bool:
        """Say whether the transformer is compiled."""
        return _can_compile() if self.compile is None else self.compile


Training = TypeVar("Training", bound=VideoTraining)


def read_config(path: Path | None, kind: type[Training], **given: Any) -> Training:
    """Return the settings of a YAML file, with what is given in place of what stands there.

    Args:
      path: of the file; None where there is none.
      kind: of settings.
      given: settings; those that are None are not.

    Raises:
      BadInput: no such file, a key that is none, or a value of the wrong kind.
    """
    settings: dict[str, Any] = {}
    if path is not None:
        try:
            loaded = yaml.safe_load(path.read_text())
        except (OSError, yaml.YAMLError) as error:
            raise BadInput(f"cannot read {path}: {error}") from error
        if not isinstance(loaded, dict):
            raise BadInput(f"{path} holds no settings: one `key: value` a line")
        settings = loaded
    settings |= {k: v for k, v in given.items() if v is not None}
    known = {f.name: f for f in fields(kind)}
    for key, value in settings.items():
        if key not in known:
            raise BadInput(f"no setting {key!r}; known: {', '.join(known)}")
        default = known[key].default
        kinds = (int, float) if isinstance(default, float) else (type(default),)
        if default is not None and (not isinstance(value, kinds) or isinstance(value, bool)):
            raise BadInput(f"{key}: {value!r} is not of the kind of {default!r}")
    return kind(**settings)


class Clock:
    """Time spent, over all runs.

    The schedule follows the clock rather than a number of steps: the same command
    then ends when it was told to, on a slow machine as on a fast one.
    """

    def __init__(self, config: VideoTraining, spent: float = 0.0) -> None:
        self.config, self.before, self.start = config, spent, time.monotonic()

    @property
    def spent(self) -> float:
        """Seconds so far, earlier runs included."""
        return self.before + time.monotonic() - self.start

    @property
    def fraction(self) -> float:
        """Share of the time that is over, in [0, 1]."""
        return min(1.0, self.spent / max(self.config.hours * 3600, 1e-9))

    def rate(self) -> float:
        """Return the factor on the learning rate: up, level, down to zero."""
        f, c = self.fraction, self.config
        return max(0.0, min(1.0, f / max(c.warm_up, 1e-9), (1.0 - f) / max(c.cool_down, 1e-9)))

    def ticks(self, shown: bool) -> Iterator["tqdm[Any]"]:
        """Yield a progress bar (on stderr) until the time is over."""
        total = round(self.config.hours * 3600)
        with tqdm(total=total, desc="video", unit="s", disable=not shown) as bar:
            while self.fraction < 1.0:
                yield bar
                bar.n = min(total, round(self.spent))
                bar.refresh()


def build_optimizers(nets: torch.nn.Module, config: VideoTraining) -> list[torch.optim.Optimizer]:
    """Return Muon (Jordan et al., 2024) for the matrices inside, AdamW for the rest.

    Each group says under `peak` what its learning rate comes to at most.
    """
    outer = ("proj_in", "proj_out", "embedding", "time_embed", "scale_shift_table")
    matrices: list[torch.nn.Parameter] = []
    rest: list[torch.nn.Parameter] = []
    for name, parameter in nets.named_parameters():
        inside = parameter.ndim == 2 and not any(o in name for o in outer)
        (matrices if inside else rest).append(parameter)
    muon = torch.optim.Muon(
        [{"params": matrices, "peak": config.muon_rate}], lr=0.0, weight_decay=0.01
    )
    adam = torch.optim.AdamW(
        [{"params": rest, "peak": config.adam_rate}], lr=0.0, betas=(0.9, 0.98), weight_decay=0.0
    )
    return [muon, adam]


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, path)


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """Return the checkpoint, or None when there is none."""
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, weights_only=True)
    return state


class Curve:
    """What was measured along the way: a CSV file, and a plot of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "log.csv"

    def add(self, row: dict[str, float]) -> None:
        """Append a row and draw the plot again."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = not self.path.exists()
        with self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(row))
            if fresh:
                writer.writeheader()
            writer.writerow({k: f"{v:.6g}" for k, v in row.items()})
        self.draw()

    def rows(self) -> list[dict[str, float]]:
        """Return all rows so far."""
        with self.path.open() as file:
            return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]

    def draw(self) -> None:
        """Write `curve.png` beside the log, where matplotlib is installed."""
        try:
            from matplotlib.figure import Figure
        except ModuleNotFoundError:
            return
        rows = self.rows()
        names = [k for k in rows[0] if k not in ("step", "seconds")]
        figure = Figure(figsize=(3 * len(names), 2.6), layout="constrained")
        for axis, name in zip(figure.subplots(1, len(names)), names, strict=True):
            points = [(r["seconds"] / 60, r[name]) for r in rows if math.isfinite(r[name])]
            axis.plot(*zip(*points, strict=True), marker=".") if points else None
            axis.set_title(name.replace("_", " "), fontsize=9)
            axis.set_xlabel("minutes", fontsize=8)
        figure.savefig(self.path.with_name("curve.png"), dpi=110)


def _can_compile() -> bool:
    """Say whether there is a C++ compiler, which `torch.compile` needs on a CPU."""
    return shutil.which("g++") is not None or shutil.which("clang++") is not None
