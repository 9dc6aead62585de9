"""Questions about two bodies: which of them has more, or are they the same?"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mindseye.planner.questions import frames
from mindseye.planner.questions.amounts import Quoted, number_between, quote
from mindseye.planner.questions.asked import ASKED, Asked
from mindseye.planner.questions.checking import Answer
from mindseye.planner.questions.draws import Draws
from mindseye.planner.questions.facts import Common, Equal, Fact, Relation, Values, program_of
from mindseye.planner.questions.layouts import Composer, Written, spelled_as, unlike
from mindseye.planner.questions.modes import MODES, Event, Mode
from mindseye.planner.questions.picking import Picker
from mindseye.planner.questions.subtasks import SubTask
from mindseye.planner.questions.telling import Teller, fill
from mindseye.planner.questions.things import PERSONS, Thing, cast, the
from mindseye.tools.errors import ToolError
from mindseye.tools.physics.lab.program import Program, Quantity
from mindseye.tools.physics.lab.verdict import SAME

_OPPOSITES: dict[str, tuple[str, str]] = {
    "mass": ("heavy", "light"), "crash speed": ("fast", "slow"), "glide speed": ("fast", "slow"),
    "slide speed": ("fast", "slow"), "brake speed": ("fast", "slow"),
}  # fmt: skip
_COMPARATIVES = {"heavy": "heavier", "light": "lighter", "fast": "faster", "slow": "slower"}


@dataclass(kw_only=True)
class Case:
    """A situation with two or more bodies, before it is put into words."""

    name: str
    mode: Mode
    things: list[Thing]
    facts: list[Fact]
    ask: dict[str, Any]
    extra: dict[int, dict[str, str]] = field(default_factory=dict)
    """More of each body for the program: at rest, or at what speed."""
    moving: list[str] = field(default_factory=list)
    """What is said of the first body's motion, such as "at 3 m/s"."""
    ahead: str = ""
    """How fast the second one moves away, where it does."""
    silent: list[Fact] = field(default_factory=list)
    """Facts that the names tell: "heavy ball"."""
    restitution: Quoted | None = None
    sentences: list[str] = field(default_factory=list)
    """Told besides the facts."""

    def program(self, order: Sequence[int], names: Sequence[str] = ()) -> Program:
        """Return the scene program, bodies in the order of their mention."""
        extra = {i: dict(more) for i, more in self.extra.items()}
        if self.name == "crash" and not any(
            f.quantity == "speed" and not isinstance(f, Equal) for f in (*self.facts, *self.silent)
        ):
            # Two that approach each other: else the second would be taken to be at rest.
            extra[order[-1]] = {"speed": "same"}
        facts = [*self.facts, *self.silent]
        if self.restitution is not None:
            facts.append(Common(quantity="restitution", amount=self.restitution))
        names = names or [t.name for t in self.things]
        return program_of(self.mode, names, order, facts, self.ask, extra)


class Maker:
    """Draws the facts of one sub-task."""

    def __init__(self, pick: Picker, task: SubTask) -> None:
        self.pick, self.task = pick, task
        self.name = pick.rng.choice(task.modes)
        self.mode = MODES[self.name]
        self.kind = pick.rng.choice(self.mode.classes)
        self.draws = Draws(pick, self.mode, self.kind)

    def case(self, same: bool) -> Case:
        """Return a case whose answer is probably "same", or probably is not."""
        things = cast(self.pick, self.kind, people=self.mode.people)
        self.draws.kind = things[0].kind
        facts = self._same() if same else self._different()
        facts += self._context([f.quantity for f in facts])
        case = Case(
            name=self.name, mode=self.mode, things=things, facts=facts,
            ask={"kind": "compare", "measure": self.task.measure},
        )  # fmt: skip
        if self.task.scene == "collision":
            self._collide(case)
        self.pick.rng.shuffle(case.facts)
        if len(things) == 2 and things[0].noun not in PERSONS:
            self._name_by_facts(case)
        return case

    def _name_by_facts(self, case: Case) -> None:
        """Call things after what they differ in now and then: "heavy ball", "2 kg ball"."""
        for fact in case.facts:
            named = self._named(fact, case.things[0])
            if named is not None:
                case.things, silent = named
                case.facts.remove(fact)
                case.silent.append(silent)
                return

    def _named(self, fact: Fact, thing: Thing) -> tuple[list[Thing], Fact] | None:
        noun = thing.noun.split()[-1] if thing.noun.endswith(" ball") else thing.noun
        if isinstance(fact, Values) and fact.quantity == "mass" and self.pick.some(0.1):
            words = [a.before or a.said for a in fact.amounts]
            if words[0] == words[1]:
                return None
            return self._called(words, noun), fact
        able = isinstance(fact, Relation) and fact.kind == "level" and fact.base is None
        if not able or not self.pick.some(0.2):
            return None
        assert isinstance(fact, Relation)
        key = self.mode.contexts[fact.quantity]
        words = list(_OPPOSITES.get(key, ()))
        if not words:
            return None
        if self.pick.some(0.25):
            words = [_COMPARATIVES[w] for w in words]
        levels = ["more", "less"]
        if (fact.level == "more") != (fact.subject == 0):
            words, levels = words[::-1], levels[::-1]
        amounts = tuple(Quoted(said=w, written=w) for w in levels)
        return self._called(words, noun), Values(quantity=fact.quantity, amounts=amounts)

    def _called(self, words: Sequence[str], noun: str) -> list[Thing]:
        definite = words[0] in _COMPARATIVES.values()
        return [
            Thing(name=f"{w} {noun}", noun=noun, kind=self.kind, definite=definite,
                  short=f"{w} one") for w in words
        ]  # fmt: skip

    def _takes(self, quantity: Quantity) -> bool:
        return quantity in self.mode.contexts

    def _different(self) -> list[Fact]:
        task, draws = self.task, self.draws
        facts = [draws.differing(task.varies)]
        if task.decides:
            facts.append(draws.differing(self.pick.rng.choice(task.decides)))
        elif task.others and self.pick.some(0.07):
            more = [q for q in task.others if self._takes(q) and q != "gravity"]
            facts += [draws.differing(self.pick.rng.choice(more), exact=True)] if more else []
        return facts + self._idle(0.2)

    def _same(self) -> list[Fact]:
        task, draws = self.task, self.draws
        if task.decides:
            facts = [draws.differing(task.varies)]
            if self.pick.some(0.5):
                facts.append(draws.agreeing(self.pick.rng.choice(task.decides)))
            return facts + self._idle(0.2)
        facts = [draws.agreeing(task.varies)]
        return facts + self._idle(0.4)

    def _idle(self, share: float) -> list[Fact]:
        idle = [q for q in self.task.idle if self._takes(q)]
        if not idle or not self.pick.some(share):
            return []
        return [self.draws.differing(self.pick.rng.choice(idle))]

    def _context(self, told: Sequence[Quantity]) -> list[Fact]:
        """Return what both have in common and may well be told."""
        facts: list[Fact] = []
        for quantity in (*self.task.others, *self.task.idle):
            if quantity in told or not self._takes(quantity):
                continue
            if quantity in self.task.needs:
                facts.append(self.draws.common(quantity))
            elif self.pick.some(0.08 if quantity == "gravity" else 0.28):
                plain = quantity != "gravity" and self.pick.some(0.5)
                facts.append(Equal(quantity=quantity) if plain else self.draws.common(quantity))
        return facts

    def _collide(self, case: Case) -> None:
        draws = self.draws
        if self.name == "hit":
            run_into(case, draws, told=self.pick.some(0.5))
        elif not any(f.quantity == "speed" for f in case.facts):
            equal = self.pick.some(0.6)
            case.facts.append(Equal(quantity="speed") if equal else draws.common("speed"))
        case.restitution, bank = self.pick.weighted(
            (((Quoted(said="", written="elastic"), frames.ELASTIC), 5),
             ((Quoted(said="", written="sticky"), frames.STICKY), 2), ((None, ()), 2),
             ((quote(number_between(0.2, 0.9, self.pick.rng), "", self.pick), frames.BOUNCY), 1))
        )  # fmt: skip
        if case.restitution is not None:
            sentence = self.pick.frame(bank)
            case.sentences.append(fill(sentence, v=case.restitution.said))


def run_into(case: Case, draws: Draws, *, told: bool) -> None:
    """Settle how fast the first one runs into the second, and whether that one moves."""
    case.extra[1] = {"speed": "rest"}
    if not told:
        return
    speeds = sorted(draws.values("speed", 2), key=lambda q: float(q.written.split()[0]))
    case.extra[0], case.moving = {"speed": speeds[1].written}, [f"at {speeds[1].said}"]
    if draws.pick.some(0.3):
        case.extra[1] = {"speed": speeds[0].written, "direction": "away"}
        case.ahead = speeds[0].said


def suitable(case: Case) -> list[Event]:
    """Return the events that do not contradict what is told of friction."""
    rough = any(f.quantity == "friction" for f in (*case.facts, *case.silent))
    denied = ("frictionless", "without friction", "smooth", "no friction")
    return [e for e in case.mode.events if not (rough and any(d in e.text for d in denied))]


def compose(pick: Picker, case: Case) -> Composer:
    """Return what tells of a case."""
    event = pick.rng.choice(suitable(case))
    teller = Teller(pick, case.name, case.mode, case.things, event)
    return Composer(teller, case.facts, case.sentences, case.moving, case.ahead)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A question before its choices are laid out."""

    written: Written
    program: Program
    answer: str
    names: tuple[str, ...]
    most: bool = True
    """Whether the largest is asked for."""
    family: str = ""


def which(pick: Picker, asked: Asked, teller: Teller, most: bool) -> str:
    """Return the sentence that asks which of two it is."""
    infinitive = pick.word(asked.most if most else asked.least)
    frame = _about(pick, teller.things, pick.frame(frames.ASK, unlike(infinitive)))
    ends = pick.rng.sample((0, 1), 2)
    slots = {k: the(teller.things, i) for k, i in zip(("x", "y"), ends, strict=True)}
    teller.known |= {0, 1}
    return fill(frame, v=pick.third(infinitive), i=infinitive, P=teller.person(), **slots)


def _about(pick: Picker, things: Sequence[Thing], frame: str) -> str:
    """Return a question frame that says "who" of people and "whose ball" of what they own."""
    if things[0].noun in PERSONS and pick.some(0.6):
        return frame.replace("which one", "who")
    owned = all("'s " in t.name for t in things)
    return (
        frame.replace("which one", f"whose {things[0].noun}") if owned and pick.some(0.4) else frame
    )


def which_first(pick: Picker, asked: Asked, most: bool) -> str:
    """Return the question with a slot for all that it rests on."""
    infinitive = pick.word(asked.most if most else asked.least)
    return fill(pick.frame(frames.ASK_FIRST), v=pick.third(infinitive), i=infinitive)


def pair(pick: Picker, task: SubTask, want: str) -> Draft:
    """Return a comparison of two bodies.

    Args:
      pick: random choice.
      task: what varies and what is asked.
      want: "same" or "differ".
    """
    while True:
        pick.used.clear()
        maker = Maker(pick, task)
        draft = _try_pair(pick, maker, want)
        if draft is not None:
            return draft


def _try_pair(pick: Picker, maker: Maker, want: str) -> Draft | None:
    case = maker.case(want == SAME)
    most = pick.some(0.5)
    if not _suits(case.program((0, 1)), want):
        return None
    asked = ASKED[maker.name, maker.task.measure]
    composer = compose(pick, case)
    written = composer.write(
        lambda t: which(pick, asked, t, most),
        lambda i: pick.word(asked.most if most else asked.least),
        lambda: which_first(pick, asked, most),
    )
    return finished(case, written, want, most, pick.family)


def _suits(program: Program, want: str) -> bool:
    try:
        answer = Answer(program)
    except ToolError:  # An amount out of bounds, such as an angle twice as large as 50 degrees.
        return False
    agrees = (answer.verdict.answer == SAME) == (want == SAME)
    return agrees and answer.clear and answer.firm


def finished(case: Case, written: Written, want: str, most: bool, family: str) -> Draft | None:
    """Return the draft, or nothing if the order of mention spoils the answer."""
    names = tuple(spelled_as(written, t.name) for t in case.things)
    program = case.program(written.order, names)
    if not _suits(program, want):
        return None
    verdict = Answer(program).verdict
    answer = SAME
    if len(verdict.ranking) > 1:
        answer = verdict.ranking[0 if most else -1][0]
    return Draft(
        written=written, program=program, answer=answer, most=most, family=family,
        names=tuple(names[i] for i in written.order),
    )  # fmt: skip
