"""`freeway`: lead a chicken over ten lanes of traffic; the Atari 2600 game, in `ale-py`.

Of the games whose cartridges that package holds (so that nothing is fetched), it is the one
whose things are still to be seen at 64x52 beneath a keyboard: cars are five pixels wide, where
the ball of Pong or Breakout is less than one. It wants three keys, random play scores nothing,
and a player who looks at the traffic scores nearly twice as much as one who holds "up".
"""

from typing import final

from mindseye.tools.errors import needs_extra
from mindseye.tools.games.game import Facts, Game, GameGoal, GameSpec, scaled
from mindseye.tools.values import Frames

SKIP = 4
"""Screens of the console, of which there are 60 a second, in one action."""
HARD = 1
"""Setting of the console: who is hit begins again at the kerb."""
WAIT = 120
"""At most so many screens' worth of traffic go by before an episode begins."""
ROWS, COLUMNS = slice(4, 196), slice(8, 160)
"""What is shown of the console's 210x160 screen: the road and the score, no borders."""

SPEC = GameSpec(
    name="freeway",
    title="lead a chicken across the road",
    score="return",
    length=512,
    rate=60 / SKIP,
    keys=("NOOP", "UP", "DOWN"),
    typed={"up": "UP", "w": "UP", "down": "DOWN", "s": "DOWN"},
    goals=(
        GameGoal(words="get the chicken across the road", fact="crossings"),
        GameGoal(words="cross the road three times", fact="crossings", least=3.0),
        GameGoal(words="cross the road six times", fact="crossings", least=6.0),
    ),
)


@final
class Freeway(Game):
    """Freeway for 34 seconds, a quarter of its own length. The reward is 1 for each crossing.

    Actions are done as they are pressed (no "sticky" ones): a frame shows the keys that led
    to it. What differs between episodes is where the traffic is at the beginning.
    """

    spec_of = SPEC

    def __init__(self) -> None:
        """Set up.

        Raises:
          Unavailable: ale-py is not installed.
        """
        super().__init__()
        with needs_extra("the game freeway", "games"):
            from ale_py import ALEInterface, LoggerMode
            from ale_py.env import AtariEnv
        # It greets on standard error otherwise.
        ALEInterface.setLoggerMode(LoggerMode.Error)
        self.world = AtariEnv(
            "freeway", difficulty=HARD, frameskip=SKIP, repeat_action_probability=0.0
        )
        """The console and its memory, for scorers and scripted players."""
        self._crossings = 0.0

    def begin(self) -> Frames:
        """Switch on, and let some traffic go by."""
        screen, _ = self.world.reset(seed=int(self.np_random.integers(2**31)))
        for _ in range(int(self.np_random.integers(WAIT // SKIP + 1))):
            screen, *_ = self.world.step(0)
        self._crossings = 0.0
        return scaled(screen[ROWS, COLUMNS])

    def act(self, action: int) -> tuple[Frames, float, bool]:
        """See `Game.act`."""
        screen, reward, ended, cut, _ = self.world.step(int(action))
        self._crossings += float(reward)
        return scaled(screen[ROWS, COLUMNS]), float(reward), bool(ended or cut)

    def facts(self) -> Facts:
        """Return how often the road was crossed."""
        return {"crossings": self._crossings}
