"""The table of a conversation: a task goes on where the last one ended, also after a restart."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mindseye.planner.config import Config
from mindseye.planner.files import write_whole
from mindseye.planner.loop import REST, begin, world_errors
from mindseye.planner.perception import FORGET_AFTER, Memory, see
from mindseye.tools.contracts import VisionModel, World
from mindseye.tools.errors import BadInput
from mindseye.tools.values import Frames, SceneGraph
from mindseye.tools.world import make_world

FILE = "table.jsonl"
LIFT_STEPS = 12
"""Tenths of a second in which the pusher is taken up after a stop."""
Step = tuple[dict[str, NDArray[Any]], float, bool, bool, dict[str, Any]]


class KeptTable:
    """A world whose `reset` changes nothing, so that one run goes on from another.

    How the table was laid and every action since is kept in a file, from which the
    same table is made again: a world does the same for the same seed and actions.

    Args:
      folder: of the conversation.
      config: says which world, and how it is laid the first time.
      vision: reads its frames.
      check: called before every action; may raise to stop what goes on.
    """

    def __init__(
        self, folder: Path, config: Config, vision: VisionModel, check: Callable[[], None]
    ) -> None:
        self.config, self._vision, self._check = config, vision, check
        self._path = folder / FILE
        self.world: World | None = None
        self.touched = False
        """Whether anything was done on it since it was laid."""
        if self._path.exists():
            self.restore()
        else:
            self.lay(config.objects, config.seed)

    def lay(self, objects: Sequence[str] | None, seed: int) -> None:
        """Lay the table anew; the old one is gone.

        Raises:
          BadInput: no such object; the old table stands.
        """
        laid = {
            "version": 1, "world": self.config.world, "options": self.config.world_options,
            "objects": None if objects is None else list(objects), "seed": seed,
        }  # fmt: skip
        self._open(laid)
        write_whole(self._path, json.dumps({"lay": laid}).encode() + b"\n")
        self.touched = False

    def _open(self, laid: dict[str, Any]) -> None:
        world = make_world(
            laid["world"], objects=laid["objects"], seed=laid["seed"], **laid["options"]
        )
        try:
            observation = begin(world)
        except BaseException:
            world.close()
            raise
        self.close()
        self.world, self.observation, self.laid = world, observation, laid
        self._memory = Memory(see(self._vision, self.observation))

    def restore(self) -> None:
        """Lay the table again as it was laid, and do again what was done on it.

        Raises:
          BadInput: the file cannot be read.
        """
        try:
            text = self._path.read_text(encoding="utf-8")
            # A crash may have torn the last line; what was not written whole is as if undone.
            whole = text[: text.rfind("\n") + 1]
            if whole != text:
                self._path.write_text(whole, encoding="utf-8")
            told = [json.loads(line) for line in whole.splitlines()]
            self._open(told[0]["lay"])
            actions = [np.array(line["act"], dtype=np.float32) for line in told[1:]]
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise BadInput(
                f"the conversation's table cannot be laid again from {self._path}: {error}; begin "
                "a new conversation"
            ) from error
        for action in actions:
            with world_errors():
                self.observation = self._step(action)[0]
        self.touched = bool(actions)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return what is seen now; nothing is changed, whatever is given."""
        return self.observation, {}

    def step(self, action: NDArray[np.float32]) -> Step:
        """Act once, unless it is time to stop."""
        self._check()
        return self._act(action)

    def _act(self, action: NDArray[np.float32]) -> Step:
        told = {"act": [float(v) for v in np.asarray(action, dtype=np.float32)]}
        result = self._step(action)
        # After the world took it: an action that never arrived must not be done on a restart.
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(told) + "\n")
        self.observation, self.touched = result[0], True
        return result

    def _step(self, action: NDArray[np.float32]) -> Step:
        assert self.world is not None
        return self.world.step(action)

    def raise_pusher(self) -> None:
        """Leave the table as it should stand between tasks: the pusher up, nothing in motion."""
        for _ in range(LIFT_STEPS):
            self._act(REST)

    @property
    def frame(self) -> Frames:
        """`[H, W, 3] uint8`, as the camera sees it now."""
        frame: Frames = self.observation["frame"]
        return frame

    def look(self) -> SceneGraph:
        """Return what vision sees now, its objects called what they were called at first.

        Between turns nothing moves and the pusher hides nothing: what is not seen is gone.
        """
        seen = see(self._vision, self.observation)
        for _ in range(FORGET_AFTER):
            self._memory.update(seen)
        return self._memory.scene

    def close(self) -> None:
        """End the world's process."""
        if self.world is not None:
            self.world.close()
