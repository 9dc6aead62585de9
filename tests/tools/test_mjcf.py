"""MJCF a model wrote: what is let in, what is refused in which words, and what a child may do."""

import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindseye.tools.errors import ToolError
from mindseye.tools.gl import mujoco
from mindseye.tools.physics.mjcf.child import read_frame, write_frame
from mindseye.tools.physics.mjcf.grammar import (
    BOUNDS,
    GRAMMAR,
    MAY_BE_ZERO,
    Name,
    Numbers,
    OneOf,
    Value,
    Whole,
)
from mindseye.tools.physics.mjcf.parse import ARENA, Limits, parse_mjcf
from mindseye.tools.physics.mjcf.sandbox import Sandbox

BALL = """<mujoco model="throw">
  <option timestep="0.002" gravity="0 0 -9.81"/>
  <!-- a red ball thrown off two metres -->
  <worldbody>
    <geom name="floor" type="plane" size="0 0 1"/>
    <body name="red ball" pos="0 0 2">
      <freejoint/>
      <geom type="sphere" size=".05" mass="0.5" rgba="1 0 0 1"/>
    </body>
  </worldbody>
  <keyframe><key qpos="0 0 2 1 0 0 0" qvel="3 0 0 0 0 0"/></keyframe>
</mujoco>"""
ARENA_ELEMENT = f'<size memory="{ARENA}"/>'


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def inside(words: str) -> str:
    return f"<mujoco><worldbody><geom size='1'/>{words}</worldbody></mujoco>"


def heap(boxes: int) -> str:
    """Return boxes that are held in one place: the most contacts for the fewest words."""
    body = (
        '<body pos="0 0 {}"><joint type="slide" axis="0 0 1" range="0 0.001" limited="true"/>'
        '<geom type="box" size="1 1 1" condim="6"/></body>'
    )
    bodies = "".join(body.format(k / 1000) for k in range(boxes))
    return f"<mujoco><worldbody>{bodies}</worldbody></mujoco>"


def test_what_mujoco_gets_is_written_anew_on_the_same_lines() -> None:
    mjcf = parse_mjcf(BALL.replace("0.002", " +2.0e-3\n"))
    assert mjcf.timestep == 0.002
    assert 'timestep="0.002"' in mjcf.xml
    assert "thrown off" not in mjcf.xml
    at = next(k for k, line in enumerate(mjcf.xml.split("\n"), 1) if "red ball" in line)
    assert at == 7
    assert mjcf.counts["geom"] == 2
    assert mujoco.MjModel.from_xml_string(mjcf.xml).body("red ball").mass == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no element found"),
        ("Sure! Here it is:", "line 1: not well-formed"),
        ("<svg/>", "outermost element must be <mujoco>, not <svg>"),
        (BALL + "<mujoco/>", "line 12: junk after document element"),
        ("<mujoco><worldbody/></mujoco>", "nothing to simulate"),
        ("<mujoco><include file='/etc/passwd'/></mujoco>", "<include> is not allowed in <mujoco>"),
        ("<mujoco><asset><mesh file='a.obj'/></asset></mujoco>", "<asset> is not allowed"),
        ("<mujoco><extension><plugin plugin='p'/></extension></mujoco>", "<extension>"),
        ("<mujoco><size memory='9G'/></mujoco>", "<size> is not allowed"),
        ("<mujoco><compiler meshdir='/'/></mujoco>", "may not have the attribute 'meshdir'"),
        (inside("<geom type='mesh' mesh='m'/>"), "type of <geom> must be one of: plane, sphere"),
        (inside("<geom size='1' material='m'/>"), "attribute 'material'; allowed: axisangle"),
        (inside("<replicate count='99999'><geom size='1'/></replicate>"), "<replicate>"),
        (inside("<composite type='cable'/>"), "<composite> is not allowed in <worldbody>"),
        (inside("<body><plugin/></body>"), "<plugin> is not allowed in <body>"),
        (inside("a ball"), "text between elements is not allowed: 'a ball'"),
        (inside("<geom size='nan'/>"), "size of <geom> holds 'nan'"),
        (inside("<geom size='0x10'/>"), "no plain number"),
        (inside("<geom size='1_0'/>"), "no plain number"),
        (inside("<geom size='\u0661'/>"), "no plain number"),
        (inside("<geom size='1e999'/>"), "holds 1e999; a size here is 0.0001 to 1000, or 0"),
        (inside("<geom size='1' mass='-1'/>"), "a mass here is 1e-06 to 1e+06, or 0"),
        (inside("<geom size='1 1 1 1'/>"), "must hold 1 to 3 numbers, it holds 4"),
        (inside("<geom size='1' name='a/b'/>"), "must be a name"),
        (inside("<geom size='1' condim='2'/>"), "must be one of: 1, 3, 4, 6"),
        (inside("<geom size='1' contype='-1'/>"), "whole number from 0 to 2147483647"),
        (BALL.replace("0.002", "0.5"), "a time step here is 0.0001 to 0.02"),
        (inside("<body>" * 20 + "</body>" * 20), "more than 16 elements within each other"),
        (inside("<body/>" * 33), "more than 32 <body> are not allowed"),
        (inside("<site/>" * 65), "more than 64 <site> are not allowed"),
        (inside(" " * 20_000), "20056 characters; at most 20000"),
        ("<!DOCTYPE m SYSTEM 'file:///etc/passwd'><mujoco/>", "a document type"),
        ("<!DOCTYPE m [<!ENTITY a 'b'>]><mujoco>&a;</mujoco>", "a document type"),
        (inside("&nbsp;"), "undefined entity"),
        ("<?php system('id') ?><mujoco/>", "processing instruction"),
        (inside("\0"), "not well-formed"),
        (inside("\ud800"), "not valid Unicode"),
        ("<m:mujoco xmlns:m='http://x'/>", "outermost element must be <mujoco>"),
        (inside("<geom size='1' size='2'/>"), "duplicate attribute"),
    ],
)
def test_the_rest_is_refused_in_words_that_help(text: str, why: str) -> None:
    with pytest.raises(ToolError) as caught:
        parse_mjcf(text)
    assert why in str(caught.value)
    assert len(str(caught.value)) < 600


def test_what_a_model_wrote_is_quoted_short_and_plain() -> None:
    with pytest.raises(ToolError) as caught:
        parse_mjcf(inside("<geom \u202e" + "x" * 5000 + "='1'/>").replace("\u202e", "é"))
    assert str(caught.value).isascii()
    assert len(str(caught.value)) < 600


def test_a_declared_encoding_is_not_followed() -> None:
    plain = '<mujoco><worldbody><geom size="1"/></worldbody></mujoco>'
    assert parse_mjcf(f'<?xml version="1.0" encoding="utf-16"?>{plain}').counts["geom"] == 1


def _mujoco_schema() -> dict[str, set[str]]:
    """Return every element MuJoCo knows, with its attributes wherever it stands."""
    known: dict[str, set[str]] = {}
    name = ""
    for line in mujoco.mj_printSchema(False, False).splitlines():
        head, attributes = line[:27].split(), line[27:].split()
        if head:
            name = head[0].removeprefix("(world)")
        known.setdefault(name, set()).update(attributes)
    return known


def test_the_grammar_invents_nothing_and_names_no_file() -> None:
    known = _mujoco_schema()
    for name, element in GRAMMAR.items():
        assert set(element.attributes) <= known.get(name, set()), name
        assert element.children <= set(GRAMMAR), name
        assert not set(element.attributes) & {"file", "mesh", "hfield", "texture", "material"}
    assert not set(GRAMMAR) & {"include", "asset", "attach", "plugin", "extension", "size"}


def _texts(value: Value) -> st.SearchStrategy[str]:
    match value:
        case Numbers():
            low, high = BOUNDS[value.quantity]
            number = st.floats(low, high).filter(
                lambda x: x >= low or (x == 0 and value.quantity in MAY_BE_ZERO)
            )
            count = st.integers(value.least, min(value.most, 8))
            return count.flatmap(
                lambda n: st.lists(number, min_size=n, max_size=n).map(
                    lambda xs: " ".join(map(repr, xs))
                )
            )
        case Whole():
            return st.integers(value.low, value.high).map(str)
        case OneOf():
            return st.sampled_from(value.words)
        case Name():
            return st.text("abcXYZ019_.' -", min_size=1, max_size=8)


UNSHARED = {"name", "class", "joint", "geom1", "geom2", "fullinertia"}


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Return text that keeps to the grammar, sensible or not."""

    def element(name: str, depth: int, default: bool = False) -> str:
        grammar = GRAMMAR[name]
        # What is a default for many has no name; that is MuJoCo's to say.
        kept = sorted(set(grammar.attributes) - (UNSHARED if default else set()))
        keys = draw(st.lists(st.sampled_from(kept), unique=True, max_size=4) if kept
                    else st.just([]))  # fmt: skip
        held = "".join(f' {k}="{draw(_texts(grammar.attributes[k]))}"' for k in keys)
        nested = sorted(grammar.children) if depth < 4 else []
        inner = draw(st.lists(st.sampled_from(nested), max_size=3)) if nested else []
        inner = [n for k, n in enumerate(inner) if n not in inner[:k]]
        shared = default or name == "default"
        return f"<{name}{held}>{''.join(element(n, depth + 1, shared) for n in inner)}</{name}>"

    parts = draw(st.lists(st.sampled_from(sorted(GRAMMAR["mujoco"].children - {"worldbody"})),
                          unique=True, max_size=3))  # fmt: skip
    made = "".join(element(p, 1) for p in parts)
    world = "".join(element(n, 2) for n in draw(st.lists(st.just("body"), max_size=3)))
    return f'<mujoco>{made}<worldbody><geom size="1"/>{world}</worldbody></mujoco>'


@given(documents())
@settings(max_examples=60)
def test_what_keeps_to_the_grammar_is_let_in_and_mujoco_knows_every_word(text: str) -> None:
    mjcf = parse_mjcf(text, replace(Limits(), counts={}))
    again = parse_mjcf(mjcf.xml.replace(ARENA_ELEMENT, "", 1), replace(Limits(), counts={}))
    assert again.xml == mjcf.xml
    try:
        model = mujoco.MjModel.from_xml_string(mjcf.xml)
    except ValueError as error:
        # It may well make no sense, but never because of a word MuJoCo does not know.
        assert "unrecognized" not in str(error)  # noqa: PT017
    else:
        assert model.ngeom == mjcf.counts["geom"] - _defaults(text)


def _defaults(text: str) -> int:
    """Return how many of the geoms stand in `default` and make none."""
    import xml.etree.ElementTree as ElementTree

    root = ElementTree.fromstring(text)
    return sum(1 for d in root.findall("default") for _ in d.iter("geom"))


@given(st.text(max_size=300), st.integers(0, len(BALL)), st.integers(0, 30))
def test_no_text_does_more_than_be_refused(noise: str, at: int, cut: int) -> None:
    for text in (noise, BALL[:at] + noise + BALL[at + cut :]):
        try:
            mjcf = parse_mjcf(text)
        except ToolError:
            continue
        assert set(mjcf.counts) <= set(GRAMMAR)


def test_a_throw_follows_the_closed_form(sandbox: Sandbox) -> None:
    done = sandbox.simulate(BALL, 1.0, rate=50)
    motion = done.motion
    assert motion.names == ("red ball",)
    assert len(motion.times) == 51
    landed = next(t for t, a, b in motion.contacts if (a, b) == ("world", "red ball"))
    assert landed == pytest.approx(math.sqrt(2 * 1.95 / 9.81), abs=0.005)
    flying = motion.times < landed - 0.01
    t, ball = motion.times[flying], motion.states[flying, 0]
    assert ball[:, 0] == pytest.approx(3 * t, rel=0.01)
    assert ball[:, 2] == pytest.approx(2 - 9.81 * t**2 / 2, abs=0.01)
    assert ball[:, 7] == pytest.approx(np.full(len(t), 3.0))
    assert ball[:, 9] == pytest.approx(-9.81 * t, rel=0.01)


def test_the_clip_shows_the_ball_go_right_and_down(sandbox: Sandbox) -> None:
    frames = sandbox.simulate(BALL, 0.6, picture=64).motion.frames
    assert frames.shape == (8, 64, 64, 3)
    red = (frames[..., 0].astype(int) - frames[..., 1] > 60) & (frames[..., 2] < 60)
    rows, columns = zip(*(np.argwhere(r).mean(axis=0) for r in red), strict=True)
    assert all(np.diff(columns) > 0)
    assert all(np.diff(rows) > 0)


def test_a_compile_error_names_the_line_of_the_text(sandbox: Sandbox) -> None:
    broken = BALL.replace('size=".05"', "")
    with pytest.raises(ToolError, match=r"size 0 must be positive.*line 8"):
        sandbox.simulate(broken)


@pytest.mark.parametrize(
    ("text", "seconds", "why"),
    [
        (BALL, float("nan"), "cannot simulate nan s"),
        (BALL, 61.0, "at most 60 s"),
        (BALL.replace("0.002", "0.0001"), 10.0, "more than 20000 steps"),
        (BALL.replace('mass="0.5"', 'density="1e6"').replace(".05", "900"), 1.0, "bodies weigh"),
        (BALL.replace('qvel="3 0', 'qvel="3 1').replace("<freejoint/>", ""), 1.0, "key"),
        (
            inside("<body><joint type='slide' axis='1 0 0' stiffness='1e7'/>"
                   "<geom size='.01' mass='1e-6'/></body>").replace(
                "</worldbody>", "</worldbody><keyframe><key qpos='1'/></keyframe>"),
            1.0, "unstable",
        ),
    ],
    ids=["nan", "long", "steps", "heavy", "key", "unstable"],
)  # fmt: skip
def test_what_does_not_work_out_is_told(
    sandbox: Sandbox, text: str, seconds: float, why: str
) -> None:
    with pytest.raises(ToolError, match=why):
        sandbox.simulate(text, seconds, rate=10)


def test_a_child_that_takes_too_long_is_killed_and_the_next_one_works() -> None:
    with Sandbox(Limits(wall=0.3)) as sandbox:
        sandbox.warm()
        started = time.monotonic()
        with pytest.raises(ToolError, match=r"longer than 0\.3 s and was stopped"):
            sandbox.simulate(heap(32), 30.0, rate=10)
        assert time.monotonic() - started < 3.0
        assert sandbox.simulate(heap(2), 0.01).motion.names == ("body 1", "body 2")


def test_a_child_gets_no_more_memory_than_its_bound() -> None:
    with (
        Sandbox(Limits(memory=8)) as sandbox,
        pytest.raises(ToolError, match="more than 8 MB"),
    ):
        sandbox.simulate(heap(2))


def test_the_process_is_started_again_when_it_has_died(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a-secret")
    with Sandbox() as sandbox:
        sandbox.warm()
        assert sandbox.process is not None
        first = sandbox.process
        if os.path.exists(f"/proc/{first.pid}/environ"):
            with open(f"/proc/{first.pid}/environ", "rb") as file:
                assert b"a-secret" not in file.read()
        first.kill()
        first.wait()
        assert sandbox.simulate(BALL, 0.1).motion.names == ("red ball",)
        second = sandbox.process
    assert second is not first
    assert second.poll() is not None


CONFINED = """
import os, socket, sys
from mindseye.tools.physics.mjcf.child import confine
out = os.dup(1)
confine(5, 64)
held = []
for what in (lambda: open("/etc/passwd"), lambda: open("/tmp/mindseye-test", "w"),
             lambda: os.listdir("/"), socket.socket, os.pipe, lambda: bytearray(200 * 2**20)):
    try:
        what()
        held.append("no")
    except (OSError, MemoryError) as error:
        held.append(type(error).__name__)
os.write(out, " ".join(held).encode())
"""


def test_a_confined_process_opens_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CONFINED], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["OSError"] * 5 + ["MemoryError"]
    assert done.stderr == ""


def test_frames_survive_the_pipe_and_a_cut_one_is_noticed() -> None:
    source, sink = os.pipe()
    with os.fdopen(source, "rb") as reader:
        with os.fdopen(sink, "wb") as writer:
            write_frame(writer, {"a": [1, "é"]}, b"\0body")
            write_frame(writer, {"b": 2}, b"lost")
            writer.flush()
        assert read_frame(reader) == ({"a": [1, "é"]}, b"\0body")
        assert read_frame(reader) == ({"b": 2}, b"lost")
        with pytest.raises(EOFError):
            read_frame(reader)
