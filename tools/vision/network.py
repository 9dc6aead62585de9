"""The segmentation network: a small SegFormer that also votes for object centres.

Beside a class map it gives, for each pixel, the offset to the centre of the
thing the pixel belongs to (centre voting as in PVNet, Peng et al. 2019). A vote
survives occlusion: what the pusher leaves visible still points at the centre.

SegFormer (Xie et al. 2021) runs on a quarter of the resolution to stay fast on
one core; its last layer predicts the four half-resolution cells under each
token, unfolded by a pixel shuffle.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import SegformerConfig, SegformerForSemanticSegmentation

from mindseye.tools.errors import BadInput, Unavailable
from mindseye.tools.vision.classes import CLASSES

VOTE_SCALE = 16.0
"""Pixels (of a `SIZE` frame) that one unit of the vote channels stands for."""

DEFAULT_WEIGHTS = Path(__file__).parent / "weights"
WEIGHTS_FILE = "model.safetensors"
CONFIG_FILE = "config.json"
_MEND = "run `mindseye train vision` to make it again, or reinstall mindseye"


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Size of the network; one entry a stage."""

    hidden_sizes: tuple[int, ...] = (48, 96, 128)
    depths: tuple[int, ...] = (2, 2, 2)
    heads: tuple[int, ...] = (1, 2, 4)
    reductions: tuple[int, ...] = (8, 4, 1)
    """How much keys and values are shrunk a side."""
    decoder: int = 96
    """Channels of the all-MLP decoder."""


class VotingSegformer(nn.Module):
    """`SegformerForSemanticSegmentation` with its output split into classes and votes."""

    def __init__(self, config: SegformerConfig) -> None:
        super().__init__()
        self.net = SegformerForSemanticSegmentation(config)
        # At this size plain matrix products beat the fused kernel, backwards above all.
        self.net.set_attn_implementation("eager")
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Read frames.

        Args:
          frames: `[B, 3, SIZE, SIZE]`, RGB in [0, 1].

        Returns:
          Class logits `[B, CLASSES, GRID, GRID]`; votes `[B, 2, GRID, GRID]`, the
          offset (right, down) from a cell's middle to the centre, pixels of a `SIZE` frame.
        """
        out = self.shuffle(self.net(pixel_values=frames * 4.0 - 2.0).logits)
        return out[:, :CLASSES], out[:, CLASSES:] * VOTE_SCALE


def build(config: NetworkConfig | None = None) -> VotingSegformer:
    """Build a network with random weights."""
    c = config or NetworkConfig()
    stages = len(c.depths)
    return VotingSegformer(
        SegformerConfig(
            num_encoder_blocks=stages,
            depths=list(c.depths),
            hidden_sizes=list(c.hidden_sizes),
            num_attention_heads=list(c.heads),
            sr_ratios=list(c.reductions),
            strides=[4] + [2] * (stages - 1),
            patch_sizes=[7] + [3] * (stages - 1),
            mlp_ratios=[2] * stages,
            decoder_hidden_size=c.decoder,
            drop_path_rate=0.0,
            classifier_dropout_prob=0.0,
            num_labels=4 * (CLASSES + 2),
        )
    )


def save(network: VotingSegformer, folder: Path) -> None:
    """Write half-precision weights and the config, replacing what was there at once."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        k: v.half().contiguous() if v.is_floating_point() else v
        for k, v in network.net.state_dict().items()
    }
    part = folder / (WEIGHTS_FILE + ".part")
    save_file(state, part, metadata={"format": "pt"})
    part.chmod(0o644)  # safetensors writes files that only their owner can read
    network.net.config.to_json_file(folder / CONFIG_FILE)
    part.replace(folder / WEIGHTS_FILE)


def load(folder: Path, device: str = "cpu", dtype: str = "float32") -> VotingSegformer:
    """Load a network, ready to read.

    Raises:
      BadInput: no such device or dtype.
      Unavailable: a file is missing, cut short, or does not fit the network.
    """
    kind = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    if dtype not in kind:
        raise BadInput(f"vision dtype {dtype!r}: known are {', '.join(kind)}")
    try:
        fields = json.loads((folder / CONFIG_FILE).read_text())
        network = VotingSegformer(SegformerConfig.from_dict(fields))
        network.net.load_state_dict(load_file(folder / WEIGHTS_FILE))
    except FileNotFoundError as error:
        raise Unavailable(f"vision weights: no file {error.filename}; {_MEND}") from error
    except (OSError, ValueError, TypeError, RuntimeError, SafetensorError) as error:
        cause = " ".join(str(error).split())[:120]
        raise Unavailable(
            f"vision weights in {folder} cannot be read ({cause}); {_MEND}"
        ) from error
    try:
        return network.eval().to(device=torch.device(device), dtype=kind[dtype])
    except (RuntimeError, AssertionError) as error:
        cause = str(error).splitlines()[0]
        raise BadInput(f"vision device {device!r} cannot be used: {cause}") from error
