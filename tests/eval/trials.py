"""Trials that need no weights: what workers, which are processes of their own, import."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mindseye.planner.config import Config, merge
from mindseye.tools.physics.sampling import ALL_NAMES
from mindseye.tools.values import Clip, ImagineRequest, Provenance


class Still:
    """A video generator in whose clips nothing happens; it takes one request of one clip."""

    def imagine(self, requests: Sequence[ImagineRequest]) -> list[list[Clip]]:
        (request,) = requests
        assert request.samples == 1
        made = Provenance(source="video", model="still", seed=request.seed)
        return [[Clip(frames=np.stack([request.frames[0]] * 3), dt=0.25, provenance=made)]]


class StillMany:
    """The same for any number of requests, as they come where many runs share a generator."""

    def imagine(self, requests: Sequence[ImagineRequest]) -> list[list[Clip]]:
        return [clips for request in requests for clips in Still().imagine([request])]


def scripted(folder: Path, **settings: Any) -> Config:
    """Return settings under which any table is to be lined up by pushing things to the middle."""
    pushes = [{"move": name, "relation": "in_area", "area": "center"} for name in ALL_NAMES]
    answers = {
        "goal": [{"all": [{"relation": "in_line", "subject": "all"}]}],
        "subgoals": [{"subgoals": pushes}],
        "check": [{"tools": "physics"}],
        "choice": [{"choice": 1}],
    }
    path = folder / "script.json"
    path.write_text(json.dumps({"answers": answers}))
    base = {"model": f"scripted:{path}", "video": f"{__name__}:Still", "max_decisions": 1}
    return merge(Config(), base | settings)


def comparable(folder: Path) -> list[Any]:
    """Return an evaluation's samples in order, without what the clock had a part in."""
    lines = (folder / "samples.jsonl").read_text().splitlines()
    samples = [json.loads(line) for line in lines]
    clock = {"seconds", "cost", "thought"}
    kept = [{k: v for k, v in s.items() if k not in clock} for s in samples]
    return sorted(kept, key=lambda s: (s["condition"], s["index"]))
