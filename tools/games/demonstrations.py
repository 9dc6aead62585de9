"""Demonstrations: what the scripted players play, recorded as shards with a data card."""

from functools import partial
from pathlib import Path

import numpy as np

from mindseye.tools.games.players import PlayerName, make_player
from mindseye.tools.games.playing import play_episode
from mindseye.tools.games.recording import write_episodes
from mindseye.tools.games.worlds import game_spec, make_game
from mindseye.tools.shards import Shards

SHARD = 16
"""Episodes in one file."""
CARD = """---
license: {licence}
task_categories: [image-to-video, reinforcement-learning]
---
# Play of {world}: {title}

{n} episodes at 64x64, {rate:g} actions a second, made by `{command}`.
The project's {player} player plays towards goals in words; in {slips:.0%} of its actions it
presses anything instead, and `meant` says in which it did not. Frames are without a keyboard.
WebDataset format: `KEY.json`, `KEY.frames.npz` (`frames` `[L + 1, 64, 64, 3] uint8`),
`KEY.play.npz` (`actions`, `rewards`, `meant`, and facts for scoring, `[L]` each).

Actions: {actions}.
"""


def _make_shard(
    path: Path, seed: int, index: int, episodes: int, *, world: str, player: PlayerName,
    slips: float, bout: int,
) -> None:  # fmt: skip
    """Make one shard; what it holds depends on the settings and its number alone."""
    game, who = make_game(world), make_player(player, world, slips, bout)
    played = []
    for i in range(episodes):
        fixed = int(np.random.SeedSequence([seed, index, i]).generate_state(1)[0])
        played.append(play_episode(game, who, player, fixed))
    game.close()
    write_episodes(path, played)


def make_game_data(
    out: Path,
    world: str = "minigrid",
    n: int = 64,
    seed: int = 0,
    workers: int | None = None,
    slips: float = 0.0,
    bout: int = 1,
    player: PlayerName = "scripted",
    shard: int = SHARD,
    ray: str | None = None,
) -> Path:
    """Make `n` episodes of play as shards under `out`; a killed run goes on where it stopped.

    Args:
      out: folder, made when absent; each game and kind of slips has files of its own there.
      world: name of the game.
      n: episodes in all, those already there included.
      seed: the same seed makes the same episodes, however many workers there are.
      workers: processes, one by default; with `ray` as many workers as there is room for.
      slips: share of actions in which the player presses anything instead.
      bout: actions that it does so in a row at most.
      player: `scripted` or `random`.
      shard: episodes in one file.
      ray: address of a Ray cluster whose workers play.

    Raises:
      BadInput: nothing to make, no such game or player.
      Unavailable: the game's package is not installed, or there is no such cluster.
    """
    spec = game_spec(world)
    make_player(player, world, slips, bout)
    # Here, in one line, rather than in each of the other processes.
    make_game(world).close()
    command = f"mindseye data games --world {world} --n {n} --seed {seed}"
    kind = f"{world}-{player}"
    if slips:
        kind, command = f"{kind}-slips{1000 * slips:.0f}", f"{command} --slips {slips:g}"
    if slips and bout > 1:
        kind, command = f"{kind}-bout{bout}", f"{command} --bout {bout}"
    make = partial(_make_shard, world=world, player=player, slips=slips, bout=bout)
    shards = Shards(out=out, stem=f"play-{kind}", seed=seed, size=shard, make=make)
    shards.write(n, workers, "episode", ray)
    card = CARD.format(
        licence=spec.licence, world=world, title=spec.title, n=n, rate=spec.rate,
        player=player, slips=slips,
        command=command,
        actions=", ".join(spec.keys) or f"{spec.axes} numbers in [-1, 1]",
    )  # fmt: skip
    (out / f"README-{kind}.md").write_text(card)
    return out
