"""One who speaks of the objects on a table: picks phrases, calls objects by words, fills frames."""

import random
import zlib
from collections.abc import Sequence
from typing import Any, Literal

from mindseye.planner.language import phrases as ph
from mindseye.planner.language.lexicon import COLOUR_WORDS, SHAPE_WORDS

Split = Literal["train", "held-out"]
GoalItem = dict[str, Any]
Wording = tuple[str, list[GoalItem]]
HELD_OUT_SHARE = 8
"""One phrase in this many is kept from training."""
INTO = (
    "to", "to", "into", "in", "over to", "towards", "onto", "at", "up to", "all the way to",
)  # fmt: skip
OPPOSITE = {"left_of": "right_of", "right_of": "left_of", "above": "below", "below": "above"}
"""Directions, each with the one that the other object sees."""
AGREEMENT = {
    "is": "are", "goes": "go", "belongs": "belong", "needs": "need", "has": "have",
    "wants": "want", "lives": "live", "ends": "end", "looks": "look",
}  # fmt: skip


def _plural(words: str) -> bool:
    """Say whether a noun phrase is plural: "the cube and the ball", "all things"."""
    if words.startswith(("every", "each")):
        return False
    return " and " in words or any(w.strip(",").endswith("s") for w in words.split())


def held_out(phrase: str) -> bool:
    """Say whether a phrase is kept from training, by a hash of its text."""
    return zlib.crc32(phrase.encode()) % HELD_OUT_SHARE == 0


class Speaker:
    """Makes wordings over one list of objects."""

    def __init__(self, rng: random.Random, names: Sequence[str], split: Split = "train") -> None:
        self.rng, self.names, self.split = rng, list(names), split

    def pick(self, options: Sequence[str]) -> str:
        """Return one option that belongs to the split."""
        held = [o for o in options if held_out(o)]
        if self.split == "held-out":
            # Half of a wording's parts are new, so that a new frame meets old phrases.
            return self.rng.choice(held or options if self.rng.random() < 0.5 else options)
        return self.rng.choice([o for o in options if o not in held] or list(options))

    def two(self) -> tuple[str, str]:
        """Return two different objects."""
        a, b = self.rng.sample(self.names, 2)
        return a, b

    def call(self, name: str) -> str:
        """Return words for an object: with its article, bare, by colour, by shape, by a synonym."""
        colour, shape = name.split()
        roll = self.rng.random()
        alone = sum(n.endswith(shape) for n in self.names) == 1
        only = sum(n.startswith(colour) for n in self.names) == 1
        if roll < 0.1 and alone:
            return f"the {shape}"
        if roll < 0.17 and only:
            return f"the {colour} {self.rng.choice(['one', 'thing', 'object'])}"
        if roll < 0.3:
            shapes = [w for w, s in SHAPE_WORDS.items() if s == shape]
            colours = [w for w, c in COLOUR_WORDS.items() if c == colour]
            return f"the {self.rng.choice([colour, *colours])} {self.rng.choice(shapes)}"
        return name if roll < 0.42 else f"the {name}"

    def area_noun(self, area: str) -> str:
        """Return a noun phrase for an area: "the upper left corner"."""
        if area == "center":
            return self.pick(ph.CENTER_PHRASES)
        named = self.pick(ph.NAMED[area])
        if "_" not in area:
            return f"the {named} {self.pick(ph.SIDE_NOUNS)}"
        # "The far left" alone is the left end as much as the corner at the back.
        either = {"far", "near", "closest"} & set(named.split())
        noun = self.pick(ph.CORNER_NOUNS[:2] if either else ph.CORNER_NOUNS)
        return f"the {named} {noun}".strip()

    def to_area(self, area: str) -> str:
        """Return a phrase that follows "push it"."""
        if area in ph.EXTRA_AREAS and self.rng.random() < 0.45:
            return self.pick(ph.EXTRA_AREAS[area])
        return f"{self.pick(INTO)} {self.area_noun(area)}"

    def fill(self, frame: str, s: str, p: str, o: str) -> str:
        """Return a frame with its slots filled."""
        if frame.startswith("{s} ") and _plural(s):
            verb = frame.split()[1]
            frame = frame.replace(verb, AGREEMENT.get(verb, verb), 1)
        return " ".join(
            frame.format(s=s, p=p, o=o, v=self.pick(ph.VERBS), g=self.pick(ph.GERUNDS)).split()
        )

    def say(self, relation: str, s: str, o: str) -> str:
        """Return a clause for "s stands in relation to o"."""
        roll = self.rng.random()
        if relation in ph.MUTUAL and roll < 0.2:
            return self.fill(self.pick(ph.MUTUAL[relation]), s, "", o)
        verbs = [f for r, f in ph.VERB_RELATIONS if r == relation]
        if roll < (0.45 if relation in ("touching", "apart") else 0.3):
            return self.fill(self.pick(verbs), s, "", o)
        return self.say_plainly(relation, s, o)

    def say_plainly(self, relation: str, s: str, o: str) -> str:
        """Return a clause whose subject is `s` without doubt, so that "it" can follow."""
        roll = self.rng.random()
        if roll < 0.55:
            frames = ph.GERUND if self.rng.random() < 0.1 else ph.IMPERATIVE
            return self.fill(self.pick(frames), s, self.pick(ph.RELATION_PHRASES[relation]), o)
        states = ph.STATE_PHRASES.get(relation, ph.RELATION_PHRASES[relation])
        clauses = ph.PASSIVE if self.rng.random() < 0.2 else ph.STATE
        return self.fill(self.pick(clauses), s, self.pick(states), o)

    def say_area(self, area: str, s: str) -> str:
        """Return a clause for "s lies in an area"."""
        roll = self.rng.random()
        if roll < 0.08:
            where = self.pick(("is where", "is the place where"))
            return (
                f"{self.area_noun(area)} {where} {s} {self.pick(('belongs', 'should go', 'goes'))}"
            )
        if roll < 0.14:
            use, of = self.pick(("fill", "occupy", "use")), self.pick(("with", "for"))
            return f"{use} {self.area_noun(area)} {of} {s}"
        frames = ph.IMPERATIVE if roll < 0.62 else ph.PASSIVE if roll < 0.7 else ph.STATE
        return self.fill(self.pick(frames), s, self.to_area(area), "")
