"""The policy by continuation: what the video model would go on to press, it presses."""

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from mindseye.planner.video_agent.imagination import Aim, Imagination, Past
from mindseye.tools.contracts import ActionDecoder
from mindseye.tools.errors import BadInput
from mindseye.tools.games.game import Game, shows_same
from mindseye.tools.values import Decoded, Frames


@dataclass(frozen=True, kw_only=True, eq=False)
class Thought:
    """One decision of a policy."""

    index: int
    seen: Frames
    """`[64, 64, 3] uint8`, the real frame it was taken at, as the model was shown it."""
    decoded: Decoded
    seconds: float


VAIN = 3
"""An action that has changed nothing so often is not done again from the same picture."""
PLACES = 32
"""Pictures that are remembered for that."""


@dataclass(kw_only=True, eq=False)
class _Place:
    """A picture, and how often each action left it as it was."""

    frame: Frames
    tried: Counter[bytes]


class _Attempts:
    """What was tried in vain, by what was seen.

    Demonstrators do not try in vain for long, so that a model which has seen only them goes on
    for ever with what it takes for the next thing to do.
    """

    def __init__(self) -> None:
        self._places: deque[_Place] = deque(maxlen=PLACES)
        self._here: _Place | None = None
        self._actions: dict[bytes, Any] = {}

    def see(self, frame: Frames, last: Any | None) -> None:
        """Take a real frame and the action that led to it."""
        known = (p for p in reversed(self._places) if shows_same(p.frame, frame))
        place = next(known, None)
        if place is None:
            place = _Place(frame=frame, tried=Counter())
            self._places.append(place)
        elif place is self._here and last is not None:
            name = np.asarray(last).tobytes()
            self._actions[name] = last
            place.tried[name] += 1
        self._here = place

    @property
    def vain(self) -> tuple[Any, ...]:
        """Actions that have changed nothing here `VAIN` times."""
        tried = self._here.tried if self._here else Counter[bytes]()
        return tuple(self._actions[name] for name, times in tried.items() if times >= VAIN)


@final
class VideoPolicy:
    """Plays a game by imagining how it goes on; a `Player` as any other.

    The last `context` real frames are continued, the first `execute` actions of the future are
    done, and the future is thrown away: what is imagined next begins with what really happened.
    What has changed nothing several times is not done again while the picture is the same.
    It sees frames, and words where it is told some; nothing else of the game.
    """

    def __init__(
        self, imagination: Imagination, decoder: ActionDecoder[Aim, Past], *, context: int = 4,
        execute: int = 1, words: bool = True, frame: Frames | None = None,
        rate: float | None = None, on_thought: Callable[[Thought], None] | None = None,
    ) -> None:  # fmt: skip
        """Set up.

        Args:
          imagination: shows real frames as the model knows them.
          decoder: imagines, and reads the actions off.
          context: real frames that a future begins with, at most; fewer where the model has
            learned to go on from fewer.
          execute: actions that are done before the next future is imagined.
          words: tell the model the game's goal in words.
          frame: `[64, 64, 3] uint8` to end with, without a keyboard; None for none.
          rate: actions a second at most; None does not wait.
          on_thought: called with each decision.

        Raises:
          BadInput: no context, no actions, or a rate that is none.
        """
        if context < 1 or execute < 1:
            raise BadInput("a future begins with one real frame at least, and one action is done")
        if rate is not None and not rate > 0:
            raise BadInput(f"a control rate is actions a second, above 0, not {rate}")
        self.imagination, self._decoder = imagination, decoder
        self._execute, self._words, self._frame, self._rate = execute, words, frame, rate
        self._on_thought = on_thought
        most = min(context, imagination.past or context)
        self._past: deque[Frames] = deque(maxlen=most)
        self.late = 0
        """Actions that came later than the rate would have them."""

    def begin(self, game: Game, seed: int) -> None:
        """See `Player.begin`."""
        self.start(game.goal.words, seed)

    def start(self, words: str, seed: int) -> None:
        """Begin an episode.

        Args:
          words: of the goal.
          seed: of all that is imagined.
        """
        self._aim = Aim(words=words if self._words else "", frame=self._frame)
        self._source = np.random.default_rng([seed, 4])
        self._past.clear()
        self._attempts = _Attempts()
        self._next: deque[Any] = deque()
        self._last: Any | None = None
        self._count, self.late = 0, 0
        self._due: float | None = None

    def act(self, frame: Frames) -> Any:
        """Return the next action, after a real frame `[64, 64, 3] uint8` without a keyboard."""
        self._past.append(self.imagination.show(frame, self._last))
        self._attempts.see(frame, self._last)
        if not self._next:
            self._think()
        self._last = self._next.popleft()
        self._wait()
        return self._last

    def _think(self) -> None:
        started = time.perf_counter()
        past = Past(
            shown=np.stack(self._past), seed=int(self._source.integers(2**30)),
            vain=self._attempts.vain,
        )  # fmt: skip
        decoded = self._decoder.decode(self._aim, past)
        if decoded is None:
            control = self.imagination.keyboard.control
            self._next.append(control.action(control.idle()))
            return
        self._next.extend(decoded.actions[: self._execute])
        if self._on_thought is not None:
            spent = time.perf_counter() - started
            self._on_thought(
                Thought(index=self._count, seen=self._past[-1], decoded=decoded, seconds=spent)
            )
        self._count += 1

    def _wait(self) -> None:
        """Wait until the next action is due; who is late goes on from now."""
        if self._rate is None:
            return
        now = time.monotonic()
        if self._due is not None:
            self.late += now > self._due
            time.sleep(max(self._due - now, 0.0))
        self._due = max(self._due or now, now) + 1 / self._rate
