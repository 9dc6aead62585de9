"""How often a task in free words is understood exactly, and how often the impossible is refused."""

import json
import time
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel

from mindseye.eval.stats import wilson
from mindseye.planner.language.mind import understand
from mindseye.planner.language.models import load_language
from mindseye.tools.errors import BadInput, Unavailable
from mindseye.tools.goals import Goal, Item, NotItem, RelationItem

_SWAPPED = {"right_of": "left_of", "below": "above"}
_MUTUAL = frozenset({"near", "touching", "apart"})


def canonical(goal: Goal) -> frozenset[str]:
    """Return a goal so that two that hold in exactly the same layouts by renaming are equal.

    The order of items does not matter, "a right of b" is "b left of a", and
    near, touching and apart are mutual.
    """

    def one(item: Item) -> str:
        if isinstance(item, NotItem):
            return f"not {one(item.not_)}"
        if isinstance(item, RelationItem):
            pair = [item.subject, item.object]
            if item.relation in _SWAPPED:
                pair.reverse()
            elif item.relation in _MUTUAL:
                pair.sort()
            return f"{pair[0]} {_SWAPPED.get(item.relation, item.relation)} {pair[1]}"
        return item.model_dump_json()

    return frozenset(one(item) for item in goal.all_)


def _rows(path: str | Path | None, name: str) -> list[dict[str, Any]]:
    """Read a JSONL file; None reads the one of that name that comes with the package."""
    source = Path(path) if path else files("mindseye.eval").joinpath("data", name)
    try:
        return [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise BadInput(f"cannot read {source}: {error}") from error


def _table(
    hits: int, n: int, unscored: int, seconds: float, misses: Sequence[Any]
) -> dict[str, Any]:
    low, high = wilson(hits, n)
    return {
        "score": hits / n if n else 0.0, "low": low, "high": high, "n": n,
        "errors": 0, "unscored": unscored, "seconds": round(seconds, 1), "misses": list(misses),
    }  # fmt: skip


def goal_accuracy(
    model: BaseChatModel,
    path: str | Path | None = None,
    on_row: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Return the share of tasks whose goal is read exactly, with its Wilson 95 % interval.

    Args:
      model: any chat model.
      path: JSONL of `{"task", "objects", "goals"}`, any of the goals being right;
        None takes the paraphrases written by hand that no training saw.
      on_row: called with (done, total) after each task.

    Returns:
      `score, low, high, n, errors, unscored, seconds, misses`. A refusal of a
      task that has a goal is a miss; an endpoint that fails leaves it unscored.
    """
    rows, started = _rows(path, "goal_paraphrases.jsonl"), time.monotonic()
    hits, unscored, misses = 0, 0, []
    for done, row in enumerate(rows, 1):
        right = [canonical(Goal.model_validate(g)) for g in row["goals"]]
        try:
            goal = understand(model, row["task"], row["objects"])
            hit, answer = canonical(goal) in right, json.dumps(goal.to_json())
        except BadInput as error:
            hit, answer = False, f"refused: {error}"
        except Unavailable:
            unscored += 1
            continue
        hits += hit
        if not hit:
            misses.append({"task": row["task"], "answer": answer})
        if on_row:
            on_row(done, len(rows))
    return _table(hits, len(rows) - unscored, unscored, time.monotonic() - started, misses)


def refusal_accuracy(model: BaseChatModel, path: str | Path | None = None) -> dict[str, Any]:
    """Return the share of impossible tasks (missing, ambiguous, absurd ...) that are refused.

    The table is that of `goal_accuracy`.
    """
    rows, started = _rows(path, "goal_refusals.jsonl"), time.monotonic()
    hits, unscored, misses = 0, 0, []
    for row in rows:
        try:
            goal = understand(model, row["task"], row["objects"])
            misses.append({"task": row["task"], "answer": json.dumps(goal.to_json())})
        except BadInput:
            hits += 1
        except Unavailable:
            unscored += 1
    return _table(hits, len(rows) - unscored, unscored, time.monotonic() - started, misses)


def language_accuracy(model: str = "smollm2", path: str | Path | None = None) -> dict[str, Any]:
    """Return the suite `language`: goals read from paraphrases, and refusals of the impossible.

    Args:
      model: language model by name, as `--model` takes it.
      path: paraphrases to measure on; None takes those of the package.
    """
    loaded = load_language(model)
    conditions = {"goals": goal_accuracy(loaded, path)}
    if path is None:
        conditions["refusals"] = refusal_accuracy(loaded)
    misses = {name: row.pop("misses") for name, row in conditions.items()}
    return {"suite": "language", "conditions": conditions, "misses": misses, "run": ""}
