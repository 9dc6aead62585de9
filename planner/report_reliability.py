"""How often pushes did what they were given a chance to do, drawn for the report."""

from collections.abc import Sequence
from pathlib import Path

from mindseye.planner.calibration import Pair, ece, reliability
from mindseye.planner.events import Happened
from mindseye.planner.record import Record, read_record
from mindseye.planner.report_map import View
from mindseye.planner.runs import list_runs
from mindseye.tools.errors import BadInput

ENOUGH = 20
"""Pushes below which a plot would show chance."""
_SIDE = 240
"""Of the drawing, in its own units, with `_EDGE` free all around."""
_EDGE = 30


def pairs_of(record: Record) -> list[Pair]:
    """Return the probability of each push of a run and whether it did what it says."""
    return [(e.probability, e.happened) for e in record.of(Happened)]


def pairs_beside(paths: Sequence[Path], run: Path) -> list[Pair]:
    """Return the pairs of further runs.

    Args:
      paths: of runs, or of folders of runs.
      run: is left out.

    Raises:
      BadInput: there is no run, or it cannot be read.
    """
    folders: list[Path] = []
    for path in paths:
        found = [path] if (path / "events.jsonl").is_file() else [r.folder for r in list_runs(path)]
        if not found:
            raise BadInput(f"{str(path)!r} is no run and holds none")
        folders += found
    different = {f.resolve(): f for f in folders if f.resolve() != run.resolve()}
    return [pair for folder in different.values() for pair in pairs_of(read_record(folder))]


def reliability_view(pairs: Sequence[Pair]) -> View | None:
    """Return a drawing of foretold against happened; None where there are too few pairs."""
    if len(pairs) < ENOUGH:
        return None
    points = [
        {
            "x": _across(b.predicted), "y": _up(b.happened), "low": _up(b.low),
            "high": _up(b.high), "r": round(3 + 9 * (b.n / len(pairs)) ** 0.5, 1),
            "title": f"given {100 * b.predicted:.0f} %, happened {100 * b.happened:.0f} % of {b.n}",
        }
        for b in reliability(pairs)
    ]  # fmt: skip
    ticks = [{"at": share, "x": _across(share), "y": _up(share)} for share in (0.0, 0.5, 1.0)]
    return {
        "side": _SIDE, "points": points, "ticks": ticks, "n": len(pairs), "error": ece(pairs),
    }  # fmt: skip


def _across(share: float) -> float:
    return round(_EDGE + (_SIDE - 2 * _EDGE) * min(1.0, max(0.0, share)), 1)


def _up(share: float) -> float:
    return round(_SIDE - _across(share), 1)
