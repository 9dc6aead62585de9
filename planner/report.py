"""The run as one HTML page that needs nothing else: no network, no server, no outside script."""

import base64
import functools
import hashlib
import importlib.resources
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mindseye.planner.calibration import Pair
from mindseye.planner.events import (
    Acted,
    Asked,
    Checked,
    Chosen,
    Failed,
    Finished,
    Imagined,
    Judged,
    Observed,
    Proposed,
    RunStarted,
    Simulated,
    Understood,
)
from mindseye.planner.record import Record, read_record
from mindseye.planner.report_decisions import Link, data_uri, decision_view, split
from mindseye.planner.report_map import View
from mindseye.planner.report_question import question_facts, question_view
from mindseye.planner.report_reliability import pairs_beside, pairs_of, reliability_view
from mindseye.planner.trust import PRIOR, Trust
from mindseye.tools.errors import BadInput

_STAGE_FILL = {
    "language": "#3e7bfa", "video": "#8f63e8", "physics": "#0b9fae", "vision": "#30a46c",
    "acting": "#e08a1e", "world": "#e08a1e", "everything else": "#9aa0ac",
}  # fmt: skip
_CONTROL = {c: "\ufffd" for c in (*range(32), *range(127, 160)) if chr(c) not in "\n\r\t"}
_OTHER_FILLS = ("#d6477f", "#7a8b3c", "#5b6b8c", "#b5651d")


def write_report(folder: Path, beside: Sequence[Path] = ()) -> Path:
    """Write `report.html` into the run's folder and return its path.

    Every text is escaped, and a content policy keeps the page from loading or
    running anything but its own script: model text is never markup.

    Args:
      folder: of the run.
      beside: further runs, or folders of runs, whose pushes the reliability plot counts too.

    Raises:
      BadInput: a folder holds no record, or the page cannot be written.
    """
    path = folder / "report.html"
    page = render(read_record(folder), pairs_beside(beside, folder))
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"cannot write {str(path)!r}: {error.strerror}") from error
    return path


def render(record: Record, beside: Sequence[Pair] = ()) -> str:
    """Return the page of a record, with pairs of other runs in its reliability plot."""
    script = asset("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        templates()
        .get_template("report.html.jinja")
        .render(
            css=Markup("".join(map(asset, ("palette.css", "report.css", "pieces.css")))),
            script=Markup(script),
            script_hash=Markup(digest),
            reliability=reliability_view([*pairs_of(record), *beside]),
            **run_view(record, functools.partial(data_uri, record.folder)),
        )
    )


def templates(*more: str) -> Environment:
    """Return the templates of the report, and of folders `more` within this package.

    Every text is escaped: model text is never markup.
    """
    return Environment(
        loader=ChoiceLoader([PackageLoader("mindseye.planner", f) for f in (*more, "templates")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_without_control,
    )


def _without_control(value: Any) -> Any:
    """Put a visible sign for each control character of a text; `Markup` stays what it is."""
    if isinstance(value, str) and not value.isprintable():
        return value.translate(_CONTROL)
    return value


def asset(name: str) -> str:
    """Return a stylesheet or script of the report."""
    file = importlib.resources.files("mindseye.planner") / "templates" / name
    return file.read_text(encoding="utf-8")


def run_view(record: Record, link: Link) -> View:
    """Return what a page shows of a run.

    Args:
      record: also of a run that goes on.
      link: finds the run's pictures.
    """
    groups = split(record.events)
    looks = record.of(Observed)
    decisions = [
        decision_view(link, n, group, next((o for o in looks if o.decision > n), None))
        for n, group in sorted(groups.items())
    ]
    early = [e for e in record.of(Failed) if not any(e in g for g in groups.values())]
    document = record.document
    versions = document.get("versions") or {}
    config = document.get("config") or {}
    return {
        "task": str(document.get("task") or record.folder.name),
        "goal": _goal(record),
        "banner": _banner(record),
        "facts": _facts(record),
        "question": question_view(record, link),
        "decisions": decisions,
        "failures": early,
        "cost": _cost(record),
        "run": str(record.folder),
        "settings": [*config.items(), *versions.items()],
        "torn": record.torn,
    }


def _goal(record: Record) -> list[str]:
    understood = record.of(Understood)
    return understood[-1].said.split(", ") if understood else []


def _banner(record: Record) -> View:
    finished = record.of(Finished)
    if not finished:
        return {
            "success": False,
            "title": "Unfinished",
            "reason": "The record ends before the run did.",
        }
    last = finished[-1]
    title = "Solved" if last.success else "Not solved"
    if record.of(Asked):
        title = "Answered" if last.success else "Not answered"
    return {"success": last.success, "title": title, "reason": last.reason}


def _facts(record: Record) -> list[tuple[str, str]]:
    if record.of(Asked):
        return question_facts(record)
    end = record.events[-1].t if record.events else 0.0
    simulated, imagined = record.of(Simulated), record.of(Imagined)
    finished = record.of(Finished)
    # The run's own count also holds the steps between decisions, such as a second look.
    steps = finished[-1].steps if finished else sum(e.steps for e in record.of(Acted))
    facts = [
        ("decisions", str(len(record.of(Chosen)))),
        ("imagined clips", str(sum(len(e.clips) for e in imagined))),
        ("simulated futures", str(len(simulated))),
        ("steps in the world", str(steps)),
        ("wall time", f"{end:.1f} s"),
        *_trusted(record),
    ]
    seed = record.document.get("seed")
    return facts if seed is None else [*facts, ("seed", str(seed))]


def _trusted(record: Record) -> list[tuple[str, str]]:
    """Return how far each tool that was checked was believed, before the run and after it."""
    checks = record.of(Checked)
    before = next((Trust.from_json(e.trust) for e in record.of(RunStarted)), Trust())
    after = before
    for e in checks:
        after = after.updated(e.tool, e.skill, e.came_true)
    return [
        (f"trust in {tool}", f"{before.mean(tool):.2f} → {after.mean(tool):.2f}")
        for tool in PRIOR
        if any(e.tool == tool for e in checks)
    ]


def _stages(group: list[Any]) -> dict[str, float]:
    """Return stage -> seconds of one decision."""
    spent: dict[str, float] = {}
    for event in group:
        if isinstance(event, Proposed):
            spent["language"] = spent.get("language", 0.0) + event.seconds
        elif isinstance(event, Imagined):
            spent["video"] = spent.get("video", 0.0) + event.ms / 1000
        elif isinstance(event, Simulated):
            spent["physics"] = spent.get("physics", 0.0) + event.ms / 1000
        elif isinstance(event, Judged):
            spent["vision"] = spent.get("vision", 0.0) + event.ms / 1000
        elif isinstance(event, Acted):
            spent["acting"] = spent.get("acting", 0.0) + event.seconds
    return {stage: seconds for stage, seconds in spent.items() if seconds > 0}


def _cost(record: Record) -> View:
    rows = [
        (f"decision {n + 1}", _stages(group)) for n, group in sorted(split(record.events).items())
    ]
    rows = [(label, stages) for label, stages in rows if stages]
    total: dict[str, float] = {}
    for _, stages in rows:
        for stage, seconds in stages.items():
            total[stage] = total.get(stage, 0.0) + seconds
    finished = record.of(Finished)
    if finished and finished[-1].cost:
        # The loop's own account is exact. "decision" is the sum of stages that stand beside it.
        total = {k: v for k, v in finished[-1].cost.items() if v > 0 and k != "decision"}
        rest = finished[-1].seconds - sum(total.values())
        if rest > 0:
            total["everything else"] = rest
        rows.append(("whole run", total))
    fills = _fills([s for _, stages in rows for s in stages])
    longest = max((sum(s.values()) for _, s in rows), default=0.0) or 1.0
    return {
        "rows": [
            {
                "label": label,
                "seconds": sum(stages.values()),
                "parts": [
                    {
                        "stage": stage,
                        "seconds": seconds,
                        "fill": fills[stage],
                        "percent": round(100 * seconds / longest, 2),
                    }
                    for stage, seconds in stages.items()
                ],
            }
            for label, stages in rows
        ],
        "legend": [(stage, fills[stage], seconds) for stage, seconds in total.items()],
    }


def _fills(stages: list[str]) -> dict[str, str]:
    others = [s for s in dict.fromkeys(stages) if s not in _STAGE_FILL]
    spare = {s: _OTHER_FILLS[k % len(_OTHER_FILLS)] for k, s in enumerate(others)}
    return _STAGE_FILL | spare
