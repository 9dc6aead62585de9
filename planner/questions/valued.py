"""Questions with a value: a number with its unit, one of several, more or less than."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mindseye.planner.questions import frames
from mindseye.planner.questions.amounts import Quoted, number_between, quote
from mindseye.planner.questions.asked import ASKED, Asked
from mindseye.planner.questions.checking import Answer
from mindseye.planner.questions.draws import Draws
from mindseye.planner.questions.facts import Fact, Values
from mindseye.planner.questions.layouts import Written, spelled_as, unlike
from mindseye.planner.questions.modes import MODES
from mindseye.planner.questions.pairs import Case, compose, run_into
from mindseye.planner.questions.picking import Picker
from mindseye.planner.questions.records import Asks
from mindseye.planner.questions.single import Single
from mindseye.planner.questions.telling import Teller, fill
from mindseye.planner.questions.things import cast, single, the
from mindseye.tools.errors import ToolError
from mindseye.tools.physics.lab.amount import unit_factor
from mindseye.tools.physics.lab.program import MEASURE_DIMENSION, Measure, Program, Quantity
from mindseye.tools.physics.lab.verdict import significant

NUMBER_TOLERANCE = 0.03
"""Relative error that is let pass in a number: two roundings and the simulation's 1 %."""

_NEEDED: tuple[tuple[str, Measure, str], ...] = (
    ("push", "acceleration", "mass force"), ("push", "speed", "mass force duration"),
    ("push", "speed", "mass force length"), ("push", "distance", "mass force duration"),
    ("push", "time", "mass force length"), ("push", "kinetic_energy", "mass force length"),
    ("push", "momentum", "mass force duration"), ("glide", "distance", "speed duration"),
    ("glide", "momentum", "mass speed"), ("glide", "kinetic_energy", "mass speed"),
    ("slide", "distance", "speed friction"), ("slide", "time", "speed friction"),
    ("slide", "friction_force", "mass friction"), ("slide", "acceleration", "friction"),
    ("brake", "distance", "speed friction"), ("brake", "time", "speed friction"),
    ("pull", "acceleration", "mass force friction"),
    ("pull", "friction_force", "mass force friction"), ("drop", "time", "height"),
    ("drop", "speed", "height"), ("drop", "kinetic_energy", "mass height"),
    ("drop", "momentum", "mass height"), ("throw down", "time", "speed height"),
    ("throw down", "speed", "speed height"), ("throw up", "max_height", "speed"),
    ("throw up", "time", "speed"), ("throw level", "range", "speed height"),
    ("throw level", "time", "height"), ("throw level", "speed", "speed height"),
    ("throw angle", "range", "speed angle"), ("throw angle", "max_height", "speed angle"),
    ("throw angle", "time", "speed angle"), ("slope down", "acceleration", "angle"),
    ("slope down", "speed", "angle length"), ("slope down", "speed", "height"),
    ("slope down", "time", "angle length"), ("slope down", "kinetic_energy", "mass height"),
    ("slope up", "distance", "speed angle"), ("slope up", "time", "speed angle"),
    ("crash", "speed", "mass speed"), ("crash", "momentum", "mass speed"),
    ("hit", "speed", "mass speed"), ("hit", "impulse", "mass speed"),
)  # fmt: skip
"""Measures with what has to be told for a number."""
_LIKELY = ("drop", "throw level", "throw up", "slide", "crash", "hit", "push")
_UNIT_WORDS = {
    "km/h": ("km/h", "kilometres per hour"), "cm": ("centimetres", "cm"), "m": ("metres", "m"),
    "m/s": ("m/s", "metres per second"), "s": ("seconds", "s"), "J": ("joules", "J"),
    "m/s2": ("m/s2", "m/s²"), "N": ("newtons", "N"), "kg m/s": ("kg m/s",), "N s": ("N s",),
    "mph": ("miles per hour", "mph"), "ft": ("feet", "ft"),
}  # fmt: skip
_OTHER_UNITS: dict[str, tuple[str, ...]] = {"m": ("cm", "ft"), "m/s": ("km/h", "mph"), "s": ("s",)}


@dataclass(frozen=True, kw_only=True)
class Made:
    """A question of whatever kind."""

    written: Written
    program: Program
    answer: str
    choices: tuple[str, ...] = ()
    unit: str | None = None
    tolerance: float | None = None
    subtask: str = ""
    asks: Asks | None = None
    """Where the answer does not show it."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One body, or two that collide, with all amounts that an answer needs."""

    case: Case
    measure: Measure
    of: int
    """The body that is asked about."""

    @property
    def subtask(self) -> str:
        """Such as "free_fall/time"."""
        return f"{self.case.mode.scene}/{self.measure}"


def draw_setting(pick: Picker, leave_out: bool = False) -> Setting:
    """Return a situation for a number; `leave_out` drops one amount that it needs."""
    weights = [2.0 if mode in _LIKELY else 1.0 for mode, _, _ in _NEEDED]
    name, measure, needed = pick.rng.choices(_NEEDED, weights)[0]
    needs: list[Quantity] = needed.split()  # type: ignore[assignment]
    mode = MODES[name]
    kind = pick.rng.choice(mode.classes)
    draws = Draws(pick, mode, kind)
    if name in ("crash", "hit"):
        return draw_collision(pick, name, measure, draws, kind)
    if leave_out:
        needs.remove(pick.rng.choice(needs))
    facts: list[Fact] = [draws.common(q) for q in needs]
    idle = [q for q in ("mass", "gravity") if q in mode.contexts and q not in needs]
    if idle and pick.some(0.25):
        facts.append(draws.common(pick.rng.choice(idle)))  # type: ignore[arg-type]
    pick.rng.shuffle(facts)
    case = Case(name=name, mode=mode, things=[single(pick, kind)], facts=facts, ask={})
    return Setting(case=case, measure=measure, of=0)


def draw_collision(pick: Picker, name: str, measure: Measure, draws: Draws, kind: str) -> Setting:
    """Return a collision of which everything is told."""
    facts: list[Fact] = [Values(quantity="mass", amounts=tuple(draws.values("mass", 2)))]
    mode = MODES[name]
    case = Case(name=name, mode=mode, things=cast(pick, kind), facts=facts, ask={})
    if name == "hit":
        run_into(case, draws, told=True)
    elif pick.some(0.3):
        facts.append(draws.common("speed"))
    else:
        facts.append(Values(quantity="speed", amounts=tuple(draws.values("speed", 2))))
    number = quote(number_between(0.2, 0.9, pick.rng), "", pick)
    word, bank = pick.weighted(
        ((("elastic", frames.ELASTIC), 4), (("sticky", frames.STICKY), 4),
         ((number.written, frames.BOUNCY), 1.5))
    )  # fmt: skip
    case.restitution = Quoted(said=number.said, written=word)
    case.sentences.append(fill(pick.frame(bank), v=number.said))
    return Setting(case=case, measure=measure, of=pick.rng.randrange(2))


Asking = Callable[[Teller, str], str]
"""Makes a question about one body, for whom the second argument stands."""


def write(pick: Picker, setting: Setting, asking: Asking) -> Written:
    """Put a setting into words and ask about its body."""
    if len(setting.case.things) == 1:
        return Single(pick, setting.case).write(asking)
    composer = compose(pick, setting.case)
    return composer.write(lambda t: asking(t, the(t.things, setting.of)))


def program_for(setting: Setting, written: Written, ask: dict[str, Any]) -> Program:
    """Return the program, names and their order as in the text."""
    names = [spelled_as(written, t.name) for t in setting.case.things]
    of = {"of": names[setting.of]} if len(names) > 1 else {}
    # The order of the fields is that of the program's text.
    found = {k: v for k, v in ask.items() if k != "unit"} | of
    setting.case.ask = found | ({"unit": ask["unit"]} if "unit" in ask else {})
    return setting.case.program(written.order, names)


def answered(program: Program) -> Answer | None:
    """Return the formulas' answer, or nothing where it is a close call or cannot be had."""
    try:
        answer = Answer(program)
    except ToolError:
        return None
    return answer if answer.clear else None


def _something(found: Answer) -> bool:
    """Say whether a number is more than a rounding error away from nothing."""
    return abs(found.verdict.value or 0.0) > 1e-9


def _noun_phrase(noun: str, x: str) -> str:
    """Return "the speed of the ball at the end", "the distance the ball slides"."""
    if re.search(r"\bit\b", noun):
        return re.sub(r"\bit\b", "it" if x == "it" else x, f"the {noun}", count=1)
    if x == "it":
        return f"the {noun}"
    head, tail = re.fullmatch(r"(.*?)((?: (?:after|at|when|on|until|to|up) .*)?)", noun).groups()  # type: ignore[union-attr]
    by = head.endswith(("covered", "travelled", "received"))
    return f"the {head} {'by' if by else 'of'} {x}{tail}"


def _ask_number(pick: Picker, asked: Asked, unit: str) -> Asking:
    word, infinitive = pick.rng.choice(asked.how)
    noun = pick.word(asked.nouns)

    def ask(teller: Teller, x: str) -> str:
        frame = pick.frame(frames.ASK_NUMBER)
        rest = infinitive.removeprefix("be ")
        be, do = ("was", "did") if pick.past else ("is", "does")
        does = f"{be} {x} {rest}" if infinitive.startswith("be ") else f"{do} {x} {infinitive}"
        frame = frame.replace("the {noun} of {x}", _noun_phrase(noun, x))
        said = fill(
            frame, How=word, how=word, x=x, v=pick.third(infinitive), i=infinitive,
            does_i=does, P=teller.person(),
        )  # fmt: skip
        if not unit or "how many" in said:
            return said
        named = pick.rng.choice(_UNIT_WORDS[unit])
        extra = pick.rng.choice((f", in {named}", f" in {named}", f" (in {named})"))
        return f"{said[:-1]}{extra}{said[-1]}"

    return ask


def number(pick: Picker, leave_out: bool = False) -> Made | None:
    """Return a question for a value with its unit."""
    setting = draw_setting(pick, leave_out)
    asked = ASKED[setting.case.name, setting.measure]
    unit = ""
    if pick.some(0.2):
        usual = pick.rng.choice(asked.units)
        unit = pick.rng.choice((usual, *_OTHER_UNITS.get(asked.units[0], ())))
    written = write(pick, setting, _ask_number(pick, asked, unit))
    ask = {"kind": "number", "measure": setting.measure} | ({"unit": unit} if unit else {})
    program = program_for(setting, written, ask)
    found = answered(program)
    if found is None or not _something(found) or (leave_out and not found.verdict.depends):
        return None
    return Made(
        written=written, program=program, answer=found.verdict.answer, unit=found.verdict.unit,
        tolerance=NUMBER_TOLERANCE, subtask=setting.subtask,
    )  # fmt: skip


def choice(pick: Picker) -> Made | None:
    """Return the same with three or four values to choose from."""
    made = number(pick)
    if made is None:
        return None
    value, _, unit = made.answer.partition(" ")
    factors = pick.rng.sample((0.25, 0.4, 0.5, 0.7, 1.5, 2.0, 3.0, 4.0), pick.rng.choice((2, 3)))
    options = [made.answer, *(f"{significant(float(value) * f)} {unit}" for f in factors)]
    pick.rng.shuffle(options)
    return Made(
        written=made.written, program=made.program, answer=made.answer, choices=tuple(options),
        subtask=made.subtask,
    )  # fmt: skip


def exceeds(pick: Picker, want: bool) -> Made | None:
    """Return "does it fly farther than 3 m?"."""
    setting = draw_setting(pick)
    measure = setting.measure
    asked = ASKED[setting.case.name, measure]
    over = pick.some(0.65)
    unit = pick.rng.choice(asked.units)
    first = setting.case
    first.ask = {"kind": "number", "measure": measure}
    if len(first.things) > 1:
        first.ask["of"] = first.things[setting.of].name
    found = answered(first.program(range(len(first.things))))
    if found is None or not _something(found):
        return None
    value = (found.verdict.value or 0.0) / unit_factor(unit, MEASURE_DIMENSION[measure])
    below, above = (0.4, 0.5, 0.6, 0.75, 0.85), (1.2, 1.4, 1.7, 2.0, 2.5)
    factor = pick.rng.choice(below if want == over else above)
    limit = quote(significant(value * factor, 2), unit, pick)
    infinitive = pick.word(asked.over if over else asked.under).replace("{v}", limit.said)
    written = write(pick, setting, lambda t, x: yes_or_no(pick, t, x, infinitive))
    program = program_for(
        setting, written, {"kind": "exceeds", "measure": measure, "value": limit.written}
    )
    answer = answered(program)
    if answer is None:
        return None
    if ((answer.verdict.answer == "yes") == over) != want:
        return None
    return Made(
        written=written, program=program, answer="yes" if want else "no", choices=("yes", "no"),
        subtask=setting.subtask,
    )  # fmt: skip


def yes_or_no(pick: Picker, teller: Teller, x: str, infinitive: str) -> str:
    """Return the question whether `x` does something."""
    frame = pick.frame(frames.ASK_YESNO, unlike(infinitive))
    return fill(frame, x=x, i=infinitive, v=pick.third(infinitive), P=teller.person())
