"""The terminal's face of a conversation: history, completion, live status, links to pictures.

Text that came from a model or a person is only ever printed as `Text`: Rich would read
`[/path]` in it as markup and crash.
"""

import contextlib
import itertools
import secrets
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from PIL import Image
from rich.color import Color
from rich.console import Console
from rich.status import Status
from rich.style import Style
from rich.text import Text

from mindseye.planner.chat.conversation import Conversation
from mindseye.planner.chat.turns import (
    CHATS,
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
from mindseye.planner.config import Config
from mindseye.planner.printable import printable
from mindseye.tools.errors import BadInput

WIDEST = 96
"""Characters that a picture takes at most."""
COMMANDS = {
    "/help": "what can be said",
    "/table": "a picture of the table as it is now",
    "/quit": "end; the conversation can be gone on with",
}
_STARTS = (
    "push the ", "put everything ", "what is next to the ", "where is the ", "how many ",
    "what if you pushed the ", "how would you ", "undo that", "why did you do that?", "show me ",
    "and the other one", "new table with ",
)  # fmt: skip


def new_chat_folder(runs: Path) -> Path:
    """Return a folder for a new conversation; its name cannot be guessed, and it is not made yet.

    Others on the same machine may be shown conversations by name.
    """
    return runs / CHATS / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(8)}"


class Terminal:
    """Shows a conversation's events, and takes what is said.

    Args:
      runs: folder of the run records, for the links.
      stream: where to print.
      rich: colours, a spinner and an editable line; None chooses by whether the stream is
        a terminal.
    """

    def __init__(self, runs: Path, stream: TextIO | None = None, rich: bool | None = None) -> None:
        stream = stream or sys.stdout
        self.rich = stream.isatty() if rich is None else rich
        self._runs, self._folder = runs.resolve(), Path()
        self.console = Console(
            file=stream, force_terminal=self.rich, markup=False, highlight=False, emoji=False,
            soft_wrap=True,
        )  # fmt: skip
        self._status: Status | None = None
        self._table: Path | None = None
        self.names: list[str] = []

    def __call__(self, turn: Turn) -> None:
        """Show one event."""
        match turn:
            case Doing():
                self._show_status(turn.text)
            case Called():
                given = ", ".join(f"{k}={v!r}" for k, v in turn.arguments.items())
                self._line("call", f"{turn.tool}({given})")
            case Running():
                self._link("record", self._runs / turn.run)
            case Returned():
                if turn.failed:
                    self._line("refused", turn.text)
                for picture in turn.pictures:
                    self._picture(picture)
            case Replied():
                self._hide_status()
                self.console.print(Text(printable(turn.text, keep="\n"), style="bold"))
            case Ended():
                self._hide_status()
                if turn.how == "stopped":
                    self._line("stopped", f"after {turn.seconds:.1f} s")
            case Laid():
                self.names = [f"{o['colour']} {o['shape']}" for o in turn.scene.get("objects", ())]
                self._table = self._folder / turn.frame.path
            case Said():
                pass

    def begin(self, conversation_folder: Path) -> None:
        """Say where the conversation is kept."""
        self._folder = conversation_folder.resolve()

    def show_table(self) -> None:
        """Link to the picture of the table as it is now."""
        if self._table is not None:
            self._link("table", self._table)

    def _picture(self, picture: Picture) -> None:
        folder = self._runs / picture.run if picture.run else self._folder
        self._link(picture.title or "picture", folder / picture.path)
        if self.rich and self.console.color_system == "truecolor":
            self.console.print(blocks(folder / (picture.sheet or picture.path), self.console.width))

    def _link(self, label: str, path: Path) -> None:
        style = Style(link=path.as_uri(), dim=True) if self.rich else Style()
        line = Text(f"{printable(label):>22}  ", style="dim")
        line.append(str(path), style=style)
        self.console.print(line)

    def _line(self, label: str, text: str) -> None:
        line = Text(f"{label:>10}  ", style="cyan")
        line.append(printable(text), style="dim")
        self.console.print(line)

    def _show_status(self, text: str) -> None:
        if not self.rich:
            return
        if self._status is None:
            self._status = self.console.status(Text(printable(text)))
            self._status.start()
        self._status.update(Text(printable(text)))

    def _hide_status(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None

    def close(self) -> None:
        """Stop the spinner, also when the talk ends early."""
        self._hide_status()


def blocks(path: Path, width: int) -> Text:
    """Return a picture as text: each character shows two pixels, one above the other.

    Raises:
      BadInput: it is no picture.
    """
    try:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
    except OSError as error:
        raise BadInput(f"cannot read the picture {str(path)!r}: {error}") from error
    columns = min(width, WIDEST)
    image = image.resize((columns, max(2, round(image.height * columns / image.width) // 2 * 2)))
    pixels = np.asarray(image)
    text = Text()
    for upper, lower in zip(pixels[::2], pixels[1::2], strict=True):
        for above, below in zip(upper, lower, strict=True):
            style = Style(color=Color.from_rgb(*above), bgcolor=Color.from_rgb(*below))
            text.append("▀", style=style)
        text.append("\n")
    return text


def _begun(before: str, name: str) -> int | None:
    """Return how many characters of a name, or of its shape alone, end a text."""
    for start in (name, name.split()[-1]):
        for typed in range(len(start), 0, -1):
            head = before.removesuffix(start[:typed])
            if head != before and not head[-1:].isalnum():
                return typed
    return None


def _typed(terminal: Terminal, history: Path) -> Iterator[str]:
    """Yield what a person types, with history, completion and hints from it."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document
    from prompt_toolkit.history import FileHistory

    class Sayings(Completer):
        def get_completions(self, document: Document, event: CompleteEvent) -> Any:
            before = document.text_before_cursor
            if before.startswith("/"):
                for command, meaning in COMMANDS.items():
                    if command.startswith(before):
                        yield Completion(command, -len(before), display_meta=meaning)
                return
            for start in _STARTS:
                if start.startswith(before.lower()):
                    yield Completion(start, -len(before))
            for name in terminal.names:
                if (typed := _begun(before.lower(), name)) is not None:
                    yield Completion(name, -typed)

    history.parent.mkdir(parents=True, exist_ok=True)
    session: PromptSession[str] = PromptSession(
        history=FileHistory(str(history)), completer=Sayings(),
        auto_suggest=AutoSuggestFromHistory(), complete_while_typing=False,
    )  # fmt: skip
    while True:
        try:
            yield session.prompt("> ")
        except KeyboardInterrupt:
            continue
        except EOFError:
            return


def _say(conversation: Conversation, text: str) -> None:
    """Take a turn in a thread, so that Ctrl-C stops it and nothing else.

    Raises:
      KeyboardInterrupt: at the second Ctrl-C, when what is waited for cannot be stopped.
    """
    failed: list[Exception] = []

    def turn() -> None:
        try:
            conversation.say(text)
        except Exception as error:  # Raised again where the talk is held.
            failed.append(error)

    working = threading.Thread(target=turn, daemon=True)
    interrupts = itertools.count()

    def interrupt(signum: int, frame: object) -> None:
        conversation.stop()
        if next(interrupts):
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        working.start()
        while working.is_alive():
            working.join(0.1)
    finally:
        signal.signal(signal.SIGINT, before)
    if failed:
        raise failed[0]


def chat(folder: Path, config: Config) -> None:
    """Talk until the person ends it; lines come from the terminal, or from a pipe.

    Raises:
      MindseyeError: the conversation cannot be begun or gone on with.
    """
    terminal = Terminal(Path(config.runs))
    terminal.begin(folder)
    new = not folder.exists()
    conversation = Conversation(folder, config, on_turn=terminal)
    typing = terminal.rich and sys.stdin.isatty()
    history = Path(config.runs) / CHATS / "history"
    with contextlib.closing(conversation), contextlib.closing(terminal):
        greeting = "I see" if new else "We go on. I see"
        listed = ", ".join(terminal.names) or "an empty table"
        terminal.console.print(Text(f"{greeting}: {listed}. /help says what can be said."))
        for line in _typed(terminal, history) if typing else sys.stdin:
            if not _served(terminal, conversation, line.strip()):
                break
    terminal.console.print(Text(f"Go on with it by: mindseye chat --resume {folder.name}"))


def _served(terminal: Terminal, conversation: Conversation, line: str) -> bool:
    """Serve one line; return False when it ends the talk."""
    if line in ("/quit", "/exit", "/q"):
        return False
    if line == "/table":
        terminal.show_table()
    elif line.startswith("/") and line != "/help":
        terminal.console.print(Text(f"commands: {', '.join(COMMANDS)}"))
    elif line:
        try:
            _say(conversation, "help" if line == "/help" else line)
        except BadInput as error:
            terminal.console.print(Text(printable(str(error))))
    return True
