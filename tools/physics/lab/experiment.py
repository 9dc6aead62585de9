"""What the lab simulates: every quantity of every body a number in SI units."""

from dataclasses import dataclass
from typing import Literal

from mindseye.tools.physics.lab.program import Ask, Direction, Measure, Quantity, Scene

Until = Literal["length", "duration", "rest", "turn", "ground", "contact"]
"""When a body's measures are read: at the end of the way or of the time, when it
stops, when it turns back, when it lands, or after the collision."""


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """Something that the question left open.

    `default`: an amount nobody stated. `factor`: how much is meant by "more" or "less".
    """

    quantity: Quantity
    kind: Literal["default", "factor"]
    value: float
    """What was assumed: SI units, or the factor."""
    low: float
    """Least plausible multiple of it."""
    high: float
    """Largest plausible multiple of it."""

    @property
    def key(self) -> tuple[Quantity, Literal["default", "factor"]]:
        """What `resolve` takes to assume something else."""
        return self.quantity, self.kind


@dataclass(frozen=True, kw_only=True)
class Setup:
    """One body; quantities that its scene does not take keep harmless values."""

    name: str
    mass: float = 1.0
    """Kilograms."""
    force: float = 0.0
    """Newtons, along the lane."""
    speed: float = 0.0
    """Metres a second, at the start."""
    height: float = 0.0
    """Metres above the ground; infinite where no ground is within reach."""
    angle: float = 0.0
    """Radians: of the slope, or of the throw above the horizontal."""
    friction: float = 0.0
    length: float = 0.0
    """Metres."""
    duration: float = 0.0
    """Seconds."""
    gravity: float = 9.81
    """Metres a second squared."""
    direction: Direction = "down"
    until: Until = "duration"


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A resolved scene program."""

    scene: Scene
    bodies: tuple[Setup, ...]
    ask: Ask
    restitution: float = 1.0
    pulled: bool = False
    """In a friction scene: pulled by a force, rather than sliding until it stops."""
    edge: bool = False
    """In a friction scene: the floor ends at the length."""
    stated: tuple[tuple[str, Quantity], ...] = ()
    """(body, quantity) that the question settles, by itself or in relation to another."""
    assumed: tuple[Assumption, ...] = ()

    @property
    def measure(self) -> Measure | None:
        """What is measured; None where it is asked whether something happens."""
        return None if self.ask.kind == "does" else self.ask.measure

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the bodies, in order."""
        return tuple(b.name for b in self.bodies)
