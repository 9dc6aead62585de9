"""The forward and the inverse model of poking, which share the features of a picture.

Pictures are seen from straight above, as the known camera allows: there a thing looks alike
wherever it lies, and a cell of a map is a place on the table. The inverse model says where, then
which way given where, then how far given both; the forward model says what features a poke leads
to. Learned together, each keeps the features useful to the other (Agrawal et al., 2016).
"""

import functools
import math
from pathlib import Path
from typing import Self, final

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from mindseye.tools.errors import BadInput
from mindseye.tools.physics.camera import Camera
from mindseye.tools.poking.poke import LONGEST, SHORTEST

HALF = 0.32
"""The view from above reaches this far from the middle of the table, metres."""
VIEW, CELLS, PLACES = 64, 16, 32
"""Side of that view in pixels, of a feature map in cells, of the map of places in cells."""
HEIGHT = 0.02
"""Things are seen from above as if they lay at this height, metres."""
ANGLES, LENGTHS = 36, 9
"""Bins of a poke's angle and length."""
FEATURES, WIDTH = 32, 48
"""Channels of the features, and of the layers that read them."""
FILE = "poking.safetensors"
WEIGHTS = Path(__file__).parent / "weights"
"""Of the package: forward and inverse model, learned jointly."""


@functools.cache
def _from_above() -> Tensor:
    """Return `[1, 64, 64, 2]`: where each point of the view stands in a picture, in [-1, 1]."""
    steps = (np.arange(VIEW) + 0.5) / VIEW * 2 * HALF - HALF
    x, y = np.meshgrid(steps, -steps)
    points = np.stack([x, y, np.full_like(x, HEIGHT)], axis=-1).reshape(-1, 3)
    seen = Camera.nominal().project(points, 1) * 2 - 1
    return torch.from_numpy(seen.reshape(1, VIEW, VIEW, 2)).float()


def viewed(frames: Tensor) -> Tensor:
    """Return `[B, 3, 64, 64]` views from above, about -1 to 1, of `[B, H, W, 3] uint8`."""
    pictures = frames.permute(0, 3, 1, 2).float() / 127.5 - 1
    grid = _from_above().expand(len(pictures), -1, -1, -1)
    return functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def on_map(places: Tensor) -> Tensor:
    """Return `[..., 2]` metres as column and row of a map, both in [-1, 1]."""
    return places * places.new_tensor([1.0, -1.0]) / HALF


def place_bins(pokes: Tensor) -> Tensor:
    """Return `[B]` cells of the map of places, row by row, of `[B, 4]` pokes."""
    cells = ((on_map(pokes[:, :2]) + 1) / 2 * PLACES).long().clamp(0, PLACES - 1)
    return cells[:, 1] * PLACES + cells[:, 0]


def angle_bins(angles: Tensor) -> Tensor:
    """Return `[B]` bins of `[B]` radians."""
    return ((angles + math.pi) / (2 * math.pi) * ANGLES).long() % ANGLES


def length_bins(lengths: Tensor) -> Tensor:
    """Return `[B]` bins of `[B]` metres."""
    share = (lengths - SHORTEST) / (LONGEST - SHORTEST)
    return (share * LENGTHS).long().clamp(0, LENGTHS - 1)


def cell_places() -> Tensor:
    """Return `[PLACES * PLACES, 2]` middles of the cells of the map of places, metres."""
    steps = (torch.arange(PLACES) + 0.5) / PLACES * 2 * HALF - HALF
    y, x = torch.meshgrid(-steps, steps, indexing="ij")
    return torch.stack([x, y], dim=-1).reshape(-1, 2)


def drawn(pokes: Tensor) -> Tensor:
    """Return `[B, 7, 16, 16]` maps that show `[B, 4]` pokes: where from, where to, the way."""
    steps = (torch.arange(CELLS) + 0.5) / CELLS * 2 * HALF - HALF
    y, x = torch.meshgrid(-steps, steps, indexing="ij")
    cells = torch.stack([x, y], dim=-1)
    way = torch.stack([pokes[:, 2].cos(), pokes[:, 2].sin()], dim=-1)[:, None, None]
    gap = cells - pokes[:, None, None, :2]
    along, length = (gap * way).sum(-1), pokes[:, None, None, 3]
    across = gap[..., 0] * way[..., 1] - gap[..., 1] * way[..., 0]
    ends = [across**2 + (along - part) ** 2 for part in (0 * length, length)]
    beside = across**2 + (along - along.clamp(min=0).minimum(length)) ** 2
    soft = [(-d / (2 * 0.03**2)).exp() for d in (*ends, beside)]
    shown = [*soft, *(soft[2] * v for v in (way[..., 0], way[..., 1], along / 0.1, across / 0.1))]
    return torch.stack(shown, dim=1)


def _conv(given: int, made: int, stride: int = 1, apart: int = 1) -> nn.Conv2d:
    return nn.Conv2d(given, made, 3, stride, apart, apart)


def _scaled(features: Tensor) -> Tensor:
    """Return `[B, C, H, W]` with mean 0 and variance 1 over the channels of each cell.

    Features of a set scale cannot be made easy to foretell by being made small.
    """
    return functional.layer_norm(
        features.permute(0, 2, 3, 1), (features.shape[1],)
    ).permute(0, 3, 1, 2)  # fmt: skip


@final
class PokingModel(nn.Module):
    """Features of pictures, the poke between two of them, and the features after a poke."""

    def __init__(self) -> None:
        """Set up."""
        super().__init__()
        self.encoder = nn.Sequential(
            _conv(3, 16, 2), nn.ReLU(), _conv(16, 32, 2), nn.ReLU(), _conv(32, FEATURES)
        )
        self.trunk = nn.Sequential(
            _conv(2 * FEATURES, WIDTH), nn.ReLU(), _conv(WIDTH, WIDTH, apart=2), nn.ReLU()
        )
        self.place = nn.Conv2d(WIDTH, (PLACES // CELLS) ** 2, 1)
        self.angle = nn.Sequential(nn.Linear(WIDTH + 2, 96), nn.ReLU(), nn.Linear(96, ANGLES))
        self.length = nn.Sequential(nn.Linear(WIDTH + 4, 96), nn.ReLU(), nn.Linear(96, LENGTHS))
        self.change = nn.Sequential(
            _conv(FEATURES + 7, WIDTH), nn.ReLU(), _conv(WIDTH, WIDTH, apart=2), nn.ReLU(),
            _conv(WIDTH, FEATURES),
        )  # fmt: skip

    def features(self, views: Tensor) -> Tensor:
        """Return `[B, 32, 16, 16]` of views `[B, 3, 64, 64]`."""
        return _scaled(self.encoder(views))

    def forward(self, features: Tensor, pokes: Tensor) -> Tensor:
        """Return the features `[B, 32, 16, 16]` that pokes `[B, 4]` lead to."""
        seen = torch.cat([features, drawn(pokes)], dim=1)
        return _scaled(features + self.change(seen))

    def read(self, now: Tensor, then: Tensor) -> Tensor:
        """Return `[B, 48, 16, 16]`: what the inverse model makes of features before and after."""
        read: Tensor = self.trunk(torch.cat([now, then - now], dim=1))
        return read

    def place_logits(self, read: Tensor) -> Tensor:
        """Return `[B, PLACES * PLACES]` of what was read."""
        logits = functional.pixel_shuffle(self.place(read), PLACES // CELLS)
        return logits.flatten(1)

    def angle_logits(self, read: Tensor, places: Tensor) -> Tensor:
        """Return `[B, ANGLES]` at places `[B, 2]` metres."""
        logits: Tensor = self.angle(_at(read, places))
        return logits

    def length_logits(self, read: Tensor, places: Tensor, angles: Tensor) -> Tensor:
        """Return `[B, LENGTHS]` at places `[B, 2]` metres, in directions `[B]` radians."""
        way = torch.stack([angles.cos(), angles.sin()], dim=1)
        logits: Tensor = self.length(torch.cat([_at(read, places), way], dim=1))
        return logits

    def save(self, folder: Path, told: dict[str, str]) -> Path:
        """Write the weights, and what is told of them, to a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        state = {name: tensor.half() for name, tensor in self.state_dict().items()}
        save_file(state, folder / FILE, told)
        return folder / FILE

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return what `save` has written.

        Raises:
          BadInput: there is none, or it does not fit.
        """
        made = cls()
        try:
            made.load_state_dict(load_file(folder / FILE))
        except (OSError, RuntimeError, SafetensorError) as error:
            raise BadInput(f"no model of poking in {str(folder)!r}: {error}") from error
        return made.eval()


def _at(read: Tensor, places: Tensor) -> Tensor:
    """Return `[B, C + 2]`: a map at places `[B, 2]` metres, and where in its cell each is."""
    spots = on_map(places)
    found = functional.grid_sample(read, spots[:, None, None], align_corners=False)[:, :, 0, 0]
    within = ((spots + 1) / 2 * CELLS) % 1 - 0.5
    return torch.cat([found, within], dim=1)


def apart(one: Tensor, other: Tensor) -> Tensor:
    """Return `[B]`: how far apart features `[B, C, 16, 16]` are.

    Also compared in ever larger blocks, so that what lies nearer to its place differs less even
    while it does not yet touch it.
    """
    gap = one - other
    parts = [functional.avg_pool2d(gap, side) * side for side in (1, 2, 4)]
    return torch.stack([part.square().sum(dim=(1, 2, 3)) for part in parts]).sum(0) / FEATURES
