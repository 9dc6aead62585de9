"""The real server, but for the process behind a conversation: see `web_worker`."""

import contextlib
import sys
from pathlib import Path

from mindseye.planner.config import Config
from mindseye.planner.web.server import serve

if __name__ == "__main__":
    command = (sys.executable, str(Path(__file__).with_name("web_worker.py")))
    with contextlib.suppress(KeyboardInterrupt):
        serve(
            Config(runs=sys.argv[1]), host="127.0.0.1", port=0, password=sys.argv[2] or None,
            models=("other",), most=3, command=command,
            say=lambda text: print(text, flush=True),  # noqa: T201
        )  # fmt: skip
