"""What a conversation remembers beside its words, and follow-ups made whole with it.

"And the blue one too" says what to do only together with the order before it. Here such a
turn becomes a full order; what the words of a full order mean is the language model's part.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from mindseye.planner.language.lexicon import (
    COLOUR_PLURALS,
    COLOUR_WORDS,
    SHAPE_PLURALS,
    SHAPE_WORDS,
    THING,
)
from mindseye.planner.language.mentions import Ambiguous, bind
from mindseye.tools.errors import BadInput
from mindseye.tools.goals import AreaItem, Goal, NotItem, RelationItem
from mindseye.tools.subgoals import Subgoal
from mindseye.tools.values import Point


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Task(_Kept):
    """A task that was carried out, well or badly."""

    words: str
    goal: Goal
    run: str
    """Name of the run's folder."""
    before: dict[str, Point]
    """Name -> place when it began, metres."""
    after: dict[str, Point]
    undone: bool = False


class Pending(_Kept):
    """An order that could be two things; the person was asked which."""

    words: str
    phrase: str
    """The words that could be two things, without "the"."""
    options: tuple[str, ...]


class Dialogue(_Kept):
    """What was done and spoken of so far."""

    tasks: tuple[Task, ...] = ()
    focus: tuple[str, ...] = ()
    """Objects of the last order or question, those that were moved first."""
    pending: Pending | None = None
    run: str = ""
    """Name of the last run's folder, whatever kind it was."""

    @property
    def last(self) -> Task | None:
        """The last task that was carried out."""
        return self.tasks[-1] if self.tasks else None

    def of(self, names: Sequence[str]) -> "Dialogue":
        """Return the dialogue once these objects were spoken of; none leaves the focus."""
        return self.model_copy(update={"focus": tuple(names), "pending": None} if names else {})


_FILLERS = re.compile(
    r"^(?:(?:no|nope|yes|yeah|ok|okay|and|now|then|so|well|hm+|sorry|actually|please|wait|right|"
    r"oh|also|next|great|good|fine|thanks|i mean|i meant|rather|instead|not that(?: one)?|"
    r"not there|just|but)\b[\s,.:;!-]*)+"
    r"|[\s,.!?]*\b(?:please|instead|rather|too|as well|also|this time|now|then|next|i mean|"
    r"i meant|thanks)\b[\s,.!?]*$",
    re.I,
)
_AGAIN = re.compile(
    r"^(?:(?:do|try|repeat|give) )?(?:(?:it|that|this|the same)(?: thing)?(?: all over)? )?"
    r"(?:again|once more|one more time|another (?:go|try))$"
    r"|^(?:repeat(?: that| it)?|keep going|go on|carry on|continue|do (?:that|it|the same)|"
    r"have another (?:go|try)|retry|the same(?: again)?|finish (?:it|the job))$",
    re.I,
)
_FURTHER = re.compile(
    r"\b(?:further|farther|a (?:bit|little|touch|tad) more|some more|little bit more)\b", re.I
)
_SAME = re.compile(
    r"^(?:do )?(?:the same|same(?: thing)?|likewise|ditto|that|it)"
    r"(?: again)? (?:with|for|to|using)\b\s*",
    re.I,
)
_WHAT_ABOUT = re.compile(r"^(?:how|what) about\b\s*", re.I)
_OTHER = re.compile(
    r"\bthe other (?P<noun>one|thing|object|" + "|".join(sorted(SHAPE_WORDS)) + r")\b", re.I
)
_PRONOUN = re.compile(r"\b(?:it|that one|this one|them|those|these|that|this)\b", re.I)
_PLACE = re.compile(
    r"^(?:(?:a (?:bit|little)|further|more|over|all the way|slightly|rather) )*"
    r"(?:to|into|onto|on|at|next|beside|near|behind|in|under|above|below|left|right|away|"
    r"back(?:wards?)?|forwards?|towards?|against|by|up|down|close|closer|between|around|along)\b",
    re.I,
)
_JOINING_WORDS = (
    "the a and one ones other others too also with same for likewise similarly ditto do does that "
    "it thing things as well now then next again no not i mean meant what about how to ok okay "
    "but rather instead actually if you would could can kindly just so of them both this time go "
    "goes along please thanks let's try use take treat have give it's in mind was is"
)
_JOINING = frozenset(_JOINING_WORDS.split(" "))
"""Words that say nothing by themselves: with a mention and only these, a turn follows on."""
_VERB = re.compile(r"\b(?:push|move|put|bring|slide|shove|nudge|get|take|place|set)\b", re.I)
FURTHER = 0.08
"""How far "a bit further" goes, metres."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """A turn made whole: an order in words, or a place where one object is to go."""

    words: str
    to: tuple[str, Point] | None = None
    """Object and place, metres; None where the words say it all."""


def whole(words: str, dialogue: Dialogue, names: Sequence[str]) -> Order:
    """Return a person's order with all that it leaves to what went before put in.

    Args:
      words: as they were said.
      dialogue: what went before.
      names: what stands on the table.

    Raises:
      Ambiguous: something that was said could be two things.
      BadInput: nothing went before that it could follow on.
    """
    if dialogue.pending is not None and (chosen := _picked(words, dialogue.pending, names)):
        return Order(words=chosen)
    text = _others(_bare(words), dialogue, names)
    last = dialogue.last
    if _AGAIN.match(text):
        return Order(words=_before(last, words).words)
    if _FURTHER.search(text) and last is not None and not _place_of(text):
        return _further(text, last, names)
    rest = _WHAT_ABOUT.sub("", _SAME.sub("", text))
    if _PLACE.match(rest) and not _VERB.search(rest):
        return _elsewhere(rest, dialogue)
    mentioned = bind(rest, names).names
    if mentioned and _only_mentions(rest):
        return Order(words=_with(_before(last, words), mentioned))
    return Order(words=_spoken_of(text, dialogue))


def _bare(words: str) -> str:
    """Return the words without what only joins them to the talk."""
    text, before = " ".join(words.split()).strip(" .!?,;"), ""
    while text != before:
        before, text = text, _FILLERS.sub("", text).strip(" .!?,;")
    return text or " ".join(words.split())


def _only_mentions(text: str) -> bool:
    """Say whether a text names things and says nothing of them."""
    words = set(re.findall(r"[a-z']+", text.lower()))
    named = {*COLOUR_WORDS, *SHAPE_WORDS, *SHAPE_PLURALS, *COLOUR_PLURALS, *THING}
    return not words - named - _JOINING


def _before(last: Task | None, words: str) -> Task:
    if last is None:
        raise BadInput(f"nothing was done yet that {words!r} could follow on; say what to do")
    return last


def _picked(words: str, pending: Pending, names: Sequence[str]) -> str | None:
    """Return the pending order with the answer to "which?" put in; None if it is no answer."""
    text = _bare(words)
    if len(text.split()) > 5 and not _only_mentions(text):
        return None
    try:
        found = bind(text, pending.options).names
    except BadInput:
        return None
    if len(found) != 1 or not set(found) <= set(names):
        return None
    phrase = re.compile(rf"\b{re.escape(pending.phrase)}\b", re.I)
    return phrase.sub(found[0], pending.words, count=1)


def _others(text: str, dialogue: Dialogue, names: Sequence[str]) -> str:
    """Return the text with "the other one" named: of the kind last spoken of, but not that one."""

    def named(match: re.Match[str]) -> str:
        noun = match["noun"].lower()
        spoken = set(dialogue.focus[:1]) or set(dialogue.focus)
        kind = SHAPE_WORDS.get(noun)
        if kind is None and dialogue.focus and noun in THING:
            kind = dialogue.focus[0].split()[-1]
        left = [n for n in names if n not in spoken and kind in (None, n.split()[-1])]
        if not left and dialogue.focus:
            colour = dialogue.focus[0].split()[0]
            left = [n for n in names if n not in spoken and n.split()[0] == colour]
        left = left or [n for n in names if n not in spoken]
        if len(left) != 1:
            raise Ambiguous(f"other {noun}", tuple(left or names))
        return f"the {left[0]}"

    return _OTHER.sub(named, text) if len(names) > 1 else text


def _place_of(text: str) -> bool:
    return bool(re.search(r"\b(?:left|right|back|forward|behind|top|bottom|corner|next)\b", text))


def _further(text: str, last: Task, names: Sequence[str]) -> Order:
    """Return a push of what was moved last, on along its way."""
    mentioned = bind(text, names).names
    name = mentioned[0] if mentioned else _moved(last)
    (x0, y0), (x1, y1) = last.before[name], last.after[name]
    way = max(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5, 1e-6)
    place = (x1 + FURTHER * (x1 - x0) / way, y1 + FURTHER * (y1 - y0) / way)
    return Order(words=f"push the {name} further", to=(name, place))


def _moved(task: Task) -> str:
    """Return what a task moved furthest.

    Raises:
      BadInput: nothing.
    """
    ways = {
        n: ((task.after[n][0] - p[0]) ** 2 + (task.after[n][1] - p[1]) ** 2) ** 0.5
        for n, p in task.before.items()
        if n in task.after
    }
    if not ways or max(ways.values()) < 0.01:
        raise BadInput("nothing was moved that could go further; say what to push, and where")
    return max(ways, key=lambda n: ways[n])


def _elsewhere(place: str, dialogue: Dialogue) -> Order:
    if not dialogue.focus:
        raise BadInput(f"say what is to go {place}")
    return Order(words=f"push the {dialogue.focus[0]} {place}")


def _with(task: Task, names: Sequence[str]) -> str:
    """Return a task's words with other objects in the place of the one that it moved."""
    for item in task.goal.all_:
        atom = item.not_ if isinstance(item, NotItem) else item
        negated = "do not " if isinstance(item, NotItem) else ""
        movers = [n for n in names if n != getattr(atom, "object", None)]
        if isinstance(atom, AreaItem) and movers:
            return _orders(
                [Subgoal(move=n, relation="in_area", area=atom.area) for n in movers], negated
            )
        if isinstance(atom, RelationItem) and movers:
            return _orders(
                [Subgoal(move=n, relation=atom.relation, object=atom.object) for n in movers],
                negated,
            )
    raise BadInput(
        f"cannot tell what to do with the {' and the '.join(names)} from {task.words!r}; "
        "say it whole"
    )


def _orders(subgoals: Sequence[Subgoal], negated: str) -> str:
    return negated + " and ".join(s.words() for s in subgoals)


def _spoken_of(text: str, dialogue: Dialogue) -> str:
    """Return the text with its first pronoun named, unless it names things itself."""
    if not dialogue.focus:
        return text
    match = _PRONOUN.search(text)
    if match is None or _names_before(text[: match.start()]):
        return text
    many = match[0].lower() in ("them", "those", "these")
    said = dialogue.focus if many else dialogue.focus[:1]
    named = " and ".join(f"the {n}" for n in said)
    return f"{text[: match.start()]}{named}{text[match.end() :]}"


def _names_before(text: str) -> bool:
    """Say whether something is named that a pronoun behind it stands for."""
    words = re.findall(r"[a-z]+", text.lower())
    return any(w in COLOUR_WORDS or w in SHAPE_WORDS for w in words)
