"""The games there are, by name; each is opened, and its package imported, only when it is played.

    minigrid   Minigrid's door and key            5 keys        success
    crafter    Crafter                           16 keys        return
    freeway    the Atari 2600 game, in ale-py     2 keys        return
    tabletop   the project's own table            a joystick    success

All give `[64, 64, 3] uint8` frames and stand on Gymnasium's interface; see `Game`. In a process of
its own, its true state out of reach, a game is a world as any other:
`make_world("mindseye.tools.games.doorkey:DoorKey")`.
"""

import importlib

from mindseye.tools.errors import BadInput
from mindseye.tools.games.game import Game, GameSpec

_GAMES = {
    "minigrid": ("mindseye.tools.games.doorkey", "DoorKey"),
    "crafter": ("mindseye.tools.games.survival", "Survival"),
    "freeway": ("mindseye.tools.games.freeway", "Freeway"),
    "tabletop": ("mindseye.tools.games.joystick", "Joystick"),
}
GAMES = tuple(_GAMES)
"""Names."""


def _game(name: str) -> type[Game]:
    if name not in _GAMES:
        raise BadInput(f"no game called {name!r}; known: {', '.join(GAMES)}")
    module, attribute = _GAMES[name]
    found: type[Game] = getattr(importlib.import_module(module), attribute)
    return found


def game_spec(name: str) -> GameSpec:
    """Return what is known of a game; its package need not be installed.

    Raises:
      BadInput: no such game.
    """
    return _game(name).spec_of


def make_game(name: str) -> Game:
    """Open a game.

    Raises:
      BadInput: no such game.
      Unavailable: its package is not installed: pip install "mindseye[games]".
    """
    return _game(name)()
