"""Linear layers that have their weights in eight bits, too, for the few tokens of a decoding step.

One token is read at the speed at which weights come from memory: at half the bytes it takes half
the time. Many tokens, as in a prompt, are bound by arithmetic instead, which 16 bits do faster.
Weights are rounded to whole numbers a row at a time (LLM.int8: Dettmers et al., 2022, without
its outliers, which a model of this size hardly has); what is computed with stays in 16 bits.
So what a model says may differ in the last digits by how many tokens it was read with: a prompt of
which all but a few tokens were kept, from the same prompt read whole.
"""

from typing import Any, final

import torch
from torch import Tensor, nn

FEW = 4
"""Tokens that are read from eight bits; more are read from sixteen, which are faster from eight
tokens on."""
BLOCK = 16
"""Numbers that the product reads at once: of rows that are no multiple of it the rest is lost."""


@final
class EightBit(nn.Module):
    """A linear layer that shares the weights of another, and has them in eight bits beside."""

    whole: Tensor
    scales: Tensor

    def __init__(self, like: nn.Linear) -> None:
        """Take another layer's weights, in bfloat16 on a CPU; it has no bias."""
        super().__init__()
        self.in_features, self.out_features = like.in_features, like.out_features
        self.weight = like.weight
        rows = like.weight.detach().float()
        scales = rows.abs().amax(dim=1).clamp_min(1e-12) / 127
        whole = (rows / scales[:, None]).round().to(torch.int8)
        # Not among what is saved: a folder of weights is one that any server loads.
        self.register_buffer("whole", whole, persistent=False)
        self.register_buffer("scales", scales.to(like.weight.dtype), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the layer's output for `[..., in]`."""
        if x.numel() > FEW * self.in_features:
            return nn.functional.linear(x, self.weight)
        few = x.reshape(-1, self.in_features)
        out = torch._weight_int8pack_mm(few, self.whole, self.scales)
        return out.reshape(*x.shape[:-1], self.out_features)


def add_eight_bits(model: Any) -> None:
    """Put eight-bit weights beside those of every linear layer, where that is of use."""
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Linear and _fits(child):
                setattr(parent, name, EightBit(child))


def _fits(layer: nn.Linear) -> bool:
    bias: Tensor | None = layer.bias
    kind, place = layer.weight.dtype, layer.weight.device.type
    whole = layer.in_features % BLOCK == 0
    return bias is None and kind == torch.bfloat16 and place == "cpu" and whole
