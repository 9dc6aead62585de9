"""The generator's networks and the one forward pass that training and sampling share.

`diffusers`' LTX-Video transformer (HaCohen et al., 2024), unmodified, in a small
size. It takes a time step per token, so frames that are given simply have t = 0.
The flow is rectified (Liu et al., 2022; Lipman et al., 2022): noisy = (1 - t) clean
+ t noise. The network says what changes: clean = first frame + output, and the
output starts at zero, so an untrained network predicts that nothing moves.
"""

from dataclasses import dataclass

import torch
from diffusers import LTXVideoTransformer3DModel
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import DistilBertConfig, DistilBertModel, PreTrainedTokenizerFast

from mindseye.tools.video.autoencoder import LATENT_CHANNELS
from mindseye.tools.video.captions import MAX_WORDS

PATCH = 2
"""Latents per token along each side."""
MAPS = 3
"""Grounding maps: subject, reference object, where the subject is pushed to."""
TARGET_MAP = 2
_PER_TOKEN = PATCH * PATCH
_ROPE_SCALE = 512.0
"""Spreads the 4x4 token grid over the positions that the rotary embedding resolves."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What a clip is generated from; the batch is the first axis everywhere."""

    first: torch.Tensor
    """`[B, C, h, w]` latents of the first frame."""
    maps: torch.Tensor
    """`[B, 3, h, w]` grounding maps."""
    words: torch.Tensor
    """`[B, W, D]` features of the words."""
    mask: torch.Tensor
    """`[B, W] int64`, 1 where there is a word."""


def build_transformer(
    width: int = 256, layers: int = 6, heads: int = 4
) -> LTXVideoTransformer3DModel:
    """Return an untrained transformer whose output is zero."""
    model = LTXVideoTransformer3DModel(
        in_channels=(3 * LATENT_CHANNELS + 1 + MAPS) * _PER_TOKEN,
        out_channels=LATENT_CHANNELS * _PER_TOKEN,
        num_attention_heads=heads,
        attention_head_dim=width // heads,
        cross_attention_dim=width,
        num_layers=layers,
        caption_channels=width // 2,
    )
    torch.nn.init.zeros_(model.proj_out.weight)
    torch.nn.init.zeros_(model.proj_out.bias)
    return model


def build_text_encoder(tokenizer: PreTrainedTokenizerFast, width: int = 128) -> DistilBertModel:
    """Return an untrained two-layer text encoder for the tokenizer's words."""
    return DistilBertModel(
        DistilBertConfig(
            vocab_size=len(tokenizer),
            max_position_embeddings=MAX_WORDS,
            dim=width,
            hidden_dim=4 * width,
            n_layers=2,
            n_heads=4,
            dropout=0.0,
            attention_dropout=0.0,
            pad_token_id=0,
        )
    )


def tokenize(
    tokenizer: PreTrainedTokenizerFast, texts: list[str]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return word ids and mask, `[B, 24]` both: the length never depends on the batch."""
    out = tokenizer(
        texts, padding="max_length", truncation=True, max_length=MAX_WORDS, return_tensors="pt"
    )
    return out["input_ids"], out["attention_mask"]


def read_words(
    text_encoder: DistilBertModel, ids: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    """Return features `[B, W, D]` of word ids and mask, `[B, W]` both."""
    features: torch.Tensor = text_encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    return features


def to_tokens(latents: torch.Tensor) -> torch.Tensor:
    """Cut `[B, T, C, h, w]` into `[B, T * h/2 * w/2, C * 4]`."""
    b, t, c, h, w = latents.shape
    cut = latents.reshape(b, t, c, h // PATCH, PATCH, w // PATCH, PATCH)
    return cut.permute(0, 1, 3, 5, 2, 4, 6).reshape(b, t * h * w // _PER_TOKEN, c * _PER_TOKEN)


def from_tokens(tokens: torch.Tensor, frames: int, side: int) -> torch.Tensor:
    """Undo `to_tokens`: return `[B, frames, C, side, side]`."""
    b, _, width = tokens.shape
    grid, c = side // PATCH, width // _PER_TOKEN
    cut = tokens.reshape(b, frames, grid, grid, c, PATCH, PATCH)
    return cut.permute(0, 1, 4, 2, 5, 3, 6).reshape(b, frames, c, side, side)


def subject_look(first: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
    """Return `[B, C]`: the mean latent around the subject, zero where it is not grounded.

    What moves changes its place and keeps its look; told to every token, a small
    network need not learn to carry it across the picture.

    Args:
      first: `[B, C, h, w]` latents of the first frame.
      maps: `[B, 3, h, w]` grounding maps, that of the subject first.
    """
    where = maps[:, :1].to(first.dtype)
    return (first * where).sum(dim=(2, 3)) / where.sum(dim=(2, 3)).clamp_min(1e-3)


def predict_clean(
    transformer: torch.nn.Module,
    noisy: torch.Tensor,
    t: torch.Tensor,
    condition: Condition,
) -> torch.Tensor:
    """Return the clean latents `[B, T, C, h, w]` that the network believes in.

    Args:
      transformer: as `build_transformer` makes it.
      noisy: `[B, T, C, h, w]`; frame 0 is given and clean.
      t: `[B]` noise level of frames 1 and on, in [0, 1].
      condition: first frame, words, grounding.
    """
    b, frames, _, h, w = noisy.shape
    first = condition.first[:, None]
    given = torch.zeros(b, frames, 1, h, w, dtype=noisy.dtype, device=noisy.device)
    given[:, 0] = 1.0
    maps = condition.maps[:, None].expand(-1, frames, -1, -1, -1)
    look = subject_look(condition.first, condition.maps)[:, None, :, None, None]
    inputs = torch.cat(
        [noisy, first.expand_as(noisy), look.expand_as(noisy), given, maps.to(noisy.dtype)], dim=2
    )
    steps = t[:, None].repeat(1, frames)
    steps[:, 0] = 0.0
    with sdpa_kernel(SDPBackend.MATH):
        output = transformer(
            to_tokens(inputs),
            encoder_hidden_states=condition.words,
            timestep=steps.repeat_interleave(h * w // _PER_TOKEN, dim=1) * 1000.0,
            encoder_attention_mask=condition.mask,
            num_frames=frames,
            height=h // PATCH,
            width=w // PATCH,
            rope_interpolation_scale=(20.0 / frames, _ROPE_SCALE, _ROPE_SCALE),
            return_dict=False,
        )[0]
    change = from_tokens(output, frames, h)
    clean = first + change
    return torch.cat([noisy[:, :1], clean[:, 1:].to(noisy.dtype)], dim=1)
