"""A chat model that replays answers from a file, for tests and demonstrations of the loop."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import ConfigDict, PrivateAttr

from mindseye.planner.language.models import read_script
from mindseye.tools.errors import BadInput


class ScriptedModel(BaseChatModel):
    """Answers each kind of question from its list in turn; the last answer repeats.

    The kinds are the titles of the schemas (`goal`, `subgoals`, `check`,
    `choice`), and `text` for questions without one. A string is given as it
    is, so a script can hold garbage; anything else as JSON.
    """

    model_config = ConfigDict(extra="forbid")
    path: str
    _answers: dict[str, list[Any]] = PrivateAttr(default_factory=dict)
    _given: dict[str, int] = PrivateAttr(default_factory=dict)

    def model_post_init(self, context: Any, /) -> None:
        """Read the script."""
        self._answers = read_script(Path(self.path))

    @property
    def _llm_type(self) -> str:
        return "mindseye-scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        kind: str = "text",
        **kwargs: Any,
    ) -> ChatResult:
        answers = self._answers.get(kind)
        if not answers:
            raise BadInput(f"the script {self.path} holds no answer of the kind {kind!r}")
        at = self._given.get(kind, 0)
        self._given[kind] = at + 1
        answer = answers[min(at, len(answers) - 1)]
        text = answer if isinstance(answer, str) else json.dumps(answer)
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text))])

    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, Any]:
        """Return the model bound to the answers of one kind, parsed as JSON."""
        title = schema.__name__ if isinstance(schema, type) else str(schema.get("title", "text"))
        parse: Callable[[BaseMessage], Any] = lambda m: json.loads(str(m.text))  # noqa: E731
        return self.bind(kind=title) | RunnableLambda(parse)
