"""Answers under a schema, and of models that tell no probabilities: what does not fit is told."""

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.utils.function_calling import convert_to_json_schema
from pydantic import BaseModel

from mindseye.planner.language.schemas import Schema
from mindseye.tools.errors import MindseyeError, ToolError, Unavailable, one_line

T = TypeVar("T")
TRIES = 3
"""Answers a model may give before it is given up."""
SURE = 0.85
"""Probability that is read into a choice of a model that tells none."""
LONGEST_REASON = 400
"""Characters of an error that are told to a model."""

Refused = Callable[[str, str], None]
"""Called with each answer that could not be used, as text, and why."""


class Unusable(Unavailable):
    """The model answers, but never with what was asked for."""


def under_schema(
    model: BaseChatModel, schema: dict[str, Any] | type, *, include_raw: bool = False
) -> Runnable[LanguageModelInput, Any]:
    """Return a model whose answers are decoded under the schema and parsed.

    Args:
      model: takes `schema` with a call, and then writes nothing else.
      schema: JSON schema (answers are dicts) or pydantic class (answers are its objects).
      include_raw: return `{"raw": message, "parsed": answer, "parsing_error": None}`.
    """
    wanted = convert_to_json_schema(schema) if isinstance(schema, type) else schema

    def parse(message: BaseMessage) -> Any:
        answer = json.loads(str(message.text))
        if isinstance(schema, type) and issubclass(schema, BaseModel):
            answer = schema.model_validate(answer)
        if include_raw:
            return {"raw": message, "parsed": answer, "parsing_error": None}
        return answer

    return model.bind(schema=wanted) | RunnableLambda(parse)


def answer_under(
    model: BaseChatModel,
    asked: Sequence[BaseMessage],
    schema: Schema,
    parse: Callable[[Any], T],
    *,
    tries: int = TRIES,
    refused: Refused | None = None,
) -> T:
    """Return the parsed answer under a JSON schema.

    Args:
      model: any chat model.
      asked: the question.
      schema: what the answer must be.
      parse: raises `ToolError`, or an error of values, at what does not fit.
      tries: answers the model may give.
      refused: hears of those that did not fit.

    Raises:
      Unusable: no answer fitted.
      Unavailable: the model cannot be reached.
    """

    def once(told: Sequence[BaseMessage], keep: Callable[[str], None]) -> T:
        answer = model.with_structured_output(schema).invoke(list(told))
        found = answer if isinstance(answer, dict) else dict(answer)
        keep(json.dumps(found, ensure_ascii=False))
        return parse(found)

    return _tried(once, asked, tries, refused)


def answer_in_text(
    model: BaseChatModel,
    asked: Sequence[BaseMessage],
    parse: Callable[[str], T],
    *,
    tries: int = TRIES,
    refused: Refused | None = None,
) -> T:
    """Return the parsed answer in free text; see `answer_under`."""

    def once(told: Sequence[BaseMessage], keep: Callable[[str], None]) -> T:
        text = str(model.invoke(list(told)).text)
        keep(text)
        return parse(text)

    return _tried(once, asked, tries, refused)


def _tried(
    once: Callable[[Sequence[BaseMessage], Callable[[str], None]], T],
    asked: Sequence[BaseMessage],
    tries: int,
    refused: Refused | None,
) -> T:
    told, reason = list(asked), ""
    for _ in range(tries):
        said: list[str] = []
        try:
            return once(told, said.append)
        except MindseyeError:
            raise
        except (
            ToolError, OutputParserException, ValueError, TypeError, LookupError, AttributeError,
        ) as error:  # fmt: skip
            reason = " ".join(str(error).split())[:LONGEST_REASON] or type(error).__name__
            if isinstance(error, OutputParserException) and not said:
                said.append(error.llm_output or "")
            if refused is not None:
                refused("".join(said), reason)
            # Without its own words a model cannot know what it is to mend.
            before = [AIMessage(text) for text in said if text.strip()]
            again = HumanMessage(f"That answer did not fit: {reason}. Answer again.")
            told = [*asked, *before, again]
        except Exception as error:
            raise unanswered(error) from error
    raise Unusable(
        f"the language model gave no usable answer in {tries} tries ({reason[:200]}); use another "
        "--model"
    )


def unanswered(error: Exception) -> Unavailable:
    """Return what a provider's error comes to: each has its own, all mean that no answer came."""
    advice = "check that it is running and that --model names it"
    if "Timeout" in type(error).__name__:
        advice = "it is gone, or slow: --set model_options.timeout=300 waits longer"
    return Unavailable(
        f"the language model does not answer ({type(error).__name__}: {one_line(error)[:200]}); "
        f"{advice}"
    )


def normalised(logs: Sequence[float]) -> list[float]:
    """Return log-probabilities as probabilities that add up to 1."""
    top = max(logs)
    weights = [math.exp(v - top) for v in logs]
    return [w / sum(weights) for w in weights]


def lean(chosen: int, count: int) -> list[float]:
    """Return probabilities for a bare choice: most on it, the rest shared."""
    if count == 1:
        return [1.0]
    return [SURE if i == chosen else (1 - SURE) / (count - 1) for i in range(count)]
