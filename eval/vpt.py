"""Learning from play without actions, by the labels of inverse dynamics (VPT: Baker et al., 2022).

A little labelled play teaches inverse dynamics, which labels much play that has pictures only; a
policy that learns from those labels is compared with one that learns from the little alone, and
with one that is given all true labels.
"""

import csv
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mindseye.eval.stats import bootstrap_mean, wilson
from mindseye.tools.errors import BadInput
from mindseye.tools.games.inverse import (
    STEPS,
    ActionReader,
    Clone,
    agreement,
    labels_of,
    seen_by,
    train_reader,
)
from mindseye.tools.games.players import make_player
from mindseye.tools.games.playing import Episode, play_episode
from mindseye.tools.games.worlds import game_spec, make_game

HELD_OUT = 20
"""Episodes on which labels are checked."""
SLIPS = 0.2
"""Share of the recorded actions in which the player presses anything."""
LINES = {"little": "little labelled play", "labelled": "much play, labels of inverse dynamics",
         "all": "much play, true labels"}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """What is compared."""

    world: str = "minigrid"
    little: tuple[int, ...] = (4, 16, 64)
    """Labelled episodes, each a point of the curve."""
    much: int = 300
    """Episodes without labels."""
    n: int = 100
    """Episodes that each policy plays."""
    steps: int = STEPS
    """Of each training."""
    seed: int = 0


def vpt_score(
    experiment: Experiment, folder: Path, tell: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Run the experiment; write `vpt.csv` and `vpt.png` into a folder.

    Args:
      experiment: what is compared.
      folder: made when absent.
      tell: called with what is being done.

    Returns:
      `suite`, `run` and `conditions`: `little-N`, `labelled-N` and `all`, each with `score` (mean
      score of the game), `low`, `high`, `n`, `errors`, `unscored`, `goals` (share reached) and
      `seconds` (training and play), and `inverse-N`, whose `score` is the share of held-out
      actions it labels rightly (`n` of them; the interval is of episodes drawn whole).

    Raises:
      BadInput: nothing to learn from, or no episodes to play.
      Unavailable: the game's package is not installed.
    """
    if experiment.n < 1 or not experiment.little or min(experiment.little) < 1:
        raise BadInput("at least one episode to play, and one to learn from")
    tell("recording play")
    played = _recorded(experiment)
    held, rest = played[:HELD_OUT], played[HELD_OUT:]
    most = max(experiment.little)
    labelled, much = rest[:most], rest[most:]
    bench = _Bench(experiment, much, held)
    rows: dict[str, Any] = {}
    for many in experiment.little:
        tell(f"{many} labelled episodes")
        rows |= bench.rows(labelled[:many])
    tell("all true labels")
    rows["all"] = bench.policy(seen_by("policy", [*labelled, *much]), [*labelled, *much])
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder, experiment, rows)
    return {"suite": f"vpt {experiment.world}", "conditions": rows, "run": str(folder)}


def _recorded(experiment: Experiment) -> list[Episode]:
    """Play and return all episodes; seeds far from those that policies are measured on."""
    many = HELD_OUT + max(experiment.little) + experiment.much
    words = game_spec(experiment.world).goals[0].words
    player = make_player("scripted", experiment.world, SLIPS)
    first = 1_000_000 * (experiment.seed + 1)
    with closing(make_game(experiment.world)) as game:
        return [play_episode(game, player, "scripted", first + i, words) for i in range(many)]


class _Bench:
    """Trains and measures."""

    def __init__(
        self, experiment: Experiment, much: Sequence[Episode], held: Sequence[Episode]
    ) -> None:
        self._experiment, self._spec = experiment, game_spec(experiment.world)
        self._pairs, self._held = seen_by("inverse", much), held
        # The first of each pair is what a policy sees.
        self._much = self._pairs[:, :1]

    def rows(self, labelled: Sequence[Episode]) -> dict[str, Any]:
        """Return the rows of one number of labelled episodes."""
        many, started = len(labelled), time.perf_counter()
        inverse = self._train("inverse", seen_by("inverse", labelled), labels_of(labelled))
        checked = self._checked(inverse) | {"seconds": time.perf_counter() - started}
        read = inverse.read(self._pairs)
        guessed = read.argmax(axis=1) if self._spec.keys else read.astype(np.float32)
        seen, actions = seen_by("policy", labelled), labels_of(labelled)
        return {
            f"inverse-{many}": checked,
            f"little-{many}": self._played(seen, actions),
            f"labelled-{many}": self._played(
                np.concatenate([seen, self._much]), np.concatenate([actions, guessed])
            ),
        }

    def policy(self, seen: NDArray[np.uint8], episodes: Sequence[Episode]) -> dict[str, Any]:
        """Return the row of a policy that learns from true labels."""
        return self._played(seen, labels_of(episodes))

    def _train(self, role: Any, seen: NDArray[np.uint8], actions: NDArray[Any]) -> ActionReader:
        asked = self._experiment
        return train_reader(self._spec, role, seen, actions, steps=asked.steps, seed=asked.seed)

    def _checked(self, inverse: ActionReader) -> dict[str, Any]:
        right = [
            agreement(self._spec, inverse.read(seen_by("inverse", [e])), e.actions)
            for e in self._held
        ]
        # By episode, since its actions are alike; weighted by their number.
        each = [float(r.mean()) for r in right]
        low, high = bootstrap_mean(each)
        every = np.concatenate(right)
        return {"score": float(np.mean(each)), "low": low, "high": high, "n": len(every),
                "errors": 0, "unscored": 0}  # fmt: skip

    def _played(self, seen: NDArray[np.uint8], actions: NDArray[Any]) -> dict[str, Any]:
        started, asked = time.perf_counter(), self._experiment
        clone = Clone(self._train("policy", seen, actions))
        words = self._spec.goals[0].words
        with closing(make_game(asked.world)) as game:
            played = [
                play_episode(game, clone, "clone", asked.seed + i, words) for i in range(asked.n)
            ]
        scores = [episode.score for episode in played]
        shares = self._spec.score == "success"
        low, high = wilson(round(sum(scores)), asked.n) if shares else bootstrap_mean(scores)
        return {
            "score": float(np.mean(scores)), "low": low, "high": high, "n": asked.n, "errors": 0,
            "unscored": 0, "goals": sum(e.reached for e in played) / asked.n,
            "seconds": time.perf_counter() - started,
        }  # fmt: skip


def _write(folder: Path, experiment: Experiment, rows: dict[str, Any]) -> None:
    """Write the curve as a table and, where matplotlib is installed, as a picture."""
    with (folder / "vpt.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("row", "score", "low", "high", "n"))
        for name, row in rows.items():
            told = (round(row[k], 4) for k in ("score", "low", "high"))
            lines.writerow((name, *told, row["n"]))
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        return
    figure = Figure(figsize=(5.6, 3.6), layout="constrained")
    axes = figure.subplots()
    for key, label in LINES.items():
        points = [(x, rows["all" if key == "all" else f"{key}-{x}"]) for x in experiment.little]
        x = [p for p, _ in points]
        (line,) = axes.plot(x, [r["score"] for _, r in points], marker="o", label=label)
        lows, highs = [r["low"] for _, r in points], [r["high"] for _, r in points]
        axes.fill_between(x, lows, highs, color=line.get_color(), alpha=0.15, linewidth=0)
    axes.set_xscale("log", base=2)
    axes.set_xticks(experiment.little, [str(x) for x in experiment.little])
    axes.set_xlabel("labelled episodes")
    axes.set_ylabel(f"{experiment.world}: score")
    axes.legend(fontsize=8, frameon=False)
    figure.savefig(folder / "vpt.png", dpi=120)
