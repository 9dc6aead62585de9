"""What a language model may offer beyond text: its probabilities."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from langchain_core.messages import BaseMessage


@runtime_checkable
class Scorer(Protocol):
    """A model whose probabilities can be asked for, which is faster than asking for text.

    It is taken to be trained on the package's prompts, so that nothing is explained to it.
    """

    def beam(
        self, messages: Sequence[BaseMessage], schema: dict[str, Any], k: int
    ) -> list[tuple[str, float]]:
        """Return the best `k` JSON answers with log-probabilities, best first."""
        ...

    def beams(
        self, asked: Sequence[tuple[Sequence[BaseMessage], dict[str, Any]]], k: int
    ) -> list[list[tuple[str, float]]]:
        """Return what `beam` returns for each of many questions and schemas."""
        ...

    def score(self, messages: Sequence[BaseMessage], candidates: Sequence[str]) -> list[float]:
        """Return the log-probabilities of candidate answers, normalised among them."""
        ...
