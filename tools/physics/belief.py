"""What is believed of friction, learned from pushes that did not end as pictured.

A posterior over a grid of dynamics, as in Bayesian system identification (Peterka, 1981):
each push that was seen is simulated again under every belief, and beliefs that put
things where they were seen to end gain weight.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mindseye.tools.physics.rollouts import simulate_scene
from mindseye.tools.physics.sampling import misread
from mindseye.tools.physics.scene import Dynamics, twin
from mindseye.tools.values import Carried, Point

FRICTIONS = (0.05, 0.1, 0.2, 0.3, 0.45, 0.7, 1.0)
"""Sliding friction that is thought possible."""
ROLLINGS = (0.0001, 0.0006, 0.003)
"""Rolling friction that is thought possible, metres; asked only where there are balls."""
PRIOR_SPREAD = 1.0
"""Standard deviation of the prior over the logarithm of friction: within a factor of three."""
READING = 0.015
"""Where two looks at a thing that ended alike put it, metres: vision's error and chance."""
PLACE_ERROR = 0.004
"""Standard deviation of the places from which a push is tried again, metres."""
TRIALS = 6
"""Places from which a push is tried again under each option."""
EVIDENCE = 1.0
"""Logarithm of the odds from which another belief takes the place of the one that is held: pushes
end by chance as much as by friction."""
FALLEN = 0.15
"""How far off a belief counts that lets something fall which stayed, or the other way, metres."""


@dataclass(frozen=True, kw_only=True)
class Belief:
    """Weights over dynamics."""

    options: tuple[Dynamics, ...]
    logs: tuple[float, ...]
    """Logarithms of their weights, not normalised."""

    @classmethod
    def around(cls, dynamics: Dynamics) -> "Belief":
        """Return the belief before anything was seen: most likely `dynamics`."""
        pairs = itertools.product(
            sorted({*FRICTIONS, dynamics.friction}), sorted({*ROLLINGS, dynamics.rolling})
        )
        options = tuple(replace(dynamics, friction=f, rolling=r) for f, r in pairs)
        return cls(options=options, logs=tuple(_prior(o, dynamics) for o in options))

    def likelier(self, than: Dynamics) -> Dynamics:
        """Return the dynamics with the largest weight, if it clearly outweighs those believed."""
        best = max(range(len(self.logs)), key=lambda i: self.logs[i])
        now = self.logs[self.options.index(than)]
        return self.options[best] if self.logs[best] - now > EVIDENCE else than

    def updated(self, done: Sequence[Carried], threads: int = 0, looks: float = 0.0) -> "Belief":
        """Return the posterior after pushes that were seen.

        Args:
          done: pushes with what was seen before and after.
          threads: simulations at a time; 0 takes all cores.
          looks: see `simulate_scene`.
        """
        logs = list(self.logs)
        for one in done:
            found = _log_likelihoods(self.options, one, threads, looks)
            logs = [a + b for a, b in zip(logs, found, strict=True)]
        return replace(self, logs=tuple(log - max(logs) for log in logs))


def _prior(option: Dynamics, believed: Dynamics) -> float:
    gaps = (
        math.log(option.friction / believed.friction), math.log(option.rolling / believed.rolling)
    )  # fmt: skip
    return sum(-0.5 * (gap / PRIOR_SPREAD) ** 2 for gap in gaps)


def _log_likelihoods(
    options: Sequence[Dynamics], done: Carried, threads: int, looks: float
) -> list[float]:
    """Return how well each dynamics explains where things were seen to end, from one batch.

    Where things slide, a push ends elsewhere if it begins a millimetre beside; so each
    option is tried from several places that may have been meant, and is as likely as
    it is on the average of them.
    """
    scene = twin(done.scene)
    if done.push.subject not in scene.names:
        return [0.0] * len(options)
    # Only where there are balls is it told how they roll.
    balls = any(body.shape == "ball" for body in scene.bodies)
    felt = [(o.friction, o.rolling if balls else 0.0) for o in options]
    distinct = dict(zip(felt, options, strict=True))
    doubts = (misread(scene, np.random.default_rng(k), PLACE_ERROR) for k in range(1, TRIALS))
    places = [scene, *doubts]
    starts = [replace(p, dynamics=option) for option in distinct.values() for p in places]
    rollouts = simulate_scene(
        starts[0], [done.push] * len(starts), threads=threads, starts=starts, looks=looks
    )  # fmt: skip
    fits = np.array([_fit(r.layout, done.seen) for r in rollouts]).reshape(-1, TRIALS)
    found = dict(zip(distinct, np.logaddexp.reduce(fits, axis=1) - math.log(TRIALS), strict=True))
    return [float(found[key]) for key in felt]


def _fit(there: Mapping[str, Point], seen: Mapping[str, Point]) -> float:
    """Return the log-likelihood of one end, by Student's t with two degrees of freedom.

    One thing that went astray by a chance contact does not outweigh all others.
    """
    total = 0.0
    for name in {*there, *seen}:
        both = name in there and name in seen
        gap = math.dist(there[name], seen[name]) if both else FALLEN
        total -= 1.5 * math.log1p((gap / READING) ** 2 / 2)
    return total
