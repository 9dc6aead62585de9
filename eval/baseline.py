"""Compares a table with an earlier one, so that a drop is seen."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from mindseye.eval.stats import mcnemar, newcombe, paired_difference
from mindseye.tools.errors import BadInput

SIGNIFICANT = 0.05
"""A paired change with a smaller p-value is no chance."""
Verdict = Literal["drop", "gain", "no clear change"]


class _Row(BaseModel):
    """What is read of a row; a table tells more."""

    model_config = ConfigDict(frozen=True)

    score: float
    low: float
    high: float
    n: int
    successes: dict[str, bool | None] = {}
    """Index of a task -> whether it was solved; None where it was not scored."""


class Baseline(BaseModel):
    """What is read of a `result.json`."""

    model_config = ConfigDict(frozen=True)

    suite: str
    seed: int | None = None
    conditions: dict[str, _Row]


def read_baseline(path: Path, suite: str, names: Collection[str]) -> Baseline:
    """Return what an earlier `result.json` holds.

    Args:
      path: of the file.
      suite: what it must be about, such as `tabletop/short`.
      names: of rows, of which it must have one.

    Raises:
      BadInput: it cannot be read, or holds nothing to compare with.
    """
    try:
        found = Baseline.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read the baseline {str(path)!r}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        raise BadInput(
            f"the baseline {str(path)!r} is no result.json of mindseye eval tabletop: "
            f"{where}: {first['msg']}"
        ) from error
    if found.suite != suite:
        raise BadInput(f"the baseline {str(path)!r} is about {found.suite}, not about {suite}")
    if not {*names} & {*found.conditions}:
        raise BadInput(
            f"the baseline {str(path)!r} has none of these rows: {', '.join(names)}; "
            f"it has {', '.join(found.conditions)}"
        )
    return found


def compare(baseline: Baseline, result: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the change of each row that both tables, of the same task set, have.

    Args:
      baseline: the earlier table.
      result: the table of now.
    """
    now = Baseline.model_validate(result)
    same_tasks = now.seed is not None and now.seed == baseline.seed
    return {
        name: _change(baseline.conditions[name], row, same_tasks)
        for name, row in now.conditions.items()
        if name in baseline.conditions
    }


def _change(before: _Row, after: _Row, same_tasks: bool) -> dict[str, Any]:
    """Compare task by task where the same tasks were run and kept, else by the intervals."""
    pairs = [
        (was, now)
        for index, now in after.successes.items()
        if now is not None and (was := before.successes.get(index)) is not None
    ]
    if not (same_tasks and pairs):
        low, high = newcombe(
            (before.score, before.low, before.high), (after.score, after.low, after.high)
        )
        gap = after.score - before.score
        clear = low > 0 or high < 0
        return {
            "difference": gap, "low": low, "high": high, "n": after.n, "paired": False,
            "verdict": _verdict(gap, clear),
        }  # fmt: skip
    first, second = [was for was, _ in pairs], [now for _, now in pairs]
    paired, p = paired_difference(first, second), mcnemar(first, second)
    return {
        "difference": paired.difference, "low": paired.low, "high": paired.high, "n": paired.n,
        "p": p, "paired": True, "verdict": _verdict(paired.difference, p < SIGNIFICANT),
    }  # fmt: skip


def _verdict(gap: float, clear: bool) -> Verdict:
    if not clear:
        return "no clear change"
    return "gain" if gap > 0 else "drop"
