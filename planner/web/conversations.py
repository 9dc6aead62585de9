"""Whose conversation is whose: folders by ids that cannot be guessed, and what they began with.

Who knows a conversation's id may see it: it stands in the page's address. A visitor is a
browser; its cookie tells which conversations, and so which runs, are its own.
"""

import json
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from mindseye.planner.chat.turns import CHATS, LOG, Running, read_turns
from mindseye.planner.config import Config, merge
from mindseye.planner.runs import Run, delete_run, list_runs, media_file
from mindseye.tools.errors import BadInput, ToolError

SETTINGS = "web.json"
OWN = "-"
"""Stands for the conversation's own folder where a run could be named."""
_ID = re.compile(r"[A-Za-z0-9_-]{22,64}")
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,119}")


class NotThere(ToolError):
    """There is no such conversation, run or picture for this visitor."""


class Settings(BaseModel):
    """What is kept of how a conversation began."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: Literal[1] = 1
    visitor: str
    """Id of the browser that began it."""
    changes: dict[str, Any] = {}
    """Settings chosen on the page. The server's own, which may hold keys, are not copied."""


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """A conversation that is there."""

    id: str
    folder: Path
    visitor: str
    config: Config


def new_id() -> str:
    """Return an id that nobody guesses."""
    return secrets.token_urlsafe(24)


def is_id(text: str | None) -> bool:
    """Say whether a text could be an id."""
    return text is not None and _ID.fullmatch(text) is not None


class Conversations:
    """All conversations of a runs folder, and what each visitor may see of it.

    Args:
      config: settings of the server, which a conversation's own are merged onto.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.runs = Path(config.runs)
        self._root = self.runs / CHATS
        self._named: dict[str, tuple[int, set[str]]] = {}

    def begin(self, visitor: str, changes: dict[str, Any] | None = None) -> Conversation:
        """Begin a conversation.

        Raises:
          BadInput: settings that cannot be, or a folder that cannot be written.
        """
        merge(self.config, changes or {}, "settings")
        key = new_id()
        folder = self._root / key
        settings = Settings(visitor=visitor, changes=changes or {})
        try:
            folder.mkdir(parents=True)
            (folder / SETTINGS).write_text(settings.model_dump_json(), encoding="utf-8")
        except OSError as error:
            raise BadInput(f"cannot begin a conversation in {str(folder)!r}: {error}") from error
        return self.find(key)

    def find(self, key: str | None) -> Conversation:
        """Return the conversation of an id.

        Raises:
          NotThere: there is none.
        """
        if key is None or not is_id(key):
            raise NotThere("there is no such conversation")
        folder = self._root / key
        settings = _settings(folder)
        if settings is None:
            raise NotThere("there is no such conversation")
        config = merge(self.config, settings.changes, "settings")
        return Conversation(id=key, folder=folder, visitor=settings.visitor, config=config)

    def newest(self, visitor: str) -> Conversation | None:
        """Return the visitor's conversation that was last spoken in, if there is any."""
        own = [f for f, s in self._all() if s.visitor == visitor]
        if not own:
            return None
        return self.find(max(own, key=_last_spoken).name)

    def past_runs(self, conversation: Conversation, words: str = "") -> list[Run]:
        """Return the runs that a conversation's visitor may see, newest first."""
        hidden, own = self._runs_of(conversation)
        # A run that goes on may not yet be named by the conversation that it belongs to.
        return [
            r
            for r in list_runs(self.runs, words)
            if r.name in own or (r.name not in hidden and r.state != "unfinished")
        ]

    def own_runs(self, conversation: Conversation) -> set[str]:
        """Return the names of the runs that a conversation's visitor made."""
        return self._runs_of(conversation)[1]

    def run_folder(self, conversation: Conversation, run: str) -> Path:
        """Return the folder of a run that a conversation's visitor may see.

        Raises:
          NotThere: there is none of that name, or it is another visitor's.
        """
        folder = self.runs / run
        hidden, own = self._runs_of(conversation)
        known = _RUN.fullmatch(run) is not None and (folder / "events.jsonl").is_file()
        finished = known and (folder / "result.json").is_file()
        if not known or not (run in own or (finished and run not in hidden)):
            raise NotThere("there is no such run")
        return folder

    def delete_run(self, conversation: Conversation, run: str) -> None:
        """Delete a run that the conversation's visitor made, and that is over.

        Raises:
          NotThere: there is none of that name, or it is not the visitor's to delete.
          BadInput: its files cannot be deleted.
        """
        folder = self.run_folder(conversation, run)
        if run not in self.own_runs(conversation) or not (folder / "result.json").is_file():
            raise NotThere("only runs of your own that are over can be deleted")
        delete_run(self.runs, run)

    def picture(self, conversation: Conversation, run: str, name: str) -> Path:
        """Return the file of a picture that a conversation's visitor may see.

        Args:
          conversation: that it is shown in.
          run: name of its run, or `OWN`.
          name: of the file, without its folder.

        Raises:
          NotThere: there is none; what lies elsewhere is never opened.
        """
        folder = conversation.folder if run == OWN else self.run_folder(conversation, run)
        path = media_file(self.runs, folder, name)
        # Another run's pictures may be another visitor's.
        if path is None or not path.is_relative_to(folder.resolve()):
            raise NotThere("there is no such picture")
        return path

    def _all(self) -> list[tuple[Path, Settings]]:
        folders = self._root.iterdir() if self._root.is_dir() else ()
        found = [(f, _settings(f)) for f in folders if is_id(f.name)]
        return [(f, s) for f, s in found if s is not None]

    def _runs_of(self, conversation: Conversation) -> tuple[set[str], set[str]]:
        """Return the runs of other visitors, and those of this conversation and visitor."""
        hidden: set[str] = set()
        own = self._names(conversation.folder)
        for folder, settings in self._all():
            mine = settings.visitor == conversation.visitor
            (own if mine else hidden).update(self._names(folder))
        return hidden - own, own

    def _names(self, folder: Path) -> set[str]:
        """Return the runs that a conversation made; what was read before is not read again."""
        after, names = self._named.get(folder.name, (0, set()))
        turns, after = read_turns(folder, after)
        names = names | {t.run for t in turns if isinstance(t, Running)}
        self._named[folder.name] = after, names
        return set(names)


def _settings(folder: Path) -> Settings | None:
    try:
        return Settings.model_validate(json.loads((folder / SETTINGS).read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError):
        return None


def _last_spoken(folder: Path) -> float:
    log = folder / LOG
    return (log if log.exists() else folder).stat().st_mtime
