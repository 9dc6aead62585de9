"""Any OpenAI-compatible endpoint as a chat model of LangChain, asked with patience."""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult
from langchain_core.runnables import run_in_executor
from langchain_openai import ChatOpenAI
from pydantic import PrivateAttr, ValidationError

from mindseye.tools.errors import Unavailable, one_line
from mindseye.tools.resilience import Line, Patience

T = TypeVar("T")
TIMEOUT = 60.0
"""Seconds after which a remote model counts as not answering."""
NAMING = 10.0
"""Seconds for an endpoint to say what it serves."""


class Endpoint(ChatOpenAI):
    """A model behind an address; answers come whole or not at all.

    The line asks again, not the client below it. Nothing is streamed: half an answer that was
    shown could not be taken back.
    """

    max_retries: int | None = 0
    disable_streaming: bool = True
    retries: int = Patience.retries
    """Further tries of one call."""
    patience: float = Patience.total
    """Seconds from which on there is no further try."""
    role: str = "language model"
    """What messages call it."""
    _line: Line = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Open the line."""
        super().model_post_init(context)
        who = f"the {self.role} at {self.openai_api_base}"
        self._line = Line(who, Patience(retries=self.retries, total=self.patience))

    @property
    def line(self) -> Line:
        """What every call goes through."""
        return self._line

    def asked(self, ask: Callable[[], T]) -> T:
        """Return the answer of a call, made again where it failed in a way that passes.

        Args:
          ask: as for `Line.call`; raises `json.JSONDecodeError` at what is no chat completion.

        Raises:
          Unavailable: no try brought a chat completion, or the server is left to rest.
          Exception: the last failure of another kind, as it was.
        """
        try:
            return self._line.call(ask)
        except json.JSONDecodeError as error:
            raise Unavailable(
                f"{self._line.who} answers, but with no chat completion ({error.msg[:200]}); its "
                "address usually ends in /v1"
            ) from error

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        ask = super()._generate

        def once() -> ChatResult:
            try:
                return ask(messages, stop, run_manager, **kwargs)
            except (ValidationError, json.JSONDecodeError):
                raise
            # A page of a gateway the client takes for text, and stumbles wherever it reads it.
            except (AttributeError, TypeError, ValueError) as error:
                raise json.JSONDecodeError(one_line(error), "", 0) from error

        return self.asked(once)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> ChatResult:
        return await run_in_executor(None, self._generate, messages, stop, None, **kwargs)


def settings_of(
    address: str, options: Mapping[str, Any], role: str = "language model"
) -> dict[str, Any]:
    """Return the settings of an `Endpoint` for an address.

    Args:
      address: `http://HOST:PORT/v1`, with `#MODEL` behind it where it serves several.
      options: further ones, such as `timeout`, `max_retries` and `patience`.
      role: what messages call it.

    Raises:
      Unavailable: no model is named, and the endpoint does not say what it serves.
    """
    url, _, model = address.rstrip("/").partition("#")
    url, given = url.rstrip("/"), dict(options)
    timeout = float(given.pop("timeout", TIMEOUT))
    settings: dict[str, Any] = {
        "base_url": url, "timeout": timeout, "temperature": 0, "api_key": "none",
        "role": role, "retries": given.pop("max_retries", Patience.retries),
        "model": model or given.pop("model", ""),
    }  # fmt: skip
    settings |= given
    if not settings["model"]:
        settings["model"] = served_model(url, min(timeout, NAMING), role)
    return settings


def served_model(url: str, timeout: float = NAMING, role: str = "language model") -> str:
    """Return the first model that an endpoint serves.

    Raises:
      Unavailable: it does not answer, or not in the protocol.
    """
    try:
        answer = httpx.get(f"{url}/models", timeout=timeout)
        answer.raise_for_status()
        return str(answer.json()["data"][0]["id"])
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(
            f"the {role} at {url} does not answer ({type(error).__name__}); start it, or "
            "check the address"
        ) from error
    except (ValueError, LookupError, TypeError) as error:
        raise Unavailable(
            f"{url}/models does not list models as the OpenAI protocol has it; the address "
            "usually ends in /v1, and #MODEL behind it names one"
        ) from error
