"""What a video model is asked by one that plays, and what comes back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, final

import numpy as np

from mindseye.tools.contracts import VideoGenerator, past_of, rest_of, takes_parts
from mindseye.tools.errors import BadInput, ToolError
from mindseye.tools.games.game import GameSpec
from mindseye.tools.games.overlay import Keyboard, keyboard_of, keyboard_part
from mindseye.tools.values import Clip, Frames, ImagineRequest


@dataclass(frozen=True, kw_only=True, eq=False)
class Aim:
    """What is wanted of play: words, a picture, both or nothing."""

    words: str = ""
    frame: Frames | None = None
    """`[64, 64, 3] uint8` of the world without a keyboard, to end with."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Past:
    """What play can be continued from."""

    shown: Frames
    """`[N, 64, 64, 3] uint8`, the last real frames as the model sees them, oldest first."""
    seed: int
    """Of what is imagined from here."""
    vain: tuple[Any, ...] = ()
    """Actions that were done here again and again, and changed nothing that can be seen."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Wish:
    """One thing to imagine."""

    shown: Frames
    """`[N, 64, 64, 3] uint8` to go on from."""
    aim: Aim
    seed: int
    samples: int = 1
    press: Any | None = None
    """The action that comes first; None leaves it to the model."""


@final
class Imagination:
    """A video model together with the keyboard of the world that it plays."""

    def __init__(self, video: VideoGenerator, keyboard: Keyboard, *, overlay: bool = True) -> None:
        """Set up.

        Args:
          video: the model; its clips begin with the frames that are given.
          keyboard: of the world's actions.
          overlay: the model has seen keyboards in its frames; else it is shown the bare world.
        """
        self.video, self.keyboard, self.overlay = video, keyboard, overlay
        self._strip = keyboard_part()
        self.past, self._bare = past_of(video)

    @classmethod
    def of(cls, video: VideoGenerator, spec: GameSpec, *, overlay: bool = True) -> Self:
        """Return a model with the keyboard of a game, read as what the model has seen suggests."""
        return cls(video, keyboard_of(spec, rest_of(video)), overlay=overlay)

    @property
    def takes_actions(self) -> bool:
        """Whether the model can be told which action comes first."""
        return not self.overlay or takes_parts(self.video)

    def show(self, frame: Frames, action: Any | None) -> Frames:
        """Return a real frame `[64, 64, 3] uint8` as the model is shown it.

        Args:
          frame: of the world.
          action: that led to it; None at the beginning.
        """
        return self.keyboard.draw(frame, None if self._bare else action) if self.overlay else frame

    def ahead(self, past: Past, aim: Aim, samples: int = 1, seed: int | None = None) -> list[Clip]:
        """Return `samples` futures; see `imagine`."""
        wished = Wish(
            shown=past.shown, aim=aim, samples=samples, seed=past.seed if seed is None else seed
        )
        return self.imagine([wished])[0]

    def imagine(self, wishes: Sequence[Wish]) -> list[list[Clip]]:
        """Return `samples` futures of each wish, all in one batch.

        The frames that were given are left out: the first of a future is the one after them.

        Raises:
          ToolError: the model cannot do what it is asked.
          BadInput: its clips are no longer than what it was given.
        """
        made = self.video.imagine([self.request(wish) for wish in wishes])
        return [
            [self._future(clip, len(wish.shown)) for clip in clips]
            for wish, clips in zip(wishes, made, strict=True)
        ]

    def request(self, wish: Wish) -> ImagineRequest:
        """Return what the model is asked for a wish.

        Raises:
          ToolError: an action for a model that cannot be told one.
        """
        if wish.press is not None and not self.takes_actions:
            raise ToolError(
                "this video model cannot be told an action: it goes on from whole frames"
            )
        n, given = len(wish.shown), dict(enumerate(wish.shown))
        known, actions, ticks, last = {}, None, None, None
        if wish.press is not None and self.overlay:
            # What this action leads to is for the model to say: only the keys are known.
            given[n] = self.keyboard.redraw(wish.shown[-1], wish.press)
            known[n] = self._strip
        elif wish.press is not None:
            actions = np.asarray(wish.press, dtype=np.float32).reshape(1, -1)
            ticks = (0,) * n + (1,)
        if wish.aim.frame is not None:
            last = self.show(wish.aim.frame, None)
            if self.overlay and takes_parts(self.video):
                # Nobody knows which key will lead to it.
                known[-1] = ~self._strip
        return ImagineRequest(
            given=given, known=known, text=wish.aim.words, samples=wish.samples, seed=wish.seed,
            last_frame=last, actions=actions, ticks=ticks,
        )  # fmt: skip

    def _future(self, clip: Clip, given: int) -> Clip:
        if len(clip.frames) <= given:
            raise BadInput(
                f"the video model makes clips of {len(clip.frames)} frames, and was given {given} "
                "to go on from: take a shorter context"
            )
        return replace(clip, frames=clip.frames[given:])
