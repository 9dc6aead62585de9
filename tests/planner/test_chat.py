"""Conversations: follow-ups, questions about the scene, and the real agent on a real table.

World, vision and physics are real; the language model is a script.
"""

import contextlib
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
from hypothesis import given
from hypothesis import strategies as st
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
from mindseye.planner.chat.dialogue import Dialogue, Pending, Task, whole
from mindseye.planner.chat.objects import named_objects
from mindseye.planner.chat.seeing import answer
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
from mindseye.planner.language.mentions import Ambiguous
from mindseye.planner.record import read_record
from mindseye.planner.replay import replay
from mindseye.tools.errors import BadInput
from mindseye.tools.goals import Goal
from mindseye.tools.values import scene_of

NAMES = ("red cube", "yellow cube", "blue ball", "red ball", "green star")
SCENE = scene_of(
    {
        "red cube": (-0.2, 0.0), "yellow cube": (0.2, -0.2), "blue ball": (0.0, 0.0),
        "red ball": (0.2, 0.2), "green star": (0.09, 0.0),
    }
)  # fmt: skip


def goal(**item: str) -> Goal:
    return Goal.model_validate({"all": [item]})


def done(goal_: Goal, words: str = "...", **moved: tuple[float, float]) -> Dialogue:
    """Return what is remembered after a task that moved the red cube."""
    after = {**SCENE.layout, "red cube": (-0.1, 0.0)}
    task = Task(words=words, goal=goal_, run="r", before=SCENE.layout, after=after)
    return Dialogue(tasks=(task,), focus=("red cube",), run="r")


NEXT_TO = done(
    goal(relation="near", subject="red cube", object="green star"),
    "push the red cube next to the green star",
)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("push the blue ball left", "push the blue ball left"),
        ("and the blue ball too", "push the blue ball next to the green star"),
        ("Now the yellow one, please.", "push the yellow cube next to the green star"),
        ("same with the blue ball and the red ball",
         "push the blue ball next to the green star and push the red ball next to the green star"),
        ("the other cube", "push the yellow cube next to the green star"),
        ("and the other one?", "push the yellow cube next to the green star"),
        ("no, i meant the blue ball", "push the blue ball next to the green star"),
        ("what about the blue one", "push the blue ball next to the green star"),
        ("again", "push the red cube next to the green star"),
        ("ok, do it once more please", "push the red cube next to the green star"),
        ("not there, behind the blue ball", "push the red cube behind the blue ball"),
        ("rather to the left", "push the red cube to the left"),
        ("push it to the top", "push the red cube to the top"),
        ("put the blue ball behind it", "put the blue ball behind it"),
        ("it should stand behind the star", "the red cube should stand behind the star"),
        ("right of the blue ball", "push the red cube right of the blue ball"),
        ("not there, next to the blue ball", "push the red cube next to the blue ball"),
        ("no balls on the left", "no balls on the left"),
        ("no, not the red cube, the blue ball", "push the blue ball next to the green star"),
        ("the blue ball, not the yellow one", "push the blue ball next to the green star"),
        ("push that blue ball left", "push that blue ball left"),
        ("make sure that the yellow cube is left of the star",
         "make sure that the yellow cube is left of the star"),
        ("put the yellow cube next to the other cube",
         "put the yellow cube next to the red cube"),
        ("push it further away from the blue ball",
         "push the red cube further away from the blue ball"),
    ],
)  # fmt: skip
def test_a_follow_up_becomes_a_whole_order(words: str, meant: str) -> None:
    order = whole(words, NEXT_TO, NAMES)
    assert (order.words, order.to) == (meant, None)


@pytest.mark.parametrize(
    "words", ["go ahead", "Sounds good, do it.", "Yes, do it!", "do that, please", "go for it"]
)
def test_what_was_planned_or_pictured_is_done_on_request(words: str) -> None:
    planned = NEXT_TO.model_copy(update={"proposed": "push the blue ball left"})
    assert whole(words, planned, NAMES).words == "push the blue ball left"


def test_further_goes_on_along_the_way() -> None:
    order = whole("a bit further", NEXT_TO, NAMES)
    assert order.to is not None
    name, (x, y) = order.to
    assert (name, round(x, 3), round(y, 3)) == ("red cube", -0.02, 0.0)


def test_an_answer_to_which_completes_the_pending_order() -> None:
    asked = Dialogue(
        pending=Pending(
            words="roll the ball left", phrase="ball", options=("blue ball", "red ball")
        )
    )
    assert whole("the red one", asked, NAMES).words == "roll the red ball left"
    assert whole("blue, please", asked, NAMES).words == "roll the blue ball left"
    # Another order is no answer, nor is a question.
    for said in ("push the red ball right", "where's the red ball"):
        assert whole(said, asked, NAMES).words == said
    said = "push the green star next to the yellow cube"
    assert whole(said, asked, NAMES).words == said


@pytest.mark.parametrize(
    ("words", "phrase", "answered", "meant"),
    [
        ("push the red ball next to the ball", "ball", "the blue one",
         "push the red ball next to the blue ball"),
        ("and the other one", "other one", "the blue one",
         "push the blue ball next to the green star"),
        ("push the cuve left", "cube", "the yellow one", "push the yellow cube left"),
    ],
)  # fmt: skip
def test_the_answer_to_which_goes_where_the_doubt_was(
    words: str, phrase: str, answered: str, meant: str
) -> None:
    pending = Pending(words=words, phrase=phrase, options=("blue ball", "yellow cube"))
    dialogue = NEXT_TO.model_copy(update={"pending": pending})
    assert whole(answered, dialogue, NAMES).words == meant


def test_after_undoing_a_follow_up_means_what_was_undone() -> None:
    at = goal(relation="at", subject="red cube", place=(-0.2, 0.0))  # type: ignore[arg-type]
    (task,) = (t.model_copy(update={"undone": True}) for t in NEXT_TO.tasks)
    back = task.model_copy(update={"words": "put the red cube back", "goal": at})
    dialogue = NEXT_TO.model_copy(update={"tasks": (task, back)})
    assert whole("again", dialogue, NAMES).words == "push the red cube next to the green star"
    said = whole("the blue ball instead", dialogue, NAMES)
    assert said.words == "push the blue ball next to the green star"


def test_further_takes_a_direction_and_stays_on_the_table() -> None:
    order = whole("a bit further left", NEXT_TO, NAMES)
    assert order.to is not None
    assert order.to[1] == pytest.approx((-0.18, 0.0))
    with pytest.raises(BadInput, match="not moved last"):
        whole("push the green star further", NEXT_TO, NAMES)
    task = NEXT_TO.tasks[0]
    rim = task.model_copy(update={"after": {**task.after, "red cube": (0.28, 0.0)}})
    with pytest.raises(BadInput, match="edge"):
        whole("a bit further", NEXT_TO.model_copy(update={"tasks": (rim,)}), NAMES)


@pytest.mark.parametrize("words", ["again", "the blue one too", "to the left"])
def test_what_follows_on_nothing_says_so(words: str) -> None:
    with pytest.raises(BadInput, match="say"):
        whole(words, Dialogue(), NAMES)


def test_the_other_one_of_many_is_asked_for() -> None:
    with pytest.raises(Ambiguous) as doubt:
        whole("and the other one", NEXT_TO.of(["green star"]), NAMES)
    assert len(doubt.value.options) > 1


_VOCABULARY = (
    "the other one red blue cube cubes ball it that again further left behind to and now too "
    "no same with push put not there everything them a bit more undo"
)
_WORDS = st.lists(st.sampled_from(_VOCABULARY.split(" ")), max_size=9).map(" ".join)


@given(_WORDS)
def test_any_words_become_an_order_or_one_clear_line(words: str) -> None:
    with contextlib.suppress(BadInput):
        order = whole(words, NEXT_TO, NAMES)
        assert order.words == " ".join(order.words.split())


def _understood(order: str, names: Sequence[str]) -> Goal:
    """Read the orders that the questions below become."""
    match = re.fullmatch(
        r"put (?:the )?(\w+ \w+) (left of|right of|next to|near) (?:the )?(.*)", order
    )
    if match is None:
        raise BadInput("not understood")
    relation = {"left of": "left_of", "right of": "right_of"}.get(match[2], "near")
    return goal(relation=relation, subject=match[1], object=match[3])


@pytest.mark.parametrize(
    ("question", "said", "about"),
    [
        (
            "How many balls are there?",
            "2: the blue ball and the red ball.",
            ("blue ball", "red ball"),
        ),
        ("count the red things", "2: the red cube and the red ball.", ("red cube", "red ball")),
        ("how many objects do you see", "5: .*", NAMES),
        ("Is there a purple cylinder?", "No.", ()),
        ("do you see any stars", "Yes: the green star.", ("green star",)),
        ("What colour is the star?", "Green.", ("green star",)),
        ("which one is the leftmost", "The red cube is furthest left.", ("red cube",)),
        ("what is closest to the left edge", "The red cube is furthest left.", ("red cube",)),
        ("what is furthest to the right?", ".* is furthest right.", None),
        ("which ball is farthest back?", "The red ball is furthest back.", ("red ball",)),
        ("what is nearest to the blue ball?", "The green star is nearest .* 9 cm away.", None),
        ("what's farthest from the blue ball?", "The (yellow cube|red ball) is farthest .*", None),
        ("what is next to the blue ball?", "The green star.", ("green star", "blue ball")),
        ("what is left of the blue ball", "The red cube.", ("red cube", "blue ball")),
        ("Is the green star near the blue ball?", "Yes: .*", None),
        ("is the red cube right of the blue ball", "No: .*", None),
        ("Where is the green star?", "The green star is .*9 cm right.*", ("green star",)),
        ("Describe what you see.", "I see the red cube .*", NAMES),
        ("how many things are left of the blue ball", "1: the red cube.", None),
        ("how many cubes and balls are there", "4: .*", None),
        ("how many pink things are there", "None.", ()),
        ("how many pyramids do you see", "None.", ()),
        ("how many objects besides the star", "4: .*", None),
        ("Is there an orange cube?", "No.", ()),
        ("is there a cube next to the blue ball", "No.", ("blue ball",)),
        ("can you see any balls?", "Yes: the blue ball and the red ball.", None),
        ("which ball is left of the green star", "The blue ball.", None),
        ("is the green star the leftmost thing?", "No: the red cube is furthest left.", None),
        ("what colour is the leftmost object", "The red cube is .*", None),
        ("what colour is the object nearest to the star", "The blue ball is nearest .*", None),
        ("how far is the red cube from the blue ball", "The red cube is 20 cm from .*", None),
        ("is the star red?", "No: I see the green star.", None),
        (
            "which is nearest to the blue ball, the red cube or the yellow cube",
            "The red cube is nearest .* 20 cm away.",
            None,
        ),
    ],
)
def test_questions_about_the_scene(question: str, said: str, about: Sequence[str] | None) -> None:
    seen = answer(question, SCENE, _understood)
    assert re.fullmatch(said, seen.text), seen.text
    assert about is None or tuple(seen.about) == tuple(about)


def test_a_question_about_what_is_not_there_says_what_is() -> None:
    with pytest.raises(BadInput, match="no purple"):
        answer("where is the purple cube?", SCENE, _understood)


def test_objects_that_an_order_to_lay_names() -> None:
    assert named_objects("three cubes and a red ball") == (
        "red cube", "green cube", "blue cube", "red ball",
    )  # fmt: skip
    assert named_objects("start over") is None
    assert named_objects("a blue box with a lilac star") == ("blue cube", "purple star")
    with pytest.raises(BadInput, match="5 colours"):
        named_objects("six balls")


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
