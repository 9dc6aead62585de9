# ruff: noqa: E501
"""Tasks in free words with the goals they mean, made by combining phrases.

Every phrase and frame belongs to one split by a hash of its text, so that
held-out wordings use frames that training never showed.
"""

import random
import zlib
from collections.abc import Callable, Sequence
from typing import Any, Literal

from mindseye.planner.language import phrases as ph
from mindseye.planner.language.lexicon import COLOUR_WORDS, SHAPE_WORDS
from mindseye.tools.goals import AREAS, COLOURS, RELATIONS, SHAPES

Split = Literal["train", "held-out"]
GoalItem = dict[str, Any]
Wording = tuple[str, list[GoalItem]]
HELD_OUT_SHARE = 8
"""One phrase in this many is kept from training."""
OPPOSITE = {"left_of": "right_of", "right_of": "left_of", "above": "below", "below": "above"}


def random_names(rng: random.Random, low: int = 3, high: int = 6) -> list[str]:
    """Return 3 to 6 distinct object names."""
    every = [f"{c} {s}" for c in COLOURS for s in SHAPES]
    return rng.sample(every, rng.randint(low, high))


class Speaker:
    """Makes wordings over one list of objects."""

    def __init__(self, rng: random.Random, names: Sequence[str], split: Split = "train") -> None:
        self.rng, self.names, self.split = rng, list(names), split

    def pick(self, options: Sequence[str]) -> str:
        """Return one option that belongs to the split."""
        held = [o for o in options if zlib.crc32(o.encode()) % HELD_OUT_SHARE == 0]
        if self.split == "held-out":
            # Half of a wording's parts are new, so that a new frame meets old phrases.
            return self.rng.choice(held or options if self.rng.random() < 0.5 else options)
        return self.rng.choice([o for o in options if o not in held] or list(options))

    def two(self) -> tuple[str, str]:
        """Return two different objects."""
        a, b = self.rng.sample(self.names, 2)
        return a, b

    def call(self, name: str) -> str:
        """Return words for an object: with its article, bare, by colour, by shape, by a synonym."""
        colour, shape = name.split()
        roll = self.rng.random()
        alone = sum(n.endswith(shape) for n in self.names) == 1
        only = sum(n.startswith(colour) for n in self.names) == 1
        if roll < 0.1 and alone:
            return f"the {shape}"
        if roll < 0.17 and only:
            return f"the {colour} {self.rng.choice(['one', 'thing', 'object'])}"
        if roll < 0.3:
            shapes = [w for w, s in SHAPE_WORDS.items() if s == shape]
            colours = [w for w, c in COLOUR_WORDS.items() if c == colour]
            return f"the {self.rng.choice([colour, *colours])} {self.rng.choice(shapes)}"
        return name if roll < 0.42 else f"the {name}"

    def area_noun(self, area: str) -> str:
        """Return a noun phrase for an area: "the upper left corner"."""
        if area == "center":
            return self.pick(ph.CENTER_PHRASES)
        noun = self.pick(ph.CORNER_NOUNS if "_" in area else ph.SIDE_NOUNS)
        return f"the {self.pick(ph.NAMED[area])} {noun}".strip()

    def to_area(self, area: str) -> str:
        """Return a phrase that follows "push it"."""
        if area in ph.EXTRA_AREAS and self.rng.random() < 0.45:
            return self.pick(ph.EXTRA_AREAS[area])
        into = (
            "to",
            "to",
            "into",
            "in",
            "over to",
            "towards",
            "onto",
            "at",
            "up to",
            "all the way to",
        )
        return f"{self.pick(into)} {self.area_noun(area)}"

    def fill(self, frame: str, s: str, p: str, o: str) -> str:
        """Return a frame with its slots filled."""
        if s.count("the ") > 1 and frame.startswith("{s}"):
            frame = frame.replace(" is ", " are ").replace("is ", "are ", 0)
        return " ".join(
            frame.format(s=s, p=p, o=o, v=self.pick(ph.VERBS), g=self.pick(ph.GERUNDS)).split()
        )

    def say(self, relation: str, s: str, o: str) -> str:
        """Return a clause for "s stands in relation to o"."""
        roll = self.rng.random()
        if relation in ph.MUTUAL and roll < 0.2:
            return self.fill(self.pick(ph.MUTUAL[relation]), s, "", o)
        verbs = [f for r, f in ph.VERB_RELATIONS if r == relation]
        if roll < (0.45 if relation in ("touching", "apart") else 0.3):
            return self.fill(self.pick(verbs), s, "", o)
        if roll < 0.68:
            frames = ph.GERUND if self.rng.random() < 0.1 else ph.IMPERATIVE
            return self.fill(self.pick(frames), s, self.pick(ph.RELATION_PHRASES[relation]), o)
        states = ph.STATE_PHRASES.get(relation, ph.RELATION_PHRASES[relation])
        clauses = ph.PASSIVE if self.rng.random() < 0.2 else ph.STATE
        return self.fill(self.pick(clauses), s, self.pick(states), o)

    def say_area(self, area: str, s: str) -> str:
        """Return a clause for "s lies in an area"."""
        roll = self.rng.random()
        if roll < 0.08:
            return f"{self.area_noun(area)} {self.pick(('is where', 'is the place where'))} {s} {self.pick(('belongs', 'should go', 'goes'))}"
        if roll < 0.14:
            return f"{self.pick(('fill', 'occupy', 'use'))} {self.area_noun(area)} {self.pick(('with', 'for'))} {s}"
        frames = ph.IMPERATIVE if roll < 0.62 else ph.PASSIVE if roll < 0.7 else ph.STATE
        return self.fill(self.pick(frames), s, self.to_area(area), "")


def relation(sp: Speaker) -> Wording:
    """One relation, sometimes said from the other object's side."""
    a, b = sp.two()
    r = sp.rng.choice(RELATIONS)
    item = {"relation": r, "subject": a, "object": b}
    if r in OPPOSITE and sp.rng.random() < 0.12:
        p = sp.pick(
            ("on its left", "to its left")
            if r == "right_of"
            else ("on its right", "to its right")
            if r == "left_of"
            else ("behind it",)
            if r == "below"
            else ("in front of it",)
        )
        frame = sp.pick(
            (
                "{v} {s} so that {o} is {p}",
                "{s} should have {o} {p}",
                "arrange it so {o} ends up {p} when you look at {s}",
                "{v} {s} to where {o} is {p}",
            )
        )
        said = sp.fill(frame, sp.call(a), p, sp.call(b))
        return said, [{"relation": OPPOSITE[r], "subject": b, "object": a}]
    return sp.say(r, sp.call(a), sp.call(b)), [item]


def area(sp: Speaker) -> Wording:
    """One object into an area."""
    a, where = sp.rng.choice(sp.names), sp.rng.choice(AREAS)
    return sp.say_area(where, sp.call(a)), [in_area(a, where)]


def in_area(subject: str, where: str) -> GoalItem:
    """Return the item for an area."""
    return {"relation": "in_area", "subject": subject, "area": where}


def everything(sp: Speaker) -> Wording:
    """Everything into an area."""
    where = sp.rng.choice(AREAS)
    return sp.say_area(where, sp.pick(ph.ALL)), [in_area("all", where)]


def group(sp: Speaker) -> Wording:
    """Group by colour or shape."""
    by = sp.rng.choice(("colour", "shape"))
    said = sp.pick(ph.GROUP).format(t=sp.pick(ph.THINGS_WORDS), k=sp.pick(ph.KIND_WORDS[by]))
    return said, [{"relation": "grouped_by", "by": by}]


def line(sp: Speaker) -> Wording:
    """All in line."""
    said = sp.pick(ph.LINE).format(t=sp.pick(ph.THINGS_WORDS))
    return said, [{"relation": "in_line", "subject": "all"}]


def negation(sp: Speaker) -> Wording:
    """Something that must not be."""
    a, b = sp.two()
    said_a, said_b = sp.call(a), sp.call(b)
    roll = sp.rng.random()
    if roll < 0.3:
        item = {"relation": "touching", "subject": a, "object": b}
        return sp.pick(ph.NOT_TOUCHING).format(s=said_a, o=said_b), [{"not": item}]
    if roll < 0.6:
        r = sp.rng.choice(("left_of", "right_of", "above", "below", "near", "near"))
        p = sp.pick(ph.RELATION_PHRASES[r])
        said = sp.fill(sp.pick(ph.NEGATIVE), said_a, p, said_b)
        return said, [{"not": {"relation": r, "subject": a, "object": b}}]
    where = sp.rng.choice(AREAS)
    said = sp.pick(ph.NOT_AREA).format(s=said_a, a=sp.area_noun(where))
    return said, [{"not": in_area(a, where)}]


def shared(sp: Speaker) -> Wording:
    """Two objects that share a place, or one object with two relations said once."""
    a, b, c = (*sp.rng.sample(sp.names, min(3, len(sp.names))),)
    r = sp.rng.choice(("left_of", "right_of", "above", "below", "near", "touching", "apart"))
    roll = sp.rng.random()
    if roll < 0.35:
        where = sp.rng.choice(AREAS)
        both = f"{sp.call(a)} and {sp.call(b)}"
        if sp.rng.random() < 0.3:
            both = f"{sp.call(a)}, {sp.call(b)} and {sp.call(c)}"
            return sp.say_area(where, both), [in_area(n, where) for n in (a, b, c)]
        return sp.say_area(where, both), [in_area(a, where), in_area(b, where)]
    p = sp.pick(ph.RELATION_PHRASES[r])
    if roll < 0.6:
        frame = sp.pick(ph.IMPERATIVE)
        both = f"{sp.pick(('', 'both '))}{sp.call(a)} and {sp.call(b)}"
        said = sp.fill(frame, both, p, sp.call(c))
        return said, [{"relation": r, "subject": n, "object": c} for n in (a, b)]
    if roll < 0.8:
        both = f"{sp.call(b)} and {sp.call(c)}"
        if r in ("near", "apart", "touching") and sp.rng.random() < 0.4:
            both = f"both {both}"
        said = sp.fill(sp.pick((*ph.IMPERATIVE, *ph.STATE)), sp.call(a), p, both)
        return said, [{"relation": r, "subject": a, "object": n} for n in (b, c)]
    others = [x for x in ("near", "left_of", "right_of", "above", "below") if x != r]
    r2 = sp.rng.choice([x for x in others if x != OPPOSITE.get(r)])
    if r == "apart":
        r = "touching"
    p, p2 = sp.pick(ph.RELATION_PHRASES[r]), sp.pick(ph.RELATION_PHRASES[r2])
    said = sp.fill(sp.pick((*ph.IMPERATIVE, *ph.STATE)), sp.call(a), p, sp.call(b))
    joined = sp.pick((" and ", ", and ", " but also ", " as well as ", ", "))
    items = [
        {"relation": r, "subject": a, "object": b},
        {"relation": r2, "subject": a, "object": c},
    ]
    return f"{said.rstrip('?.')}{joined}{p2} {sp.call(c)}", items


def pronoun(sp: Speaker) -> Wording:
    """A second clause that says "it" of the first one's subject."""
    a, b = sp.two()
    c = sp.rng.choice([n for n in sp.names if n != a])
    r, r2 = sp.rng.choice(RELATIONS), sp.rng.choice(RELATIONS)
    where = sp.rng.choice(AREAS)
    first_area = sp.rng.random() < 0.3
    said = sp.say_area(where, sp.call(a)) if first_area else sp.say(r, sp.call(a), sp.call(b))
    items = [in_area(a, where) if first_area else {"relation": r, "subject": a, "object": b}]
    join, roll = sp.pick(ph.JOINS), sp.rng.random()
    if roll < 0.3 and not first_area:
        where = sp.rng.choice(AREAS)
        return f"{said.rstrip('?.')}{join}{sp.say_area(where, 'it')}", [*items, in_area(a, where)]
    if roll < 0.5:
        o = "it" if sp.rng.random() < 0.3 and c == b and not first_area else sp.call(c)
        if o == "it":
            o = sp.call(c)
        tail = sp.pick(
            (
                "not touching {o}",
                "without touching {o}",
                "it must not touch {o}",
                "don't let it touch {o}",
                "make sure it does not touch {o}",
                "it shouldn't touch {o}",
                "it should not be in contact with {o}",
            )
        )
        item = {"not": {"relation": "touching", "subject": a, "object": c}}
        return (
            f"{said.rstrip('?.')}{sp.pick((' but ', ', but ', ' and ', '; '))}{tail.format(o=o)}",
            [*items, item],
        )
    if roll < 0.62:
        others = [n for n in sp.names if n not in (a, b)]
        d = sp.rng.choice(others)
        r2 = sp.rng.choice(("left_of", "right_of", "above", "below", "near", "touching"))
        said2 = sp.fill(
            sp.pick(ph.IMPERATIVE[:5]), sp.call(d), sp.pick(ph.RELATION_PHRASES[r2]), "it"
        )
        return f"{said.rstrip('?.')}{join}{said2}", [
            *items,
            {"relation": r2, "subject": d, "object": a},
        ]
    return f"{said.rstrip('?.')}{join}{sp.say(r2, 'it', sp.call(c))}", [
        *items,
        {"relation": r2, "subject": a, "object": c},
    ]


def several(sp: Speaker) -> Wording:
    """Two or three independent clauses."""
    kinds: list[Callable[[Speaker], Wording]] = [relation, relation, relation, area, area, negation]
    parts = [sp.rng.choice(kinds)(sp) for _ in range(sp.rng.choice((2, 2, 2, 3)))]
    text = parts[0][0].rstrip("?.")
    for said, _ in parts[1:]:
        text = f"{text}{sp.pick(ph.JOINS)}{said.rstrip('?.')}"
    return text, [i for _, items in parts for i in items]


def subset(sp: Speaker) -> Wording:
    """All but one, all others relative to one, or all of a colour or shape."""
    a, where = sp.rng.choice(sp.names), sp.rng.choice(AREAS)
    rest = [n for n in sp.names if n != a]
    roll = sp.rng.random()
    if roll < 0.35:
        out = sp.pick(ph.ALL_BUT).format(s=sp.call(a))
        return sp.say_area(where, out), [in_area(n, where) for n in rest]
    if roll < 0.45:
        out = sp.pick(ph.ALL_BUT_AFTER).format(s=sp.call(a))
        said = sp.say_area(where, sp.pick(ph.ALL)).rstrip("?.")
        return f"{said}{out}", [in_area(n, where) for n in rest]
    if roll < 0.7:
        r = sp.rng.choice(("near", "near", "apart", "left_of", "right_of", "above", "below"))
        items = [{"relation": r, "subject": n, "object": a} for n in rest]
        if r == "near" and sp.rng.random() < 0.6:
            return sp.pick(ph.AROUND).format(s=sp.call(a)), items
        frame = sp.pick((*ph.IMPERATIVE[:12], *ph.STATE[:12]))
        p = sp.pick(ph.RELATION_PHRASES[r])
        return sp.fill(frame, sp.pick(ph.REST), p, sp.call(a)), items
    key = sp.rng.choice(a.split())
    plural = f"{key}s" if key in SHAPES else f"{key} {sp.pick(ph.PLURALS)}"
    every = sp.pick(ph.EVERY).format(x=plural)
    same = [n for n in sp.names if key in n.split()]
    others = [n for n in sp.names if n not in same]
    if others and roll > 0.85:
        o, r = sp.rng.choice(others), sp.rng.choice(RELATIONS)
        said = sp.fill(sp.pick(ph.IMPERATIVE), every, sp.pick(ph.RELATION_PHRASES[r]), sp.call(o))
        return said, [{"relation": r, "subject": n, "object": o} for n in same]
    return sp.say_area(where, every), [in_area(n, where) for n in same]


def contrast(sp: Speaker) -> Wording:
    """One object here and another there, told in one breath."""
    a, b = sp.two()
    here, there = sp.rng.choice(ph.FACING)
    verb, form = sp.pick(ph.VERBS), sp.pick(ph.CONTRAST)
    spots = [sp.rng.choice(("to ", "on ", "at ")) + f"the {w}" for w in (here, there)]
    said = form.format(v=verb, s=sp.call(a), o=sp.call(b), p=spots[0], q=spots[1])
    return said, [in_area(a, ph.SIDES[here]), in_area(b, ph.SIDES[there])]


def between(sp: Speaker) -> Wording:
    """Between two objects, which is near to both."""
    a, b, c = sp.rng.sample(sp.names, 3)
    frame = sp.pick(
        (
            "{v} {s} between {o}",
            "{s} should be between {o}",
            "{v} {s} in between {o}",
            "{s} belongs between {o}",
            "{v} {s} so it sits between {o}",
        )
    )
    said = sp.fill(frame, sp.call(a), "", f"{sp.call(b)} and {sp.call(c)}")
    return said, [{"relation": "near", "subject": a, "object": n} for n in (b, c)]


def conflict(sp: Speaker) -> Wording:
    """Two demands that exclude each other, for which the goal holds both."""
    a, b = sp.two()
    r = sp.rng.choice(("left_of", "right_of", "above", "below", "near", "touching", "apart"))
    r2 = OPPOSITE.get(r) or ("apart" if r != "apart" else sp.rng.choice(("near", "touching")))
    second = sp.say(
        r2, *(("it", sp.call(b)) if sp.rng.random() < 0.4 else (sp.call(a), sp.call(b)))
    )
    if sp.rng.random() < 0.3:
        p, p2 = sp.pick(ph.RELATION_PHRASES[r]), sp.pick(ph.RELATION_PHRASES[r2])
        said = sp.fill(
            sp.pick((*ph.IMPERATIVE, *ph.STATE)), sp.call(a), f"{p} and {p2}", sp.call(b)
        )
    else:
        said = f"{sp.say(r, sp.call(a), sp.call(b)).rstrip('?.')}{sp.pick(ph.JOINS)}{second}"
    return said, [{"relation": x, "subject": a, "object": b} for x in (r, r2)]


def nonsense(sp: Speaker) -> Wording:
    """What pushing cannot bring about: no condition at all."""
    a, b = sp.two()
    said = sp.pick(ph.NONSENSE).format(s=sp.call(a), o=sp.call(b), n=sp.pick(ph.STRANGE))
    return said, []


KINDS: tuple[tuple[Callable[[Speaker], Wording], float], ...] = (
    (relation, 30), (area, 14), (everything, 7), (group, 6), (line, 5), (negation, 10),
    (shared, 9), (pronoun, 9), (several, 8), (subset, 12), (contrast, 4), (between, 2),
    (conflict, 2), (nonsense, 6),
)  # fmt: skip


def _noise(rng: random.Random, text: str) -> str:
    """Return the text as people type it: capitals, stops, now and then a typo."""
    if rng.random() < 0.04 and len(text) > 20:
        at = rng.randrange(1, len(text) - 2)
        if text[at].isalpha() and text[at + 1].isalpha():
            text = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if rng.random() < 0.45:
        text = text[:1].upper() + text[1:]
    if rng.random() < 0.25 and text[-1] not in "?.!":
        text += rng.choice((".", ".", "!", " please", ", please"))
    return text


def wording(rng: random.Random, split: Split = "train") -> tuple[str, list[str], list[GoalItem]]:
    """Return a task in free words, the objects on the table, and the items it means."""
    names = random_names(rng)
    make = rng.choices([k for k, _ in KINDS], [w for _, w in KINDS])[0]
    said, items = make(Speaker(rng, names, split))
    unique = [item for i, item in enumerate(items) if item not in items[:i]]
    return _noise(rng, said), names, unique[:6]
