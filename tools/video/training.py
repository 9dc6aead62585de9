"""What both training stages share: settings, a clock that drives the schedule, checkpoints."""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

WARM_UP, COOL_DOWN = 0.03, 0.5
"""Shares of a stage: the learning rate rises over the first, falls to zero over the last."""


SAVE_EVERY = 240.0
"""Seconds between checkpoints."""


@dataclass(frozen=True, kw_only=True)
class VideoTraining:
    """How to train."""

    data: Path
    """Folder with the clips."""
    out: Path
    """Folder for the pipeline."""
    checkpoints: Path = Path("checkpoints/video")
    autoencoder_hours: float = 0.12
    hours: float = 1.0
    """Hours of training the transformer."""
    seed: int = 0
    batch: int = 24
    threads: int = 1
    muon_rate: float = 0.015
    """Learning rate of matrices."""
    adam_rate: float = 0.0015
    """Learning rate of everything else."""
    held_out: int = 256
    """Clips at the end of the data that are not trained on; a multiple of 32."""
    drop_places: float = 0.15
    """Share of samples without grounding maps, so that words alone work too."""
    drop_target: float = 0.25
    """Share of samples in which only the words tell where to."""
    compile: bool | None = None
    """Compile the transformer; None: when there is a compiler."""

    @property
    def compiles(self) -> bool:
        """Say whether the transformer is compiled."""
        return _can_compile() if self.compile is None else self.compile


class Clock:
    """Time spent on a stage, over all runs of it.

    The schedule follows the clock rather than a number of steps: the same command
    then ends when it was told to, on a slow machine as on a fast one.
    """

    def __init__(self, seconds: float, spent: float = 0.0) -> None:
        self.seconds, self.before, self.start = seconds, spent, time.monotonic()

    @property
    def spent(self) -> float:
        """Seconds so far, earlier runs included."""
        return self.before + time.monotonic() - self.start

    @property
    def fraction(self) -> float:
        """Share of the stage that is over, in [0, 1]."""
        return min(1.0, self.spent / max(self.seconds, 1e-9))

    def rate(self) -> float:
        """Return the factor on the learning rate: up, level, down to zero."""
        f = self.fraction
        return max(0.0, min(1.0, f / WARM_UP, (1.0 - f) / COOL_DOWN))

    def ticks(self, name: str) -> Iterator["tqdm[Any]"]:
        """Yield a progress bar (on stderr) until the stage is over."""
        total = round(self.seconds)
        with tqdm(total=total, desc=name, unit="s") as bar:
            while self.fraction < 1.0:
                yield bar
                bar.n = min(total, round(self.spent))
                bar.refresh()


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


def _can_compile() -> bool:
    """Say whether there is a C++ compiler, which `torch.compile` needs on a CPU."""
    return shutil.which("g++") is not None or shutil.which("clang++") is not None
