"""Makes hostile inputs: MJCF and scene programs that are broken, absurd, or after something.

Every input follows from a seed and its number alone, so that one finding can be made
again. Most start from a valid text and know its structure: what is nearly right gets
further into a parser than noise does.
"""

import copy
import json
import random
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from mindseye.tools.physics.mjcf.grammar import BOUNDS, GRAMMAR, Name, Numbers, OneOf, Value, Whole

Target = Literal["mjcf", "program"]

MJCF = (
    """<mujoco model="fall"><option timestep="0.002" gravity="0 0 -9.81"/><worldbody>
<geom name="floor" type="plane" size="0 0 1"/>
<body name="red ball" pos="0 0 2"><freejoint/><geom type="sphere" size="0.1" mass="1"/></body>
<body name="blue ball" pos="1 0 4"><freejoint/><geom type="sphere" size="0.1" mass="2"/></body>
</worldbody><keyframe><key qvel="3 0 0 0 0 0 0 0 1 0 0 0"/></keyframe></mujoco>""",
    """<mujoco><compiler angle="degree"/><default><geom friction="0.4 0.005 0.0001" condim="4"/>
<default class="ice"><geom friction="0.02" rgba="0.8 0.9 1 1"/></default></default><worldbody>
<light pos="0 0 5" dir="0 0 -1"/><camera name="side" pos="0 -5 1" xyaxes="1 0 0 0 0 1"/>
<geom class="ice" type="box" size="5 1 0.1" euler="0 20 0"/>
<body name="crate" pos="-2 0 2" euler="0 20 0"><joint type="free"/>
<geom type="box" size="0.2 0.2 0.2" density="500"/></body></worldbody></mujoco>""",
    """<mujoco><option integrator="implicitfast" cone="elliptic"><flag gravity="disable"/></option>
<worldbody><body name="cart" pos="0 0 0.2"><joint name="x" type="slide" axis="1 0 0" damping="0.1"/>
<inertial pos="0 0 0" mass="3" diaginertia="0.1 0.1 0.1"/><geom type="capsule" size="0.1"
fromto="0 0 0 0.3 0 0" contype="1" conaffinity="1"/><site name="tip" pos="0.3 0 0" size="0.01"/>
<body name="pole"><joint type="hinge" axis="0 1 0" range="-90 90" limited="true"/>
<geom type="cylinder" size="0.02 0.3"/></body></body></worldbody>
<actuator><motor joint="x" gear="10" ctrlrange="-1 1"/><velocity joint="x" kv="2"/></actuator>
<contact><exclude body1="cart" body2="pole"/></contact>
<keyframe><key name="go" qpos="0 0.1" qvel="2 0" ctrl="1 0"/></keyframe></mujoco>""",
)
PROGRAMS: tuple[dict[str, Any], ...] = (
    {"scene": "projection",
     "bodies": [{"name": "red ball", "speed": "3 m/s"}, {"name": "blue ball", "speed": "2x"}],
     "ask": {"kind": "compare", "measure": "range"}},
    {"scene": "motion", "bodies": [{"name": "cart", "mass": "2 kg", "force": "4 N"}],
     "world": {"duration": "3 s"}, "ask": {"kind": "number", "measure": "speed", "unit": "m/s"}},
    {"scene": "free_fall",
     "bodies": [{"name": "a", "height": "2 m"}, {"name": "b", "height": "more"},
                {"name": "c", "height": "2x b", "direction": "down"}],
     "world": {"gravity": "moon"}, "ask": {"kind": "order", "measure": "time"}},
    {"scene": "friction", "bodies": [{"name": "box", "speed": "5 m/s", "friction": "0.4"}],
     "ask": {"kind": "exceeds", "measure": "distance", "value": "3 m", "of": "box"}},
    {"scene": "collision",
     "bodies": [{"name": "truck", "mass": "2 kg more than car", "speed": "20 km/h"},
                {"name": "car", "mass": "900 kg", "direction": "towards"}],
     "world": {"restitution": "elastic"}, "ask": {"kind": "does", "event": "reverses",
                                                  "of": "truck"}},
    {"scene": "slope", "bodies": [{"name": "sled", "angle": "30 deg", "length": "10% less"}],
     "ask": {"kind": "does", "event": "slides"}},
)  # fmt: skip

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
ELEMENTS = (
    "include", "asset", "mesh", "hfield", "texture", "material", "model", "attach", "plugin",
    "extension", "composite", "flexcomp", "replicate", "frame", "size", "custom", "numeric",
    "text", "visual", "statistic", "sensor", "equality", "tendon", "deformable", "skin", "general",
    "MUJOCO", "Geom", "geom ", "xi:include", "mujocoinclude", "script", "a" * 500,
)  # fmt: skip
ATTRIBUTES = (
    "file", "mesh", "hfield", "texture", "material", "plugin", "instance", "content_type", "user",
    "meshdir", "texturedir", "assetdir", "strippath", "memory", "nconmax", "count", "href",
    "xmlns", "xml:base", "xsi:schemaLocation", "onload", "Size", "mocap", "b" * 500,
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


def hostile(target: Target, seed: int, index: int, canary: str) -> str:
    """Return input number `index`.

    Args:
      target: which parser it is for.
      seed: of the whole series.
      index: number of the input.
      canary: path of a file that nobody may touch; some inputs name it.
    """
    rng = random.Random(f"{target}:{seed}:{index}")
    ways = _MJCF_WAYS if target == "mjcf" else _PROGRAM_WAYS
    made = rng.choices([w for w, _ in ways], [share for _, share in ways])[0](rng)
    return made.replace("{canary}", canary)


# MJCF


@dataclass(eq=False)
class _Node:
    """An element that need not be a valid one."""

    tag: str
    attributes: list[tuple[str, str]]
    children: list["_Node"]
    words: str = ""

    def all(self) -> list["_Node"]:
        return [self, *(n for child in self.children for n in child.all())]

    def text(self, rng: random.Random) -> str:
        quote = rng.choice("'\"")
        held = "".join(f" {k}={quote}{v}{quote}" for k, v in self.attributes)
        inner = "".join(child.text(rng) for child in self.children)
        return f"<{self.tag}{held}>{self.words}{inner}</{self.tag}>"


def _tree(rng: random.Random) -> _Node:
    def made(element: ElementTree.Element) -> _Node:
        return _Node(element.tag, list(element.items()), [made(c) for c in element])

    return made(ElementTree.fromstring(rng.choice(MJCF)))


def _mutated_tree(rng: random.Random) -> str:
    root = _tree(rng)
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        rng.choice(_TREE_EDITS)(rng, root)
        if len(root.all()) > 5000:
            break
    return root.text(rng)


def _set_number(rng: random.Random, root: _Node) -> None:
    node = rng.choice([n for n in root.all() if n.attributes] or [root])
    if node.attributes:
        k = rng.randrange(len(node.attributes))
        key, value = node.attributes[k]
        parts = value.split() or [""]
        parts[rng.randrange(len(parts))] = rng.choice((*NUMBERS, *WORDS))
        node.attributes[k] = key, rng.choice((" ", "  ", "\n", "\xa0")).join(parts)


def _repeat_number(rng: random.Random, root: _Node) -> None:
    node = rng.choice(root.all())
    node.attributes = [(k, " ".join([v] * rng.choice((1, 2, 50)))) for k, v in node.attributes]


def _add_attribute(rng: random.Random, root: _Node) -> None:
    known = sorted({a for e in GRAMMAR.values() for a in e.attributes})
    key = rng.choice((rng.choice(ATTRIBUTES), rng.choice(known)))
    rng.choice(root.all()).attributes.append((key, rng.choice((*NUMBERS, *WORDS))))


def _add_element(rng: random.Random, root: _Node) -> None:
    tag = rng.choice((rng.choice(ELEMENTS), rng.choice(sorted(GRAMMAR))))
    named = [] if rng.random() < 0.3 else [(rng.choice(ATTRIBUTES), rng.choice(WORDS))]
    rng.choice(root.all()).children.append(_Node(tag, named, []))


def _rename(rng: random.Random, root: _Node) -> None:
    rng.choice(root.all()).tag = rng.choice((*ELEMENTS, *sorted(GRAMMAR)))


def _drop(rng: random.Random, root: _Node) -> None:
    node = rng.choice(root.all())
    if node.children and rng.random() < 0.5:
        del node.children[rng.randrange(len(node.children))]
    elif node.attributes:
        del node.attributes[rng.randrange(len(node.attributes))]


def _graft(rng: random.Random, root: _Node) -> None:
    rng.choice(root.all()).children.append(copy.deepcopy(rng.choice(_tree(rng).all())))


def _multiply(rng: random.Random, root: _Node) -> None:
    node = rng.choice(root.all())
    if node.children:
        twin = rng.choice(node.children)
        node.children += [copy.deepcopy(twin) for _ in range(rng.choice((1, 5, 40, 300)))]


def _nest(rng: random.Random, root: _Node) -> None:
    node, depth = rng.choice(root.all()), rng.choice((2, 12, 20, 400, 2000))
    tag = rng.choice(("body", "default", node.tag))
    # As text, for the generator's own recursion is bounded.
    node.words = f"<{tag}>" * depth + f"</{tag}>" * depth


def _write_words(rng: random.Random, root: _Node) -> None:
    rng.choice(root.all()).words = rng.choice((*WORDS, *RAW))


_TREE_EDITS: tuple[Callable[[random.Random, _Node], None], ...] = (
    _set_number, _set_number, _repeat_number, _add_attribute, _add_element, _rename, _drop, _graft,
    _multiply, _nest, _write_words,
)  # fmt: skip


def _grammatical(rng: random.Random) -> str:
    """Return text within the grammar and its bounds, as absurd as they allow."""

    def element(tag: str, depth: int) -> str:
        grammar = GRAMMAR[tag]
        keys = rng.sample(
            sorted(grammar.attributes), min(len(grammar.attributes), rng.randrange(6))
        )
        if tag == "geom" and rng.random() < 0.9:
            keys = [*{*keys, "size"} - {"fromto"}]
        held = "".join(f' {k}="{_extreme(rng, grammar.attributes[k])}"' for k in keys)
        kinds = sorted(grammar.children) if depth < 6 else []
        inner = rng.choices(kinds, k=rng.randrange(5)) if kinds else []
        if tag == "body":
            inner = ["geom", rng.choice(("freejoint", "joint")), *inner]
        return f"<{tag}{held}>{''.join(element(t, depth + 1) for t in inner)}</{tag}>"

    tags = [t for t in sorted(GRAMMAR["mujoco"].children - {"worldbody"}) if rng.random() < 0.3]
    world = "".join(element("body", 2) for _ in range(rng.choice((1, 2, 12))))
    return (
        f"<mujoco>{''.join(element(t, 1) for t in tags)}<worldbody>"
        f"<geom type='plane' size='0 0 1'/>{world}</worldbody></mujoco>"
    )


def _stretched(rng: random.Random) -> str:
    """Return a valid text with some values at the ends of what is allowed."""
    root, share = _tree(rng), rng.choice((0.05, 0.2, 0.6))
    for node in root.all():
        grammar = GRAMMAR[node.tag].attributes
        node.attributes = [
            (k, _extreme(rng, grammar[k], len(v.split())) if rng.random() < share else v)
            for k, v in node.attributes
        ]
    return root.text(rng)


def _extreme(rng: random.Random, value: Value, count: int = 0) -> str:
    match value:
        case Numbers():
            low, high = BOUNDS[value.quantity]
            choices = (low, high, (low + high) / 2, min(1.0, high), rng.uniform(low, high))
            n = count or rng.randint(value.least, min(value.most, 16))
            return " ".join(repr(rng.choice(choices)) for _ in range(n))
        case Whole():
            return str(rng.choice((value.low, value.high, rng.randint(value.low, value.high))))
        case OneOf():
            return rng.choice(value.words)
        case Name():
            return rng.choice(("a", "b", "red ball", "world", "x", "-", " ", "'"))


# Both


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


def _noise(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.3:
        return "".join(chr(rng.randrange(0x110000)) for _ in range(rng.randrange(200)))
    if kind < 0.8:
        parts = [
            *RAW,
            *WORDS,
            *NUMBERS,
            *(f"<{e}>" for e in ELEMENTS),
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
        ]
        return "".join(rng.choice(parts) for _ in range(rng.randrange(60)))
    return rng.choice(("<a>", "[", '{"a":', "<mujoco a='", "(" * 9, "x")) * rng.choice(
        (999, 99_999)
    )


# Scene programs


def _program(rng: random.Random) -> dict[str, Any]:
    return copy.deepcopy(rng.choice(PROGRAMS))


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return every container in `value` with every key or index of it."""
    keys = (
        list(value) if isinstance(value, dict)
        else list(range(len(value))) if isinstance(value, list) else []
    )  # fmt: skip
    return [(value, k) for k in keys] + [p for k in keys for p in _places(value[k])]


def _absurd(rng: random.Random) -> Any:
    return rng.choice((
        None, True, 0, -1, 10**400, 1e308, float("nan"), float("inf"), "", [], {}, [[]], {"": ""},
        rng.choice(NUMBERS), rng.choice(WORDS),
        rng.choice(NUMBERS) + rng.choice((" m", " kg", "x")),
        "2x " + rng.choice(WORDS), "9" * 5000 + " m", "1e999 m/s", "1/0 s", "more than " + "a" * 70,
        rng.choice(("moon", "same", "less", "half", "twice b", "10% less than a", "-5 kg")),
        ["a"] * rng.choice((6, 2000)), {str(k): k for k in range(rng.choice((3, 2000)))},
    ))  # fmt: skip


def _mutated_program(rng: random.Random) -> str:
    program = _program(rng)
    for _ in range(rng.choice((1, 1, 2, 4))):
        places = _places(program)
        if not 0 < len(places) < 5000:
            # Nothing left, or so much that the generator's own memory would count.
            break
        holder, key = rng.choice(places)
        act = rng.random()
        if act < 0.5:
            holder[key] = _absurd(rng)
        elif act < 0.65:
            del holder[key]
        elif act < 0.8 and isinstance(holder, dict):
            holder[rng.choice((*WORDS, "version", "mass", "speed", "of", "direction"))] = _absurd(
                rng
            )
        elif isinstance(holder, list):
            most = 20_000 // (1 + len(_places(holder[key])))
            copied = holder[key]
            holder += [copy.deepcopy(copied) for _ in range(min(rng.choice((1, 3, 500)), most))]
        else:
            holder[key] = copy.deepcopy(rng.choice(PROGRAMS))
    return json.dumps(program, ensure_ascii=rng.random() < 0.5)


def _deep(rng: random.Random) -> str:
    depth = rng.choice((10, 500, 1900, 50_000))
    inner = rng.choice(("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth))
    return json.dumps(_program(rng)).replace('"ask": {', f'"ask": {inner}, "b": {{', 1)


_MJCF_WAYS: tuple[tuple[Callable[[random.Random], str], float], ...] = (
    (_mutated_tree, 0.4),
    (_stretched, 0.15),
    (_grammatical, 0.1),
    (lambda rng: cut_up(rng.choice(MJCF), rng), 0.25),
    (_noise, 0.1),
)
_PROGRAM_WAYS: tuple[tuple[Callable[[random.Random], str], float], ...] = (
    (_mutated_program, 0.6),
    (lambda rng: cut_up(json.dumps(_program(rng)), rng), 0.25),
    (_deep, 0.05),
    (_noise, 0.1),
)
