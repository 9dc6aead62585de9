"""The hand-written physics questions: well formed, balanced, and their arithmetic right."""

import ast
import json
import math
import operator
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mindseye

PATH = Path(mindseye.__file__).parent / "eval" / "data" / "physics_questions.jsonl"
ROWS: list[dict[str, Any]] = [json.loads(line) for line in PATH.read_text("utf-8").splitlines()]
SCENES = {"motion", "friction", "free_fall", "projection", "collision", "slope"}
FIELDS = {"id", "question", "choices", "answer", "tolerance", "unit", "scene", "kind",
          "simulable", "why"}  # fmt: skip
NUMBERS = [r for r in ROWS if r["kind"] == "number"]

_OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.Pow: operator.pow,
}  # fmt: skip


def worked_out(node: ast.expr) -> float:
    """Return what an expression of numbers, `sqrt`, `sin`, `cos` and `radians` comes to."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.BinOp():
            return _OPERATIONS[type(node.op)](worked_out(node.left), worked_out(node.right))
        case ast.UnaryOp(op=ast.USub()):
            return -worked_out(node.operand)
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return float(getattr(math, name)(worked_out(argument)))
        case _:
            raise AssertionError(ast.unparse(node))


def test_there_are_enough_and_each_says_all_of_itself() -> None:
    assert len(ROWS) >= 130
    assert len({r["id"] for r in ROWS}) == len({r["question"] for r in ROWS}) == len(ROWS)
    for row in ROWS:
        extra = {"depends_on"} if row["kind"] == "underspecified" else set()
        assert set(row) == FIELDS | extra, row["id"]
        assert row["simulable"] == (row["scene"] in SCENES), row["id"]
        assert (row["tolerance"] is None) == (row["kind"] != "number"), row["id"]


def test_scenes_and_answers_are_balanced() -> None:
    per_scene = Counter(r["scene"] for r in ROWS if r["simulable"])
    assert set(per_scene) == SCENES
    assert max(per_scene.values()) - min(per_scene.values()) <= 2
    assert sum(not r["simulable"] for r in ROWS) >= 10
    for scene in SCENES:
        compared = [r for r in ROWS if r["kind"] == "compare" and r["scene"] == scene]
        places = Counter(r["choices"].index(r["answer"]) for r in compared)
        assert places == {0: 3, 1: 3, 2: 3}, scene
    said = Counter(r["answer"] for r in ROWS if r["kind"] == "yes_no")
    assert abs(said["yes"] - said["no"]) <= 3


@pytest.mark.parametrize("row", [r for r in ROWS if r["choices"]], ids=lambda r: r["id"])
def test_the_answer_is_among_the_choices_and_they_in_the_question(row: dict[str, Any]) -> None:
    if row["kind"] == "order":
        assert sorted(row["answer"].split(", ")) == sorted(row["choices"])
    elif row["kind"] != "underspecified":
        assert row["choices"].count(row["answer"]) == 1
    if row["kind"] in ("compare", "order"):
        for choice in set(row["choices"]) - {"same"}:
            assert choice.lower() in row["question"].lower()


@pytest.mark.parametrize("row", NUMBERS, ids=lambda r: r["id"])
def test_the_arithmetic_comes_to_the_answer(row: dict[str, Any]) -> None:
    *_, arithmetic, result = row["why"].split("=")
    value, unit = result.strip().split(" ", 1)
    assert (float(value), unit) == (row["answer"], row["unit"])
    expression = ast.parse(arithmetic.strip(), mode="eval").body
    assert worked_out(expression) == pytest.approx(row["answer"], rel=0.004)
    assert 0 < row["tolerance"] <= 0.05
