"""What the page shows of a conversation: pure functions from its turns to what templates print."""

import json
from collections.abc import Callable, Sequence
from typing import Any, assert_never

from mindseye.planner.chat.turns import (
    Called,
    Doing,
    Ended,
    Laid,
    Picture,
    Replied,
    Returned,
    Running,
    Said,
    Turn,
)
from mindseye.planner.events import Observed
from mindseye.planner.report_decisions import Link, seen_view
from mindseye.planner.report_map import View
from mindseye.planner.web.workers import State

LinkTo = Callable[[str], Link]
"""Name of a run, or "" for the conversation's own folder -> how its pictures are found."""
LONGEST = 20_000
"""Characters of one text that are shown, at most."""


def talk(turns: Sequence[Turn], link_to: LinkTo) -> list[View]:
    """Return what was said and done, in order; each with a `key` that stays its own."""
    shown: list[View] = []
    calls: dict[str, View] = {}
    for number, turn in enumerate(turns):
        # Turns are only ever added, so a turn's number is its name for good.
        key = f"turn-{number}"
        match turn:
            case Laid() | Doing():
                pass
            case Said():
                shown.append({"key": key, "kind": "said", "text": _cut(turn.text)})
            case Called():
                calls[turn.call] = _call(key, turn)
                shown.append(calls[turn.call])
            case Running():
                calls.get(turn.call, {})["run"] = turn.run
            case Returned():
                calls.get(turn.call, {}).update(_returned(turn, link_to))
            case Replied():
                shown.append(
                    {"key": key, "kind": "replied", "text": _cut(turn.text), "how": "done"}
                )
            case Ended():
                _close(calls)
                if shown and shown[-1]["kind"] == "replied":
                    shown[-1]["how"] = turn.how
            case _:
                assert_never(turn)
    return shown


def status(turns: Sequence[Turn], state: State) -> View:
    """Return whether the conversation is at work, and what it says it does."""
    text = ""
    if state.at_work and turns and isinstance(turns[-1], Doing):
        text = _cut(turns[-1].text, 200)
    elif state.at_work and any(isinstance(t, Laid) for t in turns):
        text = "thinking"
    elif state.alive and not any(isinstance(t, Laid | Ended) for t in turns):
        text = "laying the table and warming up the models"
    elif state.fallen is not None:
        text = (
            f"The conversation's process ended (exit code {state.fallen}). "
            "Say something, and it goes on."
        )
    return {"busy": state.at_work, "text": text}


def last_run(turns: Sequence[Turn]) -> str:
    """Return the name of the run that goes on or was the last, or ""."""
    return next((t.run for t in reversed(turns) if isinstance(t, Running | Returned) and t.run), "")


def table_now(turns: Sequence[Turn], link: Link) -> View | None:
    """Return how the table stands, as the template prints it."""
    laid = next((t for t in reversed(turns) if isinstance(t, Laid)), None)
    if laid is None:
        return None
    return look(Observed(decision=0, frame=laid.frame, scene=laid.scene), link, "now")


def look(seen: Observed, link: Link, name: str) -> View:
    """Return a camera frame with its scene graph; `name` tells its drawing from others."""
    view = seen_view(link, seen, [])
    view["map"]["id"] = f"map-{name}"
    return view


def branches(decision: View) -> list[View]:
    """Return the search tree of a decision, as `decision_view` tells it, a row a candidate.

    Rows hold their `depth` and, where there is one, the `candidate` with its pictures. While
    the search goes on there is no tree yet: then all candidates are rows of depth 0.
    """
    candidates = {c["id"]: c for c in (*decision["candidates"], *decision["others"])}
    if decision["tree"] is None:
        return [
            {**c, "depth": 0, "notes": "", "visits": 0, "mean": 0.0, "candidate": c}
            for c in candidates.values()
        ]
    return [{**row, "candidate": candidates.get(row["id"])} for row in decision["tree"]["rows"]]


def _call(key: str, turn: Called) -> View:
    arguments = [(str(k), _cut(_plain(v), 2000)) for k, v in turn.arguments.items()]
    return {
        "key": key, "kind": "call", "tool": _cut(turn.tool, 80), "arguments": arguments,
        "state": "running", "text": "", "pictures": (), "run": "",
    }  # fmt: skip


def _returned(turn: Returned, link_to: LinkTo) -> View:
    return {
        "state": "failed" if turn.failed else "done",
        "text": _cut(turn.text),
        "pictures": _pictures(turn.pictures, link_to),
        "run": turn.run,
    }


def _close(calls: dict[str, View]) -> None:
    """Mark what was under way when its turn ended."""
    for call in calls.values():
        if call.get("state") == "running":
            call["state"] = "stopped"


def _pictures(pictures: Sequence[Picture], link_to: LinkTo) -> list[View]:
    shown = []
    for picture in pictures:
        link = link_to(picture.run)
        url = link(picture.path)
        if url:
            kind = "video" if picture.path.endswith(".mp4") else "image"
            title = _cut(picture.title, 200) or "a picture"
            shown.append({"kind": kind, "url": url, "sheet": link(picture.sheet), "title": title})
    return shown


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cut(text: str, most: int = LONGEST) -> str:
    """Return a text that is not longer than the page bears."""
    return text if len(text) <= most else f"{text[:most]} … ({len(text) - most} more characters)"
