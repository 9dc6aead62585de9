"""The prompts that ask for a scene program and for an answer, and the answer's schema.

One place makes them, so that what a model is trained on is, letter for letter,
what it is asked. What explains programs to a model that was not trained on them
is in `mindseye.planner.ask.asking`.
"""

import json
from collections.abc import Sequence

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from mindseye.planner.language.asking import compact
from mindseye.planner.language.schemas import Schema
from mindseye.planner.questions.records import Asks
from mindseye.tools.prompting import render

NO_PROGRAM = '{"scene":"none"}'
"""What a model writes where no simulation helps."""
_LONGEST_ANSWER = 300


def answer_schema(choices: Sequence[str] = ()) -> Schema:
    """Return the schema of an answer: one of the choices, or free where there are none."""
    free: Schema = {"type": "string", "minLength": 1, "maxLength": _LONGEST_ANSWER}
    value = {"type": "string", "enum": list(choices)} if choices else free
    return {
        "title": "answer", "description": "The answer to the question.", "type": "object",
        "properties": {"answer": value}, "required": ["answer"], "additionalProperties": False,
    }  # fmt: skip


def trained_answer(asks: Asks, answer: str) -> str:
    """Return the text of an answer as a model is trained to write it.

    To say first what is asked for takes two easy steps instead of one: reading the
    comparative in the question, then reading the hint.
    """
    return compact({"asks": asks, "answer": answer})


def ask_program(question: str, choices: Sequence[str] = ()) -> list[BaseMessage]:
    """Return the messages that ask a model that was trained on them for a scene program.

    Args:
      question: as the person put it.
      choices: what may be answered, if that was said.
    """
    return [
        SystemMessage(render("physics", explain=False)),
        HumanMessage(render("program", question=question, choices=list(choices))),
    ]


def ask_answer(
    question: str,
    choices: Sequence[str] = (),
    hint: str = "",
    *,
    explain: bool,
    before: Sequence[BaseMessage] = (),
) -> list[BaseMessage]:
    """Return the messages that ask for the answer; `hint` is what was simulated.

    Liu et al., Mind's Eye (2022): the result of a simulation is injected into the
    prompt, and the model answers from it.

    Args:
      question: as the person put it.
      choices: what may be answered; none where that is free.
      hint: a sentence, or "" where nothing was simulated.
      explain: say what form the answer takes, for a model that was not trained
        on these prompts.
      before: what was said earlier: other questions with their answers, or thoughts.
    """
    schema = json.dumps(answer_schema(choices))
    asked = render("answer", question=question, choices=list(choices), hint=hint, explain=explain)
    system = SystemMessage(render("physics", explain=explain, schema=schema))
    return [system, *before, HumanMessage(asked)]
