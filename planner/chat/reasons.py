"""Why something was done, told from the record of its run; and pictures out of it."""

import re
from pathlib import Path

from mindseye.planner.chat.turns import Picture
from mindseye.planner.events import (
    Acted,
    Answered,
    Candidate,
    Chosen,
    CrossChecked,
    Failed,
    Finished,
    Imagined,
    Investigated,
    Judged,
    MediaRef,
    Observed,
    Proposed,
    Simulated,
    Surprised,
)
from mindseye.planner.record import Record, read_record

MOST_STEPS = 4
"""Decisions of a run that are told."""


def reasons(folder: Path) -> str:
    """Return why what a run did was done, in sentences.

    Raises:
      BadInput: there is no such record.
    """
    record = read_record(folder)
    if answered := record.of(Answered):
        return _of_an_answer(record, answered[-1])
    chosen = record.of(Chosen)
    if not chosen:
        ended = record.of(Finished)
        return f"Nothing was chosen: {ended[-1].reason if ended else 'it never ended'}."
    told = [_of_a_choice(record, c) for c in chosen[:MOST_STEPS]]
    if len(chosen) > MOST_STEPS:
        told.append(f"({len(chosen) - MOST_STEPS} more steps.)")
    return " ".join([*told, *_of_the_end(record)])


def _of_an_answer(record: Record, event: Answered) -> str:
    answer = event.answer
    seen = record.of(Investigated)
    shown = f"I simulated it: {seen[-1].hint}" if seen else "No simulation could help with that."
    sure = f"I am {100 * answer.confidence:.0f} % sure of {answer.answer!r}."
    left = (
        f" It depends on what was left open: {', '.join(answer.depends)}." if answer.depends else ""
    )
    return f"{shown} {sure}{left}"


def _of_a_choice(record: Record, chosen: Chosen) -> str:
    decision = chosen.decision
    candidates = {
        c.id: c for e in record.of(Proposed) if e.decision == decision for c in e.candidates
    }
    words = _words(candidates, chosen.candidate)
    told = f"Step {decision + 1}: {words}, since it was {chosen.why}"
    told += f" (worth {chosen.value:.2f}{_sources(record, chosen)})."
    others = sorted(
        (c for c in chosen.values if _words(candidates, c) != words),
        key=lambda c: -chosen.values[c],
    )
    if others:
        second = others[0]
        told += f" Next best: {_words(candidates, second)} ({chosen.values[second]:.2f})."
    return told + _agreement(record, chosen)


def _words(candidates: dict[str, Candidate], key: str) -> str:
    return candidates[key].words if key in candidates else key


def _sources(record: Record, chosen: Chosen) -> str:
    best: dict[str, float] = {}
    for event in record.of(Judged):
        if (event.decision, event.candidate) == (chosen.decision, chosen.candidate):
            best[event.source] = max(event.value, best.get(event.source, 0.0))
    named = {"physics": "simulation", "video": "imagination"}
    return "".join(f", {named[source]} {value:.2f}" for source, value in sorted(best.items()))


def _agreement(record: Record, chosen: Chosen) -> str:
    for event in record.of(CrossChecked):
        if (event.decision, event.candidate) == (chosen.decision, chosen.candidate):
            if event.disagreements:
                return f" The two pictures disagreed: {'; '.join(event.disagreements)}."
            return " Simulation and imagination agreed."
    return ""


def _of_the_end(record: Record) -> list[str]:
    told = [
        f"Step {e.decision + 1} surprised me: {100 * e.metres:.0f} cm off what I had pictured."
        for e in record.of(Surprised)
    ]
    told += [f"It failed: {e.message}." for e in record.of(Failed)]
    ended = record.of(Finished)
    return [*told, f"It ended so: {ended[-1].reason}."] if ended else told


_ASKED_FOR: tuple[tuple[str, str], ...] = (
    (r"simul|physics|comput|predict", "simulated"),
    # "The video" alone is any clip; the video model is what imagines.
    (r"imagin|video (?:model|generator)|generated|dream|mind'?s eye|fantas", "imagined"),
    (r"\bpictured|\bthought|\bthink|\bexpect", "pictured"),
    (r"\bhappen|\bdone\b|\bdid\b|\bjust now\b", "happened"),
    (
        r"\b(?:table|now|scene|camera|current(?:ly)?|at the moment|looks? like|you (?:can )?see)\b",
        "table",
    ),
)


def kind_shown(words: str) -> str:
    """Return which kind of picture words ask for.

    It is `simulated`, `imagined`, `pictured` (either of these), `table` or `happened`.
    """
    found = (kind for pattern, kind in _ASKED_FOR if re.search(pattern, words, re.I))
    return next(found, "happened")


_Titled = list[tuple[str, MediaRef | None]]


def pictures(folder: Path, kind: str) -> tuple[Picture, ...]:
    """Return pictures of a run: of what happened, or of what its choices were pictured as.

    Args:
      folder: of the run.
      kind: `simulated`, `imagined`, `pictured` or `happened`.

    Raises:
      BadInput: there is no such record.
    """
    record = read_record(folder)
    chosen = {(e.decision, e.candidate) for e in record.of(Chosen)}
    acted: _Titled = [(f"what happened in step {e.decision + 1}", e.clip) for e in record.of(Acted)]
    asked: _Titled = [("simulation", e.clip) for e in record.of(Investigated)]
    simulated: _Titled = [
        (f"simulation of step {e.decision + 1}", e.clip)
        for e in record.of(Simulated)
        if (e.decision, e.candidate) in chosen
    ]
    imagined: _Titled = [
        (f"imagination of step {e.decision + 1}", e.clips[0])
        for e in record.of(Imagined)
        if (e.decision, e.candidate) in chosen and e.clips
    ]
    looked: _Titled = [("the table", e.frame) for e in record.of(Observed)[-1:]]
    computed = simulated or asked
    wanted = {
        "simulated": computed, "imagined": imagined, "pictured": [*computed, *imagined],
    }  # fmt: skip
    found = wanted.get(kind, acted or asked or simulated or looked)
    return _pictures(folder, found)


def _pictures(folder: Path, found: _Titled) -> tuple[Picture, ...]:
    return tuple(
        Picture(run=folder.name, path=ref.path, sheet=ref.sheet, title=title)
        for title, ref in found
        if ref is not None and ref.path
    )
