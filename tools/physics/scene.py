"""A typed tabletop scene, and the MuJoCo model built from it through `MjSpec`.

The same builder serves the world and the planner's twin of it. What differs is
who fills in the scene: the world from its seed, the twin from what vision saw.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.gl import mujoco
from mindseye.tools.goals import COLOURS, OBJECT_RADIUS, SHAPES, TABLE_HALF
from mindseye.tools.physics.camera import Camera
from mindseye.tools.values import Patch, Point, SceneGraph

CLASSES = (
    "background", "table", "pusher", "ice", "sticky",
    *(f"{c} {s}" for c in COLOURS for s in SHAPES),
)  # fmt: skip
"""Segmentation classes; the index is the class id."""

TIMESTEP = 0.005
SUBSTEPS = 20
"""Simulation steps per action: 10 Hz control."""
TICK = TIMESTEP * SUBSTEPS
"""Seconds between two actions."""
PUSHER_RADIUS = 0.02
PUSHER_DOWN = 0.062
"""Height of the pusher's centre while it pushes, metres."""
PUSHER_UP = 0.17
PUSHER_REACH = 0.37
"""The pusher can go this far from the middle in x and in y, metres."""
OVERLAP = 0.0005
"""Less than this is contact, not overlap, metres."""
PART_STEPS = 100
"""Simulation steps in which overlapping things may part."""
FLOOR = -0.25
HEIGHT = {"cube": 0.026, "cylinder": 0.026, "ball": OBJECT_RADIUS, "star": 0.022}
"""Height of each shape's centre above the table, metres."""

_THINGS, _GROUND = 2, 4
"""Contact bits: objects and pusher touch each other, objects touch table and floor."""

_RGB = {
    "red": (214, 48, 40), "green": (52, 160, 62), "blue": (42, 88, 214),
    "yellow": (240, 204, 44), "purple": (138, 58, 184),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Body:
    """One object."""

    colour: str
    shape: str
    position: Point
    yaw: float = 0.0
    """Radians."""
    mass: float = 0.06
    """Kilograms."""

    @property
    def name(self) -> str:
        """Return "red cube"."""
        return f"{self.colour} {self.shape}"


@dataclass(frozen=True, kw_only=True)
class Appearance:
    """How things look; the tools believe the defaults, reality may differ."""

    light: tuple[float, float, float] = (-0.3, -0.4, 1.0)
    """Direction towards the light."""
    ambient: float = 0.55
    hue: float = 0.0
    """Shift of all object colours round the colour circle, in turns."""
    table: tuple[int, int, int] = (196, 176, 148)
    background: tuple[int, int, int] = (58, 62, 70)
    pusher: tuple[int, int, int] = (0, 226, 226)
    camera: Camera = field(default_factory=Camera)
    noise: float = 0.0
    """Standard deviation of sensor noise, in grey levels of 255."""


@dataclass(frozen=True, kw_only=True)
class Dynamics:
    """How things move; the twin believes the defaults, reality may differ."""

    friction: float = 0.45
    rolling: float = 0.0006
    """Rolling friction of balls, metres."""
    mass_scale: float = 1.0
    ice: float = 0.03
    """Friction on an ice patch."""
    sticky: float = 1.6
    """Friction on a sticky patch."""
    force: float = 12.0
    """The pusher's strongest push, newtons."""


@final
@dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything that is needed to build the model and to draw it."""

    bodies: tuple[Body, ...]
    patches: tuple[Patch, ...] = ()
    pusher: Point = (0.0, -0.34)
    appearance: Appearance = field(default_factory=Appearance)
    dynamics: Dynamics = field(default_factory=Dynamics)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the objects, in order."""
        return tuple(b.name for b in self.bodies)


RIM_SLACK = 0.02
"""What is seen this little beside the table still stands on its rim, metres."""


def twin(graph: SceneGraph) -> Scene:
    """Return the scene that the planner believes in, from what vision saw.

    What lies clearly beside the table is left out; what is seen just over the
    rim is put back onto it.
    """
    bodies = tuple(
        Body(colour=o.colour, shape=o.shape, position=_onto_table(o.position))
        for o in graph.objects
        if max(map(abs, o.position)) <= TABLE_HALF + RIM_SLACK
    )
    return Scene(bodies=bodies, patches=graph.patches, pusher=graph.pusher or (0.0, -0.34))


def _onto_table(point: Point) -> Point:
    edge = TABLE_HALF - 0.001
    return max(-edge, min(edge, point[0])), max(-edge, min(edge, point[1]))


def class_of(name: str) -> int:
    """Return the segmentation class of an object's name."""
    return CLASSES.index(name)


def colour_of(scene: Scene, name: str) -> tuple[float, float, float]:
    """Return the drawn RGB (0 to 255) of an object under the scene's hue shift."""
    import colorsys

    r, g, b = (c / 255 for c in _RGB[name.split()[0]])
    h, s, v = colorsys.rgb_to_hsv(r, g, b)
    r, g, b = colorsys.hsv_to_rgb((h + scene.appearance.hue) % 1.0, s, v)
    return r * 255, g * 255, b * 255


def _star_meshes(spec: mujoco.MjSpec) -> None:
    """Add the five kites that make a star: each convex, so that contacts are exact."""
    outer, inner, h = 0.040, 0.018, HEIGHT["star"]
    for k in range(5):
        a = 2 * math.pi * k / 5 + math.pi / 2
        flat = [(0.0, 0.0)] + [
            (r * math.cos(a + d), r * math.sin(a + d))
            for r, d in ((inner, -math.pi / 5), (outer, 0.0), (inner, math.pi / 5))
        ]
        mesh = spec.add_mesh(name=f"kite{k}")
        mesh.uservert = np.array([(x, y, z) for z in (-h, h) for x, y in flat]).ravel()


def _add_object(spec: mujoco.MjSpec, body: Body, dynamics: Dynamics) -> None:
    z = HEIGHT[body.shape]
    part = spec.worldbody.add_body(
        name=body.name,
        pos=[*body.position, z + 0.0005],
        quat=[math.cos(body.yaw / 2), 0, 0, math.sin(body.yaw / 2)],
    )
    part.add_freejoint(name=body.name)
    common = {
        "mass": body.mass * dynamics.mass_scale,
        "friction": [dynamics.friction, 0.005, dynamics.rolling],
        "priority": 1,
    }
    solid = common | {"contype": _THINGS, "conaffinity": _THINGS | _GROUND}
    geom = mujoco.mjtGeom
    if body.shape == "ball":
        part.add_geom(type=geom.mjGEOM_SPHERE, size=[z, 0, 0], condim=6, **solid)
    elif body.shape == "cube":
        part.add_geom(type=geom.mjGEOM_BOX, size=[z, z, z], condim=4, **solid)
    elif body.shape == "cylinder":
        part.add_geom(type=geom.mjGEOM_CYLINDER, size=[OBJECT_RADIUS, z, 0], condim=4, **solid)
    else:
        # A hidden foot carries the star on the table: one contact set instead of five.
        part.add_geom(
            type=geom.mjGEOM_CYLINDER, size=[0.026, z, 0], condim=4, group=4,
            contype=0, conaffinity=_GROUND, **common,
        )  # fmt: skip
        for k in range(5):
            arm = common | {"mass": 0.0005}
            part.add_geom(
                type=geom.mjGEOM_MESH, meshname=f"kite{k}", condim=4, contype=_THINGS,
                conaffinity=_THINGS, **arm,
            )  # fmt: skip


def _add_pusher(spec: mujoco.MjSpec, scene: Scene) -> None:
    body = spec.worldbody.add_body(name="pusher", pos=[0, 0, 0], gravcomp=1)
    actuators = (("x", [1, 0, 0], scene.dynamics.force), ("y", [0, 1, 0], scene.dynamics.force),
                 ("z", [0, 0, 1], 40.0))  # fmt: skip
    for axis, direction, _ in actuators:
        body.add_joint(name=f"pusher_{axis}", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=direction)
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_CYLINDER, size=[PUSHER_RADIUS, 0.05, 0], mass=1.0,
        contype=_THINGS, conaffinity=_THINGS, friction=[0.2, 0.005, 0.0001],
    )  # fmt: skip
    for axis, _, force in actuators:
        act = spec.add_actuator(
            name=f"pusher_{axis}",
            target=f"pusher_{axis}",
            trntype=mujoco.mjtTrn.mjTRN_JOINT,
            forcelimited=True,
            forcerange=[-force, force],
        )
        act.set_to_position(kp=2500.0, kv=100.0)


def build(scene: Scene) -> mujoco.MjModel:
    """Compile the scene. Joint order: pusher x, y, z, then one free joint per object."""
    spec = mujoco.MjSpec()
    spec.option.timestep = TIMESTEP
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    _star_meshes(spec)
    box, plane = mujoco.mjtGeom.mjGEOM_BOX, mujoco.mjtGeom.mjGEOM_PLANE
    flat = {"friction": [0.45, 0.005, 0.0006], "contype": _GROUND, "conaffinity": 0}
    spec.worldbody.add_geom(
        name="table", type=box, size=[TABLE_HALF, TABLE_HALF, 0.02], pos=[0, 0, -0.02], **flat
    )
    spec.worldbody.add_geom(name="floor", type=plane, size=[3, 3, 0.1], pos=[0, 0, FLOOR], **flat)
    _add_pusher(spec, scene)
    for body in scene.bodies:
        _add_object(spec, body, scene.dynamics)
    return spec.compile()


def initial_state(scene: Scene, model: mujoco.MjModel) -> NDArray[np.float64]:
    """Return `qpos` with the pusher lifted at its place.

    The model may be that of another scene, of the same things with the same headings.
    """
    qpos: NDArray[np.float64] = model.qpos0.copy()
    qpos[:3] = [*scene.pusher, PUSHER_UP]
    for i, body in enumerate(scene.bodies):
        qpos[3 + 7 * i : 5 + 7 * i] = body.position
    return qpos


def without_overlap(model: mujoco.MjModel, qpos: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `[nq]` with things that overlap pushed apart, and nothing set in motion.

    Vision reads places to a few millimetres and no headings, so things that touch
    are often believed to overlap. The solver would throw them apart, and a ball
    would roll off before the pusher came near.
    """
    data = mujoco.MjData(model)
    data.qpos[:] = qpos
    data.ctrl[:] = qpos[:3]
    for _ in range(PART_STEPS):
        mujoco.mj_forward(model, data)
        movable = (model.geom_bodyid[data.contact.geom] > 0).all(axis=1)
        if not (movable & (data.contact.dist < -OVERLAP)).any():
            break
        mujoco.mj_step(model, data)
        data.qvel[:] = 0.0
    parted: NDArray[np.float64] = data.qpos.copy()
    parted[:3] = qpos[:3]
    return parted


class FrictionField:
    """Sets each object's friction from the patch that its centre stands on.

    Discs with other friction laid on the table would have rims, and flush tiles
    would have inner edges on which sliding things catch. Writing the friction of
    the object itself, by place, four times per action, has neither.
    """

    def __init__(
        self, scene: Scene, model: mujoco.MjModel, dynamics: Sequence[Dynamics] = ()
    ) -> None:
        """Set up for a scene; `dynamics` are those of each simulation where they differ."""
        every = dynamics or (scene.dynamics,)
        self.patches = scene.patches
        self.base = np.squeeze([d.friction for d in every])
        self.value = {
            "ice": np.squeeze([d.ice for d in every]),
            "sticky": np.squeeze([d.sticky for d in every]),
        }
        self.rolling = np.squeeze([d.rolling for d in every])
        owner = [model.body(b).name for b in model.geom_bodyid]
        self.geoms = [np.flatnonzero([o == n for o in owner]) for n in scene.names]

    def write_rolling(self, geom_friction: np.ndarray) -> None:
        """Write rolling friction into `[..., ngeom, 3]`: no patch changes it, so once is enough.

        The scene's own is in its model already.
        """
        for geoms in self.geoms:
            geom_friction[..., geoms, 2] = self.rolling[..., None]

    def apply(self, positions: np.ndarray, geom_friction: np.ndarray) -> None:
        """Write sliding friction into `[..., ngeom, 3]` from `[..., N, >=2]` object places."""
        for i, geoms in enumerate(self.geoms):
            mu = np.broadcast_to(self.base, positions.shape[:-2])
            for patch in self.patches:
                offset = positions[..., i, :2] - np.asarray(patch.position)
                inside = np.linalg.norm(offset, axis=-1) <= patch.radius
                mu = np.where(inside, self.value[patch.kind], mu)
            geom_friction[..., geoms, 0] = mu[..., None]
