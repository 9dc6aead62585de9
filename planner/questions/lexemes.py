"""Ways of speaking of a quantity: "weighs twice as much as", "from a higher table".

A lexeme is a verb with what can follow it. All forms of a relation come from its few
words, in the manner of adjectives ("heavier than") or of nouns ("a greater mass than").
`{p}` is the participle of the event at hand (thrown, dropped, pushed), `{Y}` the other
body, `{v}` an amount, `{b}` an amount in front of a noun. Which lexemes there are says
`mindseye.planner.questions.contexts`.
"""

import functools
from dataclasses import dataclass
from typing import Literal

Level = Literal["more", "less"]

_AS: dict[str, tuple[str, ...]] = {
    "2x": ("twice", "twice", "two times"), "3x": ("three times", "3 times"),
    "4x": ("four times", "4 times"), "5x": ("five times",), "10x": ("ten times", "10 times"),
    "1.5x": ("1.5 times", "one and a half times"), "0.5x": ("half", "half", "only half"),
    "1/3x": ("a third", "one third"), "1/4x": ("a quarter", "one quarter"),
}  # fmt: skip
_OF: dict[str, tuple[str, ...]] = {
    "2x": ("twice", "double", "two times"), "3x": ("three times", "triple"),
    "4x": ("four times", "4 times"), "5x": ("five times",), "10x": ("ten times",),
    "1.5x": ("1.5 times", "one and a half times"), "0.5x": ("half", "only half"),
    "1/3x": ("a third of", "one third of"), "1/4x": ("a quarter of", "one quarter of"),
}  # fmt: skip
FACTORS = tuple(_AS)
_DEGREES = ("", "", "", "", "much ", "a lot ", "slightly ", "a little ", "a bit ", "considerably ")


@dataclass(frozen=True, kw_only=True)
class Lexeme:
    """One way of speaking of a quantity; adjectival with a `base`, else nominal."""

    verb: str
    """Infinitive, with its preposition: "be {p} from"."""
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    base: str = ""
    """"heavy", as in "twice as heavy as"."""
    noun: str = ""
    """"mass", as in "twice the mass of"."""
    article: str = "a "
    values: tuple[str, ...] = ()
    """What follows the verb when a number is given."""
    words: tuple[str, ...] = ()
    """The same for a word such as "ice"."""
    times: tuple[str, ...] = ()
    """Instead of the usual forms, with `{as}` ("twice as") or `{of}` ("twice")."""
    same: tuple[str, ...] = ()
    same_plural: tuple[str, ...] = ()
    exact: bool = True
    """Takes factors and differences, not only more and less."""
    adjunct: str | None = None
    """Preposition with which it follows an event; None if it cannot."""


@functools.cache
def level(lexeme: Lexeme, which: Level, bare: bool) -> tuple[str, ...]:
    """Return what says more or less: "heavier than {Y}", or "heavier"."""
    tail = "" if bare else " than {Y}"
    words = lexeme.more if which == "more" else lexeme.less
    if lexeme.base:
        return tuple(f"{d}{w}{tail}" for w in words for d in _DEGREES if not (d and " " in w))
    noun = f" {lexeme.noun}" if lexeme.noun else ""
    return tuple(f"{lexeme.article}{w}{noun}{tail}" for w in words)


@functools.cache
def times(lexeme: Lexeme, factor: str, bare: bool) -> tuple[str, ...]:
    """Return what says "twice as heavy as {Y}"."""
    if not lexeme.exact:
        return ()
    if lexeme.times:
        found = [
            form.replace("{as}", f"{k} as").replace("{of}", of)
            for form in lexeme.times
            for k, of in zip(_AS[factor], _OF[factor], strict=False)
        ]
    elif lexeme.base:
        found = [f"{k} as {lexeme.base} as {{Y}}" for k in _AS[factor]]
    else:
        found = [f"{of} the {lexeme.noun} of {{Y}}" for of in _OF[factor]]
    if not bare:
        return tuple(found)
    ends = (" as that of {Y}", " as {Y}", " of {Y}")
    cut = (form.removesuffix(next((e for e in ends if form.endswith(e)), "")) for form in found)
    return tuple(form for form in cut if "{Y}" not in form)


@functools.cache
def difference(lexeme: Lexeme, amount: str, which: Level) -> tuple[str, ...]:
    """Return what says "2 kg heavier than {Y}" or "20% heavier than {Y}"."""
    if not lexeme.exact or not lexeme.base:
        return ()
    words = lexeme.more if which == "more" else lexeme.less
    return tuple(f"{amount} {w} than {{Y}}" for w in words if " " not in w)


def differs(lexeme: Lexeme) -> bool:
    """Say whether it can tell a difference."""
    return bool(difference(lexeme, "", "more")) and bool(difference(lexeme, "", "less"))


@functools.cache
def alike(lexeme: Lexeme) -> tuple[str, ...]:
    """Return what says "as heavy as {Y}"."""
    if lexeme.same:
        return lexeme.same
    if lexeme.base:
        return (f"as {lexeme.base} as {{Y}}", f"just as {lexeme.base} as {{Y}}",
                f"exactly as {lexeme.base} as {{Y}}")  # fmt: skip
    return (f"the same {lexeme.noun} as {{Y}}", f"exactly the same {lexeme.noun} as {{Y}}")


@functools.cache
def alike_plural(lexeme: Lexeme) -> tuple[str, ...]:
    """Return what says of several that they are "equally heavy"."""
    if lexeme.same_plural:
        return lexeme.same_plural
    if lexeme.same:
        return ()
    if lexeme.base:
        return (f"equally {lexeme.base}", f"just as {lexeme.base} as each other")
    return (f"the same {lexeme.noun}", f"exactly the same {lexeme.noun}")
