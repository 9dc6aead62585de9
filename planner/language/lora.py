"""Low-rank layers that cost little to train, stored in peft's format.

Hu et al., LoRA (2021). peft's own layer adds, scales and accumulates in
separate passes over memory; on a CPU those cost as much as the matrix products.
Here the low-rank part is accumulated inside the products (`addmm`).
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from mindseye.tools.errors import BadInput

LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
PREFIX = "base_model.model."
"""What peft puts before the name of a layer."""


class _LowRankProduct(torch.autograd.Function):
    """`x W^T + (x A^T) B^T` for a frozen W."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, a: Tensor, b: Tensor) -> Tensor:
        flat = x.reshape(-1, x.shape[-1])
        inner = flat @ a.T
        out = flat @ weight.T
        out.addmm_(inner, b.T)
        ctx.save_for_backward(flat, inner, weight, a, b)
        return out.reshape(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, Tensor, Tensor]:
        flat, inner, weight, a, b = ctx.saved_tensors
        g = grad.reshape(-1, grad.shape[-1])
        g_inner = g @ b
        g_x = g @ weight
        g_x.addmm_(g_inner, a)
        return g_x.reshape(*grad.shape[:-1], -1), None, g_inner.T @ flat, g.T @ inner


class LowRank(nn.Module):
    """A frozen linear layer with a trainable low-rank part; at first it changes nothing."""

    def __init__(self, base: nn.Linear, rank: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(base.weight, requires_grad=False)
        self.a = nn.Parameter(torch.empty(rank, base.in_features, dtype=base.weight.dtype))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, dtype=base.weight.dtype))
        nn.init.kaiming_uniform_(self.a, a=5**0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Return the layer's output for `[..., in]`."""
        out: Tensor = _LowRankProduct.apply(x, self.weight, self.a, self.b)  # type: ignore[no-untyped-call]
        return out


def add_low_rank(model: nn.Module, rank: int) -> None:
    """Freeze `model` and put a low-rank part beside every linear layer of its blocks."""
    model.requires_grad_(False)
    for _, layer in list(model.named_modules()):
        for name, child in list(layer.named_children()):
            if name in LAYERS and isinstance(child, nn.Linear):
                setattr(layer, name, LowRank(child, rank).to(child.weight.device))


def _parts(model: nn.Module) -> Iterator[tuple[str, LowRank]]:
    for name, layer in model.named_modules():
        if isinstance(layer, LowRank):
            yield name, layer


def save_adapter(model: nn.Module, folder: Path, rank: int, base: str) -> None:
    """Write the low-rank parts so that peft (and vLLM) can load them."""
    tensors = {}
    for name, layer in _parts(model):
        for letter, tensor in (("A", layer.a), ("B", layer.b)):
            key = f"{PREFIX}{name}.lora_{letter}.weight"
            tensors[key] = tensor.detach().to("cpu", torch.bfloat16).contiguous()
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config = LoraConfig(
        r=rank, lora_alpha=rank, target_modules=list(LAYERS), task_type="CAUSAL_LM",
        base_model_name_or_path=base, inference_mode=True,
    )  # fmt: skip
    config.save_pretrained(folder)
    # peft keeps the layers' names in a set, whose order changes from process to process.
    path = folder / "adapter_config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings["target_modules"].sort()
    path.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def load_adapter(model: nn.Module, folder: Path) -> None:
    """Set the low-rank parts of `model` to those of the adapter in `folder`.

    Raises:
      BadInput: the adapter is missing, corrupt or of another shape.
    """
    try:
        tensors = load_file(folder / "adapter_model.safetensors")
        with torch.no_grad():
            for name, layer in _parts(model):
                layer.a.copy_(tensors[f"{PREFIX}{name}.lora_A.weight"])
                layer.b.copy_(tensors[f"{PREFIX}{name}.lora_B.weight"])
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise BadInput(f"cannot start from the adapter in {folder}: {error}") from error


def merge_adapter(model: nn.Module, folder: Path) -> None:
    """Add the adapter in `folder` to the weights of `model`.

    Raises:
      BadInput: the adapter is missing, corrupt or made for another model.
    """
    try:
        settings = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        tensors = load_file(folder / "adapter_model.safetensors")
        scale = settings["lora_alpha"] / settings["r"]
        with torch.no_grad():
            for key in [k for k in tensors if k.endswith(".lora_A.weight")]:
                weight = model.get_parameter(
                    key.removeprefix(PREFIX).replace(".lora_A.weight", ".weight")
                )
                a, b = tensors[key].float(), tensors[key.replace("lora_A", "lora_B")].float()
                weight.add_((scale * (b @ a)).to(weight.device, weight.dtype))
    except (OSError, SafetensorError, KeyError, ValueError, AttributeError, RuntimeError) as error:
        raise BadInput(
            f"cannot use the language adapter in {folder}: {error}; "
            "restore the folder or give another by the option adapter"
        ) from error
