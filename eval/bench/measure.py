"""What a figure is, and how contenders are timed: in turn, round by round.

Ours and the peers do the same work alternately, so that a busy moment of the machine meets
both; a ratio is taken within each round and is the median over the rounds. Every ratio is of
speeds, ours over the peer's: more is better, whatever it is about.
"""

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Timed = Callable[[], tuple[float, float]]
"""Does something once; returns how much was done, and the seconds that it took."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a person asked of the benchmarks."""

    rounds: int = 5
    """Times that everything is measured, after one time that does not count."""
    runs: int = 200
    """Runs of the planner over which memory is followed."""
    vllm: str = ""
    """URL of a vLLM server with our weights; empty for none."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One thing that was measured."""

    name: str
    value: float
    unit: str
    peer: str = ""
    """For a ratio: over what; empty for all else."""
    rounds: int = 1
    """That it is the median of."""
    low: float | None = None
    """The least of the rounds; None where there was one alone."""
    high: float | None = None
    """The most of the rounds."""

    def to_json(self) -> dict[str, Any]:
        """Return what is told of it beside its name."""
        told: dict[str, Any] = {"value": self.value, "unit": self.unit, "rounds": self.rounds}
        if self.peer:
            told["peer"] = self.peer
        if self.low is not None:
            told |= {"low": self.low, "high": self.high}
        return told


def figure(name: str, unit: str, values: Sequence[float], peer: str = "") -> Figure:
    """Return the median of what the rounds brought."""
    several = len(values) > 1
    return Figure(
        name=name, value=statistics.median(values), unit=unit, peer=peer, rounds=len(values),
        low=min(values) if several else None, high=max(values) if several else None,
    )  # fmt: skip


def ratio(ours: str, peer: str, rates: Mapping[str, Sequence[float]], of: str = "") -> Figure:
    """Return ours over a peer's, round by round.

    Args:
      ours: name of our contender.
      peer: name of the other.
      rates: what `interleaved` returned.
      of: what it is about, behind both names; empty where they tell.
    """
    found = [mine / other for mine, other in zip(rates[ours], rates[peer], strict=True)]
    return figure(f"{ours} / {peer}{f', {of}' if of else ''}", "x", found, peer)


def interleaved(contenders: Mapping[str, Timed], rounds: int) -> dict[str, list[float]]:
    """Return how much each does a second, round by round.

    Every second round goes backwards, so that nobody always comes after the same.
    """
    for timed in contenders.values():
        timed()  # What is made on first use belongs to no round.
    order = list(contenders)
    found: dict[str, list[float]] = {name: [] for name in order}
    for number in range(rounds):
        for name in order if number % 2 == 0 else reversed(order):
            amount, seconds = contenders[name]()
            found[name].append(amount / seconds)
    return found


def leave_out(what: str, why: str) -> None:
    """Tell people that a row is missing, and how to get it."""
    sys.stderr.write(f"left out: {what}: {why}\n")
