"""A conversation's process by the contract of `planner.chat.turns`, with no model behind it.

Does at a pace that a test can watch what it is told by words within what is said: "slow"
takes its time, "crash" ends the process, "echo" answers with the text itself.
"""

import importlib.util
import json
import os
import queue
import sys
import threading
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from mindseye.planner.chat.turns import (
    Called,
    Doing,
    Ended,
    Laid,
    Picture,
    Replied,
    Returned,
    Running,
    Said,
    TurnLog,
)
from mindseye.planner.config import Config, merge
from mindseye.planner.events import Acted, Event, Finished, Observed, RunStarted
from mindseye.planner.record import Recorder, new_run_folder


def _conftest() -> ModuleType:
    path = Path(__file__).parents[1] / "conftest.py"
    spec = importlib.util.spec_from_file_location("drawn_runs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Stopped(Exception):
    """The person said stop."""


class Paced(Recorder):
    """A recorder that takes its time, and minds being stopped."""

    pause = 0.0
    stop = threading.Event()
    last: Acted | None = None

    def emit(self, event: Event) -> Event:
        if self.stop.wait(self.pause) and not isinstance(event, Finished):
            self.stop.clear()
            raise Stopped
        if isinstance(event, Acted):
            self.last = event
        return super().emit(event)


class Talk:
    """One conversation."""

    def __init__(self, folder: Path, config: Config) -> None:
        self.log, self.config, self.drawn = TurnLog(folder), config, _conftest()
        self.calls = 0
        self.lay((-0.15, 0.0))

    def lay(self, place: tuple[float, float]) -> None:
        scene = self.drawn.scene_at(place)
        with Recorder(self.log.folder / "drawing") as recorder:
            frame = recorder.frame(self.drawn.draw(scene.layout))
        media = self.log.folder / "media"
        media.mkdir(exist_ok=True)
        (self.log.folder / "drawing" / frame.path).replace(self.log.folder / frame.path)
        self.log.tell(Laid(frame=frame, scene=scene))

    def say(self, text: str) -> None:
        start = time.monotonic()
        self.log.tell(Said(text=text))
        if "crash" in text:
            os._exit(7)
        try:
            replied = Replied(text=text) if "echo" in text else self.task(text)
            how: Any = "done"
        except Stopped:
            replied, how = Replied(text="Stopped."), "stopped"
        self.log.tell(replied)
        self.log.tell(Ended(how=how, seconds=time.monotonic() - start))

    def task(self, text: str) -> Replied:
        self.log.tell(Doing(text="reading the task"))
        self.calls += 1
        call = f"call-{os.getpid()}-{self.calls}"
        self.log.tell(Called(call=call, tool="do", arguments={"task": text}))
        folder = new_run_folder(Path(self.config.runs), text, self.config.seed)
        with Paced(folder) as recorder:
            recorder.pause = 0.5 if "slow" in text else 0.01
            recorder.emit(RunStarted(task=text, seed=7, config=self.config.to_json()))
            self.log.tell(Running(call=call, run=folder.name))
            self.log.tell(Doing(text="picturing what could be done"))
            self.drawn._decision(recorder, text)
            after = self.drawn.scene_at((0.05, 0.1))
            frame = recorder.frame(self.drawn.draw(after.layout))
            recorder.emit(Observed(decision=1, frame=frame, scene=after, progress=1.0))
            recorder.emit(Finished(success=True, reason="success seen", steps=2, seconds=1.0))
        assert recorder.last is not None
        assert recorder.last.clip is not None
        clip = recorder.last.clip
        pictures = (
            Picture(run=folder.name, path=clip.path, sheet=clip.sheet, title="what happened"),
        )
        self.log.tell(
            Returned(call=call, tool="do", text="done", run=folder.name, pictures=pictures)
        )
        self.lay((0.05, 0.1))
        return Replied(text="Done: the red cube stands next to the blue ball.")


def main() -> None:
    folder, settings = Path(sys.argv[1]), json.loads(os.environ["MINDSEYE_CHAT_CONFIG"])
    said: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    talk = Talk(folder, merge(Config(), settings))

    def read() -> None:
        for line in sys.stdin:
            order = json.loads(line)
            if order.get("stop"):
                Paced.stop.set()
            else:
                said.put(order["say"])
        Paced.stop.set()
        said.put(None)

    threading.Thread(target=read, daemon=True).start()
    while (text := said.get()) is not None:
        Paced.stop.clear()
        talk.say(text)


if __name__ == "__main__":
    main()
