"""Puts a whole question together: set-up, facts, sentences beside the point, and what is asked."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mindseye.planner.questions import frames
from mindseye.planner.questions.facts import Common, Equal, Fact, Relation, Values
from mindseye.planner.questions.picking import contrasts
from mindseye.planner.questions.telling import Teller, fill
from mindseye.planner.questions.things import (
    PERSONS,
    american,
    fill_names,
    mentioned,
    plural,
    the,
)

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PLACES = ("Italy", "Kenya", "Norway", "Peru", "Japan", "Leeds", "Boston", "Chile", "Delhi",
           "Oslo", "Texas", "Cairo", "Lisbon", "Ghana")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Written:
    """A finished question."""

    text: str
    order: tuple[int, ...]
    """Bodies as the text first mentions them."""
    american: bool


_TOGETHER = ("drop", "throw down", "throw up", "throw level", "throw angle", "slope down", "push")
_AT_ONCE = ("at the same time", "at the same moment", "together", "simultaneously", "side by side")

_NO_CONDITION = (
    r"[.:;] |^(if|when|while|suppose|imagine|let|say|given)"
    r"|^(picture|take|compare|pretend|observe|visualise|so|well|now|although|even)\b"
)
"""What cannot follow "if"."""

Ask = Callable[[Teller], str]
"""Makes the question proper, in small letters and with its stop."""


def finish(teller: Teller, text: str) -> Written:
    """Return the text with names, capitals and a spelling."""
    order = mentioned(text)
    order += [i for i in range(len(teller.things)) if i not in order]
    text = fill_names(text, teller.things)
    text = (
        re.sub(r"\s+", " ", text).replace(" ,", ",").replace(" .", ".").replace("..", ".").strip()
    )
    text = re.sub(
        r"(^|[.?!] )([a-z])", lambda m: m[1] + m[2].upper(), text
    )  # Names in small letters start sentences with a capital, as people write them.
    there = teller.pick.some(0.5)
    if there:
        text = american(text)
    if teller.pick.some(0.05):
        text = text.removesuffix("?").removesuffix(".")
    if teller.pick.some(0.05):
        text = text[:1].lower() + text[1:]
    return Written(text=text, order=tuple(order), american=there)


def unlike(infinitive: str) -> Callable[[str], object]:
    """Return what tells frames in which the verb phrase cannot stand: "does it be faster"."""
    if infinitive.startswith("be "):
        return lambda frame: re.search(r"\b(does|do)\b.*\{i\}", frame)
    return lambda frame: infinitive.startswith("not ") and "{v}" in frame


def beside_the_point(teller: Teller) -> str:
    """Return a sentence that changes nothing."""
    pick = teller.pick
    person = any(t.noun in PERSONS for t in teller.things)
    single = len(teller.things) < 2
    frame = pick.frame(
        frames.IRRELEVANT,
        lambda f: ("{y}" in f and single) or ("{x}" in f and person) or f in pick.used,
    )
    price = f"{pick.rng.randint(2, 90)} {pick.rng.choice(('euros', 'dollars', 'pounds sterling'))}"
    pair = pick.rng.sample(range(len(teller.things)), min(2, len(teller.things)))
    slots = zip(("x", "y"), pair, strict=False)
    named = {k: teller.np(i) for k, i in slots if f"{{{k}}}" in frame}
    return fill(
        frame, **named, price=price, P=teller.person(), years=str(pick.rng.randint(2, 11)),
        day=pick.rng.choice(_DAYS), place=pick.rng.choice(_PLACES),
        minutes=str(pick.rng.randint(3, 40)),
    )  # fmt: skip


class Composer:
    """Tells of two or more bodies in one of several manners."""

    def __init__(
        self, teller: Teller, facts: Sequence[Fact], extra: Sequence[str] = (),
        moving: Sequence[str] = (), ahead: str = "",
    ) -> None:  # fmt: skip
        self.teller, self.pick = teller, teller.pick
        self.facts = list(facts)
        self.extra = list(extra)
        """More sentences, such as that things stick together."""
        self.moving = list(moving)
        """What is said of a collision's first body, such as "at 3 m/s"."""
        self.ahead = ahead
        """How fast the second moves ahead of the first; empty where it is at rest."""
        self.quantities = [f.quantity for f in facts]
        teller.plan(facts)

    def write(
        self, ask: Ask, verb: Callable[[int], str] | None = None,
        first: Callable[[], str] | None = None,
    ) -> Written:  # fmt: skip
        """Return the question in one of the manners that suit its facts.

        Args:
          ask: makes the question proper.
          verb: makes its verb phrase, for questions that hold everything in one sentence.
          first: makes a question that stands before what it rests on.
        """
        manners: list[tuple[Callable[[], list[str]], float]] = [(self.shared, 10)]
        apart = [f for f in self.facts if isinstance(f, Values | Relation)]
        plain = self.teller.name not in ("crash", "hit")
        if apart and plain and len(self.teller.things) == 2:
            manners.append((self.cases, 9))
            named = any(t.proper or t.definite for t in self.teller.things)
            if verb is not None and not named and all(isinstance(f, Values) for f in apart):
                manners.append((lambda: self.between(verb), 4))
        if self._listable(apart):
            manners += [(self.relative, 3), (self.listed, 1.5)]
        parts = self.pick.weighted(manners)()
        if any("⟪done⟫" in part for part in parts):
            return finish(self.teller, self._spice(parts).replace("⟪done⟫", ""))
        if any("⟪ask⟫" in part for part in parts):
            return finish(self.teller, self._spice(parts).replace("⟪ask⟫", ask(self.teller)))
        roll = self.pick.rng.random()
        if roll < 0.12 and not self.extra and len(parts) == 1:
            return finish(self.teller, self._conditional(parts[0], ask(self.teller)))
        if roll < 0.2 and first is not None:
            return finish(self.teller, fill(first(), s=self._spice(parts)))
        body = self._spice(parts)
        return finish(self.teller, f"{body} {ask(self.teller)}")

    def frame(self, bank: tuple[str, ...], without: Callable[[str], object] | None = None) -> str:
        """Return a sentence template, for more than two bodies with "all" instead of "both"."""
        chosen = self.pick.frame(bank, without)
        if len(self.teller.things) == 2:
            return chosen
        return (
            chosen.replace("in both cases", "in all cases").replace("{xy} both", "{xy} all")
            .replace("both ", "all of them ")
            .replace("the two ", "all of them ")
        )  # fmt: skip

    def _listable(self, apart: Sequence[Fact]) -> bool:
        values = [f for f in apart if isinstance(f, Values)]
        return bool(values) and len(values) == len(apart) and self.teller.name != "hit"

    def _spice(self, parts: list[str]) -> str:
        """Return the sentences with others among them that change nothing."""
        parts = [*parts, *self.extra]
        for _ in range(self.pick.weighted(((0, 70), (1, 22), (2, 5)))):
            # Behind the first sentence, so that bodies are introduced by the set-up.
            parts.insert(self.pick.rng.randint(1, len(parts)), beside_the_point(self.teller))
        if self.pick.some(0.1):
            parts.append(self.frame(frames.AIR if self.pick.some(0.5) else frames.FILLER))
        return " ".join(parts)

    def _conditional(self, told: str, question: str) -> str:
        """Return "if ..., which ...?" where set-up and facts make one sentence."""
        said = told.removesuffix(".")
        able = re.match("wh|how|does|will|is", question) and question.endswith("?")
        if not able or re.search(_NO_CONDITION, said):
            return f"{told} {question}"
        return fill(self.frame(frames.IF_ASK), s=said, q=question.removesuffix("?"))

    def between(self, verb: Callable[[int], str]) -> list[str]:
        """Return all in one question: "which lands first, a ball dropped from 2 m or …?"."""
        own, left, intro = self._own()
        if not all(own[i] or intro[i] for i in own):
            self.teller.known.clear()
            return self.cases()
        rest = [s for fact in left for s in self.sentences(fact)]
        x, y = (self._reduced(i, own[i], intro[i]) for i in (0, 1))
        infinitive = verb(0)
        frame = self.frame(frames.ASK_BETWEEN, unlike(infinitive))
        question = fill(frame, x=x, y=y, v=self.pick.third(infinitive), i=infinitive)
        # Where bodies were introduced by facts before, they are known already.
        return [*rest, f"{question}⟪done⟫"]

    def _reduced(self, i: int, added: Sequence[str], intro: str) -> str:
        thing = self.teller.np(i, intro=intro)
        event = self.teller.happens(added, self.quantities)
        tail = (
            event.removeprefix("be ")
            if event.startswith("be ")
            else f"that {self.pick.third(event)}"
        )
        return f"{thing} {tail}"

    def shared(self) -> list[str]:
        """Return one set-up for all, then the facts."""
        adjuncts, left = self._common_adjuncts()
        setup = self.setup(adjuncts)
        sentences = [s for fact in left for s in self.sentences(fact)]
        if sentences and self.pick.some(0.15):
            # Facts first: what was new is then introduced by them.
            return self._facts_first(left, adjuncts)
        return [setup, *sentences]

    def _facts_first(self, left: Sequence[Fact], adjuncts: list[str]) -> list[str]:
        self.teller.known.clear()
        sentences = [s for fact in left for s in self.sentences(fact)]
        return [*sentences, self.setup(adjuncts)]

    def _common_adjuncts(self) -> tuple[list[str], list[Fact]]:
        added: list[str] = []
        left: list[Fact] = []
        for fact in self.facts:
            found = None
            if isinstance(fact, Common | Equal) and self.pick.some(0.6):
                found = self.teller.adjuncts(fact)
            if found and self.teller.fits([*added, found[-1]]):
                added.append(found[-1])
            else:
                left.append(fact)
        return added, left

    def setup(self, adjuncts: Sequence[str]) -> str:
        """Return the sentence that says what happens."""
        teller, things = self.teller, self.teller.things
        if teller.name == "hit":
            return self._hit(self.moving)
        fresh = not teller.known
        if teller.name in _TOGETHER and self.pick.some(0.12):
            adjuncts = [*adjuncts, self.pick.word(_AT_ONCE)]
        if teller.event.active and self.pick.some(0.3):
            frame = self.frame(frames.SETUP_ACTIVE)
            act = teller.doing(adjuncts, self.quantities, teller.both())
            return fill(frame, a=act, a3=self.pick.third(act), P=teller.person(), Q=teller.person())
        event = teller.happens(adjuncts, self.quantities)
        values = {"e": self.pick.plural(event), "i": event, "P": teller.person()}
        alike = len({t.noun for t in things}) == 1 and len(things) == 2
        if alike and fresh and things[0].noun not in PERSONS and self.pick.some(0.2):
            frame = self.frame(frames.SETUP_SAME)
            row = [the(things, i) for i in range(2)]
            teller.known |= {0, 1}
            # "Identical" would be wrong of what has different masses.
            alike = "mass" not in self.quantities and self.pick.some(0.3)
            nouns = f"{'identical ' if alike else ''}{plural(things[0].noun)}"
            return fill(frame, xy=" and ".join(row), nouns=nouns, **values)
        bank = (
            frames.SETUP_FRESH
            if fresh and len(things) == 2 and self.pick.some(0.2)
            else frames.SETUP
        )
        return fill(self.frame(bank), xy=teller.both(), **values)

    def _hit(self, adjuncts: Sequence[str]) -> str:
        """Return that the first body runs into the second, which is at rest."""
        teller = self.teller
        x, y = teller.np(0), teller.np(1)
        event = " ".join([self.pick.third(teller.event.text), y])
        with_added = f"{x} moving {' '.join(adjuncts)}" if adjuncts else x
        frame = self.frame(frames.CHASE if self.ahead else frames.HIT)
        again = self.pick.third(teller.event.text)
        return fill(frame, w=self.ahead, x=with_added, y=y, e=event, e2=again,
                    inf=f"{teller.event.text} {y}", P=teller.person())  # fmt: skip

    def sentences(self, fact: Fact) -> list[str]:
        """Return the sentences that tell one fact."""
        if isinstance(fact, Equal):
            return [self.teller.equal_sentence(fact.quantity)]
        if isinstance(fact, Relation) and fact.base is None and self.pick.some(0.15):
            found = self._compared(fact)
            if found:
                return [found]
        opening = not self.teller.known
        clauses = self.teller.clauses(fact)
        if isinstance(fact, Common):
            frame = self.frame(
                frames.CLAUSE,
                lambda f: contrasts(f) or (opening and f.startswith(frames.CONNECTING)),
            )
            return [fill(frame, c=clauses[0], P=self.teller.person())]
        return self._joined(clauses, opening)

    def _joined(self, clauses: list[str], opening: bool = False) -> list[str]:
        if len(clauses) == 2:
            frame = self.frame(frames.TWO_CLAUSES)
            return [fill(frame, c=clauses[0], d=clauses[1], P=self.teller.person())]
        if len(clauses) > 2:
            return [f"{', '.join(clauses[:-1])} and {clauses[-1]}."]
        frame = self.frame(frames.CLAUSE, lambda f: opening and f.startswith(frames.CONNECTING))
        return [fill(frame, c=clauses[0], P=self.teller.person())]

    def _compared(self, fact: Relation) -> str:
        """Return "compared with the other, this one is heavier"."""
        if fact.kind != "level":
            return ""
        vp = self.teller.relation_vp(fact, bare=True)
        frame = self.frame(frames.COMPARED)
        other = self.teller.np(fact.other) if "{y}" in frame else ""
        return fill(frame, y=other, x=self.teller.np(fact.subject), v=vp)

    def _own(self) -> tuple[dict[int, list[str]], list[Fact], dict[int, str]]:
        """Return what can be added to each body's event, what cannot, and what goes before it."""
        own: dict[int, list[str]] = {0: [], 1: []}
        left: list[Fact] = []
        intro = {0: "", 1: ""}
        for fact in self.facts:
            if isinstance(fact, Values) and fact.quantity == "mass" and self.pick.some(0.6):
                intro = {i: self._in_front(i, fact) for i in (0, 1)}
                continue
            apart = isinstance(fact, Values | Relation)
            found = self.teller.adjuncts(fact) if apart else None
            added = {i: [*own[i], found[i]] if found and i in found else own[i] for i in own}
            if found and all(self.teller.fits(a) for a in added.values()):
                own = added
            else:
                left.append(fact)
        return own, left, intro

    def cases(self) -> list[str]:
        """Return a clause for each body with what is its own, then what both share."""
        teller = self.teller
        own, left, intro = self._own()
        if not any(own.values()) and not any(intro.values()):
            return self.shared()
        order = (0, 1) if own[0] or not own[1] else (1, 0)
        i, j = order
        first = self._case(i, own[i], intro[i])
        # "..., the other from 6 m": only where both have something of the kind to say.
        matching = [a.partition(" ")[0] for a in own[i]] == [a.partition(" ")[0] for a in own[j]]
        if own[j] and matching and not intro[j] and self.pick.some(0.4):
            second = f"{teller.np(j)} {' '.join(teller.turned(a) for a in own[j])}"
            return [f"{first}, {second}.", *(s for f in left for s in self.sentences(f))]
        sentence = self._joined([first, self._case(j, own[j], intro[j])])[0]
        return [sentence, *(s for fact in left for s in self.sentences(fact))]

    def _in_front(self, i: int, fact: Values) -> str:
        amount, thing = fact.amounts[i], self.teller.things[i]
        return amount.said if thing.proper or thing.definite else amount.before or amount.said

    def _case(self, i: int, added: Sequence[str], intro: str) -> str:
        teller = self.teller
        thing = teller.np(i, intro=intro)
        if teller.event.active and not teller.things[i].proper and self.pick.some(0.25):
            return (
                f"{teller.person()} {self.pick.third(teller.doing(added, self.quantities, thing))}"
            )
        return f"{thing} {self.pick.third(teller.happens(added, self.quantities))}"

    def _lists(self, facts: Sequence[Values]) -> list[str]:
        """Return for every body a list of its amounts, such as "mass 2 kg"."""
        pick = self.pick
        rows: list[list[str]] = [[] for _ in self.teller.things]
        style = pick.rng.choice(("{l} {v}", "{l} {v}", "{l} of {v}", "{l} = {v}"))
        bare = len(facts) == 1 and pick.some(0.4)
        for fact in facts:
            label = pick.rng.choice(self.teller.context(fact.quantity).labels)
            for row, amount in zip(rows, fact.amounts, strict=True):
                word = f"on {amount.said}" if fact.quantity == "gravity" or amount.word else ""
                said = amount.said if bare else fill(style, l=label, v=amount.said)
                row.append(word or said)
        return [", ".join(row) for row in rows]

    def relative(self) -> list[str]:
        """Return one set-up in which each body is introduced with what is its own."""
        values = [f for f in self.facts if isinstance(f, Values)]
        fact, rest = values[0], [f for f in self.facts if f is not values[0]]
        if len(self.teller.things) > 2:
            return self._many(fact, rest)
        vx, vy = self.teller.value_vps(fact.quantity, fact.amounts)
        lx, ly = self._lists([fact])
        event = self.teller.happens([], self.quantities)
        aux = "is" if event.startswith("be ") else "does"
        # One body alone does not "crash into each other".
        frame = self.frame(frames.SETUP_RELATIVE, lambda f: "each other" in event and "{e1}" in f)
        setup = fill(
            frame, x=self.teller.np(0), y=self.teller.np(1), vx=vx, vy=vy, lx=lx, ly=ly, aux=aux,
            e=self.pick.plural(event), e1=self.pick.third(event), P=self.teller.person(),
        )  # fmt: skip
        return [setup, *(s for f in rest for s in self.sentences(f))]

    def _many(self, fact: Values, rest: Sequence[Fact]) -> list[str]:
        lists = self._lists([fact])
        row = [f"{self.teller.np(i)} ({told})" for i, told in enumerate(lists)]
        event = self.teller.happens([], self.quantities)
        frame = self.frame(frames.SETUP)
        joined = f"{', '.join(row[:-1])} and {row[-1]}"
        setup = fill(frame, xy=joined, e=self.pick.plural(event), i=event,
                     P=self.teller.person())  # fmt: skip
        return [setup, *(s for f in rest for s in self.sentences(f))]

    def listed(self) -> list[str]:
        """Return the facts as a table would give them."""
        values = [f for f in self.facts if isinstance(f, Values)]
        rest = [f for f in self.facts if not isinstance(f, Values)]
        lists = self._lists(values)
        teller = self.teller
        if len(teller.things) > 2:
            return self._many(values[0], [*values[1:], *rest])
        teller.known |= {0, 1}
        common = " ".join(s for f in rest for s in self.sentences(f))
        frame = self.frame(frames.LISTED)
        marks = [the(teller.things, i) for i in (0, 1)]
        pronouns = fill(self.frame(frames.SETUP), xy=self.pick.rng.choice(("they", "the two")))
        event = teller.happens([], self.quantities)
        setup = fill(pronouns, e=self.pick.plural(event), i=event, P=teller.person())
        return [
            fill(frame, x=marks[0], y=marks[1], lx=lists[0], ly=lists[1], s=f"{setup} {common}",
                 q="⟪ask⟫")
        ]  # fmt: skip


def spelled_as(written: Written, name: str) -> str:
    """Return a name in the spelling of the text."""
    return american(name) if written.american else name
