"""Tasks in free words with the goals they mean, made by combining phrases.

Every phrase and frame belongs to one split by a hash of its text, so that
held-out wordings use frames that training never showed.
"""

import random
import re
from collections.abc import Callable

from mindseye.planner.language import phrases as ph
from mindseye.planner.language.idioms import idiom
from mindseye.planner.language.speaker import OPPOSITE, GoalItem, Speaker, Wording
from mindseye.planner.language.speaker import Split as Split
from mindseye.tools.goals import AREAS, COLOURS, RELATIONS, SHAPES


def random_names(rng: random.Random, low: int = 3, high: int = 6) -> list[str]:
    """Return 3 to 6 distinct object names."""
    every = [f"{c} {s}" for c in COLOURS for s in SHAPES]
    return rng.sample(every, rng.randint(low, high))


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
        # "Must not be not far from", "must not be closer to": too odd, or something else.
        phrases = [p for p in ph.RELATION_PHRASES[r] if not p.startswith(("not ", "closer to"))]
        said = sp.fill(sp.pick(ph.NEGATIVE), said_a, sp.pick(phrases), said_b)
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
        said = sp.say_plainly(r, sp.call(a), both)
        return said, [{"relation": r, "subject": a, "object": n} for n in (b, c)]
    others = [x for x in ("near", "left_of", "right_of", "above", "below") if x != r]
    r2 = sp.rng.choice([x for x in others if x != OPPOSITE.get(r)])
    if r == "apart":
        r = "touching"
    p2 = sp.pick(ph.RELATION_PHRASES[r2])
    said = sp.say_plainly(r, sp.call(a), sp.call(b))
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
    # A first clause that also has another object as its subject would leave "it" open.
    said = (
        sp.say_area(where, sp.call(a)) if first_area else sp.say_plainly(r, sp.call(a), sp.call(b))
    )
    items = [in_area(a, where) if first_area else {"relation": r, "subject": a, "object": b}]
    join, roll = sp.pick(ph.JOINS), sp.rng.random()
    if roll < 0.3 and not first_area:
        where = sp.rng.choice(AREAS)
        return f"{said.rstrip('?.')}{join}{sp.say_area(where, 'it')}", [*items, in_area(a, where)]
    if roll < 0.5:
        tail = sp.pick(ph.WITHOUT_TOUCHING).format(o=sp.call(c))
        if c == b and not first_area and sp.rng.random() < 0.6:
            tail = sp.pick(ph.WITHOUT_CONTACT)
        but = sp.pick((" but ", ", but ", " and ", "; "))
        item = {"not": {"relation": "touching", "subject": a, "object": c}}
        return f"{said.rstrip('?.')}{but}{tail}", [*items, item]
    if roll < 0.62 and first_area:  # "A next to B and C behind it": behind which?
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
    (conflict, 2), (nonsense, 6), (idiom, 62),
)  # fmt: skip


def _noise(rng: random.Random, text: str) -> str:
    """Return the text as people type it: capitals, stops, now and then a typo."""
    if rng.random() < 0.04 and len(text) > 20:
        at = rng.randrange(1, len(text) - 2)
        if text[at].isalpha() and text[at + 1].isalpha():
            text = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    roll = rng.random()
    if roll < 0.3:  # As taught at school; others write a capital at most once.
        text = re.sub(r"(^|[.?!]\s+)([a-z])", lambda m: m[1] + m[2].upper(), text)
        text = re.sub(r"\bi\b", "I", text)
    elif roll < 0.5:
        text = text[:1].upper() + text[1:]
    if rng.random() < 0.25 and text[-1] not in "?.!":
        told = "please" in text.lower() or "thank" in text
        text += rng.choice((".", ".", "!") if told else (".", ".", "!", " please", ", please"))
    return text


def wording(rng: random.Random, split: Split = "train") -> tuple[str, list[str], list[GoalItem]]:
    """Return a task in free words, the objects on the table, and the items it means."""
    names = random_names(rng)
    make = rng.choices([k for k, _ in KINDS], [w for _, w in KINDS])[0]
    said, items = make(Speaker(rng, names, split))
    unique = [item for i, item in enumerate(items) if item not in items[:i]]
    return _noise(rng, said), names, unique[:6]
