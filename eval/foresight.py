"""An imagination without fault: it plays a copy of the game ahead, with the scripted player.

It is what a video model trained on that player's recordings would come to at best, so an
evaluation with it measures everything around the model. Noise and doubt make it worse on purpose.
It looks into the game, which no model may.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from mindseye.tools.games.game import Game
from mindseye.tools.games.overlay import keyboard_of
from mindseye.tools.games.players import make_player
from mindseye.tools.values import Clip, Frames, ImagineRequest, Provenance

LENGTH = 8
"""Frames of a clip."""


@dataclass(frozen=True, kw_only=True)
class Flaws:
    """How an imagination is worse than faultless."""

    noise: float = 0.0
    """Standard deviation of the noise on imagined pixels, of 256."""
    doubt: float = 0.0
    """Share of the actions in which its player presses anything."""


@final
class Foresight:
    """A `VideoGenerator` that is right about what comes; it takes actions and keys alike."""

    takes_parts = True

    def __init__(self, game: Game, *, overlay: bool = True, flaws: Flaws | None = None) -> None:
        """Set up.

        Args:
          game: that is really played; a future begins with what it is like when asked.
          overlay: draw the keyboard on the frames.
          flaws: none by default.
        """
        self._game, self._overlay, self._flaws = game, overlay, flaws or Flaws()
        spec = game.spec_of
        self._keyboard, self._dt = keyboard_of(spec), 1 / spec.rate
        self._ends: dict[bytes, Game] = {}
        """The game as it stands at the end of a future, by the future's last frame."""

    def imagine(self, requests: Sequence[ImagineRequest]) -> list[list[Clip]]:
        """See `VideoGenerator.imagine`."""
        return [
            [self._clip(request, request.seed + i) for i in range(request.samples)]
            for request in requests
        ]

    def _clip(self, request: ImagineRequest, seed: int) -> Clip:
        rng = np.random.default_rng(seed)
        past = [request.given[i] for i in sorted(request.given) if i not in request.known]
        game = copy.deepcopy(self._ends.get(past[-1].tobytes(), self._game))
        player = make_player("scripted", game.spec_of.name, self._flaws.doubt)
        player.begin(game, seed)
        frames, frame, over = list(past), past[-1], False
        first = self._told(request, len(past))
        while len(frames) < LENGTH:
            if not over:
                action = player.act(past[-1]) if first is None else first
                frame, _, ended, cut, _ = game.step(action)
                over, first = ended or cut, None
            frames.append(self._drawn(frame, action, rng))
        if request.last_frame is not None:
            frames[-1] = request.last_frame
        self._ends[frames[-1].tobytes()] = game
        provenance = Provenance(source="video", model="foresight", seed=seed)
        return Clip(frames=np.stack(frames), dt=self._dt, provenance=provenance)

    def _told(self, request: ImagineRequest, at: int) -> Any | None:
        """Return the action that is asked for, or None."""
        if request.actions is not None:
            space = self._game.action_space
            return np.asarray(request.actions[0], space.dtype).reshape(space.shape or ())
        if at in request.known:
            return self._keyboard.action(self._keyboard.read(request.given[at]))
        return None

    def _drawn(self, frame: Frames, action: Any, rng: np.random.Generator) -> Frames:
        shown = self._keyboard.draw(frame, action) if self._overlay else frame
        if not self._flaws.noise:
            return shown
        noisy = shown + rng.normal(0, self._flaws.noise, shown.shape)
        return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
