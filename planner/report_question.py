"""What the report shows of a question: the answer, and everything it rests on.

Pure functions from events to small mappings that the template prints.
"""

from mindseye.planner.events import Answered, Asked, Investigated, Wrote
from mindseye.planner.record import Record
from mindseye.planner.report_decisions import Link, picture
from mindseye.planner.report_map import View
from mindseye.tools.physics.lab.verdict import significant

_WRITTEN = {"scene": "scene", "program": "scene program", "mjcf": "MJCF", "push": "push"}


def question_view(record: Record, link: Link) -> View | None:
    """Return what the page tells of a question, or None where the record is of a task."""
    asked = record.of(Asked)
    if not asked:
        return None
    answered = record.of(Answered)
    answer = answered[-1].answer if answered else None
    return {
        "choices": _choices(asked[-1], answer.choices if answer else {}),
        "mode": asked[-1].mode,
        "answer": answer,
        "spread": significant(answer.uncertainty, 2) if answer and answer.uncertainty else "",
        "written": [_written(w) for w in record.of(Wrote)],
        "simulated": [_simulated(link, i) for i in record.of(Investigated)],
    }


def question_facts(record: Record) -> list[tuple[str, str]]:
    """Return the figures of the banner."""
    answered = record.of(Answered)
    if not answered:
        return []
    answer = answered[-1].answer
    return [
        ("confidence", f"{100 * answer.confidence:.0f} %"),
        ("simulations", str(answer.simulations)),
        ("simulating", f"{1000 * answer.simulation_seconds:.0f} ms"),
        ("wall time", f"{answer.seconds:.1f} s"),
    ]


def _choices(asked: Asked, chances: dict[str, float]) -> list[tuple[str, float | None]]:
    return [(c, chances.get(c)) for c in (chances or dict.fromkeys(asked.choices))]


def _written(wrote: Wrote) -> View:
    return {
        "what": _WRITTEN[wrote.what],
        "text": wrote.text,
        "error": wrote.error,
        "probability": wrote.probability,
    }


def _simulated(link: Link, found: Investigated) -> View:
    return {
        "hint": found.hint,
        "verdict": found.verdict,
        "simulations": found.simulations,
        "ms": found.ms,
        "numbers": [
            {
                "name": n.name,
                "what": n.what.replace("_", " "),
                "value": "never" if n.value is None else f"{significant(n.value)} {n.unit}",
                "spread": f"± {significant(n.spread, 2)}" if n.spread else "",
            }
            for n in found.numbers
        ],
        "clip": picture(link, found.clip, "simulated") if found.clip else None,
    }
