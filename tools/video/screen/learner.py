"""The training steps: first the codec from pairs of frames, then the transformer from windows."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderTiny
from transformers import PreTrainedTokenizerFast

from mindseye.tools.errors import BadInput, MindseyeError, one_line
from mindseye.tools.games.overlay import keyboard_of
from mindseye.tools.games.worlds import GAMES, game_spec
from mindseye.tools.video.flow import build_scheduler, noise_levels
from mindseye.tools.video.generator import load_pipeline
from mindseye.tools.video.network import build_text_encoder, read_words, tokenize
from mindseye.tools.video.screen.codec import as_pixels, build_codec, codec_loss
from mindseye.tools.video.screen.generator import ADVICE
from mindseye.tools.video.screen.measure import action_figures, codec_figures
from mindseye.tools.video.screen.network import WORD_WIDTH, build_transformer, predict_clean
from mindseye.tools.video.screen.pipeline import ScreenVideoPipeline
from mindseye.tools.video.screen.settings import ScreenTraining
from mindseye.tools.video.screen.windows import (
    Batch,
    Play,
    Windows,
    code_play,
    draw_pairs,
    vocabulary,
)
from mindseye.tools.video.tokenizer import build_tokenizer
from mindseye.tools.video.training import (
    Clock,
    build_optimizers,
    load_checkpoint,
    save_checkpoint,
)

LEVEL_FLOOR = 0.15
"""Added to a noise level before the loss is divided by it."""

Report = Callable[[dict[str, float]], None]


def screen_tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer that knows the words of every game's goals."""
    goals = [goal.words for name in GAMES for goal in game_spec(name).goals]
    return build_tokenizer(vocabulary(goals))


class Denoiser(torch.nn.Module):
    """Transformer and text encoder as one module."""

    def __init__(self, config: ScreenTraining, tokenizer: PreTrainedTokenizerFast) -> None:
        super().__init__()
        self.transformer = build_transformer(config.width, config.layers, config.heads)
        self.text = build_text_encoder(tokenizer, WORD_WIDTH)

    def forward(
        self,
        noisy: torch.Tensor,
        t: torch.Tensor,
        batch: Batch,
        ids: torch.Tensor,
        mask: torch.Tensor,
    ) -> torch.Tensor:
        """Return the clean tokens that are believed in; see `predict_clean`."""
        words = read_words(self.text, ids, mask)
        return predict_clean(self.transformer, noisy, t, batch.given, batch.known, words, mask)


def window_loss(clean: torch.Tensor, batch: Batch, t: torch.Tensor) -> torch.Tensor:
    """Return the weighted error of clean tokens `[B, T, 16, 32]` at noise levels `[B]`."""
    error = (clean - batch.tokens).square().mean(dim=-1)
    each = (error * batch.weight).sum(dim=(1, 2)) / batch.weight.sum(dim=(1, 2)).clamp_min(1.0)
    loss: torch.Tensor = (each / (t + LEVEL_FLOOR)).mean()
    return loss


class ScreenLearner:
    """Fits codec, transformer and text encoder to recorded play of one game."""

    def __init__(self, config: ScreenTraining, game: str, checkpoints: Path) -> None:
        self.config, self.game, self.folder = config, game, checkpoints
        torch.manual_seed(config.seed)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.tokenizer = screen_tokenizer()
        self.codec: AutoencoderTiny = build_codec(config.codec_width).to(self.device)
        self.nets = Denoiser(config, self.tokenizer).to(self.device)
        self.ema = {k: v.detach().clone() for k, v in self.nets.state_dict().items()}
        self.optimizers = build_optimizers(self.nets, config)
        self.codec_optimizer = torch.optim.AdamW(
            [{"params": list(self.codec.parameters()), "peak": config.codec_rate}], lr=0.0
        )
        self.codec_share = config.codec_share
        """Of the time; 0 where the codec came with the weights that were begun with."""
        self.codec_spent, self.spent, self.steps = 0.0, 0.0, 0
        self.codec_steps = 0
        self.rest = 1.0
        """Of the play that was learned from; see `Play.rest`."""

    def begin_with(self, folder: Path) -> None:
        """Take the weights of a pipeline; its codec is kept, so that all time is the transformer's.

        Raises:
          BadInput: no pipeline, or one of another game or other sizes.
        """
        try:
            made: Any = load_pipeline(ScreenVideoPipeline, folder, "cpu", torch.float32, ADVICE)
            if made.config.game != self.game:
                raise BadInput(f"it plays {made.config.game}, not {self.game}")
            self.codec.load_state_dict(made.codec.state_dict())
            self.nets.transformer.load_state_dict(made.transformer.state_dict())
            self.nets.text.load_state_dict(made.text_encoder.state_dict())
        except (MindseyeError, RuntimeError) as error:
            raise BadInput(f"cannot begin with {str(folder)!r}: {one_line(error)}") from error
        self.ema = {k: v.detach().clone() for k, v in self.nets.state_dict().items()}
        self.codec_share = 0.0

    def resume(self) -> bool:
        """Load the checkpoints; say whether there were any."""
        coded = load_checkpoint(self.folder / "codec.pt")
        if coded is None:
            return False
        self.codec.load_state_dict(coded["codec"])
        self.codec_optimizer.load_state_dict(coded["optimizer"])
        self.codec_spent, self.codec_steps = coded["spent"], coded["steps"]
        self.codec_share = coded.get("share", self.codec_share)
        state = load_checkpoint(self.folder / "state.pt")
        if state is not None:
            self.nets.load_state_dict(state["nets"])
            self.ema = {k: v.to(self.device) for k, v in state["ema"].items()}
            for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(saved)
            self.spent, self.steps = state["spent"], state["steps"]
        return True

    def fit_codec(self, play: Play) -> None:
        """Train the codec until its share of the time is over."""
        keyboard, c = keyboard_of(game_spec(play.game)), self.config
        clock = Clock(replace(c, hours=c.hours * self.codec_share), self.codec_spent)
        rng = np.random.default_rng([c.seed, self.codec_steps])
        self.codec.train()
        average, saved = math.nan, clock.spent
        for bar in clock.ticks(True):
            pairs = draw_pairs(play, keyboard, c.codec_batch, rng)
            before, after = (as_pixels(torch.from_numpy(f).to(self.device)) for f in pairs)
            with self._autocast():
                loss = codec_loss(self.codec, before, after)
            self._descend([self.codec_optimizer], self.codec, loss, clock)
            self.codec_steps += 1
            average = _averaged(average, float(loss.detach()))
            bar.set_postfix_str(f"codec {self.codec_steps} loss {average:.4f}", refresh=False)
            if clock.spent - saved > c.save_every:
                self._save_codec(clock.spent)
                saved = clock.spent
        self._save_codec(clock.spent)

    def fit(self, play: Play, held_out: Play, report: Report) -> None:
        """Train codec and transformer; `report` gets the figures at each checkpoint."""
        c, seed = self.config, [self.config.seed, self.steps]
        self.rest = play.rest
        # A transformer knows the latents of the codec that it began with.
        if not self.steps:
            if self.codec_share:
                self.fit_codec(play)
            else:
                self._save_codec(self.codec_spent)
        self.codec.eval()
        # Coding is as exact as training: in bf16 it takes less than half the time.
        with self._autocast():
            coded = code_play(self.codec, play, c.keys_kept + c.keys_away < 1.0)
        windows = Windows(coded, np.random.default_rng(seed), c)
        torch.manual_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
        clock = Clock(replace(c, hours=c.hours * (1 - self.codec_share)), self.spent)
        average, saved = math.nan, clock.spent
        for bar in clock.ticks(True):
            loss = self._loss(windows.draw(c.batch).to(self.device))
            self._descend(self.optimizers, self.nets, loss, clock)
            self._average_weights()
            average = _averaged(average, float(loss.detach()))
            bar.set_postfix_str(f"step {self.steps} loss {average:.4f}", refresh=False)
            if clock.spent - saved > c.save_every:
                self._checkpoint(clock, average, held_out, report)
                saved = clock.spent
        self._checkpoint(clock, average, held_out, report)

    def _loss(self, batch: Batch) -> torch.Tensor:
        t = noise_levels(len(batch.texts), self.config.pure).to(self.device)
        level = t[:, None, None, None]
        noisy = (1 - level) * batch.tokens + level * torch.randn_like(batch.tokens)
        ids, mask = (x.to(self.device) for x in tokenize(self.tokenizer, batch.texts))
        with self._autocast():
            clean = self.nets(noisy, t, batch, ids, mask)
        return window_loss(clean.float(), batch, t)

    @contextmanager
    def _autocast(self) -> Iterator[None]:
        kind = torch.float16 if self.config.precision == "fp16" else torch.bfloat16
        on = self.config.precision != "no"
        with torch.autocast(self.device.type, dtype=kind, enabled=on):
            yield

    def _descend(
        self, optimizers: list[Any], nets: torch.nn.Module, loss: torch.Tensor, clock: Clock
    ) -> None:
        for optimizer in optimizers:
            optimizer.zero_grad()
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * clock.rate()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(nets.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()

    @torch.no_grad()
    def _average_weights(self) -> None:
        self.steps += 1
        decay = min(self.config.ema, (1 + self.steps) / (10 + self.steps))
        for key, value in self.nets.state_dict().items():
            if value.is_floating_point():
                self.ema[key].lerp_(value, 1 - decay)

    def pipeline(self) -> ScreenVideoPipeline:
        """Return a pipeline with the averaged weights, on the CPU."""
        nets = Denoiser(self.config, self.tokenizer)
        nets.load_state_dict({k: v.cpu() for k, v in self.ema.items()})
        codec = build_codec(self.config.codec_width)
        codec.load_state_dict({k: v.cpu() for k, v in self.codec.state_dict().items()})
        made = ScreenVideoPipeline(
            codec.eval(), nets.transformer.eval(), nets.text.eval(), self.tokenizer,
            build_scheduler(), self.game, 1 / game_spec(self.game).rate, self.config.steps,
            self.rest, self.config.context, self.config.keys_away == 1.0,
        )  # fmt: skip
        made.set_progress_bar_config(disable=True)
        return made

    def figures(self, held_out: Play) -> dict[str, float]:
        """Return what is measured on held-out play; see `mindseye.tools.video.screen.measure`."""
        made, c = self.pipeline(), self.config
        coding = codec_figures(made.codec, held_out, c.tested)
        return coding | action_figures(made, held_out, c.tested, c.steps)

    def _checkpoint(self, clock: Clock, average: float, held_out: Play, report: Report) -> None:
        self.spent = clock.spent
        save_checkpoint(
            self.folder / "state.pt",
            {
                "nets": self.nets.state_dict(),
                "ema": self.ema,
                "optimizers": [o.state_dict() for o in self.optimizers],
                "spent": self.spent,
                "steps": self.steps,
            },
        )
        row = {"step": float(self.steps), "seconds": self.spent, "loss": average}
        report(row | self.figures(held_out))

    def _save_codec(self, spent: float) -> None:
        self.codec_spent = spent
        state = {
            "codec": self.codec.state_dict(),
            "optimizer": self.codec_optimizer.state_dict(),
            "spent": spent,
            "steps": self.codec_steps,
            "share": self.codec_share,
        }
        save_checkpoint(self.folder / "codec.pt", state)


def _averaged(average: float, loss: float) -> float:
    return loss if math.isnan(average) else 0.98 * average + 0.02 * loss
