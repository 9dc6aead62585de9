"""How well a video model plays: its share of the way from random play to the demonstrator's.

The three play the same episodes. A row is called by its game and decoder; with pictures as goals
it is asked how many of those that the demonstrator reached are reached.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mindseye.eval.foresight import Flaws, Foresight
from mindseye.eval.stats import wilson
from mindseye.planner.video_agent.decoders import DECODERS
from mindseye.planner.video_agent.imagination import Aim, Imagination, Past
from mindseye.planner.video_agent.playing import Playing, load_video, make_decoder
from mindseye.planner.video_agent.policy import Thought, VideoPolicy
from mindseye.tools.contracts import ActionDecoder, VideoGenerator
from mindseye.tools.errors import BadInput, ToolError, one_line
from mindseye.tools.games.game import Game, shows_same
from mindseye.tools.games.players import PLAYERS, make_player
from mindseye.tools.games.playing import Episode, Player, Recording, play_episode
from mindseye.tools.games.worlds import make_game
from mindseye.tools.values import Frames

Array = NDArray[np.float64]

FORESIGHT = "foresight"
"""In place of a video model: the demonstrator's own future; see `mindseye.eval.foresight`."""
AHEAD = 4
"""A goal's picture is what the demonstrator sees after so many actions, or at its end."""
TRIES = 4
"""So many times as many actions may be taken to reach it."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What is measured."""

    playing: Playing
    """Decoder and model; its `video` may be `foresight`."""
    n: int = 20
    """Episodes."""
    seed: int = 0
    """Of the first; the others follow."""
    pictures: bool = False
    """Goals are pictures, not words."""
    flaws: Flaws | None = None
    """Of `foresight`."""


@dataclass
class _Spent:
    """What a row's decisions took."""

    seconds: float = 0.0
    frames: int = 0
    actions: int = 0

    def add(self, thought: Thought) -> None:
        """Count a decision."""
        self.seconds += thought.seconds
        self.frames += thought.decoded.frames


def video_agent_score(worlds: Sequence[str], trials: Sequence[Trial]) -> dict[str, Any]:
    """Return how each decoder plays each game.

    Args:
      worlds: names of games.
      trials: what is measured in each.

    Returns:
      `suite` and `conditions` by `WORLD/DECODER`: `score` (0 as random play, 1 as the
      demonstrator), `low`, `high`, `n`, `errors`, `unscored`, `first_error` where there is one,
      `played`, `random`, `demonstrator` (mean score of the game each), `goals` (share of goals in
      words reached), `seconds_per_action`, `frames_per_action`. With pictures as goals the row is
      `WORLD/DECODER/pictures`, `score` the share of them that is reached, `random` what random play
      reaches in as many actions.

    Raises:
      BadInput: no such game or decoder, or no episodes.
      Unavailable: a game's package or the model's weights are missing.
    """
    rows: dict[str, Any] = {}
    for world in worlds:
        for trial in trials:
            if trial.n < 1:
                raise BadInput(f"at least one episode, not {trial.n}")
            name = f"{world}/{trial.playing.decoder}"
            row = _pictures_row if trial.pictures else _words_row
            rows[name + ("/pictures" if trial.pictures else "")] = row(world, trial)
    return {"suite": "video-agent", "conditions": rows}


def trials_of(
    decoders: Sequence[str], playing: Callable[[str], Playing], **settings: Any
) -> list[Trial]:
    """Return a trial for each decoder.

    Args:
      decoders: names; all that need nothing more by default.
      playing: how to play with a decoder of that name.
      **settings: of `Trial`.

    Raises:
      BadInput: no such decoder.
    """
    for name in decoders:
        if name not in DECODERS:
            raise BadInput(f"no decoder {name!r}; known: {', '.join(DECODERS)}")
    return [Trial(playing=playing(name), **settings) for name in decoders or DECODERS[:3]]


class _Table:
    """A game, with whoever plays it by a video model."""

    def __init__(self, world: str, trial: Trial) -> None:
        self.game, self._playing, self.spent = make_game(world), trial.playing, _Spent()
        self._imagination = Imagination.of(
            self._video(trial), self.game.spec_of, overlay=trial.playing.overlay
        )
        self._decoder: ActionDecoder[Aim, Past] = make_decoder(
            trial.playing, self._imagination, self.game.spec_of
        )

    def _video(self, trial: Trial) -> VideoGenerator:
        if trial.playing.video != FORESIGHT:
            return load_video(trial.playing, self.game.spec_of.name)
        return Foresight(self.game, overlay=trial.playing.overlay, flaws=trial.flaws)

    def policy(self, picture: Frames | None = None) -> VideoPolicy:
        """Return who plays towards the game's words, or a picture."""
        return VideoPolicy(
            self._imagination, self._decoder, context=self._playing.context,
            execute=self._playing.execute, words=picture is None, frame=picture,
            on_thought=self.spent.add,
        )  # fmt: skip

    def told(self) -> dict[str, float]:
        """Return what an action took."""
        many = max(self.spent.actions, 1)
        return {
            "seconds_per_action": self.spent.seconds / many,
            "frames_per_action": self.spent.frames / many,
        }


def _words_row(world: str, trial: Trial) -> dict[str, Any]:
    table = _Table(world, trial)
    name = f"video-{trial.playing.decoder}"
    scores: list[tuple[float, float, float]] = []
    reached, errors = 0, list[str]()
    with closing(table.game):
        for seed in range(trial.seed, trial.seed + trial.n):
            peers = _peers(table.game, world, seed)
            try:
                episode = play_episode(table.game, table.policy(), name, seed)
            except ToolError as error:
                errors.append(one_line(error))
                continue
            table.spent.actions += len(episode.actions)
            reached += episode.reached
            scores.append((episode.score, *peers))
    many = max(len(scores), 1)
    ours, random, best = np.array(scores).reshape(-1, 3).T
    score, low, high = share_of_demonstrator(ours, random, best)
    return {
        "score": score, "low": low, "high": high, **_counted(len(scores), errors),
        "played": float(ours.sum() / many), "random": float(random.sum() / many),
        "demonstrator": float(best.sum() / many), "goals": reached / many, **table.told(),
    }  # fmt: skip


def _peers(game: Game, world: str, seed: int) -> tuple[float, float]:
    """Return what random play and the demonstrator score in an episode."""
    found = {
        name: play_episode(game, make_player(name, world), name, seed).score for name in PLAYERS
    }
    return found["random"], found["scripted"]


def _counted(n: int, errors: Sequence[str]) -> dict[str, Any]:
    first = {"first_error": errors[0]} if errors else {}
    return {"n": n, "errors": len(errors), "unscored": 0, **first}


def share_of_demonstrator(ours: Array, random: Array, best: Array) -> tuple[float, float, float]:
    """Return where `ours` lies between random play (0) and the demonstrator (1), and its interval.

    The interval is the 95 % percentile bootstrap of the ratio of means; whole episodes are drawn,
    since the three played the same. NaN where the demonstrator is no better than random play.

    Args:
      ours: `[N]` scores.
      random: `[N]` of random play in the same episodes.
      best: `[N]` of the demonstrator.
    """
    if not len(ours) or best.mean() <= random.mean():
        return float("nan"), float("nan"), float("nan")
    rows = np.random.default_rng(0).integers(len(ours), size=(2000, len(ours)))
    gap = (best - random)[rows].mean(axis=1)
    drawn = (ours - random)[rows].mean(axis=1)[gap > 0] / gap[gap > 0]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float((ours - random).mean() / (best - random).mean()), float(low), float(high)


def _pictures_row(world: str, trial: Trial) -> dict[str, Any]:
    table, found, errors = _Table(world, trial), list[bool](), list[str]()
    by_chance, scripted = make_player("random", world), make_player("scripted", world)
    chances = 0
    with closing(table.game):
        for seed in range(trial.seed, trial.seed + trial.n):
            shown = play_episode(table.game, scripted, "scripted", seed)
            goal = shown.frames[min(AHEAD, len(shown.actions))]
            try:
                seen, actions = _reaches(table.game, table.policy(goal), shown, goal)
            except ToolError as error:
                errors.append(one_line(error))
                continue
            found.append(seen)
            table.spent.actions += actions
            chances += _reaches(table.game, by_chance, shown, goal)[0]
    many = len(found)
    low, high = wilson(sum(found), many) if found else (float("nan"),) * 2
    return {
        "score": sum(found) / many if found else float("nan"), "low": low, "high": high,
        **_counted(many, errors), "random": chances / max(many, 1), **table.told(),
    }  # fmt: skip


def _reaches(game: Game, player: Player, shown: Episode, goal: Frames) -> tuple[bool, int]:
    """Say whether a picture out of the demonstrator's episode is seen in time, and when."""
    recording = Recording(game, "video", shown.seed, shown.goal)
    player.begin(game, shown.seed)
    tries = TRIES * min(AHEAD, len(shown.actions))
    for count in range(1, tries + 1):
        recording.step(player.act(recording.frame))
        if shows_same(recording.frame, goal):
            return True, count
        if recording.over:
            break
    return False, count
