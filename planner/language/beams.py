"""Beam search for one answer under a grammar, its passes through the network left to others."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from mindseye.planner.language.grammar import Grammar, Row
from mindseye.tools.errors import BadInput

Logprobs = Callable[[Tensor, Tensor], Tensor]
"""Takes a state `[D]` and ids `[N]`, returns the tokens' log-probabilities among themselves."""


class Beam:
    """The likeliest answers to one prompt: those on their way, and those that are whole.

    Args:
      grammar: of the tokenizer.
      schema: JSON schema of the answers.
      width: how many are followed, and found.

    Raises:
      BadInput: there are no answers in this schema.
    """

    def __init__(self, grammar: Grammar, schema: Any, width: int) -> None:
        self._grammar, self.width = grammar, width
        self.rows: list[Row] = [grammar.start(schema)]
        """Those on their way; none once the search is over."""
        self._done: list[Row] = []
        self._endless = False

    def grow(self, states: Tensor, logprobs: Logprobs) -> list[int]:
        """Continue the rows up to their next choice, unless some of it is still to be read.

        Args:
          states: `[B, D]` after what was read of each row.
          logprobs: weighs the tokens that may come next.

        Returns:
          For each row there is now, the index of the one that it goes on from.
        """
        if any(row.pending for row in self.rows):
            return list(range(len(self.rows)))
        grown = [
            (new, i)
            for i, row in enumerate(self.rows)
            for new in self._continued(row, states[i], logprobs)
        ]
        grown.sort(key=lambda pair: -pair[0].logprob)
        floor = sorted((r.logprob for r in self._done), reverse=True)[self.width - 1 :][:1]
        kept = [(r, i) for r, i in grown[: self.width] if not floor or r.logprob > floor[0]]
        self._endless = any(r.endless for r, _ in kept)
        self._done += [r for r, _ in kept if self._grammar.finished(r)]
        alive = [(r, i) for r, i in kept if not (self._endless or self._grammar.finished(r))]
        self.rows = [r for r, _ in alive]
        return [i for _, i in alive]

    def _continued(self, row: Row, state: Tensor, logprobs: Logprobs) -> Iterator[Row]:
        """Yield a row's likeliest continuations."""
        # A row that goes on in one way only is not needed any more.
        go_on = self._grammar.take if self.width == 1 else self._grammar.fork
        ids = self._grammar.allowed(row)
        best = torch.topk(logprobs(state, ids), min(self.width, len(ids)))
        for value, index in zip(best.values.tolist(), best.indices.tolist(), strict=True):
            yield go_on(row, int(ids[index]), value)

    def found(self) -> list[tuple[str, float]] | BadInput:
        """Return the answers with their log-probabilities, best first; or that one does not end.

        The same text reached by two tokenisations is one answer.
        """
        if self._endless:
            return BadInput("the model's answer does not end; ask for less in one task")
        answers: dict[str, float] = {}
        for row in self._done:
            text = self._grammar.text(row)
            total = torch.logaddexp(
                torch.tensor(answers.get(text, -torch.inf)), torch.tensor(row.logprob)
            )
            answers[text] = float(total)
        return sorted(answers.items(), key=lambda pair: -pair[1])[: self.width]
