"""Questions about what stands on the table now, answered from the scene graph.

Which relation a question speaks of is read by the language model, as the goal of an
order is: "what is left of the ball?" asks which object would fulfil "put it left of the
ball". Counting, colours and extremes are plain from the words.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mindseye.planner.language.asking import where_words
from mindseye.planner.language.lexicon import (
    COLOUR_PLURALS,
    COLOUR_WORDS,
    DETERMINERS,
    FOREIGN_COLOURS,
    FOREIGN_SHAPES,
    KINDS,
    SHAPE_PLURALS,
    SHAPE_WORDS,
    THING,
    THINGS,
)
from mindseye.planner.language.mentions import bind
from mindseye.tools.errors import BadInput
from mindseye.tools.goals import AreaItem, Goal, Item, NotItem, RelationItem, satisfied
from mindseye.tools.values import SceneGraph

Understand = Callable[[str, Sequence[str]], Goal]
"""Reads an order about named objects as a goal (`LanguageMind.understand`)."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was seen, in words, and the objects that it is about."""

    text: str
    about: tuple[str, ...] = ()


_COUNT = re.compile(r"\bhow many\b|\bcount\b|\bnumber of\b|\btally\b|\btotal\b", re.I)
_WHERE = re.compile(r"\bwhere(?:abouts|'s|s)?\b|\bposition of\b|\blocate\b", re.I)
_COLOUR = re.compile(r"\bwh(?:at|ich) colou?rs?\b|\bcolou?r (?:is|does|of)\b", re.I)
_SHAPE = re.compile(
    r"\bwh(?:at|ich) (?:shapes?|(?:kind|sort)s? of (?:thing|object|shape|piece)s?)\b", re.I
)
_SOMEWHERE = re.compile(
    r"\b(?:left|right|top|bottom|back|front|middle|cent(?:er|re)|corner|edge|side|near|far|next|"
    r"beside|behind|touch\w*|close\w*|apart|upper|lower|line|row|group\w*)\b",
    re.I,
)
"""Words of which a relation or a part of the table is told."""
_THERE = re.compile(
    r"^any\b|\b(?:is|are) there (?:an?|any(?:thing)?|some(?:thing)?)\b"
    r"|\bdo you (?:see|have|spot) (?:an?|any|the)\b|\bcan you (?:see|spot|find) (?:an?|any|the)\b"
    r"|\bdoes the table (?:have|hold) (?:an?|any)\b",
    re.I,
)
_ENDS: tuple[tuple[str, str, int, int], ...] = (
    (r"left ?-?most|(?:farthest|furthest|most) (?:to the )?left|"
     r"(?:nearest|closest) (?:to )?the left (?:edge|side)", "furthest left", 0, -1),
    (r"right ?-?most|(?:farthest|furthest|most) (?:to the )?right|"
     r"(?:nearest|closest) (?:to )?the right (?:edge|side)", "furthest right", 0, 1),
    (r"(?:farthest|furthest) (?:back|away|behind|from (?:me|us|the camera|you))|rear ?most",
     "furthest back", 1, 1),
    (r"front ?most|(?:nearest|closest) (?:to )?(?:me|us|the (?:camera|front)|you)\b|"
     r"(?:farthest|furthest) (?:to the )?front", "nearest to the camera", 1, -1),
)  # fmt: skip
_NEAREST = re.compile(r"\b(?:nearest|closest)\b", re.I)
_FARTHEST = re.compile(r"\b(?:farthest|furthest|most distant)\b", re.I)
_RELATED = re.compile(
    r"\b(?:left|right) (?:of|side|half|edge|corner)\b|\bthe (?:\w+ )?(?:left|right)\b|"
    r"\b(?:behind|near|nearby|next|touch\w*|beside|between|top|bottom|corner|middle|cent(?:er|re)|"
    r"front|back|above|below|under|close|around|in line|in a row)\b",
    re.I,
)
"""Words that say where: what is there, or how many, is not plain from the kind alone."""
_BUT = re.compile(r"\b(?:besides|except(?: for)?|other than|apart from|not counting)\b", re.I)
_KIND = "|".join(sorted(KINDS | THING | THINGS | FOREIGN_COLOURS, key=lambda w: -len(w)))
_OF_KIND = re.compile(
    r"^.*?\b(?P<how>how many|which|what|(?:is|are) there (?:an?|any|some)|any|count(?: the)?|"
    r"(?:do|can) you (?:see|have|spot|find) (?:an?|any))(?: of (?:the|them|these|those))*"
    rf" (?P<kind>(?:{_KIND})(?:(?:,| and| or)* (?:{_KIND}))*)\b"
    r"(?: (?:is|are|there|stands?|sits?|lies?|standing|sitting|lying|do you see|can you see|that|"
    r"which))*\s*(?P<rest>.*)$",
    re.I,
)
"""A question about things of one kind, such as "which ball is left of the star"."""
_OF_A_THING = re.compile(
    r"^.*?\b(?:colou?r|shape) (?:is|are|does|has|have|of) (?:the )?"
    r"(?:object|thing|one|item|piece)s? (?P<which>\S.*)$",
    re.I,
)
_THAT_COLOUR = re.compile(
    rf"^(?:is|are) (?P<what>.+?)(?<!the) (?P<colour>{'|'.join(COLOUR_WORDS)})$", re.I
)
_HOW_FAR = re.compile(r"\bhow (?:far|close|near)\b|\bdistance\b", re.I)
_WHICH = re.compile(
    r"^.*?\b(?:what(?:'s|s)?|which|who|whose|anything|something|any|name)\b"
    r"(?: (?:objects?|things?|ones?|of (?:them|these|those)|pieces?|items?))*"
    r"(?: (?:is|are|stands?|sits?|lies|lie|do you see|can you see|that is|that are))*\s*",
    re.I,
)
_OPEN = re.compile(r"\b(?:what|which|who|whose|where|how|anything|something|name)\b", re.I)
_VERBS_OF_BEING = re.compile(
    r"^(?:is|are|stands?|sits?|standing|sitting|lies|lying|located|resting|currently|right now|"
    r"still|really|already)\b\s*",
    re.I,
)


def answer(question: str, scene: SceneGraph, understand: Understand) -> Seen:
    """Return the answer to a question about a scene.

    Raises:
      BadInput: it names what is not there, or what could be two things.
    """
    text = " ".join(question.split()).rstrip("?!. ")
    if match := _OF_A_THING.match(text):
        # The answer's name tells colour and shape.
        text = f"which object is {match['which']}"
    if not scene.objects:
        return Seen(text="I see nothing on the table.")
    for applies, told in _READERS:
        if applies(text) and (seen := told(text, scene)) is not None:
            return seen
    return _related(text, scene, understand) or _described(scene)


def _kinds(text: str, scene: SceneGraph) -> tuple[str, ...] | None:
    """Return what is of the colours and shapes that a text speaks of; None if of none.

    Of "pink" and "pyramid" nothing is, but they are spoken of.
    """
    words = re.findall(r"[a-z]+", text.lower())
    found: set[str] | None = None
    colours: list[str] = []
    for before, word in zip(["", *words], [*words, ""], strict=True):
        colour = COLOUR_PLURALS.get(word) or COLOUR_WORDS.get(word)
        if colour or word in FOREIGN_COLOURS:
            colours.append(colour or word)
            continue
        shape = SHAPE_PLURALS.get(word) or SHAPE_WORDS.get(word)
        if word in ("can", "square", "die", "drum", "tin", "box"):
            # "Can you see ...": these are other words too.
            shape = shape if before in DETERMINERS or before in COLOUR_WORDS else None
        shape = word if {word, word.removesuffix("s")} & FOREIGN_SHAPES else shape
        if shape or (colours and before != "" and word not in ("and", "or")):
            among = [n for n in scene.names if shape in (None, n.split()[1])]
            found = (found or set()) | {n for n in among if not colours or n.split()[0] in colours}
            colours = []
    return None if found is None else tuple(n for n in scene.names if n in found)


def _listed(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(f"the {n}" for n in names) or "nothing"
    return ", ".join(f"the {n}" for n in names[:-1]) + f" and the {names[-1]}"


def _counted(text: str, scene: SceneGraph) -> Seen | None:
    if re.search(r"\bcolou?rs\b", text):
        colours = dict.fromkeys(n.split()[0] for n in scene.names)
        return Seen(text=f"{len(colours)}: {', '.join(colours)}.")
    if _RELATED.search(text):
        return None
    text, *but = _BUT.split(text, maxsplit=1)
    found, left_out = _kinds(text, scene), _kinds(but[0] if but else "", scene) or ()
    about = tuple(n for n in (scene.names if found is None else found) if n not in left_out)
    return _told_count(about)


def _told_count(about: tuple[str, ...]) -> Seen:
    return Seen(text=f"{len(about)}: {_listed(about)}." if about else "None.", about=about)


def _exists(text: str, scene: SceneGraph) -> Seen | None:
    found = _kinds(text, scene)
    if found is None or _RELATED.search(text):
        return None
    return Seen(text=f"Yes: {_listed(found)}." if found else "No.", about=found)


def _placed(text: str, scene: SceneGraph) -> Seen | None:
    names = bind(text, scene.names).names
    if not names:
        return _described(scene)
    told = [f"The {n} is {_whereabouts(n, scene)}." for n in names]
    return Seen(text=" ".join(told), about=names)


def _whereabouts(name: str, scene: SceneGraph) -> str:
    x, y = scene.layout[name]
    where = where_words(name, scene.layout)
    side = f"{100 * abs(x):.0f} cm {'left' if x < 0 else 'right'}"
    depth = f"{100 * abs(y):.0f} cm {'in front' if y < 0 else 'behind'}"
    return f"{where} ({side}, {depth} of the middle)"


def _of_that_colour(text: str, scene: SceneGraph) -> Seen | None:
    match = _THAT_COLOUR.match(text)
    names = bind(match["what"], scene.names).names if match else ()
    if match is None or not names:
        return None
    colour = COLOUR_WORDS[match["colour"].lower()]
    right = all(n.split()[0] == colour for n in names)
    return Seen(text=f"{'Yes' if right else 'No'}: I see {_listed(names)}.", about=names)


def _coloured(text: str, scene: SceneGraph) -> Seen | None:
    if ends := _at_an_end(text, scene):
        return ends
    names = bind(text, scene.names).names
    if names:
        return Seen(text=f"{names[0].split()[0].capitalize()}.", about=names[:1])
    found = _kinds(text, scene)
    if not found:
        colours = dict.fromkeys(n.split()[0] for n in scene.names)
        return Seen(text=f"I see {', '.join(colours)}.", about=scene.names)
    return Seen(text=f"I see {_listed(found)}.", about=found)


def _shaped(text: str, scene: SceneGraph) -> Seen | None:
    found = _kinds(text, scene)
    if not found:
        shapes = dict.fromkeys(n.split()[1] for n in scene.names)
        return Seen(text=f"I see these shapes: {', '.join(shapes)}.", about=scene.names)
    shapes = dict.fromkeys(n.split()[1] for n in found)
    return Seen(text=f"{' and '.join(shapes).capitalize()}.", about=found)


def _at_an_end(text: str, scene: SceneGraph) -> Seen | None:
    for pattern, words, axis, sign in _ENDS:
        match = re.search(rf"\b(?:{pattern})", text, re.I)
        if match is None:
            continue
        # Of "the leftmost cube" and "which cube is leftmost", but not "is the cube leftmost".
        among = _kinds(text[match.end() :], scene)
        among = _of_kind(text, scene)[0] if among is None else among
        if not among:
            return Seen(text="I see none of that kind.")
        name = max(among, key=lambda n: sign * scene.layout[n][axis])
        asked = () if _OPEN.search(text) else bind(text[: match.start()], scene.names).names
        said = f"{'Yes: the' if name in asked else 'No: the'} {name}" if asked else f"The {name}"
        return Seen(text=f"{said} is {words}.", about=(name,))
    return None


def _of_kind(text: str, scene: SceneGraph) -> tuple[tuple[str, ...], str]:
    """Return the objects that a question may be about, and what it says of them."""
    match = _OF_KIND.match(text)
    if match is None:
        return scene.names, text
    among = _kinds(match["kind"], scene)
    return scene.names if among is None else among, match["rest"]


def _apart(text: str, scene: SceneGraph) -> Seen | None:
    names = bind(text, scene.names).names
    if len(names) != 2:
        return None
    gap = math.dist(scene.layout[names[0]], scene.layout[names[1]])
    return Seen(text=f"The {names[0]} is {100 * gap:.0f} cm from the {names[1]}.", about=names)


def _by_distance(text: str, scene: SceneGraph) -> Seen | None:
    among, rest = _of_kind(text, scene)
    names = bind(rest, scene.names).names
    target = names[:1]
    if len(names) > 1:
        # "Which is nearest to the ball, the star or the cube", "is the star nearest to the ball".
        behind = re.split(r"\b(?:to|from)\b", rest, maxsplit=1)[1:]
        target = bind(behind[0], scene.names).names[:1] if behind else ()
    if not target:
        return None
    given = [n for n in names if n != target[0]]
    closed = bool(given) and not _OPEN.search(text)
    others = given if given and not closed else [n for n in among if n != target[0]]
    if not others:
        return Seen(text=f"Only the {target[0]} is there.", about=target)
    gaps = {n: math.dist(scene.layout[n], scene.layout[target[0]]) for n in others}
    far = bool(_FARTHEST.search(text))
    found = (max if far else min)(others, key=lambda n: gaps[n])
    said = f"{'Yes' if found in given else 'No'}: the" if closed else "The"
    word = "farthest from" if far else "nearest to"
    return Seen(
        text=f"{said} {found} is {word} the {target[0]}: {100 * gaps[found]:.0f} cm away.",
        about=(found, target[0]),
    )


def _described(scene: SceneGraph) -> Seen:
    told = [f"the {n} {where_words(n, scene.layout)}" for n in scene.names]
    patches = dict.fromkeys(p.kind for p in scene.patches)
    also = f" There is a patch of {' and one of '.join(patches)}." if patches else ""
    return Seen(text=f"I see {', '.join(told)}.{also}", about=scene.names)


_READERS: tuple[
    tuple[Callable[[str], object], Callable[[str, SceneGraph], Seen | None]], ...
] = (
    (_COUNT.search, _counted),
    (_THAT_COLOUR.search, _of_that_colour),
    (_COLOUR.search, _coloured),
    (_SHAPE.search, _shaped),
    (lambda t: True, _at_an_end),
    (lambda t: _NEAREST.search(t) or _FARTHEST.search(t), _by_distance),
    (_HOW_FAR.search, _apart),
    (_THERE.search, _exists),
    (_WHERE.search, _placed),
)  # fmt: skip
"""Which questions are plain from their words, and what tells the answer; the first that does."""


def _related(text: str, scene: SceneGraph, understand: Understand) -> Seen | None:
    """Return which objects stand in the relation that a question speaks of, or whether two do."""
    match = _OF_KIND.match(text)
    among, rest = _of_kind(text, scene)
    names = bind(rest, scene.names).names
    if match is None and names and not _OPEN.search(text):
        goal = _read(f"put {_from_first_mention(text)}", scene, understand)
        if goal is None:
            return None
        holds = satisfied(goal, scene.layout)
        said = f"{'Yes' if holds else 'No'}: the {names[0]} is {_whereabouts(names[0], scene)}."
        return Seen(text=said, about=names)
    if not names and not _SOMEWHERE.search(text):
        return None
    which = None if match else _WHICH.match(text)
    rest = _VERBS_OF_BEING.sub("", rest[which.end() :] if which else rest)
    stand_in = next((n for n in scene.names if n not in names), None)
    if not rest or stand_in is None:
        return None
    goal = _read(f"put the {stand_in} {rest}", scene, understand)
    found = None if goal is None else _fulfilling(goal, stand_in, names, scene)
    if found is None:
        return None
    return _told_found(match["how"] if match else "", [n for n in found if n in among], names)


def _told_found(how: str, found: Sequence[str], names: Sequence[str]) -> Seen:
    about = (*found, *names)
    if re.match(r"how many|count", how, re.I):
        return Seen(text=_told_count(tuple(found)).text, about=about)
    if re.match(r"is|are|any|do|can", how, re.I):
        return Seen(text=f"Yes: {_listed(found)}." if found else "No.", about=about)
    what = _listed(found)
    return Seen(text=f"{what[:1].upper()}{what[1:]}.", about=about)


def _from_first_mention(text: str) -> str:
    """Return "the star next to the ball" of "would you say the star stands next to the ball"."""
    words = text.split()
    at = next((i for i, w in enumerate(words) if w.lower().strip(",.") in KINDS), 0)
    start = at - 1 if at and words[at - 1].lower() in ("the", "a", "all") else at
    rest = [w for w in words[start:] if not _VERBS_OF_BEING.match(f"{w} ")]
    return " ".join(rest)


def _read(order: str, scene: SceneGraph, understand: Understand) -> Goal | None:
    try:
        return understand(order, scene.names)
    except BadInput:
        return None


def _fulfilling(
    goal: Goal, stand_in: str, mentioned: Sequence[str], scene: SceneGraph
) -> tuple[str, ...] | None:
    """Return the objects that fulfil a goal in the place of the one that it was read with.

    None where the goal does not speak of that one.
    """
    if all(_with_name(i, stand_in, stand_in) is None for i in goal.all_):
        return None
    found: list[str] = []
    for name in scene.names:
        if name in mentioned or name in goal.names() - {stand_in}:
            continue
        items = [i for item in goal.all_ if (i := _with_name(item, stand_in, name)) is not None]
        found += [name] if satisfied(Goal(all_=tuple(items)), scene.layout) else []
    return tuple(found)


def _with_name(item: Item, stand_in: str, name: str) -> Item | None:
    """Return an item with a name in the place of the stand-in; None if it is not about that."""
    if isinstance(item, NotItem):
        inner = _with_name(item.not_, stand_in, name)
        return None if inner is None or isinstance(inner, NotItem) else NotItem(not_=inner)
    if isinstance(item, RelationItem | AreaItem) and item.subject == stand_in:
        return item.model_copy(update={"subject": name})
    # "Near" holds both ways, and may be read either way.
    both_ways = isinstance(item, RelationItem) and item.relation in ("near", "touching", "apart")
    if both_ways and getattr(item, "object", None) == stand_in:
        return item.model_copy(update={"object": name})
    return None
