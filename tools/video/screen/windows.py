"""What the network learns from: windows of recorded play, coded, with some frames known.

The keyboard is drawn at reading. Each frame is coded three times: with the keys that led to it,
with none, and with keys by chance. The keys in known frames are often taken away or scrambled:
demonstrators press what they pressed a moment ago, and a network that may copy learns to copy
rather than to look.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderTiny
from gymnasium import spaces
from numpy.typing import NDArray

from mindseye.tools.errors import BadInput
from mindseye.tools.games.overlay import Keyboard, keyboard_of
from mindseye.tools.games.playing import Episode
from mindseye.tools.games.recording import read_episodes
from mindseye.tools.games.worlds import game_spec
from mindseye.tools.values import Frames
from mindseye.tools.video.captions import mirrored, with_gaps
from mindseye.tools.video.screen.codec import as_pixels, encode
from mindseye.tools.video.screen.network import CHANNELS, FRAMES, KEYS, TOKENS, to_tokens
from mindseye.tools.video.screen.settings import ScreenTraining

WORDS_DROPPED = 0.1
GOALS = 0.15
"""Share of windows that are told their last frames, one or two, and no words, where they reach
that far."""
SHORT = np.arange(2, FRAMES)
"""Lengths of windows that are shorter than they may be."""
RARER = SHORT**-2.0 / (SHORT**-2.0).sum()
"""How often each of them is drawn."""
FIRST_KEYS, LATER_KEYS = 10.0, 2.0
"""Weights of the keys in the first imagined frame, which are the policy, and in those after it."""
CLOSE = 0.3
"""A joystick is moved rightly when none of its numbers is further off than this."""
_AT_ONCE = 256


def same_action(space: spaces.Space[Any], one: Any, other: Any) -> bool:
    """Say whether two actions come to the same: one key, or a joystick moved closely alike."""
    if isinstance(space, spaces.Discrete):
        return int(one) == int(other)
    return bool(np.abs(np.asarray(one) - np.asarray(other)).max() <= CLOSE)


@dataclass(frozen=True, kw_only=True, eq=False)
class Play:
    """Episodes of one game."""

    game: str
    episodes: tuple[Episode, ...]
    coded: tuple[NDArray[np.float16], ...] = ()
    """Of each episode, once it is coded, `[3, L + 1, 16, 32]`: tokens of its frames with the keys
    that led to them, with none, and with any (or `[2, ...]` without those)."""

    def __len__(self) -> int:
        """Return the number of actions."""
        return sum(len(e.actions) for e in self.episodes)

    @property
    def share(self) -> NDArray[np.float64]:
        """`[E]`: how much of what was meant each episode holds; 1 in all."""
        meant = np.array([e.meant.sum() for e in self.episodes])
        return np.asarray(meant / meant.sum())

    @property
    def rest(self) -> float:
        """How usual it is to press nothing; see `mindseye.tools.games.overlay.Keyboard`."""
        spec = game_spec(self.game)
        if not isinstance(spec.space, spaces.Discrete):
            return 1.0
        shown = keyboard_of(spec).control.shown
        meant = [a for e in self.episodes for a in e.actions[e.meant]]
        still = sum(not shown(a).chance.any() for a in meant)
        return min(1.0, int(spec.space.n) * still / max(len(meant), 1))


def read_play(folder: Path, most: int) -> Play:
    """Return the recorded play in a folder, of one game.

    Args:
      folder: what `mindseye data games` wrote.
      most: frames that are read at most, which bounds the memory.

    Raises:
      BadInput: no play, or play of several games.
    """
    found, frames = list[Episode](), 0
    for episode in read_episodes(folder):
        if episode.meant.any():
            found.append(episode)
            frames += len(episode.frames)
        if frames >= most:
            break
    games = sorted({e.game for e in found})
    if len(games) != 1:
        raise BadInput(f"{folder} holds play of {games or 'no game'}; train on one game at a time")
    return Play(game=games[0], episodes=tuple(found))


def split_play(play: Play, share: float) -> tuple[Play, Play]:
    """Return play without the last episodes, and those alone.

    Raises:
      BadInput: too few episodes.
    """
    held = max(1, round(share * len(play.episodes)))
    if held >= len(play.episodes):
        raise BadInput(f"{len(play.episodes)} episodes are too few to train on; make more")
    return (
        replace(play, episodes=play.episodes[:-held]),
        replace(play, episodes=play.episodes[-held:]),
    )


def with_mirrored(play: Play) -> Play:
    """Return play with what a mirror shows of it beside, where that is play as good."""
    if not game_spec(play.game).symmetric:
        return play
    seen = tuple(
        replace(
            e, goal=mirrored(e.goal), frames=e.frames[:, :, ::-1],
            actions=np.concatenate([-e.actions[:, :1], e.actions[:, 1:]], axis=1),
        )
        for e in play.episodes
    )  # fmt: skip
    return replace(play, episodes=(*play.episodes, *seen))


def draw_pairs(
    play: Play, keyboard: Keyboard, n: int, rng: np.random.Generator
) -> tuple[Frames, Frames]:
    """Return frames and the next ones, `[n, 64, 64, 3] uint8` both, with keys by chance."""
    lengths = np.array([len(e.actions) for e in play.episodes])
    space = game_spec(play.game).space
    space.seed(int(rng.integers(2**31)))
    pairs = []
    for k in rng.choice(len(lengths), n, p=lengths / lengths.sum()):
        at = int(rng.integers(lengths[k]))
        frames = play.episodes[k].frames[at : at + 2]
        pairs.append([keyboard.draw(f, space.sample()) for f in frames])
    drawn = np.asarray(pairs, dtype=np.uint8)
    return drawn[:, 0], drawn[:, 1]


def _variants(episode: Episode, keyboard: Keyboard, seed: int, scrambled: bool) -> Iterator[Frames]:
    yield episode.shown()
    yield np.stack([keyboard.draw(f, None) for f in episode.frames])
    if scrambled:
        space = game_spec(episode.game).space
        space.seed(seed)
        yield np.stack([keyboard.draw(f, space.sample()) for f in episode.frames])


@torch.inference_mode()
def code_frames(codec: AutoencoderTiny, frames: Frames) -> torch.Tensor:
    """Return tokens `[N, 16, 32]` of frames `[N, 64, 64, 3] uint8`."""
    whole = torch.from_numpy(np.ascontiguousarray(frames))
    parts = [whole[i : i + _AT_ONCE] for i in range(0, len(whole), _AT_ONCE)]
    return torch.cat([to_tokens(encode(codec, as_pixels(p.to(codec.device)))) for p in parts])


def code_play(codec: AutoencoderTiny, play: Play, scrambled: bool = True) -> Play:
    """Return the play with its frames coded, the third time only where keys are scrambled."""
    keyboard = keyboard_of(game_spec(play.game))
    coded = []
    for seed, episode in enumerate(play.episodes):
        shown = np.concatenate(list(_variants(episode, keyboard, seed, scrambled)))
        tokens = code_frames(codec, shown).half().cpu().numpy()
        coded.append(tokens.reshape(2 + scrambled, -1, TOKENS, CHANNELS))
    return replace(play, coded=tuple(coded))


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Windows of one length; `B` of `T` frames."""

    tokens: torch.Tensor
    """`[B, T, 16, 32]`, as it was."""
    given: torch.Tensor
    """The same as it is told, with other keys in it."""
    known: torch.Tensor
    """`[B, T]`: the frames that are told."""
    weight: torch.Tensor
    """`[B, T, 16]`: what each token counts; 0 for what is told and beyond an episode's end."""
    texts: list[str]

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on a device."""
        moved = {k: getattr(self, k).to(device) for k in ("tokens", "given", "known", "weight")}
        return replace(self, **moved)


class Windows:
    """Draws windows by chance from play that is coded, each at an action that was meant."""

    def __init__(
        self, play: Play, rng: np.random.Generator, config: ScreenTraining | None = None
    ) -> None:
        """Set up; the settings say how long windows are and what of them is known."""
        self.play, self._rng, self._config = play, rng, config or ScreenTraining()
        self._share = play.share

    def draw(self, n: int) -> Batch:
        """Return `n` windows."""
        rng = self._rng
        frames = FRAMES
        if rng.random() < self._config.shorter:
            frames = int(rng.choice(SHORT, p=RARER))
        parts = [self._one(int(k), frames) for k in rng.choice(len(self._share), n, p=self._share)]
        tokens, given, known, weight, texts = zip(*parts, strict=True)
        return Batch(
            tokens=torch.from_numpy(np.stack(tokens)).float(),
            given=torch.from_numpy(np.stack(given)).float(),
            known=torch.from_numpy(np.stack(known)),
            weight=torch.from_numpy(np.stack(weight)),
            texts=list(texts),
        )

    def _one(self, k: int, frames: int) -> tuple[Any, Any, Any, Any, str]:
        rng, config = self._rng, self._config
        episode, coded = self.play.episodes[k], self.play.coded[k]
        last = int(rng.choice(np.flatnonzero(episode.meant)))
        past = int(rng.integers(1, min(config.context, frames - 1, last + 1) + 1))
        when = last - past + 1 + np.arange(frames)
        inside = (when < coded.shape[1]) & _until_slip(episode.meant, when, past)
        at = when.clip(max=coded.shape[1] - 1)
        known = np.arange(frames) < past
        text = episode.goal if rng.random() >= WORDS_DROPPED else ""
        # A picture to which somebody slipped is nobody's goal.
        end = int(inside.sum())
        if rng.random() < GOALS and past + 2 < end:
            known[end - rng.integers(1, 3) : end] = True
            text = ""
        chance = rng.random()
        away = config.keys_kept + config.keys_away
        kind = 0 if chance < config.keys_kept else 1 if chance < away else 2
        weight = token_weights(known) * inside[:, None]
        return coded[0, at], coded[kind, at], known, weight, with_gaps(text, rng)


def _until_slip(meant: NDArray[np.bool_], when: NDArray[Any], past: int) -> NDArray[np.bool_]:
    """Return `[T]`: which frames of a window come before the first slip after what is known.

    What follows a slip is nothing that the player would have done.

    Args:
      meant: `[L]`, of the episode's actions.
      when: `[T]`, numbers of the window's frames in the episode.
      past: known frames.
    """
    led = meant[(when - 1).clip(0, len(meant) - 1)]
    led[:past] = True
    return np.logical_and.accumulate(led)


def token_weights(known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return `[T, 16]`: what each token of a clip counts, by which frames `[T]` are known."""
    weight = np.repeat((~known)[:, None], TOKENS, axis=1).astype(np.float32)
    weight[:, KEYS] *= LATER_KEYS
    first = int(np.argmax(~known))
    weight[first, KEYS] *= FIRST_KEYS / LATER_KEYS
    return weight


def vocabulary(goals: Sequence[str]) -> list[str]:
    """Return the words that goals are put in, sorted."""
    return sorted({word for goal in goals for word in goal.lower().split()})
