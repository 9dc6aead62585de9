"""Bind the things a task names to the things on the table, from the words alone.

The language model never decides whether an object exists: a small model asked
for "the purple star" when there is none picks another one. Mentions are found
here, with synonyms and light typos, and rewritten to the names on the table;
what is not there, or could be two things, is refused in one line.
"""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mindseye.planner.language import phrases
from mindseye.planner.language.idioms import said_of_things
from mindseye.planner.language.lexicon import (
    COLOUR_PLURALS,
    COLOUR_WORDS,
    DETERMINERS,
    FOREIGN_COLOURS,
    FOREIGN_SHAPES,
    NOT_NOUNS,
    QUANTIFIERS,
    SHAPE_PLURALS,
    SHAPE_WORDS,
    THING,
    THINGS,
)
from mindseye.tools.errors import BadInput

_WORD = re.compile(r"[a-z]+(?:'(?!s\b)[a-z]+)?")
_ORDINARY = frozenset(
    {
        "start", "stare", "stars", "call", "wall", "bell", "bill", "tall", "hall", "fall", "cute",
        "cubic", "bread", "reed", "greet", "blur", "bluer", "redo", "read", "lock", "back",
        "black", "both", "stair", "bail", "balk", "need", "rest", "best", "some", "same", "line",
        "lines", "time", "dime", "clue", "glue", "tune", "bake", "state", "great", "good", "pick",
        "pack", "peck", "hold", "told", "cold", "tubs", "bring", "brink", "boxed", "discs", "cans",
        "nice", "tiny", "like", "lie", "calls", "falls", "flock", "live", "old", "tuck",
    }
)  # fmt: skip
"""Ordinary words that are one letter away from a colour or a shape."""
_WITH = frozenset({"with", "to", "next", "by", "beside", "near", "go", "goes", "belong", "belongs"})
"""Words between two mentions of one kind: "cubes with cubes", "reds next to the other reds"."""


class Ambiguous(BadInput):
    """What was said could be two things."""

    def __init__(self, words: str, options: tuple[str, ...]) -> None:
        super().__init__(f'"the {words}" could be the {" or the ".join(options)}; say which')
        self.words, self.options = words, options


@dataclass(frozen=True, kw_only=True)
class Mentions:
    """A task with its mentions bound."""

    text: str
    """The task with every mention rewritten to a name on the table."""
    names: tuple[str, ...]
    """Names that were mentioned, in order, each once."""
    quantified: bool
    """The task may speak of objects it does not name ("everything", "the others")."""


@dataclass(frozen=True, kw_only=True)
class _Token:
    word: str
    start: int
    end: int


def _edits_one(a: str, b: str) -> bool:
    """Say whether one insertion, deletion, substitution or swap turns `a` into `b`."""
    if abs(len(a) - len(b)) > 1:
        return False
    i = 0
    while i < min(len(a), len(b)) and a[i] == b[i]:
        i += 1
    return (
        a[i + 1 :] == b[i + 1 :]
        or a[i:] == b[i + 1 :]
        or a[i + 1 :] == b[i:]
        or (a[i : i + 2] == b[i : i + 2][::-1] and a[i + 2 :] == b[i + 2 :])
    )


def _mend(word: str) -> str:
    """Return the colour or shape that `word` is a typo of, or `word`."""
    if word in ("rde", "erd"):
        return "red"
    if len(word) < 3 or word in _ORDINARY or word in NOT_NOUNS or word in QUANTIFIERS:
        return word
    # A word of three letters can only have lost one: known words of three are not looked at,
    # so that a "car" is no "can".
    for known in (*COLOUR_WORDS, *SHAPE_WORDS, *SHAPE_PLURALS):
        if len(known) > 3 and _edits_one(word, known):
            return known
    return word


def _known(word: str) -> bool:
    sets = (
        COLOUR_WORDS,
        COLOUR_PLURALS,
        SHAPE_WORDS,
        SHAPE_PLURALS,
        THING,
        THINGS,
        FOREIGN_COLOURS,
    )
    return any(word in s for s in sets) or word in FOREIGN_SHAPES


def _tokens(task: str) -> list[_Token]:
    raw = [(m.group(), m.start(), m.end()) for m in _WORD.finditer(task.lower())]
    tokens: list[_Token] = []
    for i, (word, start, end) in enumerate(raw):
        before = raw[i - 1][0] if i else ""
        after = raw[i + 1][0] if i + 1 < len(raw) else ""
        # A typo is mended only where a colour or a noun stands; elsewhere it is a word.
        typo = not _known(before) and _mend(before) != before
        nominal = before in DETERMINERS or before in COLOUR_WORDS or typo
        if not _known(word) and (nominal or after in SHAPE_WORDS or _mend(after) in SHAPE_WORDS):
            word = _mend(word)
        tokens.append(_Token(word=word, start=start, end=end))
    return tokens


def _split(name: str) -> tuple[str, str]:
    colour, _, shape = name.partition(" ")
    return colour, shape


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _missing(what: str, names: Sequence[str]) -> BadInput:
    return BadInput(f"there is no {what} on the table; it holds {_listed(names)}")


def _unique(words: str, found: Sequence[str], names: Sequence[str]) -> str:
    if not found:
        raise _missing(words, names)
    if len(found) > 1:
        raise Ambiguous(words, tuple(found))
    return found[0]


def _noun_after(tokens: Sequence[_Token], i: int, names: Sequence[str]) -> str | None:
    """Return the noun that a colour at `i` belongs to, or None for a bare colour."""
    if i + 1 >= len(tokens):
        return None
    word = tokens[i + 1].word
    if word in SHAPE_WORDS or word in SHAPE_PLURALS or word in THING or word in THINGS:
        return word
    unknown = not _known(word) and word not in NOT_NOUNS and word not in QUANTIFIERS
    determined = i > 0 and tokens[i - 1].word in DETERMINERS
    if word in FOREIGN_SHAPES or (
        unknown and determined and not re.search(r"(ly|ing|ed)$|'", word)
    ):
        raise _missing(f"{tokens[i].word} {word}", names)
    return None


def _of_colour(colour: str, noun: str | None, words: str, names: Sequence[str]) -> list[str]:
    """Return the names that "COLOUR NOUN" speaks of: one, or several for a plural."""
    coloured = [n for n in names if _split(n)[0] == colour]
    if noun in SHAPE_PLURALS or noun in THINGS:
        shape = SHAPE_PLURALS.get(noun or "")
        found = [n for n in coloured if shape in (None, _split(n)[1])]
        if not found:
            raise _missing(words, names)
        return found
    if noun in SHAPE_WORDS:
        coloured = [n for n in coloured if _split(n)[1] == SHAPE_WORDS[noun or ""]]
    elif not coloured:
        words = f"{colour} object"
    return [_unique(words, coloured, names)]


def _shape_alone(
    tokens: Sequence[_Token], i: int, names: Sequence[str], seen: Sequence[str]
) -> list[str] | None:
    """Return the names that a shape word without a colour speaks of, or None if it is no noun."""
    word = tokens[i].word
    before = tokens[i - 1].word if i else ""
    if word in SHAPE_PLURALS:
        found = [n for n in names if _split(n)[1] == SHAPE_PLURALS[word]]
        if not found:
            raise _missing(word, names)
        return found
    # "can you ...", "square with ...": these nouns are other words too.
    if word in ("can", "square", "die", "drum", "tin", "box") and (
        before not in DETERMINERS or before == "one"
    ):
        return None
    found = [n for n in names if _split(n)[1] == SHAPE_WORDS[word]]
    if before in ("every", "each") and found:
        return found
    if before == "other" and len(found) > 1:
        found = [n for n in found if n not in seen]
    return [_unique(word, found, names)]


def _mention_at(
    tokens: Sequence[_Token], i: int, names: Sequence[str], seen: Sequence[str]
) -> tuple[list[str], int] | None:
    """Return the names mentioned at token `i` and how many tokens that takes, or None."""
    word = tokens[i].word
    after = tokens[i + 1].word if i + 1 < len(tokens) else ""
    if word in COLOUR_WORDS:
        noun = _noun_after(tokens, i, names)
        words = f"{word} {noun}" if noun else word
        if noun in THING and i and tokens[i - 1].word in ("every", "each"):
            noun = "things"
            return _of_colour(COLOUR_WORDS[word], noun, words, names), 2
        return _of_colour(COLOUR_WORDS[word], noun, words, names), 2 if noun else 1
    if word in COLOUR_PLURALS:
        return _of_colour(COLOUR_PLURALS[word], "ones", word, names), 1
    if word in FOREIGN_COLOURS and (after in SHAPE_WORDS or after in THING or _known(after)):
        raise _missing(f"{word} {after}", names)
    if word in FOREIGN_COLOURS and i and tokens[i - 1].word in DETERMINERS:
        raise _missing(word, names)
    if word in FOREIGN_SHAPES and after != "of" and i and tokens[i - 1].word in DETERMINERS:
        raise _missing(word, names)
    if word in SHAPE_WORDS or word in SHAPE_PLURALS:
        found = _shape_alone(tokens, i, names, seen)
        return (found, 1) if found else None
    return None


def _determined(tokens: Sequence[_Token], i: int) -> bool:
    return i > 0 and tokens[i - 1].word in DETERMINERS


def _kind_at(tokens: Sequence[_Token], i: int) -> tuple[str, int] | None:
    """Return the kind of things that token `i` speaks of and how many tokens that takes."""
    if i >= len(tokens):
        return None
    word = tokens[i].word
    after = tokens[i + 1].word if i + 1 < len(tokens) else ""
    if word in SHAPE_PLURALS or word in COLOUR_PLURALS:
        return {**SHAPE_PLURALS, **COLOUR_PLURALS}[word], 1
    if word not in COLOUR_WORDS or after in SHAPE_WORDS or after in THING:
        return None
    return COLOUR_WORDS[word], 2 if after in THINGS else 1


def _kinds(tokens: Sequence[_Token]) -> set[int]:
    """Return the tokens of "cubes with cubes, balls with balls": kinds to sort by, no mentions."""
    told: set[int] = set()
    for i in range(len(tokens)):
        first = _kind_at(tokens, i)
        if first is None:
            continue
        start = j = i + first[1]
        while j < len(tokens) and (tokens[j].word in _WITH or tokens[j].word in DETERMINERS):
            j += 1
        second = _kind_at(tokens, j)
        if second and second[0] == first[0] and any(t.word in _WITH for t in tokens[start:j]):
            told |= {*range(i, start), *range(j, j + second[1])}
    return told | _kinds_together(tokens)


def _kinds_together(tokens: Sequence[_Token]) -> set[int]:
    """Return the tokens of "the cubes together, the balls together", if there are two kinds."""
    told: dict[str, list[int]] = {}
    for i in range(len(tokens)):
        kind = _kind_at(tokens, i)
        end = i + kind[1] if kind else i
        after = [t.word for t in tokens[end : end + 3]]
        if kind and "together" in (after if after[:1] == ["should"] else after[:1]):
            told.setdefault(kind[0], []).extend(range(i, end))
    return {i for found in told.values() for i in found} if len(told) > 1 else set()


@functools.cache
def _spoken() -> frozenset[str]:
    """Return every word that the phrases for goals use: none of them names a strange thing."""
    texts: list[str] = []
    for value in vars(phrases).values():
        parts = value.values() if isinstance(value, dict) else (value,)
        for part in parts:
            if isinstance(part, tuple) and value not in (phrases.NONSENSE, phrases.STRANGE):
                texts += [t if isinstance(t, str) else t[1] for t in part]
    for text in said_of_things():
        texts += re.findall(r"\bthe ([a-z]+)", text)
    return frozenset(_WORD.findall(" ".join(texts).lower()))


def _refuse_strangers(tokens: Sequence[_Token], bound: set[int], names: Sequence[str]) -> None:
    """Refuse "the sandwich": "the", a word that no goal uses, and then no noun.

    Raises:
      BadInput: such a thing is named.
    """
    for i in range(1, len(tokens)):
        word, before = tokens[i].word, tokens[i - 1].word
        after = tokens[i + 1].word if i + 1 < len(tokens) else "and"
        strange = i not in bound and word not in _spoken() and word not in NOT_NOUNS
        # "have a look", "a bit": only "the" speaks of a thing that is there.
        if not strange or before != "the" or word in QUANTIFIERS:
            continue
        if len(word) > 3 and any(_edits_one(word, w) for w in _spoken()):
            continue
        if after in NOT_NOUNS and not _known(word) and not re.search(r"(ly|ing|ed)$|'", word):
            raise _missing(word, names)


def bind(task: str, names: Sequence[str]) -> Mentions:
    """Rewrite the mentions in `task` to names on the table.

    Args:
      task: free words.
      names: what is on the table, such as "red cube".

    Raises:
      BadInput: something mentioned is not there, or could be two things.
    """
    tokens, seen = _tokens(task), list[str]()
    kinds = _kinds(tokens)
    pieces, at, i, bound = list[str](), 0, 0, set(kinds)
    while i < len(tokens):
        found = None if i in kinds else _mention_at(tokens, i, names, seen)
        if not found:
            i += 1
            continue
        named, used = found
        first, last = tokens[i], tokens[i + used - 1]
        # "All cubes" becomes "all the red cube and the blue cube".
        article = "the " if len(named) > 1 and not _determined(tokens, i) else ""
        pieces += [task[at : first.start], article, " and the ".join(named)]
        bound |= set(range(i, i + used))
        at, i = last.end, i + used
        seen += [n for n in named if n not in seen]
    _refuse_strangers(tokens, bound, names)
    text = " ".join(("".join(pieces) + task[at:]).split())
    quantified = bool(kinds) or any(t.word in QUANTIFIERS or t.word in THINGS for t in tokens)
    return Mentions(text=text, names=tuple(seen), quantified=quantified)
