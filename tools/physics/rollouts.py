"""Simulates pushes of fully specified scenes, together in one `mujoco.batch.Batch`.

They share one model and differ in what the pusher does. Each tenth of a
second the controllers act on what they see of their own simulation, then all
simulations advance together on a thread pool.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.errors import ToolError
from mindseye.tools.gl import mujoco
from mindseye.tools.goals import TABLE_HALF
from mindseye.tools.physics.render import Renderer, halve
from mindseye.tools.physics.scene import (
    PUSHER_DOWN,
    PUSHER_REACH,
    PUSHER_UP,
    SUBSTEPS,
    TICK,
    FrictionField,
    Scene,
    build,
    initial_state,
    without_overlap,
)
from mindseye.tools.physics.skills import LIFT_STEP, STEP, Phase, PushController
from mindseye.tools.physics.steering import length, within
from mindseye.tools.values import Clip, Event, Provenance, Push, Rollout

Array = NDArray[np.float64]

CHUNKS = 4
"""Friction and set points are refreshed this often per action."""
MOVED = 0.01
"""An object that went this far has moved, metres."""
CLIP_FRAMES = 8
STILL = 0.012
"""Slower than this counts as lying still, metres a second."""
COAST_TICKS = 30
"""Actions for which things may go on rolling after the push is done."""
LASTS = 0.6
"""Share of the error of a look that the next one has too."""
HIDDEN = 1.5
"""By how many times more a look errs where the pusher stands before what it pushes."""
_PUSH = int(Phase.PUSH)
_FARTHEST = np.array([STEP, STEP, LIFT_STEP])
_LOW = np.array([-PUSHER_REACH, -PUSHER_REACH, PUSHER_DOWN])
_HIGH = np.array([PUSHER_REACH, PUSHER_REACH, PUSHER_UP])
_RIM = TABLE_HALF + 0.002
_TABLE_LOW, _TABLE_HIGH = np.array([-_RIM, -_RIM, 0.0]), np.array([_RIM, _RIM, np.inf])
_SHARES = np.arange(1, CHUNKS + 1)[:, None, None] / CHUNKS
"""`[CHUNKS, 1, 1]` of an action that is done after each chunk."""


def next_setpoint(setpoint: Array, action: Array) -> Array:
    """Return where the pusher is sent by actions `[..., 3]` in [-1, 1], metres."""
    return within(setpoint + within(action, -1.0, 1.0) * _FARTHEST, _LOW, _HIGH)


def between(start: Array, end: Array) -> Array:
    """Return `[CHUNKS, n, 3]` where the pusher is sent while an action is done, metres.

    Args:
      start: `[n, 3]` where it was sent before.
      end: likewise, after the action.
    """
    chunks: Array = start + (end - start) * _SHARES
    return chunks


def places(qpos: Array) -> Array:
    """Return `[..., N, 3]` object centres out of `[..., nq]` states."""
    return qpos[..., 3:].reshape(*qpos.shape[:-1], -1, 7)[..., :3]


def off_table(position: Array) -> NDArray[np.bool_]:
    """Say which of `[..., 3]` centres have left the table."""
    return np.asarray(((position < _TABLE_LOW) | (position > _TABLE_HIGH)).any(axis=-1))


@dataclass(frozen=True, kw_only=True, eq=False)
class Trace:
    """Everything recorded of a batch: one row per tick, `T` ticks, `n` simulations."""

    qpos: Array
    """`[T, n, nq]`."""
    ended: NDArray[np.int64]
    """`[n]` last row that belongs to the push."""
    contact: NDArray[np.int64]
    """`[n]` row at which the pusher began to push."""
    sent: Array | None = None
    """`[T, n, 3]` where the pusher was sent by each row's time, metres; None where not kept."""


class Controller(Protocol):
    """What drives the pushers of a batch: `PushController`, or anything that acts as it does."""

    @property
    def phase(self) -> NDArray[np.int64]:
        """`[n]`, what each is doing."""
        ...

    @property
    def done(self) -> NDArray[np.bool_]:
        """`[n]`: which have ended."""
        ...

    def act(self, subject: Array, pusher: Array) -> Array:
        """Return `[n, 3]` actions for what is known; see `PushController.act`."""
        ...


class BatchSimulation:
    """The pushes of one scene, advanced together.

    `starts` lets each begin from a scene of its own, of the same things on the same table,
    and with frictions of its own; `controller` drives the pushers some other way; where they are
    steered by what is seen, it is off by `looks`, metres (standard deviation).
    """

    def __init__(
        self,
        scene: Scene,
        pushes: Sequence[Push],
        threads: int = 0,
        starts: Sequence[Scene] | None = None,
        controller: Controller | None = None,
        looks: float = 0.0,
    ) -> None:
        unknown = sorted({p.subject for p in pushes} - set(scene.names))
        if unknown:
            raise ToolError(f"not in the scene: {', '.join(unknown)}; it holds {scene.names}")
        self.scene = scene
        self.model = build(scene)
        self.n = len(pushes)
        self.batch = mujoco.batch.Batch(self.model, nsim=self.n, nthread=threads)
        self.controller: Controller = controller or PushController(pushes)
        self.subjects = np.array([scene.names.index(p.subject) for p in pushes])
        starts = starts or [scene] * self.n
        self.looks = looks
        told = zip(starts, pushes, strict=True) if looks else ()
        self._chance = [_chance(*each) for each in told]
        self._error: Array = np.zeros((self.n, 2))
        differ = any(s.dynamics != scene.dynamics for s in starts)
        self.friction = FrictionField(scene, self.model, [s.dynamics for s in starts])
        # Live views of the state: asking the batch for one takes as long as a step of a simulation.
        self._qpos, self._qvel, self._ctrl = self.batch.qpos, self.batch.qvel, self.batch.ctrl
        self._places = places(self._qpos)
        self._rows = np.arange(self.n)
        self._qpos[:] = self._begin(starts)
        self.setpoint: Array = self._qpos[:, :3].copy()
        self._ctrl[:] = self.setpoint
        if scene.patches or differ:
            friction = self.batch.expand("geom_friction")
            self.friction.write_rolling(friction)
            self.friction.apply(self._places, friction)

    def _begin(self, starts: Sequence[Scene]) -> Array:
        """Return `[n, nq]` states; what begins alike, whatever its frictions, is parted once."""
        states = [initial_state(start, self.model) for start in starts]
        distinct = {state.tobytes(): state for state in states}
        parted = {key: without_overlap(self.model, state) for key, state in distinct.items()}
        return np.stack([parted[state.tobytes()] for state in states])

    def run(self, horizon: float) -> Trace:
        """Advance until every push is done and all lies still, or `horizon` seconds have passed."""
        rows, sent = [self._qpos.copy()], [self.setpoint]
        pushing = [np.zeros(self.n, dtype=bool)]
        running = [np.ones(self.n, dtype=bool)]
        coasted = np.zeros(self.n, dtype=np.int64)
        for _ in range(round(horizon / TICK)):
            self._tick(running[-1])
            rows.append(self._qpos.copy())
            sent.append(self.setpoint)
            pushing.append(self.controller.phase == _PUSH)
            on, done = running[-1], self.controller.done
            if done.any():
                coasted += done
                on = ~done | (self._moving() & (coasted < COAST_TICKS))
            running.append(on)
            if not on.any():
                break
        return Trace(
            qpos=np.stack(rows), sent=np.stack(sent), ended=np.sum(running, axis=0) - running[-1],
            contact=np.argmax(pushing, axis=0),
        )  # fmt: skip

    def _misread(self) -> Array:
        """Return `[n, 2]` by how much a look errs, metres: longer than for one look, and more
        where a pusher that goes away from the camera hides what it pushes."""
        drawn = np.stack([c.normal(size=2) for c in self._chance])
        self._error = LASTS * self._error + math.sqrt(1 - LASTS**2) * drawn
        hidden: Array | float = 0.0
        if isinstance(self.controller, PushController):
            hidden = np.maximum(0.0, self.controller.heading[:, 1:])
        return self.looks * (1 + HIDDEN * hidden) * self._error

    def _moving(self) -> NDArray[np.bool_]:
        """Say in which simulations something on the table still slides or rolls."""
        velocity = self._qvel[:, 3:].reshape(self.n, -1, 6)[..., :3]
        return np.asarray(((length(velocity) > STILL) & ~off_table(self._places)).any(axis=1))

    def _tick(self, running: NDArray[np.bool_]) -> None:
        at = self._places[self._rows, self.subjects]
        seen = at[:, :2]
        seen[off_table(at)] = np.nan
        if self.looks:
            seen += self._misread()
        action = self.controller.act(seen, self._qpos[:, :3])
        start, self.setpoint = self.setpoint, next_setpoint(self.setpoint, action)
        ids = running.nonzero()[0].astype(np.int32)
        for sent in between(start, self.setpoint):
            self._ctrl[:] = sent
            if self.scene.patches:
                self.friction.apply(self._places, self.batch.expand("geom_friction"))
            self.batch.step(ids=ids, nstep=SUBSTEPS // CHUNKS)


def _chance(start: Scene, push: Push) -> np.random.Generator:
    """Return the source of errors for one push: its own, in whatever batch, on whatever ground."""
    told = repr(([b.position for b in start.bodies], push)).encode()
    return np.random.default_rng(list(hashlib.sha256(told).digest()[:8]))


def _events(scene: Scene, push: Push, track: Array) -> tuple[Event, ...]:
    """Read what happened off `[T, N, 3]` centres."""
    events: list[Event] = []
    for i, name in enumerate(scene.names):
        gone = np.flatnonzero(off_table(track[:, i]))
        went = np.linalg.norm(track[:, i, :2] - track[0, i, :2], axis=1)
        moved = np.flatnonzero(went > MOVED)
        if len(gone):
            events.append(Event(kind="fell", subject=name, time=float(gone[0]) * TICK))
        if len(moved) and name != push.subject:
            events.append(
                Event(kind="collided", subject=push.subject, other=name,
                      time=float(moved[0]) * TICK)
            )  # fmt: skip
        elif len(moved):
            events.append(Event(kind="moved", subject=name, time=float(moved[0]) * TICK))
        still = len(track) < 2 or float(np.linalg.norm(track[-1, i] - track[-2, i])) < 0.001
        if len(moved) and still and not len(gone):
            events.append(Event(kind="stopped", subject=name, time=(len(track) - 1) * TICK))
    return tuple(sorted(events, key=lambda e: e.time))


def clip_rows(contact: int, ended: int, frames: int = CLIP_FRAMES) -> NDArray[np.int64]:
    """Return the rows that make a clip: now, then evenly from first contact to the end."""
    rest = np.linspace(min(contact, ended), ended, frames - 1).round().astype(np.int64)
    return np.concatenate([[0], rest])


def render_rollouts(
    simulation: BatchSimulation, trace: Trace, size: int, rng: np.random.Generator | None = None
) -> list[NDArray[np.uint8]]:
    """Draw `[8, size, size, 3]` clips of all simulations, supersampled twice in each direction."""
    renderer = Renderer(simulation.scene, simulation.model, size * 2)
    data = mujoco.MjData(simulation.model)
    clips = []
    for i in range(simulation.n):
        frames = []
        for row in clip_rows(int(trace.contact[i]), int(trace.ended[i])):
            data.qpos[:] = trace.qpos[row, i]
            mujoco.mj_kinematics(simulation.model, data)
            frames.append(renderer.render(data, rng).colour)
        clips.append(halve(np.stack(frames)))
    return clips


def simulate_scene(
    scene: Scene,
    pushes: Sequence[Push],
    horizon: float = 12.0,
    *,
    size: int = 0,
    threads: int = 0,
    rng: np.random.Generator | None = None,
    starts: Sequence[Scene] | None = None,
    looks: float = 0.0,
) -> list[Rollout]:
    """Simulate pushes of a fully specified scene.

    Args:
      scene: bodies, patches, looks and dynamics.
      pushes: one rollout each.
      horizon: seconds after which a push is cut.
      size: side of the clips in pixels, 0 for none.
      threads: worker threads, 0 for all cores.
      rng: source of sensor noise in the clips.
      starts: a scene of the same things for each push to begin from; None for `scene`.
      looks: standard deviation of the places by which pushes are steered, metres.
    """
    if not pushes:
        return []
    simulation = BatchSimulation(scene, pushes, threads, starts, looks=looks)
    trace = simulation.run(horizon)
    drawn = render_rollouts(simulation, trace, size, rng) if size else [None] * len(pushes)
    rollouts = []
    for i, push in enumerate(pushes):
        rows = trace.qpos[: int(trace.ended[i]) + 1, i]
        track = places(rows)
        frames = drawn[i]
        clip = None
        if frames is not None:
            start = starts[i] if starts else scene
            request = hashlib.sha256(repr((start, push)).encode()).hexdigest()[:12]
            clip = Clip(
                frames=frames,
                dt=float(trace.ended[i]) * TICK / (CLIP_FRAMES - 1),
                provenance=Provenance(source="physics", model="mujoco", seed=0, request=request),
            )
        rollouts.append(
            Rollout(
                names=scene.names,
                positions=track,
                pusher=rows[:, :3],
                dt=TICK,
                events=_events(scene, push, track),
                clip=clip,
            )
        )
    return rollouts
