"""One thing in two situations: on the Moon and on Earth, before a change and after it."""

from dataclasses import replace

from mindseye.planner.questions import frames
from mindseye.planner.questions.amounts import Quoted, number_between, quote
from mindseye.planner.questions.asked import ASKED
from mindseye.planner.questions.contexts import CONTEXTS
from mindseye.planner.questions.draws import Draws
from mindseye.planner.questions.facts import Common, Fact, Relation, Values
from mindseye.planner.questions.layouts import Written, finish, spelled_as, unlike
from mindseye.planner.questions.lexemes import Level
from mindseye.planner.questions.modes import MODES
from mindseye.planner.questions.pairs import Case, which
from mindseye.planner.questions.picking import Picker
from mindseye.planner.questions.single import Single
from mindseye.planner.questions.telling import Teller, fill
from mindseye.planner.questions.things import Thing, cast, single
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


def _places(pick: Picker, count: int) -> tuple[str, Quantity, Measure, list[str]]:
    """Return a situation with so many different places for it."""
    name, quantity, measure = pick.rng.choice(_WHERE)
    words = CONTEXTS[MODES[name].contexts[quantity]].words
    said: list[str] = []
    while len(said) < count:
        word = pick.word(tuple(words))
        if words[word] not in [words[s] for s in said]:
            said.append(word)
    return name, quantity, measure, said


def where(pick: Picker) -> Made | None:
    """Return "a ball is dropped on the Moon and on Earth; where does it land first?"."""
    return _where(pick, 2)


def where_of_three(pick: Picker) -> Made | None:
    """Return the same with three places."""
    return _where(pick, 3)


def _where(pick: Picker, count: int) -> Made | None:
    name, quantity, measure, said = _places(pick, count)
    mode = MODES[name]
    kind = pick.rng.choice(mode.classes)
    words = CONTEXTS[mode.contexts[quantity]].words
    names = [s.removeprefix("the ").removeprefix("a ").removeprefix("an ") for s in said]
    thing = single(pick, kind)
    teller = Single(pick, Case(name=name, mode=mode, things=[thing], facts=[], ask={})).teller
    asked = ASKED[name, measure]
    most = pick.some(0.5)
    verb = pick.word(asked.most if most else asked.least)
    frame = pick.frame(frames.WHERE if count == 2 else frames.WHERE_THREE, unlike(verb))
    event = pick.third(teller.happens([], [*mode.contexts]))
    spots = dict(zip("ABC", (f"on {s}" for s in said), strict=False))
    text = fill(frame, x=teller.np(0), e1=event, i=verb, v=pick.third(verb), n=thing.noun,
                P=teller.person(), **spots)  # fmt: skip
    written = finish(teller, text)
    amounts = tuple(Quoted(said=s, written=words[s], word=True) for s in said)
    case = Case(
        name=name, mode=mode, facts=[Values(quantity=quantity, amounts=amounts)],
        things=[Thing(name=n, noun=n, proper=True, kind=kind) for n in names],
        ask={"kind": "compare" if count == 2 else "order", "measure": measure},
    )  # fmt: skip
    program = case.program(range(count), [spelled_as(written, n) for n in names])
    found = answered(program)
    if found is None or not found.firm or len(found.verdict.ranking) < count:
        return None
    choices = pick.rng.sample(program.names, count)
    return Made(
        written=written, program=program, answer=found.verdict.ranking[0 if most else -1][0],
        choices=(*choices, *([SAME] if count == 2 else [])),
        subtask=f"{mode.scene}/{quantity}-{measure}",
    )  # fmt: skip


def trick(pick: Picker) -> Made | None:
    """Return dropped against thrown, or thrown up against thrown down."""
    up = pick.some(0.4)
    name = "throw up" if up else "throw level"
    measure: Measure = pick.rng.choice(("time", "speed"))
    things = cast(pick, "toss")
    mode = replace(MODES[name], direction=None)
    draws = Draws(pick, mode, "toss")
    speed, place, height = draws.one("speed"), *_high_place(pick)
    told = up or pick.some(0.6)
    events = [e for e in mode.events if not e.has_place or up] or list(mode.events)
    teller = Teller(pick, name, mode, things, pick.rng.choice(events))
    bank = frames.UP_DOWN if up else frames.DROPPED
    text = fill(
        pick.frame(bank), h=place, w=speed.said, s=f" at {speed.said}" if told else "",
        e1=pick.third(teller.happens([], ["height"])), x=teller.np(0), y=teller.np(1),
        P=teller.person(),
    )  # fmt: skip
    facts = [Common(quantity="height", amount=height)] if place in text else []
    case = Case(name=name, mode=mode, things=things, facts=[*facts],
                ask={"kind": "compare", "measure": measure})  # fmt: skip
    case.extra = {0: {"direction": "up"}} if up else {1: {"speed": "rest"}}
    if up:
        case.facts.append(Common(quantity="speed", amount=speed))
    elif told:
        case.extra[0] = {"speed": speed.written}
    return _asked(pick, case, teller, text)


def _high_place(pick: Picker) -> tuple[str, Quoted]:
    noun, low, high = pick.rng.choice(
        (("tower", 8, 80), ("cliff", 6, 90), ("bridge", 5, 40), ("balcony", 3, 20), ("roof", 4, 25))
    )
    height = quote(number_between(low, high, pick.rng), "m", pick)
    return pick.rng.choice(
        (f"a {height.before} high {noun}", f"a {noun} {height.said} high")
    ), height


def _asked(pick: Picker, case: Case, teller: Teller, text: str) -> Made | None:
    """Ask which of the two it is, after a set-up that was told already."""
    asked = ASKED["throw level", case.ask["measure"]]
    most = pick.some(0.5)
    written = finish(teller, f"{text} {which(pick, asked, teller, most)}")
    names = [spelled_as(written, t.name) for t in case.things]
    program = case.program(written.order, names)
    found = answered(program)
    if found is None or not found.firm:
        return None
    ranking = found.verdict.ranking
    answer = SAME if len(ranking) == 1 else ranking[0 if most else -1][0]
    return Made(written=written, program=program, answer=answer,
                choices=(*pick.rng.sample(program.names, 2), SAME),
                subtask=f"{case.mode.scene}/trick")  # fmt: skip


def change(pick: Picker) -> Made | None:
    """Return "if its mass is doubled, what happens to the acceleration?"."""
    pick.past = False
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
