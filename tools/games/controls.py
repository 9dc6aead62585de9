"""Which keys and levers an action space has, and which of them an action presses and moves.

A key is down or up, a lever is pushed somewhere in [-1, 1] or, where it has two directions,
in a square. Every Gymnasium space of choices, switches and bounded numbers becomes such a desk
of keys and levers, and what is seen on the desk becomes a valid action again.
"""

import itertools
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from mindseye.tools.errors import BadInput

Array = NDArray[np.float64]

NOTHING = ("noop", "no_op", "none", "nothing")
"""Names of the action that presses no key, in small letters."""
SURE = 0.98
"""A key is never believed to be down or up more than this."""
FAINT = 0.1
"""A key that is seen to be down by less than this is up: a picture is never wholly clean."""
_JOYSTICK = re.compile("UP|DOWN|LEFT|RIGHT|FIRE")


@dataclass(frozen=True, kw_only=True, eq=False)
class Pressed:
    """A desk as it is seen, or as an action has it."""

    keys: tuple[str, ...]
    """Their names."""
    chance: Array
    """`[K]` in [0, 1]: how likely each key is down; 0 or 1 where an action says so."""
    levers: tuple[Array, ...]
    """Each `[1]` or `[2]` (to the right, up) in [-1, 1]."""

    @property
    def down(self) -> tuple[str, ...]:
        """Names of the keys that are more likely down than up."""
        return tuple(k for k, c in zip(self.keys, self.chance, strict=True) if c > 0.5)

    @property
    def arrows(self) -> tuple[tuple[float, float], ...]:
        """Angle (radians from the right, counter-clockwise) and length of each lever of two."""
        return tuple(
            (math.atan2(x[1], x[0]), float(np.hypot(*x))) for x in self.levers if len(x) == 2
        )


class Control(ABC):
    """A part of the desk: the keys and levers of one action space."""

    keys: tuple[str, ...] = ()
    """Names."""
    levers: tuple[int, ...] = ()
    """Directions of each: 1 or 2."""

    @abstractmethod
    def shown(self, action: Any) -> Pressed:
        """Return the desk while an action of the space is done."""

    @abstractmethod
    def action(self, pressed: Pressed) -> Any:
        """Return the action of the space that fits best to what is seen of these keys and levers.

        Always a valid one, whatever is seen.
        """

    def besides(self, pressed: Pressed, others: Sequence[Any]) -> Any:
        """Return the action that fits best besides others, where actions are single choices.

        Rest is none where there are others: what is tried in vain does not come about by it.
        Where actions are no single choices, or nothing is left, as `action` does.
        """
        return self.action(pressed)

    def idle(self) -> Pressed:
        """Return the desk while nobody touches it."""
        return self._desk(np.zeros(len(self.keys)), tuple(np.zeros(n) for n in self.levers))

    def _desk(self, chance: Array, levers: tuple[Array, ...] = ()) -> Pressed:
        return Pressed(keys=self.keys, chance=np.asarray(chance, dtype=float), levers=levers)


def key_codes(names: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.bool_]]:
    """Return the keys that named actions need, and which of them each action presses.

    An action that says it does nothing presses none, and those of a joystick press several:
    "UPRIGHTFIRE" is up, right and fire. Every other name is a key by itself.

    Args:
      names: of the actions in their order.

    Returns:
      Names of the keys, and `[actions, keys]`, no two rows alike.
    """
    parts: list[tuple[str, ...]] = []
    for name in names:
        found = tuple(_JOYSTICK.findall(name))
        whole = bool(found) and "".join(found) == name
        parts.append(() if name.lower() in NOTHING else found if whole else (name,))
    if len({frozenset(p) for p in parts}) < len(names):
        parts = [(f"{i} {name}",) for i, name in enumerate(names)]
    keys = tuple(dict.fromkeys(itertools.chain.from_iterable(parts)))
    return keys, np.array([[key in p for key in keys] for p in parts], dtype=bool)


def _fits(codes: NDArray[np.bool_], chance: Array, rest: float = 1.0) -> Array:
    """Return how well each row `[actions, keys]` fits to how likely each key is down.

    Where no row presses more than one key these share what is likely: a picture that is the mean
    of several futures shows each as dark as it is likely, and three keys that are a third dark
    each are no sign that nothing is pressed. What they leave of a whole counts for rest, but by
    the share `rest` only, since such pictures come out too light; and the seldomer rest is, the
    fainter a key may be.
    """
    if codes.sum(axis=1).max(initial=0) <= 1:
        dark = np.where(chance < FAINT * rest, 0.0, chance)
        return np.where(codes.any(axis=1), codes @ dark, rest * (1.0 - dark.sum()))
    sure = np.clip(chance, 1 - SURE, SURE)
    return np.asarray(codes @ np.log(sure) + ~codes @ np.log(1 - sure))


@final
class Choice(Control):
    """One of several actions: a key each, or the keys that their names tell of."""

    def __init__(
        self, space: spaces.Discrete, names: Sequence[str] | None = None, rest: float = 1.0
    ) -> None:
        """Set up; without `names` each action has a key by its number."""
        self._start, self._rest = int(space.start), rest
        numbers = [str(i) for i in range(self._start, self._start + int(space.n))]
        self.keys, self._codes = key_codes(names or numbers)

    def shown(self, action: Any) -> Pressed:
        """See `Control.shown`."""
        return self._desk(self._codes[int(action) - self._start].astype(float))

    def action(self, pressed: Pressed) -> np.int64:
        """See `Control.action`."""
        return self.besides(pressed, ())

    def besides(self, pressed: Pressed, others: Sequence[Any]) -> np.int64:
        """See `Control.besides`."""
        fits = _fits(self._codes, pressed.chance, self._rest)
        out = np.isin(np.arange(len(fits)) + self._start, [int(other) for other in others])
        if len(others):
            out |= ~self._codes.any(axis=1)
        return np.int64(
            np.argmax(fits if out.all() else np.where(out, -np.inf, fits)) + self._start
        )


@final
class Switches(Control):
    """Keys that are pressed independently."""

    def __init__(self, space: spaces.MultiBinary, names: Sequence[str] | None = None) -> None:
        """Set up; without `names` the keys are numbered."""
        self._space = space
        self.keys = tuple(names or (str(i) for i in range(math.prod(space.shape))))

    def shown(self, action: Any) -> Pressed:
        """See `Control.shown`."""
        return self._desk(np.ravel(action).astype(float))

    def action(self, pressed: Pressed) -> NDArray[np.int8]:
        """See `Control.action`."""
        return (pressed.chance > 0.5).astype(np.int8).reshape(self._space.shape)


@final
class Dials(Control):
    """Several choices at once; the first value of each presses nothing, the others a key each."""

    def __init__(self, space: spaces.MultiDiscrete) -> None:
        """Set up."""
        self._space = space
        self._many = [int(n) for n in np.ravel(space.nvec)]
        self._start = np.ravel(space.start)
        self.keys = tuple(f"{i}={v}" for i, n in enumerate(self._many) for v in range(1, n))
        self._codes = [np.eye(n, dtype=bool)[:, 1:] for n in self._many]

    def shown(self, action: Any) -> Pressed:
        """See `Control.shown`."""
        values = np.ravel(action) - self._start
        rows = [codes[v] for codes, v in zip(self._codes, values, strict=True)]
        return self._desk(np.concatenate(rows).astype(float))

    def action(self, pressed: Pressed) -> NDArray[np.int64]:
        """See `Control.action`."""
        ends = np.cumsum([n - 1 for n in self._many])[:-1]
        seen = np.split(pressed.chance, ends)
        values = [np.argmax(_fits(c, s)) for c, s in zip(self._codes, seen, strict=True)]
        found: NDArray[np.int64] = (self._start + values).reshape(self._space.shape)
        return found.astype(self._space.dtype)


@final
class Levers(Control):
    """Bounded numbers: each two that follow one another are a lever, an odd last one is alone."""

    def __init__(self, space: spaces.Box) -> None:
        """Set up.

        Raises:
          BadInput: a number without bounds.
        """
        self._space = space
        self._low, self._high = (np.ravel(e).astype(float) for e in (space.low, space.high))
        if not np.isfinite(self._low).all() or not np.isfinite(self._high).all():
            raise BadInput(f"a lever needs bounds, and {space} has none: rescale it first")
        n = len(self._low)
        self.levers = (2,) * (n // 2) + (1,) * (n % 2)

    def shown(self, action: Any) -> Pressed:
        """See `Control.shown`."""
        span = np.where(self._high > self._low, self._high - self._low, 1.0)
        share = (np.ravel(action).astype(float) - self._low) / span
        values = np.clip(2 * share - 1, -1.0, 1.0)
        return self._desk(np.zeros(0), tuple(np.split(values, np.cumsum(self.levers)[:-1])))

    def action(self, pressed: Pressed) -> NDArray[Any]:
        """See `Control.action`."""
        values = np.clip(np.concatenate(pressed.levers), -1.0, 1.0)
        real = self._low + (values + 1) / 2 * (self._high - self._low)
        whole = np.issubdtype(self._space.dtype, np.integer)
        fit = (np.rint(real) if whole else real).astype(self._space.dtype)
        # In the space's own precision, since rounding may have gone over a bound.
        fit = fit.reshape(self._space.shape)
        return np.asarray(np.clip(fit, self._space.low, self._space.high))


@final
class Together(Control):
    """Several controls side by side, such as a keyboard and a mouse."""

    def __init__(self, parts: Sequence[Control], names: Sequence[str] | None) -> None:
        """Set up.

        Args:
          parts: in the order of the space.
          names: of the parts, where the space is a `Dict`.
        """
        self._parts, self._names = tuple(parts), names
        labels = names or [str(i) for i in range(len(parts))]
        pairs = zip(labels, self._parts, strict=True)
        self.keys = tuple(f"{label}.{key}" for label, part in pairs for key in part.keys)
        self.levers = tuple(n for part in self._parts for n in part.levers)

    def shown(self, action: Any) -> Pressed:
        """See `Control.shown`."""
        given = action if self._names is None else [action[n] for n in self._names]
        seen = [part.shown(a) for part, a in zip(self._parts, given, strict=True)]
        chance = np.concatenate([np.zeros(0), *(s.chance for s in seen)])
        return self._desk(chance, tuple(x for s in seen for x in s.levers))

    def action(self, pressed: Pressed) -> Any:
        """See `Control.action`."""
        k, n, found = 0, 0, []
        for part in self._parts:
            chance = pressed.chance[k : k + len(part.keys)]
            levers = pressed.levers[n : n + len(part.levers)]
            found.append(part.action(Pressed(keys=part.keys, chance=chance, levers=levers)))
            k, n = k + len(part.keys), n + len(part.levers)
        return tuple(found) if self._names is None else dict(zip(self._names, found, strict=True))


def controls(
    space: spaces.Space[Any], names: Sequence[str] | None = None, rest: float = 1.0
) -> Control:
    """Return the desk of an action space.

    Args:
      space: discrete, multi-binary, multi-discrete or a bounded box, or a `Dict` or `Tuple`
        of such.
      names: of the actions of a discrete space, or of the keys of a multi-binary one.
      rest: of a discrete space, how usual it is to press nothing; see `Keyboard`.

    Raises:
      BadInput: another space, or not as many names as there are actions.
    """
    if isinstance(space, spaces.Dict):
        return Together([controls(s) for s in space.spaces.values()], tuple(space.spaces))
    if isinstance(space, spaces.Tuple):
        return Together([controls(s) for s in space.spaces], None)
    if isinstance(space, spaces.MultiDiscrete):
        return Dials(space)
    if isinstance(space, spaces.Box):
        return Levers(space)
    if not isinstance(space, spaces.Discrete | spaces.MultiBinary):
        raise BadInput(f"no keyboard for the action space {space}")
    many = int(space.n) if isinstance(space, spaces.Discrete) else math.prod(space.shape)
    if names is not None and len(names) != many:
        raise BadInput(f"{len(names)} names for {many} actions: {', '.join(names)}")
    if isinstance(space, spaces.Discrete):
        return Choice(space, names, rest)
    return Switches(space, names)
