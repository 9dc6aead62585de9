"""The plausibility of clips as a detector: real and simulated clips against planted violations.

As in the planner, what was there before is read off the camera's frame, whatever size the
clip has.
"""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from mindseye.eval.staged import (
    PLANTS,
    Shown,
    imagined_clips,
    planted_clip,
    simulated_clip,
    world_clip,
)
from mindseye.eval.stats import bootstrap_auc, bootstrap_mean, roc_auc
from mindseye.planner.judge import PLAUSIBLE
from mindseye.tools.contracts import ManyOutcomes, VideoGenerator, VisionModel, load_backend
from mindseye.tools.errors import BadInput

IMAGINED = 4
"""A clip is imagined for every so many real ones: the generator takes long."""
CHUNK = 32
"""Clips that vision reads in one call."""


def scores(clips: Sequence[Shown], vision: VisionModel) -> list[float]:
    """Return the plausibility of clips as vision reads it, frames of many in one call.

    Raises:
      BadInput: the vision model tells no plausibility.
    """
    found: list[float] = []
    for start in range(0, len(clips), CHUNK):
        some = clips[start : start + CHUNK]
        befores = vision.look([shown.first for shown in some])
        if not isinstance(vision, ManyOutcomes):
            raise BadInput("this vision model does not read clips of different scenes")
        for outcome in vision.outcome_each([shown.clip for shown in some], befores):
            if outcome.plausibility is None:
                raise BadInput("this vision model tells no plausibility")
            found.append(outcome.plausibility.score)
    return found


def _seeded(seed: int, kind: int, i: int) -> np.random.Generator:
    # A sequence keeps the i-th clip of a kind the same whatever n is.
    return np.random.default_rng([seed, kind, i])


def _row(plausible: Sequence[float], violating: Sequence[float]) -> dict[str, Any]:
    low, high = bootstrap_auc(violating, plausible)
    return {"score": roc_auc(violating, plausible), "low": low, "high": high,
            "n": len(violating)}  # fmt: skip


def _mean(values: Sequence[float]) -> dict[str, Any]:
    data = np.asarray(values, dtype=float)
    low, high = bootstrap_mean(values)
    return {"score": float(data.mean()), "low": low, "high": high, "n": len(data), "errors": 0,
            "unscored": 0, "below_bound": float((data < PLAUSIBLE).mean())}  # fmt: skip


def plausibility_accuracy(
    n: int = 50,
    seed: int = 4_000_000,
    vision: VisionModel | None = None,
    video: VideoGenerator | None = None,
) -> dict[str, Any]:
    """Measure how well the plausibility of clips tells planted violations from what happens.

    Args:
      n: clips of the world, of the simulator, and of each kind of violation.
      seed: of the clips; those from 4,000,000 on were never looked at while bounds were chosen.
      vision: what reads them; by default the shipped model.
      video: whose clips are scored beside them; by default the shipped generator.

    Returns:
      Suite and conditions: `auc` is the area under the ROC curve of clips of world and
      simulator against all violations, `by_kind` against each kind; the others are mean scores,
      with the share below the planner's bound. Brackets are 95 % bootstrap intervals over clips.
    """
    reader = vision or load_backend("vision", "segformer-tabletop")
    generator = video or load_backend("video", "ltx-tabletop")
    started = time.monotonic()
    world = scores([world_clip(_seeded(seed, 0, i)) for i in range(n)], reader)
    simulated = scores([simulated_clip(_seeded(seed, 1, i)) for i in range(n)], reader)
    violating = {
        kind: scores([planted_clip(_seeded(seed, k, i), kind) for i in range(n)], reader)
        for k, kind in enumerate(PLANTS, 2)
    }
    rng = _seeded(seed, 2 + len(PLANTS), 0)
    imagined = scores(imagined_clips(rng, max(1, n // IMAGINED), generator), reader)
    plausible = [*world, *simulated]
    everything = _row(plausible, [score for found in violating.values() for score in found])
    return {
        "suite": "plausibility",
        "conditions": {
            "auc": everything
            | {
                "errors": 0, "unscored": 0, "plausible": len(plausible),
                "seconds": time.monotonic() - started,
                "by_kind": {kind: _row(plausible, found) for kind, found in violating.items()},
            },
            "world": _mean(world),
            "simulation": _mean(simulated),
            "imagined": _mean(imagined),
        },
        "run": "",
    }  # fmt: skip
