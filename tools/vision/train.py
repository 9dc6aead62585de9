"""Trains the segmentation network on the shards that `make_vision_data` wrote."""

import itertools
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from mindseye.tools.errors import BadInput
from mindseye.tools.vision.augment import augment, mirror, vote_targets
from mindseye.tools.vision.classes import CLASSES, PUSHER
from mindseye.tools.vision.measure import Figures, as_row, vision_figures
from mindseye.tools.vision.model import TabletopVision
from mindseye.tools.vision.network import NetworkConfig, VotingSegformer, build, save

STATE = "state.pt"
_PLAIN = 0.05
"""Weight of background and table cells, of which there are very many."""
_VOTES = 0.1
"""Weight of a vote that is wrong by one pixel."""


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How the network is trained."""

    hours: float = 0.6
    """Core-hours; the learning rate falls to nothing over them. A busy machine takes longer by
    the clock, and learns as much."""
    batch: int = 24
    matrix_rate: float = 0.02
    """Learning rate of the matrices under Muon (Jordan et al. 2024)."""
    rate: float = 2e-3
    """Learning rate of everything else under AdamW."""
    ema: float = 0.998
    warmup: int = 100
    """Steps."""
    save_every: float = 120.0
    """Core-seconds between checkpoints."""
    seed: int = 0
    dtype: str = "bfloat16"
    """Autocast type; "float32" switches autocast off."""


class Shards:
    """All training frames, in memory."""

    def __init__(self, folder: Path) -> None:
        paths = sorted(p for p in folder.glob("*.npz") if not p.name.endswith(".part.npz"))
        if not paths:
            raise BadInput(f"no shards in {folder}: run `mindseye data vision` first")
        loaded = [np.load(p) for p in paths]
        self.frames: NDArray[np.uint8] = np.concatenate([z["frames"] for z in loaded])
        self.labels: NDArray[np.uint8] = np.concatenate([z["labels"] for z in loaded])
        self.centres: NDArray[np.float32] = np.concatenate([z["centres"] for z in loaded])

    def batches(self, size: int, seed: int, start: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield frames (RGB in [0, 1]), labels and centres for ever, from batch `start` on."""
        if len(self.frames) < size:
            raise BadInput(f"{len(self.frames)} training frames are fewer than a batch of {size}")
        per_epoch = len(self.frames) // size
        for epoch in itertools.count(start // per_epoch):
            order = np.random.default_rng([seed, epoch]).permutation(len(self.frames))
            first = start % per_epoch if epoch == start // per_epoch else 0
            for i in range(first, per_epoch):
                rows = np.sort(order[i * size : (i + 1) * size])
                rows = np.random.default_rng([seed, epoch, i]).permutation(rows)
                yield (
                    torch.from_numpy(self.frames[rows]).permute(0, 3, 1, 2).float() / 255,
                    torch.from_numpy(self.labels[rows]).long(),
                    torch.from_numpy(self.centres[rows]),
                )


def loss_of(network: VotingSegformer, frames: Tensor, labels: Tensor, centres: Tensor) -> Tensor:
    """Return cross-entropy of the classes plus the mean miss of the votes."""
    logits, votes = network(frames)
    weight = torch.ones(CLASSES)
    weight[:PUSHER] = _PLAIN
    classes = functional.cross_entropy(logits.float(), labels, weight)
    target, known = vote_targets(labels, centres)
    miss = (votes.float() - target).abs().sum(1)
    loss: Tensor = classes + _VOTES * (miss * known).sum() / known.sum().clamp(min=1)
    return loss


class Trainer:
    """Network, optimisers, running average and clock; can be saved and taken up again."""

    def __init__(self, config: TrainConfig, size: NetworkConfig) -> None:
        torch.manual_seed(config.seed)
        self.config = config
        self.network, self.average = build(size), build(size)
        self.average.load_state_dict(self.network.state_dict())
        matrices = [p for n, p in self.network.named_parameters() if _is_matrix(n, p)]
        chosen = {id(p) for p in matrices}
        others = [p for p in self.network.parameters() if id(p) not in chosen]
        self.optimisers: list[torch.optim.Optimizer] = [
            torch.optim.Muon(matrices, lr=config.matrix_rate, weight_decay=0.01),
            torch.optim.AdamW(others, lr=config.rate, weight_decay=0.01, betas=(0.9, 0.98)),
        ]
        self.step, self.elapsed = 0, 0.0

    def rate(self) -> float:
        """Return the share of the full learning rate that is due now."""
        done = min(1.0, self.elapsed / (self.config.hours * 3600))
        warm = min(1.0, (self.step + 1) / self.config.warmup)
        return warm * (0.5 + 0.5 * math.cos(math.pi * done))

    def learn(self, frames: Tensor, labels: Tensor, centres: Tensor) -> float:
        """Take one step; return the loss."""
        began = time.process_time()
        rng = torch.Generator().manual_seed(self.config.seed * 1_000_003 + self.step)
        if self.step % 2:
            frames, labels, centres = mirror(frames, labels, centres)
        seen = augment(frames, rng)
        mixed = self.config.dtype != "float32"
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            loss = loss_of(self.network, seen, labels, centres)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for optimiser, base in zip(
            self.optimisers, (self.config.matrix_rate, self.config.rate), strict=True
        ):
            for group in optimiser.param_groups:
                group["lr"] = base * self.rate()
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        self._follow()
        self.step += 1
        self.elapsed += time.process_time() - began
        return float(loss.detach())

    def _follow(self) -> None:
        """Move the running average towards the network."""
        keep = min(self.config.ema, (1 + self.step) / (10 + self.step))
        mine, theirs = self.average.state_dict(), self.network.state_dict()
        with torch.no_grad():
            for name, value in theirs.items():
                if value.is_floating_point():
                    mine[name].lerp_(value, 1 - keep)
                else:
                    mine[name].copy_(value)

    def store(self, folder: Path) -> None:
        """Write weights and everything needed to go on, each whole or not at all."""
        save(self.average, folder)
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimisers": [o.state_dict() for o in self.optimisers],
            "step": self.step,
            "elapsed": self.elapsed,
            "seed": self.config.seed,
        }
        part = folder / (STATE + ".part")
        torch.save(state, part)
        part.replace(folder / STATE)

    def restore(self, folder: Path) -> None:
        """Take up where `store` left off."""
        state: dict[str, Any] = torch.load(folder / STATE, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.step, self.elapsed = state["step"], state["elapsed"]


def _is_matrix(name: str, parameter: Tensor) -> bool:
    """Say whether Muon should train it: inner matrices, neither first nor last layer."""
    return parameter.ndim == 2 and "classifier" not in name


def train_vision(
    data_dir: Path,
    out: Path,
    hours: float = 0.6,
    resume: bool = False,
    seed: int = 0,
    config: TrainConfig | None = None,
) -> dict[str, Any]:
    """Train, measure on frames never seen, write weights and a model card.

    Args:
      data_dir: folder with shards.
      out: folder for `model.safetensors`, `config.json`, `README.md` and `state.pt`.
      hours: core-hours of training.
      resume: go on from `state.pt` if there is one.
      seed: of weights, order and augmentation.
      config: everything else; its `hours` and `seed` are overridden.

    Returns:
      The figures of the model card.

    Raises:
      BadInput: no data, or `hours` is not positive.
    """
    if hours <= 0:
        raise BadInput(f"hours={hours}: training needs a positive time")
    settings = asdict(config or TrainConfig()) | {"hours": hours, "seed": seed}
    trainer = Trainer(TrainConfig(**settings), NetworkConfig())
    if resume and (out / STATE).exists():
        trainer.restore(out)
    shards = Shards(data_dir)
    batches = shards.batches(trainer.config.batch, seed, trainer.step)
    _run(trainer, batches, out)
    figures = vision_figures(TabletopVision(weights=out), n=400, seed=seed)
    write_card(out, trainer, len(shards.frames), figures)
    return {name: as_row(f) for name, f in figures.items()}


def _run(trainer: Trainer, batches: Iterator[tuple[Tensor, Tensor, Tensor]], out: Path) -> None:
    """Train until the time is up."""
    limit = trainer.config.hours * 3600
    saved, recent = trainer.elapsed, float("nan")
    with tqdm(total=round(limit), initial=round(trainer.elapsed), unit="s") as bar:
        while trainer.elapsed < limit:
            loss = trainer.learn(*next(batches))
            recent = loss if math.isnan(recent) else 0.98 * recent + 0.02 * loss
            bar.set_description(f"vision, step {trainer.step}, loss {recent:.4f}", refresh=False)
            bar.update(min(round(limit), round(trainer.elapsed)) - bar.n)
            if trainer.elapsed - saved > trainer.config.save_every:
                saved = trainer.elapsed
                trainer.store(out)
    trainer.store(out)


_CARD = """---
license: apache-2.0
library_name: transformers
pipeline_tag: image-segmentation
---
# Tabletop vision

A small SegFormer with centre votes, trained from scratch on ray-cast renders of
the tabletop. It reads 25 classes and, for each pixel, the offset to the centre
of the thing it belongs to; `mindseye.tools.vision` turns that into a scene graph.

Trained for {steps} steps of {batch} frames ({hours:.2f} h on one core) on {frames} renders;
{parameters:,} parameters. Made again by `mindseye data vision` and `mindseye train vision`.

Measured on {n} fresh frames of each kind; light, hue, table and camera varied; brackets are
95 % intervals. A detection counts when the class is right and the place within 25 mm. "hidden"
asks only for objects of which the pusher hides a quarter or more.

| frames | median error | 90 % below | F1 | objects |
|---|---|---|---|---|
{rows}

Limits: it knows these twenty objects, this table, and cameras near the nominal one.
"""


def write_card(out: Path, trainer: Trainer, frames: int, figures: dict[str, Figures]) -> None:
    """Write the model card and its figures beside the weights."""
    rows = "\n".join(
        f"| {name} | {f.median_mm:.1f} mm [{f.median_low:.1f}, {f.median_high:.1f}] "
        f"| {f.p90_mm:.1f} mm | {f.score:.3f} [{f.low:.3f}, {f.high:.3f}] | {f.objects} |"
        for name, f in figures.items()
    )
    card = _CARD.format(
        steps=trainer.step,
        batch=trainer.config.batch,
        hours=trainer.elapsed / 3600,
        frames=frames,
        parameters=sum(p.numel() for p in trainer.network.parameters()),
        n=next(iter(figures.values())).n,
        rows=rows,
    )
    (out / "README.md").write_text(card)
