"""Random choice that keeps the splits apart.

A sentence template is a family of its own: it belongs to train, dev or test, and
to no other. Training has more of them, in banks of its own. Vocabulary (verb phrases,
nouns, names) is shared, as any two questions share words, but for a part of it that
training never shows.
"""

import functools
import random
import re
import zlib
from collections.abc import Callable, Sequence
from typing import TypeVar

from mindseye.planner.questions import frames as banks
from mindseye.planner.questions.asked_train import more_asked
from mindseye.planner.questions.frames_train import MORE_TELLING
from mindseye.planner.questions.frames_train_asking import MORE_ASKING
from mindseye.planner.questions.records import Split
from mindseye.planner.questions.tense import conjugated, past_only, present_only, third

T = TypeVar("T")

_SHARES: tuple[tuple[Split, float], ...] = (("test", 0.16), ("dev", 0.08))
_COMMON_WORDS = {"both", "they", "the", "two", "which", "all", "of", "them", "and", "one", "or"}
_WHOLE = {"{s}", "{q}", "{s} {q}"}
"""Slots that hold whole sentences, made of other templates."""
_HELD_OUT = 16
"""One word in this many is kept for dev, and two for test."""
_MORE_SHARE = 0.65
"""In how many cases training picks one of the templates or phrases that are its alone."""


def _plain(frame: str) -> bool:
    """Say whether a sentence of a template has no words of its own to know it by.

    "{x} {v}." would look the same whatever template it came from: all such are train's.
    """
    sentences = re.split(r"(?<=[.?!]) ", frame)
    return any(
        not set(re.findall("[a-z]+", re.sub(r"\{\w+\}", "", sentence))) - _COMMON_WORDS
        for sentence in sentences
        if sentence not in _WHOLE
    )


def _hash(text: str) -> int:
    return zlib.crc32(text.encode())


@functools.cache
def split_frames(bank: tuple[str, ...]) -> dict[Split, tuple[str, ...]]:
    """Return the sentence templates of a bank by split; each has at least one of them."""
    ranked = sorted(bank, key=lambda frame: (_plain(frame), _hash(frame)))
    parts: dict[Split, tuple[str, ...]] = {}
    at = 0
    for split, share in _SHARES:
        count = max(1, round(share * len(bank)))
        parts[split] = tuple(ranked[at : at + count])
        at += count
    return {"train": tuple(ranked[at:]), **parts}


def bank_named(name: str) -> tuple[str, ...]:
    """Return a bank by its name: "SETUP", or "AWAY edge" for one of several."""
    name, _, key = name.partition(" ")
    bank = getattr(banks, name)
    found: tuple[str, ...] = bank[key] if key else bank
    return found


@functools.cache
def train_only() -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return by bank the templates that stand beside it in training."""
    return {bank_named(name): more for name, more in (MORE_TELLING | MORE_ASKING).items()}


def contrasts(frame: str) -> bool:
    """Say whether a template sets bodies apart."""
    return frame in banks.CONTRAST or frame in MORE_TELLING["CONTRAST"]


@functools.cache
def vocabulary(options: tuple[str, ...]) -> dict[Split, tuple[str, ...]]:
    """Return the words that each split has for itself; train's are everybody's."""
    parts: dict[Split, list[str]] = {"train": [], "dev": [], "test": []}
    for option in options:
        place = _hash(option) % _HELD_OUT
        parts["dev" if place == 0 else "test" if place < 3 else "train"].append(option)
    return {split: tuple(words) for split, words in parts.items()}


@functools.cache
def more_words() -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return by list of phrases what training says besides, but for what is held out anywhere."""
    more = more_asked()
    held = {w for options in more for s in ("dev", "test") for w in vocabulary(options)[s]}
    return {options: tuple(w for w in words if w not in held) for options, words in more.items()}


class Picker:
    """A random generator that knows its split and which families it has used."""

    def __init__(self, rng: random.Random, split: Split) -> None:
        self.rng, self.split = rng, split
        self.past = rng.random() < 0.12
        """Told in the past tense."""
        self.used: list[str] = []

    def frame(self, bank: tuple[str, ...], without: Callable[[str], object] | None = None) -> str:
        """Return a sentence template of this split, the short and plain ones more often.

        Those that are training's alone are picked alike, whatever their length.

        Args:
          bank: all templates of one purpose; a template stands in one bank only.
          without: says which of them do not suit, if others do.
        """
        unfit = present_only if self.past else past_only
        tests = (unfit,) if without is None else (unfit, without)
        frames = split_frames(bank)[self.split]
        for test in tests:
            frames = tuple(f for f in frames if not test(f)) or frames
        if self.split == "train":
            more = [f for f in train_only().get(bank, ()) if not any(test(f) for test in tests)]
            if more and self.some(_MORE_SHARE):
                frames = tuple(more)
            elif self.some(0.4):
                frames = tuple(sorted(frames, key=len)[: max(1, len(frames) // 4)])
        chosen = self.rng.choice(frames)
        self.used.append(chosen)
        return chosen

    def word(self, options: tuple[str, ...]) -> str:
        """Return vocabulary; outside training, half the time what training never shows."""
        parts = vocabulary(options)
        own = parts[self.split]
        if self.split != "train" and own and self.rng.random() < 0.5:
            return self.rng.choice(own)
        more = more_words().get(options) if self.split == "train" else None
        if more and self.some(_MORE_SHARE):
            return self.rng.choice(more)
        return self.rng.choice(parts["train"] or options)

    def some(self, share: float) -> bool:
        """Return true in that share of cases."""
        return self.rng.random() < share

    def weighted(self, options: Sequence[tuple[T, float]]) -> T:
        """Return one of the options by weight."""
        return self.rng.choices([o for o, _ in options], [w for _, w in options])[0]

    def third(self, infinitive: str) -> str:
        """Return a verb phrase in the third person: "is dropped", or "was dropped"."""
        return third(infinitive, self.past)

    def plural(self, infinitive: str) -> str:
        """Return a verb phrase in the plural."""
        return conjugated(infinitive, self.past)

    @property
    def family(self) -> str:
        """What stands for all sentence templates used so far."""
        return f"{_hash(chr(10).join(self.used)):08x}"
