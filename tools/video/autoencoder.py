"""The frame autoencoder: 64x64x3 pixels to 16x8x8 latents and back.

`diffusers`' deep-compression autoencoder (Chen et al., 2024) in a small size: its
first stage goes straight to half resolution, which makes it cheap on a CPU. It is
trained with noise on latents that are held at zero mean and unit spread, so that
the decoder forgives the small errors of a diffusion model.
"""

import torch
import torch.nn.functional as F
from diffusers import AutoencoderDC

LATENT_CHANNELS = 16
LATENT_NOISE = 0.12
"""Standard deviation of the noise on latents while training."""
FOREGROUND_WEIGHT = 8.0
"""Objects and pusher are 3 % of the pixels and all of what matters."""


def build_autoencoder(width: int = 32) -> AutoencoderDC:
    """Return an untrained autoencoder with stages at 32, 16 and 8 pixels."""
    channels = (width, width, 2 * width, 4 * width)
    return AutoencoderDC(
        latent_channels=LATENT_CHANNELS,
        encoder_block_out_channels=channels,
        decoder_block_out_channels=channels,
        encoder_layers_per_block=(0, 1, 1, 2),
        decoder_layers_per_block=(0, 2, 2, 3),
        encoder_qkv_multiscales=((), (), (), ()),
        decoder_qkv_multiscales=((), (), (), ()),
    )


def to_pixels(frames: torch.Tensor) -> torch.Tensor:
    """Turn `[..., H, W, 3] uint8` into `[..., 3, H, W]` in [-1, 1]."""
    return frames.movedim(-1, -3).float() / 127.5 - 1.0


def to_frames(pixels: torch.Tensor) -> torch.Tensor:
    """Turn `[..., 3, H, W]` in [-1, 1] into `[..., H, W, 3] uint8`."""
    return ((pixels.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).movedim(-3, -1)


def encode_frames(vae: AutoencoderDC, frames: torch.Tensor) -> torch.Tensor:
    """Return normalised latents `[N, 16, 8, 8]` of `[N, 64, 64, 3] uint8` frames."""
    pixels = to_pixels(frames).to(vae.dtype)
    latents: torch.Tensor = vae.encode(pixels).latent
    scale: float = vae.config.scaling_factor
    return latents * scale


def decode_latents(vae: AutoencoderDC, latents: torch.Tensor) -> torch.Tensor:
    """Return frames `[N, 64, 64, 3] uint8` of normalised latents `[N, 16, 8, 8]`."""
    return to_frames(vae.decode(latents.to(vae.dtype) / vae.config.scaling_factor).sample)


def autoencoder_loss(
    vae: AutoencoderDC, frames: torch.Tensor, front: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Return the loss of a batch and its parts.

    Args:
      vae: the autoencoder.
      frames: `[N, 64, 64, 3] uint8`.
      front: `[N, 64, 64] bool`, objects and pusher.
    """
    pixels = to_pixels(frames)
    latents = vae.encode(pixels).latent
    decoded = vae.decode(latents + torch.randn_like(latents) * LATENT_NOISE).sample
    # The rim of an object matters as much as its inside.
    near = F.max_pool2d(front[:, None].float(), 3, stride=1, padding=1)
    weight = 1.0 + FOREGROUND_WEIGHT * near
    error = (decoded.float() - pixels).square().mul(weight).sum() / (weight.sum() * 3)
    by_channel = latents.float().transpose(0, 1).flatten(1)
    mean, spread = by_channel.mean(dim=1), by_channel.std(dim=1)
    unit = mean.square().mean() + (spread - 1).square().mean()
    return {"loss": error + 0.01 * unit, "error": error, "unit": unit}
