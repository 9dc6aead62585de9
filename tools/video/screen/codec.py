"""The codec: a screen of 64x64 pixels as 8x8 latents of 8 channels, and back.

`diffusers`' `AutoencoderTiny`, unmodified, over blocks of 4x4 pixels: at a quarter of the size
a convolution costs a sixteenth. Its latents are brought to mean 0 and variance 1 in training,
so that they need no scales of their own. Keys and small things that move are few pixels and
mean much: the loss weighs them.
"""

import torch
from diffusers import AutoencoderTiny
from torch.nn import functional

from mindseye.tools.games.overlay import STRIP

BLOCK = 4
"""Side of a block of pixels that the codec takes as one place, pixels."""
LATENT = 8
"""Channels of a latent."""
NOISE = 0.1
"""Of the latents in training: the decoder must bear what a generator gets slightly wrong."""
STRIP_WEIGHT = 3.0
MOVING_WEIGHT, DETAIL_WEIGHT = 8.0, 4.0
"""Weights of the keyboard's pixels, of those that change and of those unlike what is around them:
keys that lie about are as small as players, and do not move."""
AROUND = 9
"""Side of what is around a pixel, pixels."""
CHANGED = 0.06
"""By how much a pixel that changes does so, of the range [-1, 1]."""
UNIT_WEIGHT = 0.02
"""Weight of how far the latents are from mean 0 and variance 1."""


def build_codec(width: int = 64) -> AutoencoderTiny:
    """Return an untrained codec."""
    channels = 3 * BLOCK**2
    return AutoencoderTiny(
        in_channels=channels,
        out_channels=channels,
        encoder_block_out_channels=(width, width),
        decoder_block_out_channels=(width, width),
        num_encoder_blocks=(1, 1),
        num_decoder_blocks=(1, 1),
        latent_channels=LATENT,
    )


def as_pixels(frames: torch.Tensor) -> torch.Tensor:
    """Return `[N, 3, 64, 64]` in [-1, 1] of frames `[N, 64, 64, 3] uint8`."""
    return frames.permute(0, 3, 1, 2).float() / 127.5 - 1


def as_frames(pixels: torch.Tensor) -> torch.Tensor:
    """Return frames `[N, 64, 64, 3] uint8` of `[N, 3, 64, 64]` in [-1, 1]."""
    shown = ((pixels.float() + 1) * 127.5).round().clamp(0, 255)
    return shown.permute(0, 2, 3, 1).to(torch.uint8)


def encode(codec: AutoencoderTiny, pixels: torch.Tensor) -> torch.Tensor:
    """Return latents `[N, 8, 8, 8]` (channels first) of pixels `[N, 3, 64, 64]` in [-1, 1]."""
    blocks = functional.pixel_unshuffle(pixels, BLOCK).to(codec.dtype)
    latents: torch.Tensor = codec.encode(blocks, return_dict=False)[0]
    return latents


def decode(codec: AutoencoderTiny, latents: torch.Tensor) -> torch.Tensor:
    """Return pixels `[N, 3, 64, 64]` in about [-1, 1] of latents `[N, 8, 8, 8]`."""
    blocks: torch.Tensor = codec.decode(latents.to(codec.dtype), return_dict=False)[0]
    return functional.pixel_shuffle(blocks, BLOCK)


def pixel_weights(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """Return `[N, 1, 64, 64]`: what each pixel counts, by change and by contrast.

    Args:
      before: `[N, 3, 64, 64]` pixels in [-1, 1].
      after: the same a frame later.
    """
    change = (after - before).abs().amax(dim=1, keepdim=True)
    moving = functional.max_pool2d((change > CHANGED).float(), 3, stride=1, padding=1)
    around = functional.avg_pool2d(
        before, AROUND, stride=1, padding=AROUND // 2, count_include_pad=False
    )
    detail = (before - around).abs().amax(dim=1, keepdim=True)
    weights = 1 + MOVING_WEIGHT * moving + DETAIL_WEIGHT * detail
    weights[:, :, -STRIP:] = STRIP_WEIGHT
    return weights


def codec_loss(codec: AutoencoderTiny, before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """Return the weighted squared error of coding frames and the next ones.

    Args:
      codec: in training.
      before: `[N, 3, 64, 64]` pixels in [-1, 1].
      after: the same a frame later.
    """
    weights = pixel_weights(before, after).repeat(2, 1, 1, 1)
    pixels = torch.cat([before, after])
    latents = encode(codec, pixels)
    shown = decode(codec, latents + NOISE * torch.randn_like(latents))
    # Squared, not absolute: small things are few pixels that are far off, and a median is blind
    # to what few do.
    error = (shown.float() - pixels).square()
    loss = (error * weights).sum() / (3 * weights.sum())
    spread, mean = torch.var_mean(latents.float(), dim=(0, 2, 3))
    unit = mean.square().mean() + (spread.clamp_min(1e-6).sqrt() - 1).square().mean()
    total: torch.Tensor = loss + UNIT_WEIGHT * unit
    return total
