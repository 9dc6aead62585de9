"""What the grammar of a question tells, without any model."""

import re

from mindseye.tools.goals import COLOURS, SHAPES

_AUXILIARY = (
    "is|are|am|was|were|do|does|did|will|would|can|could|has|have|had|should|shall|must|may|might"
)
_POLAR = re.compile(rf"(?:(?:and|so|but|then|now|well|if so|ok|okay),? )?(?:{_AUXILIARY})n?'?t?\b")
_OPEN = re.compile(r"\b(?:which|what|who|whose|how|why)\b")
_WHETHER = re.compile(r"\b(?:tell|say|state|decide|determine|find out|work out)\b.*\bwhether\b")
_ASKS_YOU = re.compile(r"(?:do|can|could|would|will) you\b")
_ORDER = re.compile(
    r"\b(?:rank|order|sort|arrange|list|put them|sequence)\b"
    r"|\bfrom (?:the )?(?:\w+est|most|least|first|last)\b.*\bto\b",
    re.I,
)
_TAGS = ("right?", "correct?", "true?", "yes?")
_ONE_OF = re.compile(r"\b(?:which|who|what|where|the one)\b", re.I)
_NAME = re.compile(rf"\b(?:{'|'.join(COLOURS)}) (?:{'|'.join(SHAPES)})\b", re.I)
_ACTIVE = re.compile(
    r"\b(?:push(?:es|ing)?|(?:mov|nudg|shov|slid)(?:e|es|ing))\b "
    # What slides into something or moves towards it is pushed by nobody.
    r"(?!(?:by|into|towards?|down|up|on|onto|over|off|along|across|past|at|against)\b)([^,;.?!]+)",
    re.I,
)
_PASSIVE = re.compile(
    r"\b((?:the |a |my )?[a-z]+(?: [a-z]+)?) (?:is|gets|were|was|are) "
    r"(?:pushed|moved|nudged|shoved|slid)\b([^,;.?!]*)",
    re.I,
)
_GIVEN = re.compile(
    r"\b(?:g[ia]v(?:e|es|en|ing)|takes?|took)\b ([^,;.?!]*?) (?:a|another) "
    r"(?:\w+ )?(?:push|shove|nudge|kick|tap|poke)\b([^,;.?!]*)",
    re.I,
)
"""Of somebody who "gives it a shove to the left"."""
_PAST = re.compile(
    r"\b(I|you|we|one|somebody|someone|it) (?:just )?(push|nudge|shove|move)e?d\b", re.I
)
"""Of somebody who pushes: "if you pushed the cube"."""
_STRUCK = re.compile(
    r"\b(?:bump|knock|hit|kick|tap|poke|flick|prod|bat|shov|nudg|slid|drag|roll|jostl|whack|mov)"
    r"(?:e|es|s|ed|ing|ting|ted)?\b (?:against |into )?([^,;.?!]+)",
    re.I,
)
"""Of somebody who bumps the cube leftwards."""
_COMPARED = re.compile(
    r"\d|\b(?:twice|half|double|triple|times|equally|\w+er than|(?:more|less) than|as \w+ as)\b"
    r"|\bsame (?:force|speed|mass|weight|time|distance)\b|\bharder\b",
    re.I,
)


def asks_yes_or_no(question: str) -> bool:
    """Say whether a question is answered by yes or no, as its grammar tells.

    "If both are dropped, is A faster?", "A is faster, right?" and "Tell me whether A is
    faster." are; "Which is faster, is it A?", "Is A faster or B?" and "Do you know which
    is faster?" are not.
    """
    sentences = [s for s in re.split(r"(?<=[.?!])\s+", question.strip().lower()) if s]
    text = next((s for s in reversed(sentences) if s.endswith("?")), (sentences or [""])[-1])
    clauses = re.split(r"[,;:]\s*|\s(?:-|--)\s", text)
    if re.search(r"\bor\b(?! not\b)", text):
        return False
    at = next((i for i, c in enumerate(clauses) if _POLAR.match(c)), None)
    if at is None:
        return clauses[-1] in _TAGS or bool(_WHETHER.search(text))
    about_you = _ASKS_YOU.match(clauses[at])
    return not _OPEN.search(" ".join(clauses[: at + 1] if about_you else clauses[:at]))


def asks_for_order(question: str) -> bool:
    """Say whether several things are to be put in order, rather than the first of them named."""
    return bool(_ORDER.search(question)) or not _ONE_OF.search(question)


def pushed_in(question: str) -> str | None:
    """Return the push that a question speaks of as a task, or None.

    "What happens if I push the red cube left?" -> "push the red cube left".
    """
    if match := _GIVEN.search(question):
        return f"push {match[1]}{match[2]}".strip()
    question = _PAST.sub(r"\1 \2", question)
    if match := _ACTIVE.search(question):
        return f"push {match[1]}".strip()
    if match := _PASSIVE.search(question):
        return f"push {match[1]}{match[2]}".strip()
    return None


def struck_in(words: str) -> str | None:
    """Return the push that somebody's bump or kick is, or None."""
    struck = _STRUCK.search(words)
    return f"push {struck[1]}" if struck else None


def about_the_table(question: str) -> bool:
    """Say whether a question is about a push of something on the table.

    With amounts or comparisons in it, it is about some other world, in which a lab has its say.
    """
    task = pushed_in(question)
    return task is not None and bool(_NAME.search(task)) and not _COMPARED.search(question)
