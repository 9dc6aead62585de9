"""The decoder that pokes towards a picture: proposals of the inverse model, chosen by the forward.

The inverse model proposes pokes that lead from what is seen to the picture; the forward model
foretells what each leads to, and the one that comes nearest to the picture is done (Agrawal et
al., 2016). It sees two pictures and nothing else.
"""

import math
from typing import final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mindseye.tools.errors import BadInput
from mindseye.tools.games.game import shows_same
from mindseye.tools.goals import TABLE_HALF
from mindseye.tools.poking.network import (
    ANGLES,
    LENGTHS,
    PLACES,
    PokingModel,
    apart,
    cell_places,
    viewed,
)
from mindseye.tools.poking.poke import LONGEST, SHORTEST
from mindseye.tools.values import Decoded, Frames

PROPOSALS = 64
"""Pokes that the forward model chooses from."""


@final
class Poker:
    """Says which poke comes next, from a picture of the goal and one of now."""

    def __init__(
        self, model: PokingModel, *, foresight: bool = True, proposals: int = PROPOSALS,
        seed: int = 0,
    ) -> None:  # fmt: skip
        """Set up.

        Args:
          model: forward and inverse model.
          foresight: choose by the forward model; else the inverse model's likeliest poke is done.
          proposals: pokes to choose from, the likeliest included.
          seed: of what is proposed.

        Raises:
          BadInput: nothing to choose from.
        """
        if proposals < 1:
            raise BadInput(f"at least one poke must be proposed, not {proposals}")
        self._model, self._foresight, self._proposals = model, foresight, proposals
        self._source = torch.Generator().manual_seed(seed)

    @torch.inference_mode()
    def decode(self, wanted: Frames, now: Frames) -> Decoded | None:
        """Return the next poke, `[4] float32` as `Poke.array` has it, or None when there is none.

        None is wanted when both pictures show the same or, with foresight, when no poke is
        foretold to come nearer.

        Args:
          wanted: `[64, 64, 3] uint8`, the goal, with the pusher at home.
          now: likewise, what is seen.
        """
        if shows_same(wanted, now):
            return None
        views = viewed(torch.from_numpy(np.stack([now, wanted])))
        seen, goal = self._model.features(views).chunk(2)
        read = self._model.read(seen, goal)
        pokes = self._likeliest(read)
        if self._foresight:
            pokes = torch.cat([pokes, self._drawn(read, self._proposals - 1)])
            led = self._model(seen.expand(len(pokes), -1, -1, -1), pokes)
            left = apart(led, goal)
            if left.min() >= apart(seen, goal):
                return None
            pokes = pokes[left.argmin()][None]
        return Decoded(actions=(pokes[0].numpy().astype(np.float32),))

    def _likeliest(self, read: Tensor) -> Tensor:
        """Return `[1, 4]`: the likeliest place, the likeliest angle there, and length.

        Each is the mean over the likeliest bin and its neighbours.
        """
        places = _around_best(self._model.place_logits(read))
        angles = self._model.angle_logits(read, places).softmax(dim=1)
        angle = _bin_mean(angles, ring=True) / ANGLES * 2 * math.pi - math.pi
        lengths = self._model.length_logits(read, places, angle).softmax(dim=1)
        length = SHORTEST + _bin_mean(lengths) / LENGTHS * (LONGEST - SHORTEST)
        return _pokes(places, angle, length)

    def _drawn(self, read: Tensor, many: int) -> Tensor:
        """Return `[many, 4]` pokes drawn by their chances, evenly within each bin."""
        chances = self._model.place_logits(read).softmax(dim=1)[0]
        cells = cell_places()[self._draw(chances.expand(many, -1))]
        side = float(cell_places()[1, 0] - cell_places()[0, 0])
        places = cells + (torch.rand(many, 2, generator=self._source) - 0.5) * side
        spread = read.expand(many, -1, -1, -1)
        turn = self._draw(self._model.angle_logits(spread, places).softmax(dim=1)) + self._within(
            many
        )
        angle = turn / ANGLES * 2 * math.pi - math.pi
        told = self._draw(self._model.length_logits(spread, places, angle).softmax(dim=1))
        length = SHORTEST + (told + self._within(many)) / LENGTHS * (LONGEST - SHORTEST)
        return _pokes(places, angle, length)

    def _within(self, many: int) -> Tensor:
        return torch.rand(many, generator=self._source)

    def _draw(self, chances: Tensor) -> Tensor:
        """Return `[B]` bins drawn by `[B, N]` chances."""
        if not len(chances):
            return torch.zeros(0, dtype=torch.long)
        return torch.multinomial(chances, 1, generator=self._source)[:, 0]


def _pokes(places: Tensor, angles: Tensor, lengths: Tensor) -> Tensor:
    """Return `[B, 4]` pokes that a table takes."""
    turned = (angles + math.pi) % (2 * math.pi) - math.pi
    kept = places.clamp(-TABLE_HALF, TABLE_HALF)
    return torch.cat([kept, turned[:, None], lengths.clamp(SHORTEST, LONGEST)[:, None]], dim=1)


def _around_best(logits: Tensor) -> Tensor:
    """Return `[1, 2]` metres: the mean place over the likeliest cell and those around it."""
    chances = logits.softmax(dim=1).reshape(1, 1, PLACES, PLACES)
    row, column = divmod(int(chances.argmax()), PLACES)
    near = functional.pad(chances, (1, 1, 1, 1))[0, 0, row : row + 3, column : column + 3]
    offset = torch.arange(-1, 2)
    # Cells that lie over the rim have no chance, so that clamping their place harms nothing.
    rows = (row + offset).clamp(0, PLACES - 1)[:, None]
    columns = (column + offset).clamp(0, PLACES - 1)[None]
    places = cell_places().reshape(PLACES, PLACES, 2)[rows, columns]
    return (places * near[..., None]).sum(dim=(0, 1))[None] / near.sum()


def _bin_mean(chances: Tensor, ring: bool = False) -> Tensor:
    """Return `[1]`: the middle of the likeliest bin of `[1, N]` and its neighbours, in bins.

    Args:
      chances: of the bins.
      ring: the last bin is beside the first.
    """
    best, many = int(chances.argmax()), chances.shape[1]
    beside = torch.arange(best - 1, best + 2)
    kept = beside if ring else beside[(beside >= 0) & (beside < many)]
    weight = chances[0, kept % many]
    return ((kept + 0.5) * weight).sum()[None] / weight.sum()
