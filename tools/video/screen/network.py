"""The network that continues screens, and the forward pass training and sampling share.

`diffusers`' LTX-Video transformer (HaCohen et al., 2024), unmodified, in a small size. A token is
2x2 latents of the codec, sixteen to a frame, and has a noise level of its own: frames that are
known are given clean. The network says the clean tokens, told as what they differ by from the
last known frame. That holds for the world alone: keys, in the lowest row of tokens, are
told as they are, since the keys of a moment ago are no good guess of what to press now, only an
easy one (Haan et al., 2019).
"""

import torch
from diffusers import LTXVideoTransformer3DModel
from torch.nn.attention import SDPBackend, sdpa_kernel

from mindseye.tools.video.network import small_transformer
from mindseye.tools.video.screen.codec import LATENT

FRAMES = 8
"""Frames that are imagined at once at most, known ones included."""
SIDE = 8
"""Latents along a side of a frame."""
PATCH = 2
"""Latents along a side of a token."""
TOKENS = (SIDE // PATCH) ** 2
"""Tokens of a frame, row by row."""
CHANNELS = LATENT * PATCH**2
KEYS = slice(TOKENS - SIDE // PATCH, TOKENS)
"""The tokens that show the keyboard: the lowest row."""
WORD_WIDTH = 64
LATER, APART = 0.04, 8.0
"""How far frames and tokens are from each other for the rotary embedding, in its units."""


def build_transformer(
    width: int = 144, layers: int = 5, heads: int = 4
) -> LTXVideoTransformer3DModel:
    """Return an untrained transformer whose output is zero."""
    told = 2 * CHANNELS + 1 + TOKENS + WORD_WIDTH
    return small_transformer(told, CHANNELS, WORD_WIDTH, width=width, layers=layers, heads=heads)


def to_tokens(latents: torch.Tensor) -> torch.Tensor:
    """Return `[N, 16, 32]` tokens of latents `[N, 8, 8, 8]` (channels first)."""
    patches = torch.nn.functional.pixel_unshuffle(latents, PATCH)
    return patches.flatten(2).transpose(1, 2)


def to_latents(tokens: torch.Tensor) -> torch.Tensor:
    """Return latents `[N, 8, 8, 8]` (channels first) of tokens `[N, 16, 32]`."""
    side = SIDE // PATCH
    patches = tokens.transpose(1, 2).reshape(len(tokens), CHANNELS, side, side)
    return torch.nn.functional.pixel_shuffle(patches, PATCH)


def nearest_known(given: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """Return `[B, T, 16, 32]`: for each frame the last known one up to it, else the first known.

    Args:
      given: `[B, T, 16, 32]` tokens.
      known: `[B, T]`, at least one frame of each clip.
    """
    when = torch.arange(known.shape[1], device=known.device)
    last = torch.where(known, when, -1).cummax(dim=1).values
    index = torch.where(last < 0, known.to(torch.uint8).argmax(dim=1, keepdim=True), last)
    return given.gather(1, index[..., None, None].expand_as(given))


def token_places(clips: int, frames: int, device: torch.device) -> torch.Tensor:
    """Return `[B, 3, T * 16]` (time, down, right) for the rotary embedding."""
    side = SIDE // PATCH
    axes = (torch.arange(n, device=device, dtype=torch.float32) for n in (frames, side, side))
    when, down, right = torch.meshgrid(*axes, indexing="ij")
    places = torch.stack([when * LATER, down * APART, right * APART]).flatten(1)
    return places.expand(clips, -1, -1)


def predict_clean(
    transformer: torch.nn.Module,
    noisy: torch.Tensor,
    t: torch.Tensor,
    given: torch.Tensor,
    known: torch.Tensor,
    words: torch.Tensor,
    mask: torch.Tensor,
) -> torch.Tensor:
    """Return the clean tokens `[B, T, 16, 32]` that the network believes in.

    Args:
      transformer: as `build_transformer` makes it.
      noisy: `[B, T, 16, 32]` tokens.
      t: `[B]` noise levels in [0, 1] of the frames that are not known.
      given: `[B, T, 16, 32]` tokens; those of frames that are not known are not looked at.
      known: `[B, T]`, at least one frame of each clip.
      words: `[B, W, D]` features of the words.
      mask: `[B, W]`, 1 where there is a word.
    """
    clips, frames = known.shape
    there = known[..., None, None]
    base = nearest_known(given, known)
    tokens = torch.where(there, given, noisy)
    flag = there.to(tokens.dtype).expand(-1, -1, TOKENS, 1)
    where = torch.eye(TOKENS, device=tokens.device, dtype=tokens.dtype)
    where = where.expand(clips, frames, -1, -1)
    share = mask[..., None].to(words.dtype)
    meaning = (words * share).sum(dim=1) / share.sum(dim=1)
    meaning = meaning[:, None, None].expand(-1, frames, TOKENS, -1)
    inputs = torch.cat([tokens, base, flag, where, meaning.to(tokens.dtype)], dim=-1)
    levels = torch.where(known, 0.0, t[:, None])[..., None].expand(-1, -1, TOKENS)
    # Levels are whole numbers to the embedding's reader, so a thousand of them.
    with sdpa_kernel(SDPBackend.MATH):
        said = transformer(
            inputs.flatten(1, 2).to(words.dtype),
            encoder_hidden_states=words,
            timestep=levels.flatten(1) * 1000.0,
            encoder_attention_mask=mask,
            video_coords=token_places(clips, frames, tokens.device),
            return_dict=False,
        )[0]
    stays = base.clone()
    stays[:, :, KEYS] = 0.0
    clean = stays + said.unflatten(1, (frames, TOKENS)).to(base.dtype)
    return torch.where(there, given, clean)
