"""The runs folder: what is in it, which run is meant, and how one goes away.

Reads records only, and touches nothing but folders that lie directly in the runs
folder and hold a record.
"""

import contextlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from mindseye.tools.errors import BadInput

State = Literal["succeeded", "failed", "unfinished"]
"""Unfinished: still going on, or cut off."""
STATES: tuple[State, ...] = get_args(State)
PICTURE = re.compile(r"[A-Za-z0-9_-]{1,80}\.(?:png|mp4)")
"""Names as the recorder gives them. No dot but the ending's: nothing climbs out by name."""
LAST = "last"
"""Stands for the newest run."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What is told of a run without reading its events."""

    folder: Path
    task: str
    started: str
    """UTC, as in 2026-11-22T11:29:19Z; empty where the run died before it was written."""
    state: State
    reason: str
    steps: int
    seconds: float | None
    seed: int | None

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.name

    def to_json(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        told = {k: v for k, v in vars(self).items() if k != "folder"}
        return {"name": self.name, "run": str(self.folder), **told}


def media_file(runs: Path, folder: Path, name: str) -> Path | None:
    """Return a picture's file, None where there is none or it lies elsewhere.

    Args:
      runs: the only folder that is read.
      folder: of a run, or of a conversation, within it.
      name: of the file, without its folder.
    """
    if PICTURE.fullmatch(name) is None:
        return None
    # Resolved, so that a link inside a run cannot lead out of the runs folder either.
    path = (folder / "media" / name).resolve()
    return path if path.is_relative_to(runs.resolve()) and path.is_file() else None


def list_runs(runs: Path, words: str = "", state: State | None = None) -> list[Run]:
    """Return the runs in a folder, newest first.

    Args:
      runs: the runs folder; a missing one holds none.
      words: all of them must occur in name, task or reason, in any case.
      state: only these.
    """
    wanted = words.lower().split()
    found = [_run(folder) for folder in _records(runs)]
    chosen = [
        r
        for r in found
        if (state is None or r.state == state)
        and all(w in f"{r.name} {r.task} {r.reason}".lower() for w in wanted)
    ]
    # Names begin with the second a run began in; a renamed run still knows it.
    return sorted(chosen, key=lambda r: (r.started, r.name), reverse=True)


def find_run(runs: Path, name: str) -> Path:
    """Return the folder of one run.

    Args:
      runs: the runs folder.
      name: of the run, the beginning of its name, its path, or "last".

    Raises:
      BadInput: no run or several of that name, or one outside the runs folder.
    """
    folders = {f.name: f for f in _records(runs)}
    if name == LAST and folders:
        return list_runs(runs)[0].folder
    if Path(name).name != name:
        path = Path(name).resolve()
        if path.parent != runs.resolve():
            raise BadInput(f"{name!r} is not in the runs folder {str(runs)!r}; see --runs")
        name = path.name
    if name in folders:
        return folders[name]
    alike = sorted(n for n in folders if name and n.startswith(name))
    if len(alike) == 1:
        return folders[alike[0]]
    if alike:
        raise BadInput(f"{len(alike)} runs begin with {name!r}: {', '.join(alike[:5])}")
    raise BadInput(f"no run {name!r} in {str(runs)!r}; `mindseye runs` lists them")


def delete_run(runs: Path, name: str) -> Path:
    """Delete one run with all its files and return the folder that is gone.

    Raises:
      BadInput: as `find_run`, or the files cannot be deleted.
    """
    folder = find_run(runs, name)
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise BadInput(f"cannot delete {str(folder)!r}: {error}") from error
    return folder


def _records(runs: Path) -> Iterator[Path]:
    if not runs.exists():
        return
    try:
        folders = list(runs.iterdir())
    except OSError as error:
        raise BadInput(f"cannot read the runs folder {str(runs)!r}: {error.strerror}") from error
    for folder in folders:
        # A link would lead out of the runs folder, and deleting would follow.
        if not folder.is_symlink() and (folder / "events.jsonl").is_file():
            yield folder


def _run(folder: Path) -> Run:
    config, result = _table(folder / "config.json"), _table(folder / "result.json")
    state: State = "unfinished"
    if result:
        state = "succeeded" if result.get("success") is True else "failed"
    seconds, seed, steps = result.get("seconds"), config.get("seed"), result.get("steps")
    return Run(
        folder=folder,
        task=str(config.get("task", "")),
        started=str(config.get("started", "")),
        state=state,
        reason=str(result.get("reason", "")),
        steps=steps if isinstance(steps, int) else 0,
        seconds=float(seconds) if isinstance(seconds, int | float) else None,
        seed=seed if isinstance(seed, int) else None,
    )


def _table(path: Path) -> dict[str, Any]:
    """Return a JSON object, empty where there is none: one broken run must not hide the others."""
    with contextlib.suppress(OSError, ValueError):
        data = json.loads(path.read_text(encoding="utf-8"))
        return data if isinstance(data, dict) else {}
    return {}
