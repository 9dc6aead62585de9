"""The 39 sub-tasks of the standard set: what varies between two bodies, and what is asked.

The paper (Liu et al., 2022) has 39 in the same six scenes; which they are it does not
say in full, so these are ours.
"""

from dataclasses import dataclass

from mindseye.tools.physics.lab.program import Measure, Quantity, Scene


@dataclass(frozen=True, kw_only=True)
class SubTask:
    """A comparison of two bodies."""

    scene: Scene
    modes: tuple[str, ...]
    """Situations, by key of `MODES`."""
    varies: Quantity
    measure: Measure
    decides: tuple[Quantity, ...] = ()
    """What the answer hangs on where `varies` does not matter; else empty."""
    idle: tuple[Quantity, ...] = ()
    """Other quantities that may differ without changing the answer."""
    others: tuple[Quantity, ...] = ()
    """What matters and is the same for both."""
    needs: tuple[Quantity, ...] = ()
    """Of those, what has to be told."""

    @property
    def id(self) -> str:
        """Such as "projection/speed-range"."""
        return f"{self.scene}/{self.varies}-{self.measure}"


def _task(scene: Scene, modes: str, varies: Quantity, measure: Measure, decides: str = "",
          idle: str = "", others: str = "", needs: str = "") -> SubTask:  # fmt: skip
    lists = [tuple(text.split()) for text in (decides, idle, others, needs)]
    return SubTask(
        scene=scene, modes=tuple(modes.split(",")), varies=varies, measure=measure,
        decides=lists[0], idle=lists[1], others=lists[2], needs=lists[3],  # type: ignore[arg-type]
    )  # fmt: skip


SUBTASKS: tuple[SubTask, ...] = (
    _task("motion", "push", "mass", "acceleration", others="force"),
    _task("motion", "push", "force", "acceleration", others="mass"),
    _task("motion", "push", "mass", "speed", others="force duration"),
    _task("motion", "push", "force", "distance", others="mass duration"),
    _task("motion", "push", "mass", "time", others="force length"),
    _task("motion", "push", "duration", "speed", others="force mass"),
    _task("motion", "glide", "speed", "distance", idle="mass", others="duration"),
    _task("friction", "slide,brake", "speed", "distance", idle="mass", others="friction"),
    _task("friction", "slide,brake", "friction", "distance", idle="mass", others="speed"),
    _task("friction", "slide,brake", "mass", "distance", decides="speed friction",
          others="speed friction"),
    _task("friction", "slide,brake", "friction", "time", idle="mass", others="speed"),
    _task("friction", "slide", "mass", "friction_force", idle="speed", others="friction"),
    _task("friction", "pull", "mass", "acceleration", others="force friction", needs="force"),
    _task("friction", "pull", "force", "acceleration", others="mass friction"),
    _task("free_fall", "drop", "height", "time", idle="mass", others="gravity"),
    _task("free_fall", "drop", "height", "speed", idle="mass", others="gravity"),
    _task("free_fall", "drop", "mass", "time", decides="height", others="height gravity"),
    _task("free_fall", "drop", "mass", "kinetic_energy", others="height"),
    _task("free_fall", "throw down", "speed", "time", idle="mass", others="height"),
    _task("free_fall", "throw up", "speed", "max_height", idle="mass", others="gravity"),
    _task("free_fall", "drop", "gravity", "time", idle="mass", others="height"),
    _task("projection", "throw level,throw level,throw angle", "speed", "range", idle="mass",
          others="height angle", needs="angle"),
    _task("projection", "throw level", "height", "range", idle="mass", others="speed"),
    _task("projection", "throw level", "height", "time", idle="mass speed"),
    _task("projection", "throw level", "speed", "time", decides="height", idle="mass",
          others="height"),
    _task("projection", "throw level", "mass", "range", decides="speed height",
          others="speed height"),
    _task("projection", "throw angle", "angle", "max_height", idle="mass", others="speed"),
    _task("projection", "throw level", "gravity", "range", idle="mass", others="speed height"),
    _task("collision", "crash,hit", "mass", "speed"),
    _task("collision", "crash,hit", "mass", "speed_change"),
    _task("collision", "crash", "speed", "speed", others="mass"),
    _task("collision", "crash,hit", "mass", "momentum"),
    _task("slope", "slope down", "angle", "acceleration", idle="mass length", others="friction"),
    _task("slope", "slope down", "length", "time", idle="mass", others="angle"),
    _task("slope", "slope down", "height", "speed", idle="mass", others="angle"),
    _task("slope", "slope down", "friction", "speed", idle="mass", others="angle length"),
    _task("slope", "slope down", "mass", "time", decides="angle length", others="angle length"),
    _task("slope", "slope up", "speed", "distance", idle="mass", others="angle"),
    _task("slope", "slope down", "angle", "speed", idle="mass", others="length"),
)  # fmt: skip
"""In the order of the scenes."""

MORE: tuple[SubTask, ...] = (
    _task("motion", "glide", "speed", "kinetic_energy", others="mass"),
    _task("motion", "glide", "mass", "momentum", others="speed"),
    _task("motion", "push", "length", "kinetic_energy", idle="mass", others="force"),
    _task("motion", "push", "force", "time", others="mass length"),
    _task("motion", "push", "force", "speed", others="mass duration"),
    _task("motion", "push", "mass", "kinetic_energy", decides="length force", others="length"),
    _task("friction", "slide", "gravity", "distance", idle="mass", others="speed"),
    _task("friction", "pull", "friction", "acceleration", others="force", needs="force"),
    _task("friction", "slide,brake", "speed", "time", idle="mass", others="friction"),
    _task("friction", "slide,brake", "friction", "acceleration", idle="mass speed"),
    _task("free_fall", "drop", "gravity", "speed", idle="mass", others="height"),
    _task("free_fall", "drop", "mass", "speed", decides="height", others="height"),
    _task("free_fall", "drop", "height", "momentum", others="mass"),
    _task("free_fall", "throw up", "gravity", "max_height", idle="mass", others="speed"),
    _task("free_fall", "throw up", "mass", "max_height", decides="speed", others="speed"),
    _task("free_fall", "throw up", "speed", "time", idle="mass"),
    _task("free_fall", "throw down", "height", "speed", idle="mass", others="speed"),
    _task("projection", "throw level", "speed", "speed", idle="mass", others="height"),
    _task("projection", "throw angle", "angle", "range", idle="mass", others="speed"),
    _task("projection", "throw angle", "angle", "time", idle="mass", others="speed"),
    _task("projection", "throw angle", "speed", "max_height", idle="mass", others="angle",
          needs="angle"),
    _task("projection", "throw level", "mass", "time", decides="height", idle="speed",
          others="height"),
    _task("collision", "crash,hit", "mass", "kinetic_energy"),
    _task("collision", "crash", "speed", "momentum", others="mass"),
    _task("slope", "slope down", "gravity", "time", idle="mass", others="angle length"),
    _task("slope", "slope down", "friction", "acceleration", idle="mass", others="angle"),
    _task("slope", "slope down", "angle", "time", idle="mass", others="length"),
    _task("slope", "slope down", "mass", "speed", decides="height", others="height"),
    _task("slope", "slope up", "angle", "distance", idle="mass", others="speed"),
    _task("slope", "slope up", "friction", "distance", idle="mass", others="speed angle"),
)  # fmt: skip
"""Further comparisons, for training only."""
