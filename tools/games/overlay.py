"""A virtual keyboard on the screen: which keys led to a frame stands in the frame.

A video model that has seen such recordings continues them keys and all, and what it would press
is read off its own pictures (so do people who learn a game from films with the keys shown).

The world's picture is squeezed into the upper rows, so that all of it stays in sight, and the
lower rows are a grey strip: a light cap for each key that is black while it is down, an arrow
for each lever of two directions (mouse, joystick), a slider for one. The frame that a world
begins with shows no key down: no action led to it.
"""

from collections.abc import Sequence
from typing import Any, final

import cv2
import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from mindseye.tools.errors import BadInput
from mindseye.tools.games.controls import Control, Pressed, controls
from mindseye.tools.games.game import GameSpec
from mindseye.tools.games.gauge import ACROSS, SLIDER, ink, read_ink
from mindseye.tools.values import Frames

SIZE = 64
"""Side of a frame, pixels."""
STRIP = 12
"""Rows of it that the keyboard takes; the world has the others."""
GROUND, UP, DOWN = 128, 235, 10
"""Grey of the strip, of a cap that is up or a lever's field, and of what is down or drawn."""
PITCHES = (12, 5)
"""Widest and narrowest column of caps, with the gap, pixels."""

Area = tuple[slice, slice]
"""Rows and columns within the strip."""


def squeezed(frame: Frames) -> Frames:
    """Return the picture of a world `[H, W, 3] uint8` as it stands above a keyboard, `[52, 64, 3]`.

    A picture that is so already comes back as it is.
    """
    small = cv2.resize(frame, (SIZE, SIZE - STRIP), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def world_part(shown: Frames) -> Frames:
    """Return what is above the keyboard in frames `[..., 64, 64, 3]`: `[..., 52, 64, 3]`."""
    return shown[..., : SIZE - STRIP, :, :]


def keyboard_part() -> NDArray[np.bool_]:
    """Return `[64, 64] bool`: where in a frame the keyboard is."""
    return np.repeat(np.arange(SIZE)[:, None] >= SIZE - STRIP, SIZE, axis=1)


def _across(levers: Sequence[int]) -> list[int]:
    return [1 + (ACROSS if n == 2 else SLIDER[1]) for n in levers]


def _lever_areas(levers: Sequence[int]) -> list[Area]:
    """Return where each lever is, the last at the right border."""
    ends = SIZE - np.cumsum([0, *_across(levers)[::-1]])[::-1][1:]
    found = []
    for end, directions in zip(ends, levers, strict=True):
        high, wide = (ACROSS, ACROSS) if directions == 2 else SLIDER
        found.append((slice(1, 1 + high), slice(int(end) - wide, int(end))))
    return found


def _cap_areas(many: int, width: int) -> list[Area]:
    """Return where each cap is, in one row of large ones or two of small ones."""
    rows = 1 if many * 7 <= width else 2
    columns = -(-many // rows)
    pitch = min(PITCHES[0], width // max(columns, 1))
    if many and pitch < PITCHES[1]:
        most = 2 * (width // PITCHES[1])
        raise BadInput(f"a keyboard of {many} keys does not fit on a frame: {most} at most")
    high = STRIP // rows - (2 if rows == 1 else 1)
    found = []
    for i in range(many):
        row, column = divmod(i, columns)
        top = 1 + row * (high + 1)
        found.append((slice(top, top + high), slice(1 + column * pitch, (column + 1) * pitch)))
    return found


def _inside(area: Area) -> Area:
    """Return an area without its border, which its surroundings bleed into."""
    rows, columns = (slice(s.start + 1, s.stop - 1) for s in area)
    return rows, columns


@final
class Keyboard:
    """The keyboard of one action space: it draws actions on frames and reads them off."""

    def __init__(
        self, space: spaces.Space[Any], names: Sequence[str] | None = None, rest: float = 1.0
    ) -> None:
        """Lay out the strip.

        Args:
          space: of the actions; see `controls`.
          names: of actions or keys; see `controls`.
          rest: how usual it is to press nothing, as a share of what it would be if all actions
            were alike; from 0, where nobody rests, to 1. Keys that are painted faintly are read
            as rest or as the darkest of them by it.

        Raises:
          BadInput: a space that no keyboard can be made for, or too large a one.
        """
        self.space = space
        self.control: Control = controls(space, names, rest)
        room = SIZE - sum(_across(self.control.levers))
        if room < 0:
            raise BadInput(f"{len(self.control.levers)} levers do not fit on a frame: {space}")
        self._levers = _lever_areas(self.control.levers)
        self._caps = _cap_areas(len(self.control.keys), room)

    @property
    def legend(self) -> str:
        """The names of the keys as they stand, row by row from the left."""
        rows = {area[0].start for area in self._caps}
        return "\n".join(
            " | ".join(
                key
                for key, area in zip(self.control.keys, self._caps, strict=True)
                if area[0].start == row
            )
            for row in sorted(rows)
        )

    def draw(self, frame: Frames, action: Any | None) -> Frames:
        """Return a frame with the keyboard on it.

        Args:
          frame: `[H, W, 3] uint8` of the world.
          action: that led to it; None at the beginning.

        Returns:
          `[64, 64, 3] uint8`.
        """
        return self._under(squeezed(frame), action)

    def redraw(self, shown: Frames, action: Any | None) -> Frames:
        """Return a frame with a keyboard `[64, 64, 3] uint8` with another action on it."""
        return self._under(world_part(shown), action)

    def read(self, frame: Frames) -> Pressed:
        """Return what a frame shows of the keyboard.

        On frames as they were drawn keys are read exactly and levers to within 0.012; on frames
        blurred by a pixel, with noise of 20 of 256 and JPEG's blocks at quality 30, keys exactly
        and levers to within 0.15.

        Args:
          frame: `[64, 64, 3] uint8`; it may be blurred and noisy, as generated ones are.

        Raises:
          BadInput: a frame of another size.
        """
        if frame.shape != (SIZE, SIZE, 3):
            raise BadInput(f"a frame with a keyboard is {SIZE}x{SIZE}x3, not {frame.shape}")
        strip = frame[SIZE - STRIP :].astype(float).mean(axis=2)
        dark = np.clip((UP - strip) / (UP - DOWN), 0.0, 1.0)
        chance = np.array([dark[_inside(area)].mean() for area in self._caps])
        levers = tuple(read_ink(dark[area]) for area in self._levers)
        return Pressed(keys=self.control.keys, chance=chance, levers=levers)

    def action(self, pressed: Pressed, besides: Sequence[Any] = ()) -> Any:
        """Return the action that fits best to what was read; always a valid one.

        Args:
          pressed: what was read.
          besides: actions that it shall be none of; see `Control.besides`.
        """
        return self.control.besides(pressed, besides)

    def _under(self, world: Frames, action: Any | None) -> Frames:
        pressed = self.control.idle() if action is None else self.control.shown(action)
        strip = np.repeat(self._strip(pressed)[..., None], 3, axis=2)
        return np.concatenate([world, strip]).astype(np.uint8)

    def _strip(self, pressed: Pressed) -> NDArray[np.float64]:
        strip = np.full((STRIP, SIZE), float(GROUND))
        for area, chance in zip(self._caps, pressed.chance, strict=True):
            strip[area] = UP + (DOWN - UP) * chance
        for area, lever in zip(self._levers, pressed.levers, strict=True):
            strip[area] = UP + (DOWN - UP) * ink(lever[None])[0]
        return np.asarray(np.rint(strip))


def key_names(world: gymnasium.Env[Any, Any]) -> list[str] | None:
    """Return what a world calls its actions or keys, as far as it says so.

    Asked are `get_action_meanings()` (Atari), `action_names`, `buttons` (consoles) and
    `actions`, where that is an enumeration (MiniGrid).
    """
    if world.has_wrapper_attr("get_action_meanings"):
        return [str(name) for name in world.get_wrapper_attr("get_action_meanings")()]
    for attribute in ("action_names", "buttons"):
        if world.has_wrapper_attr(attribute):
            return [str(name) for name in world.get_wrapper_attr(attribute)]
    if world.has_wrapper_attr("actions"):
        many = getattr(world.action_space, "n", None)
        listed = getattr(world.get_wrapper_attr("actions"), "__members__", {})
        return list(listed) if len(listed) == many else None
    return None


def keyboard_of(spec: GameSpec, rest: float = 1.0) -> Keyboard:
    """Return the keyboard of a game, read by one who knows how usual it is to press nothing."""
    return Keyboard(spec.space, spec.keys or None, rest)


class KeyboardOverlay(gymnasium.Wrapper[Frames, Any, Frames, Any]):
    """A world of pixels whose frames show which keys led to them.

    Takes every world whose observation is a picture and whose actions are discrete, switches or
    bounded numbers. What it shows is 64x64, whatever the size of the world's own picture.
    """

    def __init__(self, env: gymnasium.Env[Frames, Any]) -> None:
        """Wrap a world.

        Raises:
          BadInput: its observation is no picture, or its actions have no keyboard.
        """
        super().__init__(env)
        shape = env.observation_space.shape
        if shape is None or len(shape) != 3 or shape[2] != 3:
            raise BadInput(f"a keyboard is drawn on pictures, not on {env.observation_space}")
        self.observation_space = spaces.Box(0, 255, (SIZE, SIZE, 3), np.uint8)
        self.keyboard = Keyboard(env.action_space, key_names(env))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Frames, dict[str, Any]]:
        """Begin an episode; no key is down in its first frame."""
        frame, info = self.env.reset(seed=seed, options=options)
        return self.draw(frame, None), info

    def step(self, action: Any) -> tuple[Frames, Any, bool, bool, dict[str, Any]]:
        """Act; the keys of this action are down in the frame that it leads to."""
        frame, reward, ended, cut, info = self.env.step(action)
        return self.draw(frame, action), reward, ended, cut, info

    def draw(self, frame: Frames, action: Any | None) -> Frames:
        """See `Keyboard.draw`."""
        return self.keyboard.draw(frame, action)

    def read(self, frame: Frames) -> Pressed:
        """See `Keyboard.read`."""
        return self.keyboard.read(frame)

    def action(self, pressed: Pressed) -> Any:
        """See `Keyboard.action`."""
        return self.keyboard.action(pressed)
