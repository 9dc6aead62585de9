"""The conditions of the suite: the same questions, with and without what was simulated."""

import functools
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from mindseye.eval.minds_eye.contrary import contrary
from mindseye.eval.minds_eye.items import Item
from mindseye.planner.ask.answer import Answer
from mindseye.planner.ask.asker import NOT_SIMULATED, NOT_WANTED, Asker
from mindseye.planner.ask.conclude import conclude
from mindseye.planner.ask.evidence import Evidence, evidence_of
from mindseye.planner.language.answers import answer_in_text
from mindseye.planner.language.asking import compact
from mindseye.planner.language.scorer import Scorer
from mindseye.planner.questions.asking import ask_answer, trained_answer
from mindseye.planner.questions.checking import Answer as ByFormula
from mindseye.planner.questions.data import asks_for
from mindseye.planner.questions.generate import examples
from mindseye.planner.questions.records import Question
from mindseye.tools.errors import BadInput, ToolError
from mindseye.tools.physics.lab.lab import investigate
from mindseye.tools.physics.lab.program import parse_program
from mindseye.tools.physics.lab.resolve import resolve
from mindseye.tools.prompting import render

CONDITIONS = {
    "none": "the question alone",
    "cot": "thoughts first (Kojima et al., 2022)",
    "few-shot": "four other questions with their answers first",
    "self-consistency": "the majority of five drawn thoughts (Wang et al., 2023)",
    "simulation": "what the model's own scene program showed is in the prompt (Liu et al., 2022)",
    "simulation+few-shot": "the same, after four other questions with simulations and answers",
    "wrong-simulation": "the opposite of what the same programs showed is in the prompt",
    "oracle-scene": "the right scene program is simulated, not the model's",
}
SHOTS = 4
VOTES = 5
WARMTH = 0.7
"""Temperature of the thoughts that vote."""
LONGEST_THOUGHT = 96
"""Tokens."""


@functools.cache
def few_shots(simulated: bool, trained: bool, n: int = SHOTS) -> tuple[BaseMessage, ...]:
    """Return other questions with their answers as messages, with hints where simulated.

    They are comparisons of the dev split, which shares no wording with test. Only a model
    that was trained on our prompts says first what a question asks for.
    """
    told: list[BaseMessage] = []
    for question in _compared(n):
        hint = ByFormula(parse_program(question.program or "")).hint if simulated else ""
        _, asked = ask_answer(question.question, question.choices, hint, explain=False)
        plain = compact({"answer": question.answer})
        text = trained_answer(asks_for(question), question.answer) if trained else plain
        told += [asked, AIMessage(text)]
    return tuple(told)


def _compared(n: int) -> Iterator[Question]:
    """Yield questions whose answers are first, second and same in turn."""
    wanted = 0
    for question in examples(40 * n, seed=1, split="dev"):
        if question.kind == "compare" and len(question.choices) == 3:
            if question.choices.index(question.answer) == wanted % 3:
                wanted += 1
                yield question
            if wanted == n:
                return


Looks = dict[str, tuple[list[Evidence], str]]
"""What simulations showed, by the question's id."""


@dataclass(frozen=True, kw_only=True)
class Respondent:
    """Answers questions under any condition with one chat model."""

    model: BaseChatModel
    tries: int = 3
    looks: Looks = field(default_factory=dict)
    """Shared by respondents, it lets conditions differ in nothing but what is told."""

    def respond(self, condition: str, item: Item) -> Answer:
        """Answer a question.

        Raises:
          BadInput: no such condition, or one that this question or model does not allow.
          Unavailable: the model does not answer.
        """
        match condition:
            case "none":
                return self._concluded(item, [])
            case "few-shot":
                return self._concluded(item, [], before=self._shots(simulated=False))
            case "cot":
                return self._thought(item, thinking(self.model))
            case "self-consistency":
                return self._majority(item)
            case "simulation":
                return self._concluded(item, *self._look(item))
            case "simulation+few-shot":
                return self._concluded(item, *self._look(item), self._shots(simulated=True))
            case "wrong-simulation":
                evidence, note = self._look(item)
                return self._concluded(item, [_wrong(e) for e in evidence], note)
            case "oracle-scene":
                return self._concluded(item, *_right(item))
        raise BadInput(f"no condition {condition!r}; known: {', '.join(CONDITIONS)}")

    def _shots(self, simulated: bool) -> Sequence[BaseMessage]:
        return few_shots(simulated, isinstance(self.model, Scorer))

    def _look(self, item: Item) -> tuple[list[Evidence], str]:
        if item.id not in self.looks:
            asker = Asker(self.model, tries=self.tries, draw=False)
            self.looks[item.id] = asker.look(item.question, item.offered)
        return self.looks[item.id]

    def _concluded(
        self,
        item: Item,
        evidence: Sequence[Evidence],
        note: str = NOT_WANTED,
        before: Sequence[BaseMessage] = (),
    ) -> Answer:
        found = conclude(self.model, item.question, item.offered, evidence, note, before)
        return found.answer

    def _thought(self, item: Item, model: BaseChatModel) -> Answer:
        """Let a model think aloud, then answer."""
        asked = HumanMessage(render("reason", question=item.question, choices=list(item.offered)))
        thoughts = answer_in_text(model, [SystemMessage(_system()), asked], str.strip)
        before = [asked, AIMessage(thoughts or "...")]
        return self._concluded(item, [], before=before)

    def _majority(self, item: Item) -> Answer:
        votes = [self._thought(item, thinking(self.model, seed)) for seed in range(VOTES)]
        counts = Counter(v.answer for v in votes)
        most = max(votes, key=lambda v: counts[v.answer])
        return most.model_copy(update={"confidence": counts[most.answer] / VOTES})


def _system() -> str:
    return render("physics", explain=False, schema="").strip()


def thinking(model: BaseChatModel, seed: int | None = None) -> BaseChatModel:
    """Return the model so that its thoughts are short and, given a seed, drawn.

    Raises:
      BadInput: thoughts are to be drawn, and the model has no temperature.
    """
    fields = type(model).model_fields
    settings: dict[str, float] = {"max_tokens": LONGEST_THOUGHT}
    if seed is not None:
        settings |= {"temperature": WARMTH, "seed": seed}
        if "temperature" not in fields:
            raise BadInput(f"{type(model).__name__} has no temperature: leave out self-consistency")
    return model.model_copy(update={k: v for k, v in settings.items() if k in fields})


def _wrong(evidence: Evidence) -> Evidence:
    """Return evidence of the opposite, believed as much."""
    assert evidence.program is not None
    finding = contrary(investigate(evidence.program, vary=False))
    return replace(evidence_of(evidence.program, finding, 1.0), trust=evidence.trust)


def _right(item: Item) -> tuple[list[Evidence], str]:
    """Return what the right program shows; a set that has programs has none where none helps."""
    if not item.program:
        return [], NOT_SIMULATED
    program = parse_program(item.program)
    return [evidence_of(program, investigate(program), 1.0)], ""


def program_exact(item: Item, answer: Answer) -> bool | None:
    """Say whether the model's program is the right experiment, number for number.

    "m/s²" for "m/s2" or a default spelled out is no other experiment; what changes
    nothing that is measured, but was stated and is left out, is. None where no right
    program is known.
    """
    if not item.program:
        return None
    if answer.program is None or answer.mode != "program":
        return False
    if json.loads(answer.program) == json.loads(item.program):
        return True
    try:
        return resolve(parse_program(answer.program)) == resolve(parse_program(item.program))
    except ToolError:
        return False
