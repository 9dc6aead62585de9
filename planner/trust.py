"""Trust: how far each tool is believed about each skill, from how its predictions came true.

For every tool and skill there is a Beta posterior over "its prediction came true". A
skill that is little known borrows from the tool's others: the prior of one skill is the
tool's mean over the rest, at the strength of its first prior, so that a miss with a ball
says less about cubes, and what is seen of cubes soon outweighs it. What was seen of other
skills counts partly, as in a power prior (Ibrahim and Chen, Statistical Science 15, 2000).

Skills go by what is pushed; those that also told the manner of the push foretold no better.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mindseye.tools.errors import BadInput
from mindseye.tools.subgoals import Subgoal

PRIOR: dict[str, tuple[float, float]] = {"physics": (9.0, 1.0), "video": (2.0, 2.0)}
"""Tool -> pretended observations (came true, did not) before anything was seen."""
BORROWED = 0.5
"""What an observation of another skill counts for."""

Tally = tuple[int, int]
"""(came true, did not): predictions that were checked."""


def skill_of(subgoal: Subgoal) -> str:
    """Return what a subgoal does to what kind of thing: "push ball"."""
    _, _, shape = subgoal.move.partition(" ")
    return f"push {shape or subgoal.move}"


@dataclass(frozen=True, kw_only=True)
class Trust:
    """What was seen of each tool, and how far it is believed for that."""

    tallies: Mapping[str, Mapping[str, Tally]] = field(default_factory=dict)
    """Tool -> skill -> tally."""

    def tally(self, tool: str, skill: str) -> Tally:
        """Return how many predictions of a tool about a skill came true, and how many did not."""
        return self.tallies.get(tool, {}).get(skill, (0, 0))

    def beta(self, tool: str, skill: str | None = None) -> tuple[float, float]:
        """Return the parameters of the Beta posterior.

        Args:
          tool: physics or video.
          skill: None for whatever the tool did, each observation in full.
        """
        right, wrong = PRIOR[tool]
        others = [t for s, t in self.tallies.get(tool, {}).items() if s != skill]
        weight = 1.0 if skill is None else BORROWED
        alpha = right + weight * sum(t[0] for t in others)
        beta = wrong + weight * sum(t[1] for t in others)
        if skill is None:
            return alpha, beta
        strength = right + wrong
        borrowed = strength * alpha / (alpha + beta)
        came_true, did_not = self.tally(tool, skill)
        return borrowed + came_true, strength - borrowed + did_not

    def mean(self, tool: str, skill: str | None = None) -> float:
        """Return the expected share of right predictions; see `beta`."""
        alpha, beta = self.beta(tool, skill)
        return alpha / (alpha + beta)

    def interval(self, tool: str, skill: str | None = None) -> tuple[float, float]:
        """Return the middle 95 % of the posterior."""
        from scipy.special import betaincinv

        low, high = betaincinv(*self.beta(tool, skill), [0.025, 0.975])
        return float(low), float(high)

    def updated(self, tool: str, skill: str, came_true: bool) -> "Trust":
        """Return the posterior after one more prediction was checked."""
        right, wrong = self.tally(tool, skill)
        new = (right + came_true, wrong + (not came_true))
        return Trust(tallies={**self.tallies, tool: {**self.tallies.get(tool, {}), skill: new}})

    def since(self, start: "Trust") -> "Trust":
        """Return what was seen after `start`, from which this one was reached by updates."""
        new: dict[str, dict[str, Tally]] = {}
        for tool, skills in self.tallies.items():
            for skill, (right, wrong) in skills.items():
                before = start.tally(tool, skill)
                if (right, wrong) != before:
                    new.setdefault(tool, {})[skill] = (right - before[0], wrong - before[1])
        return Trust(tallies=new)

    def to_json(self) -> dict[str, dict[str, Tally]]:
        """Return the JSON form: tool -> skill -> [came true, did not]."""
        return {tool: dict(skills) for tool, skills in self.tallies.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Mapping[str, Any]]) -> "Trust":
        """Read the JSON form.

        Raises:
          BadInput: a tool that is not known, or counts that are none.
        """
        for tool, skills in data.items():
            if tool not in PRIOR:
                raise BadInput(f"trust in {tool!r}: there are the tools {', '.join(PRIOR)}")
            for skill, tally in skills.items():
                if len(tally) != 2 or not all(isinstance(n, int) and n >= 0 for n in tally):
                    raise BadInput(f"trust in {tool} about {skill!r}: {tally} are no two counts")
        return cls(
            tallies={
                tool: {skill: (tally[0], tally[1]) for skill, tally in skills.items()}
                for tool, skills in data.items()
            }
        )
