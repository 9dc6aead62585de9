"""Whole sentences as people say them, read from tables, with the goals they mean.

`phrases` holds parts that are combined; combined parts always sound alike.
The tables in `sayings/` hold sentences that somebody would say as they stand.
A table is made of groups (`[pairs]`), blocks headed by the items that their
sentences mean (`= near s o; not touching s o`) and one sentence a line.

Slots: `{s} {o} {t} {u}` objects, `{o0}` the bare name of the second; `{v}` a
verb; `{p1} {p2}` words for the relations `{r1} {r2}`, `{pd}` for the direction
`{d}`; `{to} {at} {noun}` an area to move to, to be in, by itself, and the same
with a 2; `{L} {R}` left and right or the reverse; `{Y} {Ya}` back or front as a
noun or an adjective; `{k}` colour or shape; `{kinds} {kind}` all of a colour or
shape, `{others}` of another; `{colour1} {shapes1}` and so on: kinds that are there.
In a heading `rest` is all but `s`, and what follows `was` is spoken of, not meant.
"""

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files

from mindseye.planner.language import phrases as ph
from mindseye.planner.language.lexicon import COLOUR_WORDS, SHAPE_PLURALS
from mindseye.planner.language.speaker import OPPOSITE, GoalItem, Speaker, Wording
from mindseye.tools.goals import AREAS, RELATIONS, SHAPES

TABLES = ("pairs", "places", "joined")
WEIGHTS = {
    "sideways": 6, "depth": 8, "close": 7, "far": 5, "any": 12, "one": 14, "all": 5, "kind": 6,
    "others": 8, "groups": 7, "lines": 4, "negated": 10, "same_pair": 6, "joined": 18,
    "nothing": 5,
}  # fmt: skip
"""How often each group is drawn from."""
WHOLE = frozenset({"all", "kind", "others", "groups", "lines", "nothing"})
"""Groups after which "nothing else" would say something different."""
MOVES = tuple(v for v in ph.VERBS if v != "leave")
PLACES = {
    "left_of": (
        "to the left of", "left of", "on the left of", "on the left side of", "just left of",
        "on the left-hand side of", "somewhere to the left of", "further left than",
    ),
    "right_of": (
        "to the right of", "right of", "on the right of", "on the right side of", "just right of",
        "on the right-hand side of", "somewhere to the right of", "further right than",
    ),
    "above": (
        "behind", "behind", "right behind", "just behind", "somewhere behind", "at the back of",
        "on the far side of", "further back than", "further away than", "beyond", "above",
        "to the rear of", "north of",
    ),
    "below": (
        "in front of", "in front of", "right in front of", "just in front of",
        "somewhere in front of", "on the near side of", "on this side of", "nearer to me than",
        "closer to the camera than", "closer to me than", "below", "south of",
    ),
    "near": (
        "next to", "near", "beside", "close to", "by", "right by", "right next to", "alongside",
        "close by", "near to", "right beside", "adjacent to", "in the vicinity of",
    ),
    "touching": (
        "touching", "up against", "right up against", "in contact with", "pressed against",
        "flush against", "snug against", "against", "hard up against",
    ),
    "apart": (
        "far away from", "far from", "well away from", "a long way from", "nowhere near",
        "well clear of", "miles away from", "at a good distance from", "a long way off from",
    ),
}  # fmt: skip
"""Each fits after "push {s} ..." and after "{s} is ...", and with "not"."""
BESIDES = {
    **{r: (o,) for r, o in OPPOSITE.items()},
    "near": ("apart",), "touching": ("apart",), "apart": ("near", "touching"),
}  # fmt: skip
"""What a relation rules out: what is so now, when the goal is that it be otherwise."""
SPOTS = (
    "on the {x} side", "at the {x} edge", "in the {x} part", "in the {x} third", "by the {x} edge",
    "on the {x} side of the table", "along the {x} edge", "at the {x} end", "in the {x} half",
    "at the {x} end of the table", "in the {x} area", "near the {x} edge", "on the {x} half",
)  # fmt: skip
ROWS = {
    "top": (("back", "top", "rear"), ("far", "back", "top", "upper", "rear")),
    "bottom": (("front", "bottom"), ("near", "front", "bottom", "lower")),
}
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One sentence with slots, and the items it means."""

    text: str
    heading: str
    group: str

    @functools.cached_property
    def slots(self) -> frozenset[str]:
        """The slots of the sentence and of its heading."""
        return frozenset(_SLOT.findall(f"{self.text} {self.heading}"))

    @functools.cached_property
    def subjects(self) -> frozenset[str]:
        """The words of the heading: which objects it speaks of."""
        return frozenset(self.heading.replace(";", " ").split())


@functools.cache
def tables() -> dict[str, tuple[Frame, ...]]:
    """Return the frames of every group."""
    found: dict[str, list[Frame]] = {}
    for table in TABLES:
        source = files("mindseye.planner.language").joinpath("sayings", f"{table}.txt")
        group = heading = ""
        for line in source.read_text(encoding="utf-8").splitlines():
            if line.startswith("["):
                group, heading = line.strip("[]"), ""
            elif line.startswith("= "):
                heading = line[2:]
            elif line and not line.startswith("#"):
                frame = Frame(text=line, heading=heading, group=group)
                found.setdefault(group, []).append(frame)
    return {group: tuple(frames) for group, frames in found.items()}


def said_of_things() -> Iterator[str]:
    """Yield every sentence that states a goal, and what may stand before or after it."""
    for group, frames in tables().items():
        if group != "nothing":
            yield from (f.text for f in frames)


def _kinds(sp: Speaker, key: str) -> str:
    """Return plural words for all of a colour or shape."""
    if key in SHAPES:
        others = [w for w, s in SHAPE_PLURALS.items() if s == key]
        return f"{key}s" if sp.rng.random() < 0.7 else sp.rng.choice(others)
    if sp.rng.random() < 0.15:
        return f"{key}s"
    same = [w for w, c in COLOUR_WORDS.items() if c == key]
    colour = key if sp.rng.random() < 0.85 else sp.rng.choice(same)
    return f"{colour} {sp.pick(ph.PLURALS)}"


def _kind(sp: Speaker, key: str) -> str:
    """Return words for one of a colour or shape."""
    one = sp.rng.choice(("one", "object", "thing", "piece", "item", "toy"))
    return key if key in SHAPES else f"{key} {one}"


def at_area(sp: Speaker, area: str) -> str:
    """Return a phrase that follows "it is"."""
    if area == "center":
        return f"{sp.rng.choice(('in', 'in', 'at'))} {sp.pick(ph.CENTER_PHRASES)}"
    if "_" in area:
        return f"{sp.rng.choice(('in', 'in', 'at'))} {sp.area_noun(area)}"
    if sp.rng.random() < 0.35:
        plain = {
            "top": ("at the back", "at the top", "at the far end", "at the very back"),
            "bottom": ("at the front", "at the bottom", "close to me", "at the very front"),
        }
        return sp.pick(plain.get(area, (f"on the {area}", f"over on the {area}")))  # fmt: skip
    return sp.pick(SPOTS).format(x=sp.pick(ph.NAMED[area]))


def _to_area(sp: Speaker, area: str) -> str:
    """Return a phrase that follows "push it"; "far away" would be from what?"""
    while "far away" in (said := sp.to_area(area)):
        pass
    return said


def _relations(sp: Speaker, frame: Frame) -> dict[str, str]:
    """Choose the relations that a frame leaves open."""
    open_ones = tuple(OPPOSITE) + (("near",) if frame.heading.startswith("not") else ())
    first = sp.rng.choice(open_ones if "not {r1}" in frame.heading else RELATIONS)
    same = "was {r2} s o" in frame.heading
    return {
        "r1": first,
        "r2": sp.rng.choice(BESIDES[first] if same else RELATIONS),
        "d": sp.rng.choice(tuple(OPPOSITE)),
    }


def _keys(sp: Speaker, frame: Frame) -> tuple[str, str] | None:
    """Choose a colour or shape of which there are things, and another; None if there is none."""
    column = sp.rng.randrange(2)
    found = [n.split()[column] for n in sp.names]
    # A plural is mostly said of several.
    many = [k for k in found if found.count(k) > 1]
    key = sp.rng.choice(many if many and sp.rng.random() < 0.75 else found)
    others = [k for k in found if k != key]
    if not others and frame.subjects & {"o", "other"}:
        return None
    return key, sp.rng.choice(others or found)


def _objects(sp: Speaker, frame: Frame, keys: tuple[str, str]) -> dict[str, list[str]] | None:
    """Choose the objects that a frame speaks of; None if there are too few."""
    said = {key: [n for n in sp.names if key in n.split()] for key in keys}
    kind = said[keys[0]] if "kind" in frame.subjects else []
    free = [n for n in sp.names if n not in kind]
    sp.rng.shuffle(free)
    wanted = [x for x in "sotu" if x in frame.subjects or x in frame.slots]
    if len(wanted) > len(free):
        return None
    chosen = {x: [n] for x, n in zip(wanted, free, strict=False)}
    rest = [n for n in sp.names if n not in chosen.get("s", [])]
    return {**chosen, "rest": rest, "kind": kind, "other": said[keys[1]], "all": ["all"]}


def _places(sp: Speaker) -> dict[str, str]:
    """Choose two areas, a side and a row, with words for them."""
    area, area2 = sp.rng.sample(AREAS, 2)
    side, row = sp.rng.choice(("left", "right")), sp.rng.choice(("top", "bottom"))
    noun, adjective = (sp.rng.choice(words) for words in ROWS[row])
    said = {"area": area, "area2": area2, "L": side, "row": row, "Y": noun, "Ya": adjective}
    said["R"] = "right" if side == "left" else "left"
    for end, where in (("", area), ("2", area2)):
        said[f"to{end}"], said[f"at{end}"] = _to_area(sp, where), at_area(sp, where)
        said[f"noun{end}"] = sp.area_noun(where)
    return said


def _words(sp: Speaker, frame: Frame) -> dict[str, str] | None:
    """Choose two colours, two shapes and what to sort by; None if the table lacks them."""
    colours = sorted({n.split()[0] for n in sp.names})
    shapes = sorted({n.split()[1] for n in sp.names})
    said = {"by": sp.rng.choice(("colour", "shape")), "v": sp.pick(MOVES)}
    said["k"] = sp.pick(ph.KIND_WORDS[said["by"]])
    if "colour1" in frame.slots:
        if len(colours) < 2:
            return None
        said["colour1"], said["colour2"] = sp.rng.sample(colours, 2)
    if "shapes1" in frame.slots:
        if len(shapes) < 2:
            return None
        said["shapes1"], said["shapes2"] = (_kinds(sp, s) for s in sp.rng.sample(shapes, 2))
    return said


def _items(heading: str, who: dict[str, list[str]]) -> list[GoalItem]:
    """Return the items that a heading means, its slots filled."""
    items: list[GoalItem] = []
    for part in (p.strip() for p in heading.split(";")):
        if not part or part == "each" or part.startswith("was "):
            continue
        relation, first, *second = part.removeprefix("not ").split()
        if relation == "grouped_by":
            made: list[GoalItem] = [{"relation": relation, "by": first}]
        elif relation == "in_line":
            made = [{"relation": relation, "subject": first}]
        elif relation == "in_area":
            made = [{"relation": relation, "subject": n, "area": second[0]} for n in who[first]]
        else:
            other = who[second[0]][0]
            made = [{"relation": relation, "subject": n, "object": other} for n in who[first]]
        items += [{"not": item} for item in made] if part.startswith("not ") else made
    return items


def speak(sp: Speaker, frame: Frame) -> Wording | None:
    """Return a frame with its slots filled and its items, or None if the table does not suit."""
    keys = _keys(sp, frame)
    words = _words(sp, frame)
    who = _objects(sp, frame, keys) if keys else None
    if keys is None or words is None or who is None:
        return None
    relations = _relations(sp, frame)
    said = {**words, **relations, **_places(sp)}
    said |= {f"p{x[-1]}": sp.pick(PLACES[r]) for x, r in relations.items()}
    said |= {x: sp.call(who[x][0]) for x in "sotu" if x in who}
    said |= {"o0": who["o"][0]} if "o" in who else {}
    said |= {"kinds": _kinds(sp, keys[0]), "kind": _kind(sp, keys[0])}
    said["others"] = _kinds(sp, keys[1])
    return frame.text.format(**said), _items(frame.heading.format(**said), who)


def _wrapped(sp: Speaker, frame: Frame, text: str) -> str:
    """Return a sentence with what people say before and after it, or as it is."""
    before = sp.pick(_texts("openers"))
    if sp.rng.random() < 0.1 and before[:2] != text[:2]:  # Not "ok, ok so ...".
        text = f"{before} {text}"
    if sp.rng.random() < 0.12 and not text.endswith((".", "!")):
        after = sp.pick(_texts("closers"))
        if frame.group in WHOLE and re.search(r"\b(else|more|rest)\b", after):
            return text
        if text.endswith("?"):
            return text + after[1:] if after.startswith(".") else f"{text[:-1]}{after}?"
        text += after
    return text


def _texts(group: str) -> Sequence[str]:
    return [f.text for f in tables()[group]]


def idiom(sp: Speaker) -> Wording:
    """Say something out of the tables."""
    while True:
        group = sp.rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        frames = {f.text: f for f in tables()[group]}
        frame = frames[sp.pick(list(frames))]
        made = speak(sp, frame)
        if made is not None:
            return _wrapped(sp, frame, made[0]), made[1]
