"""Outcome and reward on small hand-made sightings."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindseye.tools.goals import REACH, Goal
from mindseye.tools.physics.camera import Camera
from mindseye.tools.values import Event, Point, Rollout, SceneGraph, SceneObject
from mindseye.tools.vision.outcome import (
    disagreement,
    outcome_from_rollout,
    read_outcome,
    reward_of,
)
from mindseye.tools.vision.scene_graph import Sighting

Places = Mapping[str, Point]


def thing(name: str, place: Point, confidence: float = 0.9) -> SceneObject:
    colour, shape = name.split()
    return SceneObject(
        referent=f"{colour}_{shape}_1", colour=colour, shape=shape, position=place,
        confidence=confidence,
    )  # fmt: skip


def graph(places: Places, pusher: Point | None = None) -> SceneGraph:
    return SceneGraph(objects=tuple(thing(n, p) for n, p in places.items()), pusher=pusher)


def clip(
    *frames: Places, pusher: Point | None = None, off: Places | None = None
) -> dict[int, Sighting]:
    """Return sightings; `off` lie beside the table in the last frame."""
    seen = {
        i: Sighting(graph=graph(places, pusher), camera=Camera.nominal())
        for i, places in enumerate(frames)
    }
    last = len(frames) - 1
    beside = tuple(thing(n, p) for n, p in (off or {}).items())
    seen[last] = Sighting(graph=seen[last].graph, off_table=beside, camera=Camera.nominal())
    return seen


START = {"red cube": (0.0, 0.0), "blue ball": (0.2, 0.0)}


def test_what_moved_and_what_stayed() -> None:
    end = {"red cube": (0.1, 0.002), "blue ball": (0.204, 0.0)}
    outcome = read_outcome(clip(START, end), graph(START))
    assert set(outcome.moved) == {"red cube"}
    assert outcome.moved["red cube"] == pytest.approx((0.1, 0.002))
    assert outcome.fell == outcome.vanished == outcome.appeared == ()
    assert outcome.after.layout == end
    assert outcome.frames_read == (0, 1)


@pytest.mark.parametrize(
    ("path", "off"),
    [
        ([(0.2, 0.0), (0.27, 0.0)], None),  # last seen at the edge
        ([(0.05, 0.0), (0.17, 0.0)], None),  # rolling: two more steps carry it over
        ([(0.2, 0.0), (0.2, 0.0)], {"blue ball": (0.34, 0.0)}),  # lies beside the table
    ],
)
def test_falls(path: list[Point], off: Places | None) -> None:
    rest = {"red cube": (0.0, 0.0)}
    frames = [{**rest, "blue ball": p} for p in path]
    outcome = read_outcome(clip(*frames, rest, rest, off=off), graph(START))
    assert outcome.fell == ("blue ball",)
    assert outcome.vanished == ()
    assert "blue ball" not in outcome.after.layout


def test_gone_from_the_middle_is_not_physical() -> None:
    rest = {"blue ball": (0.2, 0.0)}
    outcome = read_outcome(clip(START, rest, rest), graph(START))
    assert outcome.vanished == ("red cube",)
    assert outcome.confidence < read_outcome(clip(START, START), graph(START)).confidence


def test_hidden_behind_the_pusher_is_still_there() -> None:
    rest = {"blue ball": (0.2, 0.0)}
    # The camera looks from the front: what stands nearer hides what is behind it.
    hidden = read_outcome(clip(START, rest, rest, pusher=(0.0, -0.045)), graph(START))
    assert hidden.vanished == ()
    assert hidden.after.layout["red cube"] == (0.0, 0.0)
    assert hidden.after.find("red cube").confidence == pytest.approx(0.45)  # type: ignore[union-attr]
    behind = read_outcome(clip(START, rest, rest, pusher=(0.0, 0.15)), graph(START))
    assert behind.vanished == ("red cube",)


def test_one_dropped_frame_is_forgiven_but_a_swap_is_not() -> None:
    rest = {"blue ball": (0.2, 0.0)}
    assert read_outcome(clip(START, START, START, rest), graph(START)).vanished == ()
    swapped = {"green star": (0.005, 0.0), **rest}
    outcome = read_outcome(clip(START, START, swapped, swapped), graph(START))
    assert outcome.vanished == ("red cube",)
    assert outcome.appeared == ("green star",)


def test_one_odd_frame_is_no_apparition() -> None:
    odd = {**START, "green star": (-0.2, 0.1)}
    assert read_outcome(clip(START, START, odd), graph(START)).appeared == ()
    assert read_outcome(clip(START, odd, START), graph(START)).appeared == ()


NEAR = Goal.model_validate(
    {"all": [{"relation": "near", "subject": "red cube", "object": "blue ball"}]}
)


def test_reward_names_frames_and_reasons() -> None:
    end = {"red cube": (0.12, 0.0), "blue ball": (0.2, 0.0)}
    reward = reward_of(read_outcome(clip(START, START, end), graph(START)), NEAR)
    assert reward.value == 1.0
    assert reward.items == (1.0,)
    assert reward.evidence == (2,)
    assert reward.confidence == pytest.approx(0.9)
    assert reward.reason == "red cube near blue ball: holds"


def test_a_loss_costs_half_and_is_told() -> None:
    before = {**START, "green star": (0.27, 0.2)}
    end = {"red cube": (0.12, 0.0), "blue ball": (0.2, 0.0)}
    reward = reward_of(read_outcome(clip(before, end, end), graph(before)), NEAR)
    assert reward.value == pytest.approx(0.5)
    assert "green star fell off the table" in reward.reason


def test_what_appeared_earns_nothing() -> None:
    start = {"blue ball": (0.2, 0.0)}
    end = {"red cube": (0.12, 0.0), "blue ball": (0.2, 0.0)}
    reward = reward_of(read_outcome(clip(end, end), graph(start)), NEAR)
    assert reward.value == 0.0
    assert "appeared from nowhere" in reward.reason


def rollout(end: Places, fell: tuple[str, ...] = ()) -> Rollout:
    track = [[(*START[n], 0.025) for n in START], [(*end[n], 0.025) for n in START]]
    return Rollout(
        names=tuple(START), positions=np.array(track), pusher=np.zeros((2, 3)), dt=0.1,
        events=tuple(Event(kind="fell", subject=n) for n in fell),
    )  # fmt: skip


coordinate = st.floats(-0.25, 0.25)


@given(st.tuples(coordinate, coordinate), st.tuples(coordinate, coordinate))
def test_both_readings_of_the_same_future_agree(cube: Point, ball: Point) -> None:
    end = {"red cube": cube, "blue ball": ball}
    seen = read_outcome(clip(START, end), graph(START))
    computed = outcome_from_rollout(rollout(end), graph(START))
    assert computed.moved == seen.moved
    assert [gap for _, gap in disagreement(seen, computed)] == [0.0, 0.0]
    assert reward_of(computed, NEAR).value == reward_of(seen, NEAR).value


def test_disagreement_is_object_by_object() -> None:
    stays = outcome_from_rollout(rollout(START), graph(START))
    falls = outcome_from_rollout(
        rollout({"red cube": (0.03, 0.04), "blue ball": (0.4, 0.0)}, ("blue ball",)), graph(START)
    )
    assert falls.fell == ("blue ball",)
    assert disagreement(stays, falls) == [("blue ball", REACH), ("red cube", pytest.approx(0.05))]
