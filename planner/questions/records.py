"""A physics question as it is stored, one JSON object a line."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from mindseye.tools.errors import BadInput
from mindseye.tools.physics.lab.program import Scene

VERSION: Literal[1] = 1

Split = Literal["train", "dev", "test"]
Kind = Literal[
    "compare", "yesno", "order", "number", "choice", "exceeds", "does", "underspecified", "none",
]  # fmt: skip
"""What is asked.

compare: X, Y or same. yesno: "is X faster than Y?". order: three or more, or which
of them comes first. number: a value with its unit. choice: one of several values.
exceeds: is it more, or less, than a value. does: does something happen.
underspecified: the answer depends on what the question leaves open. none: no
rigid-body simulation answers it.
"""

Asks = Literal["more", "less", "same", "value", "not"]
"""What a question asks for.

more, less: the body with more of what was measured, or with less; first the one with
more, or with less; whether it is more than a value, or less. same: it makes no
difference, or whether it makes none. value: what was measured, as it is. not: whether
it does not happen.
"""


class Question(BaseModel):
    """A question with its answer and the scene program that leads there."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: Literal[1] = VERSION
    id: str
    question: str
    choices: tuple[str, ...] = ()
    """What may be answered; empty where that is free."""
    answer: str
    """One of the choices; for a number its value and unit; for an order the names with commas."""
    unit: str | None = None
    tolerance: float | None = None
    """Relative, for numbers."""
    scene: Scene | None = None
    """None where no simulation helps."""
    subtask: str = ""
    """What varies and what is asked, such as "projection/speed-range"."""
    kind: Kind
    split: Split
    family: str
    """Stands for the sentence templates that were used; never the same in two splits."""
    program: str | None = None
    """Target of the text-to-scene adapter (`Program.text`)."""
    asks: Asks | None = None
    """What is asked for, where program and answer do not show it."""


def write_questions(path: Path, questions: Iterable[Question]) -> int:
    """Write the questions as JSONL, defaults left out, and return how many there were."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for question in questions:
            told = {"version": VERSION, **question.model_dump(exclude_defaults=True)}
            file.write(json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n")
            count += 1
    return count


def read_questions(path: Path) -> list[Question]:
    """Read questions out of a JSONL file.

    Raises:
      BadInput: the file is missing or a line is not a question.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [Question.model_validate_json(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise BadInput(f"cannot read questions {path}: {error}") from error
