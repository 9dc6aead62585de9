"""The objects that an order to lay a table names."""

import re

from mindseye.planner.language.lexicon import COLOUR_WORDS, SHAPE_PLURALS, SHAPE_WORDS
from mindseye.tools.errors import BadInput
from mindseye.tools.goals import COLOURS

NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}


def named_objects(words: str) -> tuple[str, ...] | None:
    """Return the objects that an order to lay a table names; None where it names none.

    "Three cubes" are cubes of the first three colours, "a red ball" is one.

    Raises:
      BadInput: more of a shape than there are colours.
    """
    found: list[str] = []
    tokens = re.findall(r"[a-z0-9]+", words.lower())
    for i, word in enumerate(tokens):
        before = tokens[max(0, i - 2) : i]
        shape = SHAPE_WORDS.get(word) or SHAPE_PLURALS.get(word)
        if shape is None:
            continue
        colour = next((COLOUR_WORDS[w] for w in before[-1:] if w in COLOUR_WORDS), None)
        count = next((NUMBERS.get(w) or int(w) for w in before if w in NUMBERS or w.isdigit()), 1)
        if count > len(COLOURS):
            raise BadInput(f"there are {len(COLOURS)} colours, so at most as many {word}")
        free = [c for c in COLOURS if f"{c} {shape}" not in found]
        wanted = [colour] if colour else free[:count]
        found += [f"{c} {shape}" for c in wanted if f"{c} {shape}" not in found]
    return tuple(found) or None
