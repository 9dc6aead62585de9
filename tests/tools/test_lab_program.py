"""The scene program: what is read, what is refused, and that text comes back the same."""

import json
import math
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindseye.tools.errors import ToolError
from mindseye.tools.physics.lab.amount import (
    PATTERN,
    SI,
    Dimension,
    Relative,
    Stated,
    Word,
    parse_amount,
    units_of,
)
from mindseye.tools.physics.lab.program import (
    QUANTITY_DIMENSION,
    SCENES,
    Scene,
    parse_program,
    program_schema,
)

EXAMPLE = (
    '{"scene":"projection","bodies":[{"name":"red ball","speed":"3 m/s"},'
    '{"name":"blue ball","speed":"2x"}],"ask":{"kind":"compare","measure":"range"}}'
)


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("3 m/s", "speed", 3.0),
        ("36 km/h", "speed", 10.0),
        ("10 mph", "speed", 4.4704),
        ("2 metres per second", "speed", 2.0),
        ("1,200 kg", "mass", 1200.0),
        ("2 lbs", "mass", 0.90718474),
        ("6 feet", "length", 1.8288),
        ("30 degrees", "angle", math.pi / 6),
        ("80%", "ratio", 0.8),
        ("0.3", "ratio", 0.3),
        ("three minutes", "time", 180.0),
        ("1.6 m/s^2", "acceleration", 1.6),
        ("1/4 m", "length", 0.25),
    ],
)
def test_amounts_in_units(text: str, dimension: Dimension, value: float) -> None:
    amount = parse_amount(text, dimension)
    assert isinstance(amount, Stated)
    assert amount.value == pytest.approx(value)
    assert re.match(PATTERN, text)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("2x", Relative(factor=2.0)),
        ("1/2x red ball", Relative(factor=0.5, of="red ball")),
        ("twice the lorry", Relative(factor=2.0, of="the lorry")),
        ("half", Relative(factor=0.5)),
        ("more", Relative(level="more")),
        ("less than blue box", Relative(level="less", of="blue box")),
        ("same as A", Relative(of="A")),
        ("2 kg more than A", Relative(offset=2.0, of="A")),
        ("500 g less", Relative(offset=-0.5)),
        ("25% more than A", Relative(factor=1.25, of="A")),
        ("moon", Word(word="moon")),
    ],
)
def test_amounts_in_relation(text: str, amount: Relative) -> None:
    assert parse_amount(text, "mass") == amount
    assert re.match(PATTERN, text)


@pytest.mark.parametrize("text", ["2 m", "2", "1/0 kg", "9e999 kg", "", "kg 2", "x" * 90, "2 kg ?"])
def test_what_is_no_mass(text: str) -> None:
    with pytest.raises(ToolError):
        parse_amount(text, "mass")


def test_the_text_comes_back_as_it_was_written() -> None:
    assert parse_program(EXAMPLE).text() == EXAMPLE


def _program(**changes: Any) -> dict[str, Any]:
    example: dict[str, Any] = json.loads(EXAMPLE)
    return example | changes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bodies": [{"name": "a", "friction": "2"}]}, "takes no friction"),
        ({"bodies": [{"name": "a", "colour": "red"}]}, "colour"),
        ({"bodies": [{"name": "a"}, {"name": "A"}]}, "own name"),
        ({"bodies": []}, "at least 1"),
        ({"bodies": [{"name": str(i)} for i in range(6)]}, "at most 5"),
        ({"bodies": [{"name": "a"}, {"name": "b", "direction": "up"}]}, "direction"),
        ({"bodies": [{"name": "a"}, {"name": "b", "speed": "2x c"}]}, "no body 'c'"),
        ({"bodies": [{"name": "a"}]}, "compare takes 2"),
        ({"ask": {"kind": "order", "measure": "range"}}, "order takes 3"),
        ({"ask": {"kind": "number", "measure": "range"}}, "say of which"),
        ({"ask": {"kind": "compare", "measure": "impulse"}}, "no measure"),
        ({"ask": {"kind": "does", "event": "stops", "of": "red ball"}}, "no event"),
        ({"ask": {"kind": "number", "measure": "range", "of": "red ball", "unit": "kg"}}, "unit"),
        (
            {"ask": {"kind": "exceeds", "measure": "range", "of": "red ball", "value": "2x"}},
            "value",
        ),
        ({"scene": "chemistry"}, "scene"),
    ],
)
def test_what_is_refused_says_why(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ToolError, match=words):
        parse_program(_program(**changes))


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(ToolError):
        parse_program(text)


@st.composite
def programs(draw: st.DrawFn) -> dict[str, Any]:
    """Draw programs that are well formed, amounts in any unit or relation."""
    scene: Scene = draw(st.sampled_from(list(SCENES)))
    kind = SCENES[scene]
    count = 2 if scene == "collision" else draw(st.integers(1, 5))
    bodies = []
    for i in range(count):
        body: dict[str, str] = {"name": f"b{i}"}
        for quantity in kind.takes:
            if draw(st.booleans()):
                number = draw(st.floats(0.1, 99).map(lambda x: f"{x:.3g}"))
                unit = draw(st.sampled_from(units_of(QUANTITY_DIMENSION[quantity])))
                relation = draw(st.sampled_from(["2x", "more", "less", "same", "3x b0", "half"]))
                body[quantity] = draw(st.sampled_from([f"{number} {unit}".strip(), relation]))
        bodies.append(body)
    measure = draw(st.sampled_from(kind.measures))
    return {
        "scene": scene,
        "bodies": bodies,
        "ask": {"kind": "number", "measure": measure, "of": "b0"},
    }


@settings(deadline=None)
@given(programs())
def test_programs_survive_their_own_text(source: dict[str, Any]) -> None:
    program = parse_program(source)
    assert parse_program(program.text()) == program
    for body in program.bodies:
        assert all(re.match(PATTERN, text) for text in body.amounts.values())


def test_schema_offers_each_scene_its_own_and_no_more() -> None:
    for scene, alternative in zip(SCENES, program_schema()["anyOf"], strict=True):
        offered = set(alternative["properties"]["bodies"]["items"]["properties"])
        assert offered - {"name", "direction"} == set(SCENES[scene].takes)
    assert set(SI) >= set(QUANTITY_DIMENSION.values())
