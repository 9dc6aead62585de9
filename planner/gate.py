"""The gate: which candidates are pictured, and by which tools, within the budget.

Left to itself a language model calls its tools always or never. Here its
opinion is one input; the measured cost of each tool and the seconds left are
the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mindseye.planner.candidates import Candidate

Tool = str
SURE = 0.98
"""A single candidate with this prior is done without picturing, if the model says so too."""
LEAST_SHARE = 0.02
"""Candidates with less than this share of the best prior are not worth a picture."""

MOST: dict[str, int] = {"physics": 24, "video": 8}
"""Candidates that a tool pictures in one decision, at most; the likeliest go first."""


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Seconds that one picture takes, learned as they are made."""

    physics: float = 0.08
    video: float = 0.15

    def learned(self, tool: Tool, seconds: float) -> "Costs":
        """Return the estimate after one more measurement per picture."""
        old = self.physics if tool == "physics" else self.video
        new = 0.7 * old + 0.3 * seconds
        return replace(self, physics=new) if tool == "physics" else replace(self, video=new)


@dataclass(frozen=True, kw_only=True)
class Gating:
    """The gate's word on one candidate."""

    candidate: Candidate
    tools: tuple[Tool, ...]
    reason: str


def gate(
    candidates: Sequence[Candidate],
    allowed: Sequence[Tool],
    opinion: Mapping[str, float],
    costs: Costs,
    seconds: float,
    samples: int,
) -> list[Gating]:
    """Decide for each candidate which tools picture it.

    Args:
      candidates: in the order of their priors.
      allowed: the tools that the run may use.
      opinion: the language model's probabilities of none, video, physics, both.
      costs: seconds per picture.
      seconds: what is left of the decision's budget.
      samples: clips imagined per candidate.
    """
    if not candidates or not allowed:
        return [Gating(candidate=c, tools=(), reason="no tool allowed") for c in candidates]
    best = max(c.prior for c in candidates)
    if best >= SURE and opinion.get("none", 0.0) >= SURE:
        return [Gating(candidate=c, tools=(), reason="nothing to find out") for c in candidates]
    order = sorted(allowed, key=lambda t: -(opinion.get(t, 0.0) + opinion.get("both", 0.0)))
    price = {"physics": costs.physics, "video": costs.video * samples}
    left = seconds
    chosen: dict[str, list[Tool]] = {c.id: [] for c in candidates}
    reasons = {c.id: "within the budget" for c in candidates}
    for tool in sorted(order, key=lambda t: price[t]):
        pictured = 0
        for candidate in candidates:
            if candidate.prior < LEAST_SHARE * best:
                reasons[candidate.id] = "too unlikely a proposal"
            elif pictured >= MOST[tool]:
                reasons[candidate.id] = f"enough for {tool}"
            elif left < price[tool]:
                reasons[candidate.id] = f"no time left for {tool}"
            else:
                chosen[candidate.id].append(tool)
                left -= price[tool]
                pictured += 1
    return [
        Gating(candidate=c, tools=tuple(chosen[c.id]), reason=reasons[c.id]) for c in candidates
    ]
