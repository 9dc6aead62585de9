"""From what simulations showed to the answer, and how sure it is out of two witnesses."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from mindseye.planner.ask.answer import Answer
from mindseye.planner.ask.answering import (
    Form,
    agrees,
    answer_freely,
    choose,
    form_of,
    number_in,
)
from mindseye.planner.ask.evidence import Evidence
from mindseye.tools.physics.lab.verdict import TOLERANCE

_NUMBER_FIRST = re.compile(r"\W*(?:about |roughly |around |approximately )?[-+]?\d", re.I)


@dataclass(frozen=True, kw_only=True, eq=False)
class Conclusion:
    """The answer, and the simulation that is shown with it."""

    answer: Answer
    shown: Evidence | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class _Vote:
    """What the model answers with one simulation's hint."""

    evidence: Evidence
    chances: Mapping[str, float]

    def agrees(self, form: Form, said: str) -> bool | None:
        """Say whether an answer goes with this simulation."""
        if self.evidence.verdict is None or self.evidence.program is None:
            return None
        ask = self.evidence.program.ask
        measure = None if ask.kind == "does" else ask.measure
        return agrees(self.evidence.verdict, measure, form, said)


def conclude(
    model: BaseChatModel,
    question: str,
    choices: Sequence[str],
    evidence: Sequence[Evidence],
    note: str = "",
    before: Sequence[BaseMessage] = (),
) -> Conclusion:
    """Return the answer that simulations lead to.

    A choice or an order is the language model's word, each simulation's hint in its
    prompt in turn. A number is read off the simulation.

    Args:
      model: any chat model.
      question: in plain words.
      choices: what may be answered; without, question and program decide.
      evidence: what was simulated, likeliest first; nothing where no simulation helps.
      note: why there is none.
      before: messages that stand before the question, such as others with their answers.

    Raises:
      Unavailable: the model does not answer.
    """
    evidence = [e for e in evidence if _kind(e) == _kind(evidence[0])]
    form = form_of(question, choices, evidence[0].program if evidence else None)
    if form.kind == "number":
        found = _measured(evidence)
    elif form.kind != "free":
        found = _chosen(model, question, form, evidence, before)
    elif evidence and evidence[0].what == "push":
        found = _told(evidence[0])
    else:
        found = _free(model, question, evidence, before)
    return _resting_on(found, evidence, note)


def _kind(evidence: Evidence) -> str:
    """Return what a simulation answers: programs that ask different things cannot vote together."""
    return evidence.program.ask.kind if evidence.program else evidence.what


def _measured(evidence: Sequence[Evidence]) -> Conclusion:
    """Return the number that most of the trust is behind.

    Of several programs, those whose numbers agree within the tolerance stand together.
    """

    def behind(one: Evidence) -> float:
        return sum(e.trust for e in evidence if _same_number(one, e))

    shown = max(evidence, key=lambda e: (behind(e), e.trust))
    verdict = shown.verdict
    assert verdict is not None
    answer = Answer(
        answer=verdict.answer, value=verdict.value, unit=verdict.unit,
        uncertainty=verdict.spread, confidence=min(1.0, behind(shown)), tool="simulation",
        said_by="simulation",
    )  # fmt: skip
    return Conclusion(answer=answer, shown=shown)


def _same_number(one: Evidence, other: Evidence) -> bool:
    a, b = one.verdict, other.verdict
    if a is None or b is None or a.kind != b.kind or a.unit != b.unit:
        return False
    if a.value is None or b.value is None:
        return a.value == b.value
    return abs(a.value - b.value) <= TOLERANCE * max(abs(a.value), abs(b.value))


def _told(shown: Evidence) -> Conclusion:
    """Return what happens: what the simulation shows, with nothing left to conclude."""
    words = shown.hint.partition(": ")[2].partition(": ")[2]
    answer = Answer(
        answer=words[:1].upper() + words[1:], confidence=shown.trust, tool="simulation",
        said_by="simulation",
    )  # fmt: skip
    return Conclusion(answer=answer, shown=shown)


def _free(
    model: BaseChatModel,
    question: str,
    evidence: Sequence[Evidence],
    before: Sequence[BaseMessage],
) -> Conclusion:
    shown = evidence[0] if evidence else None
    said, chance = answer_freely(model, question, shown.hint if shown else "", before)
    answer = Answer(
        answer=said, confidence=chance * (shown.trust if shown else 1.0), model_answer=said,
        tool="simulation" if shown else "none",
    )  # fmt: skip
    return Conclusion(answer=_numbered(answer), shown=shown)


def _chosen(
    model: BaseChatModel,
    question: str,
    form: Form,
    evidence: Sequence[Evidence],
    before: Sequence[BaseMessage],
) -> Conclusion:
    """Let the model choose with each simulation's hint, and add the votes up."""
    if not evidence:
        chances = choose(model, question, form, before=before)
        said = max(form.options, key=lambda o: chances[o])
        answer = Answer(
            answer=said, confidence=chances[said], tool="none", model_answer=said, choices=chances
        )
        return Conclusion(answer=_numbered(answer))
    votes = [
        _Vote(evidence=e, chances=choose(model, question, form, e.hint, before)) for e in evidence
    ]
    chances = _mixed(votes, form.options)
    said = max(form.options, key=lambda o: chances[o])
    leading = max(votes, key=lambda v: v.chances[said] * v.evidence.trust)
    agreed, verdict = leading.agrees(form, said), leading.evidence.verdict
    note = ""
    if agreed is False and verdict is not None:
        note = f"the simulation shows {verdict.answer!r}, the language model says {said!r}"
    answer = Answer(
        answer=said, confidence=_confidence(votes, form, said), tool="simulation",
        model_answer=said, agrees=agreed, choices=chances, note=note,
    )  # fmt: skip
    return Conclusion(answer=_numbered(answer), shown=leading.evidence)


def _mixed(votes: Sequence[_Vote], options: Sequence[str]) -> dict[str, float]:
    """Return each option's probability over all simulations, weighted by trust."""
    total = sum(v.evidence.trust for v in votes)
    weights = [v.evidence.trust / total if total else 1 / len(votes) for v in votes]
    pairs = list(zip(weights, votes, strict=True))
    return {o: sum(w * v.chances[o] for w, v in pairs) for o in options}


def _confidence(votes: Sequence[_Vote], form: Form, said: str) -> float:
    """Return how sure an answer is: what each witness says of it.

    At most one simulation shows the truth, each with the probability `trust` (that
    its program says what the question says, times the lab's confidence). If so,
    the answer is right if the model read the hint right, and wrong where the two
    cannot both be right. If none does, the answer is a guess.
    """
    right = sum(
        v.evidence.trust * v.chances[said] for v in votes if v.agrees(form, said) is not False
    )
    left = max(0.0, 1.0 - sum(v.evidence.trust for v in votes))
    return min(1.0, right + left / len(form.options))


def _numbered(answer: Answer) -> Answer:
    """Read value and unit off an answer that begins with a number."""
    found = number_in(answer.answer) if _NUMBER_FIRST.match(answer.answer) else None
    if found is None:
        return answer
    return answer.model_copy(update={"value": found[0], "unit": found[1] or None})


def _resting_on(found: Conclusion, evidence: Sequence[Evidence], note: str) -> Conclusion:
    """Add to an answer what it rests on."""
    answer, shown = found.answer, found.shown
    if shown is None:
        return Conclusion(answer=answer.model_copy(update={"note": note, "mode": "none"}))
    update = {
        "hint": shown.hint, "depends": shown.depends, "program": shown.text,
        "mode": "table" if shown.what == "push" else shown.what,
        "verdict": shown.verdict.answer if shown.verdict else None, "numbers": shown.numbers,
        "simulations": sum(e.simulations for e in evidence),
        "simulation_seconds": sum(e.seconds for e in evidence),
    }  # fmt: skip
    return Conclusion(answer=answer.model_copy(update=update), shown=shown)
