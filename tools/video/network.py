"""The generator's networks and the one forward pass that training and sampling share.

`diffusers`' LTX-Video transformer (HaCohen et al., 2024), unmodified, in a small
size. It takes a noise level and a place for each token (`mindseye.tools.video.tokens`).
The flow is rectified (Liu et al., 2022; Lipman et al., 2022): noisy = (1 - t) clean
+ t noise. The network says the clean ways, as shares of ways that are there to be followed
and what is left, and how far off it may be; its output starts at zero, so an untrained network
believes that nothing moves.
"""

import torch
from diffusers import LTXVideoTransformer3DModel
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import DistilBertConfig, DistilBertModel, PreTrainedTokenizerFast

from mindseye.tools.video.captions import MAX_WORDS
from mindseye.tools.video.tokens import (
    CHANNELS,
    OUTPUTS,
    PATCH_T,
    UNIT,
    Told,
    from_tokens,
    guides,
    token_channels,
    token_levels,
    token_places,
)

WORD_WIDTH = 128
DOUBT = 0.2
"""How far off an untrained network takes itself to be, units of the network."""


def build_transformer(
    width: int = 256, layers: int = 6, heads: int = 4
) -> LTXVideoTransformer3DModel:
    """Return an untrained transformer whose output is zero."""
    return small_transformer(
        CHANNELS + WORD_WIDTH, OUTPUTS * PATCH_T, WORD_WIDTH, width=width, layers=layers,
        heads=heads,
    )  # fmt: skip


def small_transformer(
    told: int, said: int, words: int, *, width: int, layers: int, heads: int
) -> LTXVideoTransformer3DModel:
    """Return an untrained LTX transformer whose output is zero.

    Args:
      told: channels of a token that it reads.
      said: channels of a token that it writes.
      words: channels of a word.
      width: channels within.
      layers: transformer blocks.
      heads: of the attention, which share the width.
    """
    model = LTXVideoTransformer3DModel(
        in_channels=told,
        out_channels=said,
        num_attention_heads=heads,
        attention_head_dim=width // heads,
        cross_attention_dim=width,
        num_layers=layers,
        caption_channels=words,
    )
    torch.nn.init.zeros_(model.proj_out.weight)
    torch.nn.init.zeros_(model.proj_out.bias)
    return model


def build_text_encoder(
    tokenizer: PreTrainedTokenizerFast, width: int = WORD_WIDTH
) -> DistilBertModel:
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
    """Return word ids and mask, `[B, W]` both: the length never depends on the batch."""
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


def predict_clean(
    transformer: torch.nn.Module,
    noisy: torch.Tensor,
    t: torch.Tensor,
    told: Told,
    words: torch.Tensor,
    mask: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the clean ways that the network believes in, and its doubt, both in its units.

    The ways are `[B, N, T, 3]`. The doubt `[B, N, T]` is the scale `s` of a density
    `exp(-r / s) / s^2` of being off by `r` on the table, so that twice of it is the expected error.

    Args:
      transformer: as `build_transformer` makes it.
      noisy: `[B, N, T, 3]` ways, in units of the network.
      t: `[B]` noise levels in [0, 1].
      told: what is known.
      words: `[B, W, D]` features of the words.
      mask: `[B, W]`, 1 where there is a word.
    """
    given = torch.where(told.known[..., None], told.ways / UNIT, noisy)
    tokens = token_channels(told, given)
    share = mask[..., None].to(words.dtype)
    meaning = (words * share).sum(dim=1) / share.sum(dim=1)
    inputs = torch.cat([tokens, meaning[:, None].expand(-1, tokens.shape[1], -1)], dim=-1)
    levels = token_levels(told, t)
    # Levels are whole numbers to the embedding's reader, so a thousand of them.
    with sdpa_kernel(SDPBackend.MATH):
        output = transformer(
            inputs.to(words.dtype),
            encoder_hidden_states=words,
            timestep=levels * 1000.0,
            encoder_attention_mask=mask,
            video_coords=token_places(told),
            return_dict=False,
        )[0]
    said = from_tokens(output, noisy.shape[1]).to(noisy.dtype)
    follows = said[..., 3:-1, None] * guides(told, given)
    clean = said[..., :3] + follows.sum(dim=-2)
    doubt = DOUBT * said[..., -1].clamp(-8, 4).exp() * ~told.known
    return torch.where(told.known[..., None], told.ways / UNIT, clean), doubt
