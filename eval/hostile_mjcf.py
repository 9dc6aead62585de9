"""MJCF that is broken, absurd, or after something."""

import copy
import random
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass

from mindseye.eval.hostile_text import NUMBERS, RAW, WORDS, Way, cut_up, noise
from mindseye.tools.physics.mjcf.grammar import BOUNDS, GRAMMAR, Name, Numbers, OneOf, Value, Whole

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


WAYS: tuple[tuple[Way, float], ...] = (
    (_mutated_tree, 0.4),
    (_stretched, 0.15),
    (_grammatical, 0.1),
    (lambda rng: cut_up(rng.choice(MJCF), rng), 0.25),
    (noise, 0.1),
)
"""With their shares."""
