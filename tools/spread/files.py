"""Files that workers make and this process writes: no folder needs to be shared with them."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from mindseye.tools.errors import Unavailable
from mindseye.tools.spread.crews import Where, make_crew
from mindseye.tools.spread.giving import spread
from mindseye.tools.spread.interface import Job, Work
from mindseye.tools.spread.view import View


def spread_files(
    folder: Path, wanted: Mapping[str, tuple[Any, ...]], make: Callable[..., Any], where: Where,
    what: str,
) -> Iterator[str]:  # fmt: skip
    """Make files, each whole or not at all, and yield the name of each that is there.

    Args:
      folder: that they are written to.
      wanted: name of a file -> arguments of `make` behind its path.
      make: writes one file. A function of a module, or a partial of one.
      where: who calls it.
      what: the files are called in the view.

    Raises:
      Unavailable: no workers, or files that cost every worker its life; the others are there.
    """
    work = Work(start=_nothing, do=partial(_content, make))
    jobs = (Job(name=name, given=(name, arguments)) for name, arguments in wanted.items())
    view, lost = View(what, len(wanted)), []
    with contextlib.closing(spread(make_crew(work, where, here=True), jobs, watch=view)) as results:
        for done in results:
            if done.lost:
                lost.append(f"{done.name}: {done.lost}")
                continue
            part = (folder / done.name).with_suffix(".part")
            part.write_bytes(done.value)
            os.replace(part, folder / done.name)
            yield done.name
    view.close()
    if lost:
        raise Unavailable(
            f"{len(lost)} of {len(wanted)} files could not be made; the same command tries them "
            f"again. {lost[0]}"
        )


def _nothing() -> None:
    return None


def _content(make: Callable[..., Any], started: None, given: tuple[str, tuple[Any, ...]]) -> bytes:
    name, arguments = given
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        make(path, *arguments)
        return path.read_bytes()
