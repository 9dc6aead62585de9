"""One thing in two situations: on the Moon and on Earth, before a change and after it."""

from mindseye.planner.questions import frames
from mindseye.planner.questions.amounts import Quoted
from mindseye.planner.questions.asked import ASKED
from mindseye.planner.questions.draws import Draws
from mindseye.planner.questions.facts import Fact, Relation, Values
from mindseye.planner.questions.layouts import Written, finish, spelled_as, unlike
from mindseye.planner.questions.lexemes import CONTEXTS, Level
from mindseye.planner.questions.modes import MODES, third
from mindseye.planner.questions.pairs import Case
from mindseye.planner.questions.picking import Picker
from mindseye.planner.questions.single import Single
from mindseye.planner.questions.telling import fill
from mindseye.planner.questions.things import Thing, single
from mindseye.planner.questions.valued import Made, answered
from mindseye.tools.physics.lab.program import Measure, Quantity
from mindseye.tools.physics.lab.verdict import SAME

_WHERE: tuple[tuple[str, Quantity, Measure], ...] = (
    ("drop", "gravity", "time"), ("drop", "gravity", "speed"),
    ("throw up", "gravity", "max_height"),
    ("throw level", "gravity", "range"), ("throw angle", "gravity", "range"),
    ("slide", "friction", "distance"), ("slide", "friction", "time"),
    ("brake", "friction", "distance"), ("brake", "friction", "time"),
)  # fmt: skip
_CHANGES: tuple[tuple[str, Quantity, Measure], ...] = (
    ("push", "mass", "acceleration"), ("push", "force", "acceleration"), ("push", "mass", "speed"),
    ("push", "force", "time"), ("slide", "speed", "distance"), ("slide", "mass", "distance"),
    ("brake", "speed", "distance"), ("brake", "mass", "distance"), ("drop", "height", "time"),
    ("drop", "height", "speed"), ("drop", "mass", "time"), ("drop", "mass", "kinetic_energy"),
    ("throw up", "speed", "max_height"), ("throw up", "mass", "max_height"),
    ("throw level", "speed", "range"), ("throw level", "height", "range"),
    ("throw level", "speed", "time"), ("throw level", "mass", "range"),
    ("slope down", "mass", "speed"), ("slope down", "angle", "acceleration"),
    ("slope down", "height", "speed"), ("slope up", "speed", "distance"),
    ("slide", "friction", "distance"), ("pull", "mass", "acceleration"),
)  # fmt: skip
_DONE: tuple[tuple[str, str, Level], ...] = (
    # How it is said, how it is written, and which level it is where no factor is told.
    ("doubled", "2x", "more"), ("halved", "0.5x", "less"), ("tripled", "3x", "more"),
    ("increased", "", "more"), ("reduced", "", "less"), ("made larger", "", "more"),
    ("made smaller", "", "less"), ("raised", "", "more"), ("lowered", "", "less"),
    ("quadrupled", "4x", "more"), ("cut in half", "0.5x", "less"),
    ("left as it is", "same", "more"),
    ("increased by half", "1.5x", "more"), ("cut to a third", "1/3x", "less"),
)  # fmt: skip
_OUTCOMES = (
    ("increases", "decreases", "stays the same"), ("larger", "smaller", SAME),
    ("it grows", "it shrinks", "it stays the same"), ("rises", "falls", "no change"),
    ("more", "less", SAME), ("goes up", "goes down", "does not change"),
)  # fmt: skip
_STAGES = (("before", "after"),)


def where(pick: Picker) -> Made | None:
    """Return "a ball is dropped on the Moon and on Earth; where does it land first?"."""
    name, quantity, measure = pick.rng.choice(_WHERE)
    mode = MODES[name]
    kind = pick.rng.choice(mode.classes)
    words = CONTEXTS[mode.contexts[quantity]].words
    while True:
        said = [pick.word(tuple(words)) for _ in range(2)]
        if words[said[0]] != words[said[1]]:
            break
    names = [s.removeprefix("the ").removeprefix("a ").removeprefix("an ") for s in said]
    amounts = tuple(Quoted(said=s, written=words[s], word=True) for s in said)
    places = [Thing(name=n, noun=n, proper=True, kind=kind) for n in names]
    thing = single(pick, kind)
    teller = Single(pick, Case(name=name, mode=mode, things=[thing], facts=[], ask={})).teller
    asked = ASKED[name, measure]
    most = pick.some(0.5)
    verb = pick.word(asked.most if most else asked.least)
    event = teller.happens([], [*mode.contexts])
    text = fill(
        pick.frame(frames.WHERE, unlike(verb)), x=teller.np(0), e1=third(event), A=f"on {said[0]}",
        B=f"on {said[1]}", i=verb, v=third(verb), n=thing.noun, P=teller.person(),
    )  # fmt: skip
    written = finish(teller, text)
    facts: list[Fact] = [Values(quantity=quantity, amounts=amounts)]
    case = Case(name=name, mode=mode, things=places, facts=facts,
                ask={"kind": "compare", "measure": measure})  # fmt: skip
    program = case.program((0, 1), [spelled_as(written, n) for n in names])
    found = answered(program)
    if found is None or not found.firm or len(found.verdict.ranking) < 2:
        return None
    answer = found.verdict.ranking[0 if most else -1][0]
    choices = (*(pick.rng.sample(program.names, 2)), SAME)
    return Made(written=written, program=program, answer=answer, choices=choices,
                subtask=f"{mode.scene}/{quantity}-{measure}")  # fmt: skip


def change(pick: Picker) -> Made | None:
    """Return "if its mass is doubled, what happens to the acceleration?"."""
    name, quantity, measure = pick.rng.choice(_CHANGES)
    mode = MODES[name]
    kind = pick.rng.choice(mode.classes)
    draws = Draws(pick, mode, kind)
    said, written_as, level = pick.rng.choice(_DONE)
    if quantity == "angle":
        said, written_as, level = pick.rng.choice([d for d in _DONE if d[1] in ("", "same")])
    told = [draws.common(quantity)] if pick.some(0.3) else []
    facts: list[Fact] = list(told)
    if any(f.amount.word for f in told):
        return None
    case = Case(name=name, mode=mode, things=[single(pick, kind)], facts=facts, ask={})
    written = _changed(pick, case, quantity, measure, said)
    relation = Relation(
        quantity=quantity, subject=1, other=0, level=level, factor=written_as,
        kind="level" if not written_as else "same" if written_as == "same" else "factor",
        base=told[0].amount if told else None,
    )  # fmt: skip
    stages = [Thing(name=n, noun=n, proper=True, kind=kind) for n in pick.rng.choice(_STAGES)]
    case = Case(name=name, mode=mode, things=stages, facts=[relation],
                ask={"kind": "compare", "measure": measure})  # fmt: skip
    program = case.program((0, 1))
    found = answered(program)
    if found is None or not found.firm:
        return None
    outcomes = pick.rng.choice(_OUTCOMES)
    first = found.verdict.ranking[0]
    answer = outcomes[2 if len(first) == 2 else 0 if first[0] == stages[1].name else 1]
    return Made(written=written, program=program, answer=answer, choices=outcomes,
                subtask=f"{mode.scene}/{quantity}-{measure}")  # fmt: skip


def _changed(pick: Picker, case: Case, quantity: Quantity, measure: Measure, said: str) -> Written:
    label = pick.rng.choice(CONTEXTS[case.mode.contexts[quantity]].labels)
    noun = pick.word(ASKED[case.name, measure].nouns)
    return Single(pick, case).write(
        lambda t, _: fill(pick.frame(frames.CHANGE), l=label, c=said, noun=noun, P=t.person())
    )
