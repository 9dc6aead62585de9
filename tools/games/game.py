"""What every game is: a Gymnasium world of small pictures that says in words what may be wanted.

A policy sees the frames and the words. Rewards and facts are there for scoring, as a scorer's
view of the table is, and for the scripted players that show how a game is played.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import gymnasium
import numpy as np
from gymnasium import spaces

from mindseye.tools.errors import BadInput
from mindseye.tools.values import Frames

SIZE = 64
"""Side of a game's frame, pixels."""
BLOCK, NEAR = 8, 8.0
"""Two frames show the same if no block of so many pixels differs by more in the mean, of 256."""
Facts = dict[str, float]
"""What has come about in an episode so far, each amount by its name; none ever falls."""


@dataclass(frozen=True, kw_only=True)
class GameGoal:
    """Something that may be wanted of a player."""

    words: str
    """As a person says it."""
    fact: str
    """The fact that tells whether it was done."""
    least: float = 1.0
    """What the fact must come to."""

    def reached(self, facts: Mapping[str, float]) -> bool:
        """Say whether an episode in which these are the facts has reached the goal."""
        return facts.get(self.fact, 0.0) >= self.least


@dataclass(frozen=True, kw_only=True)
class GameSpec:
    """What is known of a game without opening it."""

    name: str
    title: str
    """One line for people."""
    score: Literal["return", "success"]
    """What an episode scores: the sum of its rewards, or 1 if there was one, else 0."""
    length: int
    """Actions after which an episode is cut."""
    rate: float
    """Actions a second."""
    keys: tuple[str, ...] = ()
    """Names of its actions, for a game that is played by keys."""
    axes: int = 0
    """Numbers in [-1, 1] that make an action, for a game that is played by joystick."""
    typed: Mapping[str, str]
    """Key of a person's keyboard -> name of the action."""
    goals: tuple[GameGoal, ...]
    """The first is the game's own."""
    symmetric: bool = False
    """What a mirror shows of it is play as good: left and right change places in its words, and
    the sign of its first number."""
    licence: str = "other"
    """Of its pictures, as data cards name licences."""

    @property
    def space(self) -> spaces.Space[Any]:
        """The action space."""
        if self.keys:
            return spaces.Discrete(len(self.keys))
        return spaces.Box(-1.0, 1.0, (self.axes,), np.float32)

    def goal(self, words: str) -> GameGoal:
        """Return the goal that these words stand for.

        Raises:
          BadInput: none; the first few that there are.
        """
        for goal in self.goals:
            if goal.words == words:
                return goal
        some = "; ".join(g.words for g in self.goals[:8])
        raise BadInput(f"{self.name} knows no goal {words!r}; say one of: {some}")

    def scored(self, rewards: Sequence[float]) -> float:
        """Return the score of an episode with these rewards `[L]`."""
        total = float(np.sum(rewards))
        return total if self.score == "return" else float(total > 0)


def scaled(frame: Frames) -> Frames:
    """Return a frame `[H, W, 3] uint8` as `[64, 64, 3]`, each pixel the mean of what it covers."""
    shrunk = cv2.resize(frame, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, dtype=np.uint8)


def shows_same(one: Frames, other: Frames) -> bool:
    """Say whether two frames `[64, 64, 3] uint8` differ in no block of 8x8 pixels."""
    gap = cv2.absdiff(one, other)
    blocks = gap.reshape(len(gap) // BLOCK, BLOCK, -1, BLOCK * 3).mean(axis=(1, 3))
    return bool(blocks.max() <= NEAR)


class Game(gymnasium.Env[Frames, Any], ABC):
    """A game: 64x64 pictures in, actions out, words for what is wanted.

    `reset` takes `options={"goal": words}`; else the seed chooses one of the goals. Both `reset`
    and `step` return `goal` (words) and `facts` in their info.
    """

    spec_of: GameSpec
    """Set by each game. (Gymnasium has a `spec` of its own.)"""
    metadata = {"render_modes": []}  # noqa: RUF012

    def __init__(self) -> None:
        """Set up the spaces."""
        self.action_space = self.spec_of.space
        self.observation_space = spaces.Box(0, 255, (SIZE, SIZE, 3), np.uint8)
        self.goal = self.spec_of.goals[0]
        self._steps = 0

    @abstractmethod
    def begin(self) -> Frames:
        """Begin an episode towards `self.goal`, by chance from `self.np_random`."""

    @abstractmethod
    def act(self, action: Any) -> tuple[Frames, float, bool]:
        """Act once; return frame, reward and whether the episode has come to its end."""

    @abstractmethod
    def facts(self) -> Facts:
        """Return what has come about since `begin`."""

    def get_action_meanings(self) -> list[str]:
        """Return the names of the actions; numbers of a joystick have none."""
        return list(self.spec_of.keys)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Frames, dict[str, Any]]:
        """Begin an episode.

        Args:
          seed: fixes the episode.
          options: `goal` (words).

        Raises:
          BadInput: another option, or no such goal.
        """
        super().reset(seed=seed)
        given = options or {}
        if unknown := sorted(set(given) - {"goal"}):
            raise BadInput(f"unknown option {unknown[0]!r} of a game; known: goal")
        chosen = self.spec_of.goals[int(self.np_random.integers(len(self.spec_of.goals)))]
        self.goal = self.spec_of.goal(given["goal"]) if given.get("goal") else chosen
        self._steps = 0
        return self.begin(), self._info()

    def step(self, action: Any) -> tuple[Frames, float, bool, bool, dict[str, Any]]:
        """Act once; the episode is cut when it has grown too long."""
        frame, reward, ended = self.act(action)
        self._steps += 1
        cut = not ended and self._steps >= self.spec_of.length
        return frame, reward, ended, cut, self._info()

    def _info(self) -> dict[str, Any]:
        return {"goal": self.goal.words, "facts": self.facts()}
