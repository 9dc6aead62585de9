"""Answers held to a JSON schema, token by token."""

import functools
import json
from dataclasses import dataclass, field
from typing import Any

import llguidance.hf
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mindseye.tools.errors import BadInput

COMPACT = {"whitespace_flexible": False}
"""Answers are JSON without blanks: fewer tokens, and one way to write each."""
LENGTH_LIMIT = 400
"""Tokens after which an answer is given up; the longest goal takes about 150."""


@dataclass(kw_only=True)
class Row:
    """One answer on its way."""

    matcher: Any
    tokens: list[int] = field(default_factory=list)
    pending: list[int] = field(default_factory=list)
    """Tokens that the network has not read yet."""
    logprob: float = 0.0

    @property
    def endless(self) -> bool:
        """Whether it is too long to go on."""
        return len(self.tokens) > LENGTH_LIMIT


class Grammar:
    """What a tokenizer's tokens can say under JSON schemas."""

    def __init__(self, tokenizer: Any, vocabulary: int) -> None:
        """Bind a tokenizer to a network with so many tokens."""
        self.tokenizer, self.vocabulary = tokenizer, vocabulary
        self.eos: int = tokenizer.eos_token_id

    @functools.cached_property
    def _tokens(self) -> Any:
        return llguidance.hf.from_tokenizer(self.tokenizer, n_vocab=self.vocabulary)

    @functools.lru_cache(maxsize=64)  # noqa: B019  A grammar lives as long as its model.
    def _matcher(self, schema: str) -> Any:
        grammar = llguidance.LLMatcher.grammar_from_json_schema(schema, defaults=COMPACT)
        matcher = llguidance.LLMatcher(self._tokens, grammar)
        if matcher.is_error():
            raise BadInput(f"cannot decode to this JSON schema: {matcher.get_error()}")
        return matcher

    def start(self, schema: Any) -> Row:
        """Return an answer that holds what the schema forces at its beginning.

        Raises:
          BadInput: there are no answers in this schema.
        """
        matcher = self._matcher(json.dumps(schema)).deep_copy()
        forced = self._forced(matcher)
        return Row(matcher=matcher, tokens=list(forced), pending=list(forced))

    def allowed(self, row: Row) -> Tensor:
        """Return the ids of the tokens that may come next."""
        return torch.from_numpy(self._ids(row.matcher))

    def fork(self, row: Row, token: int, logprob: float) -> Row:
        """Return the row continued by a token and by all that is then forced."""
        forked = Row(
            matcher=row.matcher.deep_copy(), tokens=list(row.tokens), pending=list(row.pending),
            logprob=row.logprob,
        )  # fmt: skip
        return self.take(forked, token, logprob)

    def take(self, row: Row, token: int, logprob: float) -> Row:
        """Continue the row itself by a token and by all that is then forced."""
        row.matcher.consume_token(token)
        added = [token, *self._forced(row.matcher)]
        row.tokens += added
        row.pending += added
        row.logprob += logprob
        return row

    def finished(self, row: Row) -> bool:
        """Say whether an answer is whole."""
        return bool(row.matcher.is_stopped() or (row.tokens and row.tokens[-1] == self.eos))

    def text(self, row: Row) -> str:
        """Return what a row says."""
        text: str = self.tokenizer.decode(row.tokens, skip_special_tokens=True)
        return text

    def _ids(self, matcher: Any) -> NDArray[np.int64]:
        # numpy: torch would wake its threads for every token of every row.
        bias = np.frombuffer(matcher.compute_logit_bias(), dtype=np.uint8)
        return np.flatnonzero(bias[: self.vocabulary])

    def _forced(self, matcher: Any) -> list[int]:
        """Consume and return the tokens to which the grammar leaves no alternative."""
        added: list[int] = []
        while not matcher.is_stopped():
            forced = matcher.compute_ff_tokens()
            if not forced:
                forced = self._ids(matcher).tolist()
                if len(forced) > 1:
                    break
            matcher.consume_tokens(forced)
            added += forced
        return added
