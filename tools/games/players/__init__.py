"""Scripted players: one that plays well for each game, and one that presses anything.

They stand in this room, below the planner, because recordings of play are made here; the
evaluation only measures them. The good ones read the games' true state, which nobody else may:
the planner imports none of them, and a test holds that.

    minigrid   walks the shortest way, turn by turn, to key, door and goal
    crafter    works backward from what is wanted to what it takes, and looks after itself
    freeway    knows from the console's memory where each car will be, and takes a free way
    tabletop   the project's own push skill, as motions of a joystick
"""

import importlib
from typing import TYPE_CHECKING, Literal

from mindseye.tools.errors import BadInput

if TYPE_CHECKING:
    from mindseye.tools.games.playing import Player

PlayerName = Literal["scripted", "random"]
PLAYERS: tuple[PlayerName, ...] = ("scripted", "random")
_SCRIPTED = {
    "minigrid": "mindseye.tools.games.players.walker:Walker",
    "crafter": "mindseye.tools.games.players.settler:Settler",
    "freeway": "mindseye.tools.games.players.crosser:Crosser",
    "tabletop": "mindseye.tools.games.players.pusher:Pusher",
}


def make_player(name: PlayerName, game: str, slips: float = 0.0, bout: int = 1) -> "Player":
    """Return a player of a game.

    Args:
      name: `scripted` or `random`.
      game: its name.
      slips: share of actions in which a scripted player presses anything instead, so that
        recordings show how mistakes are made good (DART: Laskey et al., 2017).
      bout: actions that a slip lasts at most.

    Raises:
      BadInput: no such player or game, a share that is none, or a bout of no actions.
    """
    from mindseye.tools.games.players.chance import Chance, Slipping

    if name not in PLAYERS:
        raise BadInput(f"no player called {name!r}; known: {', '.join(PLAYERS)}")
    if game not in _SCRIPTED:
        raise BadInput(f"no game called {game!r}; known: {', '.join(_SCRIPTED)}")
    if not 0 <= slips <= 1:
        raise BadInput(f"slips is a share from 0 to 1, not {slips}")
    if bout < 1:
        raise BadInput(f"bout is a number of actions, 1 or more, not {bout}")
    if name == "random":
        return Chance()
    module, _, attribute = _SCRIPTED[game].partition(":")
    player: Player = getattr(importlib.import_module(module), attribute)()
    return Slipping(player, slips, bout) if slips else player
