"""One conversation: an agent over the abilities, durable, that tells all it does as it does it."""

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage, trim_messages
from langchain_core.tools import BaseTool
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.errors import GraphBubbleUp, GraphRecursionError
from langgraph.types import Command

from mindseye.planner import events as ev
from mindseye.planner.chat.abilities import Abilities, Hooks, Told
from mindseye.planner.chat.caller import load_caller
from mindseye.planner.chat.table import KeptTable
from mindseye.planner.chat.tools import tools_of
from mindseye.planner.chat.turns import (
    Called,
    Doing,
    Ended,
    Laid,
    OnTurn,
    Replied,
    Returned,
    Running,
    Said,
    Turn,
    TurnLog,
    checked_words,
)
from mindseye.planner.config import Config
from mindseye.planner.live import doing
from mindseye.planner.loaded import Models
from mindseye.planner.record import save_frame
from mindseye.planner.registry import registered_tools
from mindseye.planner.streaming import Streaming
from mindseye.tools.errors import BadInput, MindseyeError, WorldFailed, one_line
from mindseye.tools.prompting import render

MOST_STEPS = 24
"""Calls of the model and of tools in one turn."""
MOST_READ = 64
"""Messages of the past that the model is told."""
MEMORY = "memory.sqlite"


class Stopped(MindseyeError):
    """The person said stop."""


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes out of a conversation's folder.

    Raises:
      BadInput: one is in it.
    """
    try:
        with FileLock(folder / "lock", timeout=0):
            yield
    except Timeout:
        raise BadInput(
            f"the conversation {folder.name} is held by another process; end that first"
        ) from None


class Conversation:
    """A talk about one table: tasks, follow-ups, questions, what-ifs.

    All that happens is told as events of `mindseye.planner.chat.turns`, to `on_turn`
    and to the folder's log. The same folder goes on later where it ended.

    Args:
      folder: of the conversation; made if it is missing.
      config: settings; those of the table count when it is laid first.
      tools: further tools that the language model may call, beside those of `register_tool`.
      model: decides which tool is called; None takes the config's.
      models: of the config, shared with other conversations of this process; None loads its own.
      on_turn: called with every event, in the thread that `say` is called in.

    Raises:
      BadInput: the folder holds a conversation that cannot be gone on with.
      Unavailable: a model is not there.
    """

    def __init__(
        self,
        folder: Path,
        config: Config | None = None,
        *,
        tools: Sequence[BaseTool] = (),
        model: BaseChatModel | None = None,
        models: Models | None = None,
        on_turn: OnTurn | None = None,
    ) -> None:
        self.config = config or Config()
        self._stop, self._turn = threading.Event(), threading.Lock()
        self._halted = False
        self._doing, self._call = "", ""
        self._thread: Any = {"configurable": {"thread_id": folder.name}}
        with contextlib.ExitStack() as opened:
            self._log = TurnLog(folder, on_turn)
            opened.callback(self._log.close)
            opened.enter_context(_alone(folder))
            self.models = models or Models(self.config)
            self.table = KeptTable(folder, self.config, self.models.vision, self._check)
            opened.callback(self.table.close)
            hooks = Hooks(event=self._hear, began=self._began)
            self.abilities = Abilities(folder, self.config, self.models, self.table, hooks)
            memory = sqlite3.connect(folder / MEMORY, check_same_thread=False)
            opened.callback(memory.close)
            self._agent: Any = create_agent(
                model or load_caller(self.config),
                [*tools_of(self.abilities), *registered_tools(), *tools],
                system_prompt=render("conversation"),
                middleware=[_Telling(self)],
                checkpointer=SqliteSaver(memory),
            )
            self._mend_memory()
            self.show_table()
            self._opened = opened.pop_all()

    def say(self, text: str) -> str:
        """Take a person's turn and return the answer; whatever happens is told on the way.

        Raises:
          BadInput: there is nothing in the text, or too much, or a turn is at work already.
        """
        words = checked_words(text)
        if not self._turn.acquire(blocking=False):
            raise BadInput("a turn is at work; wait for its end, or stop it")
        try:
            return self._take(words)
        finally:
            self._turn.release()

    def _take(self, words: str) -> str:
        self._stop.clear()
        self._halted = False
        self._log.tell(Said(text=words))
        started = time.monotonic()
        how: Literal["done", "stopped", "failed"] = "failed"
        reason, reply = "interrupted", "Interrupted."
        try:
            self._tell_doing("thinking")
            reply = self._answer(words)
            how, reason = "done", ""
        except Stopped:
            how, reason, reply = "stopped", "", "Stopped."
        except GraphRecursionError:
            reason = reply = f"Gave up after {MOST_STEPS} calls of tools."
        except Exception as error:  # Also a bug of ours or a plug-in's: the talk goes on.
            reason = reply = one_line(error)
        finally:
            if how != "done":
                # A turn must end, whatever else is broken.
                with contextlib.suppress(MindseyeError, sqlite3.Error, OSError):
                    self._mend()
            self._log.tell(Replied(text=reply))
            seconds = round(time.monotonic() - started, 3)
            self._log.tell(Ended(how=how, reason=reason, seconds=seconds))
        return reply

    def stream(self, text: str) -> Streaming[Turn, str]:
        """Take a turn in a thread; iterate over its events, then read `result`.

        Raises:
          BadInput: while iterating, as `say`.
        """

        def work(tell: OnTurn) -> str:
            with self._log.heard_by(tell):
                return self.say(text)

        return Streaming(work)

    async def asay(self, text: str) -> str:
        """Take a turn without blocking the event loop; see `say`."""
        return await asyncio.to_thread(self.say, text)

    def _answer(self, words: str) -> str:
        settings = {**self._thread, "recursion_limit": MOST_STEPS}
        message = HumanMessage(words)
        for _ in self._agent.stream({"messages": [message]}, settings, stream_mode="updates"):
            self._check()
        last = self._agent.get_state(self._thread).values["messages"][-1]
        return str(last.text) if isinstance(last, AIMessage) else ""

    def _mend(self) -> None:
        """Leave world and memory as a turn that was cut off should: nothing half done."""
        self._stop.clear()
        self._mend_memory()
        if self.table.touched:
            try:
                self.table.raise_pusher()
            except WorldFailed:
                self.table.restore()
            self.show_table()

    def _mend_memory(self) -> None:
        """Answer the calls that were cut off: providers refuse a history with open ones."""
        messages = self._agent.get_state(self._thread).values.get("messages") or []
        asked = [c for m in messages if isinstance(m, AIMessage) for c in m.tool_calls]
        answered = {m.tool_call_id for m in messages if isinstance(m, ToolMessage)}
        cut = [
            ToolMessage("cut off", tool_call_id=c["id"] or "", status="error")
            for c in asked
            if c["id"] not in answered
        ]
        if cut:
            self._agent.update_state(self._thread, {"messages": cut}, as_node="tools")

    def stop(self) -> None:
        """Stop the turn that is at work, from another thread."""
        self._stop.set()

    def _check(self) -> None:
        if self._stop.is_set():
            # Once, so that the record can still be closed in order.
            self._stop.clear()
            self._halted = True
            raise Stopped("stopped")

    def _hear(self, event: ev.Event) -> None:
        self._tell_doing(doing(event))
        self._check()

    def _tell_doing(self, text: str) -> None:
        if text != self._doing:
            self._doing = text
            self._log.tell(Doing(text=text))

    def _began(self, run: str) -> None:
        self._log.tell(Running(call=self._call, run=run))

    def show_table(self) -> None:
        """Tell how the table stands now."""
        frame = save_frame(self._log.folder, self.table.frame)
        self._log.tell(Laid(frame=frame, scene=self.table.look()))

    def called(self, call: str, tool: str, arguments: dict[str, Any]) -> None:
        """Tell that a tool is called.

        Raises:
          Stopped: also the second of several that a model called at once.
        """
        self._check()
        if self._halted:
            raise Stopped("stopped")
        self._call = call
        self._log.tell(Called(call=call, tool=tool, arguments=arguments))

    def returned(self, tool: str, message: ToolMessage) -> None:
        """Tell what a tool returned."""
        told = message.artifact if isinstance(message.artifact, Told) else Told(text="")
        self._log.tell(
            Returned(
                call=message.tool_call_id, tool=tool, text=str(message.text), run=told.run,
                failed=message.status == "error", pictures=told.pictures,
            )
        )  # fmt: skip
        if told.changed:
            self.show_table()

    def close(self) -> None:
        """End it; its folder can be gone on with."""
        self._opened.close()


class _Telling(AgentMiddleware):
    """Tells every tool call and what came of it; what a tool raises is told to the model.

    All is kept, but a model reads the last turns only: no context is endless.
    """

    def __init__(self, conversation: Conversation) -> None:
        super().__init__()
        self._conversation = conversation
        # A model may call several tools at once; there is one table.
        self._one = threading.Lock()

    def wrap_model_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        last = trim_messages(
            request.messages, max_tokens=MOST_READ, token_counter=len, start_on="human",
            include_system=True,
        )  # fmt: skip
        return handler(request.override(messages=last))

    def wrap_tool_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        call = request.tool_call
        with self._one:
            self._conversation.called(call["id"] or "", call["name"], call["args"])
            message = self._handled(request, handler)
            if isinstance(message, ToolMessage):
                self._conversation.returned(call["name"], message)
        return message

    def _handled(self, request: Any, handler: Callable[[Any], Any]) -> ToolMessage | Command[Any]:
        call = request.tool_call
        try:
            result: ToolMessage | Command[Any] = handler(request)
            return result
        except (Stopped, GraphBubbleUp):
            raise
        except Exception as error:  # Also of somebody's tool: failure is an answer to the model.
            text = one_line(error)
        return ToolMessage(
            text, tool_call_id=call["id"], name=call["name"], status="error",
            artifact=Told(text=text, changed=self._conversation.table.touched),
        )  # fmt: skip
