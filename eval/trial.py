"""One task in one row of the tabletop table: what a worker is asked, does and returns.

A worker loads models and opens worlds once; what it made goes back as values, so that only the
process that asked writes files, and a task that was begun twice leaves one result.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from mindseye.eval.reliability import Foretold
from mindseye.eval.rows import Row
from mindseye.planner.config import Config, merge
from mindseye.tools.errors import BadInput, MindseyeError
from mindseye.tools.world.tasks import Task, task


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One task in one row of the table."""

    condition: str
    """Name of the row."""
    index: int
    kind: str
    success: bool | None
    """None: the machinery failed, so there is nothing to score."""
    claimed: bool
    """What the agent believed."""
    reason: str
    seconds: float
    decisions: int
    steps: int
    cost: dict[str, float]
    clips: int | None = None
    """Simulated and imagined; None in samples of before they were counted."""
    simulated: int | None = None
    imagined: int | None = None
    foretold: tuple[Foretold, ...] = ()
    """Of each push that was pictured and made."""
    thought: tuple[float, ...] = ()
    """Seconds that each decision took."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What a worker is asked to do."""

    task_set: str
    seed: int
    row: Row
    index: int

    @property
    def name(self) -> str:
        """Return what tells it from the others, such as `both-mcts-0007`."""
        return f"{self.row.name}-{self.index:04d}"

    @property
    def task(self) -> Task:
        """Return the task."""
        return task(self.task_set, self.index, self.seed)


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What came of it."""

    sample: Sample
    trace: str
    """Its events as JSONL."""


class Stage:
    """Models and worlds of a worker, loaded once."""

    def __init__(self, config: Config, wanted: Sequence[Row]) -> None:
        """Load the models and open the world that most rows share.

        Raises:
          MindseyeError: they cannot be loaded.
        """
        from mindseye.planner.agent import Agent

        self.agent = Agent.from_config(merge(config, {"tools": _tools(wanted)}))
        self._worlds: dict[str, tuple[Any, Any]] = {}
        self.world(config)

    def world(self, config: Config) -> tuple[Any, Any]:
        """Return a world with the config's options, and its scorer; each is opened once."""
        from mindseye.tools.world import make_world

        key = json.dumps(config.world_options, sort_keys=True)
        if key not in self._worlds:
            world = make_world(config.world, seed=config.seed, **config.world_options)
            self._worlds[key] = world, world.take_scorer()
        return self._worlds[key]

    def agent_of(self, row: Row, config: Config, scorer: Any) -> Any:
        """Return the agent of a row, with just its tools; the models are shared."""
        from mindseye.planner.agent import Agent

        full, physics = self.agent, self.agent.eye.physics
        if row.condition == "oracle":
            from mindseye.eval.oracle import OraclePhysics

            dynamics = config.world_options.get("dynamics")
            physics = OraclePhysics(scorer.truth, dynamics, threads=config.threads)
        eye = replace(
            full.eye,
            physics=physics if row.tools in ("physics", "both") else None,
            video=full.eye.video if row.tools in ("video", "both") else None,
        )
        agent = Agent(config, full.mind, eye, full.decoder)
        agent.random_judge = row.condition == "random"
        if row.condition == "vlp":
            from mindseye.eval.vlp import decide

            agent.decide = decide
        return agent


def _tools(wanted: Sequence[Row]) -> str:
    """Return the least `tools` setting that serves all rows."""
    video = {"video", "both"} & {r.tools for r in wanted}
    physics = {"physics", "both"} & {r.tools for r in wanted}
    return "both" if video and physics else "video" if video else "physics" if physics else "none"


def run_trial(stage: Stage, trial: Trial) -> Tried:
    """Let the row's agent solve the task, and score it by the world's true state."""
    wanted = trial.task
    config = replace(trial.row.settings(stage.agent.config), seed=wanted.seed)
    world, scorer = stage.world(config)
    world.prepare(seed=wanted.seed, options=wanted.options)
    events: list[Any] = []
    started = time.monotonic()
    try:
        agent = stage.agent_of(trial.row, config, scorer)
        result = agent.run(wanted.words, world, on_event=events.append)
    except BadInput as error:
        # The agent refused a task that makes sense: its failure, not the machinery's.
        sample = _sample(trial, wanted, False, False, f"refused: {error}", started, events)
    except MindseyeError as error:
        sample = _sample(trial, wanted, None, False, f"error: {error}", started, events)
    else:
        solved = wanted.solved(*scorer.truth())
        sample = _sample(trial, wanted, solved, result.success, result.reason, started, events)
    return Tried(sample=sample, trace="".join(e.model_dump_json() + "\n" for e in events))


def lost_sample(trial: Trial, why: str) -> Sample:
    """Return the sample of a trial that cost every worker its life: unscored."""
    return Sample(
        condition=trial.row.name, index=trial.index, kind=trial.task.kind, success=None,
        claimed=False, reason=f"error: {why}", seconds=0.0, decisions=0, steps=0, cost={},
    )  # fmt: skip


def _sample(
    trial: Trial, wanted: Task, success: bool | None, claimed: bool, reason: str, started: float,
    events: list[Any],
) -> Sample:  # fmt: skip
    cost = next((dict(e.cost) for e in events if e.kind == "finished"), {})
    made = [e for e in events if e.kind in ("searched", "abstained")]
    clips = sum(e.clips if e.kind == "searched" else e.simulated + e.imagined for e in made)
    return Sample(
        condition=trial.row.name, index=trial.index, kind=wanted.kind, success=success,
        claimed=claimed, reason=reason, seconds=time.monotonic() - started,
        decisions=sum(e.kind == "chosen" for e in events),
        steps=sum(e.steps for e in events if e.kind == "acted"), cost=cost,
        clips=clips, simulated=sum(e.simulated for e in made),
        imagined=sum(e.imagined for e in made),
        foretold=tuple(
            (e.raw, e.probability, e.happened) for e in events if e.kind == "happened"
        ),
        thought=_thought(events),
    )  # fmt: skip


def _thought(events: Sequence[Any]) -> tuple[float, ...]:
    """Return the seconds from each look to what was then chosen."""
    looked = {e.decision: e.t for e in events if e.kind == "observed"}
    return tuple(round(e.t - looked[e.decision], 4) for e in events if e.kind == "chosen")
