"""Language models between inspect_ai and LangChain, either way.

`mindseye/NAME` is any model that `mindseye --model NAME` takes, as an inspect
provider. `InspectChat` is any inspect model as a LangChain chat model, which is
what the project's own code asks.
"""

import json
from typing import Any

import anyio.from_thread
import anyio.to_thread
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    Model,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    ResponseSchema,
)
from inspect_ai.tool import ToolChoice, ToolInfo
from inspect_ai.util import JSONSchema
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable, RunnableLambda

from mindseye.planner.language import usage
from mindseye.planner.language.models import OWN, load_language

CONCURRENT = 64
"""Questions that are under way at the same time: two batches of the embedded model."""


class MindseyeAPI(ModelAPI):
    """Our language models for inspect."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig | None = None,
        **model_args: Any,
    ) -> None:
        """Load a model: `model_name` is what `mindseye --model` takes, `model_args` its options.

        Raises:
          BadInput: no such model.
          Unavailable: it is not there.
        """
        super().__init__(model_name, base_url, api_key, [], config or GenerateConfig())
        apart = {"apart": True} if model_name in OWN else {}
        self.chat = load_language(model_name, {**apart, **model_args})

    def max_connections(self) -> int:
        """Return how many requests may be under way."""
        return CONCURRENT

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """Answer one chat; schemas are kept, tools are not offered to these models."""
        messages = [_to_langchain(m) for m in input]
        return await anyio.to_thread.run_sync(self._answer, messages, config)

    def _answer(self, messages: list[BaseMessage], config: GenerateConfig) -> ModelOutput:
        fields = type(self.chat).model_fields
        given = {"temperature": config.temperature, "max_tokens": config.max_tokens,
                 "seed": config.seed}  # fmt: skip
        settings = {k: v for k, v in given.items() if v is not None and k in fields}
        chat = self.chat.model_copy(update=settings) if settings else self.chat
        with usage.counted() as used:
            if config.response_schema is not None:
                schema = config.response_schema.json_schema.model_dump(exclude_none=True)
                named = {"title": config.response_schema.name, "description": "", **schema}
                text = json.dumps(chat.with_structured_output(named).invoke(messages))
            else:
                text = str(chat.invoke(messages).text)
        output = ModelOutput.from_content(model=self.model_name, content=text)
        output.usage = ModelUsage(
            input_tokens=used.read,
            output_tokens=used.written,
            total_tokens=used.read + used.written,
        )
        return output


def _to_langchain(message: ChatMessage) -> BaseMessage:
    kinds: dict[str, type[BaseMessage]] = {
        "system": SystemMessage, "user": HumanMessage, "assistant": AIMessage,
    }  # fmt: skip
    return kinds.get(message.role, HumanMessage)(content=message.text)


def _to_inspect(message: BaseMessage) -> ChatMessage:
    match message.type:
        case "system":
            return ChatMessageSystem(content=str(message.text))
        case "ai":
            return ChatMessageAssistant(content=str(message.text))
        case _:
            return ChatMessageUser(content=str(message.text))


class InspectChat(BaseChatModel):
    """An inspect model as LangChain has them, called from a thread of inspect's loop."""

    model: Model
    temperature: float | None = None
    seed: int | None = None
    max_tokens: int | None = None

    @property
    def _llm_type(self) -> str:
        return "inspect"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        schema: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        config = GenerateConfig(
            temperature=self.temperature, seed=self.seed, max_tokens=self.max_tokens,
            stop_seqs=stop, response_schema=_response_schema(schema) if schema else None,
        )  # fmt: skip
        told = [_to_inspect(m) for m in messages]

        async def ask() -> ModelOutput:
            return await self.model.generate(told, config=config)

        output = anyio.from_thread.run(ask)
        if output.usage is not None:
            usage.add(output.usage.input_tokens, output.usage.output_tokens)
        return ChatResult(generations=[ChatGeneration(message=AIMessage(output.completion))])

    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, Any]:
        """Return a model whose answers are JSON objects; providers that can, hold them to it."""
        if include_raw or not isinstance(schema, dict):
            raise NotImplementedError("JSON schemas only, parsed")
        return self.bind(schema=schema) | RunnableLambda(_object_in)


def _object_in(message: BaseMessage) -> Any:
    """Return the JSON object in an answer, whatever stands round it."""
    text = str(message.text)
    try:
        return json.loads(text[text.index("{") : text.rindex("}") + 1])
    except ValueError as error:
        raise OutputParserException("no JSON object in the answer", llm_output=text) from error


def _response_schema(schema: dict[str, Any]) -> ResponseSchema:
    return ResponseSchema(
        name=str(schema.get("title", "answer")), json_schema=JSONSchema(**_plain(schema))
    )


def _plain(schema: Any) -> Any:
    """Return a schema in the words that inspect knows: a constant is a choice of one."""
    if isinstance(schema, dict):
        told = {k: _plain(v) for k, v in schema.items()}
        return {**told, "enum": [told["const"]]} if "const" in told else told
    return [_plain(v) for v in schema] if isinstance(schema, list) else schema
