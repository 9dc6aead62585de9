"""What the commands that measure share: options, and how a result is printed."""

import json
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
N = Annotated[int, typer.Option("--n", min=1, help="Samples.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of the samples.")]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Processes, 2 by default; with --ray what there is room for."),
]
Ray = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Ray cluster that runs them: HOST:6379, auto, local."),
]
Gpus = Annotated[
    float, typer.Option(min=0.0, help="GPUs that each worker of the cluster holds, such as 0.25.")
]
ShareVideo = Annotated[
    bool,
    typer.Option(
        "--share-video", help="One video generator for all workers of the cluster; holds the GPUs."
    ),
]

_TOLD_APART = (
    "score", "low", "high", "n", "errors", "unscored", "first_error", "by_kind", "by_subtask",
    "successes", "calibration",
)  # fmt: skip


def show(result: Mapping[str, Any], as_json: bool) -> None:
    """Print a result: JSON on standard output, or a table for people."""
    if as_json:
        sys.stdout.write(json.dumps(result) + "\n")
        return
    sys.stdout.write(f"{result['suite']}\n")
    width = max(16, *(len(name) for name in result["conditions"]))
    for name, row in result["conditions"].items():
        values = "  ".join(f"{k} {_short(v)}" for k, v in row.items() if k not in _TOLD_APART)
        sys.stdout.write(
            f"  {name:{width}} {row['score']:.3f} [{row['low']:.3f}, {row['high']:.3f}]  "
            f"n {row['n']}  errors {row['errors']}  unscored {row['unscored']}  {values}\n"
        )
        if row.get("calibration"):
            sys.stdout.write(f"    calibration    {_calibration(row['calibration'])}\n")
        if "first_error" in row:
            sys.stdout.write(f"    first error: {row['first_error']}\n")
        for kind, part in row.get("by_kind", {}).items():
            sys.stdout.write(
                f"    {kind:14} {part['score']:.3f} "
                f"[{part['low']:.3f}, {part['high']:.3f}]  n {part['n']}\n"
            )
    _show_gaps(result.get("differences", {}))
    if "calibrated" in result:
        told = result["calibrated"]
        sys.stdout.write(f"calibrated on {told['pairs']} pushes: {told['file']}\n")
    if "baseline" in result:
        sys.stdout.write(f"since {result['baseline']}\n")
        _show_gaps(result["changes"])


def _calibration(told: Mapping[str, Any]) -> str:
    return (
        f"ECE {told['ece']:.3f} [{told['low']:.3f}, {told['high']:.3f}]  n {told['n']}  "
        f"happened {told['happened']:.3f}  raw {told['raw_ece']:.3f}"
    )


def _show_gaps(gaps: Mapping[str, Any]) -> None:
    width = max(16, *(len(name) for name in gaps)) if gaps else 0
    for name, gap in gaps.items():
        told = f"  p {gap['p']:.2g}" if "p" in gap else ""
        if "verdict" in gap:
            how = "paired" if gap["paired"] else "by intervals"
            told += f"  n {gap['n']} {how}: {gap['verdict']}"
        sys.stdout.write(
            f"  {name:{width}} {gap['difference']:+.3f} "
            f"[{gap['low']:+.3f}, {gap['high']:+.3f}]{told}\n"
        )


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
