"""Questions as the suite reads them: anybody's JSONL, and when an answer to one is right."""

import json
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mindseye.planner.ask.answer import Answer
from mindseye.planner.ask.answering import number_in
from mindseye.tools.errors import BadInput, ToolError
from mindseye.tools.physics.lab.amount import Dimension, unit_factor

STANDARD = "minds_eye.jsonl"
"""The 3,900 questions that come with the package."""
TOLERANCE = 0.03
"""Of numbers, where the question states none: it forgives a gravity of 9.8 or 10 m/s2."""


class Item(BaseModel):
    """One question. Only `question` and `answer` are needed; fields not named here are let be."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    id: str = ""
    """Made of the line's number where there is none."""
    question: str = Field(min_length=1)
    choices: tuple[str, ...] = ()
    """What may be answered. Where the answer is an order, the names that are ordered."""
    answer: str | float
    """One of the choices; names in order with ", " between them; a number, alone or with a unit;
    true or false for yes or no."""
    tolerance: float | None = None
    """Of a number, as a share of it."""
    unit: str | None = None
    """Of a number. An answer in another unit of the same kind is converted."""
    scene: str | None = None
    """Stands for a group in the table."""
    subtask: str = ""
    """Stands for a finer group."""
    program: str | None = None
    """Scene program that is right: what `oracle-scene` simulates."""
    depends_on: tuple[str, ...] = ()
    """Quantities that decide and are not given: right is what says it rests on one of them."""

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, given: Any) -> Any:
        """Take null for what is not there, and ids and choices for the words they are."""
        if not isinstance(given, dict):
            return given
        told = {k: v for k, v in given.items() if v is not None}
        if "id" in told:
            told["id"] = _word(told["id"])
        if isinstance(told.get("choices"), Sequence) and told["choices"]:
            told["choices"] = [_word(c) for c in told["choices"]]
            told["answer"] = _word(told.get("answer"))
        elif isinstance(told.get("answer"), bool):
            told["answer"] = _word(told["answer"])
        return {k: v for k, v in told.items() if v is not None}

    @model_validator(mode="after")
    def _answerable(self) -> Self:
        """Refuse an answer that nobody could give: it would be wrong whoever answers."""
        said = str(self.answer)
        ordered = sorted(_names(said)) == sorted(n for c in self.choices for n in _names(c))
        if not (ordered or said in self.choices or self.depends_on or not self.choices):
            raise ValueError(f"{said!r} is neither one of the choices nor an order of them")
        return self

    @property
    def offered(self) -> tuple[str, ...]:
        """The choices one can pick from: an order is not one of the names it orders."""
        told = self.depends_on or str(self.answer) in self.choices
        return self.choices if told else ()


def read_items(path: str | Path | None = None) -> list[Item]:
    """Read questions; None reads the standard set.

    Raises:
      BadInput: the file cannot be read, or a line is no question.
    """
    source = Path(path) if path else files("mindseye.eval").joinpath("data", STANDARD)
    try:
        # Not splitlines: a question may hold what Unicode calls a line end, and JSON does not.
        lines = source.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read questions {source}: {error}") from error
    items: dict[str, Item] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            item = Item.model_validate({"id": f"{number:05d}", **json.loads(line)})
        except (ValidationError, ValueError, TypeError) as error:
            raise BadInput(
                f"{source}, line {number}: {_reason(error)}; "
                'a line is {"question": ..., "answer": ...}, '
                "with choices, tolerance and unit as needed"
            ) from error
        if item.id in items:
            raise BadInput(f"{source}, line {number}: a second question has the id {item.id!r}")
        items[item.id] = item
    if not items:
        raise BadInput(f"no questions in {source}")
    return list(items.values())


def _reason(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    where = ".".join(str(key) for key in first["loc"])
    return f"{first['msg']} ({where})" if where else first["msg"]


def _word(value: Any) -> Any:
    """Return what a number, true or false says as a word; anything else as it is."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, (int, float)) else value


def spread(items: Sequence[Item], n: int) -> list[Item]:
    """Return `n` of the items, the same number of each sub-task as far as that goes."""
    seen: dict[str, int] = {}
    ranked: list[tuple[int, int, Item]] = []
    for item in items:
        group = item.subtask or str(item.scene)
        seen[group] = seen.get(group, -1) + 1
        ranked.append((seen[group], len(ranked), item))
    return [item for _, _, item in sorted(ranked, key=lambda r: r[:2])[:n]]


def right(item: Item, answer: Answer) -> bool:
    """Say whether an answer is right."""
    if item.depends_on:
        return any(
            re.search(rf"\b{re.escape(q)}\b", d) for q in item.depends_on for d in answer.depends
        )
    expected = _number(item.answer, item.unit)
    if expected is not None and not item.offered:
        return _near(expected, _answered(answer, item), item)
    return _names(answer.answer) == _names(str(item.answer))


def _number(answer: str | float, unit: str | None) -> tuple[float, str] | None:
    """Return value and unit of an answer that is a number."""
    if isinstance(answer, float):
        return answer, unit or ""
    found = number_in(answer) if re.match(r"\s*[-+]?\d", answer) else None
    return (found[0], unit or found[1]) if found else None


def _answered(answer: Answer, item: Item) -> tuple[float, str] | None:
    if answer.value is not None:
        return answer.value, answer.unit or ""
    return number_in(answer.answer)


def _near(expected: tuple[float, str], found: tuple[float, str] | None, item: Item) -> bool:
    if found is None:
        return False
    (value, unit), (said, said_in) = expected, found
    said *= _factor(said_in, unit)
    allowed = TOLERANCE if item.tolerance is None else item.tolerance
    return abs(said - value) <= allowed * abs(value) + 1e-12


def _factor(unit: str, into: str) -> float:
    """Return what to multiply by to convert; no unit, or an unknown one, is taken as meant."""
    if not unit or not into or unit == into:
        return 1.0
    for dimension in get_args(Dimension):
        try:
            return unit_factor(unit, dimension) / unit_factor(into, dimension)
        except ToolError:
            continue
    return float("nan")


def _names(text: str) -> tuple[str, ...]:
    """Return the names in an answer, without case, articles and full stops."""
    parts = re.split(r"\s*,\s*|\s+and then\s+", " ".join(text.lower().split()).rstrip("."))
    return tuple(re.sub(r"^(?:and )?(?:then )?(?:(?:the|a|an) )?", "", part) for part in parts)
