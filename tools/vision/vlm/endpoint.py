"""A vision-language model behind an OpenAI-compatible endpoint, through LangChain."""

import base64
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import cv2

from mindseye.tools.errors import BadInput, Unavailable, needs_extra, one_line
from mindseye.tools.values import Frames
from mindseye.tools.vision.vlm.asking import Answer, Question, mean_probability, share_of_yes
from mindseye.tools.vision.vlm.model import Sight, VisionLanguage

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

T = TypeVar("T")
MOST_TOLD = 20
"""Tokens whose log-probabilities a server tells for one place."""
LONGEST = 1024
"""Tokens of an answer."""


class EndpointAnswerer:
    """Fulfils `Answerer` with a server that speaks `/v1/chat/completions` with pictures."""

    def __init__(
        self, address: str, concurrent: int = 8, options: Mapping[str, Any] | None = None
    ) -> None:
        """Say where it is.

        Args:
          address: `http://HOST:PORT/v1`, with `#MODEL` behind it where it serves several.
          concurrent: questions asked at one time.
          options: for the client, such as `timeout`, `max_retries` and `api_key`.

        Raises:
          BadInput: no such address, or options it does not take.
          Unavailable: no model is named and the server names none, or `langchain-openai` is
            missing.
        """
        with needs_extra("a vision model behind an endpoint", "openai"):
            from mindseye.tools.endpoint import Endpoint, settings_of
        if not address.startswith(("http://", "https://")) or concurrent < 1:
            raise BadInput(
                f"vision_options url={address!r} must be http://HOST:PORT/v1, and "
                f"concurrent={concurrent} at least 1"
            )
        try:
            self.model = Endpoint(**settings_of(address, options or {}, "vision model"))
        except (ValueError, TypeError) as error:
            raise BadInput(f"vision_options.options: {one_line(error)[:200]}") from error
        self.concurrent = concurrent

    def answers(self, questions: Sequence[Question]) -> list[Answer]:
        """Return JSON under each question's schema; see `Answerer.answers`."""
        return self._each(self._answer, questions)

    def yes(self, questions: Sequence[Question]) -> list[float]:
        """Return the probability of yes for each question; see `Answerer.yes`."""
        return self._each(self._yes, questions)

    def _each(self, ask: Callable[[Question], T], questions: Sequence[Question]) -> list[T]:
        with ThreadPoolExecutor(min(self.concurrent, max(1, len(questions)))) as pool:
            return list(pool.map(ask, questions))

    def _answer(self, question: Question) -> Answer:
        import openai

        form = {"name": "answer", "schema": question.schema, "strict": True}
        try:
            reply = self._asked(
                question, response_format={"type": "json_schema", "json_schema": form},
                logprobs=True, max_tokens=LONGEST,
            )  # fmt: skip
        except (openai.LengthFinishReasonError, openai.ContentFilterFinishReasonError):
            return Answer(text="", whole=False)
        told = (reply.response_metadata.get("logprobs") or {}).get("content") or ()
        return Answer(
            text=str(reply.text),
            whole=reply.response_metadata.get("finish_reason") in (None, "stop"),
            confidence=mean_probability([float(t["logprob"]) for t in told]),
        )

    def _yes(self, question: Question) -> float:
        reply = self._asked(question, logprobs=True, top_logprobs=MOST_TOLD, max_tokens=1)
        told = (reply.response_metadata.get("logprobs") or {}).get("content") or ()
        if not told:
            raise Unavailable(
                f"the vision model at {self.model.openai_api_base} tells no log-probabilities; "
                "serve it with vLLM, or judge with --set vision=segformer-tabletop"
            )
        return share_of_yes([(t["token"], float(t["logprob"])) for t in told[0]["top_logprobs"]])

    def _asked(self, question: Question, **settings: Any) -> "AIMessage":
        import openai

        try:
            return self.model.bind(**settings).invoke([_message(question)])
        except (openai.LengthFinishReasonError, openai.ContentFilterFinishReasonError):
            raise
        # What a server sends that is not the protocol fails wherever it is first read.
        except (openai.OpenAIError, ValueError, TypeError, LookupError, AttributeError) as error:
            raise Unavailable(
                f"the vision model at {self.model.openai_api_base} does not answer as it should "
                f"({one_line(error)[:200]})"
            ) from error


def _message(question: Question) -> "BaseMessage":
    from langchain_core.messages import HumanMessage

    pictures = [
        {"type": "image_url", "image_url": {"url": _data_url(p)}} for p in question.pictures
    ]
    return HumanMessage(content=[*pictures, {"type": "text", "text": question.prompt}])


def _data_url(picture: Frames) -> str:
    _, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return "data:image/png;base64," + base64.b64encode(data.tobytes()).decode()


def endpoint_vision(
    url: str = "",
    concurrent: int = 8,
    options: Mapping[str, Any] | None = None,
    **sight: Any,
) -> VisionLanguage:
    """Return the vision model behind an address.

    Args:
      url: see `EndpointAnswerer`.
      concurrent: questions asked at one time.
      options: for the client, such as `timeout`.
      sight: what it is shown, and how it tells places; see `Sight`.
    """
    return VisionLanguage(EndpointAnswerer(url, concurrent, options), Sight(**sight))
