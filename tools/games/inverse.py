"""Inverse dynamics: which action led from one picture to the next, and who plays as was labelled.

A little labelled play teaches which action stands between two pictures; that labels much play
without actions; and a policy is learned from those labels (VPT: Baker et al., 2022). Pictures are
seen as they stand above a keyboard, `[52, 64, 3]`, and never the keyboard itself.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self, final

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from mindseye.tools.errors import BadInput
from mindseye.tools.games.game import Game, GameSpec
from mindseye.tools.games.overlay import SIZE, STRIP, squeezed
from mindseye.tools.games.playing import Episode
from mindseye.tools.games.recording import read_episodes
from mindseye.tools.games.worlds import game_spec
from mindseye.tools.values import Frames

BATCH = 64
RATE = 1e-3
"""Learning rate."""
STEPS = 1000
Role = Literal["inverse", "policy"]
"""What a reader is: of the action between two pictures, or of the one to do after one."""


@final
class ActionReader(nn.Module):
    """A small convolutional network from pictures to an action."""

    def __init__(self, spec: GameSpec, role: Role) -> None:
        """Set up; `spec` is of the game whose actions are read."""
        super().__init__()
        self.spec, self.role = spec, role
        seen = 3 * (2 if role == "inverse" else 1)
        told = len(spec.keys) or spec.axes
        self.layers = nn.Sequential(
            nn.Conv2d(seen, 32, 6, 4, 1), nn.ReLU(), nn.Conv2d(32, 48, 3, 2, 1), nn.ReLU(),
            nn.Conv2d(48, 48, 3, 1, 1), nn.ReLU(), nn.Flatten(),
            nn.LazyLinear(128), nn.ReLU(), nn.Linear(128, told),
        )  # fmt: skip
        # Its width is known once it has seen a picture.
        self.layers(torch.zeros(1, seen, SIZE - STRIP, SIZE))

    def forward(self, pictures: Tensor) -> Tensor:
        """Return `[B, K]` logits of the keys, or `[B, A]` numbers in [-1, 1].

        Args:
          pictures: `[B, T, 52, 64, 3] uint8`, two for inverse dynamics, one for a policy.
        """
        x = pictures.permute(0, 1, 4, 2, 3).float() / 127.5 - 1
        # Of a pair, what has changed: that is what an action is told by.
        told = torch.cat([x[:, 0], *(x[:, 1:] - x[:, :1]).unbind(1)], dim=1)
        found: Tensor = self.layers(told)
        return found if self.spec.keys else found.tanh()

    @torch.inference_mode()
    def read(self, pictures: Frames) -> NDArray[np.float64]:
        """Return `[B, K]` chances of the keys, or `[B, A]` numbers, of `[B, T, 52, 64, 3]`."""
        parts = [self(torch.from_numpy(part)) for part in np.array_split(
            pictures, max(1, len(pictures) // 512))]  # fmt: skip
        found = torch.cat(parts)
        return np.asarray((found.softmax(1) if self.spec.keys else found).numpy(), dtype=float)

    def acts(self, before: Frames, after: Frames) -> tuple[Any, float]:
        """Return the action between two pictures `[52, 64, 3] uint8`, and how sure it is.

        Numbers are as sure as anything: 1.
        """
        (found,) = self.read(np.stack([before, after])[None])
        if self.spec.keys:
            return np.int64(found.argmax()), float(found.max())
        return found.astype(np.float32), 1.0

    def save(self, folder: Path) -> Path:
        """Write the weights, and what they are of, to `folder/<role>.safetensors`."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.role}.safetensors"
        save_file(self.state_dict(), path, {"game": self.spec.name, "role": self.role})
        return path

    @classmethod
    def load(cls, folder: Path, role: Role = "inverse") -> Self:
        """Return what `save` has written.

        Raises:
          BadInput: there is none, or it does not fit.
        """
        path = folder / f"{role}.safetensors"
        try:
            with safe_open(path, "pt") as file:
                told = file.metadata() or {}
                state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            made = cls(game_spec(told.get("game", "")), role)
            made.load_state_dict(state)
        except (OSError, RuntimeError, SafetensorError) as error:
            raise BadInput(f"no {role} model in {str(folder)!r}: {error}") from error
        return made.eval()


def seen_by(role: Role, episodes: Sequence[Episode]) -> Frames:
    """Return `[M, T, 52, 64, 3] uint8`: what a reader is shown for each action of the episodes."""
    rows = []
    for episode in episodes:
        small = np.stack([squeezed(frame) for frame in episode.frames])
        pair = (small[:-1], small[1:]) if role == "inverse" else (small[:-1],)
        rows.append(np.stack(pair, axis=1))
    return np.concatenate(rows)


def labels_of(episodes: Sequence[Episode]) -> NDArray[Any]:
    """Return `[M]` or `[M, A]`: the actions of the episodes."""
    return np.concatenate([episode.actions for episode in episodes])


def train_reader(
    spec: GameSpec, role: Role, pictures: Frames, actions: NDArray[Any], *, steps: int = STEPS,
    seed: int = 0,
) -> ActionReader:  # fmt: skip
    """Train a reader; the same seed gives the same one on the same machine.

    Args:
      spec: of the game.
      role: of the reader.
      pictures: `[M, T, 52, 64, 3] uint8`, see `seen_by`.
      actions: `[M]` or `[M, A]`, those that belong to them.
      steps: of 64 examples each, under AdamW.
      seed: of weights and order.

    Raises:
      BadInput: nothing to learn from.
    """
    if not len(pictures):
        raise BadInput("there is no play to learn from")
    source = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        made = ActionReader(spec, role)
    optimizer = torch.optim.AdamW(made.parameters(), RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2 * RATE, total_steps=steps)
    seen, wanted = torch.from_numpy(pictures), torch.from_numpy(np.asarray(actions))
    for _ in range(steps):
        rows = torch.randint(len(seen), (BATCH,), generator=source)
        found, meant = made(seen[rows]), wanted[rows]
        loss = functional.cross_entropy(found, meant) if spec.keys else (found - meant).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return made.eval()


def train_inverse(
    data_dir: Path, out: Path, seed: int = 0, world: str = "minigrid", steps: int = STEPS
) -> dict[str, Any]:
    """Train inverse dynamics on recorded play of one game, and write them to a folder.

    Args:
      data_dir: what `mindseye data games` wrote; of its episodes the last tenth is held out.
      out: folder to write to.
      seed: of weights and order.
      world: name of the game.
      steps: of training.

    Returns:
      `file`, `episodes`, `accuracy` (share of the held-out keys; of numbers 1 less their mean
      error).

    Raises:
      BadInput: no play of that game.
    """
    spec = game_spec(world)
    episodes = [e for e in read_episodes(data_dir) if e.game == world and len(e.actions)]
    if len(episodes) < 2:
        raise BadInput(f"too little play of {world} in {data_dir}; make some: mindseye data games")
    held = max(1, len(episodes) // 10)
    learned, kept = episodes[:-held], episodes[-held:]
    made = train_reader(
        spec, "inverse", seen_by("inverse", learned), labels_of(learned), steps=steps, seed=seed
    )
    right = agreement(spec, made.read(seen_by("inverse", kept)), labels_of(kept))
    return {
        "file": str(made.save(out)), "episodes": len(learned), "accuracy": float(right.mean()),
    }  # fmt: skip


def agreement(
    spec: GameSpec, read: NDArray[np.float64], actions: NDArray[Any]
) -> NDArray[np.float64]:
    """Return `[M]`: 1 where the likeliest key is right, else 0; of numbers 1 less the mean error.

    Args:
      spec: of the game.
      read: what `ActionReader.read` returns.
      actions: `[M]` or `[M, A]` that were done.
    """
    if spec.keys:
        return np.asarray(read.argmax(axis=1) == actions, dtype=float)
    return np.asarray(1 - np.abs(read - actions).mean(axis=1))


@final
class Clone:
    """A `Player` that does what those whom its reader was trained on would do.

    Keys are drawn by their chances: who always takes the likeliest runs in circles.
    """

    def __init__(self, reader: ActionReader) -> None:
        """Set up; `reader` is a policy."""
        self._reader = reader

    def begin(self, game: Game, seed: int) -> None:
        """See `Player.begin`."""
        self._rng = np.random.default_rng([seed, 5])
        self._space: spaces.Space[Any] = game.action_space

    def act(self, frame: Frames) -> Any:
        """See `Player.act`."""
        (found,) = self._reader.read(squeezed(frame)[None, None])
        if self._reader.spec.keys:
            return np.int64(self._rng.choice(len(found), p=found / found.sum()))
        return found.astype(np.float32)
