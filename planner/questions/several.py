"""Questions about several bodies: is X before Y, in what order, and what is left open."""

from mindseye.planner.questions import frames
from mindseye.planner.questions.asked import ALIKE, ASKED, FALL_ALIKE
from mindseye.planner.questions.checking import Answer
from mindseye.planner.questions.facts import Fact, Relation, Values
from mindseye.planner.questions.layouts import Written, spelled_as
from mindseye.planner.questions.pairs import Case, Maker, compose, which
from mindseye.planner.questions.picking import Picker
from mindseye.planner.questions.subtasks import MORE, SUBTASKS, SubTask
from mindseye.planner.questions.telling import Teller, fill
from mindseye.planner.questions.things import cast, the
from mindseye.planner.questions.valued import Made, answered, yes_or_no
from mindseye.tools.errors import ToolError
from mindseye.tools.physics.lab.program import Program
from mindseye.tools.physics.lab.verdict import SAME


def yesno(pick: Picker, want: bool) -> Made | None:
    """Return "does X land before Y?", or "do they land at the same time?"."""
    task = pick.rng.choice(SUBTASKS + MORE)
    alike = pick.some(0.25)
    same = want if alike else pick.some(0.1) and not want
    maker = Maker(pick, task)
    case = maker.case(same)
    most = pick.some(0.5)
    asked = ASKED[maker.name, task.measure]
    found = _firm(case.program((0, 1)))
    if found is None or (found.verdict.answer == SAME) != same:
        return None
    first = case.things.index(next(t for t in case.things if t.name == found.verdict.ranking[0][0]))
    x = pick.rng.randrange(2) if same else first if want == most else 1 - first
    if alike:
        falls = task.measure == "time" and task.scene in ("free_fall", "projection")
        verb = pick.word(FALL_ALIKE if falls else ALIKE[task.measure])
        written = compose(pick, case).write(
            lambda t: fill(pick.frame(frames.ASK_ALIKE), i=verb, P=t.person())
        )
    else:
        verb = pick.word(asked.beats if most else asked.trails).replace(
            "{Y}", the(case.things, 1 - x)
        )
        written = compose(pick, case).write(lambda t: yes_or_no(pick, t, the(t.things, x), verb))
    names = [spelled_as(written, t.name) for t in case.things]
    program = case.program(written.order, names)
    again = _firm(program)
    if again is None or again.verdict.ranking != _spelled(found.verdict.ranking, written):
        return None
    return Made(
        written=written, program=program, answer="yes" if want else "no", choices=("yes", "no"),
        subtask=task.id, asks="same" if alike else "more" if most else "less",
    )  # fmt: skip


def _spelled(ranking: tuple[tuple[str, ...], ...], written: Written) -> tuple[tuple[str, ...], ...]:
    found = tuple(tuple(spelled_as(written, n) for n in group) for group in ranking)
    if len(found) == 1 and written.order[0] == 1:
        return (tuple(reversed(found[0])),)
    return found


def _firm(program: Program) -> Answer | None:
    found = answered(program)
    return found if found is not None and found.firm else None


_ORDERED = tuple(t for t in SUBTASKS + MORE if not t.decides and t.scene != "collision")


def order(pick: Picker) -> Made | None:
    """Return three or four bodies to be put in order, or the first of them to be named."""
    task = pick.rng.choice(_ORDERED)
    maker = Maker(pick, task)
    count = 4 if pick.some(0.15) else 3
    things = cast(pick, maker.kind, count)
    case = Case(
        name=maker.name, mode=maker.mode, things=things, facts=_several(pick, maker, count),
        ask={"kind": "order", "measure": task.measure},
    )  # fmt: skip
    found = _firm(case.program(range(count)))
    if found is None or len(found.verdict.ranking) < count:
        return None
    return _ordered(pick, case, task)


def _several(pick: Picker, maker: Maker, count: int) -> list[Fact]:
    task, draws = maker.task, maker.draws
    roll = pick.rng.random()
    facts: list[Fact]
    if task.varies == "gravity" or roll < 0.6:
        facts = [Values(quantity=task.varies, amounts=tuple(draws.values(task.varies, count)))]
    elif roll < 0.8:
        facts = draws.chain(task.varies, pick.rng.sample(range(count), count))
    else:
        middle, *others = pick.rng.sample(range(count), count)
        facts = [draws.relation(task.varies, i, middle, exact=True, base=False) for i in others]
    needed = [q for q in task.others if q in task.needs and q in maker.mode.contexts]
    return [*facts, *(draws.common(q) for q in needed)]


def _ordered(pick: Picker, case: Case, task: SubTask) -> Made | None:
    asked = ASKED[case.name, task.measure]
    most, top = pick.some(0.5), pick.some(0.45)
    verb = pick.word(asked.most if most else asked.least)
    count = {3: "three", 4: "four"}[len(case.things)]

    def ask(teller: Teller) -> str:
        if not top:
            ends = asked.superlative if most else asked.superlative[::-1]
            return fill(pick.frame(frames.ASK_ORDER), first=ends[0], last=ends[1])
        row = [
            the(teller.things, i)
            for i in pick.rng.sample(range(len(case.things)), len(case.things))
        ]
        abc = f"{', '.join(row[:-1])} or {row[-1]}"
        bank = frames.ASK if pick.some(0.4) else frames.ASK_TOP
        frame = pick.frame(bank, lambda f: "two" in f or "{x}" in f)
        return fill(frame, P=teller.person(), v=pick.third(verb), i=verb, abc=abc, n=count)

    written = compose(pick, case).write(ask)
    names = [spelled_as(written, t.name) for t in case.things]
    program = case.program(written.order, names)
    found = _firm(program)
    if found is None:
        return None
    ranked = [group[0] for group in found.verdict.ranking]
    ranked = ranked if most else ranked[::-1]
    if top:
        choices = tuple(pick.rng.sample(names, len(names)))
        return Made(
            written=written, program=program, answer=ranked[0], choices=choices, subtask=task.id
        )
    return Made(written=written, program=program, answer=", ".join(ranked), subtask=task.id)


def open_pair(pick: Picker) -> Made | None:
    """Return a comparison whose answer depends on how much "more" is."""
    task = pick.rng.choice([t for t in SUBTASKS + MORE if t.others and t.scene != "collision"])
    maker = Maker(pick, task)
    second = [q for q in task.others if q in maker.mode.contexts and q != "gravity"]
    if not second or task.decides:
        return None
    pair = (0, 1) if pick.some(0.5) else (1, 0)
    facts: list[Fact] = []
    for quantity in (task.varies, pick.rng.choice(second)):
        relation = maker.draws.relation(quantity, *pair, base=False)
        facts.append(Relation(quantity=quantity, kind="level", subject=relation.subject,
                              other=relation.other, level=relation.level))  # fmt: skip
    things = cast(pick, maker.kind, people=maker.mode.people)
    case = Case(name=maker.name, mode=maker.mode, things=things, facts=facts,
                ask={"kind": "compare", "measure": task.measure})  # fmt: skip
    most = pick.some(0.5)
    asked = ASKED[maker.name, task.measure]
    written = compose(pick, case).write(lambda t: which(pick, asked, t, most))
    names = [spelled_as(written, t.name) for t in case.things]
    program = case.program(written.order, names)
    try:
        found = Answer(program)
    except ToolError:
        return None
    if found.firm:
        return None
    ranking = found.verdict.ranking
    answer = SAME if len(ranking) == 1 else ranking[0 if most else -1][0]
    choices = (*(names[i] for i in written.order), SAME)
    return Made(written=written, program=program, answer=answer, choices=choices, subtask=task.id)
