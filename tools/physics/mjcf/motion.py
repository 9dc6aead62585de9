"""What the child process computes: compile checked MJCF, step it, write down what moved.

MuJoCo's soft contacts limit what may be read from it, here as anywhere: a body at
rest on a slope creeps, and restitution follows from `solref`, not from a number.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.errors import ToolError
from mindseye.tools.gl import mujoco
from mindseye.tools.physics.mjcf.picture import draw_clip

Array = NDArray[np.float64]

STATE = 13
"""Numbers kept of a body: position 3, quaternion 4, velocity 3, angular velocity 3."""
CLIP_FRAMES = 8

_UNSTABLE = ("BADQPOS", "BADQVEL", "BADQACC", "BADCTRL")
_CROWDED = ("CONTACTFULL", "CNSTRFULL")


@dataclass(frozen=True, kw_only=True)
class Request:
    """One simulation, as it is sent to the child."""

    xml: str
    """Checked by `parse_mjcf`."""
    seconds: float
    """Simulated time."""
    rate: float
    """Rows per simulated second."""
    picture: int
    """Side of the clip's frames in pixels, 0 for none."""
    steps: int
    """More are refused."""
    total_mass: float
    wall: float
    """Seconds until the child is killed."""
    memory: int
    """Megabytes beyond what the child starts with."""

    def fields(self) -> dict[str, Any]:
        """Return what `Request(**...)` takes."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True, eq=False)
class Motion:
    """What was recorded: `T` rows, `N` bodies, `F` frames."""

    names: tuple[str, ...]
    times: Array
    """`[T]` seconds."""
    states: Array
    """`[T, N, 13]`, see `STATE`."""
    contacts: tuple[tuple[float, str, str], ...]
    """When two bodies first touched: seconds and both names; "world" is what never moves."""
    frames: NDArray[np.uint8]
    """`[F, S, S, 3]` seen from the side, or no frames."""


def simulate(request: Request) -> Motion:
    """Compile and simulate.

    Raises:
      ToolError: it does not compile, does not fit the limits, or is unstable.
      MemoryError: it needs more than the process may take.
    """
    model = _compile(request.xml)
    mass = float(model.body_mass.sum())
    if mass > request.total_mass:
        raise ToolError(f"all bodies weigh {mass:g} kg; at most {request.total_mass:g} kg")
    steps = round(request.seconds / model.opt.timestep)
    if steps > request.steps:
        raise ToolError(
            f"{request.seconds:g} s in steps of {model.opt.timestep:g} s are {steps} steps; "
            f"at most {request.steps}: take a larger timestep"
        )
    # A reset in the middle would pass for motion.
    model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
    return _Recorder(model, request).run(steps)


def _compile(xml: str) -> mujoco.MjModel:
    try:
        return mujoco.MjModel.from_xml_string(xml)
    except ValueError as error:
        # MuJoCo has one kind of error for a scene that is wrong and for memory that it did not get.
        if "allocate memory" in str(error):
            raise MemoryError from error
        raise ToolError(f"MuJoCo cannot compile this: {' '.join(str(error).split())}") from error


class _Recorder:
    """Steps one model and keeps a row now and then."""

    def __init__(self, model: mujoco.MjModel, request: Request) -> None:
        self.model, self.request = model, request
        self.data = mujoco.MjData(model)
        if model.nkey:
            mujoco.mj_resetDataKeyframe(model, self.data, 0)
        self.names = tuple(model.body(b).name or f"body {b}" for b in range(1, model.nbody))
        self.touched: dict[tuple[int, int], float] = {}
        self.qpos: list[Array] = []

    def run(self, steps: int) -> Motion:
        every = max(1, round(1 / (self.request.rate * self.model.opt.timestep)))
        rows, times = [self._row()], [0.0]
        for step in range(1, steps + 1):
            try:
                mujoco.mj_step(self.model, self.data)
            except mujoco.FatalError as error:
                raise ToolError(f"MuJoCo gave up: {' '.join(str(error).split())}") from error
            self._contacts()
            if step % every == 0 or step == steps:
                self._check()
                rows.append(self._row())
                times.append(float(self.data.time))
        named = ("world", *self.names)
        return Motion(
            names=self.names,
            times=np.array(times),
            states=np.stack(rows),
            contacts=tuple((t, named[a], named[b]) for (a, b), t in self.touched.items()),
            frames=self._clip(),
        )

    def _row(self) -> Array:
        """Return `[N, 13]` of the state now."""
        model, data = self.model, self.data
        # A step leaves poses and velocities of its beginning behind.
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        mujoco.mj_comVel(model, data)
        row = np.empty((model.nbody - 1, STATE))
        velocity = np.empty(6)
        for b in range(1, model.nbody):
            mujoco.mj_objectVelocity(model, data, mujoco.mjtObj.mjOBJ_XBODY, b, velocity, 0)
            row[b - 1] = np.concatenate([data.xpos[b], data.xquat[b], velocity[3:], velocity[:3]])
        self.qpos.append(data.qpos.copy())
        return row

    def _contacts(self) -> None:
        if not self.data.ncon:
            return
        bodies = self.model.geom_bodyid[self.data.contact.geom]
        # Whatever hangs on the world without a joint is the world.
        roots = np.sort(np.where(self.model.body_weldid[bodies] == 0, 0, bodies), axis=1)
        for a, b in set(map(tuple, roots.tolist())):
            self.touched.setdefault((a, b), float(self.data.time))

    def _check(self) -> None:
        warned = {
            kind for kind in (*_UNSTABLE, *_CROWDED)
            if self.data.warning[getattr(mujoco.mjtWarning, f"mjWARN_{kind}")].number
        }  # fmt: skip
        at = f"after {self.data.time:.3g} s of simulated time"
        if warned & set(_CROWDED):
            raise ToolError(f"too many contacts at once {at}: take fewer or separate geoms")
        if warned or not np.isfinite(self.data.qpos).all() or not np.isfinite(self.data.qvel).all():
            raise ToolError(f"the simulation is unstable {at}: take a smaller timestep or forces")

    def _clip(self) -> NDArray[np.uint8]:
        size = self.request.picture
        if not size:
            return np.zeros((0, 0, 0, 3), dtype=np.uint8)
        shown = np.linspace(0, len(self.qpos) - 1, CLIP_FRAMES).astype(int)
        return draw_clip(self.model, [self.qpos[i] for i in shown], size)
