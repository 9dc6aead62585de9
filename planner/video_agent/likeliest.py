"""Matching by likelihood: under which action does the model hold the goal's future likeliest?

For video models that go on from whole frames and so cannot be told an action, but judge clips.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mindseye.planner.video_agent.imagination import Aim, Imagination, Past, Wish
from mindseye.tools.contracts import JudgesClips
from mindseye.tools.errors import BadInput
from mindseye.tools.values import Clip, Decoded


@final
class Likeliest:
    """Imagines the goal's future once, and does the action whose keys fit best to its pictures.

    Each action's keys are drawn in turn on the first imagined frame, and the model judges each
    of these clips. Where the second is not `apart` times as unlikely as the first, longer clips
    are judged. The keys that the future shows are never read.
    """

    def __init__(
        self, imagination: Imagination, actions: Sequence[Any], *, apart: float = 1.25
    ) -> None:
        """Set up.

        Args:
          imagination: of a model with keyboards that judges clips.
          actions: that are tried, two at least.
          apart: ratio of unlikelihoods from which two actions are told apart.

        Raises:
          BadInput: another model, or nothing to choose from.
        """
        if not imagination.overlay or not isinstance(imagination.video, JudgesClips):
            raise BadInput(
                "this video model can neither be told an action nor judge clips: "
                "use the decoder overlay, vote or inverse"
            )
        if len(actions) < 2:
            raise BadInput("matching chooses between two actions at least")
        self._imagination, self._video = imagination, imagination.video
        self._actions, self._apart = tuple(actions), apart

    def decode(self, wanted: Aim, now: Past) -> Decoded:
        """Return the action; the confidence is the share by which the second is less likely."""
        (future,) = self._imagination.ahead(now, wanted)
        depth, confidence, chosen = 1, 0.0, 0
        while depth <= len(future.frames):
            unlikely = self._unlikely(wanted, now, future, depth)
            near, second = np.sort(unlikely)[:2]
            chosen = int(unlikely.argmin())
            confidence = float(1 - near / second) if second > 0 else 0.0
            if second > near * self._apart:
                break
            depth *= 2
        return Decoded(
            actions=(self._actions[chosen],), confidence=confidence, futures=(future,),
            frames=len(future.frames),
        )  # fmt: skip

    def _unlikely(self, aim: Aim, past: Past, future: Clip, depth: int) -> NDArray[np.float64]:
        """Return `[A]`: how unlikely the first frames of the future are with each action's keys."""
        wish = Wish(shown=past.shown, aim=Aim(words=aim.words), seed=past.seed)
        request, first = self._imagination.request(wish), future.frames[0]
        draw = self._imagination.keyboard.redraw
        clips = [
            np.concatenate([past.shown, draw(first, a)[None], future.frames[1:depth]])
            for a in self._actions
        ]
        asked = [replace(request, length=len(past.shown) + depth)] * len(clips)
        return -np.asarray(self._video.likelihoods(asked, clips))
