"""A causal model that reads rows of different length together, each behind its own past."""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from torch.nn.utils.rnn import pad_sequence
from transformers import AttentionInterface, AttentionMaskInterface, DynamicCache
from transformers.masking_utils import sdpa_mask

from mindseye.tools import cpu

GROUPED = "mindseye_grouped"
"""Name of the attention that reads keys and values as they are kept: see `attend_grouped`."""
SOME_TOKENS = 2048
"""So many rows of the vocabulary's weights are taken out before the product, at most."""
MOST_SCORES = 2**22
"""Scores of queries and keys that are held at a time."""
LIGHT = 16
"""Tokens of a pass that one thread reads sooner than several that sleep between two products."""
_starting = threading.Lock()
"""Held while the thread for them is looked for: two that come at once get the same."""


def attend_grouped(
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
    if causal or len(query) == 1 or query.shape[:3].numel() * key.shape[2] > MOST_SCORES:
        heads = scaled_dot_product_attention(
            query, key, value, attn_mask=attention_mask, is_causal=causal, scale=scaling,
            enable_gqa=True,
        )  # fmt: skip
    else:
        heads = _attend(query, key, value, attention_mask, scaling or query.shape[-1] ** -0.5)
    return heads.transpose(1, 2).contiguous(), None


def _attend(query: Tensor, key: Tensor, value: Tensor, seen: Tensor | None, scale: float) -> Tensor:
    """Return `[B, H, N, D]` heads by two products for all rows and heads.

    The kernel of torch, which never holds all scores, makes a product for each row and head: for
    sixteen rows it takes two to eight times as long. For one row it is best.
    Here scores are rounded as in what transformers calls eager attention, by which it is trained.

    Args:
      query: `[B, H, N, D]`.
      key: `[B, G, L, D]`: H / G heads share one of them.
      value: likewise.
      seen: `[B, 1, N, L]`: what may be attended to; None for all.
      scale: of the scores.
    """
    rows, heads, n, width = query.shape
    shared = query.reshape(rows * key.shape[1], -1, width)
    keys, values = key.flatten(0, 1), value.flatten(0, 1)
    scores = torch.baddbmm(shared.new_zeros(()), shared, keys.mT, beta=0, alpha=scale)
    if seen is not None:
        scores.view(rows, heads, n, -1).masked_fill_(~seen, -torch.inf)
    shares = torch.softmax(scores, dim=-1, dtype=torch.float32).to(values.dtype)
    return torch.bmm(shares, values).view(rows, heads, n, -1)


AttentionInterface.register(GROUPED, attend_grouped)
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


class Scored:
    """Keys and values of prompts that were read lately, one row each."""

    def __init__(self, most: int) -> None:
        """Set up; `most` is the number of prompts that are kept."""
        self.most = most
        self._rows: OrderedDict[tuple[int, ...], list[tuple[Tensor, Tensor]]] = OrderedDict()

    def keep(self, prompts: Sequence[Sequence[int]], cache: DynamicCache) -> None:
        """Keep the first row of a cache for the first prompt, and so on."""
        for i, ids in enumerate(prompts):
            end = len(ids) - 1
            self._rows[tuple(ids)] = [
                (layer.keys[i, :, :end].clone(), layer.values[i, :, :end].clone())
                for layer in cache.layers
            ]
            self._rows.move_to_end(tuple(ids))
        while len(self._rows) > self.most:
            self._rows.popitem(last=False)

    def behind(
        self, prompts: Sequence[Sequence[int]], device: torch.device
    ) -> tuple[Batch, int] | None:
        """Return rows behind all prompts but their last tokens; None unless all are known."""
        found = [self._rows.get(tuple(ids)) for ids in prompts]
        rows = [row for row in found if row is not None]
        if not rows or len(rows) < len(found):
            return None
        lengths = torch.tensor([len(ids) - 1 for ids in prompts], device=device)
        longest = int(lengths.max())
        cache = DynamicCache()
        for i in range(len(rows[0])):
            keys, values = (
                pad_sequence([row[i][k].transpose(0, 1) for row in rows], batch_first=True)
                for k in (0, 1)
            )
            cache.update(keys.transpose(1, 2), values.transpose(1, 2), i)
        batch = Batch(len(rows), device, cache, longest)
        batch.mask = (torch.arange(longest, device=device)[None] < lengths[:, None]).long()
        return batch, longest


class Network:
    """The model without its tokenizer."""

    def __init__(self, model: Any, padding: int) -> None:
        """Bind a loaded model; `padding` is the token that fills gaps."""
        self.model, self.padding = model, padding
        self.device: torch.device = model.device
        self.vocabulary: int = model.config.vocab_size

    def read(self, batch: Batch, rows: Sequence[Sequence[int]]) -> Tensor:
        """Append the tokens of each row to the batch.

        Returns:
          `[B, D]` what the network makes of each row up to its last token; see `logits`.
        """
        longest = max(len(r) for r in rows)
        ids = torch.tensor(
            [[*r, *([self.padding] * (longest - len(r)))] for r in rows], device=self.device
        )
        lengths = torch.tensor([len(r) for r in rows], device=self.device)
        present = (torch.arange(longest, device=self.device)[None] < lengths[:, None]).long()
        before = batch.mask.sum(dim=1, keepdim=True)
        batch.mask = torch.cat([batch.mask, present], dim=1)
        compute = partial(
            self.model.model, input_ids=ids, attention_mask=batch.mask, use_cache=True,
            past_key_values=batch.cache,
            position_ids=before + (present.cumsum(dim=1) - 1).clamp(min=0),
        )  # fmt: skip
        several = self.device.type == "cpu" and cpu.threads_sleep() and torch.get_num_threads() > 1
        alone = several and ids.numel() <= LIGHT
        hidden = (_in_one_thread(compute) if alone else compute()).last_hidden_state
        last: Tensor = hidden[torch.arange(len(rows), device=self.device), lengths - 1]
        return last

    def logits(self, states: Tensor, ids: Tensor | None = None) -> Tensor:
        """Return the logits of the tokens that may come next.

        Args:
          states: `[..., D]`, from `read`.
          ids: `[N]` the tokens that are asked for; None for all. Where a grammar leaves few,
            the product with the whole vocabulary would be a fifth of a step.

        Returns:
          `[..., N]` float32.
        """
        head = self.model.lm_head
        plain = getattr(head, "bias", None) is None
        if ids is not None and len(ids) <= SOME_TOKENS and plain:
            some: Tensor = torch.nn.functional.linear(states, head.weight[ids])
            return some.float()
        logits: Tensor = head(states).float()
        return logits if ids is None else logits[..., ids]


def _in_one_thread(compute: Callable[[], Any]) -> Any:
    """Compute something with one of torch's threads, whatever others have meanwhile."""

    def run() -> Any:
        with torch.inference_mode():
            return compute()

    with _starting:
        pool = _one_thread()
    return pool.submit(run).result()


@lru_cache(maxsize=1)
def _one_thread() -> ThreadPoolExecutor:
    number = torch.get_num_threads()
    pool = ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,))
    pool.submit(torch.get_num_threads).result()
    # The number is each thread's own, but also that of threads to come.
    torch.set_num_threads(number)
    return pool


if hasattr(os, "register_at_fork"):
    # A child has no threads but the one that forked.
    os.register_at_fork(after_in_child=_one_thread.cache_clear)
