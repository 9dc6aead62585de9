"""Runs the agent on the task sets, row by row of the table, on the same seeds.

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

from mindseye.eval.reliability import Foretold, calibration_row, raw_pairs, write_reliability
from mindseye.eval.rows import NO_AXES, Axes, Row, rows
from mindseye.eval.stats import paired_difference, wilson
from mindseye.planner.calibration import fit, read_calibration
from mindseye.planner.config import Config, merge
from mindseye.tools.errors import BadInput, MindseyeError, needs_extra
from mindseye.tools.world.tasks import TASK_SETS, Task, tasks


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


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a worker is asked to do."""

    task_set: str
    n: int
    seed: int
    row: Row
    index: int
    folder: str


_worker: dict[str, Any] = {}
"""Models and worlds of a worker process, loaded once."""


def _tools(wanted: Sequence[Row]) -> str:
    """Return the least `tools` setting that serves all rows."""
    video = {"video", "both"} & {r.tools for r in wanted}
    physics = {"physics", "both"} & {r.tools for r in wanted}
    return "both" if video and physics else "video" if video else "physics" if physics else "none"


def _follow_parent() -> None:
    """End this worker with the evaluation that started it, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _load(config: Config, wanted: Sequence[Row]) -> None:
    """Load models and world; what goes wrong is kept, since a pool would swallow it."""
    from mindseye.planner.agent import Agent

    threading.Thread(target=_follow_parent, daemon=True).start()
    try:
        _worker["agent"] = Agent.from_config(merge(config, {"tools": _tools(wanted)}))
        _world(config)
    except MindseyeError as error:
        _worker["error"] = error


def _world(config: Config) -> tuple[Any, Any]:
    """Return a world with the config's options, and its scorer; each world is opened once."""
    from mindseye.tools.world import make_world

    key = f"world {json.dumps(config.world_options, sort_keys=True)}"
    if key not in _worker:
        world = make_world(config.world, seed=config.seed, **config.world_options)
        _worker[key] = world, world.take_scorer()
    found: tuple[Any, Any] = _worker[key]
    return found


def _agent(row: Row, config: Config, scorer: Any) -> Any:
    """Return the agent of a row, with just its tools; the models are shared."""
    from mindseye.planner.agent import Agent

    full, physics = _worker["agent"], _worker["agent"].eye.physics
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


def _run(job: Job) -> Sample:
    if "error" in _worker:
        raise _worker["error"]
    task = tasks(job.task_set, job.n, job.seed)[job.index]
    config = replace(job.row.settings(_worker["agent"].config), seed=task.seed)
    world, scorer = _world(config)
    world.prepare(seed=task.seed, options=task.options)
    events: list[Any] = []
    started = time.monotonic()
    try:
        agent = _agent(job.row, config, scorer)
        result = agent.run(task.words, world, on_event=events.append)
    except BadInput as error:
        # The agent refused a task that makes sense: its failure, not the machinery's.
        sample = _sample(job, task, False, False, f"refused: {error}", started, events)
    except MindseyeError as error:
        sample = _sample(job, task, None, False, f"error: {error}", started, events)
    else:
        solved = task.solved(*scorer.truth())
        sample = _sample(job, task, solved, result.success, result.reason, started, events)
    trace = Path(job.folder) / "samples" / f"{job.row.name}-{job.index:04d}.jsonl"
    trace.parent.mkdir(parents=True, exist_ok=True)
    trace.write_text("".join(e.model_dump_json() + "\n" for e in events), encoding="utf-8")
    return sample


def _sample(
    job: Job, task: Task, success: bool | None, claimed: bool, reason: str, started: float,
    events: list[Any],
) -> Sample:  # fmt: skip
    cost = next((dict(e.cost) for e in events if e.kind == "finished"), {})
    made = [e for e in events if e.kind in ("searched", "abstained")]
    clips = sum(e.clips if e.kind == "searched" else e.simulated + e.imagined for e in made)
    return Sample(
        condition=job.row.name, index=job.index, kind=task.kind, success=success,
        claimed=claimed, reason=reason, seconds=time.monotonic() - started,
        decisions=sum(e.kind == "chosen" for e in events),
        steps=sum(e.steps for e in events if e.kind == "acted"), cost=cost,
        clips=clips, simulated=sum(e.simulated for e in made),
        imagined=sum(e.imagined for e in made),
        foretold=tuple(
            (e.raw, e.probability, e.happened) for e in events if e.kind == "happened"
        ),
    )  # fmt: skip


def _read(path: Path) -> list[Sample]:
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    found = []
    for line in lines:
        try:
            found.append(_sample_of(json.loads(line)))
        except (json.JSONDecodeError, TypeError):
            continue  # a line torn by a kill: that sample is run again
    return found


def _sample_of(data: dict[str, Any]) -> Sample:
    return Sample(**data | {"foretold": tuple(tuple(f) for f in data.get("foretold", ()))})


def _jobs(task_set: str, n: int, seed: int, wanted: Sequence[Row], folder: Path) -> Iterator[Job]:
    # By task, not by row: an evaluation cut short has all rows alike.
    for index in range(n):
        for row in wanted:
            yield Job(
                task_set=task_set, n=n, seed=seed, row=row, index=index, folder=str(folder)
            )  # fmt: skip


def evaluate(
    task_set: str,
    n: int,
    conditions: Sequence[str],
    config: Config,
    folder: Path,
    *,
    axes: Axes = NO_AXES,
    seed: int = 0,
    workers: int = 2,
    progress: bool = True,
    calibrate: Path | None = None,
) -> dict[str, Any]:
    """Run every row on the same tasks and return the table.

    Args:
      task_set: short, long or hazard.
      n: tasks.
      conditions: see `rows.CONDITIONS`.
      config: settings of the agent; a row overrides what it is about.
      folder: where samples and traces go; what is there already is not run again. It gets
        `reliability.csv` (and `.png`, where matplotlib is) of what was foretold and what then
        happened, and with more than one budget `budget.csv` and `budget.png`.
      axes: searches, gates, budgets and dynamics; every condition is run with each of them.
      seed: seed of the task set.
      workers: processes.
      progress: show a bar on standard error.
      calibrate: file to write a calibration to, fitted to the pushes of all rows.

    Raises:
      BadInput: no such set or condition, a budget or gate that cannot be, a calibration that
        cannot be read, or no place to write one.
      Unavailable: curves are to be drawn and matplotlib is missing.
    """
    if task_set not in TASK_SETS:
        raise BadInput(f"no task set called {task_set!r}; known: {', '.join(TASK_SETS)}")
    wanted = rows(conditions, axes)
    for row in wanted:
        row.settings(config)
    read_calibration(config.calibration)
    if calibrate is not None and not calibrate.absolute().parent.is_dir():
        raise BadInput(f"--calibrate {str(calibrate)!r}: there is no such folder")
    if axes.curved:
        _curves()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "samples.jsonl"
    finished = {(s.condition, s.index): s for s in _read(path)}
    todo = [
        j for j in _jobs(task_set, n, seed, wanted, folder) if (j.row.name, j.index) not in finished
    ]
    if todo:
        config = merge(config, {"threads": max(1, config.threads // workers)})
        for sample in _work(todo, config, wanted, workers, progress):
            finished[sample.condition, sample.index] = sample
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(sample)) + "\n")
    samples = [s for s in finished.values() if s.index < n]
    result = table(task_set, wanted, samples, folder, seed)
    if axes.curved:
        _curves().write_curves(folder, wanted, result["conditions"])
    by_row = {r.name: [s.foretold for s in samples if s.condition == r.name] for r in wanted}
    write_reliability(folder, by_row)
    if calibrate is not None:
        found = fit(raw_pairs(by_row.values()))
        calibrate.write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
        result["calibrated"] = {"file": str(calibrate), "pairs": found.pairs}
    return result


def _curves() -> Any:
    """Return the module that draws.

    Raises:
      Unavailable: it needs a package that is not installed.
    """
    with needs_extra("a budget curve", "eval"):
        from mindseye.eval import curves
    return curves


def _work(
    jobs: Sequence[Job], config: Config, wanted: Sequence[Row], workers: int, progress: bool
) -> Iterator[Sample]:
    from tqdm import tqdm

    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=_load, initargs=(config, tuple(wanted))
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

    def per_decision(name: str) -> float:
        counted = [s for s in scored if getattr(s, name) is not None]
        taken = sum(s.decisions for s in counted)
        return sum(getattr(s, name) for s in counted) / taken if taken else 0.0

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
        "clips_per_decision": per_decision("clips"),
        "simulated_per_decision": per_decision("simulated"),
        "imagined_per_decision": per_decision("imagined"),
        "false_claims": sum(s.claimed and not s.success for s in scored),
    }


def table(
    task_set: str, wanted: Sequence[Row], samples: Iterable[Sample], folder: Path, seed: int = 0
) -> dict[str, Any]:
    """Return what `mindseye eval tabletop --json` prints.

    Args:
      task_set: short, long or hazard.
      wanted: rows, in the order of the table.
      samples: of these rows.
      folder: of the run.
      seed: seed of the task set.
    """
    samples = list(samples)
    found: dict[str, Any] = {}
    for name in (r.name for r in wanted):
        mine = sorted((s for s in samples if s.condition == name), key=lambda s: s.index)
        row = _row(mine)
        kinds = dict.fromkeys(s.kind for s in mine)
        row["by_kind"] = {
            k: {x: v for x, v in _row([s for s in mine if s.kind == k]).items() if x in _BRIEF}
            for k in kinds
        }
        row["calibration"] = calibration_row([s.foretold for s in mine])
        row["successes"] = {str(s.index): s.success for s in mine}
        found[name] = row
    return {
        "suite": f"tabletop/{task_set}",
        "seed": seed,
        "conditions": found,
        "differences": _differences(wanted, samples),
        "run": str(folder),
    }


_BRIEF = ("score", "low", "high", "n")


def _differences(wanted: Sequence[Row], samples: Sequence[Sample]) -> dict[str, Any]:
    """Compare, task by task, every row with the first and shifted dynamics with unshifted."""
    by_key = {(s.condition, s.index): s.success for s in samples}
    pairs = [(wanted[0], other) for other in wanted[1:]]
    pairs += [(replace(r, shift=()), r) for r in wanted if r.shift]
    found = {}
    for first, other in ((a.name, b.name) for a, b in pairs):
        both = [
            (bool(by_key[first, i]), bool(by_key[other, i]))
            for i in sorted({s.index for s in samples})
            if by_key.get((first, i)) is not None and by_key.get((other, i)) is not None
        ]
        gap = paired_difference([a for a, _ in both], [b for _, b in both])
        found[f"{other} - {first}"] = asdict(gap)
    return found
