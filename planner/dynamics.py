"""The dynamics that a search asks: the language model proposes, the mind's eye pictures.

Every wave is one call to each model, whatever scenes its leaves are. What is looked
at from the scene that is seen now is recorded with its pictures; what lies further
ahead, or is only sketched, leaves its value in the search's tree.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from mindseye.planner import events as ev
from mindseye.planner.candidates import Candidate, expand, filled, worthwhile
from mindseye.planner.context import Context, History
from mindseye.planner.gate import ASKS_MODEL, Costs, Gating, Situation, gate, sketching
from mindseye.planner.judge import Judgement, Picture, disbelief, judge, mean_imagined
from mindseye.planner.kept import joined, with_more
from mindseye.planner.language.asking import result_words
from mindseye.planner.picture import Timings, View
from mindseye.planner.record import NullRecorder, Recorder
from mindseye.planner.search.interface import Leaf, Wave
from mindseye.planner.search.tree import Judged, after
from mindseye.tools.goals import progress
from mindseye.tools.subgoals import MANNERS
from mindseye.tools.values import Frames, SceneGraph

SPARE = 3
"""Proposals asked for beyond those wanted: some turn out to change nothing."""
MISS_COST = 0.8
"""A subgoal that was tried in vain is worth this much of its value next time."""


class MindsEye:
    """Answers the waves of one decision; see `search.interface.Dynamics`."""

    def __init__(self, context: Context, index: int, scene: SceneGraph, frame: Frames) -> None:
        """Set up for the decision number `index`, from a scene seen in `frame`."""
        self.context, self.index, self.scene, self.frame = context, index, scene, frame
        self.pictures: dict[str, Picture] = {}
        """Candidate -> picture, of what could be done now."""
        self.reused = 0
        """Pictures that were kept from before."""
        self.simulated = self.imagined = 0
        """Clips that were made."""
        self._best: float | None = None
        self._asked = 0
        self._told: set[str] = set()
        self._opinion: dict[str, float] | None = None

    def propose(self, leaves: Sequence[Leaf]) -> list[tuple[Candidate, ...]]:
        """Return what the language model proposes, in every manner that makes sense."""
        context, started = self.context, time.monotonic()
        count = context.config.candidates
        asked = [(leaf.scene, self._history(leaf)) for leaf in leaves]
        found = context.kept.each(
            [
                (context.kept.scene(scene), *((s.words(), result) for s, result in history[-3:]))
                for scene, history in asked
            ],
            lambda rows: context.mind.propose_each(
                context.goal, [asked[i] for i in rows], count + SPARE
            ),
        )
        seconds = time.monotonic() - started
        context.spend("language", seconds)
        manners = MANNERS if context.config.tools != "none" else MANNERS[:1]
        proposed = []
        for leaf, proposals in zip(leaves, found, strict=True):
            wanted = worthwhile(proposals, leaf.scene.layout, count)
            if context.config.filled and context.config.tools != "none":
                wanted = filled(wanted, context.goal, leaf.scene.layout, count)
            candidates = self._named(leaf, expand(wanted, leaf.scene, manners, context.goal))
            proposed.append(candidates)
            self.tell(candidates, seconds / len(leaves))
        return proposed

    def _history(self, leaf: Leaf) -> History:
        """Return what will have been done in a leaf, as it would be told if it really were."""
        context = self.context
        told = list(context.history)
        scene = self.scene
        for judgement in leaf.path:
            scene, before = after(scene, judgement), scene
            gained = progress(context.goal, scene.layout, context.expected) - progress(
                context.goal, before.layout, context.expected
            )
            told.append((judgement.candidate.subgoal, result_words(gained)))
        return told

    def _named(self, leaf: Leaf, candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
        depth, number = len(leaf.path), self._asked
        self._asked += 1
        if not depth:
            return tuple(candidates)
        return tuple(replace(c, id=f"{c.id}.{depth}.{number}") for c in candidates)

    def tell(self, candidates: Sequence[Candidate], seconds: float = 0.0) -> None:
        """Record candidates that the record does not know yet."""
        fresh = [c for c in candidates if c.id not in self._told]
        if not fresh and candidates:
            return
        self._told.update(c.id for c in fresh)
        self.context.recorder.emit(
            ev.Proposed(
                decision=self.index, seconds=seconds,
                candidates=tuple(
                    ev.Candidate(id=c.id, words=spoken(c), subgoal=c.subgoal, prior=c.prior)
                    for c in fresh
                ),
            )
        )  # fmt: skip

    def judge(self, leaves: Sequence[Leaf], until: float) -> Wave:
        """Gate, picture and judge the candidates of all leaves."""
        context = self.context
        if context.config.tools == "none":
            bare = [[judge(Picture(candidate=c), context.trust) for c in leaf.candidates]
                    for leaf in leaves]  # fmt: skip
            return Wave(judged=tuple({j.candidate.id: self._weigh(j) for j in js} for js in bare))
        gated = [self._gated(leaf, until) for leaf in leaves]
        pictured, clips = self._pictured(leaves, gated)
        judged = [
            self._judged(leaf, gates, pictures)
            for leaf, gates, pictures in zip(leaves, gated, pictured, strict=True)
        ]
        return Wave(judged=tuple(judged), clips=clips)

    def _gated(self, leaf: Leaf, until: float) -> list[Gating]:
        context, candidates = self.context, leaf.candidates
        if leaf.sketch:
            # Further ahead there is no camera's frame to imagine from.
            tool = sketching(context.config.gate, context.eye.tools)
            return [Gating(candidate=c, tools=tool, reason="a sketch") for c in candidates]
        self.tell(candidates)
        gated = gate(context.config.gate, self._situation(leaf, until))
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

    def _situation(self, leaf: Leaf, until: float) -> Situation:
        """Return what the gate decides from; the language model is asked where that matters."""
        context, config = self.context, self.context.config
        if self._opinion is None and config.gate in ASKS_MODEL:
            self._opinion = self._asked_for_tools(leaf.candidates[0])
        return Situation(
            candidates=leaf.candidates, allowed=context.eye.tools, costs=context.costs,
            seconds=until - time.monotonic(), samples=config.samples, scene=leaf.scene,
            trust=context.trust, opinion=self._opinion or {}, best=self._best,
            floor=config.gate_floor, seed=config.seed + 1000 * self.index,
        )  # fmt: skip

    def _asked_for_tools(self, likeliest: Candidate) -> dict[str, float]:
        started = time.monotonic()
        straight = likeliest.subgoal.model_copy(update={"manner": "straight"})
        opinion = self.context.mind.choose_tools(self.context.goal, self.scene, straight)
        self.context.spend("language", time.monotonic() - started)
        return opinion

    def _pictured(
        self, leaves: Sequence[Leaf], gated: Sequence[Sequence[Gating]]
    ) -> tuple[list[list[Picture]], int]:
        """Return a picture of each candidate, and how many clips had to be made for them."""
        context = self.context
        known = [
            {g.candidate.id: self._known(leaf, g) for g in gates}
            for leaf, gates in zip(leaves, gated, strict=True)
        ]
        views = [
            View(
                scene=leaf.scene, frame=self._frame(leaf), drawn=not leaf.sketch,
                gated=tuple(
                    replace(g, tools=tuple(t for t in g.tools if t not in old[g.candidate.id]))
                    for g in gates
                ),
            )
            for leaf, gates, old in zip(leaves, gated, known, strict=True)
        ]  # fmt: skip
        pictured, timings = context.eye.picture(views, context.goal, self._seed)
        self._book(timings)
        whole = []
        for leaf, pictures, old in zip(leaves, pictured, known, strict=True):
            for p in pictures:
                context.kept.keep(leaf.scene, p)
            whole.append([_together(p, old[p.candidate.id].values()) for p in pictures])
        self.reused += sum(len(found) for old in known for found in old.values())
        return whole, timings.simulated + timings.imagined

    @property
    def _seed(self) -> int:
        return self.context.config.seed + 1000 * self.index

    def picture_of(self, candidate: Candidate) -> Picture:
        """Return what is pictured of a candidate that could be done now, maybe nothing."""
        return self.pictures.get(candidate.id, Picture(candidate=candidate))

    def gather(self, candidates: Sequence[Candidate], tool: str) -> dict[str, Judgement]:
        """Picture some candidates of now once more; return all of now judged anew, by id.

        What the video generator then shows joins what it had shown before.
        """
        context = self.context
        self.tell(candidates)
        before = [self.picture_of(c) for c in candidates]
        gated = tuple(Gating(candidate=c, tools=(tool,), reason="uncertain") for c in candidates)
        view = View(scene=self.scene, frame=self.frame, gated=gated)
        # Another seed than before, else the same samples would come again.
        seed = self._seed + max(len(p.clips) for p in before)
        (fresh,), timings = context.eye.picture([view], context.goal, seed)
        self._book(timings)
        for old, new in zip(before, fresh, strict=True):
            whole = with_more(old, new)
            context.kept.keep(self.scene, whole)
            self.pictures[whole.candidate.id] = whole
        unseen = mean_imagined(list(self.pictures.values()))
        judged = {
            key: self._weigh(judge(picture, context.trust, unseen))
            for key, picture in self.pictures.items()
        }
        self._record(fresh, (judged[p.candidate.id] for p in fresh))
        return judged

    def _known(self, leaf: Leaf, gating: Gating) -> dict[str, Picture]:
        """Return tool -> what was kept of a candidate."""
        kept = self.context.kept
        found = {t: kept.picture(leaf.scene, gating.candidate, t) for t in gating.tools}
        return {t: p for t, p in found.items() if p is not None}

    def _frame(self, leaf: Leaf) -> Frames:
        """Return what a leaf is imagined from: the end of the last clip that led there."""
        frames = (j.frame for j in reversed(leaf.path) if j.frame is not None)
        return next(frames, self.frame)

    def _judged(
        self, leaf: Leaf, gated: Sequence[Gating], pictures: Sequence[Picture]
    ) -> Mapping[str, Judged]:
        shown = [p for p in pictures if p.computed or p.imagined]
        weighed = [p for p in shown if p.computed or not disbelief(p)]
        if not weighed and not self.pictures:
            # Next to what was pictured, a bare prior is no value; alone it is all there is.
            weighed = list(pictures)
        unseen = mean_imagined(weighed)
        judged = [self._weigh(judge(p, self.context.trust, unseen)) for p in weighed]
        if not leaf.path:
            self.pictures |= {p.candidate.id: p for p in weighed}
            pictured = [j.value for j in judged if j.success is not None]
            self._best = max([v for v in (self._best, *pictured) if v is not None], default=None)
        if not leaf.sketch:
            self._record(shown or weighed, judged)
        found: dict[str, Judged] = {g.candidate.id: g.reason for g in gated}
        found |= {p.candidate.id: disbelief(p) for p in shown if disbelief(p)}
        return found | {j.candidate.id: j for j in judged}

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
        self.simulated += timings.simulated
        self.imagined += timings.imagined
        if timings.simulated:
            per = timings.physics / timings.simulated
            context.costs = context.costs.learned("physics", per)
        if timings.imagined:
            context.costs = context.costs.learned("video", timings.video / timings.imagined)

    def _record(self, pictures: Iterable[Picture], judged: Iterable[Judgement]) -> None:
        recorder, index = self.context.recorder, self.index
        by_id = {j.candidate.id: j for j in judged}
        for picture in pictures:
            record_picture(recorder, index, picture, self.context.costs)
            judgement = by_id.get(picture.candidate.id)
            if judgement is not None and judgement.agreement is not None:
                recorder.emit(
                    ev.CrossChecked(
                        decision=index, candidate=judgement.candidate.id,
                        agreement=judgement.agreement, disagreements=judgement.disagreements,
                    )
                )  # fmt: skip


def spoken(candidate: Candidate) -> str:
    """Return a candidate's words with what is peculiar to its push."""
    return f"{candidate.words} ({candidate.note})" if candidate.note else candidate.words


def _together(picture: Picture, kept: Iterable[Picture]) -> Picture:
    for other in kept:
        picture = joined(picture, other)
    return picture


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
        told = outcome.plausibility
        recorder.emit(
            ev.Judged.model_validate(
                {
                    "decision": index, "candidate": key, "source": source,
                    "outcome": replace(outcome, plausibility=None),
                    "read_from": read_from, "value": reward.value,
                    "confidence": reward.confidence, "items": reward.items,
                    "evidence": reward.evidence, "reason": reward.reason,
                    "plausibility": told and told.score,
                    "violations": tuple(vars(v) for v in told.violations) if told else (),
                }
            )
        )  # fmt: skip
