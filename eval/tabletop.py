"""Runs the agent on the task sets under several conditions, on the same seeds.

Scores come from the world's true state, through a scorer that the agent never
holds. Every finished sample is a line on disk at once, so a killed evaluation
goes on where it stopped.
"""

import json
import multiprocessing
import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mindseye.eval.stats import paired_difference, wilson
from mindseye.planner.config import Config, merge
from mindseye.tools.errors import BadInput, MindseyeError
from mindseye.tools.world.tasks import TASK_SETS, Task, tasks

CONDITIONS = ("none", "physics", "video", "both", "random", "oracle")
"""Tools the agent may use; `random` makes the pictures of `video` and draws their values by lot,
`oracle` simulates with the world's own places and dynamics."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One task under one condition."""

    condition: str
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


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a worker is asked to do."""

    task_set: str
    n: int
    seed: int
    condition: str
    index: int
    folder: str


_worker: dict[str, Any] = {}
"""Models and world of a worker process, loaded once."""


def _tools(conditions: Sequence[str]) -> str:
    """Return the least `tools` setting that serves all conditions."""
    video = {"video", "both", "random"} & set(conditions)
    physics = {"physics", "both", "oracle"} & set(conditions)
    return "both" if video and physics else "video" if video else "physics" if physics else "none"


def _follow_parent() -> None:
    """End this worker with the evaluation that started it, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _load(config: Config, conditions: Sequence[str]) -> None:
    """Load models and world; what goes wrong is kept, since a pool would swallow it."""
    from mindseye.planner.agent import Agent
    from mindseye.tools.world import make_world

    threading.Thread(target=_follow_parent, daemon=True).start()
    try:
        _worker["agent"] = Agent.from_config(merge(config, {"tools": _tools(conditions)}))
        world = make_world(config.world, seed=config.seed, **config.world_options)
    except MindseyeError as error:
        _worker["error"] = error
    else:
        _worker["world"], _worker["scorer"] = world, world.take_scorer()


def _agent_for(condition: str, seed: int) -> Any:
    """Return the agent with just the tools of a condition; the models are shared."""
    from mindseye.planner.agent import Agent

    full = _worker["agent"]
    tools = {"random": "video", "oracle": "physics"}.get(condition, condition)
    physics = full.eye.physics
    if condition == "oracle":
        from mindseye.eval.oracle import OraclePhysics

        dynamics = full.config.world_options.get("dynamics")
        physics = OraclePhysics(_worker["scorer"].truth, dynamics, threads=full.config.threads)
    eye = replace(
        full.eye,
        physics=physics if tools in ("physics", "both") else None,
        video=full.eye.video if tools in ("video", "both") else None,
    )
    settings = replace(full.config, tools=tools, seed=seed)
    agent = Agent(settings, full.mind, eye, full.decoder)
    agent.random_judge = condition == "random"
    return agent


def _run(job: Job) -> Sample:
    if "error" in _worker:
        raise _worker["error"]
    task = tasks(job.task_set, job.n, job.seed)[job.index]
    world = _worker["world"]
    world.prepare(seed=task.seed, options=task.options)
    events: list[Any] = []
    started = time.monotonic()
    try:
        result = _agent_for(job.condition, task.seed).run(task.words, world, on_event=events.append)
    except BadInput as error:
        # The agent refused a task that makes sense: its failure, not the machinery's.
        sample = _sample(job, task, False, False, f"refused: {error}", started, events)
    except MindseyeError as error:
        sample = _sample(job, task, None, False, f"error: {error}", started, events)
    else:
        solved = task.solved(*_worker["scorer"].truth())
        sample = _sample(job, task, solved, result.success, result.reason, started, events)
    trace = Path(job.folder) / "samples" / f"{job.condition}-{job.index:04d}.jsonl"
    trace.parent.mkdir(parents=True, exist_ok=True)
    trace.write_text("".join(e.model_dump_json() + "\n" for e in events), encoding="utf-8")
    return sample


def _sample(
    job: Job, task: Task, success: bool | None, claimed: bool, reason: str, started: float,
    events: list[Any],
) -> Sample:  # fmt: skip
    cost = next((dict(e.cost) for e in events if e.kind == "finished"), {})
    return Sample(
        condition=job.condition, index=job.index, kind=task.kind, success=success,
        claimed=claimed, reason=reason, seconds=time.monotonic() - started,
        decisions=sum(e.kind == "chosen" for e in events),
        steps=sum(e.steps for e in events if e.kind == "acted"), cost=cost,
    )  # fmt: skip


def _read(path: Path) -> list[Sample]:
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    found = []
    for line in lines:
        try:
            found.append(Sample(**json.loads(line)))
        except (json.JSONDecodeError, TypeError):
            continue  # a line torn by a kill: that sample is run again
    return found


def _jobs(
    task_set: str, n: int, seed: int, conditions: Sequence[str], folder: Path
) -> Iterator[Job]:
    # By task, not by condition: an evaluation cut short has all conditions alike.
    for index in range(n):
        for condition in conditions:
            yield Job(
                task_set=task_set, n=n, seed=seed, condition=condition, index=index,
                folder=str(folder),
            )  # fmt: skip


def evaluate(
    task_set: str,
    n: int,
    conditions: Sequence[str],
    config: Config,
    folder: Path,
    *,
    seed: int = 0,
    workers: int = 2,
    progress: bool = True,
) -> dict[str, Any]:
    """Run every condition on the same tasks and return the table.

    Args:
      task_set: short, long or hazard.
      n: tasks.
      conditions: see `CONDITIONS`.
      config: settings of the agent; `tools` is overridden by the condition.
      folder: where samples and traces go; what is there already is not run again.
      seed: seed of the task set.
      workers: processes.
      progress: show a bar on standard error.

    Raises:
      BadInput: no such set or condition.
    """
    if task_set not in TASK_SETS:
        raise BadInput(f"no task set called {task_set!r}; known: {', '.join(TASK_SETS)}")
    if unknown := sorted(set(conditions) - set(CONDITIONS)):
        raise BadInput(f"no condition {unknown[0]!r}; known: {', '.join(CONDITIONS)}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "samples.jsonl"
    finished = {(s.condition, s.index): s for s in _read(path)}
    todo = [
        j
        for j in _jobs(task_set, n, seed, conditions, folder)
        if (j.condition, j.index) not in finished
    ]
    if todo:
        config = merge(config, {"threads": max(1, config.threads // workers)})
        for sample in _work(todo, config, conditions, workers, progress):
            finished[sample.condition, sample.index] = sample
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(sample)) + "\n")
    samples = [s for s in finished.values() if s.index < n]
    return table(task_set, conditions, samples, folder)


def _work(
    jobs: Sequence[Job], config: Config, conditions: Sequence[str], workers: int, progress: bool
) -> Iterator[Sample]:
    from tqdm import tqdm

    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=_load, initargs=(config, tuple(conditions))
    ) as pool:
        futures = [pool.submit(_run, job) for job in jobs]
        try:
            bar = tqdm(as_completed(futures), total=len(futures), disable=not progress)
            for future in bar:
                yield future.result()
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _row(samples: Sequence[Sample]) -> dict[str, Any]:
    scored = [s for s in samples if s.success is not None]
    solved = sum(bool(s.success) for s in scored)
    low, high = wilson(solved, len(scored))
    decisions = sum(s.decisions for s in scored)
    thinking = sum(s.cost.get("decision", 0.0) for s in scored)
    return {
        "score": solved / len(scored) if scored else 0.0,
        "low": low,
        "high": high,
        "n": len(scored),
        "errors": len(samples) - len(scored),
        "unscored": len(samples) - len(scored),
        "seconds": sum(s.seconds for s in samples) / len(samples) if samples else 0.0,
        "decisions": decisions / len(scored) if scored else 0.0,
        "seconds_per_decision": thinking / decisions if decisions else 0.0,
        "false_claims": sum(s.claimed and not s.success for s in scored),
    }


def table(
    task_set: str, conditions: Sequence[str], samples: Iterable[Sample], folder: Path
) -> dict[str, Any]:
    """Return what `mindseye eval tabletop --json` prints."""
    samples = list(samples)
    found: dict[str, Any] = {}
    for condition in conditions:
        mine = sorted((s for s in samples if s.condition == condition), key=lambda s: s.index)
        row = _row(mine)
        kinds = dict.fromkeys(s.kind for s in mine)
        row["by_kind"] = {
            k: {x: v for x, v in _row([s for s in mine if s.kind == k]).items() if x in _BRIEF}
            for k in kinds
        }
        found[condition] = row
    return {
        "suite": f"tabletop/{task_set}",
        "conditions": found,
        "differences": _differences(conditions, samples),
        "run": str(folder),
    }


_BRIEF = ("score", "low", "high", "n")


def _differences(conditions: Sequence[str], samples: Sequence[Sample]) -> dict[str, Any]:
    """Compare every condition with the first, task by task."""
    by_key = {(s.condition, s.index): s.success for s in samples}
    first, found = conditions[0], {}
    for other in conditions[1:]:
        pairs = [
            (by_key[first, i], by_key[other, i])
            for i in sorted({s.index for s in samples})
            if by_key.get((first, i)) is not None and by_key.get((other, i)) is not None
        ]
        pair = paired_difference([bool(a) for a, _ in pairs], [bool(b) for _, b in pairs])
        found[f"{other} - {first}"] = asdict(pair)
    return found
