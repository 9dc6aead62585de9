"""Runs the suite under several conditions and makes its tables."""

import csv
import hashlib
import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from inspect_ai import eval as run_inspect
from inspect_ai.log import EvalLog
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mindseye.eval.minds_eye.conditions import CONDITIONS, program_exact
from mindseye.eval.minds_eye.items import Item, read_items, right, spread
from mindseye.eval.minds_eye.journal import Journal, Response
from mindseye.eval.minds_eye.provider import CONCURRENT
from mindseye.eval.minds_eye.task import minds_eye
from mindseye.eval.stats import mcnemar, paired_difference, wilson
from mindseye.planner.language.models import QUESTIONS, TIMEOUT
from mindseye.tools.errors import BadInput, Unavailable

PATIENCE = 300
"""Seconds after which a model of inspect, which would try for ever, counts as not answering."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One answer with its mark."""

    item: Item
    response: Response

    @property
    def right(self) -> bool:
        """Whether the answer is right."""
        return right(self.item, self.response.answer)

    @property
    def exact(self) -> bool | None:
        """Whether the model wrote exactly the right program."""
        return program_exact(self.item, self.response.answer)


def evaluate(
    conditions: Sequence[str],
    folder: Path,
    *,
    model: str = QUESTIONS,
    path: Path | None = None,
    n: int | None = None,
    progress: bool = True,
    concurrent: int = CONCURRENT,
) -> dict[str, Any]:
    """Answer the same questions under every condition and return the table.

    Args:
      conditions: see `CONDITIONS`.
      folder: gets `answers.jsonl`, inspect's logs, `result.json`, `samples.csv`,
        `accuracy.png`; what was answered there before is not asked again.
      model: as `mindseye --model` takes it, or `inspect:PROVIDER/NAME` for any model of inspect.
      path: JSONL of questions; None takes the 3,900 of the package.
      n: how many of them, the same number of each sub-task.
      progress: show a bar on standard error.
      concurrent: questions that are under way at a time; fewer for a slow server.

    Raises:
      BadInput: no such condition, model or questions; or the folder belongs to another run.
      Unavailable: the model does not answer at all.
    """
    if unknown := [c for c in conditions if c not in CONDITIONS]:
        raise BadInput(f"no condition {unknown[0]!r}; known: {', '.join(CONDITIONS)}")
    if not conditions:
        raise BadInput(f"no condition given; known: {', '.join(CONDITIONS)}")
    every = read_items(path)
    items = every if n is None else spread(every, n)
    journal = Journal(folder, {"model": model, "questions": _digest(every)})
    failed: dict[str, list[str]] = {}
    for condition in conditions:
        if any(journal.get(condition, item.id) is None for item in items):
            failed[condition] = _run(
                condition, journal, model, path, n, folder, progress, concurrent
            )
    known = {i.id: i for i in items}
    scored = [
        Scored(item=known[r.id], response=r)
        for r in journal.found.values()
        if r.id in known and r.condition in conditions
    ]
    if not scored and any(failed.values()):
        raise Unavailable(next(e for errors in failed.values() for e in errors))
    result = table(conditions, scored, len(items), folder)
    for condition, errors in failed.items():
        if errors:
            result["conditions"][condition]["first_error"] = errors[0]
    write_files(folder, result, scored)
    return result


def _digest(items: Sequence[Item]) -> str:
    """Return what tells one set of questions from another, or from itself once edited."""
    text = "\n".join(item.model_dump_json() for item in items)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _run(
    condition: str,
    journal: Journal,
    model: str,
    path: Path | None,
    n: int | None,
    folder: Path,
    progress: bool,
    concurrent: int,
) -> list[str]:
    """Answer what is left under one condition and return the errors of what failed."""
    name = model.removeprefix("inspect:") if model.startswith("inspect:") else f"mindseye/{model}"
    journal.begin()
    with warnings.catch_warnings():
        # inspect's own dependencies warn of each other; none of it is about the questions.
        warnings.simplefilter("ignore", DeprecationWarning)
        logs = run_inspect(
            minds_eye(condition, str(path) if path else None, n, journal, concurrent),
            model=name, log_dir=str(folder / "logs"), display="rich" if progress else "none",
            max_samples=concurrent, fail_on_error=False, log_realtime=False, log_buffer=500,
            log_model_api=False, log_level="error", attempt_timeout=int(TIMEOUT), timeout=PATIENCE,
        )  # fmt: skip
    return _errors(logs)


def _errors(logs: Sequence[EvalLog]) -> list[str]:
    # Of a run that Ctrl-C ended inspect returns no log, or one that says so.
    if not logs or any(log.status == "cancelled" for log in logs):
        raise KeyboardInterrupt
    told = [log.error.message for log in logs if log.error]
    return told + [s.error.message for log in logs for s in log.samples or [] if s.error]


def _row(scored: Sequence[Scored], wanted: int) -> dict[str, Any]:
    hits = sum(s.right for s in scored)
    low, high = wilson(hits, len(scored))
    return {
        "score": hits / len(scored) if scored else 0.0, "low": low, "high": high,
        "n": len(scored), "errors": wanted - len(scored), "unscored": wanted - len(scored),
    }  # fmt: skip


def _groups(scored: Iterable[Scored], by: str) -> dict[str, Any]:
    found: dict[str, list[Scored]] = {}
    for s in scored:
        found.setdefault(str(getattr(s.item, by) or "none"), []).append(s)
    brief = ("score", "low", "high", "n")
    return {
        name: {k: v for k, v in _row(rows, len(rows)).items() if k in brief}
        for name, rows in found.items()
    }


def _costs(scored: Sequence[Scored]) -> dict[str, Any]:
    n = max(1, len(scored))
    responses = [s.response for s in scored]
    # Who writes no program where one is right has not got it right.
    wrote = any(r.answer.mode == "program" for r in responses)
    exact = [s.exact for s in scored if s.exact is not None] if wrote else []
    unusable = sum(not r.answer.answer for r in responses)
    simulated = [r.answer for r in responses if r.answer.simulations]
    costs = {
        "seconds": sum(r.passed for r in responses) / n,
        "tokens_read": sum(r.read for r in responses) / n,
        "tokens_written": sum(r.written for r in responses) / n,
        "simulations": sum(r.answer.simulations for r in responses) / n,
    }
    if simulated:
        costs["ms_simulated"] = 1000 * sum(a.simulation_seconds for a in simulated) / len(simulated)
    if exact:
        costs["program_exact"] = sum(exact) / len(exact)
    if unusable:
        costs["unusable"] = unusable
    return costs


def table(
    conditions: Sequence[str], scored: Sequence[Scored], wanted: int, folder: Path
) -> dict[str, Any]:
    """Return what `mindseye eval minds-eye --json` prints.

    Args:
      conditions: in the order of the table.
      scored: all answers.
      wanted: questions there are; those without an answer are errors and unscored.
      folder: of the run.
    """
    found: dict[str, Any] = {}
    for condition in conditions:
        mine = [s for s in scored if s.response.condition == condition]
        found[condition] = _row(mine, wanted) | _costs(mine)
        found[condition]["by_kind"] = _groups(mine, "scene")
        found[condition]["by_subtask"] = _groups(mine, "subtask")
    return {
        "suite": "minds-eye",
        "conditions": found,
        "differences": _differences(conditions, scored),
        "run": str(folder),
    }


def _differences(conditions: Sequence[str], scored: Sequence[Scored]) -> dict[str, Any]:
    """Compare all conditions in pairs on the questions that both answered."""
    marks: dict[str, dict[str, bool]] = {c: {} for c in conditions}
    for s in scored:
        marks[s.response.condition][s.item.id] = s.right
    found = {}
    for first, second in combinations(conditions, 2):
        both = [i for i in marks[first] if i in marks[second]]
        a, b = [marks[first][i] for i in both], [marks[second][i] for i in both]
        gap = paired_difference(a, b)
        found[f"{second} - {first}"] = {
            "difference": gap.difference, "low": gap.low, "high": gap.high, "n": gap.n,
            "p": mcnemar(a, b),
        }  # fmt: skip
    return found


def write_files(folder: Path, result: Mapping[str, Any], scored: Sequence[Scored]) -> None:
    """Write `result.json`, `samples.csv` and `accuracy.png` into the folder."""
    (folder / "result.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    with (folder / "samples.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(
            ("condition", "id", "scene", "subtask", "right", "answer", "expected", "confidence",
             "program_exact", "tokens_read", "tokens_written", "simulations", "seconds")
        )  # fmt: skip
        for s in scored:
            r, a = s.response, s.response.answer
            rows.writerow(
                (r.condition, s.item.id, s.item.scene, s.item.subtask, int(s.right), a.answer,
                 s.item.answer, round(a.confidence, 4), s.exact, r.read, r.written, a.simulations,
                 round(r.seconds, 3))
            )  # fmt: skip
    _plot(folder / "accuracy.png", result["conditions"])


def _plot(path: Path, conditions: Mapping[str, Any]) -> None:
    """Draw the accuracy of each condition, over all and by scene, with 95 % intervals."""
    scenes = list(dict.fromkeys(k for row in conditions.values() for k in row["by_kind"]))
    groups = ["all", *(scenes if len(scenes) > 1 else [])]
    figure = Figure(figsize=(1.6 + 1.5 * len(groups), 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    width = 0.85 / max(1, len(conditions))
    for i, (name, row) in enumerate(conditions.items()):
        parts = [row if g == "all" else row["by_kind"].get(g) for g in groups]
        shown = [(x, p) for x, p in enumerate(parts) if p and p["n"]]
        places = [x + (i - (len(conditions) - 1) / 2) * width for x, _ in shown]
        scores = [p["score"] for _, p in shown]
        errors = [[max(0.0, p["score"] - p["low"]) for _, p in shown],
                  [max(0.0, p["high"] - p["score"]) for _, p in shown]]  # fmt: skip
        axes.bar(places, scores, width, yerr=errors, label=name, error_kw={"linewidth": 0.8})
    axes.set_xticks(range(len(groups)), [g.replace("_", " ") for g in groups])
    axes.set_ylim(0, 1.02)
    axes.set_ylabel("share answered right")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=4, fontsize=8, frameon=False)
    figure.savefig(path, dpi=120)
