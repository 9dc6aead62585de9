"""What can be answered to a question, and what the language model answers."""

import itertools
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from mindseye.planner.ask.grammar import asks_for_order, asks_yes_or_no
from mindseye.planner.language.answers import SURE, answer_under, lean, normalised
from mindseye.planner.language.scorer import Scorer
from mindseye.planner.questions.asking import answer_schema, ask_answer, trained_answer
from mindseye.planner.questions.records import Asks
from mindseye.tools.errors import ToolError
from mindseye.tools.physics.lab.amount import Stated, parse_amount, parse_number
from mindseye.tools.physics.lab.program import MEASURE_DIMENSION, Measure, Program
from mindseye.tools.physics.lab.verdict import SAME, Verdict

YES_NO = ("yes", "no")
CHANGE = ("increases", "decreases", "stays the same")

_SAME = re.compile(
    r"\b(?:same|equal(?:ly)?|neither|both|tie|identical|together|unchanged|no change|no difference"
    r"|(?:does not|doesn't|will not|won't) change)\b",
    re.I,
)
_VALUE = re.compile(
    r"([-+]?[0-9][0-9,]*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*([A-Za-z%°][^\s,;:()]*)?"
)


@dataclass(frozen=True, kw_only=True)
class Form:
    """What kind of answer a question takes."""

    kind: Literal["choice", "order", "number", "free"]
    options: tuple[str, ...] = ()
    """What may be answered; none where that is a number or free."""


def form_of(question: str, choices: Sequence[str], program: Program | None) -> Form:
    """Return what a question takes for an answer.

    Args:
      question: in plain words.
      choices: what the person said may be answered.
      program: what was simulated, if anything was.
    """
    if choices:
        return Form(kind="choice", options=tuple(choices))
    if asks_yes_or_no(question):
        return Form(kind="choice", options=YES_NO)
    match program.ask.kind if program is not None else None:
        case "exceeds" | "does":
            return Form(kind="choice", options=YES_NO)
        case "compare":
            assert program is not None
            names = program.names
            if set(names) == {"before", "after"} and "before" not in question.lower():
                # "Then its mass is doubled. What becomes of ...": one thing at two times.
                return Form(kind="choice", options=CHANGE)
            return Form(kind="choice", options=(*names, SAME))
        case "order":
            assert program is not None
            if not asks_for_order(question):
                return Form(kind="choice", options=program.names)
            orders = itertools.permutations(program.names)
            return Form(kind="order", options=tuple(", ".join(names) for names in orders))
        case "number":
            return Form(kind="number")
        case None:
            return Form(kind="free")


def choose(
    model: BaseChatModel,
    question: str,
    form: Form,
    hint: str = "",
    before: Sequence[BaseMessage] = (),
) -> dict[str, float]:
    """Return the probability of each option of a form, the simulation's hint in the prompt.

    Liu et al., Mind's Eye (2022): the hint is injected, and the language model
    answers; nothing goes past it.

    Args:
      model: any chat model.
      question: in plain words.
      form: what may be answered.
      hint: what a simulation showed, or "".
      before: messages that stand before the question.

    Raises:
      Unavailable: the model does not answer.
    """
    options, schema = form.options, answer_schema(form.options)
    # Orders are many, and each is plain from the question: they are not listed.
    listed = options if form.kind == "choice" else ()
    untrained = not isinstance(model, Scorer)
    asked = ask_answer(question, listed, hint, explain=untrained, before=before)
    if not isinstance(model, Scorer):
        chosen = answer_under(model, asked, schema, lambda a: _picked(a["answer"], options))
        return dict(zip(options, lean(chosen, len(options)), strict=True))
    kinds: tuple[Asks, ...] = ("more", "less") if form.kind == "order" else get_args(Asks)
    openings = normalised(model.score(asked, [_opening(k) for k in kinds]))
    asks = dict(zip(kinds, openings, strict=True))
    likeliest = max(kinds, key=lambda k: asks[k])
    logs = model.score(asked, [trained_answer(likeliest, o) for o in options])
    return dict(zip(options, normalised(logs), strict=True))


def _opening(asks: Asks) -> str:
    return trained_answer(asks, "").removesuffix('"}')


def _picked(said: Any, options: Sequence[str]) -> int:
    """Return which option was said; a model may differ in case and article."""
    bare = [_bare(o) for o in options]
    if not isinstance(said, str) or _bare(said) not in bare:
        raise ToolError(f"{said!r} is no choice; the choices are: {', '.join(options)}")
    return bare.index(_bare(said))


def _bare(text: str) -> str:
    return re.sub(r"^(?:the|a|an) ", "", " ".join(text.lower().split())).rstrip(".")


def answer_freely(
    model: BaseChatModel, question: str, hint: str = "", before: Sequence[BaseMessage] = ()
) -> tuple[str, float]:
    """Return an answer in a few words, and how likely the model finds it; see `choose`.

    Raises:
      Unavailable: the model does not answer.
    """
    schema = answer_schema()
    asked = ask_answer(question, (), hint, explain=not isinstance(model, Scorer), before=before)
    if isinstance(model, Scorer):
        text, logprob = model.beam(asked, schema, 1)[0]
        return str(json.loads(text)["answer"]), math.exp(logprob)

    def parse(answer: Any) -> str:
        if not isinstance(answer["answer"], str) or not answer["answer"].strip():
            raise ToolError("the answer is empty")
        return str(answer["answer"]).strip()

    return answer_under(model, asked, schema, parse), SURE


def number_in(text: str) -> tuple[float, str] | None:
    """Return the first number of a free answer and its unit, or None."""
    match = _VALUE.search(text)
    if match is None:
        return None
    try:
        return parse_number(match[1]), (match[2] or "").rstrip(".?!")
    except ToolError:
        return None


def agrees(verdict: Verdict, measure: Measure | None, form: Form, answer: str) -> bool | None:
    """Say whether an answer goes with what the simulation showed; None where it cannot be told.

    The question may ask for the opposite of what the program measures ("which is
    slower?"), so only what fits neither way is a contradiction.
    """
    match verdict.kind:
        case "compare" if form.options != YES_NO:
            says_same = bool(_SAME.search(answer))
            offered = any(_SAME.search(o) for o in form.options)
            return says_same == (len(verdict.ranking) == 1) if offered else None
        case "order" if form.kind == "order":
            return _follows(answer.split(", "), verdict.ranking)
        case "number" if measure is not None and verdict.value is not None:
            return _nearest(verdict, measure, form.options) == answer if form.options else None
        case _:
            return None


def _follows(said: Sequence[str], ranking: Sequence[Sequence[str]]) -> bool:
    """Say whether an order is the ranking, or its reverse, ties in any order."""
    place = {_bare(name): i for i, group in enumerate(ranking) for name in group}
    places = [place.get(_bare(name), -1) for name in said]
    return places in (sorted(places), sorted(places, reverse=True))


def _nearest(verdict: Verdict, measure: Measure, options: Sequence[str]) -> str | None:
    """Return the option that is nearest to a measured number, or None if they are no amounts."""
    dimension = MEASURE_DIMENSION[measure]
    try:
        amounts = {o: parse_amount(o, dimension) for o in options}
        measured = parse_amount(f"{verdict.value!r} {verdict.unit or ''}".strip(), dimension)
    except ToolError:
        return None
    if not isinstance(measured, Stated):
        return None
    gaps = {o: abs(a.value - measured.value) for o, a in amounts.items() if isinstance(a, Stated)}
    return min(gaps, key=lambda o: gaps[o]) if len(gaps) == len(options) else None
