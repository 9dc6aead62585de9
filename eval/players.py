"""How well the scripted players play, beside one that presses anything.

Both play the same episodes. A game whose scripted player is no better than chance would teach
nothing to whoever learns from recordings of it.
"""

import time
from collections.abc import Sequence
from typing import Any

from mindseye.eval.stats import bootstrap_mean, wilson
from mindseye.tools.errors import BadInput
from mindseye.tools.games.players import PLAYERS, PlayerName, make_player
from mindseye.tools.games.playing import play_episode
from mindseye.tools.games.worlds import GAMES, game_spec, make_game


def players_score(n: int, seed: int = 0, worlds: Sequence[str] = ()) -> dict[str, Any]:
    """Return the mean score of each player in each game, with a 95 % interval.

    Args:
      n: episodes each.
      seed: of the first; the others follow.
      worlds: games; all by default.

    Returns:
      `suite` and `conditions`, by game and player: `score`, `low`, `high`, `n`, `errors`,
      `unscored`, `goals` (share of episodes whose goal in words was reached), `actions` (mean
      of an episode) and `ms_per_action` (player and game together).

    Raises:
      BadInput: no such game, or no episodes.
      Unavailable: a game's package is not installed.
    """
    if n < 1:
        raise BadInput(f"at least one episode, not {n}")
    rows = {
        f"{world} {player}": _row(world, player, n, seed)
        for world in worlds or GAMES
        for player in PLAYERS
    }
    return {"suite": "players", "conditions": rows}


def _row(world: str, player: PlayerName, n: int, seed: int) -> dict[str, Any]:
    game, who = make_game(world), make_player(player, world)
    started = time.perf_counter()
    played = [play_episode(game, who, player, seed + i) for i in range(n)]
    spent = time.perf_counter() - started
    game.close()
    scores = [episode.score for episode in played]
    shares = game_spec(world).score == "success"
    low, high = wilson(round(sum(scores)), n) if shares else bootstrap_mean(scores)
    actions = sum(len(episode.actions) for episode in played)
    return {
        "score": sum(scores) / n, "low": low, "high": high, "n": n, "errors": 0, "unscored": 0,
        "goals": sum(episode.reached for episode in played) / n, "actions": actions / n,
        "ms_per_action": 1000 * spent / actions,
    }  # fmt: skip
