"""Training examples out of questions, and the files that `mindseye data minds-eye` makes."""

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from langchain_core.messages import BaseMessage
from tqdm import tqdm

from mindseye.planner.language.asking import compact
from mindseye.planner.language.data import Example
from mindseye.planner.questions.asking import (
    NO_PROGRAM,
    ask_answer,
    ask_program,
    trained_answer,
)
from mindseye.planner.questions.checking import Answer, simulated
from mindseye.planner.questions.generate import STANDARD_SAMPLES, examples, standard
from mindseye.planner.questions.records import Asks, Question, Split, write_questions
from mindseye.tools.errors import MindseyeError
from mindseye.tools.physics.lab.program import parse_program
from mindseye.tools.physics.lab.verdict import SAME

PROGRAM_SHARE = 0.5
"""Of the examples; the others train to answer from a hint."""
CHECKED = 300
"""Training questions of a data set whose answers are also simulated."""
_SAME_WORDS = (
    "the same", "both the same", "they are the same", "equal", "neither", "no difference",
    "both equally", "it is the same for both", "they tie", "both",
)  # fmt: skip


def _reworded(question: Question, rng: random.Random) -> tuple[tuple[str, ...], str]:
    """Return choices and answer as other people would word them."""
    choices = list(question.choices)
    if question.split == "train" and SAME in choices:
        words = {SAME: rng.choice(_SAME_WORDS)} if rng.random() < 0.5 else {}
        if rng.random() < 0.25:
            words |= {c: f"the {c}" for c in choices if c[:1].islower() and c != SAME}
        rng.shuffle(choices)
        return tuple(words.get(c, c) for c in choices), words.get(question.answer, question.answer)
    return question.choices, question.answer


def _example(
    kind: Literal["program", "answer"], asked: Sequence[BaseMessage], answer: str
) -> Example:
    system, user = (str(m.content) for m in asked)
    return Example(kind=kind, system=system, user=user, answer=answer)


def program_example(question: Question, rng: random.Random) -> Example:
    """Return the example that teaches to write the scene program, choices shown or not."""
    choices, _ = _reworded(question, rng)
    shown = choices if rng.random() < 0.6 else ()
    asked = ask_program(question.question, shown)
    return _example("program", asked, question.program or NO_PROGRAM)


def asks_for(question: Question) -> Asks:
    """Return what a question asks for: as it says itself, or from its program and its answer."""
    if question.asks is not None:
        return question.asks
    if not question.program or question.kind in ("choice", "number"):
        return "value"
    verdict = Answer(parse_program(question.program)).verdict
    if verdict.kind == "number":
        return "value"
    if verdict.kind in ("exceeds", "does"):
        asserted = question.answer == verdict.answer
        if verdict.kind == "does":
            return "value" if asserted else "not"
        return "more" if asserted else "less"
    ranking = [set(group) for group in verdict.ranking]
    if len(ranking) == 1:
        return "same"
    first = question.answer.split(", ")[0]
    return "more" if first in ranking[0] else "less" if first in ranking[-1] else "value"


def answer_example(question: Question, rng: random.Random) -> Example:
    """Return the example that teaches to answer from what a simulation showed."""
    choices, answer = _reworded(question, rng)
    hint = Answer(parse_program(question.program)).hint if question.program else ""
    asked = ask_answer(question.question, choices, hint, explain=False)
    ordered = question.kind == "order"
    text = trained_answer(asks_for(question), answer)
    return _example("answer", asked, text if choices or ordered else compact({"answer": answer}))


def training_examples(n: int, seed: int = 0, split: Split = "train") -> Iterator[Example]:
    """Yield `n` training examples in random order, each from a question of its own."""
    rng = random.Random(f"examples {split} {seed}")
    for question in examples(n, seed, split):
        # A number is read off the simulation: nothing is to be learnt of it.
        written = rng.random() < PROGRAM_SHARE or question.kind == "number"
        yield (program_example if written else answer_example)(question, rng)


def check(questions: Sequence[Question]) -> int:
    """Hold the programs of the questions to the simulator and return how many there were.

    Raises:
      MindseyeError: simulation and formula answer a question differently.
    """
    held = [q for q in questions if q.program]
    programs = [parse_program(q.program or "") for q in held]
    for question, program, seen in zip(held, programs, simulated(programs), strict=True):
        expected = Answer(program).verdict
        near = seen.value is not None and expected.value is not None and (
            abs(seen.value - expected.value) <= 0.01 * abs(expected.value)
        )  # fmt: skip
        if not near and (seen.answer, seen.ranking) != (expected.answer, expected.ranking):
            raise MindseyeError(
                f"{question.id}: simulated {seen.answer}, by formula {expected.answer}: "
                f"{question.program}"
            )
    return len(held)


def make_minds_eye_data(
    out: str | Path,
    n: int = 20000,
    seed: int = 0,
    workers: int = 1,
    samples: int = STANDARD_SAMPLES,
) -> dict[str, Any]:
    """Write the standard set, and examples to train on, into the folder `out`.

    `standard.jsonl`: test questions, `samples` of each sub-task. `train.jsonl`: `n`
    examples of kind program and answer. `held_out.jsonl`: a twentieth of that, of the dev wordings.
    `workers` is taken for the sake of one signature; the work is light.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    counts = {"standard": write_questions(folder / "standard.jsonl", standard(seed, samples))}
    splits: dict[str, tuple[Split, int]] = {
        "train": ("train", n), "held_out": ("dev", max(20, n // 20)),
    }  # fmt: skip
    for name, (split, count) in splits.items():
        with (folder / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            made = training_examples(count, seed, split)
            for example in tqdm(made, desc=name, total=count, disable=None):
                file.write(json.dumps(example.model_dump(), ensure_ascii=False) + "\n")
        counts[name] = count
    checked = check(list(examples(min(n, CHECKED), seed)))
    return {"out": str(folder), **counts, "checked": checked}
