"""`TabletopVision`: the vision model that reads camera, simulated and imagined frames."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from mindseye.tools.errors import BadInput
from mindseye.tools.goals import Goal
from mindseye.tools.physics.camera import Camera
from mindseye.tools.values import Clip, Frames, Outcome, Reward, SceneGraph
from mindseye.tools.vision.augment import resample
from mindseye.tools.vision.identity import identified
from mindseye.tools.vision.network import DEFAULT_WEIGHTS, VotingSegformer, load
from mindseye.tools.vision.outcome import read_outcome, reward_of
from mindseye.tools.vision.plausibility import plausibility
from mindseye.tools.vision.scene_graph import Reading, Sighting, extract


def _checked(frame: Frames) -> Frames:
    """Return the frame if it is one.

    Raises:
      BadInput: not `[H, W, 3] uint8`, not square, or smaller than 32 pixels.
    """
    given = f"{getattr(frame, 'shape', '?')} {getattr(frame, 'dtype', type(frame).__name__)}"
    good = isinstance(frame, np.ndarray) and frame.dtype == np.uint8 and frame.ndim == 3
    if not good or frame.shape[2] != 3 or frame.shape[0] != frame.shape[1] or len(frame) < 32:
        raise BadInput(f"vision reads square [H, W, 3] uint8 frames of 32 pixels or more: {given}")
    return frame


class TabletopVision:
    """Fulfils `VisionModel` with a small SegFormer, centre votes and camera geometry."""

    def __init__(
        self,
        weights: str | Path | None = None,
        device: str = "cpu",
        dtype: str = "auto",
        batch: int = 32,
        ends: int | None = None,
        camera: Camera | None = None,
    ) -> None:
        """Load the network.

        Args:
          weights: folder with `model.safetensors` and `config.json`; by default the shipped one.
          device: where torch computes.
          dtype: "float32", "bfloat16" or "float16"; "auto" is float32 on a CPU, else bfloat16.
          batch: frames read at once.
          ends: of each clip read only the first frame and this many last ones; None reads all.
          camera: where the camera is believed to stand.

        Raises:
          Unavailable: the weights are missing or corrupt.
          BadInput: an option has no meaning.
        """
        if batch < 1 or (ends is not None and ends < 1):
            raise BadInput(f"vision: batch={batch} and ends={ends} must be at least 1")
        if dtype == "auto":
            dtype = "float32" if device == "cpu" else "bfloat16"
        folder = DEFAULT_WEIGHTS if weights is None else Path(weights)
        self.network: VotingSegformer = load(folder, device, dtype)
        self.batch, self.ends = batch, ends
        self.camera = camera or Camera.nominal()

    def read(self, frames: Sequence[Frames]) -> list[Reading]:
        """Return what the network says about each frame; sizes may be mixed."""
        by_size: dict[int, list[int]] = {}
        for i, frame in enumerate(frames):
            by_size.setdefault(len(_checked(frame)), []).append(i)
        readings: dict[int, Reading] = {}
        for rows in by_size.values():
            for start in range(0, len(rows), self.batch):
                chunk = rows[start : start + self.batch]
                readings |= zip(chunk, self._read([frames[i] for i in chunk]), strict=True)
        return [readings[i] for i in range(len(frames))]

    @torch.inference_mode()
    def _read(self, frames: Sequence[Frames]) -> list[Reading]:
        like = next(self.network.parameters())
        pixels = torch.from_numpy(np.stack(frames)).to(like.device)
        pixels = resample(pixels.permute(0, 3, 1, 2).float() / 255)
        logits, votes = self.network(pixels.to(like.dtype))
        shares = logits.float().softmax(1).cpu().numpy()
        offsets = votes.float().cpu().numpy()
        return [
            Reading(shares=s, votes=v, size=len(frames[0]))
            for s, v in zip(shares, offsets, strict=True)
        ]

    def sight(self, frames: Sequence[Frames], expected: Collection[str] = ()) -> list[Sighting]:
        """Return what each frame shows, things that lie beside the table included.

        Args:
          frames: square `[H, W, 3] uint8` pictures; sizes may be mixed.
          expected: names of what is known to be there.
        """
        return [extract(reading, self.camera, expected) for reading in self.read(frames)]

    def look(self, frames: Sequence[Frames]) -> list[SceneGraph]:
        """Return the scene graph of each frame; see `VisionModel.look`.

        Raises:
          BadInput: a frame is not a square `[H, W, 3] uint8` picture.
        """
        return [sighting.graph for sighting in self.sight(frames)]

    def outcome(self, clips: Sequence[Clip], before: SceneGraph) -> list[Outcome]:
        """Return what each clip shows to have happened; see `VisionModel.outcome`."""
        return self.outcome_each(clips, [before] * len(clips))

    def outcome_each(self, clips: Sequence[Clip], befores: Sequence[SceneGraph]) -> list[Outcome]:
        """Return what each clip shows to have happened; see `ManyOutcomes.outcome_each`."""
        chosen = [self._frames_of(len(clip.frames)) for clip in clips]
        frames = [
            (clip.frames[i], before.names)
            for clip, rows, before in zip(clips, chosen, befores, strict=True)
            for i in rows
        ]
        readings = self.read([frame for frame, _ in frames])
        seen = (
            extract(reading, self.camera, names)
            for reading, (_, names) in zip(readings, frames, strict=True)
        )
        each = [{i: next(seen) for i in rows} for rows in chosen]
        return [
            replace(
                read_outcome(identified(seen_in, before), before),
                plausibility=plausibility(seen_in, before, clip.dt),
            )
            for seen_in, before, clip in zip(each, befores, clips, strict=True)
        ]

    def _frames_of(self, n: int) -> list[int]:
        if n < 1:
            raise BadInput("vision: a clip without frames shows nothing")
        if self.ends is None:
            return list(range(n))
        return sorted({0, *range(max(0, n - self.ends), n)})

    def reward(self, outcome: Outcome, goal: Goal) -> Reward:
        """Return how well the outcome serves the goal; see `VisionModel.reward`."""
        return reward_of(outcome, goal)
