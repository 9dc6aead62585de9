"""What a run carries from decision to decision, and what the planner asks of a language model."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mindseye.planner.candidates import Proposal
from mindseye.planner.config import Config
from mindseye.planner.gate import Costs, check_gate
from mindseye.planner.judge import Judgement
from mindseye.planner.kept import Kept
from mindseye.planner.picture import Eye
from mindseye.planner.record import NullRecorder, Recorder
from mindseye.planner.search import search_options
from mindseye.planner.trust import Trust
from mindseye.tools.calibration import Calibration
from mindseye.tools.goals import Goal
from mindseye.tools.subgoals import Subgoal
from mindseye.tools.values import Carried, SceneGraph

History = Sequence[tuple[Subgoal, str]]
"""Subgoals that were carried out, each with "done" or "missed"."""


class Mind(Protocol):
    """What the planner asks the language model."""

    def understand(self, task: str, names: Sequence[str]) -> Goal:
        """Return the goal that the task's words stand for."""
        ...

    def propose_each(
        self, goal: Goal, asked: Sequence[tuple[SceneGraph, History]], k: int
    ) -> Sequence[Sequence[Proposal]]:
        """Return up to `k` subgoals with priors for each scene and its history, in one call."""
        ...

    def choose_tools(self, goal: Goal, scene: SceneGraph, subgoal: Subgoal) -> dict[str, float]:
        """Return probabilities of none, video, physics and both."""
        ...

    def choose(
        self, goal: Goal, scene: SceneGraph, options: Sequence[tuple[str, str]]
    ) -> Sequence[float]:
        """Return probabilities over (words, hint) options."""
        ...


@dataclass(frozen=True, kw_only=True)
class More:
    """What is pictured before an uncertain decision is taken again."""

    tool: str
    """physics or video."""
    about: tuple[str, ...]
    """Ids of candidates, the best first."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What the clock decided in a run that is now run again: otherwise no replay is the same."""

    gates: Mapping[tuple[int, str], tuple[str, ...]]
    """(decision, candidate) -> the tools that pictured it."""
    waves: Mapping[int, int]
    """Decision -> waves of its search; a decision that is missing goes to its end."""
    more: Mapping[int, More]
    """Decision -> what it gathered when it abstained; one that is missing did not."""


@dataclass
class Context:
    """What a run carries from decision to decision.

    Raises:
      BadInput: the config's search does not have the options that it names, or its gate asks for
        a tool that may not be used.
    """

    config: Config
    mind: Mind
    eye: Eye
    recorder: Recorder | NullRecorder
    goal: Goal
    expected: tuple[str, ...]
    trust: Trust = field(default_factory=Trust)
    calibration: Calibration = field(default_factory=Calibration)
    costs: Costs = field(default_factory=Costs)
    history: list[tuple[Subgoal, str]] = field(default_factory=list)
    cost: dict[str, float] = field(default_factory=dict)
    """Stage -> seconds so far."""
    pace: Pace | None = None
    """For a replay: go at the recorded run's pace instead of by the clock."""
    unexplained: list[Carried] = field(default_factory=list)
    """Pushes that the simulator has not learned from yet."""
    random_values: random.Random | None = None
    """For the ablation: values are drawn from here instead of judged."""
    kept: Kept = field(init=False)

    def __post_init__(self) -> None:
        check_gate(self.config.gate, self.config.tools)
        options = search_options(self.config.search, self.config.search_options)
        self.kept = Kept(options.cache)

    def probability(self, judgement: Judgement) -> float | None:
        """Return how likely a candidate does what its subgoal says; None if nothing shows it.

        What was imagined alone keeps its raw score where the calibration was learned from pushes
        that were simulated.
        """
        raw = judgement.success
        if raw is None or (self.calibration.simulated and judgement.tool != "physics"):
            return raw
        return self.calibration.probability(raw)

    def spend(self, stage: str, seconds: float) -> None:
        """Book seconds to a stage."""
        self.cost[stage] = self.cost.get(stage, 0.0) + seconds
