"""Trains the peer of `mindseye.eval.frame_denoiser` from the clips that our generator learns from.

One frame and the two before it, drawn from random clips; noise levels and loss are those of
DIAMOND. Checkpoints, clock and curve are those of our own training, so that both peers are
given the same time.
"""

import copy
import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from mindseye.eval.frame_denoiser import (
    BEFORE,
    POINTS,
    FrameNetwork,
    Moment,
    NetworkConfig,
    denoising_loss,
    imagine_frames,
    moment_of,
    path_of,
    save_network,
    to_pixels,
)
from mindseye.tools.errors import BadInput
from mindseye.tools.physics.scene import TICK
from mindseye.tools.values import Frames
from mindseye.tools.video.data import Record
from mindseye.tools.video.shards import read_records
from mindseye.tools.video.tokens import FRAMES, SUB
from mindseye.tools.video.train import contact_sheet
from mindseye.tools.video.training import (
    Clock,
    Curve,
    VideoTraining,
    load_checkpoint,
    save_checkpoint,
)

MISSEEN = 0.1
"""Most noise on the frames before in training: sampled ones are not as clean as real ones."""
HELD_OUT = 256
"""Clips that are not trained on, at most: the last ones, and no more than an eighth."""
TESTED = 32
"""Held-out clips that are imagined at each checkpoint."""
SHEET = 6
"""Of them, how many are shown."""


class Pairs:
    """Clips to learn from: two frames, and the one that follows."""

    def __init__(self, records: Sequence[Record]) -> None:
        """Keep frames and paths.

        Raises:
          BadInput: there are no clips, or one whose pusher was sent nowhere.
        """
        if not records:
            raise BadInput("no clips")
        # A list: one array of 26,000 clips would need the memory twice while it is made.
        self.frames = [r.frames for r in records]
        ticks = np.array([r.meta["rows"] for r in records], dtype=np.int64)
        self.paths = np.stack([path_of(r.sent, t) for r, t in zip(records, ticks, strict=True)])
        if not np.isfinite(self.paths).all():
            raise BadInput("clips without actions teach nothing here; make some: mindseye data")
        self.seconds = (np.diff(ticks, axis=1) * TICK).astype(np.float32)

    def __len__(self) -> int:
        return len(self.frames)

    def draw(self, n: int, rng: np.random.Generator) -> tuple[torch.Tensor, Moment]:
        """Return `n` random frames `[n, 3, S, S]` in [-1, 1], half of them mirrored, and before."""
        picks = rng.integers(len(self), size=n)
        last = rng.integers(FRAMES - 1, size=n)
        mirrored = rng.random(n) < 0.5
        rows = np.stack([np.maximum(last - 1, 0), last, last + 1], axis=1)
        frames = np.stack([self.frames[p][r] for p, r in zip(picks, rows, strict=True)])
        frames[mirrored] = frames[mirrored][..., ::-1, :]
        points = SUB * last[:, None] + np.arange(POINTS)
        path = self.paths[picks[:, None], points]
        path[mirrored, :, 0] *= -1
        moment = moment_of(frames[:, :BEFORE], path, self.seconds[picks, last])
        return to_pixels(frames[:, BEFORE]), moment


Report = Callable[["PeerLearner", dict[str, float]], None]


class PeerLearner:
    """Fits a network to pairs; the clock, not a number of steps, sets the schedule."""

    def __init__(self, config: VideoTraining, network: NetworkConfig, checkpoints: Path) -> None:
        """Build the network with weights that depend on the seed."""
        self.config = config
        torch.manual_seed(config.seed)
        self.network = FrameNetwork(network)
        self.averaged = copy.deepcopy(self.network).eval().requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=0.0, weight_decay=0.01, fused=True
        )
        self.path = checkpoints / "state.pt"
        self.spent, self.steps = 0.0, 0

    def resume(self) -> bool:
        """Load the checkpoint; say whether there was one."""
        state = load_checkpoint(self.path)
        if state is None:
            return False
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.spent, self.steps = state["spent"], state["steps"]
        return True

    def fit(self, pairs: Pairs, held_out: Pairs, report: Report) -> None:
        """Train until the time is over; `report` gets the figures at each checkpoint."""
        seed = [self.config.seed, self.steps]
        torch.manual_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
        rng, clock = np.random.default_rng(seed), Clock(self.config, self.spent)
        average, saved = math.nan, clock.spent

        def keep() -> None:
            self.spent = clock.spent
            self._save()
            row = {"step": float(self.steps), "seconds": self.spent, "loss": average}
            report(self, row | self.figures(held_out))

        for bar in clock.ticks(shown=True):
            loss = self.step(pairs, rng, clock.rate())
            average = loss if math.isnan(average) else 0.98 * average + 0.02 * loss
            bar.set_postfix_str(f"step {self.steps} loss {average:.4f}", refresh=False)
            if clock.spent - saved > self.config.save_every:
                keep()
                saved = clock.spent
        keep()

    def step(self, pairs: Pairs, rng: np.random.Generator, rate: float = 1.0) -> float:
        """Learn from one batch, with `rate` times the peak learning rate; return its loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.adam_rate * rate
        clean, moment = pairs.draw(self.config.batch, rng)
        spread = MISSEEN * torch.rand(len(clean), 1, 1, 1, 1)
        moment = replace(moment, before=moment.before + spread * torch.randn_like(moment.before))
        with torch.autocast("cpu", torch.bfloat16, enabled=self.config.precision == "bf16"):
            loss = denoising_loss(self.network, clean, moment)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.steps += 1
        decay = min(self.config.ema, (1 + self.steps) / (10 + self.steps))
        for mean, now in zip(self.averaged.parameters(), self.network.parameters(), strict=True):
            mean.lerp_(now.detach(), 1 - decay)
        return float(loss.detach())

    @torch.no_grad()
    def figures(self, held_out: Pairs) -> dict[str, float]:
        """Return the held-out loss, and the error of last frames where nothing moving has 1."""
        clean, moment = held_out.draw(2 * TESTED, np.random.default_rng(0))
        source = torch.Generator().manual_seed(0)
        loss = denoising_loss(self.averaged, clean, moment, source)
        picks = spread_over(len(held_out), TESTED)
        real = np.stack([held_out.frames[p] for p in picks]).astype(np.float32)
        shown = self.imagined(held_out, picks).astype(np.float32)
        error = np.square(shown[:, -1] - real[:, -1]).mean()
        still = max(float(np.square(real[:, 0] - real[:, -1]).mean()), 1e-6)
        return {"held_out_loss": float(loss), "last_frame_error": float(np.sqrt(error / still))}

    def imagined(self, pairs: Pairs, picks: NDArray[np.int64]) -> Frames:
        """Return `[n, 8, S, S, 3]`: clips as they are imagined from first frame and actions."""
        first = np.stack([pairs.frames[p][0] for p in picks])
        sources = [torch.Generator().manual_seed(int(p)) for p in picks]
        return imagine_frames(
            self.averaged, first, pairs.paths[picks], pairs.seconds[picks], sources
        )

    def _save(self) -> None:
        state = {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "spent": self.spent,
            "steps": self.steps,
        }
        save_checkpoint(self.path, state)


def spread_over(n: int, most: int) -> NDArray[np.int64]:
    """Return up to `most` of the numbers below `n`, evenly spread."""
    return np.unique(np.linspace(0, n - 1, most).astype(np.int64))


def sheet_of(learner: PeerLearner, held_out: Pairs, path: Path) -> None:
    """Write real clips, each above what is imagined from its first frame and actions."""
    picks = spread_over(len(held_out), SHEET)
    rows = zip([held_out.frames[p] for p in picks], learner.imagined(held_out, picks), strict=True)
    contact_sheet([clip for pair in rows for clip in pair], path)


def train_peer(
    data_dir: Path,
    out: Path,
    hours: float = 1.0,
    resume: bool = False,
    seed: int = 0,
    checkpoints: Path | None = None,
    threads: int = 2,
    network: NetworkConfig | None = None,
) -> dict[str, float]:
    """Train the denoiser and save it under `out`, at each checkpoint too; return its figures.

    Args:
      data_dir: clips made by `make_video_data`.
      out: folder for weights, config and `training.json`.
      hours: time by the clock, over all runs.
      resume: go on from the checkpoint, if there is one.
      seed: of initialisation, frames and noise.
      checkpoints: folder for checkpoint, log, plot and sheets; by default within `out`.
      threads: of torch.
      network: its shape; by default of about the size of our own generator.

    Raises:
      BadInput: no clips, or too few.
    """
    settings = VideoTraining(
        hours=hours, seed=seed, threads=threads, batch=32, adam_rate=4e-4, ema=0.999, save_every=600
    )
    torch.set_num_threads(threads)
    drawn = (r for r in read_records(data_dir) if r.frames.size)
    records = list(tqdm(drawn, desc="clips", unit="clip"))
    aside = min(HELD_OUT, len(records) // 8)
    if not aside:
        raise BadInput(f"{len(records)} drawn clips in {data_dir} are too few; make at least 8")
    pairs, held_out = Pairs(records[:-aside]), Pairs(records[-aside:])
    del records
    folder = checkpoints or out / "checkpoints"
    learner = PeerLearner(settings, network or NetworkConfig(), folder)
    curve = Curve(folder)
    if resume:
        learner.resume()

    def report(learner: PeerLearner, row: dict[str, float]) -> None:
        curve.add(row)
        sys.stderr.write("\n" + "  ".join(f"{k} {v:.4g}" for k, v in row.items()) + "\n")
        save_network(learner.averaged, out)
        sheet_of(learner, held_out, folder / f"sheet-{learner.steps:06d}.png")

    learner.fit(pairs, held_out, report)
    size = sum(p.numel() for p in learner.network.parameters()) / 1e6
    figures = {
        "clips": float(len(pairs)),
        "parameters_million": size,
        "hours": learner.spent / 3600,
    }
    figures |= curve.rows()[-1]
    (out / "training.json").write_text(
        json.dumps({"settings": asdict(settings), "figures": figures}, indent=1), encoding="utf-8"
    )
    return figures
