"""How far foretold probabilities are from what happened, row by row of the tabletop table."""

import csv
import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mindseye.eval.stats import bootstrap_ece
from mindseye.planner.calibration import Bin, Pair, ece, reliability

Foretold = tuple[float, float, bool]
"""Raw score and probability of a push for doing what it says, and whether it did."""
Episodes = Sequence[Sequence[Foretold]]
"""What was foretold in each."""


def raw_pairs(rows: Iterable[Episodes]) -> list[Pair]:
    """Return the raw scores of all rows, and what happened."""
    return [(raw, happened) for row in rows for pushes in row for raw, _, happened in pushes]


def calibration_row(episodes: Episodes) -> dict[str, Any] | None:
    """Return the expected calibration error of a row; None where nothing was foretold.

    With it come a 95 % bootstrap interval over episodes, the number of pushes, the share that
    happened, and the error that the raw scores would have had.
    """
    pairs = _pairs(episodes)
    if not pairs:
        return None
    low, high = bootstrap_ece([[(p, h) for _, p, h in pushes] for pushes in episodes])
    return {
        "ece": ece(pairs), "low": low, "high": high, "n": len(pairs),
        "happened": sum(h for _, h in pairs) / len(pairs), "raw_ece": ece(raw_pairs([episodes])),
    }  # fmt: skip


def write_reliability(folder: Path, rows: Mapping[str, Episodes]) -> None:
    """Write `reliability.csv` of rows by name, and `reliability.png` where matplotlib is there."""
    found = {name: reliability(_pairs(episodes)) for name, episodes in rows.items()}
    with (folder / "reliability.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("row", "predicted", "happened", "low", "high", "n"))
        for name, bins in found.items():
            for b in bins:
                shares = (b.predicted, b.happened, b.low, b.high)
                lines.writerow((name, *(round(share, 4) for share in shares), b.n))
    drawn = {name: bins for name, bins in found.items() if bins}
    if drawn and importlib.util.find_spec("matplotlib"):
        _plot(folder / "reliability.png", drawn)


def _pairs(episodes: Episodes) -> list[Pair]:
    return [(probability, happened) for pushes in episodes for _, probability, happened in pushes]


def _plot(path: Path, rows: Mapping[str, Sequence[Bin]]) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.4, 5.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linestyle=":", linewidth=1)
    for name, bins in rows.items():
        y = [b.happened for b in bins]
        below = [b.happened - b.low for b in bins]
        above = [b.high - b.happened for b in bins]
        axes.errorbar(
            [b.predicted for b in bins], y, yerr=[below, above], marker="o", markersize=4,
            linewidth=1, capsize=2, label=f"{name} (n {sum(b.n for b in bins)})",
        )  # fmt: skip
    axes.set_xlabel("probability foretold")
    axes.set_ylabel("share that happened")
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=2, fontsize=8, frameon=False)
    figure.savefig(path, dpi=120)
