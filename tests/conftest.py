"""Fixtures that several rooms share, and what holds for every test."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from mindseye.planner.config import Config
from mindseye.planner.events import (
    Abstained,
    Acted,
    Branch,
    Candidate,
    Checked,
    Chosen,
    CrossChecked,
    Event,
    Failed,
    Finished,
    Gated,
    Happened,
    Imagined,
    Judged,
    Observed,
    Proposed,
    Replanned,
    RunStarted,
    Searched,
    Simulated,
    Surprised,
    Understood,
)
from mindseye.planner.record import Recorder
from mindseye.tools.goals import Goal
from mindseye.tools.subgoals import Subgoal
from mindseye.tools.values import (
    Clip,
    Frames,
    Outcome,
    Provenance,
    Push,
    SceneGraph,
    SceneObject,
    Source,
)

# No test may reach for a hub, a window system or a GL library.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# Tests run side by side: a thread pool in each would fight over the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

# A busy machine is no failure, and a test that fails must fail again.
settings.register_profile(
    "house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")

_COLOURS = {"red": (220, 60, 60), "blue": (60, 90, 230)}


def draw(layout: dict[str, tuple[float, float]], size: int = 64) -> Frames:
    """Return a `[size, size, 3] uint8` picture with a square for every object."""
    frame = np.full((size, size, 3), 225, dtype=np.uint8)
    for name, (x, y) in layout.items():
        column, row = int((x + 0.3) / 0.6 * size), int((0.3 - y) / 0.6 * size)
        frame[max(0, row - 3) : row + 3, max(0, column - 3) : column + 3] = _COLOURS[
            name.split()[0]
        ]
    return frame


def clip_of(target: tuple[float, float], source: Source, seed: int) -> Clip:
    """Return nine frames in which the red cube goes from the left to `target`."""
    frames = [
        draw({"red cube": (-0.15 + (target[0] + 0.15) * k / 8, target[1] * k / 8),
              "blue ball": (0.15, 0.1)})
        for k in range(9)
    ]  # fmt: skip
    provenance = Provenance(source=source, model="drawn", seed=seed)
    return Clip(frames=np.stack(frames), dt=0.25, provenance=provenance)


def scene_at(place: tuple[float, float]) -> SceneGraph:
    """Return a scene of two objects, the red cube at `place`."""
    cube = SceneObject(
        referent="red_cube_1", colour="red", shape="cube", position=place, confidence=0.98,
        box=(13, 29, 19, 35),
    )  # fmt: skip
    ball = SceneObject(
        referent="blue_ball_1",
        colour="blue",
        shape="ball",
        position=(0.15, 0.1),
        box=(45, 18, 51, 24),
    )
    return SceneGraph(objects=(cube, ball), pusher=(0.0, -0.25))


def _decision(recorder: Recorder, task: str) -> None:
    before = scene_at((-0.15, 0.0))
    start = draw(before.layout)
    recorder.emit(Observed(decision=0, frame=recorder.frame(start), scene=before, progress=0.2))
    subgoals = [
        Subgoal(move="red cube", relation="near", object="blue ball"),
        Subgoal(move="red cube", relation="in_area", area="left", manner="slow"),
    ]
    candidates = tuple(
        Candidate(id=f"c{k}", words=f"{s.words()} {task}", subgoal=s, prior=0.7 - 0.4 * k)
        for k, s in enumerate(subgoals)
    )
    recorder.emit(Proposed(decision=0, candidates=candidates, seconds=0.8))
    for k, candidate in enumerate(candidates):
        end = (0.08 - 0.2 * k, 0.1)
        recorder.emit(
            Gated(decision=0, candidate=candidate.id, tools=("video", "physics"), reason="contact")
        )
        clips = tuple(recorder.media(clip_of((end[0] + 0.01 * s, 0.1), "video", s)) for s in (1, 2))
        recorder.emit(Imagined(decision=0, candidate=candidate.id, clips=clips, ms=640.0))
        push = Push(subject="red cube", target=end)
        computed = recorder.media(clip_of(end, "physics", 3))
        recorder.emit(
            Simulated(decision=0, candidate=candidate.id, clip=computed, push=push,
                      events=[{"kind": "stopped", "subject": "red cube"}], ms=60.0)
        )  # fmt: skip
        outcome = Outcome(
            before=before, after=scene_at(end), moved={"red cube": (end[0] + 0.15, 0.1)}
        )
        for source, value in (("video", 0.8), ("physics", 0.9)):
            recorder.emit(
                Judged(decision=0, candidate=candidate.id, source=source, outcome=outcome,
                       value=value - 0.5 * k, confidence=0.9, evidence=(7, 8), ms=30.0,
                       reason=f"near: {task}")
            )  # fmt: skip
        disagreements = ("red cube ends 6 cm apart",) if k else ()
        recorder.emit(
            CrossChecked(decision=0, candidate=candidate.id, agreement=0.9 - 0.6 * k,
                         disagreements=disagreements)
        )  # fmt: skip
    branches = tuple(
        Branch(id=c.id, words=c.words, prior=c.prior, value=0.85 - 0.55 * k, visits=1 + k,
               mean=0.85 - 0.55 * k, pruned=f"outside the beam {task}" if k else "")
        for k, c in enumerate(candidates)
    )  # fmt: skip
    further = Branch(id="c0.1.1", parent="c0", words=task, prior=0.5, pruned="not looked at")
    recorder.emit(
        Searched(decision=0, search="mcts", waves=2, clips=6, branches=(*branches, further),
                 stopped="the time is up")
    )  # fmt: skip
    recorder.emit(
        Abstained(decision=0, candidate="c0", probability=0.22, tool="physics", about=("c0", "c1"))
    )
    recorder.emit(
        Chosen(decision=0, candidate="c0", value=0.85, why=f"both tools see it happen {task}",
               values={"c0": 0.85, "c1": 0.3}, hints=("physics: the cube ends by the ball",),
               probability=0.64)
    )  # fmt: skip
    seen = recorder.media(clip_of((0.05, 0.1), "world", 0))
    recorder.emit(
        Acted(decision=0, candidate="c0", steps=2,
              push=Push(subject="red cube", target=(0.08, 0.1)),
              actions=((0.1, 0.0, 0.0), (0.25, -0.5, 1.0)), clip=seen, seconds=1.5)
    )  # fmt: skip
    recorder.emit(Happened(decision=0, candidate="c0", raw=0.7, probability=0.64, happened=False))
    recorder.emit(
        Checked(decision=0, tool="physics", skill="push cube", came_true=False, metres=0.06)
    )
    recorder.emit(
        Surprised(decision=0, metres=0.03, predicted={"red cube": (0.08, 0.1)},
                  seen={"red cube": (0.05, 0.1)}, source="physics")
    )  # fmt: skip


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a record with every kind of event into a folder."""

    def make(
        task: str = "push the red cube next to the blue ball",
        on_event: Callable[[Event], None] | None = None,
    ) -> Path:
        folder = tmp_path / "run"
        goal = Goal.model_validate(
            {"all": [{"relation": "near", "subject": "red cube", "object": "blue ball"}]}
        )
        with Recorder(folder, on_event) as recorder:
            recorder.emit(RunStarted(task=task, seed=7, config=Config(seed=7).to_json()))
            recorder.emit(Understood(goal=goal, words=goal.words(), seconds=0.4))
            _decision(recorder, task)
            recorder.emit(Replanned(decision=1, reason=f"surprise {task}"))
            recorder.emit(Failed(error="ToolError", message=task, stage="video", fatal=False))
            after = scene_at((0.05, 0.1))
            frame = recorder.frame(draw(after.layout))
            recorder.emit(Observed(decision=1, frame=frame, scene=after, progress=1.0))
            recorder.emit(
                Finished(success=True, reason="success seen", steps=2, seconds=4.2,
                         cost={"language": 1.2, "video": 1.3, "physics": 0.1, "vision": 0.1})
            )  # fmt: skip
        return folder

    return make
