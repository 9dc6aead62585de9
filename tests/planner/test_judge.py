"""Candidates, judge and memory on small hand-made values."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from mindseye.planner.candidates import Candidate, Proposal, expand, filled, worthwhile
from mindseye.planner.judge import Picture, came_about, judge, mean_imagined, success, video_value
from mindseye.planner.perception import Memory, clearly_satisfied
from mindseye.planner.trust import Trust
from mindseye.tools.goals import Goal
from mindseye.tools.subgoals import MANNERS, Subgoal, nominal_target
from mindseye.tools.values import (
    Clip,
    Outcome,
    Plausibility,
    Point,
    Provenance,
    Push,
    Reward,
    SceneGraph,
    Violation,
    scene_of,
)

START = scene_of({"red cube": (0.2, 0.2), "blue ball": (0.0, 0.0), "green star": (-0.2, 0.2)})


def candidate(subgoal: Subgoal, where: SceneGraph, key: str, prior: float = 0.5) -> Candidate:
    target = nominal_target(subgoal, where.layout)
    return Candidate(
        id=key, subgoal=subgoal, prior=prior, push=Push(subject=subgoal.move, target=target)
    )


def picture(value: float | None, imagined: Sequence[float], end: Point = (0.1, 0.1)) -> Picture:
    one = candidate(Subgoal(move="red cube", relation="in_area", area="top"), START, "c0")
    moved = scene_of({"red cube": (0.1, 0.1), "blue ball": (0.0, 0.0), "green star": (-0.2, 0.2)})
    dreamt = scene_of({"red cube": end, "blue ball": (0.0, 0.0), "green star": (-0.2, 0.2)})
    computed = Outcome(before=START, after=moved, moved={"red cube": (-0.1, -0.1)})
    seen = Outcome(before=START, after=dreamt, moved={})
    return Picture(
        candidate=one,
        computed=computed if value is not None else None,
        computed_reward=Reward(value=value, confidence=1.0) if value is not None else None,
        imagined=(seen,) * len(imagined),
        imagined_rewards=tuple(Reward(value=v, confidence=0.9) for v in imagined),
    )


def test_disagreement_lowers_the_value_and_names_the_object() -> None:
    agreeing = judge(picture(0.8, [0.8, 0.8]), Trust())
    parting = judge(picture(0.8, [0.8, 0.8], end=(-0.2, -0.1)), Trust())
    assert agreeing.agreement == 1.0
    assert parting.value < agreeing.value
    assert any("red cube" in s for s in parting.disagreements)


def test_a_push_that_moves_nothing_is_worth_less_than_one_that_does() -> None:
    good = picture(0.8, [])
    assert good.computed is not None
    idle = replace(good, computed=replace(good.computed, after=START, moved={}))
    assert judge(idle, Trust()).value < judge(picture(0.6, []), Trust()).value
    assert judge(good, Trust()).value > judge(picture(0.6, []), Trust()).value


def test_spread_over_samples_counts_against_a_candidate() -> None:
    steady, lucky = picture(None, [0.6, 0.6]), picture(None, [1.0, 0.2])
    assert video_value(steady.imagined_rewards) > video_value(lucky.imagined_rewards) + 0.1
    assert judge(steady, Trust()).value > judge(lucky, Trust()).value


def test_having_been_imagined_counts_neither_for_nor_against() -> None:
    seen, unseen = picture(0.8, [0.6, 0.6]), picture(0.8, [])
    values = [judge(p, Trust(), unseen=0.6).value for p in (seen, unseen)]
    assert values[0] == pytest.approx(values[1], abs=0.01)


def test_a_tool_that_was_wrong_weighs_less() -> None:
    one = picture(0.2, [1.0])
    burnt = Trust()
    for _ in range(10):
        burnt = burnt.updated("video", "push cube", False)
    assert judge(one, burnt).value < judge(one, Trust()).value


def test_imagination_decides_where_to_push_when_it_shows_what_was_asked() -> None:
    asked = judge(picture(None, [0.9], end=(0.05, 0.22)), Trust())
    assert asked.target == (0.05, 0.22)
    assert asked.tool == "video"
    elsewhere = picture(None, [0.9], end=(0.05, -0.1))
    assert judge(elsewhere, Trust()).target == elsewhere.candidate.push.target


def implausible(pictured: Picture, *scores: float) -> Picture:
    worst = Violation(principle="permanence", amount=1.0, subject="red cube", frame=3)
    told = [Plausibility(score=s, violations=(worst,)) for s in scores]
    imagined = zip(pictured.imagined, told, strict=True)
    return replace(pictured, imagined=tuple(replace(o, plausibility=p) for o, p in imagined))


def test_what_was_imagined_against_physics_counts_for_nothing() -> None:
    both = picture(0.8, [1.0, 0.9])
    unbelieved = implausible(both, 0.01, 0.0)
    assert judge(unbelieved, Trust()) == judge(picture(0.8, []), Trust())
    assert judge(implausible(both, 0.01, 0.6), Trust()) == judge(both, Trust())
    assert mean_imagined([unbelieved, picture(None, [0.2])]) == pytest.approx(0.2)


def ends(*places: Point, fell: tuple[str, ...] = ()) -> tuple[Outcome, ...]:
    """Return outcomes in which the red cube, which is to go to the top, ends at the places."""
    rest = {n: p for n, p in START.layout.items() if n not in {"red cube", *fell}}
    return tuple(
        Outcome(before=START, after=scene_of({"red cube": p, **rest}), moved={}, fell=fell)
        for p in places
    )


IN, BRINK, OUT = (0.0, 0.2), (0.0, 0.105), (0.0, 0.0)
"""Well inside the area at the top, just inside, and outside."""


def shown(
    computed: tuple[Outcome, ...] = (), imagined: tuple[Outcome, ...] = (), sure: float = 0.9
) -> Picture:
    return Picture(
        candidate=picture(None, []).candidate, computed=computed[0] if computed else None,
        doubted=computed[1:], imagined=imagined,
        imagined_rewards=(Reward(value=0.5, confidence=sure),) * len(imagined),
    )  # fmt: skip


def test_the_score_for_success_falls_with_all_that_speaks_against_it() -> None:
    def score(pictured: Picture, trust: Trust | None = None) -> float:
        found = success(pictured, trust or Trust())
        assert found is not None
        assert 0.0 <= found <= 1.0
        return found

    burnt = Trust(tallies={"physics": {"push cube": (0, 20)}})
    falling = [
        score(shown(ends(IN, IN, IN), ends(IN))),
        score(shown(ends(IN, IN, IN))),
        score(shown(ends(BRINK, IN, IN))),
        score(shown(ends(IN, IN, OUT))),
        score(shown(ends(IN), ends(OUT))),
        score(shown(ends(OUT, OUT, IN))),
        score(shown(ends(OUT), ends(OUT))),
    ]
    assert falling == sorted(falling, reverse=True)
    assert len(set(falling)) == len(falling)
    assert 0.5 < score(shown(ends(IN, IN, IN)), burnt) < falling[1]
    # Imagined samples count by their share, and by how well vision could read them.
    halves = [score(shown(imagined=ends(*places))) for places in ((IN, IN), (IN, OUT), (OUT, OUT))]
    assert halves[1] == pytest.approx((halves[0] + halves[2]) / 2)
    assert 0.5 < score(shown(imagined=ends(IN), sure=0.2)) < halves[0]
    lost = shown(ends(IN, fell=("blue ball",)))
    assert score(lost) == score(shown(ends(OUT)))
    # Where the tools part about another object, it is worth less too.
    strayed = {"red cube": IN, "blue ball": (-0.2, -0.2), "green star": (-0.2, 0.2)}
    elsewhere = Outcome(before=START, after=scene_of(strayed), moved={})
    assert score(shown(ends(IN), (elsewhere,))) < score(shown(ends(IN), ends(IN)))
    assert success(shown(), Trust()) is None
    assert success(implausible(shown(imagined=ends(IN)), 0.0), Trust()) is None


def dreamt_with(doubt: float, place: Point) -> Picture:
    clip = Clip(
        frames=np.zeros((8, 64, 64, 3), np.uint8), dt=0.8, doubt={"red cube": doubt},
        provenance=Provenance(source="video", model="m", seed=0),
    )  # fmt: skip
    return replace(shown(imagined=ends(place)), clips=(clip,))


def test_how_far_off_a_generator_may_be_decides_what_its_picture_tells() -> None:
    scores = [success(dreamt_with(d, IN), Trust()) for d in (0.0, 0.08, 0.3)]
    assert scores == sorted(scores, key=lambda s: -(s or 0.0))
    assert len(set(scores)) == 3
    # What is shown outside may yet end inside.
    near = (0.0, 0.08)
    sure, unsure = (success(dreamt_with(d, near), Trust()) for d in (0.0, 0.06))
    assert sure is not None
    assert unsure is not None
    assert unsure > sure
    # Next to a simulation that knows better, a doubtful picture weighs less.
    told = replace(dreamt_with(0.01, IN), computed=ends(IN)[0])
    told = replace(told, computed_reward=Reward(value=0.0, confidence=1.0))
    vague = replace(told, clips=dreamt_with(0.2, IN).clips)
    assert judge(vague, Trust()).value < judge(told, Trust()).value


def test_what_seldom_does_what_it_says_is_worth_less() -> None:
    sure = replace(picture(0.8, [0.6, 0.7]), doubted=ends(IN, IN))
    unsure = replace(sure, doubted=ends(OUT, OUT))
    one, other = judge(sure, Trust()), judge(unsure, Trust())
    assert one.success is not None
    assert other.success is not None
    assert one.success > other.success
    assert one.value > other.value


def test_to_push_others_along_is_worth_less() -> None:
    alone = picture(0.8, [])
    assert alone.computed is not None
    along = replace(alone.computed, moved={"red cube": (-0.1, -0.1), "green star": (0.0, 0.03)})
    assert judge(alone, Trust()).value > judge(replace(alone, computed=along), Trust()).value


def test_geometry_names_what_the_language_model_leaves_out() -> None:
    layout = {"red cube": (-0.2, 0.2), "red ball": (0.2, 0.2), "blue star": (0.0, -0.2)}
    goal = Goal.model_validate({"all": [{"relation": "grouped_by", "by": "colour"}]})
    useless = Proposal(subgoal=Subgoal(move="blue star", relation="in_area", area="top"), prior=0.4)
    one = filled([useless], goal, layout, 1)
    assert one[0] == useless
    assert len(one) == 2
    assert {one[1].subgoal.move, one[1].subgoal.object} == {"red cube", "red ball"}
    assert one[1].prior < useless.prior
    assert len(filled([useless], goal, layout, 4)) == 4


def test_two_alike_in_colour_do_not_change_places() -> None:
    def shown(cube: Point, ball: Point) -> SceneGraph:
        return scene_of({"red cube": cube, "red ball": ball})

    memory = Memory(shown((0.0, 0.0), (0.1, 0.0)))
    mistaken = memory.recognise(shown((0.1, 0.005), (0.005, 0.0)))
    assert mistaken.layout == {"red cube": (0.005, 0.0), "red ball": (0.1, 0.005)}
    # What is pushed is followed from look to look, past the other one.
    for x in (0.04, 0.08, 0.12, 0.16):
        assert memory.recognise(shown((x, 0.05), (0.1, 0.0))).layout["red cube"] == (x, 0.05)


def test_a_subgoal_came_about_if_it_holds_and_nothing_is_gone() -> None:
    subgoal = picture(None, []).candidate.subgoal
    before = START.layout
    assert came_about(subgoal, before, {**before, "red cube": IN})
    assert not came_about(subgoal, before, {**before, "red cube": OUT})
    assert not came_about(subgoal, before, {"red cube": IN, "blue ball": (0.0, 0.0)})


def test_a_way_around_exists_only_where_something_stands_in_the_way() -> None:
    proposal = Proposal(
        subgoal=Subgoal(move="red cube", relation="left_of", object="blue ball"), prior=1.0
    )
    behind = scene_of({"red cube": (0.2, 0.0), "blue ball": (0.0, 0.0)})
    free = scene_of({"red cube": (-0.2, 0.1), "blue ball": (0.0, 0.0)})
    assert "around" in {c.subgoal.manner for c in expand([proposal], behind, MANNERS)}
    assert "around" not in {c.subgoal.manner for c in expand([proposal], free, MANNERS)}
    absent = replace(proposal, subgoal=Subgoal(move="red star", relation="in_area", area="top"))
    assert expand([absent], free, MANNERS) == []


def test_proposals_that_change_nothing_make_room_for_others() -> None:
    layout = {"red cube": (-0.2, 0.2), "blue ball": (0.1, 0.0)}
    held, brief, real = (
        Proposal(subgoal=Subgoal(move=move, relation="in_area", area=area), prior=prior)
        for move, area, prior in (
            ("red cube", "top_left", 0.6), ("blue ball", "right", 0.3), ("red cube", "top", 0.1),
        )
    )  # fmt: skip
    near = layout | {"blue ball": (0.13, 0.0)}  # The area begins at 0.1; the push would be 1 cm.
    assert worthwhile([held, brief, real], near, 2) == [real]
    assert worthwhile([held, real], layout, 1) == [real]
    assert worthwhile([held], layout, 1) == [held]


def test_memory_keeps_what_is_hidden_and_lets_go_of_what_fell() -> None:
    memory = Memory(scene_of({"red cube": (0.0, 0.0), "blue ball": (0.27, 0.0)}))
    empty = SceneGraph(objects=())
    assert memory.update(empty).names == ("red cube", "blue ball")
    assert memory.update(empty).names == ("red cube",)
    assert memory.lost == ("blue ball",)
    assert memory.update(scene_of({"red cube": (0.0, 0.1)})).layout["red cube"] == (0.0, 0.1)


def test_memory_does_not_let_things_change_their_nature() -> None:
    memory = Memory(scene_of({"red cube": (0.0, 0.0), "blue ball": (0.1, 0.0)}))
    misread = scene_of(
        {"red cylinder": (0.05, 0.0), "green ball": (0.11, 0.0), "purple star": (-0.2, 0.0)}
    )
    assert memory.update(misread).layout == {"red cube": (0.05, 0.0), "blue ball": (0.11, 0.0)}


def test_a_goal_on_the_brink_is_not_clearly_reached() -> None:
    goal = Goal.model_validate(
        {"all": [{"relation": "near", "subject": "red cube", "object": "blue ball"}]}
    )
    names = ("red cube", "blue ball")
    assert clearly_satisfied(goal, {"red cube": (0.0, 0.0), "blue ball": (0.09, 0.0)}, names)
    assert not clearly_satisfied(goal, {"red cube": (0.0, 0.0), "blue ball": (0.109, 0.0)}, names)
