"""What a vision-language model is asked, and the two things it can be asked for.

Every question is a prompt with pictures. An answer is JSON under a schema, or the probability
that the answer is yes, read off the log-probabilities of the first token: a number that the
model was not asked to make up.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from mindseye.tools.errors import ToolError
from mindseye.tools.values import Frames

LEAST_TOLD = 0.05
"""Probability that yes and no must have together, for an answer to be one."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A prompt with pictures."""

    prompt: str
    pictures: tuple[Frames, ...] = field(compare=False)
    """`[H, W, 3] uint8` each, in the order that the prompt speaks of."""
    schema: Mapping[str, Any] | None = field(default=None, compare=False)
    """JSON schema of the answer; None for yes or no."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a model said."""

    text: str
    whole: bool = True
    """Whether it came to its end."""
    confidence: float = 1.0
    """Geometric mean of the probabilities of its tokens; 1 where the model tells none."""


class Answerer(Protocol):
    """A vision-language model, wherever it runs."""

    def answers(self, questions: Sequence[Question]) -> list[Answer]:
        """Return JSON under each question's schema, as well as the model holds to it.

        Raises:
          Unavailable: the model does not answer.
        """
        ...

    def yes(self, questions: Sequence[Question]) -> list[float]:
        """Return the probability of yes for each question.

        Raises:
          ToolError: the model says neither yes nor no.
          Unavailable: the model does not answer, or tells no log-probabilities.
        """
        ...


def share_of_yes(tokens: Sequence[tuple[str, float]]) -> float:
    """Return the probability of yes among yes and no.

    Args:
      tokens: the likeliest first tokens of the answer, with their log-probabilities.

    Raises:
      ToolError: hardly any of them is either.
    """
    mass = {"yes": 0.0, "no": 0.0}
    for token, logprob in tokens:
        word = token.strip().strip(".\"'").lower()
        if word in mass:
            mass[word] += math.exp(logprob)
    if sum(mass.values()) < LEAST_TOLD:
        raise ToolError(
            f"the vision model begins its answer with {_told(tokens)}, neither yes nor no; ask it "
            "by another --set vision_options.model, or judge with --set vision=segformer-tabletop"
        )
    return mass["yes"] / sum(mass.values())


def _told(tokens: Sequence[tuple[str, float]]) -> str:
    likeliest = sorted(tokens, key=lambda pair: -pair[1])[:3]
    return " or ".join(repr(token[:20]) for token, _ in likeliest) or "nothing"


def mean_probability(logprobs: Sequence[float]) -> float:
    """Return the geometric mean of probabilities given by their logs; 1 for none."""
    if not logprobs:
        return 1.0
    return math.exp(sum(max(p, -100.0) for p in logprobs) / len(logprobs))
