"""The world: a proper Gymnasium environment, repeatable, and sealed against the planner."""

import gc
import types
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from mindseye.tools.errors import BadInput, WorldFailed
from mindseye.tools.gl import mujoco
from mindseye.tools.world import make_world
from mindseye.tools.world.sealed import SealedWorld, _ask
from mindseye.tools.world.tabletop import Tabletop
from mindseye.tools.world.tasks import TASK_SETS, tasks

ACTIONS = np.random.default_rng(0).uniform(-1, 1, (12, 3)).astype(np.float32)


class Breaks:
    """A world that raises at its first step."""

    def reset(self, *, seed: int | None, options: dict[str, Any] | None) -> Any:
        return {"frame": np.zeros((8, 8, 3), np.uint8), "pusher": np.zeros(3)}, {}

    def step(self, action: Any) -> Any:
        raise ZeroDivisionError("the table broke")


def test_gymnasium_finds_nothing_wrong() -> None:
    env = gymnasium.make("mindseye.tools.world.tabletop:mindseye/Tabletop-v0")
    check_env(env.unwrapped)


def test_the_same_seed_gives_the_same_episode_bit_by_bit() -> None:
    def play() -> list[Any]:
        env = Tabletop()
        seen = [env.reset(seed=5)[0]["frame"]]
        return seen + [env.step(a)[0]["frame"] for a in ACTIONS]

    assert all(np.array_equal(a, b) for a, b in zip(play(), play(), strict=True))


def test_appearance_and_dynamics_can_differ_from_what_tools_believe() -> None:
    plain, varied = Tabletop(appearance=0.0), Tabletop(appearance=1.0)
    frames = [env.reset(seed=1)[0]["frame"].astype(int) for env in (plain, varied)]
    assert np.abs(frames[0] - frames[1]).mean() > 3
    late = Tabletop(delay=3)
    start = late.reset(seed=1)[0]["pusher"]
    push = np.array([1, 0, 1], np.float32)
    assert np.allclose(late.step(push)[0]["pusher"][:2], start[:2], atol=1e-3)


def test_a_heavy_object_is_heavy() -> None:
    masses = []
    for heavy in ([], ["red cube"]):
        env = Tabletop()
        env.reset(seed=1, options={"objects": ["red cube", "blue ball"], "heavy": heavy})
        masses.append([b.mass for b in env._scene.bodies])
    assert masses[1][0] == pytest.approx(12 * masses[0][0])
    assert masses[1][1] == masses[0][1]


def test_nothing_the_planner_holds_leads_to_the_true_state() -> None:
    with make_world(objects=["red cube", "blue ball"], seed=1) as world:
        scorer = world.take_scorer()
        observation, info = world.reset()
        assert set(observation) == {"frame", "pusher"}
        assert info == {}
        assert world.step(ACTIONS[0])[1] == 0.0
        # Whatever can be reached from the world by following references.
        seen: set[int] = set()
        stack: list[Any] = [world]
        while stack:
            item = stack.pop()
            if id(item) in seen or isinstance(item, types.ModuleType | type):
                continue
            seen.add(id(item))
            assert not isinstance(item, mujoco.MjData | mujoco.MjModel | Tabletop)
            if not isinstance(item, types.FunctionType):
                stack += gc.get_referents(item)
        with pytest.raises(BadInput, match="reset and step"):
            _ask(world._acting, "truth", None)
        with pytest.raises(BadInput, match="has been taken"):
            world.take_scorer()
        layout, names = scorer.truth()
        assert set(layout) == set(names) == {"red cube", "blue ball"}


def test_a_prepared_episode_can_be_begun_again() -> None:
    with make_world(seed=4) as world:
        first = world.reset()[0]["frame"]
        world.step(ACTIONS[0])
        assert np.array_equal(world.reset()[0]["frame"], first)


def test_a_world_that_raises_says_so_and_a_dead_one_too() -> None:
    with SealedWorld(f"{__name__}:Breaks") as world:
        world.reset()
        with pytest.raises(WorldFailed, match="the table broke"):
            world.step(ACTIONS[0])
        world._process.kill()
        world._process.wait()
        with pytest.raises(WorldFailed, match="ended"):
            world.step(ACTIONS[0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"objects": ["green elephant"]}, "green elephant.*red, green"),
        ({"objects": ["red cube", "red cube"]}, "once"),
        ({"size": 8, "colour": "pink"}, "colour"),
        ({"name": "nowhere"}, "nowhere.*tabletop"),
    ],
)
def test_bad_input_is_one_clear_line(settings: dict[str, Any], message: str) -> None:
    def begin() -> None:
        with make_world(**settings) as world:
            world.reset()

    with pytest.raises(BadInput, match=message):
        begin()


@pytest.mark.parametrize("name", TASK_SETS)
def test_task_sets_repeat_and_do_not_depend_on_their_length(name: str) -> None:
    few, more = tasks(name, 3), tasks(name, 5)
    assert few == more[:3]
    for task in few:
        assert not task.solved(task.options["layout"], list(task.options["layout"]))
        assert task.goal.names() <= set(task.options["layout"])
