"""Our own models behind a vLLM server: asked with the prompts that they were trained on.

Any endpoint can be asked for text. vLLM also tells the log-probabilities of what it writes.
"""

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import BaseMessage, convert_to_openai_messages
from openai import OpenAIError
from openai.types.chat import ChatCompletion
from openai.types.chat.chat_completion import Choice

from mindseye.planner.language import usage
from mindseye.planner.language.answers import unanswered
from mindseye.planner.language.odds import Said, TellsOdds, Token, Wanted
from mindseye.tools.endpoint import Endpoint
from mindseye.tools.errors import Unavailable


class Served(TellsOdds, Endpoint):
    """A model that a vLLM server serves under the name it has in the package."""

    def _said(self, messages: Sequence[BaseMessage], wanted: Sequence[Wanted]) -> list[Said]:
        replies = [self._asked(messages, **_settings(w)) for w in wanted]
        return [_said(choice) for reply in replies for choice in reply.choices]

    def _untold(self) -> Unavailable:
        return Unavailable(
            f"the server at {self.openai_api_base} gave no whole answer with its "
            "log-probabilities; our own models need vLLM behind the address"
        )

    def _asked(self, messages: Sequence[BaseMessage], **settings: Any) -> ChatCompletion:
        told = convert_to_openai_messages(messages)
        create = self.root_client.chat.completions.create

        def once() -> ChatCompletion:
            reply = create(model=self.model_name, messages=told, **settings)
            # What does not say that it is JSON the client takes for text: a page of a gateway, or
            # an answer that was cut off.
            if not isinstance(reply, ChatCompletion) or not reply.choices:
                raise json.JSONDecodeError(" ".join(str(reply).split()), "", 0)
            return reply

        try:
            reply = self.asked(once)
        except (OpenAIError, ValueError) as error:
            raise unanswered(error) from error
        if reply.usage is not None:
            usage.add(reply.usage.prompt_tokens, reply.usage.completion_tokens)
        return reply


def _settings(wanted: Wanted) -> dict[str, Any]:
    """Return what the protocol has for it, and vLLM beyond it."""
    settings: dict[str, Any] = {
        "temperature": wanted.temperature, "max_tokens": wanted.longest, "logprobs": True,
        "extra_body": {"structured_outputs": wanted.under},
    }  # fmt: skip
    if wanted.told:
        settings["top_logprobs"] = wanted.told
    if wanted.temperature:
        settings |= {"n": wanted.count, "seed": wanted.seed}
    return settings


def _said(choice: Choice) -> Said:
    tokens = (choice.logprobs and choice.logprobs.content) or ()
    return Said(
        text=choice.message.content or "",
        whole=choice.finish_reason == "stop",
        tokens=tuple(
            Token(
                text=t.token,
                logprob=t.logprob,
                others=tuple((o.token, o.logprob) for o in t.top_logprobs if o.token != t.token),
            )
            for t in tokens
        ),
    )
