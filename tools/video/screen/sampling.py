"""Sampling: from noise to screens along the flow, and how likely screens are held to be."""

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from mindseye.tools.video.flow import PROXY_LEVELS, Words
from mindseye.tools.video.screen.network import predict_clean


def sample_tokens(
    transformer: torch.nn.Module,
    scheduler: FlowMatchEulerDiscreteScheduler,
    noise: torch.Tensor,
    given: torch.Tensor,
    known: torch.Tensor,
    words: Words,
    steps: int,
) -> torch.Tensor:
    """Return imagined tokens `[B, T, 16, 32]`; frames that are known are kept.

    A single step gives the mean of what may come: a key is then as dark as it is likely to be
    pressed. More steps give one of the things that may come.

    Args:
      transformer: denoiser.
      scheduler: Euler steps along the flow.
      noise: `[B, T, 16, 32]` unit noise.
      given: `[B, T, 16, 32]` tokens of the frames that are known.
      known: `[B, T]`, at least one frame of each clip.
      words: what is said.
      steps: Euler steps.
    """
    # Evenly spaced noise levels; the scheduler shifts them and appends zero.
    scheduler.set_timesteps(sigmas=np.linspace(1.0, 1.0 / steps, steps), device=noise.device)
    tokens = noise
    for i, step in enumerate(scheduler.timesteps):
        sigma = scheduler.sigmas[i]
        level = sigma.expand(len(tokens)).to(tokens)
        clean = predict_clean(transformer, tokens, level, given, known, words.said, words.mask)
        tokens = scheduler.step((tokens - clean) / sigma, step, tokens, return_dict=False)[0]
    return torch.where(known[..., None, None], given, tokens)


def token_likelihood(
    transformer: torch.nn.Module,
    tokens: torch.Tensor,
    noise: torch.Tensor,
    known: torch.Tensor,
    weight: torch.Tensor,
    words: Words,
) -> torch.Tensor:
    """Return `[B]`: how well the network restores clips from noise, a log-likelihood proxy.

    See `mindseye.tools.video.flow.likelihood`.

    Args:
      transformer: denoiser.
      tokens: `[B, T, 16, 32]` of the clips.
      noise: `[B, T, 16, 32]` unit noise.
      known: `[B, T]`: the frames that a clip goes on from.
      weight: `[B, T, 16]`: what each token counts.
      words: what was said.
    """
    total = torch.zeros(len(tokens), device=tokens.device)
    for level in PROXY_LEVELS:
        noisy = (1 - level) * tokens + level * noise
        t = torch.full((len(tokens),), level, device=tokens.device, dtype=tokens.dtype)
        clean = predict_clean(transformer, noisy, t, tokens, known, words.said, words.mask)
        error = (clean - tokens).float().square().sum(dim=-1)
        total -= (error * weight).sum(dim=(1, 2)) / weight.sum(dim=(1, 2)) / level**2
    return total / len(PROXY_LEVELS)
