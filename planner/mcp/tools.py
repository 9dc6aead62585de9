"""The tools themselves: each works on a client's table, leaves a record, and replies.

They are called in threads. What they raise of `ToolError` and `MindseyeError` is told
to the client in one line.
"""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from mindseye.planner import events as ev
from mindseye.planner.ask.session import Asking, answer_with
from mindseye.planner.ask.table import DOUBTS, alike, told
from mindseye.planner.candidates import Candidate, imagining
from mindseye.planner.config import Config, merge
from mindseye.planner.loaded import Models
from mindseye.planner.mcp import answers, arguments
from mindseye.planner.mcp.answers import Future, Imagining, Reply
from mindseye.planner.mcp.keeping import looked, recorded, reply
from mindseye.planner.mcp.tables import Table, Tables
from mindseye.planner.mcp.work import Call
from mindseye.planner.picture import HORIZON
from mindseye.planner.record import Recorder, read_record
from mindseye.planner.report_decisions import outcome_words
from mindseye.tools.errors import ToolError
from mindseye.tools.physics.sampling import misread
from mindseye.tools.physics.skills import push_for
from mindseye.tools.subgoals import roomy_target
from mindseye.tools.values import (
    Clip,
    Frames,
    Outcome,
    Reward,
    Rollout,
    SceneGraph,
)


class Desk:
    """What the tools work with: settings, models and the clients' tables."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.models = Models(config)
        self.tables = Tables(self.models)


def look(desk: Desk, call: Call, given: arguments.Look) -> Reply:
    """Say what vision sees on the table; with `objects` or `seed` it is laid anew."""
    if given.objects is not None or given.seed is not None:
        table = desk.tables.lay(call.session, given.objects, given.seed)
    else:
        table = desk.tables.at(call.session, given.world)
    with looked(call, "look at the table", table) as recorder:
        pass
    things = tuple(
        answers.Thing(
            name=o.name, referent=o.referent, x=o.position[0], y=o.position[1],
            confidence=o.confidence,
        )
        for o in table.scene.objects
    )  # fmt: skip
    facts = answers.Seen(
        world=table.handle, objects=things, pusher=table.scene.pusher, seed=table.config.seed,
        run=str(recorder.folder),
    )  # fmt: skip
    return reply(facts, recorder.folder, table.frame)


Found = list[tuple[arguments.Move, Candidate]]
"""Moves, each with what is to be pictured of it."""


def _candidates(moves: list[arguments.Move], table: Table) -> Found:
    prior = 1 / len(moves)
    return [(m, _candidate(m, f"c{k}", prior, table.scene)) for k, m in enumerate(moves)]


def _candidate(move: arguments.Move, key: str, prior: float, scene: SceneGraph) -> Candidate:
    """Return what is to be pictured of a move.

    Raises:
      ToolError: it speaks of what is not on the table, or of a way that is none.
    """
    subgoal = move.subgoal()
    for name in sorted(subgoal.names):
        if name not in scene.names:
            there = ", ".join(scene.names) or "nothing"
            raise ToolError(f"no {name!r} is seen on this table; there is: {there}")
    target = move.to or roomy_target(subgoal, scene.layout)
    push = push_for(subgoal, target, scene.layout)
    if push is None:
        raise ToolError(f"{move.words()}: nothing stands in the way; use manner straight")
    return Candidate(id=key, subgoal=subgoal, prior=prior, push=push)


def _propose(found: Found, recorder: Recorder) -> None:
    """Tell the record what is to be pictured."""
    recorder.emit(
        ev.Proposed(
            decision=0,
            candidates=tuple(
                ev.Candidate(
                    id=c.id, words=m.words(), subgoal=m.model_dump(exclude_none=True), prior=c.prior
                )
                for m, c in found
            ),
        )
    )


def _task(verb: str, moves: list[arguments.Move]) -> str:
    more = f" and {len(moves) - 1} more" if len(moves) > 1 else ""
    return f"{verb}: {moves[0].words()}{more}"


def simulate(desk: Desk, call: Call, given: arguments.Simulate) -> Reply:
    """Compute what each move would do, also from places that vision may have misread."""
    table = desk.tables.at(call.session, given.world)
    found = _candidates(given.moves, table)
    with looked(call, _task("simulate", given.moves), table) as recorder:
        _propose(found, recorder)
        pushes = [c.push for _, c in found]
        started = time.monotonic()
        physics, rng = desk.models.physics, np.random.default_rng(table.config.seed)
        rollouts = physics.simulate(table.scene, pushes, HORIZON, render=True)
        doubts = [
            physics.simulate(misread(table.scene, rng), pushes, HORIZON) for _ in range(DOUBTS)
        ]
        ms = 1e3 * (time.monotonic() - started) / len(pushes)
        futures = []
        for k, ((move, candidate), rollout) in enumerate(zip(found, rollouts, strict=True)):
            _tell_simulated(recorder, candidate, rollout, ms)
            futures.append(
                Future(
                    move=move.words(), places=rollout.layout, fell=rollout.fallen,
                    told=told(move.words(), candidate.push, table.scene, rollout),
                    confidence=_agreeing(rollout, [d[k] for d in doubts]),
                )
            )  # fmt: skip
    facts = answers.Simulated(world=table.handle, futures=tuple(futures), run=str(recorder.folder))
    return reply(facts, recorder.folder, _last(rollouts[0].clip))


def _tell_simulated(recorder: Recorder, candidate: Candidate, rollout: Rollout, ms: float) -> None:
    clip = None if rollout.clip is None else recorder.media(rollout.clip)
    recorder.emit(
        ev.Simulated(
            decision=0, candidate=candidate.id, push=candidate.push, clip=clip,
            events=list(rollout.events), layout=rollout.layout, ms=ms,
        )
    )  # fmt: skip


def _agreeing(rollout: Rollout, others: list[Rollout]) -> float:
    return (1 + sum(alike(rollout, o) for o in others)) / (1 + len(others))


def _last(clip: Clip | None) -> Frames | None:
    """Return the frame that shows how it ends."""
    return None if clip is None else clip.frames[-1]


def imagine(desk: Desk, call: Call, given: arguments.Imagine) -> Reply:
    """Let the video generator picture each move, and vision read the clips."""
    table = desk.tables.at(call.session, given.world)
    found = _candidates(given.moves, table)
    with looked(call, _task("imagine", given.moves), table) as recorder:
        _propose(found, recorder)
        started = time.monotonic()
        requests = [
            imagining(c, table.scene, table.frame, samples=given.samples, seed=table.config.seed)
            for _, c in found
        ]
        pictured = desk.models.video.imagine(requests)
        ms = 1e3 * (time.monotonic() - started) / len(requests)
        futures = []
        for (move, candidate), clips in zip(found, pictured, strict=True):
            kept = tuple(recorder.media(c) for c in clips)
            recorder.emit(ev.Imagined(decision=0, candidate=candidate.id, clips=kept, ms=ms))
            for outcome in desk.models.vision.outcome(clips, table.scene):
                reward = desk.models.vision.reward(outcome, candidate.subgoal.goal())
                recorder.emit(_judged(candidate, outcome, reward))
                futures.append(_imagining(move, outcome, reward))
    facts = answers.Imagined(world=table.handle, futures=tuple(futures), run=str(recorder.folder))
    return reply(facts, recorder.folder, _last(pictured[0][0]))


def _judged(candidate: Candidate, outcome: Outcome, reward: Reward) -> ev.Event:
    return ev.Judged.model_validate(
        {
            "decision": 0, "candidate": candidate.id, "source": "video", "outcome": outcome,
            "value": reward.value, "confidence": reward.confidence, "items": reward.items,
            "evidence": reward.evidence, "reason": reward.reason,
        }
    )  # fmt: skip


def _imagining(move: arguments.Move, outcome: Outcome, reward: Reward) -> Imagining:
    return Imagining(
        move=move.words(), told=f"The clip shows: {outcome_words(ev.plain(outcome))}",
        places=outcome.after.layout, fell=outcome.fell, confidence=outcome.confidence,
        shows=reward.value, vanished=outcome.vanished,
    )  # fmt: skip


def plan(desk: Desk, call: Call, given: arguments.Plan) -> Reply:
    """Say what would be done next for a task, and what was pictured to tell."""
    table = desk.tables.at(call.session, given.world)
    changes = {"tools": given.tools, "budget": given.budget}
    config = merge(table.config, {k: v for k, v in changes.items() if v is not None}, "plan")
    agent = desk.models.agent(config)
    with recorded(config, call, given.task) as recorder:
        planned = agent.plan(given.task, table.frame, recorder)
    record = read_record(recorder.folder)
    decision, following, frame = planned.decision, None, table.frame
    if decision is not None:
        best = decision.judgement
        following = answers.Next(
            words=best.candidate.words, subgoal=best.candidate.subgoal.to_json(),
            target=best.target, value=best.value, confidence=best.confidence, tool=best.tool,
            why=record.of(ev.Chosen)[-1].why,
        )  # fmt: skip
        picture = decision.pictures.get(best.candidate.id)
        if picture is not None and picture.rollout is not None and picture.rollout.clip:
            frame = picture.rollout.clip.frames[-1]
        elif picture is not None and picture.clips:
            frame = picture.clips[0].frames[-1]
    facts = answers.Planned(
        world=table.handle, goal=planned.goal.to_json(), said=planned.goal.words(),
        next=following, considered=_considered(record.events), run=str(recorder.folder),
    )  # fmt: skip
    chosen = None if decision is None else decision.judgement.candidate.id
    return reply(facts, recorder.folder, frame, chosen)


def _considered(events: tuple[ev.Event, ...]) -> tuple[answers.Weighed, ...]:
    """Return what could be done now, the most valuable first, from the record of a plan."""
    rewards: dict[str, dict[str, float]] = {}
    values: dict[str, float] = {}
    for event in events:
        if isinstance(event, ev.Judged):
            best = rewards.setdefault(event.candidate, {})
            best[event.source] = max(event.value, best.get(event.source, 0.0))
        elif isinstance(event, ev.Chosen):
            values |= event.values
    proposed = next((e.candidates for e in events if isinstance(e, ev.Proposed)), ())
    weighed = [
        answers.Weighed(
            words=c.words, prior=c.prior, value=values.get(c.id), rewards=rewards.get(c.id, {})
        )
        for c in proposed
    ]
    return tuple(sorted(weighed, key=lambda w: -(w.value or 0.0)))


def ask(desk: Desk, call: Call, given: arguments.Ask) -> Reply:
    """Answer a physics question from a simulation of it."""
    laid = desk.tables.find(call.session, given.world)
    config = desk.config if laid is None else laid.config
    asking = Asking.checked(given.question, given.choices, config, given.mode, 1, 3)
    asking = dataclasses.replace(asking, table=given.about_table)
    models = desk.models
    model = models.mind.model if asking.about_table else models.answerer
    with recorded(config, call, asking.question) as recorder:
        answer = answer_with(
            model, asking, config, recorder,
            # Laid only when the question turns out to be about it.
            see=lambda: desk.tables.at(call.session, given.world).scene,
        )  # fmt: skip
    facts = answers.Answered(result=answer, run=str(recorder.folder))
    return reply(facts, recorder.folder, None)


RUN: dict[str, Callable[[Desk, Call, Any], Reply]] = {
    "look": look, "simulate": simulate, "imagine": imagine, "plan": plan, "ask": ask,
}  # fmt: skip
"""The tools of the catalogue by name."""
