"""Puts facts and events into words; bodies stand as marks until the text is finished."""

import math
import re
from collections.abc import Callable, Sequence

from mindseye.planner.questions import frames, lexemes
from mindseye.planner.questions.amounts import Quoted
from mindseye.planner.questions.contexts import CONTEXTS, SIZES, Context
from mindseye.planner.questions.contexts_train import MORE_LEXEMES
from mindseye.planner.questions.facts import Common, Equal, Fact, Relation, Values
from mindseye.planner.questions.lexemes import Lexeme
from mindseye.planner.questions.modes import Event, Mode
from mindseye.planner.questions.picking import Picker
from mindseye.planner.questions.things import PEOPLE, Thing, first_mention, mark, the
from mindseye.tools.physics.lab.amount import Stated, parse_amount
from mindseye.tools.physics.lab.program import Quantity

_DONE = {
    "drop": "dropped", "throw down": "thrown", "throw up": "thrown", "throw level": "launched",
    "throw angle": "launched", "push": "pushed", "pull": "pulled",
}  # fmt: skip
_NOT_SAID = ("let", "sent", "hit", "flicked", "tugged")
_PLACE: dict[str, Quantity] = {
    "drop": "height", "throw down": "height", "throw level": "height", "slide": "friction",
    "brake": "friction", "pull": "friction", "push": "length",
}  # fmt: skip
"""What an event's own place would contradict, once a question tells it."""


class Teller:
    """Tells of one situation, keeping in mind which bodies were introduced."""

    def __init__(
        self, pick: Picker, name: str, mode: Mode, things: Sequence[Thing], event: Event
    ) -> None:
        self.pick, self.name, self.mode, self.event = pick, name, mode, event
        self.things = list(things)
        self.known: set[int] = set()
        taken = " ".join(t.name for t in things)
        self.people = [p for p in PEOPLE if p not in taken]
        self._by_clause: dict[Quantity, bool] = {}
        """What gets a clause of its own, and whether the event's own place may stay."""

    def plan(self, facts: Sequence[Fact]) -> None:
        """Choose which facts get a clause of their own that speaks of the place."""
        for fact in facts:
            if isinstance(fact, Common) and self._whole_clauses(fact) and self.pick.some(0.35):
                self._by_clause[fact.quantity] = not fact.amount.word

    def _whole_clauses(self, fact: Common) -> list[str]:
        """Return the clauses that can tell a common amount without speaking of a body."""
        context, place, amount = self.context(fact.quantity), self.event.where, fact.amount
        if amount.word:
            return list(context.word_clauses)
        placed = bool(place)
        if _PLACE.get(self.name) == "height" == fact.quantity:
            low, high = SIZES.get(place, (math.inf, 0.0))
            metres = parse_amount(amount.written, "length")
            placed = isinstance(metres, Stated) and low <= metres.value <= high
        return [c for c in context.clauses if placed or "{n}" not in c]

    def person(self) -> str:
        """Return somebody who is none of the bodies."""
        return self.pick.word(tuple(self.people))

    def np(self, i: int, *, intro: str = "") -> str:
        """Return a noun phrase for body `i`: indefinite at first, as a rule.

        Args:
          i: which body.
          intro: what stands in front of its noun, such as "2 kg"; for a name, behind it.
        """
        new, proper = i not in self.known, self.things[i].proper
        self.known.add(i)
        if intro:
            if proper or self.things[i].definite:
                return f"{the(self.things, i)} ({intro})"
            return f"a {intro} {mark(i)}"
        if new and self.pick.some(0.8):
            return first_mention(self.things, i)
        if not new and self.things[i].short and len(self.known) > 1 and self.pick.some(0.15):
            return f"the {mark(i, short=True)}"
        return the(self.things, i)

    def both(self) -> str:
        """Return all bodies in a row."""
        row = [self.np(i) for i in range(len(self.things))]
        return f"{', '.join(row[:-1])} and {row[-1]}" if len(row) > 1 else row[0]

    def they(self) -> str:
        """Return words for all bodies that were introduced."""
        count = {2: "the two", 3: "all three", 4: "all four"}[len(self.things)]
        return self.pick.rng.choice(
            ("they", "both" if len(self.things) == 2 else "they all", count)
        )

    def context(self, quantity: Quantity) -> Context:
        """Return how the quantity is spoken of here."""
        return CONTEXTS[self.mode.contexts[quantity]]

    def lexemes_of(self, quantity: Quantity) -> tuple[Lexeme, ...]:
        """Return the lexemes for the quantity here; training has more of them."""
        key = self.mode.contexts[quantity]
        more = MORE_LEXEMES.get(key, ()) if self.pick.split == "train" else ()
        return (*CONTEXTS[key].lexemes, *more)

    def _verb(self, lexeme: Lexeme) -> str:
        done = self.event.done
        if not done or done in _NOT_SAID:
            done = _DONE.get(self.name, "moved")
        return lexeme.verb.replace("{p}", done)

    def say(self, lexeme: Lexeme, complement: str, form: str = "third") -> str:
        """Return a verb phrase in the third person or the plural."""
        infinitive = f"{self._verb(lexeme)} {complement}"
        return self.pick.third(infinitive) if form == "third" else self.pick.plural(infinitive)

    def _of_value(self, lexeme: Lexeme, amount: Quoted) -> tuple[str, ...]:
        forms = lexeme.words if amount.word else lexeme.values
        low, high = SIZES.get(lexeme.noun, (0.0, math.inf))
        if not amount.word and lexeme.noun in SIZES:
            metres = parse_amount(amount.written, "length")
            if not (isinstance(metres, Stated) and low <= metres.value <= high):
                return ()
        return tuple(
            form.replace("{v}", amount.said).replace("{b}", amount.before or amount.said)
            for form in forms
        )

    def _related(self, lexeme: Lexeme, fact: Relation, bare: bool) -> tuple[str, ...]:
        match fact.kind:
            case "level":
                return lexemes.level(lexeme, fact.level, bare)
            case "factor":
                return lexemes.times(lexeme, fact.factor, bare)
            case "difference":
                assert fact.amount is not None
                return lexemes.difference(lexeme, fact.amount.said, fact.level)
            case "same":
                return lexemes.alike(lexeme)

    def _lexeme(self, quantity: Quantity, amounts: Sequence[Quoted], fact: Relation | None = None,
                adjunct: bool = False) -> Lexeme | None:  # fmt: skip
        """Return a lexeme that can say all of it, if there is one."""
        found = [
            x
            for x in self.lexemes_of(quantity)
            if (not adjunct or x.adjunct is not None)
            and all(self._of_value(x, a) for a in amounts)
            and (fact is None or self._related(x, fact, False))
        ]
        return self.pick.rng.choice(found) if found else None

    def value_vps(self, quantity: Quantity, amounts: Sequence[Quoted]) -> list[str]:
        """Return for every amount a verb phrase that tells it, all of one kind."""
        lexeme = self._lexeme(quantity, amounts)
        assert lexeme is not None, (quantity, amounts)
        at = self.pick.rng.randrange(100)
        options = [self._of_value(lexeme, a) for a in amounts]
        return [self.say(lexeme, forms[at % len(forms)]) for forms in options]

    def _label_clause(self, quantity: Quantity, i: int, said: str) -> str:
        label = self.pick.rng.choice(self.context(quantity).labels)
        return f"the {label} of {self.np(i)} is {said}"

    def value_clauses(self, quantity: Quantity, amounts: Sequence[Quoted]) -> list[str]:
        """Return a clause for every body."""
        if not amounts[0].word and self.pick.some(0.15):
            return [self._label_clause(quantity, i, a.said) for i, a in enumerate(amounts)]
        vps = self.value_vps(quantity, amounts)
        return [f"{self.np(i)} {vp}" for i, vp in enumerate(vps)]

    def relation_vp(self, fact: Relation, *, bare: bool = False, form: str = "third") -> str:
        """Return a verb phrase for a relation; `{Y}` in it is still to be filled unless bare."""
        lexeme = None
        while lexeme is None or not self._related(lexeme, fact, bare):
            lexeme = self._lexeme(fact.quantity, (), fact)
            assert lexeme is not None, fact
        options = self._related(lexeme, fact, bare)
        return self.say(lexeme, self.pick.word(options), form)

    def clauses(self, fact: Fact) -> list[str]:
        """Return the clauses that tell a fact, without capitals and stops."""
        match fact:
            case Values():
                return self.value_clauses(fact.quantity, fact.amounts)
            case Relation():
                return self._relation_clauses(fact)
            case Common():
                return [self._common_clause(fact)]
            case Equal():
                return [f"{self.they()} {self.alike(fact.quantity)}"]

    def _relation_clauses(self, fact: Relation) -> list[str]:
        found = []
        if fact.base is not None:
            vp = self.value_vps(fact.quantity, (fact.base,))[0]
            if not fact.base.word and self.pick.some(0.15):
                found.append(self._label_clause(fact.quantity, fact.other, fact.base.said))
            else:
                found.append(f"{self.np(fact.other)} {vp}")
        able = fact.kind in ("level", "factor") and fact.base is not None
        if able and self._bare_possible(fact) and self.pick.some(0.2):
            return [*found, f"{self.np(fact.subject)} {self.relation_vp(fact, bare=True)}"]
        subject = self.np(fact.subject)
        return [*found, f"{subject} {self.relation_vp(fact).replace('{Y}', self.np(fact.other))}"]

    def _bare_possible(self, fact: Relation) -> bool:
        return any(self._related(x, fact, True) for x in self.lexemes_of(fact.quantity))

    def _common_clause(self, fact: Common) -> str:
        if fact.quantity in self._by_clause:
            clause = self.pick.word(tuple(self._whole_clauses(fact)))
            alone = "it" if 0 in self.known else self.np(0)
            subject = alone if len(self.things) == 1 else "each of them"
            return fill(clause, v=fact.amount.said, n=self.event.where, z=subject)
        if len(self.things) == 1:
            subject = "it" if 0 in self.known and self.pick.some(0.5) else self.np(0)
            if not fact.amount.word and self.pick.some(0.2):
                label = self.pick.rng.choice(self.context(fact.quantity).labels)
                return f"its {label} is {fact.amount.said}" if subject == "it" else (
                    f"the {label} of {subject} is {fact.amount.said}")  # fmt: skip
            return f"{subject} {self.value_vps(fact.quantity, (fact.amount,))[0]}"
        lexeme = self._lexeme(fact.quantity, (fact.amount,))
        assert lexeme is not None
        complement = self.pick.word(self._of_value(lexeme, fact.amount))
        if self.pick.some(0.3):
            return f"each of them {self.say(lexeme, complement)}"
        return f"{self.they()} {self.say(lexeme, complement, 'plural')}"

    def alike(self, quantity: Quantity) -> str:
        """Return a verb phrase that says that all have the same: "are equally heavy"."""
        options = [x for x in self.lexemes_of(quantity) if lexemes.alike_plural(x)]
        lexeme = self.pick.rng.choice(options)
        return self.say(lexeme, self.pick.word(lexemes.alike_plural(lexeme)), "plural")

    def equal_sentence(self, quantity: Quantity) -> str:
        """Return a sentence that says that all have the same."""
        frame = self.pick.frame(frames.EQUAL)
        the_xy = self.both() if "{the_xy}" in frame else ""
        return fill(frame, they=self.they(), s=self.alike(quantity), the_xy=the_xy)

    def adjuncts(self, fact: Fact) -> dict[int, str] | None:
        """Return what a fact adds to each body's event ("at 3 m/s"), or None if it cannot.

        Key -1 stands for all bodies together.
        """
        match fact:
            case Values():
                return self._value_adjuncts(fact.quantity, dict(enumerate(fact.amounts)))
            case Common():
                if fact.quantity in self._by_clause:
                    return None
                return self._value_adjuncts(fact.quantity, {-1: fact.amount})
            case Equal():
                options = [x for x in self.lexemes_of(fact.quantity)
                           if x.adjunct is not None and lexemes.alike_plural(x)]  # fmt: skip
                if not options:
                    return None
                x = self.pick.rng.choice(options)
                return {-1: f"{x.adjunct} {self.pick.word(lexemes.alike_plural(x))}".strip()}
            case Relation():
                return self._relation_adjuncts(fact)

    def _value_adjuncts(
        self, quantity: Quantity, amounts: dict[int, Quoted]
    ) -> dict[int, str] | None:
        x = self._lexeme(quantity, list(amounts.values()), adjunct=True)
        if x is None:
            return None
        at = self.pick.rng.randrange(100)
        options = {i: self._of_value(x, a) for i, a in amounts.items()}
        return {i: f"{x.adjunct} {o[at % len(o)]}".strip() for i, o in options.items()}

    def _relation_adjuncts(self, fact: Relation) -> dict[int, str] | None:
        amounts = [fact.base] if fact.base else []
        x = self._lexeme(fact.quantity, amounts, fact, adjunct=True)
        if x is None:
            return None
        said = self.pick.word(self._related(x, fact, False)).replace(
            "{Y}", the(self.things, fact.other)
        )
        found = {fact.subject: f"{x.adjunct} {said}".strip()}
        if fact.base:
            value = self.pick.word(self._of_value(x, fact.base))
            found[fact.other] = f"{x.adjunct} {value}".strip()
        return found

    def _is_place(self, adjunct: str) -> bool:
        prep = adjunct.partition(" ")[0]
        if self.mode.scene == "slope" and prep == "down":
            return True
        flies = self.mode.scene in ("free_fall", "projection")
        return prep in self.mode.bracketed or (flies and prep == "from")

    def happens(self, added: Sequence[str], told: Sequence[Quantity] = ()) -> str:
        """Return the event in the infinitive, passive where somebody does it.

        Args:
          added: adjuncts; what does not fit is refused beforehand by `fits`.
          told: quantities that the question tells anywhere.
        """
        return self._with(self.event.happens, added, told)

    def doing(self, added: Sequence[str], told: Sequence[Quantity], thing: str) -> str:
        """Return the event as somebody's action, in the infinitive."""
        return self._with(lambda p: self.event.placed(p).replace("{o}", thing), added, told)

    def _with(
        self, make: Callable[[str | None], str], added: Sequence[str], told: Sequence[Quantity]
    ) -> str:
        places = [self.turned(a) for a in added if self._is_place(a)]
        rest = [a for a in added if not self._is_place(a)]
        quantity = _PLACE.get(self.name)
        if places:
            place: str | None = places[0]
        elif quantity is not None and self._by_clause.get(quantity):
            place = None
        elif quantity is not None and quantity in told:
            place = ""
        else:
            place = None if self.mode.scene in ("slope", "friction") or self.pick.some(0.8) else ""
        return " ".join([make(place), *rest])

    def turned(self, adjunct: str) -> str:
        """Return an adjunct as this situation has it: "up a slope" where things go up."""
        own = re.search(r"\[ (\w+)", self.event.text)
        if self.mode.scene == "slope" and own:
            return adjunct.replace("down ", f"{own[1]} ", 1)
        return adjunct

    def fits(self, added: Sequence[str]) -> bool:
        """Say whether an event can take all these adjuncts at once."""
        places = [a for a in added if self._is_place(a)]
        if places and self.mode.bracketed and not self.event.has_place:
            return False
        preps = [a.partition(" ")[0] for a in added]
        return len(places) <= 1 and len(set(preps)) == len(preps) and len(added) <= 3


def fill(frame: str, **values: str) -> str:
    """Return a template with its slots filled; slots that have no value stay."""
    for key, value in values.items():
        frame = frame.replace("{" + key + "}", value)
    return frame
