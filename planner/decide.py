"""One decision: propose, gate, picture, judge, search, and the language model's last word."""

import random
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from mindseye.planner import events as ev
from mindseye.planner.candidates import Candidate, Proposal, expand, worthwhile
from mindseye.planner.config import Config
from mindseye.planner.gate import Costs, Gating, gate
from mindseye.planner.hints import hint
from mindseye.planner.judge import Judgement, Picture, Trust, judge, mean_imagined
from mindseye.planner.picture import Eye, Timings
from mindseye.planner.record import NullRecorder, Recorder
from mindseye.planner.search import Node, beam, greedy
from mindseye.tools.goals import Goal
from mindseye.tools.subgoals import MANNERS, Subgoal
from mindseye.tools.values import Frames, SceneGraph

SPARE = 3
"""Proposals asked for beyond those wanted: some turn out to change nothing."""
SHORTLIST = 3
"""Pictured futures among which the language model has the last word."""
CLOSE = 0.05
"""Futures this close to the best in value are put before it."""
LAST_WORD = 0.05
"""What the language model's favour adds to a value, at most."""
MISS_COST = 0.8
"""A subgoal that was tried in vain is worth this much of its value next time."""

History = Sequence[tuple[Subgoal, str]]


class Mind(Protocol):
    """What the planner asks the language model."""

    def understand(self, task: str, names: Sequence[str]) -> Goal:
        """Return the goal that the task's words stand for."""
        ...

    def propose(
        self, goal: Goal, scene: SceneGraph, history: History, k: int
    ) -> Sequence[Proposal]:
        """Return up to `k` subgoals with priors."""
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
class Pace:
    """What the clock decided in a run that is now run again: otherwise no replay is the same."""

    gates: Mapping[tuple[int, str], tuple[str, ...]]
    """(decision, candidate) -> the tools that pictured it."""
    expansions: Mapping[int, int]
    """Decision -> how often the search proposed."""


@dataclass
class Context:
    """What a run carries from decision to decision."""

    config: Config
    mind: Mind
    eye: Eye
    recorder: Recorder | NullRecorder
    goal: Goal
    expected: tuple[str, ...]
    trust: Trust = field(default_factory=Trust)
    costs: Costs = field(default_factory=Costs)
    history: list[tuple[Subgoal, str]] = field(default_factory=list)
    cost: dict[str, float] = field(default_factory=dict)
    """Stage -> seconds so far."""
    pace: Pace | None = None
    """For a replay: go at the recorded run's pace instead of by the clock."""
    random_values: random.Random | None = None
    """For the ablation: values are drawn from here instead of judged."""

    def spend(self, stage: str, seconds: float) -> None:
        """Book seconds to a stage."""
        self.cost[stage] = self.cost.get(stage, 0.0) + seconds


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What is to be done, and every picture that was made on the way."""

    judgement: Judgement
    pictures: dict[str, Picture]
    """Candidate -> picture, of the candidates that could be done now."""


class Decider:
    """Takes the decision number `index` from a scene and the frame it was seen in."""

    def __init__(self, context: Context, index: int, scene: SceneGraph, frame: Frames) -> None:
        self.context, self.index, self.scene, self.frame = context, index, scene, frame
        self.deadline = time.monotonic() + context.config.budget
        self.pictures: dict[str, Picture] = {}
        self.counter = 0

    def decide(self) -> Decision | None:
        """Return the decision, or None when nothing can be proposed."""
        config = self.context.config
        if config.search == "beam" and config.tools != "none":
            nodes = beam(self.scene, self.evaluate, depth=config.depth, in_time=self._in_time)
        else:
            nodes = greedy(self.scene, self.evaluate)
        if not nodes:
            return None
        chosen, hints, why = self._last_word(nodes)
        judgement = chosen.first
        values = {n.path[-1].candidate.id: n.value for n in nodes}
        self.context.recorder.emit(
            ev.Chosen(
                decision=self.index, candidate=judgement.candidate.id, value=chosen.value,
                why=why, values=values, hints=hints,
            )
        )  # fmt: skip
        return Decision(judgement=judgement, pictures=self.pictures)

    def _in_time(self) -> bool:
        if self.context.pace is not None:
            return self.counter < self.context.pace.expansions.get(self.index, 0)
        return time.monotonic() < self.deadline

    def evaluate(self, scene: SceneGraph, depth: int) -> list[Judgement]:
        """Propose, gate, picture and judge from one scene."""
        context = self.context
        candidates = self._propose(scene, depth)
        if not candidates:
            return []
        if context.config.tools == "none":
            bare = (judge(Picture(candidate=c), context.trust) for c in candidates)
            return [self._weigh(j) for j in bare]
        gated = self._gate(scene, candidates, depth)
        pictures, timings = context.eye.picture(
            scene, self.frame, context.goal, gated, context.config.seed + 1000 * self.index
        )
        self._book(timings)
        # Next to what was pictured, a bare prior is no value; alone it is all there is.
        pictures = [p for p in pictures if p.computed or p.imagined] or pictures
        unseen = mean_imagined(pictures)
        judged = [self._weigh(judge(p, context.trust, unseen)) for p in pictures]
        if depth == 0:
            self.pictures = {p.candidate.id: p for p in pictures}
            self._record(pictures, judged)
        return judged

    def _propose(self, scene: SceneGraph, depth: int) -> list[Candidate]:
        context = self.context
        started = time.monotonic()
        count = context.config.candidates
        asked = context.mind.propose(context.goal, scene, context.history, count + SPARE)
        proposals = worthwhile(asked, scene.layout, count)
        seconds = time.monotonic() - started
        context.spend("language", seconds)
        manners = MANNERS if context.config.tools != "none" else MANNERS[:1]
        candidates = [
            Candidate(
                id=c.id if depth == 0 else f"{c.id}.{depth}.{self.counter}",
                subgoal=c.subgoal, prior=c.prior, push=c.push,
            )
            for c in expand(proposals, scene, manners)
        ]  # fmt: skip
        self.counter += 1
        context.recorder.emit(
            ev.Proposed(
                decision=self.index,
                candidates=tuple(
                    ev.Candidate(id=c.id, words=c.words, subgoal=c.subgoal, prior=c.prior)
                    for c in candidates
                ),
                seconds=seconds,
            )
        )
        return candidates

    def _gate(self, scene: SceneGraph, candidates: Sequence[Candidate], depth: int) -> list[Gating]:
        context = self.context
        started = time.monotonic()
        first = candidates[0].subgoal.model_copy(update={"manner": "straight"})
        opinion = context.mind.choose_tools(context.goal, scene, first)
        context.spend("language", time.monotonic() - started)
        allowed = context.eye.tools
        if depth > 0 and "physics" in allowed:
            # Further ahead there is no camera frame to imagine from.
            allowed = ("physics",)
        left = (self.deadline - time.monotonic()) / (1 + (context.config.search == "beam"))
        gated = gate(candidates, allowed, opinion, context.costs, left, context.config.samples)
        if context.pace is not None:
            gates = context.pace.gates
            gated = [
                replace(g, tools=gates.get((self.index, g.candidate.id), g.tools)) for g in gated
            ]
        for g in gated:
            context.recorder.emit(
                ev.Gated(
                    decision=self.index, candidate=g.candidate.id, tools=g.tools, reason=g.reason
                )
            )
        return gated

    def _weigh(self, judgement: Judgement) -> Judgement:
        """Lower the value of what was tried in vain; draw it by lot in the ablation."""
        if self.context.random_values is not None:
            return replace(judgement, value=self.context.random_values.random())
        words = judgement.candidate.words
        misses = sum(s.words() == words and r == "missed" for s, r in self.context.history)
        return replace(judgement, value=judgement.value * MISS_COST**misses)

    def _book(self, timings: Timings) -> None:
        context = self.context
        for stage in ("physics", "video", "vision"):
            context.spend(stage, getattr(timings, stage))
        if timings.simulated:
            per = timings.physics / timings.simulated
            context.costs = context.costs.learned("physics", per)
        if timings.imagined:
            context.costs = context.costs.learned("video", timings.video / timings.imagined)

    def _record(self, pictures: Iterable[Picture], judged: Iterable[Judgement]) -> None:
        recorder, index = self.context.recorder, self.index
        for picture, judgement in zip(pictures, judged, strict=True):
            record_picture(recorder, index, picture, self.context.costs)
            if judgement.agreement is not None:
                recorder.emit(
                    ev.CrossChecked(
                        decision=index, candidate=judgement.candidate.id,
                        agreement=judgement.agreement, disagreements=judgement.disagreements,
                    )
                )  # fmt: skip

    def _hint(self, node: Node) -> str:
        return hint(node.first, self.pictures.get(node.first.candidate.id))

    def _last_word(self, nodes: Sequence[Node]) -> tuple[Node, tuple[str, ...], str]:
        """Put the best few before the language model, each with what was pictured of it."""
        best = nodes[0]
        if self.context.config.tools == "none" or self.context.random_values is not None:
            return best, (), "the likeliest proposal"
        # In a beam several futures begin with the same push.
        firsts = {n.first.candidate.id: n for n in reversed(nodes) if n.value >= best.value - CLOSE}
        close = list(reversed(firsts.values()))[:SHORTLIST]
        if len(close) < 2:
            return best, (self._hint(best),), "clearly the best picture"
        started = time.monotonic()
        options = [(n.first.candidate.words, self._hint(n)) for n in close]
        favour = self.context.mind.choose(self.context.goal, self.scene, options)
        self.context.spend("language", time.monotonic() - started)
        scores = [n.value + LAST_WORD * f for n, f in zip(close, favour, strict=True)]
        chosen = close[scores.index(max(scores))]
        why = "the best picture" if chosen is best else "the language model preferred it"
        return chosen, tuple(h for _, h in options), why


def record_picture(
    recorder: Recorder | NullRecorder, index: int, picture: Picture, costs: Costs
) -> None:
    """Write what both tools showed of one candidate to the record."""
    key, rollout = picture.candidate.id, picture.rollout
    if rollout is not None:
        clip = None if rollout.clip is None else recorder.media(rollout.clip)
        recorder.emit(
            ev.Simulated(
                decision=index, candidate=key, clip=clip, push=picture.candidate.push,
                events=list(rollout.events), layout=rollout.layout, ms=costs.physics * 1e3,
            )
        )  # fmt: skip
    if picture.clips:
        recorder.emit(
            ev.Imagined(
                decision=index, candidate=key,
                clips=tuple(recorder.media(c) for c in picture.clips), ms=costs.video * 1e3,
            )
        )  # fmt: skip
    readings = [("physics", "state", picture.computed, picture.computed_reward)]
    readings += [("physics", "pixels", picture.watched, picture.watched_reward)]
    readings += [
        ("video", "pixels", o, r)
        for o, r in zip(picture.imagined, picture.imagined_rewards, strict=True)
    ]
    for source, read_from, outcome, reward in readings:
        if outcome is None or reward is None:
            continue
        recorder.emit(
            ev.Judged.model_validate(
                {
                    "decision": index, "candidate": key, "source": source,
                    "read_from": read_from, "outcome": outcome, "value": reward.value,
                    "confidence": reward.confidence, "items": reward.items,
                    "evidence": reward.evidence, "reason": reward.reason,
                }
            )
        )  # fmt: skip
