"""Our own models behind a vLLM server: asked with the prompts that they were trained on.

Any endpoint can be asked for text. vLLM also tells the log-probabilities of what it
writes and of what it is given, which is all that a `Scorer` needs.
"""

import math
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import BaseMessage, convert_to_openai_messages
from openai import OpenAIError
from openai.types.chat import ChatCompletion
from openai.types.chat.chat_completion import Choice

from mindseye.planner.language import usage
from mindseye.planner.language.answers import unanswered
from mindseye.tools.endpoint import Endpoint
from mindseye.tools.errors import Unavailable

LONGEST = 512
"""Tokens of an answer."""
MOST_TOLD = 20
"""Tokens whose log-probabilities a server tells for one place."""
LEAST = 1e-12
"""Probability of what a server does not tell of."""
WARMTH = 0.8
"""Temperature of the answers beside the likeliest one."""


class Served(Endpoint):
    """A model that a vLLM server serves under the name it has in the package."""

    def beam(
        self, messages: Sequence[BaseMessage], schema: dict[str, Any], k: int
    ) -> list[tuple[str, float]]:
        """Return up to `k` JSON answers with log-probabilities, best first.

        The likeliest, and where more are wanted others that are drawn: servers offer no
        beams under a schema.

        Raises:
          Unavailable: the server does not answer, or not as vLLM does.
        """
        settings = {
            "max_tokens": LONGEST, "logprobs": True,
            "extra_body": {
                "structured_outputs": {"json": schema, "disable_any_whitespace": True}
            },
        }  # fmt: skip
        replies = [self._asked(messages, temperature=0.0, **settings)]
        if k > 1:
            replies.append(self._asked(messages, temperature=WARMTH, n=k, **settings))
        found: dict[str, float] = {}
        for reply in replies:
            for choice in reply.choices:
                if choice.finish_reason == "stop" and choice.message.content and choice.logprobs:
                    tokens = choice.logprobs.content or ()
                    found[choice.message.content] = sum(t.logprob for t in tokens)
        if not found:
            raise self._other_server()
        return sorted(found.items(), key=lambda pair: -pair[1])[:k]

    def score(self, messages: Sequence[BaseMessage], candidates: Sequence[str]) -> list[float]:
        """Return the log-probabilities of candidate answers, normalised among them.

        Exact for the answer that the server gives, and for all that part from it alone;
        those that part from it together are told apart no further.

        Raises:
          Unavailable: as `beam`.
        """
        reply = self._asked(
            messages, temperature=0.0, max_tokens=LONGEST, logprobs=True,
            top_logprobs=MOST_TOLD, extra_body={"structured_outputs": {"choice": list(candidates)}},
        )  # fmt: skip
        found = shares(reply.choices[0], candidates)
        if not sum(found):
            raise self._other_server()
        return [math.log(max(share / sum(found), LEAST)) for share in found]

    def _other_server(self) -> Unavailable:
        return Unavailable(
            f"the server at {self.openai_api_base} gave no whole answer with its "
            "log-probabilities; our own models need vLLM behind the address"
        )

    def _asked(self, messages: Sequence[BaseMessage], **settings: Any) -> ChatCompletion:
        told = convert_to_openai_messages(messages)
        create = self.root_client.chat.completions.create
        try:
            reply: ChatCompletion = self.line.call(
                lambda: create(model=self.model_name, messages=told, **settings)
            )
        except (OpenAIError, ValueError) as error:
            raise unanswered(error) from error
        if reply.usage is not None:
            usage.add(reply.usage.prompt_tokens, reply.usage.completion_tokens)
        return reply


def shares(choice: Choice, candidates: Sequence[str]) -> list[float]:
    """Return the probability of each candidate, read off the tokens of one of them.

    Args:
      choice: an answer among the candidates, with the log-probabilities of its tokens
        and of others in their places, as they are where only candidates may be written.
      candidates: all that might have been answered.
    """
    found = [0.0] * len(candidates)
    text, mass = "", 1.0

    def give(share: float, beginning: str) -> None:
        of = [i for i, c in enumerate(candidates) if c.startswith(beginning)]
        for i in of:
            found[i] += share / len(of)

    for token in (choice.logprobs and choice.logprobs.content) or ():
        for other in token.top_logprobs:
            if other.token != token.token:
                give(mass * math.exp(other.logprob), text + other.token)
        if not any(c.startswith(text + token.token) for c in candidates):
            break  # The end of the answer, as a token.
        text += token.token
        mass *= math.exp(token.logprob)
    if text in candidates:
        give(mass, text)
    return found
