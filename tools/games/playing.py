"""Playing an episode: who plays, and what is kept of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.games.game import Game
from mindseye.tools.games.overlay import keyboard_of
from mindseye.tools.games.worlds import game_spec
from mindseye.tools.values import Frames


class Player(Protocol):
    """Somebody who plays."""

    def begin(self, game: Game, seed: int) -> None:
        """Sit down at a game whose episode has just begun.

        Args:
          game: only a scripted player looks at more of it than its frames.
          seed: of what the player does by chance.
        """
        ...

    def act(self, frame: Frames) -> Any:
        """Return the next action, after a frame `[64, 64, 3] uint8`."""
        ...


@runtime_checkable
class Slips(Protocol):
    """A player that knows which of its actions it did not mean."""

    @property
    def slipped(self) -> bool:
        """Whether its last action was a slip."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Episode:
    """An episode of play."""

    game: str
    player: str
    seed: int
    goal: str
    """Words."""
    frames: Frames
    """`[L + 1, 64, 64, 3] uint8`, without a keyboard; the first is before any action."""
    actions: NDArray[Any]
    """`[L] int64` by number, or `[L, A] float32` of a joystick."""
    rewards: NDArray[np.float32]
    """`[L]`, the game's own."""
    facts: Mapping[str, NDArray[np.float32]]
    """`[L]` each: what had come about after each action. For scoring only."""
    ended: bool
    """Whether it came to its end, rather than being cut or left."""
    meant: NDArray[np.bool_]
    """`[L]`: the actions that the player would do again; the others were slips."""

    @property
    def score(self) -> float:
        """The episode's score; see `GameSpec.score`."""
        return game_spec(self.game).scored(self.rewards.tolist())

    @property
    def reached(self) -> bool:
        """Whether its goal was reached, as the game judges it."""
        last = {name: float(values[-1]) for name, values in self.facts.items() if len(values)}
        return game_spec(self.game).goal(self.goal).reached(last)

    def shown(self, rows: slice = slice(None)) -> Frames:
        """Return `[L + 1, 64, 64, 3] uint8`, or some of it: frames with the keys that led there."""
        keyboard = keyboard_of(game_spec(self.game))
        led = [None, *self.actions][rows]
        return np.stack([keyboard.draw(f, a) for f, a in zip(self.frames[rows], led, strict=True)])


class Recording:
    """An episode that is being played."""

    def __init__(self, game: Game, player: str, seed: int, goal: str | None = None) -> None:
        """Begin an episode.

        Args:
          game: that is played.
          player: its name.
          seed: fixes the episode.
          goal: words; by default the seed chooses.

        Raises:
          BadInput: no such goal.
        """
        self._game, self._player, self._seed = game, player, seed
        frame, info = game.reset(seed=seed, options={"goal": goal})
        self._frames, self._goal = [frame], str(info["goal"])
        self._actions: list[Any] = []
        self._meant: list[bool] = []
        self._rewards: list[float] = []
        self._facts: list[dict[str, float]] = []
        self._ended = False
        self.over = False
        """Whether it has ended or was cut."""

    @property
    def frame(self) -> Frames:
        """What is seen now, `[64, 64, 3] uint8`."""
        return self._frames[-1]

    @property
    def goal(self) -> str:
        """What is wanted, in words."""
        return self._goal

    @property
    def score(self) -> float:
        """What the episode scores so far."""
        return self._game.spec_of.scored(self._rewards)

    def step(self, action: Any, meant: bool = True) -> None:
        """Act once; `meant` says that it was no slip."""
        # As it is stored, so that a recording played again is the same.
        kept = np.asarray(action, self._game.action_space.dtype)
        frame, reward, self._ended, cut, info = self._game.step(kept)
        self._frames.append(frame)
        self._actions.append(kept)
        self._meant.append(meant)
        self._rewards.append(reward)
        self._facts.append(info["facts"])
        self.over = self._ended or cut

    def episode(self) -> Episode:
        """Return what was played so far."""
        space = self._game.action_space
        shape = (len(self._actions), *(space.shape or ()))
        names = list(self._facts[0]) if self._facts else []
        return Episode(
            game=self._game.spec_of.name, player=self._player, seed=self._seed, goal=self._goal,
            frames=np.stack(self._frames),
            actions=np.array(self._actions, dtype=space.dtype).reshape(shape),
            rewards=np.array(self._rewards, dtype=np.float32),
            facts={n: np.array([f[n] for f in self._facts], dtype=np.float32) for n in names},
            ended=self._ended, meant=np.array(self._meant, dtype=np.bool_),
        )  # fmt: skip


def play_episode(
    game: Game, player: Player, name: str, seed: int, goal: str | None = None
) -> Episode:
    """Play an episode to its end.

    Args:
      game: that is played.
      player: who plays.
      name: the player's, for the record.
      seed: fixes the episode and the player.
      goal: words; by default the seed chooses.

    Raises:
      BadInput: no such goal.
    """
    recording = Recording(game, name, seed, goal)
    player.begin(game, seed)
    while not recording.over:
        action = player.act(recording.frame)
        recording.step(action, not (isinstance(player, Slips) and player.slipped))
    return recording.episode()
