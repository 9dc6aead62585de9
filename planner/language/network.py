"""A causal model that reads rows of different length together, each behind its own past."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface, DynamicCache
from transformers.masking_utils import sdpa_mask

GROUPED = "mindseye_grouped"
"""Name of the attention that reads keys and values as they are kept: see `_grouped`."""


def _grouped(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Attend with heads that share keys and values (Ainslie et al., GQA, 2023), not copying them.

    Behind a mask, transformers copies them for every head, since kernels of CUDA want that;
    on a CPU those copies are most of a step.
    """
    causal = attention_mask is None and query.shape[2] > 1
    heads = scaled_dot_product_attention(
        query, key, value, attn_mask=attention_mask, is_causal=causal, scale=scaling,
        enable_gqa=True,
    )  # fmt: skip
    return heads.transpose(1, 2).contiguous(), None


AttentionInterface.register(GROUPED, _grouped)
AttentionMaskInterface.register(GROUPED, sdpa_mask)


def attention_for(device: str) -> str:
    """Return the name of the fastest attention on a device."""
    return GROUPED if device == "cpu" else "sdpa"


class Batch:
    """Keys and values of rows of different length; gaps are masked."""

    def __init__(
        self, rows: int, device: torch.device, cache: DynamicCache | None = None, length: int = 0
    ) -> None:
        """Set up rows that share the past in `cache`, `length` tokens long; none by default."""
        self.cache = DynamicCache() if cache is None else cache
        self.mask = torch.ones(rows, length, dtype=torch.long, device=device)

    def select(self, rows: Sequence[int]) -> None:
        """Keep (or repeat) rows, in this order."""
        if list(rows) != list(range(len(self.mask))):
            index = torch.tensor(rows, device=self.mask.device)
            self.cache.batch_select_indices(index)
            self.mask = self.mask[index]


class Network:
    """The model without its tokenizer."""

    def __init__(self, model: Any, padding: int) -> None:
        """Bind a loaded model; `padding` is the token that fills gaps."""
        self.model, self.padding = model, padding
        self.device: torch.device = model.device
        self.vocabulary: int = model.config.vocab_size

    def read(self, batch: Batch, rows: Sequence[Sequence[int]]) -> Tensor:
        """Append the tokens of each row to the batch; return logits `[B, V]` after the last one."""
        longest = max(len(r) for r in rows)
        ids = torch.tensor(
            [[*r, *([self.padding] * (longest - len(r)))] for r in rows], device=self.device
        )
        lengths = torch.tensor([len(r) for r in rows], device=self.device)
        present = (torch.arange(longest, device=self.device)[None] < lengths[:, None]).long()
        before = batch.mask.sum(dim=1, keepdim=True)
        batch.mask = torch.cat([batch.mask, present], dim=1)
        hidden = self.model.model(
            input_ids=ids, attention_mask=batch.mask, past_key_values=batch.cache, use_cache=True,
            position_ids=before + (present.cumsum(dim=1) - 1).clamp(min=0),
        ).last_hidden_state  # fmt: skip
        last = hidden[torch.arange(len(rows), device=self.device), lengths - 1]
        logits: Tensor = self.model.lm_head(last).float()
        return logits
