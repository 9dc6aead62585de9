"""A person plays a game: keys in, pictures with the keyboard on them out, and a recording."""

import asyncio
import contextlib
import secrets
import sys
import time
from pathlib import Path
from typing import Any, Protocol, final

import numpy as np
from numpy.typing import NDArray

from mindseye.planner.dream_face import MOVES, QUIT, Hand, Screen, Typed, keyboard, parse_script
from mindseye.tools.games.controls import NOTHING
from mindseye.tools.games.game import GameSpec
from mindseye.tools.games.overlay import keyboard_of
from mindseye.tools.games.playing import Recording
from mindseye.tools.games.recording import write_played
from mindseye.tools.games.worlds import game_spec, make_game

SINK = 3
"""Actions in which the table's pusher sinks all the way, or rises."""


class Hands(Typed, Protocol):
    """A person's hands on a game."""

    def action(self) -> Any | None:
        """Return what to do next; None to wait for a key."""
        ...


@final
class OnKeys:
    """Plays a game of keys: the last key pressed counts once, so that one let go of stops.

    A game in which nothing can be left undone waits for its player.
    """

    def __init__(self, spec: GameSpec) -> None:
        """Set up."""
        self._actions = {key: spec.keys.index(name) for key, name in spec.typed.items()}
        idle = [i for i, name in enumerate(spec.keys) if name.lower() in NOTHING]
        self._idle = idle[0] if idle else None
        self._next = self._idle
        self.done = False

    def press(self, key: str) -> None:
        """See `Typed.press`."""
        if key in QUIT:
            self.done = True
        self._next = self._actions.get(key.lower(), self._next)

    def action(self) -> int | None:
        """See `Hands.action`."""
        found, self._next = self._next, self._idle
        return found


@final
class OnStick:
    """Plays a game of the table's joystick, as a dream is played."""

    def __init__(self) -> None:
        """Set up."""
        self._hand = Hand(SINK)
        self.done = False

    def press(self, key: str) -> None:
        """See `Typed.press`."""
        self._hand.press(key)
        self.done = self._hand.done

    def action(self) -> NDArray[np.float32]:
        """See `Hands.action`."""
        return np.array(self._hand.action(), dtype=np.float32)


def script_actions(spec: GameSpec, script: str) -> NDArray[Any]:
    """Return the actions of a script such as "move_left*3 do".

    Raises:
      BadInput: a word that is no action of the game, or too many of them.
    """
    if spec.keys:
        moves = {name.lower(): [i] for i, name in enumerate(spec.keys)}
        return parse_script(script, moves)
    whole = {name: MOVES[name][:1] * SINK for name in ("down", "up")}
    return parse_script(script, {**MOVES, **whole}).astype(np.float32)


def play(
    world: str, out: Path, *, goal: str | None, seed: int | None, script: str | None
) -> dict[str, Any]:
    """Play an episode and record it.

    Args:
      world: name of the game.
      out: folder for the recording.
      goal: words; by default the seed chooses.
      seed: fixes the episode; by default each is another.
      script: actions; None takes them from the keyboard.

    Returns:
      `world`, `goal`, `actions` (how many), `score`, `reached`, `file` (None where nothing
      was played).

    Raises:
      MindseyeError: no such game, goal or action, the game's package is missing, or the folder
        cannot be written.
    """
    spec = game_spec(world)
    actions = None if script is None else script_actions(spec, script)
    with contextlib.closing(make_game(world)) as game:
        fixed = secrets.randbelow(2**31) if seed is None else seed
        recording = Recording(game, "person", fixed, goal)
        if actions is None:
            asyncio.run(_by_keyboard(recording, spec))
        else:
            for action in actions:
                if not recording.over:
                    recording.step(action)
        episode = recording.episode()
    played = len(episode.actions)
    return {
        "world": world, "goal": episode.goal, "actions": played, "score": episode.score,
        "reached": episode.reached, "file": str(write_played(out, episode)) if played else None,
    }  # fmt: skip


def _help(spec: GameSpec) -> str:
    """Return which key of the person's does what."""
    typed: dict[str, list[str]] = {}
    for key, name in spec.typed.items():
        typed.setdefault(name, []).append("space" if key == " " else key)
    told = [f"{'/'.join(keys)} {name.replace('_', ' ')}" for name, keys in typed.items()]
    return ", ".join([*told, "q quits"])


async def _by_keyboard(recording: Recording, spec: GameSpec) -> None:
    """Play in the game's own time until its end or the person's."""
    hands: Hands = OnKeys(spec) if spec.keys else OnStick()
    drawn, done, score, last = keyboard_of(spec), 0, 0.0, None
    with keyboard(hands), Screen(sys.stderr) as screen:
        while True:
            told = f"action {done}   score {score:g}   {recording.goal}"
            screen.draw(drawn.draw(recording.frame, last), (spec.title,), (told, _help(spec)))
            due = time.monotonic() + 1 / spec.rate
            if hands.done or recording.over:
                return
            last = None
            while last is None and not hands.done:
                # At least once, so that keys are heard.
                await asyncio.sleep(max(due - time.monotonic(), 0.02))
                last = hands.action()
            if last is not None:
                recording.step(last)
                done, score = done + 1, recording.score
