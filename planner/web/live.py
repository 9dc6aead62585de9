"""The page's live part: pieces of HTML by name, sent anew as the records that they show grow.

Each panel of the page is a list of pieces. What is sent holds the order of all and only
the pieces that changed, so that what a visitor unfolded or plays stays as it is.
"""

import asyncio
import functools
import json
import time
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio.to_thread
from jinja2 import Environment

from mindseye.planner.chat.turns import Turn, read_turns
from mindseye.planner.record import read_record
from mindseye.planner.report import run_view, templates
from mindseye.planner.report_decisions import Link
from mindseye.planner.report_map import View
from mindseye.planner.runs import Run
from mindseye.planner.web import shown
from mindseye.planner.web.conversations import OWN, Conversation, Conversations, NotThere
from mindseye.planner.web.workers import Workers
from mindseye.tools.errors import BadInput

LOOK = 0.25
"""Seconds between looks at whether a record grew."""
BEAT = 15.0
"""Seconds after which something is sent in any case, so that a page that left is noticed."""
MOST_RUNS = 60
"""Past runs that are listed."""
Piece = tuple[str, str]
"""Name and HTML."""
Panels = dict[str, list[Piece]]


@functools.cache
def _templates() -> Environment:
    return templates("web/templates")


def _html(template: str, **values: Any) -> str:
    return _templates().get_template(template).render(**values)


def picture_link(conversation: Conversation, folder: Path, run: str) -> Link:
    """Return what finds the pictures of a folder: that of a run, or (`OWN`) the conversation's."""

    def link(path: str) -> str:
        # Clips are written beside the run: one that is not there yet is linked to later.
        if not path or not (folder / path).is_file():
            return ""
        return f"media/{conversation.id}/{run}/{Path(path).name}"

    return link


def run_pieces(conversation: Conversation, folder: Path, name: str) -> list[Piece]:
    """Return a run's page in pieces: its head, then one for each decision.

    Args:
      conversation: that it is shown in.
      folder: of the run.
      name: of the panel, which the drawings in it are told apart by.
    """
    try:
        record = read_record(folder)
    except BadInput as error:
        return [("error", _html("run_error.html.jinja", text=str(error)))]
    view = run_view(record, picture_link(conversation, folder, folder.name))
    for decision in view["decisions"]:
        if decision["seen"]:
            decision["seen"]["map"]["id"] = f"map-{name}-{decision['number']}"
        decision["branches"] = shown.branches(decision)
    running = record.result is None
    pieces = [("head", _html("run_head.html.jinja", run=view, name=folder.name, running=running))]
    for decision in view["decisions"]:
        last = decision is view["decisions"][-1]
        html = _html("decision.html.jinja", d=decision, last=last, name=name)
        pieces.append((f"{folder.name}-{decision['number']}", html))
    return pieces


def past_runs_html(runs: Sequence[Run], own: Collection[str] = ()) -> str:
    """Return the list of past runs; those of the visitor's `own` that are over can be deleted."""
    return _html("past_runs.html.jinja", runs=runs[:MOST_RUNS], more=len(runs) - MOST_RUNS, own=own)


@dataclass
class Follower:
    """Follows one conversation for one open page."""

    conversation: Conversation
    conversations: Conversations
    workers: Workers
    _turns: list[Turn] = field(default_factory=list)
    _place: int = 0
    _run: Path | None = None
    _links: dict[str, Link] = field(default_factory=dict)
    _looked: object = None
    _sent: dict[str, dict[str, str]] = field(default_factory=dict)

    async def events(self) -> AsyncIterator[str]:
        """Yield server-sent events until the page goes away."""
        beat = time.monotonic()
        while True:
            # Only where a record grew does a thread read it: a page at rest costs nothing.
            if (changes := await anyio.to_thread.run_sync(self._changes)) is not None:
                yield f"data: {json.dumps(changes)}\n\n"
                beat = time.monotonic()
            elif time.monotonic() - beat > BEAT:
                yield ": still here\n\n"
                beat = time.monotonic()
            await asyncio.sleep(LOOK)

    def _changes(self) -> View | None:
        turns, self._place = read_turns(self.conversation.folder, self._place)
        self._turns += turns
        state = self.workers.state(self.conversation)
        if turns:
            self._run = self._last_run()
        looked = (self._place, state, _grown(self._run))
        if looked == self._looked:
            return None
        self._looked = looked
        status = shown.status(self._turns, state)
        panels = self._panels(state.waiting)
        return {"status": status, "panels": {n: self._changed(n, p) for n, p in panels.items()}}

    def _changed(self, panel: str, pieces: list[Piece]) -> View:
        before, now = self._sent.get(panel, {}), dict(pieces)
        self._sent[panel] = now
        changed = {name: html for name, html in now.items() if before.get(name) != html}
        return {"order": list(now), "html": changed}

    def _panels(self, waiting: Sequence[str]) -> Panels:
        run = self._run
        said = shown.talk(self._turns, self._link_to)
        said += [{"key": f"wait-{k}", "kind": "waiting", "text": t} for k, t in enumerate(waiting)]
        now = shown.table_now(self._turns, self._link_to(""))
        return {
            "talk": [(s["key"], _html("said.html.jinja", s=s)) for s in said],
            "table": [("now", _html("table.html.jinja", seen=now))],
            "run": run_pieces(self.conversation, run, "live") if run else [],
        }

    def _last_run(self) -> Path | None:
        name = shown.last_run(self._turns)
        try:
            return self.conversations.run_folder(self.conversation, name) if name else None
        except NotThere:
            return None

    def _link_to(self, run: str) -> Link:
        if not run:
            return picture_link(self.conversation, self.conversation.folder, OWN)
        if run not in self._links:
            try:
                folder = self.conversations.run_folder(self.conversation, run)
            except NotThere:
                return lambda _: ""
            self._links[run] = picture_link(self.conversation, folder, run)
        return self._links[run]


def _grown(run: Path | None) -> object:
    """Return what changes whenever a run's record or its pictures do."""
    if run is None:
        return None
    try:
        return (run / "events.jsonl").stat().st_size, (run / "media").stat().st_mtime_ns
    except OSError:
        return None
