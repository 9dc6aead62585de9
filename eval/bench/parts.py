"""The parts of the benchmarks by name, and what they come to together."""

import importlib
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from mindseye.eval.bench.measure import Asked, Figure
from mindseye.planner.config import unknown_name
from mindseye.tools.errors import BadInput

PARTS = {
    "physics": "mindseye.eval.bench.physics",
    "language": "mindseye.eval.bench.language",
    "planning": "mindseye.eval.bench.planning",
    "growth": "mindseye.eval.bench.growth",
    "scaling": "mindseye.eval.bench.scaling",
    "memory": "mindseye.eval.bench.memory",
    "start": "mindseye.eval.bench.starting",
}
"""Name -> module with `figures(asked)`, imported when it is measured."""


def read_parts(text: str) -> list[str]:
    """Return the parts that are named, all for an empty text.

    Raises:
      BadInput: one is not known.
    """
    named = [p.strip() for p in text.split(",") if p.strip()]
    for name in named:
        if name not in PARTS:
            raise BadInput(f"--part: {unknown_name('part', name, tuple(PARTS))}")
    return list(dict.fromkeys(named or PARTS))


def run_bench(parts: Sequence[str], asked: Asked) -> dict[str, list[Figure]]:
    """Measure some parts, one after another.

    Raises:
      Unavailable: what a part needs is missing.
    """
    found = {}
    for name in parts:
        started = time.monotonic()
        found[name] = list(importlib.import_module(PARTS[name]).figures(asked))
        sys.stderr.write(f"{name}: {time.monotonic() - started:.0f} s\n")
    return found


def as_json(found: Mapping[str, Sequence[Figure]]) -> dict[str, Any]:
    """Return what `mindseye bench --json` prints of what was measured.

    `spread` holds for each ratio its peer, the rounds and their extremes.
    """
    figures = [f for part in found.values() for f in part]
    ratios = [f for f in figures if f.peer]
    told = {f.name: {k: v for k, v in f.to_json().items() if k not in _TOLD} for f in ratios}
    return {
        "ratios": {f.name: f.value for f in ratios},
        "spread": told,
        "absolute": {f.name: f.to_json() for f in figures if not f.peer},
    }


_TOLD = ("value", "unit")


def lines(found: Mapping[str, Sequence[Figure]]) -> list[str]:
    """Return the figures as a table for people."""
    figures = [f for part in found.values() for f in part]
    width = max((len(f.name) for f in figures), default=0)
    return [_line(f, width) for f in sorted(figures, key=lambda f: not f.peer)]


def _line(told: Figure, width: int) -> str:
    line = f"{told.name:{width}} {told.value:9.4g} {told.unit}"
    if told.low is None:
        return line
    return f"{line}  [{told.low:.4g}, {told.high:.4g}] of {told.rounds}"
