"""Words for clips: how a subgoal may be put, and the vocabulary that reads it.

`Subgoal.words()` is what the planner sends, and half of what the generator is
trained on; the other half are paraphrases, so that other wordings work too. A word
outside the vocabulary is read as unknown, and training drops words at random so
that one unknown word does no harm.
"""

import re

import numpy as np

from mindseye.tools.goals import COLOURS, SHAPES
from mindseye.tools.subgoals import Subgoal

MAX_WORDS = 24
"""Length that every sentence is padded or cut to, start mark included."""
WORD_DROPOUT = 0.02

_VERBS = (
    "push", "move", "slide", "shove", "bring", "put", "place", "nudge", "take", "get", "shift",
    "send", "drive", "guide", "set", "position",
)  # fmt: skip
_PLACES = {
    "left_of": ("to the left of", "left of", "on the left side of", "just left of"),
    "right_of": ("to the right of", "right of", "on the right side of", "just right of"),
    "above": ("behind", "above", "to the back of", "in back of"),
    "below": ("in front of", "below", "to the front of", "just in front of"),
    "near": ("next to", "near", "close to", "beside", "by"),
    "touching": ("against", "up against", "so that it touches", "into contact with"),
    "apart": ("away from", "far from", "clear of", "apart from"),
}
_SIDES = {
    "top_left": ("top left", "back left", "upper left", "far left"),
    "top": ("top", "back", "far side", "upper middle"),
    "top_right": ("top right", "back right", "upper right", "far right"),
    "left": ("left side", "left", "left edge", "middle left"),
    "center": ("center", "middle", "centre", "center of the table"),
    "right": ("right side", "right", "right edge", "middle right"),
    "bottom_left": ("bottom left", "front left", "lower left", "near left"),
    "bottom": ("bottom", "front", "near side", "lower middle"),
    "bottom_right": ("bottom right", "front right", "lower right", "near right"),
}
_LINES = (
    "into line with the others", "in line with the others", "onto the line of the others",
    "so that all stand in a line",
)  # fmt: skip
_MANNERS = {
    "straight": ("", "", "straight"),
    "slow": ("slowly", "gently", "carefully", "with care"),
    "around": ("around what is in the way", "around the others", "by a detour"),
}
_FRAMES = (
    "{verb} the {move} {how} {where}", "please {verb} the {move} {where} {how}",
    "{how} {verb} the {move} {where}", "the {move} goes {where} {how}",
    "{verb} {move} {where} {how}", "can you {verb} the {move} {where} {how}",
    "the {move} should end up {where} {how}", "i want the {move} {where} {how}",
    "{how} {verb} that {move} so it is {where}", "the {move} is pushed {where} {how}",
)  # fmt: skip
TRY = ("try to {words}", "attempt to {words}", "try and {words}")
"""For a push that may or may not do what it is meant to: an honest picture is asked for."""
_EXTRA = (
    "try",
    "attempt",
    "and",
    "then",
    "corner",
    "area",
    "table",
    "it",
    "a",
    "an",
    "of",
    "edge",
    "rest",
    "other",
    "objects",
)

_MIRROR = {"left": "right", "right": "left"}


def _where(subgoal: Subgoal, rng: np.random.Generator) -> str:
    if subgoal.area is not None:
        side = str(rng.choice(_SIDES[subgoal.area]))
        return f"{rng.choice(('to the', 'into the', 'in the', 'at the'))} {side}"
    if subgoal.relation == "in_line":
        return str(rng.choice(_LINES))
    article = "the " if rng.random() < 0.9 else ""
    return f"{rng.choice(_PLACES[subgoal.relation])} {article}{subgoal.object}"


def paraphrase(subgoal: Subgoal, rng: np.random.Generator) -> str:
    """Return one of many ways to say the subgoal."""
    sentence = str(rng.choice(_FRAMES)).format(
        verb=rng.choice(_VERBS),
        move=subgoal.move,
        how=rng.choice(_MANNERS[subgoal.manner]),
        where=_where(subgoal, rng),
    )
    return " ".join(sentence.split())


def captions(subgoal: Subgoal, rng: np.random.Generator, n: int = 6) -> list[str]:
    """Return the planner's own words and `n - 1` other ways to say the subgoal."""
    return [subgoal.words(), *(paraphrase(subgoal, rng) for _ in range(n - 1))]


def attempted(words: str, rng: np.random.Generator) -> str:
    """Return the words as something that is tried: what comes of it is open."""
    return str(rng.choice(TRY)).format(words=words)


def tried(words: str) -> str:
    """Return the words as the planner asks for an honest picture of a push."""
    return TRY[0].format(words=words)


def with_gaps(words: str, rng: np.random.Generator) -> str:
    """Return the words with few of them made unknown."""
    return " ".join(w if rng.random() >= WORD_DROPOUT else "[UNK]" for w in words.split())


def mirrored(words: str) -> str:
    """Return the words for what is seen in a mirror: left and right change places."""
    return re.sub("left|right", lambda found: _MIRROR[found[0]], words)


def vocabulary() -> list[str]:
    """Return every word that a caption can hold, sorted."""
    lines = [*COLOURS, *SHAPES, *_VERBS, *_LINES, *_EXTRA, *_FRAMES, *TRY]
    for table in (_PLACES, _SIDES, _MANNERS):
        for wordings in table.values():
            lines += wordings
    lines += ["to the into in at onto over towards"]
    words = re.findall("[a-z]+", re.sub(r"\{.*?\}", " ", " ".join(lines)))
    return sorted(set(words))
