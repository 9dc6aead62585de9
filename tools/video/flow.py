"""Sampling: from noise to ways along the flow, guided by each condition as much as asked."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from transformers import DistilBertModel, PreTrainedTokenizerFast

from mindseye.tools.goals import OBJECT_RADIUS
from mindseye.tools.video.network import predict_clean, read_words, tokenize
from mindseye.tools.video.tokens import LOWERED, PUSHER, UNIT, Told

SHIFT = 4.0
"""Noise levels are shifted towards noise, in training as in sampling (Esser et al., 2024):
eight frames of one thing tell nearly the same, so little noise hides nothing."""
STEPS = 1
"""Of sampling, where nothing says how many. Ways have no fine detail to refine, so that one step
from noise to what is believed loses nothing; how far it may be off is the doubt's to say."""
TEMPER = 0.75
"""What the doubt is multiplied by: the averaged weights err less than those that learned it. Chosen
so that on held-out clips a region of 80 % holds about 80 %."""
LEAST = 0.15
"""Lowest noise level of training, before the shift; a sampler of few steps needs none lower."""
STILL = 0.004
"""What is said to go less far than vision errs stays where it is, metres."""
APART = 0.054
"""Centres of two objects are no nearer than this, metres: cubes are 52 mm wide."""
BESIDE_PUSHER = 0.046
"""Nor is an object's centre nearer to the lowered pusher's, metres."""
ROUNDS = 4
"""How often overlaps are parted: three in a row need more than one."""
PROXY_LEVELS = (0.5, 0.8)
"""Noise levels at which a likelihood is estimated."""


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """How far a clip is driven from what would come without a condition (Ho and Salimans, 2022).

    1 takes the model at its word and costs nothing; more follows the condition harder
    at the cost of one more pass of the network for each that is not 1.
    """

    words: float = 1.0
    actions: float = 1.0
    frames: float = 1.0
    """Given frames beside the anchor: a goal, the past."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Words:
    """Features of the words, with and without them."""

    said: torch.Tensor
    """`[B, W, D]`."""
    mask: torch.Tensor
    """`[B, W]`."""
    unsaid: torch.Tensor
    """`[1, W, D]` features of no words."""
    unsaid_mask: torch.Tensor
    """`[1, W]`."""


def read_sentences(
    text_encoder: DistilBertModel, tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]
) -> Words:
    """Return the features of sentences, and those of nothing said."""
    device = text_encoder.device
    ids, mask = (x.to(device) for x in tokenize(tokenizer, [*texts, ""]))
    said = read_words(text_encoder, ids, mask)
    return Words(said=said[:-1], mask=mask[:-1], unsaid=said[-1:], unsaid_mask=mask[-1:])


def build_scheduler() -> FlowMatchEulerDiscreteScheduler:
    """Return the sampling schedule."""
    return FlowMatchEulerDiscreteScheduler(shift=SHIFT)


def noise_levels(n: int, pure: float) -> torch.Tensor:
    """Return `[n]` levels in (0, 1], shifted as the sampler shifts its own.

    One from each of n equally likely strata, so that the loss of a batch depends little
    on which levels it happened to draw; a share `pure` is noise alone.
    """
    share = (torch.arange(n) + torch.rand(n)) / n / max(1 - pure, 1e-6)
    even = LEAST + (1 - LEAST) * share.clamp(max=1.0)
    return SHIFT * even / (1 + (SHIFT - 1) * even)


def anchor_only(told: Told) -> Told:
    """Return what is told without any frame but those in which nothing has moved."""
    at_anchor = told.known & (told.ways == 0).all(dim=-1)
    one = at_anchor & (at_anchor.cumsum(dim=-1) == 1)
    return dataclasses.replace(told, known=one, ways=torch.zeros_like(told.ways))


def _guided(
    transformer: torch.nn.Module,
    noisy: torch.Tensor,
    t: torch.Tensor,
    told: Told,
    words: Words,
    guidance: Guidance,
) -> tuple[torch.Tensor, torch.Tensor]:
    base, doubt = predict_clean(transformer, noisy, t, told, words.said, words.mask)
    clean = base
    if guidance.words != 1.0:
        said, mask = words.unsaid.expand_as(words.said), words.unsaid_mask.expand_as(words.mask)
        bare = dataclasses.replace(
            told, roles=torch.zeros_like(told.roles), target=torch.full_like(told.target, torch.nan)
        )
        other, _ = predict_clean(transformer, noisy, t, bare, said, mask)
        clean = clean + (guidance.words - 1) * (base - other)
    if guidance.actions != 1.0:
        bare = dataclasses.replace(told, path=torch.full_like(told.path, torch.nan))
        other, _ = predict_clean(transformer, noisy, t, bare, words.said, words.mask)
        clean = clean + (guidance.actions - 1) * (base - other)
    if guidance.frames != 1.0:
        other, _ = predict_clean(transformer, noisy, t, anchor_only(told), words.said, words.mask)
        clean = clean + (guidance.frames - 1) * (base - other)
    return torch.where(told.known[..., None], told.ways / UNIT, clean), doubt


def sample_ways(
    transformer: torch.nn.Module,
    scheduler: FlowMatchEulerDiscreteScheduler,
    noise: torch.Tensor,
    told: Told,
    words: Words,
    steps: int,
    guidance: Guidance | None = None,
    errs: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return imagined ways and the doubt in them, metres; given frames are kept.

    The ways are `[B, N, T, 3]`, the doubt `[B, N, T]` is the expected error on the table.

    Args:
      transformer: denoiser.
      scheduler: Euler steps along the flow.
      noise: `[B, N, T, 3]` unit noise.
      told: what is known.
      words: what is said.
      steps: Euler steps.
      guidance: how much each condition drives.
      errs: `[B, N, 2]` how far off each thing is, next to a scale of 1; by default nothing is.
        A few large steps lead to the middle of what may happen, and that is where a draw
        from all of it begins.
    """
    # Evenly spaced noise levels; the scheduler shifts them and appends zero.
    scheduler.set_timesteps(sigmas=np.linspace(1.0, 1.0 / steps, steps), device=noise.device)
    ways, doubts = noise, []
    for i, step in enumerate(scheduler.timesteps):
        sigma = scheduler.sigmas[i]
        level = sigma.expand(len(ways)).to(ways)
        clean, doubt = _guided(transformer, ways, level, told, words, guidance or Guidance())
        ways = scheduler.step((ways - clean) / sigma, step, ways, return_dict=False)[0]
        doubts.append(doubt)
    # From noise alone the doubt is that in all that may happen.
    doubt = TEMPER * doubts[0]
    if errs is not None:
        ways = ways + torch.nn.functional.pad(errs[:, :, None] * doubt[..., None], (0, 1))
    given = told.known[..., None]
    still = ways.norm(dim=-1, keepdim=True) * UNIT < STILL
    shown = torch.where(given, told.ways, torch.where(still, 0.0, ways * UNIT))
    return solid(told, shown * told.valid[..., None, None]), 2 * UNIT * doubt


def draw_errs(things: int, source: torch.Generator) -> torch.Tensor:
    """Return `[things, 2]` draws of the density of doubt with scale 1; see `predict_clean`."""
    turn = 2 * torch.pi * torch.rand(things, generator=source)
    # A length of this density is the sum of two exponential ones.
    far = -(1 - torch.rand(things, 2, generator=source)).log().sum(dim=-1)
    return far[:, None] * torch.stack([turn.cos(), turn.sin()], dim=-1)


def solid(told: Told, ways: torch.Tensor) -> torch.Tensor:
    """Return the ways with things that would be in one place put beside each other.

    Two objects share an overlap, unless a given frame says where one of them is; out of the
    lowered pusher, where its path is said, an object goes alone.

    Args:
      told: what is known.
      ways: `[B, N, T, 3]`, metres.
    """
    at = (told.places[:, :, None] + ways).transpose(1, 2)
    free = (~told.known & told.valid[..., None]).transpose(1, 2).to(at.dtype)
    there = (told.valid[:, None] & (at[..., 2] > -OBJECT_RADIUS)).to(at.dtype)
    said = ~told.path.isnan().flatten(1).any(dim=1)
    low = said[:, None] & (at[..., PUSHER, 2] < LOWERED)
    there[..., PUSHER] *= low
    free[..., PUSHER] = 0.0
    n = at.shape[2]
    apart = torch.full((n, n), APART, device=at.device)
    apart[PUSHER] = apart[:, PUSHER] = BESIDE_PUSHER
    pair = there[..., :, None] * there[..., None, :] * (1 - torch.eye(n, device=at.device))
    share = free[..., :, None] / (free[..., :, None] + free[..., None, :]).clamp_min(1.0)
    flat = at[..., :2].clone()
    for _ in range(ROUNDS):
        gap = flat[..., :, None, :] - flat[..., None, :, :]
        far = gap.norm(dim=-1).clamp_min(1e-4)
        push = (apart - far).clamp_min(0.0) * pair * share
        flat = flat + (gap / far[..., None] * push[..., None]).sum(dim=-2)
    moved = torch.cat([flat, at[..., 2:]], dim=-1).transpose(1, 2) - told.places[:, :, None]
    return torch.where(told.known[..., None] | ~told.valid[..., None, None], ways, moved)


def likelihood(
    transformer: torch.nn.Module,
    ways: torch.Tensor,
    noise: torch.Tensor,
    told: Told,
    words: Words,
) -> torch.Tensor:
    """Return `[B]`: how well the network can restore the ways from noise, a log-likelihood proxy.

    The negative weighted error of denoising bounds the log-likelihood of a flow up to a
    constant (Kingma and Gao, 2023); here from two noise levels, averaged over what was imagined.

    Args:
      transformer: denoiser.
      ways: `[B, N, T, 3]`, metres.
      noise: `[B, N, T, 3]` unit noise.
      told: what was known.
      words: what was said.
    """
    free = (~told.known & told.valid[..., None]).float()
    free[:, PUSHER] = 0.0
    total = torch.zeros(len(ways), device=ways.device)
    for level in PROXY_LEVELS:
        noisy = (1 - level) * ways / UNIT + level * noise
        t = torch.full((len(ways),), level, device=ways.device)
        clean, _ = predict_clean(transformer, noisy, t, told, words.said, words.mask)
        error = (clean - ways / UNIT).square().sum(dim=-1)
        total -= (error * free).sum(dim=(1, 2)) / free.sum(dim=(1, 2)).clamp_min(1) / level**2
    return total / len(PROXY_LEVELS)
