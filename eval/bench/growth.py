"""How the cost of a decision grows with the candidates it looks at and how far ahead it looks."""

from collections.abc import Mapping, Sequence

import numpy as np

from mindseye.eval.bench.measure import Asked, Figure, figure
from mindseye.eval.bench.planning import UNHURRIED, Deciding, Sight, sights
from mindseye.planner.agent import Agent
from mindseye.planner.config import Config, merge

CANDIDATES = (2, 4, 8)
DEPTHS = (1, 2, 3)


def growth(seconds: Mapping[int, Sequence[float]]) -> float:
    """Return the exponent of the power of the work that the seconds grow with; 1 is linearly.

    Args:
      seconds: candidates times depth -> seconds of decisions.
    """
    pairs = [(work, s) for work, found in seconds.items() for s in found]
    work, taken = np.log(np.array(pairs, dtype=float)).T
    return float(np.polyfit(work, taken, 1)[0])


def _decided(agent: Agent, seen: Sequence[Sight], candidates: int, depth: int) -> list[float]:
    settings = {"candidates": candidates, "depth": depth, "search": "beam", "budget": UNHURRIED}
    asked = Agent(merge(agent.config, settings), agent.mind, agent.eye, agent.decoder)
    deciding = Deciding(asked, seen)
    for _ in seen:
        deciding()
    return [cost["whole"] for cost in deciding.costs[1:]]


def figures(asked: Asked) -> list[Figure]:
    """Return seconds of a decision for each number of candidates and depth, and how they grow.

    Raises:
      Unavailable: weights are missing.
    """
    agent = Agent.from_config(merge(Config(), {"tools": "physics"}))
    seen = sights(agent, asked.rounds + 1)
    found, by_work = list[Figure](), dict[int, list[float]]()
    for candidates in CANDIDATES:
        for depth in DEPTHS:
            seconds = _decided(agent, seen, candidates, depth)
            found.append(figure(f"decision: {candidates} candidates, {depth} deep", "s", seconds))
            by_work.setdefault(candidates * depth, []).extend(seconds)
    return [
        *found,
        Figure(name="decision: growth", value=growth(by_work), unit="power of the work"),
    ]
