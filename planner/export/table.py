"""A run as CSV: a row for each event, with the columns that most events share."""

import csv
import json
from pathlib import Path
from typing import Any

from mindseye.planner.events import (
    Answered,
    Asked,
    Event,
    Failed,
    Finished,
    Investigated,
    Proposed,
    RunStarted,
    Understood,
    Wrote,
)
from mindseye.planner.record import Record

COLUMNS = (
    "t", "kind", "decision", "candidate", "words", "source", "value", "confidence", "agreement",
    "seconds", "media", "details",
)  # fmt: skip
"""`t` and `seconds` in seconds, `value`, `confidence`, `agreement` in [0, 1], `details` as JSON."""


def write_csv(record: Record, path: Path) -> None:
    """Write the events of a record as a table.

    Raises:
      OSError: the file cannot be written.
    """
    words = {(p.decision, c.id): c.words for p in record.of(Proposed) for c in p.candidates}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for event in record.events:
            writer.writerow({k: _cell(v) for k, v in _row(event, words).items()})


def _row(event: Event, words: dict[tuple[int, str], str]) -> dict[str, Any]:
    rest = event.model_dump(mode="json", exclude={"version", "t", "kind"})
    row: dict[str, Any] = {"t": event.t, "kind": event.kind}
    for column in ("decision", "candidate", "source", "value", "confidence", "agreement"):
        row[column] = rest.pop(column, None)
    row["words"] = _words(event) or words.get((row["decision"], row["candidate"]), "")
    milliseconds = rest.pop("ms", None)
    seconds = rest.pop("seconds", None)
    row["seconds"] = seconds if milliseconds is None else milliseconds / 1000
    row["media"] = " ".join(_media(rest))
    row["details"] = json.dumps(rest, ensure_ascii=False)
    return row


def _words(event: Event) -> str:
    match event:
        case RunStarted():
            return event.task
        case Understood():
            return event.said
        case Asked():
            return event.question
        case Wrote():
            return event.text
        case Investigated():
            return event.hint
        case Answered():
            return event.answer.answer
        case Failed():
            return event.message
        case Finished():
            return event.reason
        case _:
            return ""


def _media(rest: dict[str, Any]) -> list[str]:
    # What imagination showed; of a search it is their number.
    clips = rest.get("clips")
    refs = [rest.get("frame"), rest.get("clip"), *(clips if isinstance(clips, list) else ())]
    return [r["path"] for r in refs if isinstance(r, dict) and r.get("path")]


def _cell(value: Any) -> Any:
    """Return a value as a spreadsheet may read it: a model's text is never a formula."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value
