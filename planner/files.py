"""Writing so that a reader finds a whole file or line, or none."""

import contextlib
import os
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file beside its place first, and put it there when it is whole.

    Raises:
      OSError: it cannot be written; what stood there still does.
    """
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)


def append_line(descriptor: int, line: bytes) -> None:
    """Append a line to an open file: all of it, or nothing.

    Raises:
      OSError: it cannot be written; the lines before it are intact.
    """
    before = os.fstat(descriptor).st_size
    try:
        rest = line
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError:
        # Half a line would make the next one unreadable; this frees, so it works when full.
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, before)
        raise
