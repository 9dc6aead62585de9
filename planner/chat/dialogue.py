"""Follow-ups made whole with what a conversation remembers.

"And the blue one too" says what to do only together with the order before it. Here such a
turn becomes a full order; what the words of a full order mean is the language model's part.
"""

import difflib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mindseye.planner.chat.state import Dialogue, Pending, Task
from mindseye.planner.language.lexicon import (
    COLOUR_WORDS,
    KINDS,
    SHAPE_WORDS,
    THING,
    THINGS,
)
from mindseye.planner.language.mentions import Ambiguous, bind
from mindseye.tools.errors import BadInput
from mindseye.tools.goals import TABLE_HALF, AreaItem, NotItem, RelationItem
from mindseye.tools.subgoals import Subgoal
from mindseye.tools.values import Point

_NAMING = KINDS | THING
"""Words that name a thing, or a kind of things."""
_A_NAME = "|".join(sorted(_NAMING | THINGS))
# "No cube near the ball", "right of it" and "next to it" begin with no filler.
_FILLERS = re.compile(
    rf"^(?:(?:no(?!\s+(?:{_A_NAME}|two|other)\b)|right(?!\s+(?:of|side|edge|corner|hand)\b)|"
    r"next(?!\s+to\b)|nope|yes|yeah|ok|okay|and|now|then|so|well|hm+|sorry|actually|please|wait|"
    r"oh|also|great|good|fine|sounds good|sure|alright|perfect|cool|yep|thanks|"
    r"i mean|i meant|rather|instead|not that(?: one)?|"
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
_GO = re.compile(
    r"^(?:go(?: right)? ahead(?: and do (?:it|that|so))?|go for it|(?:let's )?do (?:it|that|so)|"
    r"make it so|(?:yes|yep|sure)?\W*(?:do|carry out|execute) (?:it|that|the plan)(?: for real)?)$",
    re.I,
)
"""Said of what was pictured or planned."""
_FURTHER = re.compile(
    r"\b(?:further|farther|a (?:bit|little|touch|tad) more|some more|little bit more)\b", re.I
)
_SAME = re.compile(
    r"^(?:do )?(?:the same|same(?: thing)?|likewise|ditto)(?: again)? (?:with|for|to|using)\b\s*"
    r"|^do (?:that|it)(?: again)? (?:with|for|to|using)\b\s*"
    r"|^(?:that|it)(?: again)? (?:with|for|using)\b\s*",
    re.I,
)
_WHAT_ABOUT = re.compile(r"^(?:how|what) about\b\s*", re.I)
_OTHER = re.compile(
    r"\bthe other (?P<noun>one|thing|object|" + "|".join(sorted(SHAPE_WORDS)) + r")\b", re.I
)
_DENIED = re.compile(r"\bnot\b[^,;.]*?(?:[,;.]+\s*(?:but\b)?|\bbut\b|$)", re.I)
# Not "that ball", and not the "that" of "so that the ball ..." or "the one that is ...".
_PRONOUN = re.compile(
    r"\b(?:it|them|(?:that|this) (?:one|thing|object|item|piece)|(?:those|these|that|this)"
    rf"(?!\s+(?:{_A_NAME}|the|an?|all|every|each|is|are|stands?|sits?|lies?)\b))\b",
    re.I,
)
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
MOVED = 0.01
"""Vision may see something that stood still as far off as that, metres."""
ROOM = 0.03
"""Nothing is pushed nearer to the table's rim on purpose, metres."""
_DIRECTIONS: tuple[tuple[str, Point], ...] = (
    (r"left(?:wards?)?", (-1.0, 0.0)),
    (r"right(?:wards?)?", (1.0, 0.0)),
    (r"back(?:wards?)?|away(?: from (?:me|us|the camera))?", (0.0, 1.0)),
    (r"forwards?|(?:to|towards?) (?:me|us|the (?:camera|front))", (0.0, -1.0)),
)
_QUESTION = re.compile(r"^(?:where|what|which|who|how|why|when|is|are|does|do you|can you)\b", re.I)


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
    if dialogue.pending is not None:
        chosen = picked(words, dialogue.pending, names)
        # What was asked about may have been a follow-up itself.
        words, dialogue = chosen or words, dialogue.model_copy(update={"pending": None})
    text = _others(_bare(words), dialogue, names)
    last = dialogue.last
    if dialogue.proposed and _GO.match(text):
        return Order(words=dialogue.proposed)
    if _AGAIN.match(text):
        return _again(dialogue, words, names)
    if _FURTHER.search(text) and last is not None and _goes_on(text):
        return _further(text, last, names)
    rest = _WHAT_ABOUT.sub("", _SAME.sub("", text))
    if _PLACE.match(rest) and not _VERB.search(rest):
        return _elsewhere(rest, dialogue)
    rest = _without_denied(rest)
    mentioned = bind(rest, names).names
    if mentioned and _only_mentions(rest):
        return Order(words=_with(_before(dialogue.ordered, words), mentioned))
    return Order(words=_spoken_of(text, dialogue))


def named(words: str, dialogue: Dialogue, names: Sequence[str]) -> str:
    """Return words with "it" and "the other one" named; nothing else of them is changed.

    Raises:
      Ambiguous: the other one could be several.
    """
    return _spoken_of(_others(" ".join(words.split()), dialogue, names), dialogue)


def _bare(words: str) -> str:
    """Return the words without what only joins them to the talk."""
    text, before = " ".join(words.split()).strip(" .!?,;"), ""
    while text != before:
        before, text = text, _FILLERS.sub("", text).strip(" .!?,;")
    return text or " ".join(words.split())


def _only_mentions(text: str) -> bool:
    """Say whether a text names things and says nothing of them."""
    return not set(re.findall(r"[a-z']+", text.lower())) - _NAMING - _JOINING


def _without_denied(text: str) -> str:
    """Return "the blue one" of "not the red one, the blue one"; an order stays as it is.

    Raises:
      BadInput: only what is not meant was named.
    """
    left = _DENIED.sub(" ", text).strip(" ,.;")
    if left:
        return left if _only_mentions(left) else text
    if _only_mentions(text):
        raise BadInput(f"{text!r} leaves open what is meant; say which")
    return text


def _again(dialogue: Dialogue, words: str, names: Sequence[str]) -> Order:
    """Return the last order once more: after "undo that" the one that was undone."""
    last = _before(dialogue.last, words)
    if last.of_places and not last.undone:
        return _further("", last, names)
    return Order(words=_before(dialogue.ordered, words).words)


def _before(last: Task | None, words: str) -> Task:
    if last is None:
        raise BadInput(f"nothing was done yet that {words!r} could follow on; say what to do")
    return last


def picked(words: str, pending: Pending, names: Sequence[str]) -> str | None:
    """Return the pending order with the answer to "which?" put in; None if it is no answer."""
    text = _bare(words)
    rest = _VERB.sub(" ", text)
    if not _only_mentions(rest):
        says_more = _place_of(text) or _QUESTION.match(text) or len(text.split()) > 5
        # "Push the red ball right" is another order, "push the red one" an answer.
        if says_more or rest != text:
            return None
    try:
        found = bind(text, pending.options).names
    except BadInput:
        return None
    if len(found) != 1 or not set(found) <= set(names):
        return None
    return _put_in(pending, found[0])


def _put_in(pending: Pending, name: str) -> str | None:
    """Return the pending order with a name where the words stand that could be two things."""
    words, phrase = pending.words, pending.phrase
    if not re.search(rf"\b{re.escape(phrase)}\b", words, re.I):
        # It was asked about with its typo mended.
        alike = difflib.get_close_matches(phrase.lower(), words.lower().split(), 1)
        phrase = alike[0] if alike else phrase
    for match in re.finditer(rf"\b{re.escape(phrase)}\b", words, re.I):
        before = re.findall(r"[a-z]+", words[: match.start()].lower())[-1:]
        after = re.findall(r"[a-z]+", words[match.end() :].lower())[:1]
        # "The ball" is not that of "the red ball", nor "the red" that of "the red cube".
        coloured = before and before[0] in COLOUR_WORDS
        nouned = phrase in COLOUR_WORDS and after and after[0] in {*SHAPE_WORDS, *THING}
        if not coloured and not nouned:
            return f"{words[: match.start()]}{name}{words[match.end() :]}"
    return None


def _others(text: str, dialogue: Dialogue, names: Sequence[str]) -> str:
    """Return the text with "the other one" named: of the kind last spoken of, but not that one."""

    def other(match: re.Match[str]) -> str:
        noun = match["noun"].lower()
        # "Put the red cube next to the other cube": other than what was just named.
        spoken = _named_in(text[: match.start()], names)[-1:] or dialogue.focus[:1]
        kind = SHAPE_WORDS.get(noun)
        if kind is None and spoken and noun in THING:
            kind = spoken[0].split()[-1]
        left = [n for n in names if n not in spoken and kind in (None, n.split()[-1])]
        if not left and spoken:
            colour = spoken[0].split()[0]
            left = [n for n in names if n not in spoken and n.split()[0] == colour]
        left = left or [n for n in names if n not in spoken]
        if len(left) != 1:
            raise Ambiguous(f"other {noun}", tuple(left or names))
        return f"the {left[0]}"

    return _OTHER.sub(other, text) if len(names) > 1 else text


def _named_in(text: str, names: Sequence[str]) -> tuple[str, ...]:
    try:
        return bind(text, names).names
    except BadInput:
        return ()


def _place_of(text: str) -> bool:
    return bool(
        re.search(
            r"\b(?:left|right|back|forwards?|behind|top|bottom|corner|next|away|from|towards?|near\w*|"
            r"above|below|under|beside|between|middle|cent(?:er|re)|front|edge|side|close\w*)\b",
            text,
        )
    )


def _goes_on(text: str) -> bool:
    """Say whether words with "further" ask nothing, and name no place but a plain direction."""
    rest = _WHAT_ABOUT.sub("", text)
    if re.search(r"\b(?:which|what|who|where|how|is|are|does|than)\b", rest, re.I):
        return False
    for pattern, _ in _DIRECTIONS:
        rest = re.sub(rf"\b(?:{pattern})\b(?! of\b| from\b)", " ", rest, flags=re.I)
    return not _place_of(rest)


def _further(text: str, last: Task, names: Sequence[str]) -> Order:
    """Return a push of something on along its way, or in the direction that is said.

    Raises:
      BadInput: it was not moved, is gone, or stands at the table's rim.
    """
    mentioned = bind(text, names).names
    name = mentioned[0] if mentioned else _moved(last)
    if name not in last.after or name not in names:
        raise BadInput(f"the {name} is not in view any more; say what to push, and where")
    x, y = last.after[name]
    dx, dy = _way(text, last, name)
    most = TABLE_HALF - ROOM
    place = tuple(
        min(max(v + FURTHER * d, min(v, -most)), max(v, most)) for v, d in ((x, dx), (y, dy))
    )
    if math.dist(place, (x, y)) < 0.01:
        raise BadInput(f"the {name} stands at the edge already; say where else to push it")
    return Order(words=f"push the {name} further", to=(name, (place[0], place[1])))


def _way(text: str, last: Task, name: str) -> Point:
    """Return the direction that is said, or else that in which something was moved last."""
    for pattern, way in _DIRECTIONS:
        if re.search(rf"\b(?:{pattern})\b", text, re.I):
            return way
    (x0, y0), (x1, y1) = last.before.get(name, last.after[name]), last.after[name]
    gone = math.dist((x0, y0), (x1, y1))
    if gone < MOVED:
        raise BadInput(f"the {name} was not moved last; say where to push it")
    return (x1 - x0) / gone, (y1 - y0) / gone


def _moved(task: Task) -> str:
    """Return what a task moved furthest.

    Raises:
      BadInput: nothing.
    """
    ways = task.ways
    if not ways or max(ways.values()) < MOVED:
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
