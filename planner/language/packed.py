"""Linear layers that a CPU reads fast: weights in an order of its own, and eight-bit ones beside.

A pass over few tokens takes as long as the weights take to come from memory and to be put in the
order that the product wants, every time. Here they are put in order once, which on x86 changed no
bit of what comes out. And for the very few tokens of a single answer there are weights of half the
bytes, rounded to whole numbers a row at a time (LLM.int8: Dettmers et al., 2022, without its
outliers, which a model of this size hardly has); what is computed with stays in 16 bits. So what a
model says may differ in the last digits by how many tokens it was read with: a prompt of which all
but a few tokens were kept, from the same prompt read whole.
"""

from typing import Any, final

import torch
from torch import Tensor, nn

FEW = 3
"""Tokens that are read from eight bits; more take no longer from sixteen in order."""
BLOCK = 16
"""Numbers that the product reads at once: of rows that are no multiple of it the rest is lost."""
TYPICAL = 16
"""Tokens of a pass that the order is chosen for."""


@final
class Packed(nn.Module):
    """A linear layer without a bias, in place of one in bfloat16 on a CPU."""

    whole: Tensor
    scales: Tensor

    def __init__(self, like: nn.Linear, *, shared: bool) -> None:
        """Take another layer's weights; those that are `shared`, row by row, keep their order."""
        super().__init__()
        self.in_features, self.out_features = like.in_features, like.out_features
        rows = like.weight.detach().float()
        scales = rows.abs().amax(dim=1).clamp_min(1e-12) / 127
        whole = (rows / scales[:, None]).round().to(torch.int8)
        self.register_buffer("whole", whole, persistent=False)
        self.register_buffer("scales", scales.to(like.weight.dtype), persistent=False)
        self.packs = not shared and _can_lay_out()
        self._weight: Tensor = _laid_out(like.weight) if self.packs else like.weight

    @property
    def weight(self) -> Tensor:
        """`[out, in]` as they were."""
        return self._weight.to_dense() if self.packs else self._weight

    def forward(self, x: Tensor) -> Tensor:
        """Return the layer's output for `[..., in]`."""
        rows = x.reshape(-1, self.in_features)
        if len(rows) <= FEW:
            out = torch._weight_int8pack_mm(rows, self.whole, self.scales)
        elif self.packs:
            out = torch.ops.mkldnn._linear_pointwise(rows, self._weight, None, "none", [], "")
        else:
            out = nn.functional.linear(rows, self._weight)
        return out.reshape(*x.shape[:-1], self.out_features)

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        # A folder of weights is one that any server loads.
        weight = self.weight
        destination[f"{prefix}weight"] = weight if keep_vars else weight.detach()


def pack(model: Any) -> None:
    """Put a `Packed` in place of every linear layer where that is of use."""
    embedding, head = model.get_input_embeddings().weight, model.get_output_embeddings()
    fitting = [
        (parent, name, child)
        for parent in model.modules()
        for name, child in parent.named_children()
        if type(child) is nn.Linear and _fits(child)
    ]
    for parent, name, child in fitting:
        rows = child is head or child.weight is embedding
        setattr(parent, name, Packed(child, shared=rows))
    # What is left lies in the mapped file, all of which stays in memory as long as a part does.
    for left in model.parameters() if fitting else ():
        left.data = left.data.clone()


def _can_lay_out() -> bool:
    there = bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
    return there and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _laid_out(weight: Tensor) -> Tensor:
    """Return weights in an order of oneDNN's own; what it is best for hardly differs by width."""
    ordered: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight.detach(), TYPICAL)
    return ordered


def _fits(layer: nn.Linear) -> bool:
    bias: Tensor | None = layer.bias
    kind, place = layer.weight.dtype, layer.weight.device.type
    whole = layer.in_features % BLOCK == 0
    return bias is None and kind == torch.bfloat16 and place == "cpu" and whole
