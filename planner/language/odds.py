"""Probabilities read off what vLLM writes: it tells those of each token and of others in its place.

That is all that a `Scorer` needs, wherever vLLM runs: behind an address (`served`) or in this
process (`vllm_local`).
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage

from mindseye.planner.language.together import at_once
from mindseye.tools.errors import Unavailable

LONGEST = 512
"""Tokens of an answer."""
MOST_TOLD = 20
"""Tokens whose log-probabilities are told for one place."""
LEAST = 1e-12
"""Probability of what is not told of."""
WARMTH = 0.8
"""Temperature of the answers beside the likeliest one."""
SEED = 0
"""Of what is drawn: a question that is asked again has the same answers."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token of an answer."""

    text: str
    logprob: float
    others: tuple[tuple[str, float], ...] = ()
    """What else might have stood in its place, with log-probabilities."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """One answer."""

    text: str
    whole: bool
    """It came to its own end, and no limit cut it off."""
    tokens: tuple[Token, ...]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """How answers are to be given."""

    under: dict[str, Any] | None
    """Fields of vLLM's structured outputs; None leaves the text free."""
    temperature: float = 0.0
    count: int = 1
    told: int = 0
    """Tokens whose log-probabilities are told for each place, beside the one that is taken."""
    seed: int = SEED
    longest: int = LONGEST
    """Tokens."""
    stop: tuple[str, ...] = ()
    """Texts before which an answer ends."""


def json_under(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the structured outputs that are JSON of a schema, in the form every answer has."""
    return {"json": schema, "disable_any_whitespace": True}


class TellsOdds(ABC):
    """Beams and scores, made of answers whose tokens come with log-probabilities."""

    def beam(
        self, messages: Sequence[BaseMessage], schema: dict[str, Any], k: int
    ) -> list[tuple[str, float]]:
        """Return up to `k` JSON answers with log-probabilities, best first.

        The likeliest, and where more are wanted others that are drawn: vLLM offers no
        beams under a schema.

        Raises:
          Unavailable: no answer came, or none with log-probabilities.
        """
        wanted = [Wanted(under=json_under(schema))]
        if k > 1:
            wanted.append(Wanted(under=json_under(schema), temperature=WARMTH, count=k))
        found = {
            said.text: sum(t.logprob for t in said.tokens)
            for said in self._said(messages, wanted)
            if said.whole and said.text and said.tokens
        }
        if not found:
            raise self._untold()
        return sorted(found.items(), key=lambda pair: -pair[1])[:k]

    def beams(
        self, asked: Sequence[tuple[Sequence[BaseMessage], dict[str, Any]]], k: int
    ) -> list[list[tuple[str, float]]]:
        """Return what `beam` returns for each of many questions and schemas, asked at once.

        Raises:
          Unavailable: as `beam`.
        """
        return at_once(lambda one: self.beam(*one, k), asked)

    def score(self, messages: Sequence[BaseMessage], candidates: Sequence[str]) -> list[float]:
        """Return the log-probabilities of candidate answers, normalised among them.

        Exact for the answer that is given, and for all that part from it alone;
        those that part from it together are told apart no further.

        Raises:
          Unavailable: as `beam`.
        """
        wanted = Wanted(under={"choice": list(candidates)}, told=MOST_TOLD)
        (said,) = self._said(messages, [wanted])
        found = shares(said.tokens, candidates)
        if not sum(found):
            raise self._untold()
        return [math.log(max(share / sum(found), LEAST)) for share in found]

    @abstractmethod
    def _said(self, messages: Sequence[BaseMessage], wanted: Sequence[Wanted]) -> list[Said]:
        """Return the answers to all that is wanted, in order."""

    @abstractmethod
    def _untold(self) -> Unavailable:
        """Return the error of answers that cannot be used."""


def shares(tokens: Sequence[Token], candidates: Sequence[str]) -> list[float]:
    """Return the probability of each candidate, read off the tokens of one of them.

    Args:
      tokens: of an answer among the candidates, with others in their places, as they
        are where only candidates may be written.
      candidates: all that might have been answered.
    """
    found = [0.0] * len(candidates)
    text, mass = "", 1.0

    def give(share: float, beginning: str) -> None:
        of = [i for i, c in enumerate(candidates) if c.startswith(beginning)]
        for i in of:
            found[i] += share / len(of)

    for token in tokens:
        for other, logprob in token.others:
            give(mass * math.exp(logprob), text + other)
        if not any(c.startswith(text + token.text) for c in candidates):
            break  # The end of the answer, as a token.
        text += token.text
        mass *= math.exp(token.logprob)
    if text in candidates:
        give(mass, text)
    return found
