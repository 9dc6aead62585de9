"""Budget curves: success against the seconds and the clips that a decision really took."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mindseye.eval.rows import Row

Found = Mapping[str, Mapping[str, Any]]
"""Name of a row -> what the table tells of it."""


def write_curves(folder: Path, rows: Sequence[Row], found: Found) -> None:
    """Write `budget.csv` and `budget.png` into the folder.

    Args:
      folder: of the run.
      rows: of the table.
      found: what was measured of each.
    """
    with (folder / "budget.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(
            ("row", "condition", "search", "gate", "dynamics", "budget_seconds", "budget_clips",
             "seconds_per_decision", "clips_per_decision", "score", "low", "high", "n", "errors")
        )  # fmt: skip
        for row in rows:
            told = found[row.name]
            lines.writerow(
                (row.name, row.condition, row.search, row.gate, _shift_words(row), row.seconds,
                 row.clips,
                 round(told["seconds_per_decision"], 4), round(told["clips_per_decision"], 2),
                 *(round(told[k], 4) for k in ("score", "low", "high")), told["n"],
                 told["errors"])
            )  # fmt: skip
    _plot(folder / "budget.png", rows, found)


def _shift_words(row: Row) -> str:
    return " ".join(f"{name}={value:g}" for name, value in row.shift)


def _plot(path: Path, rows: Sequence[Row], found: Found) -> None:
    figure = Figure(figsize=(9.6, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, sharey=True)
    _panel(left, _bound(rows, "seconds"), found, "seconds_per_decision")
    _panel(right, _bound(rows, "clips"), found, "clips_per_decision")
    left.set_xlabel("seconds a decision")
    right.set_xlabel("clips a decision")
    left.set_ylabel("share of tasks solved")
    left.set_ylim(-0.02, 1.02)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, fontsize=8, frameon=False)
    figure.savefig(path, dpi=120)


def _bound(rows: Sequence[Row], axis: str) -> list[Row]:
    """Return the rows whose budget is on an axis, and those without; all where none is on it."""
    other = "clips" if axis == "seconds" else "seconds"
    if not any(getattr(r, axis) is not None for r in rows):
        return list(rows)
    return [r for r in rows if getattr(r, other) is None]


def _panel(axes: Axes, rows: Iterable[Row], found: Found, measured: str) -> None:
    """Draw a line with its 95 % band for each condition, search, gate and dynamics."""
    series: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        name = " ".join(p for p in (row.condition, row.search, row.gate, _shift_words(row)) if p)
        if found[row.name]["n"]:
            series.setdefault(name, []).append(found[row.name])
    for name, told in series.items():
        points = sorted(told, key=lambda t: float(t[measured]))
        x = [p[measured] for p in points]
        lows, highs = [p["low"] for p in points], [p["high"] for p in points]
        (line,) = axes.plot(x, [p["score"] for p in points], marker="o", markersize=4, label=name)
        if len(points) > 1:
            axes.fill_between(x, lows, highs, color=line.get_color(), alpha=0.15, linewidth=0)
        else:
            axes.vlines(x, lows, highs, color=line.get_color(), linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
