"""Who and what questions are about: things, people, and how they are told apart.

In a text that is being made a thing stands as a mark, so that its first mention can
be found and its name be put in at the end, in British or American spelling.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mindseye.planner.questions.picking import Picker

NOUNS: dict[str, tuple[str, ...]] = {
    "toss": (
        "ball", "stone", "marble", "apple", "tennis ball", "baseball", "pebble", "coin", "orange",
        "rock", "potato", "book", "brick", "cricket ball", "snowball", "shoe", "bean bag",
        "toy car", "rubber duck", "melon", "coconut", "golf ball", "hammer", "spanner", "key",
        "steel ball", "pear", "cup", "bottle", "eraser", "pencil case", "beach ball",
        "plum", "lemon", "nut", "bolt", "acorn", "walnut", "medal", "football", "basketball",
        "bowling ball", "water balloon", "phone", "glove", "toy robot", "teddy bear", "flower pot",
        "cannonball", "arrow", "feather", "snow globe", "dart", "javelin", "penny", "egg",
        "smartphone", "tomato", "pumpkin", "rubber ball", "wooden ball",
    ),
    "block": (
        "box", "crate", "block", "parcel", "suitcase", "trunk", "package", "chest", "cupboard",
        "cabinet", "table", "sack", "chair", "tile", "container", "bookcase", "wooden block",
        "toolbox", "sofa", "fridge", "cardboard box", "barrel", "bin", "carton", "drawer", "stool",
        "basket", "slab", "cube", "plate", "mug",
    ),
    "glider": (
        "puck", "sledge", "curling stone", "cart", "trolley", "glider", "disc", "air-hockey puck",
        "block of ice", "hover disc", "cube", "slider", "dry-ice puck", "platform", "block",
        "ice hockey puck", "ice skater", "hovercraft", "shuttle", "capsule", "toboggan",
    ),
    "cart": (
        "cart", "trolley", "toy car", "wagon", "glider", "puck", "ball", "marble", "bumper car",
        "railway wagon", "billiard ball", "toy train", "model car", "disc", "steel ball",
        "lab cart", "shopping trolley", "pool ball", "skateboard", "toy truck", "slider",
    ),
    "vehicle": ("car", "van", "lorry", "bus", "tram", "taxi", "minibus", "pickup", "jeep", "cab",
                "sports car", "motorbike", "delivery van", "police car", "limousine"),
    "slope": (
        "block", "sledge", "crate", "puck", "box", "cart", "toy car", "trunk", "parcel", "tile",
        "suitcase", "brick", "slider", "toboggan", "tray", "book", "cube", "ice block", "package",
        "coin", "disc", "wooden block", "log", "snowboard", "eraser", "skier", "skateboard",
        "bobsleigh", "block of wood", "glass tile",
    ),
}  # fmt: skip
MASSES: dict[str, tuple[tuple[str, float, float], ...]] = {
    "toss": (("kg", 0.2, 6), ("g", 20, 900), ("kg", 0.5, 4), ("lb", 1, 8)),
    "block": (("kg", 1, 60), ("kg", 2, 20), ("lb", 5, 80)),
    "glider": (("kg", 0.5, 20), ("kg", 1, 8), ("g", 100, 900)),
    "cart": (("kg", 0.5, 12), ("kg", 1, 6), ("g", 100, 900), ("lb", 1, 10)),
    "vehicle": (("kg", 800, 4000), ("t", 1, 9)),
    "person": (("kg", 25, 95), ("lb", 60, 200)),
    "slope": (("kg", 0.5, 40), ("kg", 1, 10), ("g", 100, 900)),
}
"""Units with the range of masses that suits a class."""

COLOURS = ("red", "blue", "green", "yellow", "black", "white", "grey", "orange", "purple",
           "brown", "pink", "silver", "golden", "turquoise", "violet", "beige")  # fmt: skip
LOOKS = ("striped", "spotted", "plain", "checked", "old", "new", "shiny", "dusty", "painted",
         "dented", "round", "dark", "pale", "scratched", "polished", "muddy")  # fmt: skip
MATERIALS = ("wooden", "steel", "plastic", "iron", "lead", "aluminium", "stone", "brass", "clay",
             "copper", "cork", "marble")  # fmt: skip
PEOPLE = (
    "Anna", "Ben", "Clara", "David", "Emma", "Felix", "Grace", "Hugo", "Ines", "Jack", "Kofi",
    "Lena", "Mia", "Noah", "Olga", "Pablo", "Quinn", "Rosa", "Sam", "Tom", "Uma", "Victor", "Wei",
    "Yusuf", "Zoe", "Aisha", "Boris", "Chloe", "Diego", "Elif", "Farid", "Greta", "Hana", "Ivan",
    "Julia", "Kenji", "Leo", "Maria", "Nadia", "Oscar", "Priya", "Ravi", "Sofia", "Tariq", "Alice",
    "Bob", "Nina", "Peter", "Lucy", "Max", "Mary", "John", "Ella", "Omar", "Yuki", "Carlos",
)  # fmt: skip
PERSONS = ("child", "skater")
_LETTERS = ("AB", "XY", "PQ", "BC", "KL", "MN", "RS", "UV", "CD", "EF", "GH", "TU", "JK")

_MARK = re.compile("⟨(\\d)(~?)⟩")
_ARTICLE = re.compile("\\b([Aa]) (?=(⟨\\d~?⟩|\\S+))")
_AN = re.compile("(?!one\\b)(?:[aeioAEI]|u(?!ni|se)|8|11\\b|18\\b)")

_AMERICAN = (
    ("metre", "meter"), ("grey", "gray"), ("centre", "center"), ("sledge", "sled"),
    ("lorry", "truck"), ("lorries", "trucks"), ("colour", "color"), ("travelled", "traveled"),
    ("travelling", "traveling"), ("aluminium", "aluminum"), ("spanner", "wrench"),
    ("fridge", "refrigerator"), ("shopping trolley", "shopping cart"), ("kerb", "curb"),
    ("pavement", "sidewalk"), ("further(?!more)", "farther"), ("afterwards", "afterward"),
    ("towards", "toward"), ("tonne", "metric ton"), ("favourite", "favorite"), ("mum", "mom"),
    ("neighbour", "neighbor"), ("tyre", "tire"), ("jewellery", "jewelry"), ("litre", "liter"),
    ("levelled", "leveled"), ("programme", "program"), ("whilst", "while"), ("storey", "story"),
    ("neighbouring", "neighboring"), ("flavour", "flavor"), ("practise", "practice"),
)  # fmt: skip


def american(text: str) -> str:
    """Return the text in American spelling."""
    for british, there in _AMERICAN:
        text = re.sub(rf"\b({british})", there, text)
        text = re.sub(rf"\b({british.capitalize()})", there.capitalize(), text)
    return re.sub(r"(kilo|centi|milli)metre", r"\1meter", text)


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One body of a question."""

    name: str
    """As the question calls it, without an article: "red ball"."""
    noun: str
    proper: bool = False
    """Takes no article: "ball A", "Anna's sledge"."""
    definite: bool = False
    """Never "a first cart"."""
    short: str = ""
    """"red one", where that is enough to tell it from the others."""
    kind: str = "toss"
    """Its class, of `NOUNS`."""


def mark(i: int, short: bool = False) -> str:
    """Return what stands for body `i` in a text that is being made."""
    return f"⟨{i}{'~' if short else ''}⟩"


def the(things: Sequence[Thing], i: int) -> str:
    """Return "the red ball"."""
    return mark(i) if things[i].proper else f"the {mark(i)}"


def first_mention(things: Sequence[Thing], i: int) -> str:
    """Return "a red ball"."""
    return f"a {mark(i)}" if not (things[i].proper or things[i].definite) else the(things, i)


def mentioned(text: str) -> list[int]:
    """Return the bodies in the order in which the text first mentions them."""
    return list(dict.fromkeys(int(m[1]) for m in _MARK.finditer(text)))


def fill_names(text: str, things: Sequence[Thing]) -> str:
    """Return the text with names instead of marks, and "an" where it belongs."""

    def name(match: re.Match[str]) -> str:
        thing = things[int(match[1])]
        return thing.short if match[2] else thing.name

    # Articles first: afterwards the letter of "ball A" would look like one.
    text = _ARTICLE.sub(
        lambda m: f"{m[1]}n " if _AN.match(_MARK.sub(name, m[2])) else f"{m[1]} ", text
    )
    return _MARK.sub(name, text)


def with_an(text: str) -> str:
    """Return a text that holds no marks with "an" where it belongs."""
    return _ARTICLE.sub(lambda m: f"{m[1]}n " if _AN.match(m[2]) else f"{m[1]} ", text)


def plural(noun: str) -> str:
    """Return the plural of a noun."""
    head, _, rest = noun.partition(" of ")
    if rest:
        return f"{plural(head)} of {rest}"
    if head.endswith(("s", "x", "ch", "sh")):
        return f"{head}es"
    return f"{head[:-1]}ies" if head.endswith("y") and head[-2] not in "aeiou" else f"{head}s"


def _noun(pick: Picker, kind: str) -> str:
    return pick.word(NOUNS[kind])


def _different(pick: Picker, options: tuple[str, ...], count: int) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        word = pick.word(options)
        if word not in found:
            found.append(word)
    return found


def _coloured(pick: Picker, kind: str, count: int) -> list[Thing]:
    noun = _noun(pick, kind)
    words = _different(pick, COLOURS if pick.some(0.75) else LOOKS, count)
    words = [w for w in words if w not in noun.split()] if noun == "orange" else words
    return [Thing(name=f"{w} {noun}", noun=noun, short=f"{w} one", kind=kind) for w in words]


def _materials(pick: Picker, kind: str, count: int) -> list[Thing]:
    noun = pick.rng.choice(("ball", "block", "cube", "cylinder", "disc"))
    return [
        Thing(name=f"{w} {noun}", noun=noun, short=f"{w} one", kind=kind)
        for w in _different(pick, MATERIALS, count)
    ]


def _lettered(pick: Picker, kind: str, count: int) -> list[Thing]:
    noun = _noun(pick, kind)
    if pick.some(0.25):
        labels = [str(k + 1) for k in range(count)]
    else:
        pair = pick.word(_LETTERS) if pick.some(0.5) else "AB"
        labels = [chr(ord(pair[0]) + k) for k in range(count)]
    # Rarely only the letter; never "A", which starts sentences as an article.
    if labels[0] not in "A1" and pick.some(0.35):
        return [Thing(name=w, noun=noun, proper=True, kind=kind) for w in labels]
    noun = pick.weighted(((noun, 6), ("object", 1), ("body", 0.5)))
    return [Thing(name=f"{noun} {w}", noun=noun, proper=True, kind=kind) for w in labels]


def _kinds(pick: Picker, kind: str, count: int) -> list[Thing]:
    nouns: list[str] = []
    while len(nouns) < count:
        noun = _noun(pick, kind)
        if not any(set(noun.split()) & set(n.split()) for n in nouns):
            nouns.append(noun)
    return [Thing(name=n, noun=n, kind=kind) for n in nouns]


def _owned(pick: Picker, kind: str, count: int) -> list[Thing]:
    noun = _noun(pick, kind)
    return [
        Thing(name=f"{p}'s {noun}", noun=noun, proper=True, kind=kind)
        for p in _different(pick, PEOPLE, count)
    ]


def _numbered(pick: Picker, kind: str, count: int) -> list[Thing]:
    noun = _noun(pick, kind)
    sets: list[tuple[str, ...]] = [("first", "second", "third", "fourth")]
    if count == 2:
        sets += [("left", "right"), ("front", "rear")] if kind == "cart" else [("left", "right")]
    words = pick.rng.choice(sets)[:count]
    return [
        Thing(name=f"{w} {noun}", noun=noun, definite=True, short=f"{w} one", kind=kind)
        for w in words
    ]


def _people(pick: Picker, count: int) -> list[Thing]:
    noun = pick.rng.choice(PERSONS)
    return [
        Thing(name=p, noun=noun, proper=True, kind="person")
        for p in _different(pick, PEOPLE, count)
    ]


Caster = Callable[[Picker, str, int], list[Thing]]
_CASTS: tuple[tuple[Caster, float], ...] = (
    (_coloured, 30), (_lettered, 24), (_kinds, 18), (_owned, 14), (_numbered, 7), (_materials, 3),
)  # fmt: skip


def cast(pick: Picker, kind: str, count: int = 2, people: bool = False) -> list[Thing]:
    """Return so many things of one class that can be told apart."""
    if people and pick.some(0.12):
        return _people(pick, count)
    while True:
        things = pick.weighted(_CASTS)(pick, kind, count)
        if len({t.name for t in things}) == count:
            return things


def single(pick: Picker, kind: str) -> Thing:
    """Return one thing, alone in its question."""
    if pick.some(0.35):
        return pick.rng.choice(cast(pick, kind))
    noun = _noun(pick, kind)
    return Thing(name=noun, noun=noun, kind=kind)
