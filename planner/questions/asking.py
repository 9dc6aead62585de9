"""The prompts that ask for a scene program and for an answer, and the schemas of both.

One place makes them, so that what a model is trained on is, letter for letter,
what it is asked.
"""

import functools
import json
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from mindseye.planner.language.asking import render
from mindseye.tools.physics.lab.program import SCENES, program_schema

Schema = dict[str, Any]

NO_PROGRAM = '{"scene":"none"}'
"""What a model writes where no simulation helps."""
_LONGEST_ANSWER = 300


@functools.cache
def _program_schema() -> str:
    nothing = {
        "type": "object", "properties": {"scene": {"const": "none"}}, "required": ["scene"],
        "additionalProperties": False,
    }  # fmt: skip
    return json.dumps({"anyOf": [*program_schema()["anyOf"], nothing]})


def question_schema() -> Schema:
    """Return the schema of a scene program, or of the word that none helps."""
    schema: Schema = json.loads(_program_schema())
    named = {"title": "program", "description": "What is to be simulated."}
    return named | schema


def answer_schema(choices: Sequence[str] = ()) -> Schema:
    """Return the schema of an answer: one of the choices, or free where there are none."""
    free: Schema = {"type": "string", "minLength": 1, "maxLength": _LONGEST_ANSWER}
    value = {"type": "string", "enum": list(choices)} if choices else free
    return {
        "title": "answer", "description": "The answer to the question.", "type": "object",
        "properties": {"answer": value}, "required": ["answer"], "additionalProperties": False,
    }  # fmt: skip


def _messages(name: str, schema: Schema, explain: bool, **values: Any) -> list[BaseMessage]:
    system = render("physics", explain=explain, schema=json.dumps(schema) if explain else "")
    return [SystemMessage(system), HumanMessage(render(name, explain=explain, **values))]


def ask_program(question: str, choices: Sequence[str] = (), *, explain: bool) -> list[BaseMessage]:
    """Return the messages that ask for the scene program of a question.

    Args:
      question: as the person put it.
      choices: what may be answered, if that was said.
      explain: spell out the conventions and the schema, for a model that was
        not trained on these prompts.
    """
    return _messages(
        "program", question_schema() if explain else {}, explain,
        question=question, choices=list(choices), scenes=SCENES,
    )  # fmt: skip


def ask_answer(
    question: str, choices: Sequence[str] = (), hint: str = "", *, explain: bool
) -> list[BaseMessage]:
    """Return the messages that ask for the answer; `hint` is what was simulated.

    Liu et al., Mind's Eye (2022): the result of a simulation is injected into the
    prompt, and the model answers from it.
    """
    return _messages(
        "answer", answer_schema(choices), explain,
        question=question, choices=list(choices), hint=hint,
    )  # fmt: skip
