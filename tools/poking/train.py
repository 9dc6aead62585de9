"""Training of the models of poking: the inverse and the forward term in one loss."""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from tqdm import trange

from mindseye.tools.errors import BadInput
from mindseye.tools.poking.data import Pokes, read_pokes
from mindseye.tools.poking.network import (
    PokingModel,
    angle_bins,
    cell_places,
    length_bins,
    place_bins,
    viewed,
)

BATCH = 64
RATE = 2e-3
"""Highest learning rate."""
STEPS = 3000
HELD_OUT = 0.05
"""Share of the pokes that is not learned from: the last ones."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """Pokes as the network is shown them."""

    before: Tensor
    """`[M, 3, 64, 64]` views from above."""
    after: Tensor
    pokes: Tensor
    """`[M, 4]`, see `Poke.array`."""


def moments(pokes: Pokes, rows: Tensor) -> Moments:
    """Return the pokes in some rows `[M]`."""
    chosen = rows.numpy()
    return Moments(
        before=viewed(torch.from_numpy(pokes.before[chosen])),
        after=viewed(torch.from_numpy(pokes.after[chosen])),
        pokes=torch.from_numpy(pokes.pokes[chosen]).float(),
    )


def turned(seen: Moments, quarters: int, mirror: bool) -> Moments:
    """Return the same as seen from another side of the table, or in a mirror.

    Args:
      seen: pokes.
      quarters: how many quarters of a turn the table is turned, anticlockwise.
      mirror: left and right are exchanged before.
    """
    x, y, angle, length = seen.pokes.unbind(1)
    views = [seen.before, seen.after]
    if mirror:
        x, angle, views = -x, math.pi - angle, [view.flip(-1) for view in views]
    for _ in range(quarters % 4):
        x, y, angle = -y, x, angle + math.pi / 2
    before, after = (torch.rot90(view, quarters, (2, 3)) for view in views)
    angle = (angle + math.pi) % (2 * math.pi) - math.pi
    return Moments(before=before, after=after, pokes=torch.stack([x, y, angle, length], dim=1))


def losses(model: PokingModel, seen: Moments) -> tuple[Tensor, Tensor]:
    """Return the inverse loss, in nats, and the forward loss: squares summed over the cells."""
    now, then = model.features(torch.cat([seen.before, seen.after])).chunk(2)
    read, pokes = model.read(now, then), seen.pokes
    inverse = (
        functional.cross_entropy(model.place_logits(read), place_bins(pokes))
        + functional.cross_entropy(model.angle_logits(read, pokes[:, :2]), angle_bins(pokes[:, 2]))
        + functional.cross_entropy(
            model.length_logits(read, pokes[:, :2], pokes[:, 2]), length_bins(pokes[:, 3])
        )
    )
    missed = (model(now, pokes) - then).square()
    return inverse, missed.mean(dim=1).sum(dim=(1, 2)).mean()


def train_model(
    pokes: Pokes, *, steps: int = STEPS, batch: int = BATCH, forward: float = 0.5, seed: int = 0,
    hours: float | None = None,
) -> PokingModel:  # fmt: skip
    """Train both models; without a limit by the clock the same seed gives the same ones.

    Args:
      pokes: to learn from.
      steps: of training, under AdamW.
      batch: pokes a step.
      forward: weight of the forward term beside the inverse one; 0 learns the inverse alone.
      seed: of weights, order, and the sides that the table is seen from.
      hours: wall-clock hours after which training stops; the learning rate falls till then.

    Raises:
      BadInput: nothing to learn from, or a weight below 0.
    """
    if not len(pokes) or forward < 0 or steps < 2:
        raise BadInput(f"{len(pokes)} pokes, {steps} steps, forward weight {forward}: too little")
    source = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = PokingModel()
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0.01)
    started = time.monotonic()
    for step in trange(steps, desc="poking", unit="step"):
        spent = 0.0 if hours is None else (time.monotonic() - started) / (3600 * hours)
        if spent >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = _rate(max(step / steps, spent))
        rows = torch.randint(len(pokes), (batch,), generator=source)
        side = int(torch.randint(8, (), generator=source))
        inverse, missed = losses(model, turned(moments(pokes, rows), side % 4, side > 3))
        optimizer.zero_grad()
        torch.autograd.backward(inverse + forward * missed)
        optimizer.step()
    return model.eval()


def _rate(share: float) -> float:
    """Return the learning rate when a share of the training is over: up, then down to 0."""
    return RATE * min(share / 0.05 + 0.01, 1.0) * (0.5 + 0.5 * math.cos(math.pi * share))


@torch.inference_mode()
def measured(model: PokingModel, pokes: Pokes) -> dict[str, float]:
    """Return how well a model does on pokes.

    Returns:
      `inverse` (loss in nats), `forward` (its loss as a share of that of "nothing changes"),
      `place` (median error of the likeliest place, metres).
    """
    seen = moments(pokes, torch.arange(len(pokes)))
    inverse, missed = losses(model, seen)
    now, then = model.features(seen.before), model.features(seen.after)
    still = (then - now).square().mean(dim=1).sum(dim=(1, 2)).mean()
    likeliest = model.place_logits(model.read(now, then)).argmax(dim=1)
    off = (cell_places()[likeliest] - seen.pokes[:, :2]).norm(dim=1)
    return {"inverse": float(inverse), "forward": float(missed / still),
            "place": float(off.median())}  # fmt: skip


def train_poking(
    data_dir: Path, out: Path, seed: int = 0, hours: float | None = None, forward: float = 0.5,
    steps: int = STEPS,
) -> dict[str, Any]:  # fmt: skip
    """Train the models of poking and write them to a folder.

    Args:
      data_dir: what `mindseye data pokes` wrote; the last twentieth is held out.
      out: folder to write to.
      seed: of weights and order.
      hours: wall-clock hours to stop after.
      forward: weight of the forward term; 0 learns the inverse model alone.
      steps: of training, at most.

    Returns:
      `file`, `pokes` (learned from), `seconds`, and of the held-out ones what `measured` returns.

    Raises:
      BadInput: no pokes, or too few.
    """
    started, pokes = time.monotonic(), read_pokes(data_dir)
    held = max(1, round(HELD_OUT * len(pokes)))
    learned = pokes.part(slice(0, -held))
    model = train_model(learned, steps=steps, forward=forward, seed=seed, hours=hours)
    figures = measured(model, pokes.part(slice(-held, None)))
    path = model.save(out, {"forward": str(forward), "pokes": str(len(learned))})
    seconds = time.monotonic() - started
    return {"file": str(path), "pokes": len(learned), "seconds": seconds, **figures}
