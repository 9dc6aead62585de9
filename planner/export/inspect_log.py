"""A run as a log of inspect_ai: one sample, its transcript with pictures, its events, its score.

`inspect view` opens it; https://inspect.aisi.org.uk.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from inspect_ai.event import InfoEvent
from inspect_ai.log import (
    EvalConfig,
    EvalDataset,
    EvalLog,
    EvalMetric,
    EvalPlan,
    EvalResults,
    EvalSample,
    EvalScore,
    EvalSpec,
    EvalStats,
    write_eval_log,
)
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageTool,
    ChatMessageUser,
    ContentImage,
    ContentText,
    ModelOutput,
)
from inspect_ai.scorer import CORRECT, INCORRECT, Score

from mindseye.planner.events import (
    Acted,
    Answered,
    Chosen,
    Event,
    Finished,
    Imagined,
    Investigated,
    MediaRef,
    Observed,
    Proposed,
    Simulated,
    Surprised,
    Understood,
    Wrote,
)
from mindseye.planner.record import Record
from mindseye.planner.report_decisions import data_uri

SCORER = "seen"
"""The score is what the run saw of its own success; a suite's is read off the world's state."""


def write_inspect(record: Record, path: Path) -> None:
    """Write a record as `.eval` or `.json`.

    Raises:
      OSError: the file cannot be written.
    """
    write_eval_log(inspect_log(record), str(path))


def inspect_log(record: Record) -> EvalLog:
    """Return a record as a log; a run without an end is one that was cancelled."""
    began = _began(record)
    ended = began + timedelta(seconds=record.events[-1].t if record.events else 0.0)
    sample = _sample(record, began, ended)
    score = _score(record)
    done = 0 if score is None else 1
    return EvalLog(
        status="success" if done else "cancelled",
        eval=_spec(record, began),
        plan=EvalPlan(name="mindseye"),
        results=EvalResults(
            total_samples=1, completed_samples=done,
            scores=[] if score is None else [_summary(score)],
        ),
        stats=EvalStats(started_at=began.isoformat(), completed_at=ended.isoformat()),
        samples=[sample],
    )  # fmt: skip


def _began(record: Record) -> datetime:
    started = record.document.get("started")
    if isinstance(started, str):
        return datetime.fromisoformat(started.replace("Z", "+00:00"))
    return datetime.fromtimestamp(record.folder.stat().st_mtime, UTC)


def _spec(record: Record, began: datetime) -> EvalSpec:
    config = record.document.get("config") or {}
    versions = record.document.get("versions") or {}
    # The same run exported twice is the same log to whoever compares ids.
    digest = hashlib.sha256(record.folder.name.encode()).hexdigest()[:22]
    return EvalSpec(
        eval_id=digest, run_id=digest, task_id=digest, created=began.isoformat(),
        task="mindseye", task_display_name=_task(record)[:80],
        dataset=EvalDataset(name="run", samples=1, sample_ids=[record.folder.name]),
        model=f"mindseye/{config.get('model', 'unknown')}", model_args=config,
        config=EvalConfig(), packages={k: str(v) for k, v in versions.items()},
    )  # fmt: skip


def _task(record: Record) -> str:
    return str(record.document.get("task") or record.folder.name)


def _sample(record: Record, began: datetime, ended: datetime) -> EvalSample:
    score = _score(record)
    answer = "" if score is None else str(score.explanation)
    return EvalSample(
        id=record.folder.name, epoch=1, input=_task(record), target="",
        messages=_messages(record),
        output=ModelOutput.from_content("mindseye", answer),
        scores=None if score is None else {SCORER: score},
        metadata={"run": str(record.folder), "seed": record.document.get("seed")},
        events=[_event(e, began) for e in record.events],
        started_at=began.isoformat(), completed_at=ended.isoformat(),
        total_time=(ended - began).total_seconds(),
    )  # fmt: skip


def _score(record: Record) -> Score | None:
    """Return the score, or None for a run that has no end: unscored is not wrong."""
    finished = record.of(Finished)
    if not finished:
        return None
    answered = record.of(Answered)
    last = finished[-1]
    return Score(
        value=CORRECT if last.success else INCORRECT,
        answer=answered[-1].answer.answer if answered else None,
        explanation=last.reason,
        metadata={"steps": last.steps, "seconds": last.seconds, "cost": last.cost},
    )


def _summary(score: Score) -> EvalScore:
    value = 1.0 if score.value == CORRECT else 0.0
    return EvalScore(
        name=SCORER, scorer=SCORER, scored_samples=1, unscored_samples=0,
        metrics={"accuracy": EvalMetric(name="accuracy", value=value)},
    )  # fmt: skip


def _event(event: Event, began: datetime) -> InfoEvent:
    return InfoEvent(
        source=f"mindseye.{event.kind}", timestamp=began + timedelta(seconds=event.t),
        working_start=event.t, data=event.model_dump(mode="json"),
    )  # fmt: skip


def _messages(record: Record) -> list[ChatMessage]:
    """Return the run as a conversation: the task, what was said, and what the tools showed."""
    words: dict[tuple[Any, Any], str] = {
        (p.decision, c.id): c.words for p in record.of(Proposed) for c in p.candidates
    }
    messages: list[ChatMessage] = [ChatMessageUser(content=_task(record))]
    for event in record.events:
        key = getattr(event, "decision", None), getattr(event, "candidate", None)
        message = _message(record.folder, event, words.get(key, ""))
        if message is not None:
            messages.append(message)
    return messages


def _message(folder: Path, event: Event, words: str) -> ChatMessage | None:
    match event:
        case Understood():
            return ChatMessageAssistant(content=f"goal: {event.said}")
        case Observed():
            return _shown(folder, "look", _names(event), [event.frame])
        case Proposed():
            lines = [f"{c.prior:.2f} {c.words}" for c in event.candidates]
            return ChatMessageAssistant(content="\n".join(["candidates:", *lines]))
        case Imagined():
            return _shown(folder, "imagine", words, list(event.clips))
        case Simulated() if event.clip is not None:
            return _shown(folder, "simulate", words, [event.clip])
        case Chosen():
            return ChatMessageAssistant(content=f"chosen: {words} ({event.value:.2f}): {event.why}")
        case Acted():
            clips = [] if event.clip is None else [event.clip]
            return _shown(folder, "act", f"{words}: {event.steps} steps", clips)
        case Surprised():
            return ChatMessageAssistant(content=f"{100 * event.metres:.1f} cm off: {event.reason}")
        case Wrote():
            text = event.text + (f"\nrefused: {event.error}" if event.error else "")
            return ChatMessageAssistant(content=text)
        case Investigated():
            return _shown(folder, "simulate", event.hint, [event.clip] if event.clip else [])
        case Answered():
            return ChatMessageAssistant(content=event.answer.answer)
        case _:
            return None


def _names(seen: Observed) -> str:
    objects: list[dict[str, Any]] = seen.scene.get("objects") or []
    return ", ".join(f"{o.get('colour')} {o.get('shape')}" for o in objects) or "an empty table"


def _shown(folder: Path, tool: str, text: str, refs: list[MediaRef]) -> ChatMessageTool:
    """Return what a tool showed, with contact sheets: the viewer plays no clips."""
    pictures = [uri for r in refs if (uri := data_uri(folder, r.sheet or r.path))]
    images = [ContentImage(image=uri) for uri in pictures if uri.startswith("data:image/")]
    return ChatMessageTool(content=[ContentText(text=text), *images], function=tool)
