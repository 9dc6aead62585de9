"""The real loop: real world, physics and vision; the language model is a script."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mindseye import Agent, make_world
from mindseye.planner.config import Config, merge
from mindseye.planner.decide import Decider
from mindseye.planner.events import (
    Acted,
    Chosen,
    Failed,
    Finished,
    Judged,
    Observed,
    Replanned,
    Searched,
    Simulated,
)
from mindseye.planner.record import NullRecorder, Recorder, read_record
from mindseye.planner.replay import replay
from mindseye.planner.search import search_options
from mindseye.tools.contracts import Learns
from mindseye.tools.errors import BadInput, WorldFailed
from mindseye.tools.goals import Goal, satisfied
from mindseye.tools.world.sealed import SealedWorld

NEXT_TO = {"relation": "near", "subject": "red cube", "object": "blue ball"}
GOAL = Goal.model_validate({"all": [NEXT_TO]})
OBJECTS = ("red cube", "blue ball", "yellow star")
TASK = "push the red cube next to the blue ball"


class Fragile:
    """A world that shows one good frame and then breaks."""

    def __init__(self) -> None:
        from mindseye.tools.world.tabletop import Tabletop

        self.env = Tabletop(appearance=0.0)

    def reset(self, *, seed: int | None, options: dict[str, Any] | None) -> Any:
        return self.env.reset(seed=3, options={"objects": list(OBJECTS)})

    def step(self, action: Any) -> Any:
        raise ZeroDivisionError("the motor burnt out")


def script(folder: Path, subgoals: list[dict[str, Any]]) -> str:
    answers = {
        "goal": [{"all": [NEXT_TO]}],
        "subgoals": [{"subgoals": subgoals}],
        "check": [{"tools": "physics"}],
        "choice": [{"choice": 1}],
    }
    path = folder / "script.json"
    path.write_text(json.dumps({"answers": answers}))
    return f"scripted:{path}"


def config(folder: Path, subgoals: list[dict[str, Any]], **settings: Any) -> Config:
    base = {
        "model": script(folder, subgoals),
        "tools": "physics",
        "seed": 3,
        "threads": 1,
        "filled": False,
        "budget": 60.0,
    }
    return merge(Config(), base | settings)


USEFUL = [
    {"move": "red cube", "relation": "near", "object": "blue ball"},
    {"move": "red cube", "relation": "in_area", "area": "bottom_left"},
]
ROLLED = [{"move": "blue ball", "relation": "in_area", "area": area} for area in ("top", "bottom")]
USELESS = [{"move": "yellow star", "relation": "in_area", "area": "center"}]


@pytest.mark.parametrize("search", ["greedy", "beam", "mcts", "cem"])
def test_a_task_is_solved_and_the_record_tells_why(tmp_path: Path, search: str) -> None:
    options = {"mcts": {"simulations": 8, "wave": 4}, "cem": {"population": 4, "rounds": 2}}
    settings = config(tmp_path, USEFUL, search=search, search_options=options.get(search, {}),
                      objects=OBJECTS)  # fmt: skip
    agent = Agent.from_config(settings)
    with make_world(objects=OBJECTS, seed=3) as world:
        scorer = world.take_scorer()
        with Recorder(tmp_path / "run") as recorder:
            result = agent.run(TASK, world, recorder=recorder)
        assert result.success, result.reason
        assert satisfied(GOAL, *scorer.truth())
    record = read_record(tmp_path / "run")
    assert record.result is not None
    assert record.result.steps == result.steps > 10
    chosen = record.of(Chosen)[0]
    values = {c: v for c, v in chosen.values.items() if "." not in c}
    assert chosen.candidate in values
    # The scripted first choice is the one that serves the goal, and physics saw so.
    good = [j for j in record.of(Judged) if j.candidate == chosen.candidate]
    # What cem ends with may stand behind others of the same reward, which alone were drawn.
    drawn = set() if search == "cem" else {"pixels"}
    assert {j.read_from for j in good} - {"pixels"} == {"state"}
    assert drawn <= {j.read_from for j in good}
    assert max(j.value for j in good) > 0.9
    assert any(s.clip is not None for s in record.of(Simulated))
    assert record.of(Acted)[0].clip is not None
    assert record.of(Observed)[-1].progress == 1.0
    tree = record.of(Searched)[0]
    assert (tree.search, bool(tree.branches)) == (search, True)
    now = {b.id: b.value for b in tree.branches if not b.parent and b.value is not None}
    assert now == values
    if search == "mcts":
        assert replay(tmp_path / "run").same


def test_a_surprise_changes_what_is_believed_and_a_replay_repeats_it(tmp_path: Path) -> None:
    sticky: dict[str, Any] = {"dynamics": {"rolling": 0.003}}
    settings = config(tmp_path, ROLLED, objects=OBJECTS, max_decisions=4, world_options=sticky)
    agent = Agent.from_config(settings)
    with (
        make_world(objects=OBJECTS, seed=3, **sticky) as world,
        Recorder(tmp_path / "run") as recorder,
    ):
        agent.run(TASK, world, recorder=recorder)
    believed = [e.believes["rolling"] for e in read_record(tmp_path / "run").of(Replanned)
                if "rolling" in e.believes]  # fmt: skip
    assert believed
    assert believed[0] == 0.003
    # The next run knows nothing of it.
    assert isinstance(agent.eye.physics, Learns)
    assert agent.eye.physics.believes()["rolling"] == 0.0006
    assert replay(tmp_path / "run").same


def test_planning_anew_reuses_what_still_holds(tmp_path: Path) -> None:
    events: list[Any] = []
    settings = config(tmp_path, USELESS + USEFUL, search="mcts", max_decisions=2,
                      search_options={"simulations": 12, "wave": 6})  # fmt: skip
    agent = Agent.from_config(merge(settings, {"clips": 6}))
    with make_world(objects=OBJECTS, seed=3) as world:
        frame = world.reset()[0]["frame"]
        context = agent._context(NullRecorder(events.append))
        scene = agent.eye.vision.look([frame])[0]
    context.expected, context.goal = scene.names, GOAL
    first = Decider(context, 0, scene, frame).decide()
    again = Decider(context, 1, scene, frame).decide()
    assert first is not None
    assert again is not None
    assert again.judgement == first.judgement
    trees = [e for e in events if isinstance(e, Searched)]
    # The second decision gets for nothing what the first paid for, and has clips to spare for more.
    assert trees[0].stopped == "the budget of 6 clips is spent"
    # Over by less than a wave.
    assert (trees[0].reused, trees[0].clips) == (0, 7)
    assert trees[1].reused >= 6
    assert len(context.kept) <= search_options("mcts", {}).cache


def test_without_tools_the_prior_decides_and_nothing_is_pictured(tmp_path: Path) -> None:
    events: list[Any] = []
    agent = Agent.from_config(config(tmp_path, USEFUL, tools="none"))
    with make_world(objects=OBJECTS, seed=3) as world:
        agent.run(TASK, world, on_event=events.append)
    assert agent.eye.tools == ()
    assert not [e for e in events if isinstance(e, Judged | Simulated)]
    assert next(e for e in events if isinstance(e, Chosen)).candidate == "c0"


def test_a_run_without_progress_stops_and_says_so(tmp_path: Path) -> None:
    agent = Agent.from_config(config(tmp_path, USELESS))
    with make_world(objects=OBJECTS, seed=3) as world:
        result = agent.run(TASK, world)
    assert not result.success
    assert result.reason.startswith(("no progress", "lost"))


def test_the_budget_of_decisions_is_kept(tmp_path: Path) -> None:
    events: list[Any] = []
    agent = Agent.from_config(config(tmp_path, USELESS, max_decisions=1))
    with make_world(objects=OBJECTS, seed=3) as world:
        result = agent.run(TASK, world, on_event=events.append)
    assert "1 decisions" in result.reason
    assert sum(isinstance(e, Chosen) for e in events) == 1


def test_a_plan_is_made_without_a_world(tmp_path: Path) -> None:
    agent = Agent.from_config(config(tmp_path, USEFUL))
    with make_world(objects=OBJECTS, seed=3) as world:
        frame = world.reset()[0]["frame"]
    plan = agent.plan(TASK, frame)
    assert plan.goal == GOAL
    assert plan.decision is not None
    assert plan.decision.judgement.candidate.subgoal.move == "red cube"


def test_a_world_that_breaks_leaves_a_readable_record(tmp_path: Path) -> None:
    agent = Agent.from_config(config(tmp_path, USEFUL, tools="none"))
    with (
        SealedWorld(f"{__name__}:Fragile") as world,
        pytest.raises(WorldFailed, match="motor burnt out"),
        Recorder(tmp_path / "run") as recorder,
    ):
        agent.run(TASK, world, recorder=recorder)
    record = read_record(tmp_path / "run")
    assert record.of(Failed)[0].message.endswith("the motor burnt out")
    assert not record.of(Finished)[-1].success


def test_an_empty_table_and_a_wrong_observation_are_refused(tmp_path: Path) -> None:
    class Blind:
        def reset(self, **_: Any) -> Any:
            return {"image": np.zeros((4, 4, 3), np.uint8)}, {}

        def step(self, action: Any) -> Any:
            raise AssertionError

        def close(self) -> None: ...

    agent = Agent.from_config(config(tmp_path, USEFUL, tools="none"))
    with pytest.raises(BadInput, match="frame"):
        agent.run(TASK, Blind())
    with pytest.raises(BadInput, match="no object is seen"):
        agent.plan(TASK, np.full((128, 128, 3), 60, np.uint8))
