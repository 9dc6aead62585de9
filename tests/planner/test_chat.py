"""Conversations: the real agent on a real table, the log of turns, the terminal, the process.

World, vision and physics are real; the language model is a script.
"""

import json
import os
import re
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool
from PIL import Image
from pydantic import Field

from mindseye.planner.chat import conversation
from mindseye.planner.chat.caller import call_schema, spans
from mindseye.planner.chat.conversation import Conversation
from mindseye.planner.chat.data import OWN_TOOLS, call_examples
from mindseye.planner.chat.terminal import Terminal, blocks
from mindseye.planner.chat.tools import OWN
from mindseye.planner.chat.turns import (
    Called,
    Ended,
    Laid,
    Replied,
    Returned,
    Running,
    Said,
    Turn,
    TurnLog,
    read_turns,
)
from mindseye.planner.config import Config
from mindseye.planner.record import read_record
from mindseye.planner.replay import replay
from mindseye.tools.errors import BadInput

OBJECTS = ("red cube", "blue ball", "yellow star")
LEFT = {"relation": "in_area", "subject": "red cube", "area": "left"}
RIGHT = {"relation": "in_area", "subject": "red cube", "area": "right"}


def config(folder: Path, calls: Sequence[Any], goals: Sequence[Any] = (), **more: Any) -> Config:
    """Return settings with a scripted model that makes these calls."""
    answers = {
        "call": [c if isinstance(c, dict) else {"call": c} for c in calls],
        "goal": [{"all": [g]} for g in goals] or [{"all": [LEFT]}],
        "subgoals": [{"subgoals": [
            {"move": "red cube", "relation": "in_area", "area": a} for a in ("left", "right")
        ]}],
        "check": [{"tools": "physics"}], "choice": [{"choice": 1}],
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "script.json"
    script.write_text(json.dumps({"answers": answers}))
    return Config(
        model=f"scripted:{script}", objects=OBJECTS, seed=3, tools="physics", threads=1,
        runs=str(folder / "runs"), **more,
    )  # fmt: skip


Talk = Callable[..., Conversation]
PLUGIN = '''
from mindseye import register_tool


@register_tool
def weigh(what: str) -> str:
    """Weigh something."""
    return f"the {what} weighs 50 g"
'''


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    held: list[Conversation] = []

    def begin(calls: Sequence[Any], goals: Sequence[Any] = (), **named: Any) -> Conversation:
        folder = tmp_path / "runs" / "chats" / "one"
        held.append(Conversation(folder, config(tmp_path, calls, goals), **named))
        return held[-1]

    yield begin
    for one in held:
        one.close()


def turns(tmp_path: Path) -> list[Turn]:
    return read_turns(tmp_path / "runs" / "chats" / "one")[0]


@pytest.mark.slow
def test_a_task_is_done_told_undone_and_gone_on_with_after_a_restart(
    talk: Talk, tmp_path: Path
) -> None:
    first = talk(["act", "why", "show"])
    start = first.table.look().layout
    assert "Done: red cube in the left area" in first.say("push the red cube left")
    assert re.search(r"Step 1: push the red cube .*worth \d", first.say("why so?"))
    assert "what happened in step 1" in first.say("show me")
    first.close()
    record = read_record(tmp_path / "runs" / first.abilities.dialogue.run)
    assert record.result is not None
    assert record.result.success

    again = talk(["undo", "undo"])
    assert (again.table.frame == first.table.frame).all()
    assert "Done" in again.say("put it back")
    back = again.table.look().layout
    assert max(abs(back["red cube"][i] - start["red cube"][i]) for i in (0, 1)) < 0.05
    assert "nothing to undo" in again.say("put it back")
    with pytest.raises(BadInput, match="conversation's table"):
        replay(tmp_path / "runs" / again.abilities.dialogue.run)

    told = turns(tmp_path)
    kinds = [t.kind for t in told if t.kind not in ("doing", "laid")]
    assert kinds[:6] == ["said", "called", "running", "returned", "replied", "ended"]
    assert {t.how for t in told if isinstance(t, Ended)} == {"done"}
    shown = next(t for t in told if isinstance(t, Returned) and t.tool == "show").pictures
    assert (tmp_path / "runs" / shown[0].run / shown[0].path).stat().st_size > 1000
    scenes = [t.scene for t in told if isinstance(t, Laid)]
    assert scenes[0] != scenes[1]


@pytest.mark.slow
def test_stop_ends_a_task_within_a_second_and_leaves_everything_sane(
    talk: Talk, tmp_path: Path
) -> None:
    stopped: list[float] = []

    def stop() -> None:
        stopped.append(time.monotonic())
        held.stop()

    def stop_when_it_acts(turn: Turn) -> None:
        if turn.kind == "doing" and turn.text == "acting":
            threading.Timer(0.1, stop).start()

    held = talk(["act", "look"], on_turn=stop_when_it_acts)
    assert held.say("push the red cube left") == "Stopped."
    assert stopped
    assert time.monotonic() - stopped[0] < 10  # A second on a quiet machine.
    run = next(t.run for t in turns(tmp_path) if isinstance(t, Running))
    result = read_record(tmp_path / "runs" / run).result
    assert result is not None
    assert not result.success
    assert held.table.observation["pusher"][2] > 0.1
    # The talk goes on, with the same model and history.
    assert "I see" in held.say("what do you see?")


@pytest.mark.slow
def test_what_was_stopped_can_be_undone_and_its_table_is_held_by_one(
    talk: Talk, tmp_path: Path
) -> None:
    def stop_in_the_push() -> None:
        while held.table.observation["pusher"][2] > 0.08:
            time.sleep(0.002)
        time.sleep(0.1)
        held.stop()

    held = talk(["act", "undo", "look", "look"])
    start = held.table.look().layout["red cube"]
    with pytest.raises(BadInput, match="another process"):
        Conversation(tmp_path / "runs" / "chats" / "one", held.config)
    threading.Thread(target=stop_in_the_push, daemon=True).start()
    assert held.say("push the red cube left") == "Stopped."
    there = held.table.look().layout["red cube"]
    said = held.say("undo that")
    back = held.table.look().layout["red cube"]
    moved = max(abs(there[i] - start[i]) for i in (0, 1)) > 0.035
    assert ("nothing to undo" in said) != moved
    assert max(abs(back[i] - start[i]) for i in (0, 1)) < 0.05
    # A crash in the middle of a line is a step that was not done.
    with (tmp_path / "runs" / "chats" / "one" / "table.jsonl").open("a") as file:
        file.write('{"act": [0.')
    held.close()
    again = talk(["look"])
    assert (again.table.frame == held.table.frame).all()


@pytest.mark.slow
def test_what_cannot_be_done_is_told_and_asked_back(talk: Talk, tmp_path: Path) -> None:
    seen: list[str] = []

    @tool
    def weigh(what: str, times: int) -> str:
        """Weigh an object several times."""
        seen.append(what)
        if times > 3:
            raise RuntimeError("the scale is [/red] broken")
        return f"the {what} weighs 50 g"

    held = talk(
        [
            {"call": "weigh", "arguments": {"what": "cube", "times": 2}},
            {"call": "weigh", "arguments": {"what": "cube", "times": 9}},
            "act", "lay", "act", "act", *3 * ["nonsense"], "undo",
        ],
        goals=[LEFT], tools=[weigh],
    )  # fmt: skip
    assert held.say("weigh the cube twice") == "the cube weighs 50 g"
    assert "the scale is [/red] broken" in held.say("weigh the cube 9 times")
    assert "no purple ball" in held.say("push the purple ball left")
    assert "the red cube, the blue cube" in held.say("lay a red cube and a blue cube")
    assert "say which" in held.say("push the cube left")
    assert "Done" in held.say("the red one")
    assert "no usable answer" in held.say("<script>alert(1)</script>")
    assert "Done" in held.say("back with it")
    failed = [t for t in turns(tmp_path) if isinstance(t, Ended) and t.how == "failed"]
    assert len(failed) == 1
    for nothing in ("", " ?! ", "x" * 3000):
        with pytest.raises(BadInput):
            held.say(nothing)


class Reading(BaseChatModel):
    """Calls a tool each turn, and keeps what it was given to read."""

    read: list[list[BaseMessage]] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "reading"

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        self.read.append(messages)
        last = messages[-1]
        said = AIMessage("", tool_calls=[{"name": "look", "args": {"question": "?"}, "id": "1"}])
        if isinstance(last, ToolMessage):
            said = AIMessage(str(last.text))
        return ChatResult(generations=[ChatGeneration(message=said)])


@pytest.mark.slow
def test_a_model_reads_the_last_turns_only_and_no_call_without_its_answer(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "MOST_READ", 6)
    model = Reading()
    held = talk([], model=model)
    for k in range(4):
        held.say(f"what do you see, {k}?")
    assert max(len(m) for m in model.read) <= 7  # With the system's.
    assert [type(m) for m in model.read[-1][:2]] == [SystemMessage, HumanMessage]
    messages = held._agent.get_state(held._thread).values["messages"]
    assert len(messages) == 16
    # The process is killed while a tool works.
    open_call = AIMessage("", tool_calls=[{"name": "look", "args": {}, "id": "cut"}])
    held._agent.update_state(
        held._thread, {"messages": [HumanMessage("look"), open_call]}, as_node="model"
    )
    held.close()
    again = talk([], model=model)
    again.say("go on")
    cut = [m for m in model.read[-1] if isinstance(m, ToolMessage) and m.tool_call_id == "cut"]
    assert [m.text for m in cut] == ["cut off"]


@pytest.mark.slow
def test_a_worker_process_holds_a_conversation(tmp_path: Path) -> None:
    weigh = {"call": "weigh", "arguments": {"what": "hello"}}
    settings = config(tmp_path, ["talk", weigh], plugins=("scales",)).to_json()
    (tmp_path / "scales.py").write_text(PLUGIN)
    folder = tmp_path / "runs" / "chats" / "two"
    command = [sys.executable, "-m", "mindseye.planner.chat.worker", str(folder)]
    given: Any = {"text": True, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    given["env"] = {**os.environ, "MINDSEYE_CHAT_CONFIG": json.dumps(settings)}
    given["env"]["PYTHONPATH"] = str(tmp_path)
    with subprocess.Popen(command, stdin=subprocess.PIPE, **given) as process:
        assert process.stdin is not None
        process.stdin.write(
            'not json\n{"stop": true}\n{"say": " "}\n{"say": "hello"}\n{"say": "weigh hello"}\n'
        )
        process.stdin.flush()
        end = time.monotonic() + 200
        while sum(isinstance(t, Ended) for t in read_turns(folder)[0]) < 2:
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.1)
        out, errors = process.communicate('{"say": "never heard"}\n', timeout=200)
    assert (process.returncode, out) == (0, ""), errors
    told, _ = read_turns(folder)
    assert [t.text for t in told if isinstance(t, Said)][:1] == ["hello"]
    said, weighed = [t.text for t in told if isinstance(t, Replied)][:2]
    assert "table" in said
    assert weighed == "the hello weighs 50 g"
    (folder / "table.jsonl").write_text("garbage\n")
    done = subprocess.run(command, input="", timeout=200, **given)
    assert done.returncode == 2
    assert "begin a new conversation" in done.stderr


def test_the_log_is_read_as_it_grows_and_over_what_a_crash_left(tmp_path: Path) -> None:
    log = TurnLog(tmp_path)
    log.tell(Said(text="one"))
    first, at = read_turns(tmp_path)
    with (tmp_path / "turns.jsonl").open("a") as file:
        file.write('{"kind": "sa\n{"half')
    log.tell(Called(call="c", tool="look", arguments={}))
    log.tell(Replied(text="two"))
    log.close()
    later, _ = read_turns(tmp_path, at)
    with (tmp_path / "turns.jsonl").open("a") as file:
        file.write('{"half')
    again = TurnLog(tmp_path)
    again.tell(Said(text="three"))
    again.close()
    assert [t.kind for t in read_turns(tmp_path)[0]] == ["said", "replied", "said"]
    assert [t.kind for t in first] == ["said"]
    assert [t.kind for t in later] == ["replied"]
    assert read_turns(tmp_path / "nowhere") == ([], 0)


@pytest.mark.parametrize("rich", [True, False])
def test_the_terminal_shows_hostile_text_as_text(tmp_path: Path, rich: bool) -> None:
    stream = StringIO()
    terminal = Terminal(tmp_path, stream, rich=rich)
    terminal.begin(tmp_path)
    hostile = "[/red] [link=x] \x1b[2J\x07 <script>"
    terminal(Called(call="c", tool=hostile, arguments={"a": hostile}))
    terminal(Returned(call="c", tool="x", text=hostile, failed=True))
    terminal(Replied(text=hostile))
    terminal.close()
    shown = stream.getvalue()
    assert shown.count("[/red]") == 4
    assert "\x1b[2J" not in shown
    assert "\x07" not in shown


def test_a_picture_is_shown_in_the_terminal(tmp_path: Path) -> None:
    image = np.zeros((4, 2, 3), np.uint8)
    image[1] = (255, 0, 0)
    Image.fromarray(image).save(tmp_path / "a.png")
    text = blocks(tmp_path / "a.png", 2)
    assert text.plain == "▀▀\n▀▀\n"
    assert str(text.spans[0].style) == "#000000 on #ff0000"
    (tmp_path / "b.png").write_text("no picture")
    with pytest.raises(BadInput, match="cannot read"):
        blocks(tmp_path / "b.png", 2)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_chat_in_a_real_terminal(tmp_path: Path) -> None:
    import pty

    settings = config(tmp_path, ["talk", "look"])
    (tmp_path / "config.json").write_text(json.dumps(settings.to_json()))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "mindseye.planner.cli", "chat", "--config", "config.json"]
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    process = subprocess.Popen(
        command, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    shown = ""

    def wait_for(text: str) -> None:
        nonlocal shown
        end = time.monotonic() + 120
        while text not in shown:
            assert time.monotonic() < end, shown[-2000:]
            if select.select([ours], [], [], 1)[0]:
                shown += os.read(ours, 65536).decode(errors="replace")
            if "\x1b[6n" in shown:  # A terminal is asked where its cursor stands.
                shown = shown.replace("\x1b[6n", "")
                os.write(ours, b"\x1b[1;1R")

    wait_for("says what can be said")
    os.write(ours, b"hello\r")
    wait_for("give me a task")
    os.write(ours, b"what do you see?\r")
    wait_for("I see the ")
    os.write(ours, b"/quit\r")
    wait_for("--resume")
    assert process.wait(60) == 0
    os.close(ours)
    assert "hello" in (tmp_path / "runs" / "chats" / "history").read_text()


def test_examples_ask_as_the_conversation_asks_and_answers_fit() -> None:
    made = list(call_examples(150, 4))
    called = {json.loads(e.answer)["call"] for e in made}
    assert {*OWN, "talk"} <= called
    assert len(called) > len(OWN) + 1  # Other people's tools too.
    assert tuple(t["name"] for t in OWN_TOOLS) == OWN
    schema = call_schema(OWN_TOOLS, "whatever")
    assert [o["properties"]["call"]["enum"] for o in schema["anyOf"]] == [
        ["talk"],
        *([n] for n in OWN),
    ]


def test_sayings_of_dev_are_not_in_train() -> None:
    import mindseye.planner.chat as package

    folder = Path(next(iter(package.__path__))) / "sayings"
    kinds = {p.name for p in (folder / "train").iterdir()}
    assert kinds == {p.name for p in (folder / "dev").iterdir()}
    for kind in kinds:
        train, dev = (
            {line.casefold() for line in (folder / s / kind).read_text().splitlines()}
            for s in ("train", "dev")
        )
        assert len(train) > 200
        assert not train & dev


def test_arguments_are_runs_of_the_persons_words() -> None:
    assert "New York" in spans("What's the weather in New York, please?")
    assert spans("!?") == ["!?"]
