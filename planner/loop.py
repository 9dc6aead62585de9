"""The loop: look, decide, act, look again, be surprised, decide anew.

Every step writes a typed event; terminal, page, report and replay read those.
"""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mindseye.planner import events as ev
from mindseye.planner.context import Context
from mindseye.planner.decide import Decide, Decision, decide
from mindseye.planner.decode import Sight
from mindseye.planner.judge import Judgement, came_about
from mindseye.planner.language.asking import GAIN, result_words
from mindseye.planner.perception import Memory, clearly_satisfied, see, surprise
from mindseye.planner.trust import skill_of
from mindseye.tools.contracts import ActionDecoder, Learns, World
from mindseye.tools.errors import BadInput, MindseyeError, WorldFailed
from mindseye.tools.goals import progress, satisfied
from mindseye.tools.physics.skills import STEP
from mindseye.tools.values import Carried, Clip, Frames, Point, Provenance, Push, SceneGraph

SURPRISE = 0.05
"""A place this far from the predicted one is a surprise, metres."""
REACHED = "success: the goal is seen to be reached"
SURER = 0.85
"""Where the goal holds, but would not if things were seen slightly wrong, a push must be worth as
much as this to be done for the sake of it."""
PATIENCE = 4
"""Decisions without progress after which the run stops."""
MAX_STEPS = 160
"""Actions that one push may take."""
CLIP_EVERY = 3
"""Every third frame of what happened is kept."""
STILL = 0.004
"""Things that move less than this in a fifth of a second lie still, metres."""
MAX_REST = 15
"""Fifths of a second to wait for that."""
ASIDE = np.array([0.36, 0.36])
"""Beside the table's far corner the pusher hides nothing, metres."""
MAX_ASIDE = 40
"""Actions to go there."""
REST = np.array([0.0, 0.0, 1.0], dtype=np.float32)
"""Do nothing, with the pusher up."""


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """How a run ended."""

    success: bool
    """Whether the goal is seen to be reached."""
    reason: str
    steps: int
    """Actions taken."""
    seconds: float
    run: str
    """Folder of the record; empty when none was kept."""


@contextlib.contextmanager
def world_errors() -> Iterator[None]:
    """Turn whatever a world raises into `WorldFailed`: it may be anybody's code."""
    try:
        yield
    except MindseyeError:
        raise
    except Exception as error:
        raise WorldFailed(f"the world raised {type(error).__name__}: {error}") from error


def begin(world: World) -> dict[str, NDArray[Any]]:
    """Reset a world and return its first observation.

    Raises:
      WorldFailed: it raised.
      BadInput: its observation does not hold `frame` and `pusher`.
    """
    with world_errors():
        observation, _ = world.reset()
    if missing := {"frame", "pusher"} - set(observation):
        raise BadInput(
            f"the world's observation lacks {', '.join(sorted(missing))}; it must be a dict with "
            "'frame' ([H, W, 3] uint8) and 'pusher' ([3] metres)"
        )
    return observation


@dataclass(frozen=True, kw_only=True, eq=False)
class Acting:
    """What happened while a push was carried out."""

    actions: tuple[tuple[float, float, float], ...]
    pusher: tuple[tuple[float, float, float], ...]
    """Where it was before the first action and after each, metres."""
    frames: list[Frames]


class Episode:
    """One run in one world."""

    def __init__(self, context: Context, world: World, decoder: ActionDecoder[Push, Sight],
                 observation: dict[str, NDArray[Any]],
                 known: SceneGraph | None = None, decide: Decide = decide) -> None:  # fmt: skip
        self.context, self.world, self.decoder = context, world, decoder
        self.decide = decide
        self.observation = observation
        self.steps = 0
        self.memory = Memory(known or self._see())
        context.expected = self.memory.expected

    def _see(self) -> SceneGraph:
        started = time.monotonic()
        scene = see(self.context.eye.vision, self.observation)
        self.context.spend("vision", time.monotonic() - started)
        return scene

    def _glance(self) -> SceneGraph:
        """Look without taking it to memory: the push is still going on."""
        return self.memory.recognise(self._see())

    def _step(self, action: NDArray[np.float32]) -> bool:
        started = time.monotonic()
        with world_errors():
            self.observation, _, ended, cut, _ = self.world.step(action)
        self.steps += 1
        self.context.spend("world", time.monotonic() - started)
        return bool(ended or cut)

    def look(self, index: int) -> tuple[SceneGraph, float]:
        """Wait until things lie still, look; return the scene and the goal's progress."""
        scene = self._settled()
        value = progress(self.context.goal, scene.layout, self.memory.expected)
        recorder = self.context.recorder
        frame = recorder.frame(self.observation["frame"])
        recorder.emit(
            ev.Observed(
                decision=index, frame=frame, scene=scene, progress=value, step=self.steps
            )
        )  # fmt: skip
        return scene, value

    def _settled(self) -> SceneGraph:
        """Return the scene once nothing rolls any more, or after a while."""
        scene = self.memory.update(self._see())
        for _ in range(MAX_REST):
            for _ in range(2):
                self._step(REST)
            before, scene = scene, self.memory.update(self._see())
            if surprise(before.layout, scene.layout) < STILL:
                break
        return self._from_aside() if self.memory.unseen else scene

    def _from_aside(self) -> SceneGraph:
        """Return the scene with the pusher out of the picture: it may hide what is missing."""
        for _ in range(MAX_ASIDE):
            gap = ASIDE - np.asarray(self.observation["pusher"][:2], dtype=float)
            far = float(np.linalg.norm(gap))
            if far < STEP:
                break
            self._step(np.array([*(gap / far), 1.0], dtype=np.float32))
        return self.memory.update(self._see())

    def reached(self, scene: SceneGraph) -> bool:
        """Say whether the goal is seen to hold, and still does after a second look."""
        goal, expected = self.context.goal, self.memory.expected
        if not satisfied(goal, scene.layout, expected):
            return False
        self._step(REST)
        again = self.memory.update(self._see())
        return satisfied(goal, again.layout, expected)

    def run(self) -> tuple[bool, str]:
        """Decide and act until a stop rule applies; return success and which rule it was."""
        best, stale, before = -1.0, 0, False
        goal, expected = self.context.goal, self.memory.expected
        for index in range(self.context.config.max_decisions):
            scene, value = self.look(index)
            holds = self.reached(scene)
            if holds and (before or clearly_satisfied(goal, scene.layout, expected)):
                return True, REACHED
            before = holds
            if self.memory.lost:
                return False, f"lost: {', '.join(self.memory.lost)} fell off the table"
            stale = 0 if value > best + GAIN else stale + 1
            best = max(best, value)
            if stale >= PATIENCE:
                return False, f"no progress in {PATIENCE} decisions"
            decision = self._decide(index, scene)
            if holds and (decision is None or decision.judgement.value < SURER):
                return True, REACHED
            if decision is None:
                return False, "nothing left to try: no proposal fits the scene"
            self._learn(index, scene, decision, self._carry_out(index, decision.judgement))
        scene, _ = self.look(self.context.config.max_decisions)
        if self.reached(scene):
            return True, REACHED
        return False, f"budget spent: {self.context.config.max_decisions} decisions"

    def _decide(self, index: int, scene: SceneGraph) -> Decision | None:
        started = time.monotonic()
        decision = self.decide(self.context, index, scene, self.observation["frame"])
        self.context.spend("decision", time.monotonic() - started)
        return decision

    def _carry_out(self, index: int, judgement: Judgement) -> Push:
        started = time.monotonic()
        candidate = judgement.candidate
        push = Push(
            subject=candidate.push.subject, target=judgement.target,
            speed=candidate.push.speed, via=candidate.push.via,
        )  # fmt: skip
        step, acting = self.steps, self._act(push)
        clip = Clip(
            frames=np.stack(acting.frames), dt=0.1 * CLIP_EVERY,
            provenance=Provenance(source="world", model="camera", seed=self.context.config.seed),
        )  # fmt: skip
        self.context.recorder.emit(
            ev.Acted(
                decision=index, candidate=candidate.id, steps=len(acting.actions),
                push=push, actions=acting.actions, pusher=acting.pusher, step=step,
                clip=self.context.recorder.media(clip), seconds=time.monotonic() - started,
            )
        )  # fmt: skip
        return push

    def _act(self, push: Push) -> Acting:
        actions: list[tuple[float, float, float]] = []
        pusher = [self._pusher()]
        frames = [self.observation["frame"]]
        for k in range(MAX_STEPS):
            # One at a time where there are several: it is steered by what is seen.
            sight = Sight(look=self._glance, pusher=self.observation["pusher"])
            decoded = self.decoder.decode(push, sight)
            if decoded is None:
                break
            action = decoded.actions[0]
            actions.append((float(action[0]), float(action[1]), float(action[2])))
            ended = self._step(action)
            pusher.append(self._pusher())
            if k % CLIP_EVERY == 0 or ended:
                frames.append(self.observation["frame"])
            if ended:
                break
        frames.append(self.observation["frame"])
        return Acting(actions=tuple(actions), pusher=tuple(pusher), frames=frames)

    def _pusher(self) -> tuple[float, float, float]:
        """Return where proprioception has the pusher, metres, to a hundredth of a millimetre."""
        x, y, z = (round(float(v), 5) for v in self.observation["pusher"])
        return x, y, z

    def _learn(self, index: int, before: SceneGraph, decision: Decision, push: Push) -> None:
        """Compare what was predicted with what is seen; update trust, belief and history."""
        context, judgement = self.context, decision.judgement
        seen = self._settled().layout
        context.unexplained.append(Carried(scene=before, push=push, seen=seen))
        self._tell_whether(index, judgement, before, seen)
        picture = decision.pictures.get(judgement.candidate.id)
        skill = skill_of(judgement.candidate.subgoal)
        for tool, predicted in predictions(judgement, picture):
            gap = surprise(predicted, seen)
            came_true = gap <= SURPRISE
            context.trust = context.trust.updated(tool, skill, came_true)
            context.recorder.emit(
                ev.Checked(decision=index, tool=tool, skill=skill, came_true=came_true, metres=gap)
            )
            if tool == judgement.tool and not came_true:
                context.recorder.emit(
                    ev.Surprised(
                        decision=index, metres=gap, predicted=predicted, seen=seen,
                        source=tool, reason="it ended elsewhere than pictured",
                    )
                )  # fmt: skip
                self._replan(index, tool)
        gained = progress(context.goal, seen, self.memory.expected) - progress(
            context.goal, before.layout, self.memory.expected
        )
        context.history.append((judgement.candidate.subgoal, result_words(gained)))

    def _tell_whether(
        self, index: int, judgement: Judgement, before: SceneGraph, seen: dict[str, Point]
    ) -> None:
        """Record what was foretold of a push beside what is seen of it."""
        probability = self.context.probability(judgement)
        if judgement.success is None or probability is None:
            return
        candidate = judgement.candidate
        self.context.recorder.emit(
            ev.Happened(
                decision=index, candidate=candidate.id, raw=judgement.success,
                probability=probability,
                happened=came_about(candidate.subgoal, before.layout, seen),
            )
        )  # fmt: skip

    def _replan(self, index: int, tool: str) -> None:
        """Drop the plan; where the simulator was wrong, let it learn."""
        believes = self._explain() if tool == "physics" else {}
        told = "".join(f"; {name} is now believed to be {v:g}" for name, v in believes.items())
        self.context.recorder.emit(
            ev.Replanned(
                decision=index, reason=f"reality went another way{told}", believes=believes
            )
        )

    def _explain(self) -> dict[str, float]:
        """Let the simulator learn from what was seen; return what it now believes otherwise."""
        context, engine = self.context, self.context.eye.physics
        if not isinstance(engine, Learns):
            return {}
        started, before = time.monotonic(), engine.believes()
        learned = engine.learned(context.unexplained)
        context.unexplained.clear()
        context.spend("physics", time.monotonic() - started)
        changed = {n: v for n, v in learned.believes().items() if v != before[n]}
        context.eye = replace(context.eye, physics=learned)
        if changed:
            context.kept.forget_pictures()
        return changed


def predictions(judgement: Judgement, picture: Any) -> list[tuple[ev.Pictured, dict[str, Point]]]:
    """Return what each tool that was asked said about where things would end."""
    if picture is None:
        return []
    found: list[tuple[ev.Pictured, dict[str, Point]]] = []
    if picture.computed is not None:
        found.append(("physics", picture.computed.after.layout))
    if picture.imagined:
        rewards = [r.value for r in picture.imagined_rewards]
        sample = picture.imagined[rewards.index(max(rewards))]
        found.append(("video", sample.after.layout))
    return found
