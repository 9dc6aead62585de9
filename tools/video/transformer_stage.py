"""Second stage of training: the transformer and the text encoder, on the latents of clips."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderDC
from numpy.typing import NDArray

from mindseye.tools.subgoals import Subgoal
from mindseye.tools.video.autoencoder import encode_frames
from mindseye.tools.video.captions import build_tokenizer, caption, mirrored
from mindseye.tools.video.data import PLACES, read_shards
from mindseye.tools.video.grounding import grounding_maps
from mindseye.tools.video.network import (
    MAPS,
    TARGET_MAP,
    Condition,
    build_text_encoder,
    build_transformer,
    predict_clean,
    read_words,
    tokenize,
)
from mindseye.tools.video.pipeline import TabletopVideoPipeline, build_scheduler
from mindseye.tools.video.training import (
    SAVE_EVERY,
    Clock,
    VideoTraining,
    load_checkpoint,
    save_checkpoint,
)

EMA = 0.995
SHIFT = 3.0
"""Training noise levels are shifted towards noise like the sampler's."""
LEAST_LEVEL = 0.125
"""Before the shift; a sampler of eight steps or fewer needs none below."""
LAST_FRAME = 2.0
"""Weight of the last frame, next to 1 for the others: planning pays for how it ends."""

Log = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipSet:
    """Latents of all clips, as they are and in the mirror, with what grounds them."""

    latents: torch.Tensor
    """`[2, N, T, C, h, w] float16`; the second half is mirrored."""
    subgoals: tuple[list[Subgoal], list[Subgoal]]
    maps: torch.Tensor
    """`[2, N, 3, h, w]` grounding maps."""
    dt: float
    """Mean seconds between frames."""

    def __len__(self) -> int:
        return self.latents.shape[1]


@torch.no_grad()
def encode_frames_twice(vae: AutoencoderDC, data: Path) -> torch.Tensor:
    """Return `[2, N, T, C, h, w] float16` latents of every clip, then of its mirror image."""
    frames = torch.from_numpy(read_shards(data, ("frames",))["frames"])
    latents = []
    for flip in (False, True):
        for chunk in torch.split(frames, 64):
            pixels = (chunk.flip(3) if flip else chunk).flatten(0, 1)
            with torch.autocast("cpu", torch.bfloat16):
                encoded = encode_frames(vae, pixels)
            latents.append(torch.unflatten(encoded, 0, tuple(chunk.shape[:2])).half())
    return torch.unflatten(torch.cat(latents), 0, (2, len(frames)))


def load_clips(vae: AutoencoderDC, config: VideoTraining, trained: float) -> ClipSet:
    """Return all clips as latents with what grounds them; the latents are kept on disk.

    Args:
      vae: the autoencoder.
      config: where data and checkpoints are.
      trained: seconds that the autoencoder was trained for; other latents are made anew.
    """
    shards = read_shards(config.data, ("subgoal", *PLACES, "dt"))
    path, n = config.checkpoints / "latents.pt", len(shards["dt"])
    kept = load_checkpoint(path)
    if kept is None or kept["trained"] != trained or kept["latents"].shape[1] != n:
        kept = {"trained": trained, "latents": encode_frames_twice(vae, config.data)}
        save_checkpoint(path, kept)
    plain = [Subgoal.model_validate_json(s) for s in shards["subgoal"].tolist()]
    maps = []
    for sign in (1.0, -1.0):
        points = np.stack([shards[k] for k in PLACES], axis=1) * [sign, 1.0]
        maps += [
            grounding_maps([None if np.isnan(p).any() else tuple(p) for p in row], 8)
            for row in points
        ]
    return ClipSet(
        latents=kept["latents"],
        subgoals=(plain, [mirrored(s) for s in plain]),
        maps=torch.unflatten(torch.from_numpy(np.stack(maps)), 0, (2, n)),
        dt=float(shards["dt"].mean()),
    )


def noise_levels(n: int) -> torch.Tensor:
    """Return `[n]` levels in [0, 1], spread as a sampler of few steps spreads its own.

    Evenly, then shifted towards noise (Esser et al., 2024). One from each of n
    equally likely strata, so that the loss of a batch depends little on which
    levels it happened to draw.
    """
    share = (torch.arange(n) + torch.rand(n)) / n
    even = LEAST_LEVEL + (1 - LEAST_LEVEL) * share
    return SHIFT * even / (1 + (SHIFT - 1) * even)


class TransformerStage:
    """Fits the transformer and the text encoder to the latents of clips."""

    def __init__(self, config: VideoTraining) -> None:
        self.config = config
        torch.manual_seed(config.seed)
        self.tokenizer = build_tokenizer()
        self.nets = torch.nn.ModuleDict(
            {"transformer": build_transformer(), "text": build_text_encoder(self.tokenizer)}
        )
        self.ema = {k: v.clone() for k, v in self.nets.state_dict().items()}
        self.optimizers = _optimizers(self.nets, config)
        self.path = config.checkpoints / "transformer.pt"
        self.spent, self.steps = 0.0, 0
        plain = self.nets["transformer"]
        self.run: Any = torch.compile(plain) if config.compiles else plain

    def resume(self) -> bool:
        """Load the checkpoint; say whether there was one."""
        state = load_checkpoint(self.path)
        if state is None:
            return False
        self.nets.load_state_dict(state["nets"])
        self.ema = state["ema"]
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.spent, self.steps = state["spent"], state["steps"]
        return True

    def fit(self, clips: ClipSet, log: Log) -> None:
        """Train until the time is over."""
        clock = Clock(self.config.hours * 3600, self.spent)
        rng = np.random.default_rng([self.config.seed, self.steps])
        torch.manual_seed(self.config.seed + self.steps)
        average, saved = math.nan, clock.spent
        for bar in clock.ticks("transformer"):
            loss = self._step(clips, rng, clock)
            average = loss if math.isnan(average) else 0.98 * average + 0.02 * loss
            bar.set_postfix_str(f"step {self.steps} loss {average:.4f}", refresh=False)
            if clock.spent - saved > SAVE_EVERY:
                saved = clock.spent
                self._save(saved)
                log(
                    f"{self.steps} {saved:.0f} s loss {average:.5f} held out {self.test(clips):.5f}"
                )
        self.spent = clock.spent
        self._save(self.spent)
        log(f"{self.steps} end loss {average:.5f} held out {self.test(clips):.5f}")

    def _step(self, clips: ClipSet, rng: np.random.Generator, clock: Clock) -> float:
        picks = rng.integers(len(clips) - self.config.held_out, size=self.config.batch)
        sides = rng.integers(2, size=self.config.batch)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * clock.rate()
        t = noise_levels(self.config.batch)
        loss = self._loss(clips, picks, sides, t, rng, self.run)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.nets.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        self.steps += 1
        decay = min(EMA, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for key, value in self.nets.state_dict().items():
                if value.is_floating_point():
                    self.ema[key].lerp_(value, 1 - decay)
        return float(loss.detach())

    def _loss(
        self,
        clips: ClipSet,
        picks: NDArray[np.int64],
        sides: NDArray[np.int64],
        t: torch.Tensor,
        rng: np.random.Generator,
        transformer: torch.nn.Module,
    ) -> torch.Tensor:
        latents = clips.latents[sides, picks].float()
        keep = self._kept_maps(len(picks), rng)
        texts = [caption(clips.subgoals[s][p], rng) for s, p in zip(sides, picks, strict=True)]
        ids, mask = tokenize(self.tokenizer, texts)
        level = t[:, None, None, None, None]
        noisy = (1 - level) * latents + level * torch.randn_like(latents)
        noisy[:, 0] = latents[:, 0]
        with torch.autocast("cpu", torch.bfloat16):
            condition = Condition(
                first=latents[:, 0],
                maps=clips.maps[sides, picks] * keep[:, :, None, None],
                words=read_words(self.nets["text"], ids, mask),
                mask=mask,
            )
            clean = predict_clean(transformer, noisy, t, condition)
        error = (clean[:, 1:].float() - latents[:, 1:]).square().mean(dim=(2, 3, 4))
        weight = torch.ones_like(error[0])
        weight[-1] = LAST_FRAME
        return ((error @ weight) / weight.sum() / (t + 0.1)).mean()

    def _kept_maps(self, n: int, rng: np.random.Generator) -> torch.Tensor:
        """Draw `[n, 3] bool`: which grounding maps each sample gets."""
        keep = np.repeat(rng.random((n, 1)) >= self.config.drop_places, MAPS, axis=1)
        keep[:, TARGET_MAP] &= rng.random(n) >= self.config.drop_target
        return torch.from_numpy(keep)

    @torch.no_grad()
    def test(self, clips: ClipSet) -> float:
        """Return the loss of the averaged weights on the held-out clips."""
        live = {k: v.clone() for k, v in self.nets.state_dict().items()}
        self.nets.load_state_dict(self.ema)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            rng = np.random.default_rng(1)
            picks = np.arange(len(clips) - self.config.held_out, len(clips)).reshape(-1, 32)
            t = torch.linspace(0.05, 1.0, 32)
            sides = np.zeros(32, dtype=np.int64)
            plain = self.nets["transformer"]
            losses = [self._loss(clips, p, sides, t, rng, plain) for p in picks]
        self.nets.load_state_dict(live)
        return float(torch.stack(losses).mean())

    def pipeline(self, vae: AutoencoderDC, dt: float) -> TabletopVideoPipeline:
        """Return a pipeline with the averaged weights."""
        transformer, text = build_transformer(), build_text_encoder(self.tokenizer)
        nets = torch.nn.ModuleDict({"transformer": transformer, "text": text})
        nets.load_state_dict(self.ema)
        return TabletopVideoPipeline(
            vae, transformer.eval(), text.eval(), self.tokenizer, build_scheduler(), dt=dt
        )

    def _save(self, spent: float) -> None:
        state = {
            "nets": self.nets.state_dict(),
            "ema": self.ema,
            "optimizers": [o.state_dict() for o in self.optimizers],
            "spent": spent,
            "steps": self.steps,
        }
        save_checkpoint(self.path, state)


def _optimizers(nets: torch.nn.Module, config: VideoTraining) -> list[torch.optim.Optimizer]:
    """Muon (Jordan et al., 2024) for the matrices inside, AdamW for the rest."""
    outer = ("proj_in", "proj_out", "embedding", "time_embed", "scale_shift_table")
    matrices: list[torch.nn.Parameter] = []
    rest: list[torch.nn.Parameter] = []
    for name, parameter in nets.named_parameters():
        inside = parameter.ndim == 2 and not any(o in name for o in outer)
        (matrices if inside else rest).append(parameter)
    muon = torch.optim.Muon(
        [{"params": matrices, "peak": config.muon_rate}], lr=0.0, weight_decay=0.01
    )
    adam = torch.optim.AdamW(
        [{"params": rest, "peak": config.adam_rate}], lr=0.0, betas=(0.9, 0.98), weight_decay=0.0
    )
    return [muon, adam]
