"""The hostile bits that inputs for every target are made of, and ways to make text from them."""

import random
from collections.abc import Callable

Way = Callable[[random.Random], str]
"""Makes one input."""

NUMBERS = (
    "0", "-0", "-1", "1e-9", "1e9", "1e308", "1e309", "-1e999", "1e-400", "nan", "NaN", "inf",
    "-Infinity", "0x10", "1_0", "1,5", "1e", ".", "+", "--1", "1e+", "٣", "１", "9" * 400,
    "0." + "0" * 300 + "1", "1 1", "", " ", "\t", "1;2", "${x}", "%s%n", "0/0", "1/0",
)  # fmt: skip
WORDS = (
    "\u202e", "\ufeff", "\x85", "\u2028", "é", "名", "\U0001f680", "a" * 300, "../../etc/passwd",
    "file:///etc/passwd", "http://127.0.0.1:9/x", "{canary}", "[/red]", "<b>", "&lt;", "'", '"',
    "`id`", "$(id)", "{{7*7}}", "\\u0000", "\\", "world", "__proto__", "None", "null", "true",
)  # fmt: skip
RAW = (
    '<!DOCTYPE m [<!ENTITY x SYSTEM "{canary}">]>', '<!DOCTYPE m SYSTEM "{canary}">',
    '<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>',
    '<!DOCTYPE m [<!ENTITY % p SYSTEM "{canary}">%p;]>', "&x;", "&c;", "&#0;", "&#x110000;",
    "&#xD800;", "&lt;include/&gt;", "<![CDATA[<include file='{canary}'/>]]>", "<![CDATA[",
    "<?xml-stylesheet href='{canary}'?>", "<?xml version='1.1'?>", "<!--", "-->", "<!-- -- -->",
    "<?xml version='1.0' encoding='utf-7'?>", "\0", "\ud800", "\ufffe",
    "<include file='{canary}'/>", "<mujoco>", "</mujoco>", "</", "<", ">", "/>", "]]>",
    "<xi:include href='{canary}'/>",
    "<asset><mesh name='m' file='{canary}'/></asset>", "<texture file='{canary}'/>",
    "<extension><plugin plugin='{canary}'/></extension>", "<model file='{canary}'/>",
)  # fmt: skip


def cut_up(text: str, rng: random.Random) -> str:
    """Return the text with characters cut, moved, repeated and hostile ones put in."""
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        a, b = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        b = min(b, a + rng.choice((1, 8, 60)))
        piece = rng.choice((
            "", chr(rng.randrange(0x80)), chr(rng.randrange(0x110000)), text[a:b] * 2,
            text[a:b][::-1], rng.choice(NUMBERS), rng.choice(WORDS), rng.choice(RAW),
            text[a:b].swapcase(),
        ))  # fmt: skip
        text = text[:a] + piece + text[b:]
    return text[: rng.randrange(len(text) + 1)] if rng.random() < 0.1 else text


def noise(rng: random.Random) -> str:
    """Return text that has next to no structure."""
    kind = rng.random()
    if kind < 0.3:
        return "".join(chr(rng.randrange(0x110000)) for _ in range(rng.randrange(200)))
    if kind < 0.8:
        parts = (*RAW, *WORDS, *NUMBERS, "<geom>", "<plugin>", *"{}[]:,")
        return "".join(rng.choice(parts) for _ in range(rng.randrange(60)))
    piece = rng.choice(("<a>", "[", '{"a":', "<mujoco a='", "(" * 9, "x"))
    return piece * rng.choice((999, 99_999))
