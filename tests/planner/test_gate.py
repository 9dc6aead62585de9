"""The gates: none plans past the budget, and information is worth what the formula says."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindseye.planner.candidates import Candidate
from mindseye.planner.config import Gate, load_config
from mindseye.planner.gate import GATES, Costs, Gating, Situation, gate, sketching
from mindseye.planner.information import expected, knowledge_gradient, noise, shift
from mindseye.planner.trust import Trust
from mindseye.tools.errors import BadInput
from mindseye.tools.subgoals import Subgoal
from mindseye.tools.values import Patch, Point, Push, SceneGraph, scene_of

SCENE = scene_of({"red cube": (0.0, 0.0), "blue ball": (0.2, -0.2), "green star": (-0.2, 0.2)})
PRICE = {"physics": 0.1, "video": 0.6}
BOTH = ("physics", "video")


def candidate(prior: float, key: str = "c0", target: Point = (0.0, 0.2)) -> Candidate:
    subgoal = Subgoal(move="red cube", relation="in_area", area="top")
    push = Push(subject="red cube", target=target)
    return Candidate(id=key, subgoal=subgoal, prior=prior, push=push)


def situation(priors: Sequence[float], **changes: Any) -> Situation:
    base: dict[str, Any] = {
        "candidates": [candidate(p, f"c{k}") for k, p in enumerate(priors)], "allowed": BOTH,
        "costs": Costs(physics=0.1, video=0.3), "seconds": 60.0, "samples": 2, "scene": SCENE,
        "floor": 0.005,
    }  # fmt: skip
    return Situation(**base | changes)


def asked(gated: Sequence[Gating]) -> list[tuple[str, ...]]:
    return [g.tools for g in gated]


@given(
    st.sampled_from(GATES), st.floats(0.0, 3.0), st.lists(st.floats(0.001, 1.0), max_size=12),
    st.sampled_from([(), ("physics",), ("video",), BOTH]), st.none() | st.floats(0.0, 1.0),
    st.dictionaries(st.sampled_from(["none", "video", "physics", "both"]), st.floats(0.0, 1.0)),
)  # fmt: skip
def test_no_gate_plans_past_the_budget_or_asks_what_is_not_allowed(
    name: Gate, seconds: float, priors: list[float], allowed: tuple[str, ...], best: float | None,
    opinion: dict[str, float],
) -> None:  # fmt: skip
    at = situation(priors, seconds=seconds, allowed=allowed, best=best, opinion=opinion)
    gated = gate(name, at)
    assert sum(PRICE[t] for g in gated for t in g.tools) <= seconds + 1e-9
    assert [g.candidate for g in gated] == list(at.candidates)
    assert all({*g.tools} <= {*allowed} and g.reason for g in gated)
    assert gated == gate(name, at)


def test_the_budget_pictures_all_it_can_and_nothing_where_there_is_nothing_to_find_out() -> None:
    assert asked(gate("budget", situation([0.7, 0.2, 0.001]))) == [BOTH, BOTH, ()]
    assert asked(gate("budget", situation([0.7, 0.2], seconds=0.85))) == [BOTH, ("physics",)]
    sure = situation([0.99], opinion={"none": 0.99})
    assert asked(gate("budget", sure)) == [()]


def test_fixed_gates_do_what_they_are_called_and_lots_are_drawn_by_the_seed() -> None:
    at = situation([0.6, 0.2, 0.1])
    tools = {"never": (), "simulate": ("physics",), "imagine": ("video",), "both": BOTH}
    for name in GATES:
        if name in tools:
            assert asked(gate(name, at)) == [tools[name]] * 3
    many = [situation([0.1] * 30, seed=seed) for seed in (1, 1, 2)]
    one, again, other = (asked(gate("random", at)) for at in many)
    assert one == again != other
    assert {*one} == {(), ("physics",), ("video",), BOTH}
    assert [sketching(n, BOTH) for n in ("budget", "never", "imagine")] == [
        ("physics",), (), ("video",)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("opinion", "allowed", "tools"),
    [
        ({"none": 0.6, "both": 0.4}, BOTH, ()),
        ({"video": 0.6, "both": 0.4}, BOTH, ("video",)),
        ({"video": 0.4, "both": 0.6}, BOTH, BOTH),
        ({"none": 0.4, "physics": 0.3, "both": 0.3}, ("physics",), ("physics",)),
        ({"none": 0.3, "video": 0.4, "physics": 0.3}, ("physics",), ()),
    ],
)
def test_the_language_models_word_goes_for_all(
    opinion: dict[str, float], allowed: tuple[str, ...], tools: tuple[str, ...]
) -> None:
    at = situation([0.5, 0.4], opinion=opinion, allowed=allowed)
    assert asked(gate("model", at)) == [tools] * 2


@pytest.mark.parametrize(
    ("gated", "tools"), [("imagine", "physics"), ("both", "video"), ("simulate", "video")]
)
def test_a_gate_that_asks_for_other_tools_is_one_line(gated: str, tools: str) -> None:
    with pytest.raises(BadInput, match=f"'{gated}' asks .* and tools = '{tools}'"):
        load_config(None, [f"gate={gated}", f"tools={tools}"])
    assert load_config(None, [f"gate={gated}", "tools=none"]).gate == gated
    with pytest.raises(BadInput, match="'budget', 'evoi', 'model'"):
        load_config(None, ["gate=evo"])


MEANS = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6)
SPREADS = st.floats(0.0, 1.0)
NOISES = st.floats(0.0, 5.0) | st.just(math.inf)


@given(MEANS, st.data(), SPREADS, NOISES, NOISES)
def test_a_readings_gain_is_none_without_news_and_grows_with_it(
    means: list[float], data: st.DataObject, spread: float, one: float, other: float
) -> None:
    index = data.draw(st.integers(0, len(means) - 1))
    clear, blurred = (
        knowledge_gradient(means, index, shift(spread, e)) for e in sorted((one, other))
    )
    assert 0.0 <= blurred <= clear + 1e-12
    # No reading moves a mean further than what is read may be off.
    assert shift(spread, one) <= spread
    assert clear <= spread / math.sqrt(2 * math.pi) + 1e-12
    wider = knowledge_gradient(means, index, shift(spread + 0.1, one))
    assert wider >= knowledge_gradient(means, index, shift(spread, one)) - 1e-12
    assert knowledge_gradient(means, index, shift(spread, math.inf)) == 0.0
    assert knowledge_gradient(means[:1], 0, shift(spread, one)) == 0.0


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0), MEANS)
def test_only_the_gap_to_the_best_other_counts(
    a: float, b: float, moved: float, rest: list[float]
) -> None:
    assert knowledge_gradient([a, b], 0, moved) == knowledge_gradient([a, b], 1, moved)
    found = {
        knowledge_gradient([a, *order], 0, moved) for order in itertools.permutations(rest[:4])
    }
    assert len(found) == 1
    further = max(rest) + abs(max(rest) - a) + 0.1
    near = knowledge_gradient([a, *rest], 0, moved)
    if a <= max(rest):
        assert knowledge_gradient([a, further], 0, moved) <= near + 1e-12


def test_the_formula_agrees_with_a_sum_over_all_that_may_be_read() -> None:
    means, spread, error = [0.5, 0.62, 0.3], 0.2, 0.15
    moved = shift(spread, error)
    steps = [-6 + 12 * k / 20_000 for k in range(20_001)]
    weights = [math.exp(-z * z / 2) for z in steps]
    risen = sum(w * max(0.62, 0.5 + moved * z) for z, w in zip(steps, weights, strict=True))
    assert knowledge_gradient(means, 0, moved) == pytest.approx(
        risen / sum(weights) - 0.62, abs=1e-6
    )


def test_what_may_go_wrong_spreads_what_is_expected() -> None:
    calm = expected(candidate(0.5), 0.5, SCENE)
    assert (calm.mean, calm.risks) == (0.8, ())
    assert expected(candidate(0.1), 0.5, SCENE).mean < calm.mean

    def risks(scene: SceneGraph, target: Point = (0.0, 0.2)) -> tuple[str, ...]:
        found = expected(candidate(0.5, target=target), 0.5, scene)
        assert (found.spread > calm.spread) == bool(found.risks)
        return found.risks

    def beside(name: str, place: Point, **changes: Any) -> SceneGraph:
        return scene_of({"red cube": (0.0, 0.0), name: place}, **changes)

    ice = Patch(kind="ice", position=(0.1, 0.1), radius=0.08)
    assert risks(beside("green star", (0.25, 0.0), patches=(ice,))) == ("ice",)
    assert risks(SCENE, target=(0.0, 0.26)) == ("near the rim",)
    assert risks(beside("blue star", (0.05, 0.1))) == ("a crowd",)
    assert risks(beside("blue ball", (0.05, 0.1))) == ("a ball", "a crowd")
    assert risks(beside("blue mug", (0.05, 0.1))) == ("a crowd", "unknown to the simulator")
    hidden = SceneGraph(
        objects=tuple(
            type(o)(**{**vars(o), "confidence": 0.5}) if o.name == "red cube" else o
            for o in SCENE.objects
        )
    )
    assert risks(hidden) == ("hardly seen",)


def test_a_tool_that_is_trusted_is_read_with_less_noise_and_two_with_less_still() -> None:
    one, burnt = candidate(0.5), Trust(tallies={"physics": {"push cube": (0, 30)}})
    trusted = noise(("physics",), one, Trust())
    assert noise(BOTH, one, Trust()) < trusted < noise(("physics",), one, burnt)
    assert noise((), one, Trust()) == math.inf


def test_information_is_bought_where_it_may_change_the_choice_and_is_cheap() -> None:
    level = gate("evoi", situation([0.3, 0.3, 0.3]))
    assert asked(level) == [("physics",)] * 3
    assert "gain" in level[0].reason
    # One stands far above the others: nothing that is likely to be seen would change that.
    clear = gate("evoi", situation([0.9, 0.01, 0.01], floor=0.1))
    assert asked(clear) == [()] * 3
    assert "not worth its time" in clear[0].reason
    assert asked(gate("evoi", situation([0.9]))) == [()]
    # What is dear waits: seconds for three pictures go to the three that gain most.
    short = gate("evoi", situation([0.3, 0.01, 0.3, 0.3], seconds=0.35, floor=0.001))
    assert asked(short) == [("physics",), (), ("physics",), ("physics",)]
    assert "no time left" in short[1].reason
    # A simulator that was always wrong about cubes gives way to imagination.
    burnt = Trust(tallies={"physics": {"push cube": (0, 2000)}, "video": {"push cube": (40, 0)}})
    assert asked(gate("evoi", situation([0.3, 0.3], trust=burnt))) == [("video",)] * 2
    # Against one that was pictured already, only what may beat it is looked at.
    assert asked(gate("evoi", situation([0.3, 0.3], best=0.99, floor=0.1))) == [()] * 2
