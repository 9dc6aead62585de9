"""The clients' tables: each sees its own, by its session or by a handle it was given."""

import contextlib
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass

from mindseye.planner.config import Config, merge
from mindseye.planner.loaded import Models
from mindseye.planner.loop import begin
from mindseye.planner.perception import see
from mindseye.tools.errors import ToolError
from mindseye.tools.values import Frames, SceneGraph
from mindseye.tools.world import make_world

MOST = 256
"""Tables that are kept; the one that was not used for longest goes first."""
NOBODY = ""
"""Session of those who have none: theirs is the table of the config, which never changes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """A table that was laid and looked at. No tool acts on it, so one frame is all there is."""

    handle: str
    """Cannot be guessed: whoever has it may use the table."""
    config: Config
    """With the table's objects and seed."""
    frame: Frames
    """`[H, W, 3] uint8`."""
    scene: SceneGraph


class Tables:
    """Every table by its handle, and which one a session works on."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._tables: OrderedDict[str, Table] = OrderedDict()
        self._of_session: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def lay(self, session: str | None, objects: list[str] | None, seed: int | None) -> Table:
        """Lay a table and look at it; it is the session's own from now on.

        Args:
          session: of the client; None where the protocol has none.
          objects: names of what stands there; None leaves it to config and seed.
          seed: None takes the config's.

        Raises:
          BadInput: no such object.
        """
        given = {"objects": objects, "seed": seed}
        changes = {k: v for k, v in given.items() if v is not None}
        config = merge(self._models.config, changes, "look")
        world = make_world(
            config.world, objects=config.objects, seed=config.seed, **config.world_options
        )
        with contextlib.closing(world):
            observation = begin(world)
        scene = see(self._models.vision, observation)
        table = Table(
            handle=secrets.token_urlsafe(12), config=config, frame=observation["frame"],
            scene=scene,
        )  # fmt: skip
        self._keep(table, session)
        return table

    def _keep(self, table: Table, session: str | None) -> None:
        with self._lock:
            self._tables[table.handle] = table
            if session is not None:
                self._of_session[session] = table.handle
                self._of_session.move_to_end(session)
            for kept in (self._tables, self._of_session):
                while len(kept) > MOST:
                    kept.popitem(last=False)

    def find(self, session: str | None, handle: str | None) -> Table | None:
        """Return the table of a handle, else the session's; None when it has none yet.

        Raises:
          ToolError: nobody was given such a handle, or it was long ago.
        """
        with self._lock:
            key = handle or self._of_session.get(session or NOBODY)
            table = self._tables.get(key or "")
            if table is not None:
                self._tables.move_to_end(table.handle)
        if table is None and handle is not None:
            raise ToolError(f"no world {handle!r} is laid; call look without `world` for one")
        return table

    def at(self, session: str | None, handle: str | None) -> Table:
        """Return the table of a handle, else the session's, else one laid as the config says.

        Raises:
          ToolError: as `find`.
        """
        return self.find(session, handle) or self.lay(session or NOBODY, None, None)
