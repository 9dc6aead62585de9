"""Makes questions: the standard set, and any number for training."""

import random
from collections.abc import Iterator

from mindseye.planner.questions.checking import Answer, simulated
from mindseye.planner.questions.general import general
from mindseye.planner.questions.happenings import does
from mindseye.planner.questions.pairs import Draft, pair
from mindseye.planner.questions.picking import Picker
from mindseye.planner.questions.records import Kind, Question, Split
from mindseye.planner.questions.several import open_pair, order, yesno
from mindseye.planner.questions.situations import change, trick, where, where_of_three
from mindseye.planner.questions.subtasks import MORE, SUBTASKS, SubTask
from mindseye.planner.questions.valued import Made, choice, exceeds, number
from mindseye.tools.physics.lab.program import parse_program
from mindseye.tools.physics.lab.verdict import SAME

STANDARD_SAMPLES = 100
"""Questions of each sub-task in the standard set."""
MIXTURE: tuple[tuple[Kind, float], ...] = (
    ("compare", 0.5), ("yesno", 0.06), ("order", 0.08), ("number", 0.13), ("choice", 0.03),
    ("exceeds", 0.05), ("does", 0.07), ("underspecified", 0.03), ("none", 0.05),
)  # fmt: skip
"""Kinds in training, by share."""


def standard(seed: int = 0, samples: int = STANDARD_SAMPLES) -> Iterator[Question]:
    """Yield the standard set: `samples` test questions of each of the 39 sub-tasks.

    Within a sub-task a third of the answers is the first choice, a third the
    second, a third "same" (100: 33, 33, 34). It is the same for the same seed.
    """
    for task in SUBTASKS:
        made: dict[int, Question] = {}
        wanted = list(range(samples))
        attempt = 0
        while wanted:
            for i in wanted:
                rng = random.Random(f"standard {seed} {task.id} {i} {attempt}")
                name = f"{task.id}/{i:03d}"
                made[i] = _compare(Picker(rng, "test"), task, (2, 0, 1)[i % 3], name)
            wanted = _unusable(made)
            attempt += 1
        yield from (made[i] for i in range(samples))


def _unusable(made: dict[int, Question]) -> list[int]:
    """Return which questions occur twice or get another answer from the simulator."""
    programs = [parse_program(q.program or "") for q in made.values()]
    verdicts = dict(zip(made, simulated(programs), strict=True))
    seen: set[str] = set()
    found = []
    for (i, question), program in zip(made.items(), programs, strict=True):
        differs = verdicts[i].ranking != Answer(program).verdict.ranking
        if differs or question.question in seen:
            found.append(i)
        seen.add(question.question)
    return found


def examples(n: int, seed: int = 0, split: Split = "train") -> Iterator[Question]:
    """Yield `n` questions of all kinds in random order; the same for the same seed.

    Answers are those of the formulas: `mindseye.planner.questions.checking.simulated`
    checks any of them.
    """
    rng = random.Random(f"{split} {seed}")
    for i in range(n):
        kind = rng.choices([k for k, _ in MIXTURE], [w for _, w in MIXTURE])[0]
        pick = Picker(random.Random(f"{split} {seed} {i}"), split)
        yield question(pick, kind, f"{split}-{seed}-{i}")


def question(pick: Picker, kind: Kind, name: str) -> Question:
    """Return a question of one kind; `name` becomes its id."""
    if kind == "compare" and pick.some(0.86):
        return _compare(pick, pick.rng.choice(SUBTASKS + MORE), pick.rng.randrange(3), name)
    if kind == "none":
        pick.used.clear()
        plain = general(pick)
        return Question(
            id=name, question=plain.text, choices=plain.choices, answer=plain.answer, kind=kind,
            split=pick.split, family=pick.family,
        )  # fmt: skip
    want, made = pick.some(0.5), None
    while made is None:
        pick.used.clear()
        made = _made(pick, kind, want)
    return _question(made, pick, kind, name)


def _made(pick: Picker, kind: Kind, want: bool) -> Made | None:
    match kind:
        case "compare":
            return pick.weighted(((change, 4), (where, 4), (trick, 3)))(pick)
        case "yesno":
            return yesno(pick, want)
        case "order":
            return where_of_three(pick) if pick.some(0.12) else order(pick)
        case "number":
            return number(pick)
        case "choice":
            return choice(pick)
        case "exceeds":
            return exceeds(pick, want)
        case "does":
            return does(pick, want)
        case "underspecified":
            return number(pick, leave_out=True) if want else open_pair(pick)
        case _:
            raise ValueError(f"{kind} is made elsewhere")


def _question(made: Made, pick: Picker, kind: Kind, name: str) -> Question:
    return Question(
        id=name, question=made.written.text, choices=made.choices, answer=made.answer,
        unit=made.unit, tolerance=made.tolerance, scene=made.program.scene, subtask=made.subtask,
        kind=kind, split=pick.split, family=pick.family, program=made.program.text(),
        asks=made.asks,
    )  # fmt: skip


def _compare(pick: Picker, task: SubTask, place: int, name: str) -> Question:
    """Return a comparison whose answer is the choice at `place`, the third being "same"."""
    draft = pair(pick, task, SAME if place == 2 else "differ")
    return Question(
        id=name, question=draft.written.text, choices=_choices(pick, draft, place),
        answer=draft.answer, scene=draft.program.scene, subtask=task.id, kind="compare",
        split=pick.split, family=draft.family, program=draft.program.text(),
    )  # fmt: skip


def _choices(pick: Picker, draft: Draft, place: int) -> tuple[str, ...]:
    if place == 2:
        return (*pick.rng.sample(draft.names, 2), SAME)
    other = next(n for n in draft.names if n != draft.answer)
    return (draft.answer, other, SAME) if place == 0 else (other, draft.answer, SAME)
