"""A decision on scripted pictures: what is imagined against physics prunes its branch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from mindseye.planner.candidates import Proposal
from mindseye.planner.config import Config
from mindseye.planner.context import Context, History
from mindseye.planner.decide import Decider
from mindseye.planner.events import Chosen, Event, Judged, Searched, Violated
from mindseye.planner.picture import Eye
from mindseye.planner.record import NullRecorder
from mindseye.planner.report_decisions import decision_view
from mindseye.tools.goals import Goal
from mindseye.tools.subgoals import Subgoal
from mindseye.tools.values import (
    Clip,
    Frames,
    ImagineRequest,
    Outcome,
    Plausibility,
    Provenance,
    Reward,
    SceneGraph,
    Violation,
    scene_of,
)

SCENE = scene_of({"red cube": (0.2, 0.2), "blue ball": (0.0, 0.0)})
FRAME = np.zeros((64, 64, 3), np.uint8)
GOAL = Goal.model_validate({"all": [{"relation": "in_area", "subject": "red cube", "area": "top"}]})
SUBGOALS = (
    Subgoal(move="red cube", relation="in_area", area="top"),
    Subgoal(move="red cube", relation="near", object="blue ball"),
)
VANISHES = Violation(principle="permanence", amount=1.0, subject="blue ball", frame=3)


class Mind:
    def understand(self, task: str, names: Sequence[str]) -> Goal:
        return GOAL

    def propose_each(
        self, goal: Goal, asked: Sequence[tuple[SceneGraph, History]], k: int
    ) -> list[list[Proposal]]:
        likely = zip(SUBGOALS, (0.6, 0.4), strict=True)
        return [[Proposal(subgoal=s, prior=p) for s, p in likely] for _ in asked]

    def choose_tools(self, goal: Goal, scene: SceneGraph, subgoal: Subgoal) -> dict[str, float]:
        return {"video": 1.0}

    def choose(
        self, goal: Goal, scene: SceneGraph, options: Sequence[tuple[str, str]]
    ) -> list[float]:
        return [1.0 / len(options)] * len(options)


class Video:
    """Imagines black clips; their provenance tells which words they are of."""

    def imagine(self, requests: Sequence[ImagineRequest]) -> list[list[Clip]]:
        return [
            [
                Clip(
                    frames=np.stack([FRAME, FRAME]), dt=0.5,
                    provenance=Provenance(source="video", model="t", seed=s, request=r.text),
                )
                for s in range(r.samples)
            ]
            for r in requests
        ]  # fmt: skip


@dataclass
class Vision:
    """Sees every clip end well, and believes in clips as much as is written down."""

    scores: dict[str, float]
    """What the words of the clip begin with -> plausibility."""

    def look(self, frames: Sequence[Frames]) -> list[SceneGraph]:
        return [SCENE] * len(frames)

    def outcome(self, clips: Sequence[Clip], before: SceneGraph) -> list[Outcome]:
        seen = Outcome(before=before, after=before, moved={})
        return [replace(seen, plausibility=self._told(clip.provenance.request)) for clip in clips]

    def _told(self, words: str) -> Plausibility:
        score = next(s for start, s in self.scores.items() if start in words)
        return Plausibility(score=score, violations=(VANISHES,) if score < 1.0 else ())

    def reward(self, outcome: Outcome, goal: Goal) -> Reward:
        return Reward(value=0.9, confidence=1.0)


def decide(scores: dict[str, float]) -> list[Event]:
    events: list[Event] = []
    context = Context(
        config=Config(tools="video", candidates=2, samples=2), mind=Mind(),
        eye=Eye(vision=Vision(scores), video=Video()), recorder=NullRecorder(events.append),
        goal=GOAL, expected=SCENE.names,
    )  # fmt: skip
    assert Decider(context, 0, SCENE, FRAME).decide() is not None
    return events


def test_a_branch_that_is_imagined_against_physics_is_pruned_and_the_record_says_why() -> None:
    events = decide({"top": 0.01, "ball": 1.0})
    tree = next(e for e in events if isinstance(e, Searched))
    pruned = [b for b in tree.branches if "top" in b.words]
    assert pruned
    for branch in pruned:
        assert branch.value is None
        assert branch.pruned == ("imagined what cannot happen (permanence: blue ball in frame 3)")
    assert all(b.value is not None for b in tree.branches if "ball" in b.words)
    unbelieved = {b.id for b in pruned}
    assert next(e for e in events if isinstance(e, Chosen)).candidate not in unbelieved
    read = [e for e in events if isinstance(e, Judged) and e.candidate in unbelieved]
    assert {(e.plausibility, e.violations) for e in read} == {(0.01, (Violated(**vars(VANISHES)),))}
    assert Judged.model_validate_json(read[0].model_dump_json()) == read[0]
    view = decision_view(lambda path: path, 0, events, None)
    rows = {row["id"]: row["notes"] for row in view["tree"]["rows"]}
    assert all("blue ball in frame 3" in rows[key] for key in unbelieved)


def test_where_nothing_imagined_is_believed_the_priors_are_left() -> None:
    events = decide({"": 0.01})
    tree = next(e for e in events if isinstance(e, Searched))
    assert [b.value for b in tree.branches if b.value is not None] == pytest.approx(
        [b.prior for b in tree.branches if b.value is not None], abs=0.01
    )
    assert "top" in tree.branches[0].words
