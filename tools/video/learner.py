"""The training step: windows in, weights out; one process or several under `accelerate`."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from diffusers import LTXVideoTransformer3DModel
from transformers import DistilBertModel, PreTrainedTokenizerFast

from mindseye.tools.video.flow import (
    STEPS,
    build_scheduler,
    noise_levels,
    read_sentences,
    sample_ways,
)
from mindseye.tools.video.network import (
    build_text_encoder,
    build_transformer,
    predict_clean,
    read_words,
    tokenize,
)
from mindseye.tools.video.tokenizer import build_tokenizer
from mindseye.tools.video.tokens import FRAMES, PUSHER, UNIT, Told
from mindseye.tools.video.training import (
    Clock,
    VideoTraining,
    build_optimizers,
    load_checkpoint,
    save_checkpoint,
)
from mindseye.tools.video.windows import Batch, Futures, Windows

LAST_FRAME = 2.0
"""Weight of the last frame, next to 1 for the others: planning pays for how it ends."""
PUSHER_WEIGHT = 0.1
SMOOTH = 0.5
"""Errors well beyond this count by their size rather than its square, units of the network:
what cannot be foreseen (a ball that rolls off, or not) would drown what can."""
DOUBT_WEIGHT = 0.02
MOVED = 0.01
"""Metres."""
TESTED = 256
"""Held-out clips that are imagined at each checkpoint."""

Report = Callable[["Learner", dict[str, float]], None]


class Denoiser(torch.nn.Module):
    """Transformer and text encoder as one module, which is what several processes share."""

    def __init__(self, transformer: torch.nn.Module, text: torch.nn.Module) -> None:
        super().__init__()
        self.transformer, self.text = transformer, text

    def forward(
        self,
        noisy: torch.Tensor,
        t: torch.Tensor,
        told: Told,
        ids: torch.Tensor,
        mask: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the clean ways that are believed in, and the doubt; see `predict_clean`."""
        words = read_words(self.text, ids, mask)
        return predict_clean(self.transformer, noisy, t, told, words, mask)


def window_loss(
    clean: torch.Tensor, doubt: torch.Tensor, batch: Batch, t: torch.Tensor
) -> torch.Tensor:
    """Return the weighted error of what is believed and of the doubt in it.

    The belief pays a pseudo-Huber error in units of the network; the doubt the negative
    log-likelihood of how far off the belief is, which it takes as it finds it.

    Args:
      clean: `[B, N, T, 3]` believed.
      doubt: `[B, N, T]`.
      batch: the windows.
      t: `[B]` noise levels.
    """
    gap = clean - batch.ways / UNIT
    square = gap.square().sum(dim=-1)
    error = 2 * SMOOTH**2 * ((1 + square / SMOOTH**2).sqrt() - 1)
    off = gap.detach()[..., :2].norm(dim=-1)
    # What is known is not in doubt, and has no weight.
    scale = doubt.clamp_min(1e-4)
    error = error + DOUBT_WEIGHT * (2 * scale.log() + off / scale)
    weight = batch.weight.clone()
    weight[:, PUSHER] *= PUSHER_WEIGHT
    weight[:, :, -1] *= LAST_FRAME
    each = (error * weight).sum(dim=(1, 2)) / weight.sum(dim=(1, 2)).clamp_min(1.0)
    loss: torch.Tensor = (each / (t + 0.15)).mean()
    return loss


class Learner:
    """Fits transformer and text encoder to windows of recorded futures."""

    def __init__(self, config: VideoTraining, checkpoints: Path) -> None:
        self.config = config
        torch.manual_seed(config.seed)
        self.accelerator = Accelerator(mixed_precision=config.precision)
        self.tokenizer: PreTrainedTokenizerFast = build_tokenizer()
        transformer = build_transformer(config.width, config.layers, config.heads)
        self.nets = Denoiser(transformer, build_text_encoder(self.tokenizer))
        self.nets.to(self.accelerator.device)
        self.ema = {k: v.detach().clone() for k, v in self.nets.state_dict().items()}
        self.optimizers = build_optimizers(self.nets, config)
        self.path = checkpoints / "state.pt"
        self.spent, self.steps = 0.0, 0
        run: Any = self.accelerator.prepare(self.nets)
        self.run: Any = torch.compile(run) if config.compiles else run

    @property
    def leads(self) -> bool:
        """Say whether this process is the one that writes and reports."""
        return bool(self.accelerator.is_main_process)

    def resume(self) -> bool:
        """Load the checkpoint; say whether there was one."""
        state = load_checkpoint(self.path)
        if state is None:
            return False
        self.nets.load_state_dict(state["nets"])
        self.ema = {k: v.to(self.accelerator.device) for k, v in state["ema"].items()}
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.spent, self.steps = state["spent"], state["steps"]
        return True

    def fit(self, futures: Futures, held_out: Futures, report: Report) -> None:
        """Train until the time is over; `report` gets the figures at each checkpoint."""
        seed = [self.config.seed, self.steps, self.accelerator.process_index]
        torch.manual_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
        windows = Windows(futures, np.random.default_rng(seed))
        # Compiling takes minutes and teaches nothing: the clock starts after it.
        self.accelerator.backward(self._loss(windows))
        self._zero()
        clock = Clock(self.config, self.spent)
        average, saved = math.nan, clock.spent
        for bar in clock.ticks(self.leads):
            loss = self._step(windows, clock)
            average = loss if math.isnan(average) else 0.98 * average + 0.02 * loss
            bar.set_postfix_str(f"step {self.steps} loss {average:.4f}", refresh=False)
            if self.leads and clock.spent - saved > self.config.save_every:
                self._save(clock.spent)
                report(self, self._row(clock.spent, average, held_out))
                saved = clock.spent
        self.spent = clock.spent
        if self.leads:
            self._save(self.spent)
            report(self, self._row(self.spent, average, held_out))

    def _row(self, spent: float, average: float, held_out: Futures) -> dict[str, float]:
        row = {"step": float(self.steps), "seconds": spent, "loss": average}
        return row | self.figures(held_out)

    def _loss(self, windows: Windows) -> torch.Tensor:
        batch = windows.draw(self.config.batch)
        device = self.accelerator.device
        told = batch.told.to(device)
        batch = Batch(
            told=told, ways=batch.ways.to(device), weight=batch.weight.to(device),
            texts=batch.texts,
        )  # fmt: skip
        t = noise_levels(len(told), self.config.pure).to(device)
        level = t[:, None, None, None]
        noisy = (1 - level) * batch.ways / UNIT + level * torch.randn_like(batch.ways)
        ids, mask = (x.to(device) for x in tokenize(self.tokenizer, batch.texts))
        with self.accelerator.autocast():
            clean, doubt = self.run(noisy, t, told, ids, mask)
        return window_loss(clean.float(), doubt.float(), batch, t)

    def _zero(self) -> None:
        for optimizer in self.optimizers:
            optimizer.zero_grad()

    def _step(self, windows: Windows, clock: Clock) -> float:
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * clock.rate()
        loss = self._loss(windows)
        self.accelerator.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.nets.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
        self._zero()
        self.steps += 1
        decay = min(self.config.ema, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for key, value in self.nets.state_dict().items():
                if value.is_floating_point():
                    self.ema[key].lerp_(value, 1 - decay)
        return float(loss.detach())

    def averaged(self) -> tuple[LTXVideoTransformer3DModel, DistilBertModel]:
        """Return networks with the averaged weights, on the CPU."""
        c = self.config
        transformer = build_transformer(c.width, c.layers, c.heads)
        nets = Denoiser(transformer, build_text_encoder(self.tokenizer))
        nets.load_state_dict({k: v.cpu() for k, v in self.ema.items()})
        nets.eval()
        return nets.transformer, nets.text

    def figures(self, held_out: Futures) -> dict[str, float]:
        """Return medians, in mm, of how far what moves ends from where it did.

        `actions`: told the pusher's path. `words`: told the words of a push that reached its
        aim, `aimed` the place too. `goal`: told the last frame, in the middle of the clip.
        """
        windows = Windows(held_out, np.random.default_rng(0))
        pushes = np.flatnonzero(windows.pushed)
        reached = np.array([i for i in pushes if held_out.meta[i]["reached"]])
        asked = {
            "actions": windows.asked(pushes[:TESTED], path=True),
            "words": windows.asked(reached[:TESTED], words=True),
            "aimed": windows.asked(reached[:TESTED], words=True, target=True),
            "goal": windows.asked(pushes[:TESTED], goal=True),
        }
        nets = self.averaged()
        found = {}
        for name, batch in asked.items():
            frame = FRAMES // 2 if name == "goal" else FRAMES - 1
            found[f"{name}_mm"] = self._error(nets, batch, frame)
        return found

    @torch.no_grad()
    def _error(
        self, nets: tuple[LTXVideoTransformer3DModel, DistilBertModel], batch: Batch, frame: int
    ) -> float:
        transformer, text = nets
        words = read_sentences(text, self.tokenizer, batch.texts)
        noise = torch.randn(batch.ways.shape, generator=torch.Generator().manual_seed(0))
        shown, _ = sample_ways(transformer, build_scheduler(), noise, batch.told, words, STEPS)
        went = batch.ways[:, :PUSHER, -1].norm(dim=-1)
        fell = batch.ways[:, :PUSHER, -1, 2] < -MOVED
        counted = (went > MOVED) & ~fell & batch.told.valid[:, :PUSHER]
        off = (shown - batch.ways)[:, :PUSHER, frame, :2].norm(dim=-1)
        return 1000 * float(off[counted].median())

    def _save(self, spent: float) -> None:
        state = {
            "nets": self.nets.state_dict(),
            "ema": self.ema,
            "optimizers": [o.state_dict() for o in self.optimizers],
            "spent": spent,
            "steps": self.steps,
        }
        save_checkpoint(self.path, state)
