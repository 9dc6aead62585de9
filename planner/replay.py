"""Runs a recorded run again and says whether, and where, it went another way."""

import contextlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mindseye.planner.config import Config, merge
from mindseye.planner.events import (
    Abstained,
    Acted,
    Answered,
    Asked,
    Chosen,
    Gated,
    Proposed,
    RunStarted,
    Searched,
    Understood,
)
from mindseye.planner.record import OnEvent, Record, Recorder, read_record, versions
from mindseye.planner.trust import Trust
from mindseye.tools.calibration import Calibration
from mindseye.tools.errors import BadInput
from mindseye.tools.goals import Goal


@dataclass(frozen=True, kw_only=True)
class ReplayResult:
    """What a second run of the same config and seed showed."""

    same: bool
    """Same goal, candidates chosen, actions, and result."""
    divergence: str
    """Where the two runs first part, in words; empty when they do not."""
    compared: int
    """Decisions that both runs took."""
    success: bool
    """Whether the second run succeeded."""
    changed: tuple[str, ...]
    """Packages whose versions differ from the recorded ones."""
    run: str
    """Folder of the second run; empty when it was not kept."""


def replay(
    run_folder: Path, keep: Path | None = None, on_event: OnEvent | None = None
) -> ReplayResult:
    """Run a recorded task again with the same config and seed, and compare.

    Args:
      run_folder: a finished run.
      keep: folder for the second run's record; None throws it away.
      on_event: called with the events of the second run.

    Raises:
      BadInput: no record, or one that ended before it had a result.
    """
    first = read_record(run_folder)
    if first.result is None or not first.document:
        raise BadInput(f"{str(run_folder)!r} never finished: there is nothing to compare with")
    if any(e.continues for e in first.of(RunStarted)):
        raise BadInput(
            f"{str(run_folder)!r} went on with a conversation's table as it was then; it cannot "
            "be run again by itself"
        )
    config = merge(Config(), first.document.get("config") or {}, f"{run_folder}/config.json")
    with contextlib.ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "replay"
        _run_again(first, config, folder, on_event)
        second = read_record(folder)
    divergence, compared = compare(first, second)
    before, now = first.document.get("versions") or {}, versions()
    return ReplayResult(
        same=not divergence,
        divergence=divergence,
        compared=compared,
        success=second.result is not None and second.result.success,
        changed=tuple(
            f"{name} {before[name]} -> {now.get(name)}"
            for name in before
            if before[name] != now.get(name)
        ),
        run=str(keep) if keep else "",
    )


def _run_again(first: Record, config: Config, folder: Path, on_event: OnEvent | None) -> None:
    from mindseye.planner.agent import Agent
    from mindseye.planner.context import More, Pace
    from mindseye.tools.world import make_world

    # Seconds never repeat. What the budget cut short the first time is cut short again.
    pace = Pace(
        gates={(e.decision, e.candidate): e.tools for e in first.of(Gated)},
        waves={e.decision: e.waves for e in first.of(Searched)},
        more={e.decision: More(tool=e.tool, about=e.about) for e in first.of(Abstained)},
    )
    if first.of(Asked):
        from mindseye.planner.ask.session import ask_again

        ask_again(first.of(Asked)[0], config, folder, on_event)
        return
    # It starts from what was believed then, and the database has counted it already.
    agent = Agent.from_config(replace(config, trust=None, calibration="none"))
    started = first.of(RunStarted)[0]
    knots = Calibration(
        knots=started.calibration or Calibration().knots, simulated=started.simulated
    )
    options = config.world_options
    world = make_world(config.world, objects=config.objects, seed=config.seed, **options)
    with contextlib.closing(world), Recorder(folder, on_event) as recorder:
        agent.run(
            str(first.document["task"]), world, recorder=recorder, pace=pace,
            goal=next((Goal.model_validate(e.goal) for e in first.of(Understood) if e.given), None),
            trust=Trust.from_json(started.trust), calibration=knots,
        )  # fmt: skip


def compare(first: Record, second: Record) -> tuple[str, int]:
    """Return where two records part ("" for nowhere) and how many decisions both took.

    Compared are the goal, the words of each chosen candidate, every action
    exactly, and the result. Times are not: they never repeat.
    """
    if first.of(Asked):
        return _compare_answers(first, second)
    goals = [[e.goal for e in r.of(Understood)] for r in (first, second)]
    if goals[0] != goals[1]:
        return f"the goal: {_show(goals[0])} before, {_show(goals[1])} now", 0
    chosen = _chosen(first), _chosen(second)
    acted = first.of(Acted), second.of(Acted)
    compared = min(len(chosen[0]), len(chosen[1]))
    for k in range(compared):
        if chosen[0][k] != chosen[1][k]:
            return f"decision {k + 1}: chose {chosen[0][k]!r} before, {chosen[1][k]!r} now", k
    for k, (a, b) in enumerate(zip(*acted, strict=False)):
        if a.actions != b.actions:
            step = _first_difference(a.actions, b.actions)
            return f"decision {a.decision + 1}: the actions part at step {step}", k
    if len(chosen[0]) != len(chosen[1]) or len(acted[0]) != len(acted[1]):
        return f"{len(chosen[0])} decisions before, {len(chosen[1])} now", compared
    if first.result is None or second.result is None:
        return "one of the runs has no result", compared
    was = first.result.success, first.result.reason, first.result.steps
    now = second.result.success, second.result.reason, second.result.steps
    return ("" if was == now else f"the result: {was} before, {now} now"), compared


def _compare_answers(first: Record, second: Record) -> tuple[str, int]:
    """Return where two records of one question part, and 1: an answer is one decision."""
    answers = [[e.answer for e in r.of(Answered)] for r in (first, second)]
    if len(answers[0]) != len(answers[1]):
        return f"{len(answers[0])} answers before, {len(answers[1])} now", 0
    for was, now in zip(*answers, strict=True):
        for name in ("program", "hint", "verdict", "answer", "value", "unit", "choices"):
            if getattr(was, name) != getattr(now, name):
                return f"{name}: {getattr(was, name)!r} before, {getattr(now, name)!r} now", 0
    return "", len(answers[0])


def _chosen(record: Record) -> list[str]:
    words = {(p.decision, c.id): c.words for p in record.of(Proposed) for c in p.candidates}
    return [words.get((e.decision, e.candidate), e.candidate) for e in record.of(Chosen)]


def _first_difference(a: Sequence[Any], b: Sequence[Any]) -> int:
    for k, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return k
    return min(len(a), len(b))


def _show(value: Any) -> str:
    return json.dumps(value)[:200]
