"""What the pusher means to do: the push skill carried out in thought, without physics.

A pushed thing is taken to go along with the pusher, and nothing slides, rolls or falls. So
it tells what will be done, not what will come of it: that is for those to say who are asked to
picture it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.goals import OBJECT_RADIUS, Layout
from mindseye.tools.physics.rollouts import clip_rows, next_setpoint
from mindseye.tools.physics.scene import PUSHER_DOWN, PUSHER_RADIUS
from mindseye.tools.physics.skills import LIFT_STEP, STEP, Phase, PushController
from mindseye.tools.values import Push

Array = NDArray[np.float64]

TOUCHES = OBJECT_RADIUS + PUSHER_RADIUS
"""Centres of a thing and the lowered pusher beside it are this far apart, metres."""
LOWERED = PUSHER_DOWN + 0.015
"""Below this height the pusher pushes, metres."""
LONGEST = 120
"""Actions after which a push is broken off."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rehearsal:
    """The actions of a push as it is meant, and when its clip is looked at."""

    actions: NDArray[np.float32]
    """`[A, 3]` actions of the world, ten a second."""
    ticks: tuple[int, ...]
    """After how many actions each of eight frames is: now, then from first contact to the end."""


def rehearse(
    pushes: Sequence[Push], layout: Layout, pusher: Sequence[float]
) -> tuple[Rehearsal, ...]:
    """Return what the pusher will do in each of some pushes, as far as can be known beforehand.

    Args:
      pushes: whose subjects are in the layout.
      layout: where things are seen to be, metres.
      pusher: `[3]` where it is, metres.

    Raises:
      KeyError: the layout lacks a subject.
    """
    n, names = len(pushes), list(layout)
    controller = PushController(pushes)
    rows = np.arange(n), np.array([names.index(p.subject) for p in pushes], dtype=np.int64)
    things: Array = np.tile(np.array(list(layout.values()), dtype=float), (n, 1, 1))
    sent = [np.tile(np.asarray(pusher, dtype=float), (n, 1))]
    contact, ended = np.zeros(n, dtype=np.int64), np.full(n, LONGEST)
    for tick in range(1, LONGEST + 1):
        actions = controller.act(things[rows], sent[-1])
        sent.append(next_setpoint(sent[-1], actions))
        _push_along(things, sent[-1])
        contact[(controller.phase == Phase.PUSH) & (contact == 0)] = tick
        ended = np.where(controller.done, np.minimum(ended, tick), ended)
        if controller.done.all():
            break
    path = np.stack(sent, axis=1)
    steps = np.diff(path, axis=1) / [STEP, STEP, LIFT_STEP]
    return tuple(
        Rehearsal(
            actions=steps[i, : ended[i]].astype(np.float32),
            ticks=tuple(clip_rows(int(contact[i]), int(ended[i])).tolist()),
        )
        for i in range(n)
    )


def _push_along(things: Array, pusher: Array) -> None:
    """Move things `[N, K, 2]` out of the lowered pushers `[N, 3]`, straight away from them."""
    gap = things - pusher[:, None, :2]
    far = np.maximum(np.linalg.norm(gap, axis=-1, keepdims=True), 1e-6)
    low = (pusher[:, 2] < LOWERED)[:, None, None]
    things += gap / far * np.clip(TOUCHES - far, 0.0, None) * low
