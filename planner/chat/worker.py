"""One conversation as a process: `python -m mindseye.planner.chat.worker FOLDER`.

Standard input takes one JSON object a line: `{"say": "..."}` or `{"stop": true}`; its end
ends the process. All that happens is in the folder's log (`mindseye.planner.chat.turns`).
"""

import argparse
import contextlib
import json
import os
import queue
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from mindseye.planner.chat.turns import Ended, Replied, TurnLog
from mindseye.planner.config import Config, merge
from mindseye.planner.registry import import_plugins
from mindseye.tools import cpu
from mindseye.tools.errors import BadInput, MindseyeError, one_line

SETTINGS = "MINDSEYE_CHAT_CONFIG"
"""Variable that holds the settings that differ, as JSON: arguments can be read by others."""


def _orders(stream: TextIO) -> Iterator[dict[str, Any]]:
    """Yield what comes in; a line that is no order is passed over."""
    for line in stream:
        with contextlib.suppress(ValueError):
            order = json.loads(line)
            if isinstance(order, dict):
                yield order


def serve(folder: Path, config: Config, stream: TextIO) -> None:
    """Hold the conversation in `folder` until `stream` ends.

    Raises:
      whatever keeps it from being begun or gone on with; its log says so too.
    """
    from mindseye.planner.chat.conversation import Conversation

    try:
        conversation = Conversation(folder, config)
    except Exception as error:
        reason = one_line(error)
        log = TurnLog(folder)
        log.tell(Replied(text=reason))
        log.tell(Ended(how="failed", reason=reason))
        log.close()
        raise
    waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def forget() -> None:
        """Drop what waits for its turn: who says stop does not want that either."""
        with contextlib.suppress(queue.Empty):
            while True:
                waiting.get_nowait()

    def read() -> None:
        for order in _orders(stream):
            if order.get("stop"):
                forget()
                conversation.stop()
            elif isinstance(order.get("say"), str):
                waiting.put(order["say"])
        forget()
        conversation.stop()
        waiting.put(None)

    threading.Thread(target=read, daemon=True).start()
    with contextlib.closing(conversation):
        while (said := waiting.get()) is not None:
            with contextlib.suppress(BadInput):  # Said by nobody: there is nothing in it.
                conversation.say(said)


def main() -> int:
    """Run the process."""
    parser = argparse.ArgumentParser(description="Hold one conversation.")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    cpu.settle()
    try:
        settings = json.loads(os.environ.pop(SETTINGS, "{}"))
        config = merge(Config(), settings, SETTINGS)
        import_plugins(config.plugins)
        serve(given.folder, config, sys.stdin)
    except (MindseyeError, ValueError) as error:
        sys.stderr.write(f"mindseye: {one_line(error)}\n")
        return getattr(error, "exit_code", 2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
