"""Runs the agent on the task sets, row by row of the table, on the same seeds.

Scores come from the world's true state, through a scorer that the agent never
holds. Every finished sample is a line on disk at once, so a killed evaluation
goes on where it stopped.
"""

import contextlib
import json
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mindseye.eval.reliability import calibration_row, raw_pairs, write_reliability
from mindseye.eval.rows import NO_AXES, Axes, Row, rows
from mindseye.eval.stats import paired_difference, wilson
from mindseye.eval.trial import Sample, Stage, Trial, lost_sample, run_trial
from mindseye.planner.calibration import fit, read_calibration
from mindseye.planner.config import Config, merge
from mindseye.tools.errors import BadInput, needs_extra
from mindseye.tools.spread.crews import Where, make_crew
from mindseye.tools.spread.giving import spread
from mindseye.tools.spread.interface import Job, Work
from mindseye.tools.spread.view import View
from mindseye.tools.world.tasks import TASK_SETS


def _read(path: Path) -> list[Sample]:
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    if text and not text.endswith("\n"):
        # What comes next must not be glued to a line torn by a kill.
        path.write_text(text + "\n", encoding="utf-8")
    lines = text.splitlines()
    found = []
    for line in lines:
        try:
            found.append(_sample_of(json.loads(line)))
        except (json.JSONDecodeError, TypeError):
            continue  # a line torn by a kill: that sample is run again
    return found


def _sample_of(data: dict[str, Any]) -> Sample:
    told = {"foretold": tuple(tuple(f) for f in data.get("foretold", ()))}
    return Sample(**data | told | {"thought": tuple(data.get("thought", ()))})


def _trials(task_set: str, n: int, seed: int, wanted: Sequence[Row]) -> Iterator[Trial]:
    # By task, not by row: an evaluation cut short has all rows alike.
    for index in range(n):
        for row in wanted:
            yield Trial(task_set=task_set, seed=seed, row=row, index=index)


def _run(
    todo: Sequence[Trial], config: Config, wanted: Sequence[Row], where: Where, folder: Path,
    view: View,
) -> Generator[Sample, None, None]:  # fmt: skip
    """Let workers run trials; each sample is on disk when it is yielded."""
    work = Work(start=partial(Stage, config, tuple(wanted)), do=run_trial)
    by_name = {trial.name: trial for trial in todo}
    jobs = (Job(name=name, given=trial) for name, trial in by_name.items())
    traces = folder / "samples"
    traces.mkdir(exist_ok=True)
    path = folder / "samples.jsonl"
    with (
        path.open("a", encoding="utf-8") as file,
        contextlib.closing(spread(make_crew(work, where), jobs, watch=view)) as results,
    ):
        for done in results:
            if done.lost:
                sample = lost_sample(by_name[done.name], done.lost)
            else:
                sample = done.value.sample
                (traces / f"{done.name}.jsonl").write_text(done.value.trace, encoding="utf-8")
            file.write(json.dumps(asdict(sample)) + "\n")
            file.flush()
            yield sample
    view.close()


def evaluate(
    task_set: str,
    n: int,
    conditions: Sequence[str],
    config: Config,
    folder: Path,
    *,
    axes: Axes = NO_AXES,
    seed: int = 0,
    workers: int | None = None,
    ray: str | None = None,
    gpus: float = 0.0,
    share_video: bool = False,
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
      workers: processes, two by default, which share the config's threads; with `ray` actors
        that hold as many CPUs as the config has threads, by default as many as there is room for.
      ray: address of a Ray cluster.
      gpus: that each of its actors holds; with `share_video` the generator alone.
      share_video: one actor imagines for all others, in batches.
      progress: show how things stand on standard error.
      calibrate: file to write a calibration to, fitted to the pushes of all rows.

    Raises:
      BadInput: no such set or condition, a budget or gate that cannot be, a calibration that
        cannot be read, or no place to write one.
      Unavailable: curves are to be drawn and matplotlib is missing; or no such cluster.
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
    trials = _trials(task_set, n, seed, wanted)
    todo = [t for t in trials if (t.row.name, t.index) not in finished]
    view = View("samples", len(todo), shown=progress and bool(todo))
    if todo:
        with (
            _place(config, workers, ray, gpus, share_video) as (config, where),
            contextlib.closing(_run(todo, config, wanted, where, folder, view)) as made,
        ):
            for sample in made:
                finished[sample.condition, sample.index] = sample
    samples = [s for s in finished.values() if s.index < n]
    result = table(task_set, wanted, samples, folder, seed) | {"work": view.spent()}
    if axes.curved:
        _curves().write_curves(folder, wanted, result["conditions"])
    by_row = {r.name: [s.foretold for s in samples if s.condition == r.name] for r in wanted}
    write_reliability(folder, by_row)
    if calibrate is not None:
        found = fit(raw_pairs(by_row.values()))
        calibrate.write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
        result["calibrated"] = {"file": str(calibrate), "pairs": found.pairs}
    return result


@contextlib.contextmanager
def _place(
    config: Config, workers: int | None, ray: str | None, gpus: float, share_video: bool
) -> Iterator[tuple[Config, Where]]:
    """Yield the config with the threads and the generator of one worker, and where they are."""
    if ray is None:
        if share_video:
            raise BadInput("--share-video: workers share what is in a Ray cluster; give --ray")
        count = workers or 2
        config = merge(config, {"threads": max(1, config.threads // count)})
        yield config, Where(workers=count, gpus=gpus)
    elif share_video:
        from mindseye.planner.lent import lent_video

        with lent_video(config, ray, gpus) as shared:
            yield shared, Where(workers=workers, ray=ray, cpus=config.threads)
    else:
        yield config, Where(workers=workers, ray=ray, cpus=config.threads, gpus=gpus)


def _curves() -> Any:
    """Return the module that draws.

    Raises:
      Unavailable: it needs a package that is not installed.
    """
    with needs_extra("a budget curve", "eval"):
        from mindseye.eval import curves
    return curves


def _row(samples: Sequence[Sample]) -> dict[str, Any]:
    scored = [s for s in samples if s.success is not None]
    solved = sum(bool(s.success) for s in scored)
    low, high = wilson(solved, len(scored))
    decisions = sum(s.decisions for s in scored)
    each = [t for s in scored for t in s.thought]
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
        "decision_median": float(np.quantile(each, 0.5)) if each else 0.0,
        "decision_p95": float(np.quantile(each, 0.95)) if each else 0.0,
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
