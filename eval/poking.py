"""Goals that are pictures, reached by poking: jointly learned models beside simpler ways.

The goal is what the table looks like after one to three random pokes that are not told. All
conditions meet the same tables and goals (Agrawal et al., 2016, whose ablation is the inverse
model alone). Only the scores come from the true state.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from mindseye.eval.stats import bootstrap_mean, paired_difference, wilson
from mindseye.planner.poking import Poker
from mindseye.tools.contracts import ActionDecoder
from mindseye.tools.errors import BadInput, ToolError
from mindseye.tools.poking.network import PokingModel
from mindseye.tools.poking.world import PokedTable
from mindseye.tools.values import Decoded, Frames

REACHED = 0.03
"""A goal is reached when no thing is further than this from its place in it, metres."""
MOST = 5
"""Pokes of an episode, at most."""
CONDITIONS = ("nothing", "random", "inverse", "joint-inverse", "joint")
"""`inverse` was learned alone; `joint-inverse` does the likeliest poke of the inverse model that
was learned jointly, `joint` the one whose foretold end is nearest to the goal."""

Way = ActionDecoder[Frames, Frames]


@final
class Nothing:
    """A decoder that lets all lie."""

    def decode(self, wanted: Frames, now: Frames) -> Decoded | None:
        """Return None."""
        del wanted, now
        return None


@final
class AtRandom:
    """A decoder that pokes as the training data were made; it alone knows where things lie."""

    def __init__(self, world: PokedTable, seed: int) -> None:
        """Set up."""
        self._world, self._source = world, np.random.default_rng([2, seed])

    def decode(self, wanted: Frames, now: Frames) -> Decoded | None:
        """Return a poke whatever is seen."""
        del wanted, now
        return Decoded(actions=(self._world.random_poke(self._source),))


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How an episode ended."""

    distance: float
    """Mean over the things of how far each is from its place in the goal, metres."""
    reached: bool
    pokes: int


def poking_score(
    joint: PokingModel, alone: PokingModel | None = None, *, n: int = 100, seed: int = 0,
    most: int = MOST,
) -> dict[str, Any]:  # fmt: skip
    """Measure how near to a pictured goal each way of poking comes.

    Args:
      joint: forward and inverse model, learned jointly.
      alone: an inverse model that was learned alone; None leaves its condition out.
      n: goals.
      seed: of the first; each condition meets the same ones.
      most: pokes of an episode, at most.

    Returns:
      `suite`, `conditions` and `differences`. Of each condition `score` is the mean distance in
      metres (lower is better) with `low` and `high`, `n`, `errors`, `unscored`, `first_error` if
      any, `reached` (share of goals) with `reached_low` and `reached_high`, `pokes` (mean) and
      `seconds`. A difference is of shares reached, paired by seed.

    Raises:
      BadInput: no goals, or no pokes.
    """
    if n < 1 or most < 1:
        raise BadInput(f"at least one goal and one poke, not {n} and {most}")
    rows, ends = dict[str, Any](), dict[str, list[Ended | str]]()
    for name, way in _ways(joint, alone).items():
        started = time.perf_counter()
        ends[name] = [_attempt(way, seed + i, most) for i in range(n)]
        rows[name] = _row(ends[name]) | {"seconds": time.perf_counter() - started}
    gaps = {f"joint - {name}": _gap(ends[name], ends["joint"]) for name in rows if name != "joint"}
    return {"suite": "poking", "conditions": rows, "differences": gaps, "run": ""}


def _ways(
    joint: PokingModel, alone: PokingModel | None
) -> Mapping[str, Callable[[PokedTable, int], Way]]:
    ways: dict[str, Callable[[PokedTable, int], Way]] = {
        "nothing": lambda world, seed: Nothing(),
        "random": AtRandom,
    }
    if alone is not None:
        ways["inverse"] = lambda world, seed: Poker(alone, foresight=False)
    ways["joint-inverse"] = lambda world, seed: Poker(joint, foresight=False)
    ways["joint"] = lambda world, seed: Poker(joint, seed=seed)
    return ways


def _attempt(way: Callable[[PokedTable, int], Way], seed: int, most: int) -> Ended | str:
    """Return how an episode ended, or why it could not."""
    world = PokedTable()
    frame, told = world.reset(seed=seed)
    decoder, done = way(world, seed), 0
    try:
        while done < most and (decoded := decoder.decode(told["goal"], frame)) is not None:
            frame, *_ = world.step(decoded.actions[0])
            done += 1
    except ToolError as error:
        return str(error)
    gaps = world.true_gaps()
    return Ended(distance=float(gaps.mean()), reached=bool(gaps.max() <= REACHED), pokes=done)


def _row(ends: Sequence[Ended | str]) -> dict[str, Any]:
    scored = [end for end in ends if isinstance(end, Ended)]
    failed = [end for end in ends if isinstance(end, str)]
    far, n = [end.distance for end in scored], len(scored)
    low, high = bootstrap_mean(far)
    reached = sum(end.reached for end in scored)
    least, most = wilson(reached, n)
    return {
        "score": float(np.mean(far)) if n else float("nan"), "low": low, "high": high, "n": n,
        "errors": len(failed), "unscored": len(failed),
        **({"first_error": failed[0]} if failed else {}),
        "reached": reached / n if n else float("nan"), "reached_low": least,
        "reached_high": most,
        "pokes": float(np.mean([end.pokes for end in scored])) if n else float("nan"),
    }  # fmt: skip


def _gap(first: Sequence[Ended | str], second: Sequence[Ended | str]) -> dict[str, Any]:
    both = [
        (a, b) for a, b in zip(first, second, strict=True)
        if isinstance(a, Ended) and isinstance(b, Ended)
    ]  # fmt: skip
    gap = paired_difference([a.reached for a, _ in both], [b.reached for _, b in both])
    # Distances are paired in the same way; fewer metres are better.
    nearer = [a.distance - b.distance for a, b in both]
    low, high = bootstrap_mean(nearer)
    return {
        "difference": gap.difference, "low": gap.low, "high": gap.high, "n": gap.n,
        "nearer": float(np.mean(nearer)), "nearer_low": low, "nearer_high": high,
    }  # fmt: skip
