"""Trust that outlasts a run: one small SQLite file, which many runs read and add to at once.

A run reads it once, at its beginning, and adds what it saw once, at its end. Only counts
are kept and added, so it does not matter in which order runs end.
"""

import contextlib
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mindseye.planner.config import unknown_name
from mindseye.planner.trust import Tally, Trust
from mindseye.tools.errors import BadInput

PATIENCE = 20.0
"""Seconds to wait for others that are writing."""
_KIND = 0x6D696E64
"""SQLite's application id, "mind": whose database it is."""
_VERSION = 1
_TABLE = """
CREATE TABLE trust (
    tool TEXT NOT NULL, skill TEXT NOT NULL,
    came_true INTEGER NOT NULL CHECK (typeof(came_true) = 'integer' AND came_true >= 0),
    did_not INTEGER NOT NULL CHECK (typeof(did_not) = 'integer' AND did_not >= 0),
    updated TEXT NOT NULL, run TEXT NOT NULL,
    PRIMARY KEY (tool, skill)
) WITHOUT ROWID
"""
_ADD = """
INSERT INTO trust VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (tool, skill) DO UPDATE SET
    came_true = came_true + excluded.came_true, did_not = did_not + excluded.did_not,
    updated = excluded.updated, run = excluded.run
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What is kept of one tool and skill."""

    tool: str
    skill: str
    tally: Tally
    updated: str
    """UTC, as in 2026-11-22T11:29:19Z."""
    run: str
    """Folder name of the run that added last; empty when it kept no record."""


class TrustStore:
    """The database at a path; it is made when it is first used.

    Every method raises `BadInput` when the file cannot be used: damaged, not ours, of a
    later version, not writable, or locked by others for too long.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Trust:
        """Return the trust that a run starts from."""
        return trust_of(self.rows())

    def rows(self) -> list[Row]:
        """Return all that is kept, by tool and skill."""
        columns = "tool, skill, came_true, did_not, updated, run"
        with self._opened() as database:
            found = database.execute(f"SELECT {columns} FROM trust ORDER BY tool, skill").fetchall()
        rows = [
            Row(tool=tool, skill=skill, tally=(right, wrong), updated=updated, run=run)
            for tool, skill, right, wrong, updated, run in found
        ]
        try:
            trust_of(rows)
        except BadInput as error:
            raise self._unusable(str(error)) from error
        return rows

    def add(self, seen: Trust, run: str = "") -> None:
        """Add what one run saw: all of it, or nothing.

        Args:
          seen: the run's own tallies, without what it started from.
          run: name of its folder.
        """
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        new = [
            (tool, skill, *tally, now, run)
            for tool, skills in seen.tallies.items()
            for skill, tally in skills.items()
        ]
        if new:
            with self._opened() as database, database:
                database.executemany(_ADD, new)

    def reset(self, tool: str | None = None, skill: str | None = None) -> list[Row]:
        """Forget what is kept, and return it.

        Args:
          tool: only of this tool.
          skill: only of this skill.

        Raises:
          BadInput: also when nothing of that tool or skill is kept.
        """
        rows = self.rows()
        for kind, name, known in (
            ("tool", tool, {r.tool for r in rows}), ("skill", skill, {r.skill for r in rows}),
        ):  # fmt: skip
            if name is not None and name not in known:
                raise BadInput(f"{self.path}: {unknown_name(kind, name, sorted(known))}")
        with self._opened() as database, database:
            database.execute(
                "DELETE FROM trust WHERE tool = coalesce(?, tool) AND skill = coalesce(?, skill)",
                (tool, skill),
            )
        return [r for r in rows if r.tool == (tool or r.tool) and r.skill == (skill or r.skill)]

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level="IMMEDIATE")
            with contextlib.closing(connection) as database:
                self._prepare(database)
                yield database
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(str(error)) from error

    def _prepare(self, database: sqlite3.Connection) -> None:
        """Make a fresh file the database; refuse what is none of ours."""
        if _marks(database) == (0, 0):
            _make(database)
        kind, version = _marks(database)
        if kind != _KIND:
            raise self._unusable("it is a database of something else")
        if version != _VERSION:
            raise self._unusable(f"it is of version {version}, and this is for {_VERSION}")

    def _unusable(self, why: str) -> BadInput:
        return BadInput(
            f"the trust database {str(self.path)!r} cannot be used: {why}. Move it away to start "
            "afresh, or name another file: --set trust=PATH, mindseye trust --db PATH"
        )


def trust_of(rows: Iterable[Row]) -> Trust:
    """Return the trust that rows stand for.

    Raises:
      BadInput: a tool that is not known, or counts that are none.
    """
    tallies: dict[str, dict[str, Tally]] = {}
    for row in rows:
        tallies.setdefault(row.tool, {})[row.skill] = row.tally
    return Trust.from_json(tallies)


def _make(database: sqlite3.Connection) -> None:
    """Make the table, unless there are some: of something else, or made by another run just now."""
    database.execute("BEGIN IMMEDIATE")
    with database:
        if database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return
        database.execute(_TABLE)
        database.execute(f"PRAGMA application_id = {_KIND}")
        database.execute(f"PRAGMA user_version = {_VERSION}")
    # Readers then do not wait for writers.
    database.execute("PRAGMA journal_mode = WAL")


def _marks(database: sqlite3.Connection) -> tuple[int, int]:
    kind, version = (
        database.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version")
    )
    return kind, version
