"""Decoding of a small causal model: kept prefixes, grammar-constrained beams, batched scores.

Three things make one decision cost about one prefill on a CPU: the keys and
values of the longest common prefix with the last prompt are kept; tokens that
the grammar forces are read in one go with the next free one; and all rows of a
beam, or all branch points among candidates, go through the network together.
"""

import functools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import llguidance.hf
import torch
from torch import Tensor
from transformers import DynamicCache

from mindseye.tools.errors import BadInput

COMPACT = {"whitespace_flexible": False}
"""Answers are JSON without blanks: fewer tokens, and one way to write each."""
LENGTH_LIMIT = 400
"""Tokens after which an answer is given up; the longest goal takes about 150."""


@dataclass(kw_only=True)
class _Row:
    """One hypothesis of a beam."""

    matcher: Any
    tokens: list[int] = field(default_factory=list)
    pending: list[int] = field(default_factory=list)
    """Tokens that the network has not read yet."""
    logprob: float = 0.0


class _Batch:
    """Keys and values of rows of different length; gaps are masked."""

    def __init__(self, cache: DynamicCache, length: int, rows: int, device: torch.device) -> None:
        self.cache = cache
        self.mask = torch.ones(rows, length, dtype=torch.long, device=device)

    def select(self, rows: Sequence[int]) -> None:
        """Keep (or repeat) rows, in this order."""
        if list(rows) != list(range(len(self.mask))):
            index = torch.tensor(rows, device=self.mask.device)
            self.cache.batch_select_indices(index)
            self.mask = self.mask[index]


class Decoder:
    """A causal model with its tokenizer, asked one question at a time."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.eos: int = tokenizer.eos_token_id
        self.device: torch.device = model.device
        self._kept: list[int] = []
        self._cache = DynamicCache()
        self._after: Tensor | None = None
        self.prefilled = 0
        """Tokens read since the start, without those that were kept."""

    @functools.cached_property
    def _grammar_tokenizer(self) -> Any:
        return llguidance.hf.from_tokenizer(self.tokenizer, n_vocab=self.model.config.vocab_size)

    @functools.lru_cache(maxsize=64)  # noqa: B019  A decoder lives as long as its model.
    def _grammar(self, schema: str) -> Any:
        grammar = llguidance.LLMatcher.grammar_from_json_schema(schema, defaults=COMPACT)
        matcher = llguidance.LLMatcher(self._grammar_tokenizer, grammar)
        if matcher.is_error():
            raise BadInput(f"cannot decode to this JSON schema: {matcher.get_error()}")
        return matcher

    def encode(self, chat: Sequence[dict[str, str]]) -> list[int]:
        """Return the tokens of a chat up to where the answer starts."""
        ids: list[int] = self.tokenizer.apply_chat_template(
            list(chat), add_generation_prompt=True, return_dict=False
        )
        return ids

    def _forward(self, ids: Tensor, batch: _Batch, present: Tensor, last: Tensor) -> Tensor:
        """Read `[B, S]` ids, append them to the batch, return logits `[B, V]` after `last`."""
        before = batch.mask.sum(dim=1, keepdim=True)
        batch.mask = torch.cat([batch.mask, present], dim=1)
        positions = before + (present.cumsum(dim=1) - 1).clamp(min=0)
        hidden = self.model.model(
            input_ids=ids, attention_mask=batch.mask, position_ids=positions,
            past_key_values=batch.cache, use_cache=True,
        ).last_hidden_state  # fmt: skip
        rows = torch.arange(len(ids), device=self.device)
        logits: Tensor = self.model.lm_head(hidden[rows, last]).float()
        return logits

    def _read(self, batch: _Batch, rows: Sequence[Sequence[int]]) -> Tensor:
        """Read the tokens of each row and return the logits `[B, V]` after its last one."""
        longest = max(len(r) for r in rows)
        ids = torch.tensor(
            [[*r, *([self.eos] * (longest - len(r)))] for r in rows], device=self.device
        )
        lengths = torch.tensor([len(r) for r in rows], device=self.device)
        present = (torch.arange(longest, device=self.device)[None] < lengths[:, None]).long()
        return self._forward(ids, batch, present, lengths - 1)

    def _fork(self, length: int, rows: int = 1) -> DynamicCache:
        """Return a copy of the kept cache, cut to `length` and repeated for each row."""
        copy = DynamicCache()
        if length:
            for i, layer in enumerate(self._cache.layers):
                keys, values = layer.keys[:, :, :length], layer.values[:, :, :length]
                copy.update(keys.repeat(rows, 1, 1, 1), values.repeat(rows, 1, 1, 1), i)
        return copy

    def _prefill(self, ids: Sequence[int]) -> Tensor:
        """Read a prompt, but for what was kept of the last one; return logits `[1, V]` after it."""
        common = 0
        while common < min(len(ids), len(self._kept)) and ids[common] == self._kept[common]:
            common += 1
        if common == len(ids) == len(self._kept) and self._after is not None:
            return self._after
        common = min(common, len(ids) - 1)
        batch = _Batch(self._fork(common), common, 1, self.device)
        logits = self._read(batch, [ids[common:]])
        self.prefilled += len(ids) - common
        self._kept, self._cache, self._after = list(ids), batch.cache, logits
        return logits

    def _ids(self, matcher: Any) -> Tensor:
        bias = torch.frombuffer(bytearray(matcher.compute_logit_bias()), dtype=torch.uint8)
        return torch.nonzero(bias[: self.model.config.vocab_size]).flatten()

    def _allowed(self, matcher: Any, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return the ids a grammar allows next, and their log-probabilities among themselves."""
        ids = self._ids(matcher).to(self.device)
        return ids, torch.log_softmax(logits[ids], dim=0)

    def _take(self, row: _Row, token: int, logprob: float) -> _Row:
        """Return the row continued by a token and by all that is then forced."""
        matcher = row.matcher.deep_copy()
        matcher.consume_token(token)
        added = [token, *self._forced(matcher)]
        return _Row(
            matcher=matcher, tokens=row.tokens + added, pending=row.pending + added,
            logprob=row.logprob + logprob,
        )  # fmt: skip

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

    def _start(self, schema: Any) -> _Row:
        matcher = self._grammar(json.dumps(schema)).deep_copy()
        forced = self._forced(matcher)
        return _Row(matcher=matcher, tokens=list(forced), pending=list(forced))

    def _grow(self, row: _Row, logits: Tensor, k: int) -> Iterator[_Row]:
        """Yield the best `k` continuations of a row up to its next choice."""
        ids, logprobs = self._allowed(row.matcher, logits)
        best = torch.topk(logprobs, min(k, len(ids)))
        for value, index in zip(best.values.tolist(), best.indices.tolist(), strict=True):
            yield self._take(row, int(ids[index]), value)

    @torch.inference_mode()
    def beam(self, ids: Sequence[int], schema: Any, k: int = 1) -> list[tuple[str, float]]:
        """Return the best `k` answers in a JSON schema with their log-probabilities, best first.

        Probabilities are among what the schema allows at each token. The same
        text reached by two tokenisations is one answer.
        """
        logits = self._prefill(ids)
        batch = _Batch(self._fork(len(ids)), len(ids), 1, self.device)
        rows, done = [self._start(schema)], list[_Row]()
        if rows[0].pending:
            logits = self._read(batch, [rows[0].pending])
            rows[0].pending = []
        while rows:
            grown = [
                (new, i) for i, row in enumerate(rows) for new in self._grow(row, logits[i], k)
            ]
            grown.sort(key=lambda pair: -pair[0].logprob)
            floor = sorted((r.logprob for r in done), reverse=True)[k - 1 : k]
            kept = [(r, i) for r, i in grown[:k] if not floor or r.logprob > floor[0]]
            done += [r for r, _ in kept if self._finished(r)]
            alive = [(r, i) for r, i in kept if not self._finished(r)]
            rows = [r for r, _ in alive]
            if rows:
                batch.select([i for _, i in alive])
                logits = self._read(batch, [r.pending for r in rows])
                for row in rows:
                    row.pending = []
        return self._texts(done)[:k]

    def _finished(self, row: _Row) -> bool:
        if len(row.tokens) > LENGTH_LIMIT:
            raise BadInput("the model's answer does not end; ask for less in one task")
        return bool(row.matcher.is_stopped() or row.tokens[-1] == self.eos)

    def _texts(self, rows: Sequence[_Row]) -> list[tuple[str, float]]:
        found: dict[str, float] = {}
        for row in rows:
            text = self.tokenizer.decode(row.tokens, skip_special_tokens=True)
            total = torch.logaddexp(
                torch.tensor(found.get(text, -torch.inf)), torch.tensor(row.logprob)
            )
            found[text] = float(total)
        return sorted(found.items(), key=lambda pair: -pair[1])

    @torch.inference_mode()
    def score(self, ids: Sequence[int], candidates: Sequence[str]) -> list[float]:
        """Return the log-probability of each candidate answer; together they make 1.

        All points where candidates part are read in one batch behind one prefill.
        """
        paths = [
            [*self.tokenizer.encode(c, add_special_tokens=False), self.eos] for c in candidates
        ]
        children: dict[tuple[int, ...], set[int]] = {}
        for path in paths:
            for i, token in enumerate(path):
                children.setdefault(tuple(path[:i]), set()).add(token)
        forks = [prefix for prefix, tokens in children.items() if len(tokens) > 1]
        if not forks:
            return [0.0] * len(paths)
        stem = min(forks, key=len)
        after = {stem: self._prefill([*ids, *stem])[0]}
        deeper = [p for p in forks if p != stem]
        if deeper:
            length = len(ids) + len(stem)
            batch = _Batch(self._fork(length, len(deeper)), length, len(deeper), self.device)
            logits = self._read(batch, [p[len(stem) :] for p in deeper])
            after |= dict(zip(deeper, logits, strict=True))
        return [self._path_logprob(path, children, after) for path in paths]

    def _path_logprob(
        self,
        path: Sequence[int],
        children: dict[tuple[int, ...], set[int]],
        after: dict[tuple[int, ...], Tensor],
    ) -> float:
        total = 0.0
        for i, token in enumerate(path):
            prefix = tuple(path[:i])
            if prefix in after:
                options = sorted(children[prefix])
                logprobs = torch.log_softmax(after[prefix][options], dim=0)
                total += float(logprobs[options.index(token)])
        return total

    @torch.inference_mode()
    def sample(
        self, ids: Sequence[int], limit: int, temperature: float, generator: torch.Generator
    ) -> Iterator[int]:
        """Yield free tokens until the model stops or `limit` is reached; greedy at 0."""
        logits = self._prefill(ids)
        batch = _Batch(self._fork(len(ids)), len(ids), 1, self.device)
        for _ in range(limit):
            if temperature > 0:
                chances = torch.softmax(logits[0].cpu() / temperature, dim=-1)
                token = int(torch.multinomial(chances, 1, generator=generator))
            else:
                token = int(logits[0].argmax())
            if token == self.eos:
                return
            yield token
            logits = self._read(batch, [[token]])
