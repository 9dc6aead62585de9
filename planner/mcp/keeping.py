"""Calls as records in the runs folder, where every other face finds them too."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from mindseye.planner import events as ev
from mindseye.planner.config import Config
from mindseye.planner.mcp.answers import Facts, Reply
from mindseye.planner.mcp.pictures import links
from mindseye.planner.mcp.tables import Table
from mindseye.planner.mcp.work import Call
from mindseye.planner.record import Recorder, new_run_folder, read_record
from mindseye.planner.report import write_report
from mindseye.tools.errors import MindseyeError
from mindseye.tools.values import Frames


@contextlib.contextmanager
def recorded(config: Config, call: Call, task: str) -> Iterator[Recorder]:
    """Keep a record with its report, also of a call that fails or is stopped."""
    folder = new_run_folder(Path(config.runs), task, config.seed)
    try:
        with Recorder(folder, call.job.hear) as recorder:
            yield recorder
    finally:
        # A full disk is told by what it kept from being written.
        with contextlib.suppress(MindseyeError):
            write_report(folder)


@contextlib.contextmanager
def looked(call: Call, task: str, table: Table) -> Iterator[Recorder]:
    """Keep a record of what is done with a table, from the look at it to the end."""
    started = time.monotonic()
    config = table.config
    with recorded(config, call, task) as recorder:
        recorder.emit(ev.RunStarted(task=task, seed=config.seed, config=config.to_json()))
        frame = recorder.frame(table.frame)
        recorder.emit(ev.Observed(decision=0, frame=frame, scene=table.scene))
        yield recorder
        seconds = time.monotonic() - started
        recorder.emit(ev.Finished(success=True, reason=task, steps=0, seconds=seconds))


def reply(facts: Facts, folder: Path, frame: Frames | None, candidate: str | None = None) -> Reply:
    """Return a reply with links to the pictures of a record.

    Args:
      facts: what is answered.
      folder: of the record.
      frame: shown within the answer.
      candidate: leave out the pictures of others; a plan makes dozens.
    """
    events = [
        e
        for e in read_record(folder).events
        if candidate is None or getattr(e, "candidate", candidate) == candidate
    ]
    return Reply(facts=facts, frame=frame, links=links(folder, events))
