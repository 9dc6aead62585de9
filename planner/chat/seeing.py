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
    SHAPE_PLURALS,
    SHAPE_WORDS,
    THING,
)
from mindseye.planner.language.mentions import bind
from mindseye.tools.errors import BadInput
from mindseye.tools.goals import AreaItem, Goal, RelationItem, satisfied
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
_COLOUR = re.compile(r"\bwh(?:at|ich) colou?r\b|\bcolou?r (?:is|does|of)\b", re.I)
_SHAPE = re.compile(r"\bwh(?:at|ich) (?:shape|kind|sort)\b", re.I)
_THERE = re.compile(
    r"^any\b|\b(?:is|are) there (?:an?|any|some)\b|\bdo you (?:see|have|spot) (?:an?|any)\b"
    r"|\bcan you (?:see|spot|find) (?:an?|any)\b|\bdoes the table (?:have|hold) (?:an?|any)\b",
    re.I,
)
_ENDS: tuple[tuple[str, str, int, int], ...] = (
    (r"left ?-?most|(?:farthest|furthest|most) (?:to the )?left", "furthest left", 0, -1),
    (r"right ?-?most|(?:farthest|furthest|most) (?:to the )?right", "furthest right", 0, 1),
    (r"(?:farthest|furthest) (?:back|away|behind|from (?:me|us|the camera|you))|rear ?most",
     "furthest back", 1, 1),
    (r"front ?most|(?:nearest|closest) (?:to )?(?:me|us|the (?:camera|front)|you)\b|"
     r"(?:farthest|furthest) (?:to the )?front", "nearest to the camera", 1, -1),
)  # fmt: skip
_NEAREST = re.compile(r"\b(?:nearest|closest)\b", re.I)
_FARTHEST = re.compile(r"\b(?:farthest|furthest|most distant)\b", re.I)
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
    if not scene.objects:
        return Seen(text="I see nothing on the table.")
    for applies, told in _READERS:
        if applies(text) and (seen := told(text, scene)) is not None:
            return seen
    return _related(text, scene, understand) or _described(scene)


def _kinds(text: str, scene: SceneGraph) -> tuple[str, ...] | None:
    """Return what is of the colour and shape that a text speaks of; None if of neither."""
    words = re.findall(r"[a-z]+", text.lower())
    shape = next((s for w in words if (s := SHAPE_PLURALS.get(w) or SHAPE_WORDS.get(w))), None)
    colour = next((c for w in words if (c := COLOUR_PLURALS.get(w) or COLOUR_WORDS.get(w))), None)
    if shape is None and colour is None:
        return None
    return tuple(
        n for n in scene.names if shape in (None, n.split()[1]) and colour in (None, n.split()[0])
    )


def _listed(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(f"the {n}" for n in names) or "nothing"
    return ", ".join(f"the {n}" for n in names[:-1]) + f" and the {names[-1]}"


def _counted(text: str, scene: SceneGraph) -> Seen | None:
    found = _kinds(text, scene)
    if re.search(r"\bcolou?rs\b", text):
        colours = dict.fromkeys(n.split()[0] for n in scene.names)
        return Seen(text=f"{len(colours)}: {', '.join(colours)}.")
    about = scene.names if found is None else found
    return Seen(text=f"{len(about)}: {_listed(about)}." if about else "None.", about=about)


def _exists(text: str, scene: SceneGraph) -> Seen | None:
    found = _kinds(text, scene)
    if found is None or re.search(r"\b(?:of|to|behind|near|next|touching|beside|between)\b", text):
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
    return f"{where if where[:3] == 'in ' else 'standing ' + where} ({side}, {depth} of the middle)"


def _coloured(text: str, scene: SceneGraph) -> Seen | None:
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
        if re.search(rf"\b(?:{pattern})", text, re.I):
            among = _kinds(text, scene) or scene.names
            name = max(among, key=lambda n: sign * scene.layout[n][axis])
            return Seen(text=f"The {name} is {words}.", about=(name,))
    return None


def _by_distance(text: str, scene: SceneGraph) -> Seen | None:
    names = bind(text, scene.names).names
    if len(names) != 1:
        return None
    others = [n for n in scene.names if n != names[0]]
    if not others:
        return Seen(text=f"Only the {names[0]} is there.", about=names)
    gaps = {n: math.dist(scene.layout[n], scene.layout[names[0]]) for n in others}
    far = bool(_FARTHEST.search(text))
    found = (max if far else min)(others, key=lambda n: gaps[n])
    word = "farthest from" if far else "nearest to"
    return Seen(
        text=f"The {found} is {word} the {names[0]}: {100 * gaps[found]:.0f} cm away.",
        about=(found, names[0]),
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
    (_COLOUR.search, _coloured),
    (_SHAPE.search, _shaped),
    (lambda t: True, _at_an_end),
    (lambda t: _NEAREST.search(t) or _FARTHEST.search(t), _by_distance),
    (_THERE.search, _exists),
    (_WHERE.search, _placed),
)  # fmt: skip
"""Which questions are plain from their words, and what tells the answer; the first that does."""


def _related(text: str, scene: SceneGraph, understand: Understand) -> Seen | None:
    """Return which objects stand in the relation that a question speaks of, or whether two do."""
    names = bind(text, scene.names).names
    if names and not _OPEN.search(text):
        goal = _read(f"put {_from_first_mention(text)}", scene, understand)
        if goal is None:
            return None
        holds = satisfied(goal, scene.layout)
        said = f"{'Yes' if holds else 'No'}: the {names[0]} is {_whereabouts(names[0], scene)}."
        return Seen(text=said, about=names)
    which = _WHICH.match(text)
    rest = _VERBS_OF_BEING.sub("", text[which.end() :] if which else text)
    stand_in = next((n for n in scene.names if n not in names), None)
    if not rest or stand_in is None:
        return None
    goal = _read(f"put the {stand_in} {rest}", scene, understand)
    found = () if goal is None else _fulfilling(goal, stand_in, names, scene)
    if goal is None:
        return None
    what = _listed(found)
    return Seen(text=f"{what[:1].upper()}{what[1:]}.", about=(*found, *names))


def _from_first_mention(text: str) -> str:
    """Return "the star next to the ball" of "would you say the star stands next to the ball"."""
    known = {*COLOUR_WORDS, *SHAPE_WORDS, *SHAPE_PLURALS, *COLOUR_PLURALS}
    words = text.split()
    at = next((i for i, w in enumerate(words) if w.lower().strip(",.") in known), 0)
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
) -> tuple[str, ...]:
    """Return the objects that fulfil a goal in the place of the one that it was read with."""
    found = []
    for name in scene.names:
        items = [
            i.model_copy(update={"subject": name})
            for i in goal.all_
            if isinstance(i, RelationItem | AreaItem) and i.subject == stand_in
        ]
        own = any(isinstance(i, RelationItem) and i.object == name for i in items)
        if items and not own and name not in mentioned:
            found += [name] if satisfied(Goal(all_=tuple(items)), scene.layout) else []
    return tuple(found)


def speaks_of(text: str) -> bool:
    """Say whether a text names any kind of thing that a table may hold."""
    words = set(re.findall(r"[a-z]+", text.lower()))
    return bool(words & {*COLOUR_WORDS, *SHAPE_WORDS, *SHAPE_PLURALS, *COLOUR_PLURALS, *THING})
