"""The face of a dream: keys and scripts in, pictures as coloured characters out."""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, TextIO

import cv2
import numpy as np
from numpy.typing import NDArray

from mindseye.tools.errors import BadInput
from mindseye.tools.values import Frames

Action = tuple[float, float, float]
"""(dx, dy, lift) in [-1, 1]."""

PACE = 0.5
"""Share of the pusher's full speed at which it is moved: 3 cm a frame."""
WHOLE = 2
"""Frames in which the pusher sinks from the top to the table, or rises."""
MOVES: dict[str, tuple[Action, ...]] = {
    "left": ((-PACE, 0.0, 0.0),),
    "right": ((PACE, 0.0, 0.0),),
    "forward": ((0.0, PACE, 0.0),),
    "back": ((0.0, -PACE, 0.0),),
    "down": ((0.0, 0.0, -1.0),) * WHOLE,
    "up": ((0.0, 0.0, 1.0),) * WHOLE,
    "wait": ((0.0, 0.0, 0.0),),
}
"""Actions of the frames of each move."""
LONGEST = 1500
"""Frames of a script: the world ends after as many."""
KEYS = {
    "left": "left", "a": "left", "right": "right", "d": "right",
    "up": "forward", "w": "forward", "down": "back", "s": "back",
}  # fmt: skip
"""Key -> move."""
QUIT = ("q", "Q", "c-c", "c-d")
HELP = "arrows or WASD move, space lowers or lifts, q quits"
LEAST, MOST = 16, 64
"""Columns of one picture."""


def parse_script(text: str, moves: Mapping[str, Sequence[Any]] = MOVES) -> NDArray[Any]:
    """Return `[T, ...]` actions of a script such as "down right*10 up".

    Args:
      text: moves, and how often.
      moves: the actions of each, by small letters and underscores.

    Raises:
      BadInput: a word that is no move, or too many moves.
    """
    actions: list[Any] = []
    for word in text.split():
        found = re.fullmatch(r"([a-z_]+)(?:\*(\d{1,4}))?", word)
        if found is None or found[1] not in moves:
            raise BadInput(
                f'--script: {word!r} is no move; say {", ".join(moves)}, as in "right*10"'
            )
        actions += list(moves[found[1]]) * int(found[2] or 1)
    if not 0 < len(actions) <= LONGEST:
        raise BadInput(f"--script: {len(actions)} frames; a script takes 1 to {LONGEST}")
    return np.array(actions)


class Typed(Protocol):
    """What is played by keys."""

    done: bool
    """Whether the person has had enough."""

    def press(self, key: str) -> None:
        """Take note of a key, as prompt_toolkit calls it; what means nothing is passed over."""
        ...


@contextlib.contextmanager
def keyboard(hand: Typed) -> Iterator[None]:
    """Let the terminal's keyboard move a hand."""
    from prompt_toolkit.input import create_input
    from prompt_toolkit.keys import Keys

    source = create_input()

    def pressed() -> None:
        for press in source.read_keys():
            hand.press(press.key.value if isinstance(press.key, Keys) else press.key)
        if source.closed:
            hand.done = True

    with source.raw_mode(), source.attach(pressed):
        yield


class Hand:
    """What was pressed and not yet done: one move at most, so that a key let go of stops."""

    def __init__(self, whole: int = WHOLE) -> None:
        """Begin with a lifted pusher.

        Args:
          whole: frames in which it sinks from the top to the table, or rises.
        """
        self._whole = whole
        self._next = MOVES["wait"][0]
        self._lifting: list[Action] = []
        self._lowered = False
        self.done = False
        """Whether the person has had enough."""

    def press(self, key: str) -> None:
        """Take note of a key, as prompt_toolkit calls it; what means nothing is passed over."""
        if key in QUIT:
            self.done = True
        elif key == " ":
            self._lowered = not self._lowered
            self._lifting = [MOVES["down" if self._lowered else "up"][0]] * self._whole
        elif key.lower() in KEYS:
            self._next = MOVES[KEYS[key.lower()]][0]

    def action(self) -> Action:
        """Return what to do in the next frame."""
        (dx, dy, _), self._next = self._next, MOVES["wait"][0]
        return dx, dy, self._lifting.pop(0)[2] if self._lifting else 0.0


class Screen:
    """Draws frames over each other on a terminal; use it as a context."""

    def __init__(self, stream: TextIO) -> None:
        """Set up; `stream` is a terminal."""
        self._stream = stream
        self._deep = os.environ.get("COLORTERM", "") in ("truecolor", "24bit")

    def __enter__(self) -> "Screen":
        # The other page of the terminal, without a cursor.
        self._write("\x1b[?1049h\x1b[?25l")
        return self

    def __exit__(self, *_: Any) -> None:
        self._write("\x1b[?25h\x1b[?1049l")

    def show(self, pair: Frames, frame: int, drift: float | None, seconds: float) -> None:
        """Draw a frame.

        Args:
          pair: `[S, W, 3] uint8`, dream and reality side by side.
          frame: its number.
          drift: how far off the dream is, mm; None where nothing moved.
          seconds: that it took.
        """
        off = "nothing has moved" if drift is None else f"{drift:.0f} mm off"
        told = f"frame {frame}   {off}   {1000 * seconds:.0f} ms a frame"
        self.draw(pair, ("dream", "reality"), (told, HELP))

    def draw(self, pictures: Frames, heads: Sequence[str], below: Sequence[str]) -> None:
        """Draw square pictures that stand side by side.

        Args:
          pictures: `[S, W, 3] uint8`.
          heads: what is said above each of them.
          below: lines of text beneath them all.
        """
        size = os.get_terminal_size(self._stream.fileno())
        # A terminal that does not know its size says 0.
        columns, lines = size.columns or 80, size.lines or 24
        room = min(columns // len(heads), 2 * (lines - 1 - len(below)))
        wide = int(np.clip(room, LEAST, MOST)) // 2 * 2
        whole = cv2.resize(pictures, (len(heads) * wide, wide), interpolation=cv2.INTER_AREA)
        head = "".join(f"{text:{wide}}" for text in heads).rstrip()
        rows = blocks(whole, self._deep)
        text = [head[:columns], *rows, *(line[:columns] for line in below)]
        self._write("\x1b[H" + "\x1b[K\r\n".join(text) + "\x1b[J")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def blocks(picture: Frames, deep: bool) -> list[str]:
    """Return the lines of a picture: each character shows two pixels, one above the other.

    Args:
      picture: `[H, W, 3] uint8` with an even height.
      deep: whether the terminal knows all colours, or 216 of them.
    """

    def colour(pixel: Any) -> str:
        r, g, b = (int(v) for v in pixel)
        if deep:
            return f"2;{r};{g};{b}"
        red, green, blue = (round(v / 51) for v in (r, g, b))
        return f"5;{16 + 36 * red + 6 * green + blue}"

    lines = []
    for upper, lower in zip(picture[::2], picture[1::2], strict=True):
        cells = [
            f"\x1b[38;{colour(above)};48;{colour(below)}m▀"
            for above, below in zip(upper, lower, strict=True)
        ]
        lines.append("".join(cells) + "\x1b[0m")
    return lines
