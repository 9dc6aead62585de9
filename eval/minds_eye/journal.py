"""What was answered, one line each as it comes: a killed evaluation goes on where it stopped."""

import json
import threading
import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from mindseye.eval.minds_eye.conditions import Looks
from mindseye.planner.ask.answer import Answer
from mindseye.tools.errors import BadInput


class Response(BaseModel):
    """One question answered under one condition."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    condition: str
    id: str
    answer: Answer
    read: int = 0
    """Tokens that the language model read."""
    written: int = 0
    seconds: float = 0.0
    """From start to end of this one; others are answered meanwhile."""
    passed: float = 0.0
    """Seconds since the answer before it: they add up to what the condition took."""


class Journal:
    """The answers of one evaluation, in `answers.jsonl` of its folder."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        """Open a folder, new or begun.

        Args:
          folder: where it lies.
          settings: what must not change between a beginning and its continuation.

        Raises:
          BadInput: the folder was begun with other settings, or cannot be written.
        """
        self.path = folder / "answers.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _same_settings(folder / "settings.json", settings)
            self.found = {(r.condition, r.id): r for r in _read(self.path)}
        except OSError as error:
            raise BadInput(f"cannot write to {folder}: {error.strerror}") from error
        self.looks: Looks = {}
        """What this process has simulated: conditions share it."""
        self._lock = threading.Lock()
        self._last = time.monotonic()

    def get(self, condition: str, name: str) -> Response | None:
        """Return what was answered before, if it was."""
        return self.found.get((condition, name))

    def begin(self) -> None:
        """Start the clock that `Response.passed` is read off."""
        self._last = time.monotonic()

    def add(self, response: Response) -> Response:
        """Keep an answer, on disk too, and return it with the time that passed."""
        with self._lock:
            now = time.monotonic()
            kept = response.model_copy(update={"passed": now - self._last})
            self._last = now
            with self.path.open("a", encoding="utf-8") as file:
                file.write(kept.model_dump_json() + "\n")
            self.found[kept.condition, kept.id] = kept
        return kept


def _same_settings(path: Path, settings: dict[str, Any]) -> None:
    """Write the settings, or hold them to those that are written."""
    if not path.exists():
        path.write_text(json.dumps(settings, indent=1), encoding="utf-8")
        return
    try:
        begun = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(f"{path} is torn: delete it or give another folder by --run") from error
    for key, value in settings.items():
        if begun.get(key) != value:
            raise BadInput(
                f"{path.parent} was begun with {key} {begun.get(key)!r}, not {value!r}: "
                "give another folder by --run"
            )


def _read(path: Path) -> list[Response]:
    """Return the whole lines; one that a kill tore is answered again."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    if text and not text.endswith("\n"):
        # What is added next must not be glued to the torn line.
        text = text[: text.rfind("\n") + 1]
        path.write_text(text, encoding="utf-8")
    found = []
    # Not splitlines: an answer may hold what Unicode calls a line end, and JSON does not.
    for line in text.split("\n"):
        try:
            found.append(Response.model_validate_json(line))
        except ValidationError:
            continue
    return found
