"""A model that cannot call tools by itself, made to: each call is decoded under a schema.

Any chat model that answers under a JSON schema serves; the embedded one has an adapter for
it (`mindseye.planner.chat.data` makes what it is trained on).
"""

import json
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolCall,
    ToolMessage,
)
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict

from mindseye.planner.chat.tools import OWN, VERBATIM
from mindseye.planner.config import Config
from mindseye.planner.language.answers import answer_under
from mindseye.planner.language.mind import LanguageMind
from mindseye.planner.language.models import CONVERSATION, IN_PROCESS
from mindseye.planner.language.schemas import Schema, object_schema
from mindseye.planner.language.scorer import Scorer
from mindseye.tools.errors import ToolError
from mindseye.tools.prompting import render

TALK = "talk"
"""What is written where no tool fits."""
MEMORY = 2
"""Earlier turns that are told."""
LONGEST_SPAN = 6
"""Words of what a person said that become one argument, at most."""
_SAID = 160
"""Characters of an earlier turn."""
Tool = Mapping[str, Any]
"""A function as OpenAI's protocol describes it: name, description, parameters."""
Before = tuple[str, str, bool]
"""An earlier turn: what was said, which tool was called, whether that failed."""


def ask_call(said: str, tools: Sequence[Tool], before: Sequence[Before] = ()) -> list[BaseMessage]:
    """Return the messages that ask which tool serves what a person said.

    The conversation's own tools are called by name alone: the model was trained on them.

    Args:
      said: the person's words.
      tools: what may be called.
      before: earlier turns, the oldest first.
    """
    told = [{"said": s[:_SAID], "call": call, "failed": failed} for s, call, failed in before]
    shown = [
        {
            "name": t["name"],
            "parameters": ", ".join(t["parameters"].get("properties", {})),
            "description": " ".join(str(t.get("description", "")).split("\n\n")[0].split()),
        }
        for t in tools
        if t["name"] not in OWN
    ]
    known = [*(t["name"] for t in tools if t["name"] in OWN), TALK]
    return [
        SystemMessage(render("caller")),
        HumanMessage(render("call", known=known, others=shown, before=told, said=said)),
    ]


def call_schema(tools: Sequence[Tool], said: str) -> Schema:
    """Return the schema of a call: one of the tools with its arguments, or none.

    Free texts are made of the person's own words: a small model that is to copy a rare
    word writes a commoner one in its place.
    """
    options = [_call_of(TALK, {})]
    for tool in tools:
        given = tool["parameters"].get("properties", {})
        needed = tool["parameters"].get("required", ())
        own = tool["name"] in OWN
        asked = {n: _value(given[n], said) for n in needed if not (own and n in VERBATIM)}
        options.append(_call_of(tool["name"], asked))
    return {"title": "call", "description": "Which tool serves the person.", "anyOf": options}


def _call_of(name: str, arguments: Mapping[str, Schema]) -> Schema:
    properties: dict[str, Schema] = {"call": {"type": "string", "enum": [name]}}
    if arguments:
        properties["arguments"] = object_schema(**arguments)
    return object_schema(**properties)


def _value(schema: Schema, said: str) -> Schema:
    if schema.get("type") != "string" or "enum" in schema:
        return {k: v for k, v in schema.items() if k in ("type", "enum", "items", "anyOf")}
    return {"type": "string", "enum": spans(said)}


def spans(said: str) -> list[str]:
    """Return all runs of words in what was said, the shorter first."""
    words = re.findall(r"[^\s\"?!,;()]+", said)
    words = [w.rstrip(".:") for w in words if w.strip(".:'")]
    found = [
        " ".join(words[i : i + length])
        for length in range(1, LONGEST_SPAN + 1)
        for i in range(len(words) - length + 1)
    ]
    return list(dict.fromkeys(found)) or [said]


def written(call: str, arguments: Mapping[str, Any]) -> str:
    """Return the text of a call as a model is trained to write it."""
    told: dict[str, Any] = {"call": call}
    if arguments:
        told["arguments"] = dict(arguments)
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


class Caller(BaseChatModel):
    """Calls one tool a turn and then says what it returned.

    Of the conversation's own tools the parameters named in `VERBATIM` are not written by
    the model: they take what the person said, whole. Parameters of others that need not be
    given are left out.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    model: BaseChatModel
    """Answers under schemas."""

    @property
    def _llm_type(self) -> str:
        return "mindseye-caller"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return the model with the tools that it may call."""
        return self.bind(tools=[convert_to_openai_tool(t)["function"] for t in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        tools: Sequence[Tool] = (),
        **kwargs: Any,
    ) -> ChatResult:
        last = messages[-1]
        if isinstance(last, ToolMessage):
            # A small model that retells a result gets its numbers wrong.
            message = AIMessage(str(last.text))
        else:
            message = self._called(messages, tools)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _called(self, messages: Sequence[BaseMessage], tools: Sequence[Tool]) -> AIMessage:
        said = str(messages[-1].text)
        by_name = {t["name"]: t for t in tools}

        def parse(answer: Any) -> ToolCall | None:
            name = answer["call"]
            if name == TALK:
                return None
            if name not in by_name:
                raise ToolError(f"no tool {name!r}; there are {', '.join(by_name)}")
            takes = by_name[name]["parameters"].get("properties", {}) if name in OWN else ()
            given = {**(answer.get("arguments") or {}), **{p: said for p in takes if p in VERBATIM}}
            return ToolCall(name=name, args=given, id=f"call-{secrets.token_hex(6)}")

        asked = ask_call(said, tools, _before(messages[:-1]))
        call = answer_under(self.model, asked, call_schema(tools, said), parse)
        if call is None:
            return AIMessage(small_talk(said))
        return AIMessage("", tool_calls=[call])


_THANKS = re.compile(r"\b(?:thank\w*|thx|cheers|ta|great|nice|well done|perfect|good job)\b", re.I)
_BYE = re.compile(r"\b(?:bye|goodbye|good night|see you|farewell|that's all)\b", re.I)
_HELLO = re.compile(r"^\W*(?:hi|hello|hey|good (?:morning|day|evening|afternoon)|morning)\b", re.I)


def small_talk(said: str) -> str:
    """Return the answer where no tool fits: courtesies, and else what can be asked for."""
    asks = "?" in said or "help" in said.lower()
    return render(
        "talk", thanks=bool(_THANKS.search(said)) and not asks, hello=bool(_HELLO.search(said)),
        bye=bool(_BYE.search(said)) and not asks,
    ).strip()  # fmt: skip


def _before(messages: Sequence[BaseMessage]) -> list[Before]:
    """Return the last few turns of a history."""
    found: list[Before] = []
    for message in messages:
        if isinstance(message, HumanMessage):
            found.append((str(message.text), TALK, False))
        elif isinstance(message, AIMessage) and message.tool_calls and found:
            found[-1] = (found[-1][0], message.tool_calls[-1]["name"], False)
        elif isinstance(message, ToolMessage) and found:
            found[-1] = (*found[-1][:2], message.status == "error")
    return found[-MEMORY:]


def load_caller(config: Config) -> BaseChatModel:
    """Load the model that decides which tool is called.

    Our own models wherever they run, scripted ones and what vLLM loads into this process are
    made to call tools; others do so themselves.

    Raises:
      BadInput: no such model.
      Unavailable: its weights, package or endpoint is not there.
    """
    if config.model in ("smollm2", f"{IN_PROCESS}smollm2"):
        config = replace(config, model=config.model.replace("smollm2", CONVERSATION))
    model = LanguageMind.from_config(config).model
    made = isinstance(model, Scorer) or config.model.startswith(("scripted:", IN_PROCESS))
    return Caller(model=model) if made else model
