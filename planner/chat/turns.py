"""What happens in a conversation, as events: one pydantic model a kind, told apart by `kind`.

A conversation is a folder. `turns.jsonl` holds these events, one a line, as they happen;
whoever shows a conversation reads that file and the records of the runs it names.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from mindseye.planner.events import MediaRef, Plain
from mindseye.planner.files import append_line
from mindseye.tools.errors import BadInput

CHATS = "chats"
"""Folder under the runs folder that conversations lie in."""
LOG = "turns.jsonl"
LONGEST = 2000
"""Characters of what a person says."""
_RUN = r"^([A-Za-z0-9][A-Za-z0-9_-]*)?$"
_CLIP = r"^(media/[A-Za-z0-9_-]+\.(mp4|png))?$"


def checked_words(text: str) -> str:
    """Return what a person says without needless blanks.

    Raises:
      BadInput: there is nothing in it, or too much.
    """
    words = " ".join(text.split())
    if not any(c.isalnum() for c in words):
        raise BadInput("say something: a task, a question, or help")
    if len(words) > LONGEST:
        raise BadInput(f"that has {len(words)} characters; {LONGEST} are enough")
    return words


class _Turned(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    version: Literal[1] = 1
    at: float = 0.0
    """Unix time, seconds; the log fills it in."""


class Picture(BaseModel):
    """A picture of a run that belongs to an answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    run: Annotated[str, Field(pattern=_RUN)]
    """Name of the run's folder; empty for a picture in the conversation's own folder."""
    path: Annotated[str, Field(pattern=_CLIP)]
    """A clip or a frame, relative to that folder."""
    sheet: Annotated[str, Field(pattern=_CLIP)] = ""
    """Contact sheet of a clip."""
    title: str = ""


class Laid(_Turned):
    """How the table stands now: at the start, and after whatever changed it."""

    kind: Literal["laid"] = "laid"
    frame: MediaRef
    """Relative to the conversation's folder."""
    scene: Plain
    """The scene graph that vision reads."""


class Said(_Turned):
    """A person's turn."""

    kind: Literal["said"] = "said"
    text: str


class Doing(_Turned):
    """What goes on, in a few words; passing, for a status line."""

    kind: Literal["doing"] = "doing"
    text: str


class Called(_Turned):
    """The language model calls a tool."""

    kind: Literal["called"] = "called"
    call: str
    """Id of the call."""
    tool: str
    arguments: Plain


class Running(_Turned):
    """A tool began a run; its record can be followed from now on."""

    kind: Literal["running"] = "running"
    call: str
    run: Annotated[str, Field(pattern=_RUN)]
    """Name of the run's folder."""


class Returned(_Turned):
    """A tool came back."""

    kind: Literal["returned"] = "returned"
    call: str
    tool: str
    text: str
    """What the language model is told."""
    failed: bool = False
    run: Annotated[str, Field(pattern=_RUN)] = ""
    pictures: tuple[Picture, ...] = ()


class Replied(_Turned):
    """The answer to a turn."""

    kind: Literal["replied"] = "replied"
    text: str


class Ended(_Turned):
    """A turn is over; the next may begin."""

    kind: Literal["ended"] = "ended"
    how: Literal["done", "stopped", "failed"]
    reason: str = ""
    seconds: float = 0.0


Turn = Annotated[
    Laid | Said | Doing | Called | Running | Returned | Replied | Ended,
    Field(discriminator="kind"),
]
TURN: TypeAdapter[Turn] = TypeAdapter(Turn)
OnTurn = Callable[[Turn], None]


class TurnLog:
    """The file that a conversation's events are appended to.

    Args:
      folder: of the conversation, made if it is missing.
      on_turn: called with every event after it was written.
    """

    def __init__(self, folder: Path, on_turn: OnTurn | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._hearers = [] if on_turn is None else [on_turn]
        # Unbuffered: a line is in the file when `tell` returns, or not at all.
        self._file = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._lock = threading.RLock()
        self._end_line()

    def _end_line(self) -> None:
        """End the line that a crash left half written: the next event would be lost with it."""
        with (self.folder / LOG).open("rb") as file:
            if file.seek(0, os.SEEK_END) == 0:
                return
            file.seek(-1, os.SEEK_END)
            torn = file.read() != b"\n"
        if torn:
            os.write(self._file, b"\n")

    def tell(self, turn: Turn) -> None:
        """Stamp an event, append it, pass it on."""
        stamped = turn.model_copy(update={"at": round(time.time(), 3)})
        # What goes on in a turn may be told from several threads.
        with self._lock:
            append_line(self._file, stamped.model_dump_json().encode() + b"\n")
            for hear in tuple(self._hearers):
                hear(stamped)

    @contextlib.contextmanager
    def heard_by(self, on_turn: OnTurn) -> Iterator[None]:
        """Call `on_turn` too with what is told meanwhile."""
        self._hearers.append(on_turn)
        try:
            yield
        finally:
            self._hearers.remove(on_turn)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def read_turns(folder: Path, after: int = 0) -> tuple[list[Turn], int]:
    """Read the events of a conversation that were written since a place in its file.

    Args:
      folder: of the conversation.
      after: bytes that were read before.

    Returns:
      The events, and the place up to which whole lines were read, in bytes. A line that
      is no event, as a crash may leave, is passed over.
    """
    try:
        with (folder / LOG).open("rb") as file:
            file.seek(after)
            data = file.read()
    except FileNotFoundError:
        return [], after
    whole = data[: data.rfind(b"\n") + 1]
    turns: list[Turn] = []
    for line in whole.splitlines():
        # A line that a crash cut may be no JSON, or no UTF-8.
        with contextlib.suppress(ValidationError):
            turns.append(TURN.validate_json(line))
    return turns, after + len(whole)
