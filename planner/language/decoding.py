"""Decoding of a small causal model: kept prefixes, grammar-constrained beams, batched scores.

Three things make one decision cost about one prefill on a CPU: the keys and
values of the longest common prefix with the last prompt are kept; tokens that
the grammar forces are read in one go with the next free one; and all rows of a
beam, or all branch points among candidates, go through the network together.
Many questions at a time (`beams`, `scores`, `texts`) share every pass instead.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from mindseye.planner.language.beams import Beam
from mindseye.planner.language.grammar import LENGTH_LIMIT, Grammar, Row
from mindseye.planner.language.network import Batch, Network, Scored
from mindseye.tools.errors import BadInput

SCORED = 64
"""Prompts of batches whose keys and values are kept, a megabyte each: what is scored is often
written next."""
LEAST_SHARED = 48
"""Tokens that prompts of a batch must begin with alike to be read once for all."""
MOST_ROWS = 32
"""Answers that are followed at a time, several megabytes each; of one prompt may be more."""
LONGEST_READ = 4
"""Tokens of a row that one pass of a batch reads: others would wait for a long forced run."""


@dataclass(frozen=True, kw_only=True)
class Free:
    """How free text is written."""

    limit: int = 256
    """Tokens."""
    temperature: float = 0.0
    """0 takes the likeliest token each time."""
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class _Tree:
    """Candidate answers as paths of tokens from a common stem."""

    paths: Sequence[Sequence[int]]
    children: dict[tuple[int, ...], list[int]]
    """Prefix -> tokens that may follow it, in order."""

    @property
    def forks(self) -> list[tuple[int, ...]]:
        """The prefixes where candidates part, the stem first."""
        return sorted((p for p, tokens in self.children.items() if len(tokens) > 1), key=len)

    def logprobs(self, after: dict[tuple[int, ...], Tensor]) -> list[float]:
        """Return each candidate's log-probability, from those of the options at each fork."""
        return [self._logprob(path, after) for path in self.paths]

    def _logprob(self, path: Sequence[int], after: dict[tuple[int, ...], Tensor]) -> float:
        total = 0.0
        for i, token in enumerate(path):
            prefix = tuple(path[:i])
            if prefix in after:
                total += float(after[prefix][self.children[prefix].index(token)])
        return total


class Decoder:
    """A causal model with its tokenizer."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.eos: int = tokenizer.eos_token_id
        self.network = Network(model, self.eos)
        self.grammar = Grammar(tokenizer, self.network.vocabulary)
        self._kept: list[int] = []
        self._cache = DynamicCache()
        self._after: Tensor | None = None
        self._scored = Scored(SCORED)
        self.prefilled = 0
        """Tokens read since the start, without those that were kept."""

    def encode(self, chat: Sequence[dict[str, str]]) -> list[int]:
        """Return the tokens of a chat up to where the answer starts."""
        ids: list[int] = self.tokenizer.apply_chat_template(
            list(chat), add_generation_prompt=True, return_dict=False
        )
        return ids

    def _behind(self, length: int, rows: int = 1) -> Batch:
        """Return rows behind a copy of the kept cache, cut to `length`."""
        copy = DynamicCache()
        if length:
            for i, layer in enumerate(self._cache.layers):
                keys, values = layer.keys[:, :, :length], layer.values[:, :, :length]
                copy.update(keys.repeat(rows, 1, 1, 1), values.repeat(rows, 1, 1, 1), i)
        return Batch(rows, self.network.device, copy, length)

    def _prefill(self, ids: Sequence[int]) -> Tensor:
        """Read a prompt but for what was kept of the last; return the state after it, `[1, D]`."""
        common = 0
        while common < min(len(ids), len(self._kept)) and ids[common] == self._kept[common]:
            common += 1
        if common == len(ids) == len(self._kept) and self._after is not None:
            return self._after
        common = min(common, len(ids) - 1)
        batch = self._behind(common)
        state = self.network.read(batch, [ids[common:]])
        self.prefilled += len(ids) - common
        self._kept, self._cache, self._after = list(ids), batch.cache, state
        return state

    def _together(self, prompts: Sequence[Sequence[int]]) -> tuple[Batch, int]:
        """Return rows behind what all prompts begin with, read once, and how long that is."""
        columns = zip(*(ids[:-1] for ids in prompts), strict=False)
        common = sum(1 for _ in takewhile(lambda tokens: len(set(tokens)) == 1, columns))
        if len(prompts) < 2 or common < LEAST_SHARED:
            return Batch(len(prompts), self.network.device), 0
        self._prefill(prompts[0][:common])
        return self._behind(common, len(prompts)), common

    def _logprobs(self, state: Tensor, ids: Tensor) -> Tensor:
        """Return the log-probabilities of tokens among themselves, `[N]`, after a state `[D]`."""
        return torch.log_softmax(self.network.logits(state, ids.to(state.device)), dim=-1)

    def beam(self, ids: Sequence[int], schema: Any, k: int = 1) -> list[tuple[str, float]]:
        """Return the best `k` answers in a JSON schema with their log-probabilities, best first.

        Probabilities are among what the schema allows at each token. The same
        text reached by two tokenisations is one answer.

        Raises:
          BadInput: no such schema, or an answer that does not end.
        """
        (found,) = self.beams([(ids, schema, k)])
        if isinstance(found, BadInput):
            raise found
        return found

    @torch.inference_mode()
    def beams(
        self, asked: Sequence[tuple[Sequence[int], Any, int]]
    ) -> list[list[tuple[str, float]] | BadInput]:
        """Return what `beam` returns for each of many prompts, read together.

        An answer that does not end is a `BadInput` in its place: the others stand.

        Raises:
          BadInput: no such schema.
        """
        begun = [(ids, Beam(self.grammar, schema, k)) for ids, schema, k in asked]
        for group in _groups(begun):
            self._search(group)
        return [beam.found() for _, beam in begun]

    def _search(self, begun: Sequence[tuple[Sequence[int], Beam]]) -> None:
        """Take the beams behind prompts to their ends."""
        alive = [beam for _, beam in begun]
        batch, states = self._begun([ids for ids, _ in begun], [beam.rows[0] for beam in alive])
        while alive:
            at, parents = 0, list[int]()
            for beam in alive:
                end = at + len(beam.rows)
                parents += [at + i for i in beam.grow(states[at:end], self._logprobs)]
                at = end
            alive = [beam for beam in alive if beam.rows]
            if alive:
                batch.select(parents)
                rows = [row for beam in alive for row in beam.rows]
                most = LONGEST_READ if len(alive) > 1 else LENGTH_LIMIT
                states = self._read_on(batch, rows, states[parents], most)

    def _begun(self, prompts: Sequence[Sequence[int]], rows: Sequence[Row]) -> tuple[Batch, Tensor]:
        """Read prompts and what answers begin with; return the batch and the states `[B, D]`."""
        if len(prompts) == 1:
            whole, rows[0].pending = [*prompts[0], *rows[0].pending], []
            states = self._prefill(whole)
            return self._behind(len(whole)), states
        known = self._scored.behind(prompts, self.network.device)
        batch, common = known or self._together(prompts)
        for row, ids in zip(rows, prompts, strict=True):
            # Of a prompt that is known all but the last token is: what comes after is asked.
            row.pending = [*ids[-1 if known else common :], *row.pending]
        return batch, self._read_on(batch, rows, None, max(len(row.pending) for row in rows))

    def _read_on(
        self, batch: Batch, rows: Sequence[Row], states: Tensor | None, most: int
    ) -> Tensor:
        """Read up to so many tokens of each row; return the states, of those with none as before.

        Args:
          batch: holds the rows.
          rows: at least one has something to be read.
          states: `[B, D]` before; None if all have.
          most: tokens.
        """
        after = self.network.read(batch, [row.pending[:most] for row in rows])
        if states is not None:
            reading = torch.tensor([bool(row.pending) for row in rows], device=after.device)
            after = torch.where(reading[:, None], after, states)
        for row in rows:
            row.pending = row.pending[most:]
        return after

    def _tree(self, candidates: Sequence[str]) -> _Tree:
        paths = [
            [*self.tokenizer.encode(c, add_special_tokens=False), self.eos] for c in candidates
        ]
        children: dict[tuple[int, ...], set[int]] = {}
        for path in paths:
            for i, token in enumerate(path):
                children.setdefault(tuple(path[:i]), set()).add(token)
        return _Tree(paths=paths, children={p: sorted(c) for p, c in children.items()})

    @torch.inference_mode()
    def score(self, ids: Sequence[int], candidates: Sequence[str]) -> list[float]:
        """Return the log-probability of each candidate answer; together they make 1.

        All points where candidates part are read in one batch behind one prefill.
        """
        tree = self._tree(candidates)
        if not tree.forks:
            return [0.0] * len(tree.paths)
        stem, *deeper = tree.forks
        after = {stem: self._prefill([*ids, *stem])[0]}
        if deeper:
            batch = self._behind(len(ids) + len(stem), len(deeper))
            states = self.network.read(batch, [p[len(stem) :] for p in deeper])
            after |= dict(zip(deeper, states, strict=True))
        return self._chances(tree, after)

    def _chances(self, tree: _Tree, after: dict[tuple[int, ...], Tensor]) -> list[float]:
        """Return each candidate's log-probability, from the states `[D]` after each fork."""
        return tree.logprobs(
            {
                fork: self._logprobs(state, torch.tensor(tree.children[fork]))
                for fork, state in after.items()
            }
        )

    @torch.inference_mode()
    def scores(self, asked: Sequence[tuple[Sequence[int], Sequence[str]]]) -> list[list[float]]:
        """Return what `score` returns for each of many prompts, in two passes for all.

        One alone is read behind what was kept of the last prompt.
        """
        if len(asked) == 1:
            return [self.score(*asked[0])]
        trees = [self._tree(candidates) for _, candidates in asked]
        stems = [tree.forks[0] if tree.forks else () for tree in trees]
        batch, common = self._together([ids for ids, _ in asked])
        ids = [[*ids[common:], *stem] for (ids, _), stem in zip(asked, stems, strict=True)]
        states = self.network.read(batch, ids)
        self._scored.keep([ids for ids, _ in asked], batch.cache)
        after = [{stem: row} for stem, row in zip(stems, states, strict=True)]
        deeper = [(i, fork) for i, tree in enumerate(trees) for fork in tree.forks[1:]]
        if deeper:
            batch.select([i for i, _ in deeper])
            states = self.network.read(batch, [fork[len(stems[i]) :] for i, fork in deeper])
            for (i, fork), row in zip(deeper, states, strict=True):
                after[i][fork] = row
        return [self._chances(tree, found) for tree, found in zip(trees, after, strict=True)]

    @torch.inference_mode()
    def sample(self, ids: Sequence[int], how: Free) -> Iterator[int]:
        """Yield free tokens until the model stops or the limit is reached."""
        generator = torch.Generator().manual_seed(how.seed)
        states = self._prefill(ids)
        batch = self._behind(len(ids))
        for _ in range(how.limit):
            token = _drawn(self.network.logits(states[0]), how.temperature, generator)
            if token == self.eos:
                return
            yield token
            states = self.network.read(batch, [[token]])

    @torch.inference_mode()
    def texts(self, asked: Sequence[tuple[Sequence[int], Free]]) -> list[list[int]]:
        """Return the tokens of `sample` for each of many prompts, drawn together.

        One alone is read behind what was kept of the last prompt.
        """
        if len(asked) == 1:
            return [list(self.sample(*asked[0]))]
        generators = [torch.Generator().manual_seed(how.seed) for _, how in asked]
        written: list[list[int]] = [[] for _ in asked]
        batch, common = self._together([ids for ids, _ in asked])
        states = self.network.read(batch, [ids[common:] for ids, _ in asked])
        alive = list(range(len(asked)))
        while alive:
            going, logits = [], self.network.logits(states)
            for at, i in enumerate(alive):
                how = asked[i][1]
                token = _drawn(logits[at], how.temperature, generators[i])
                if token != self.eos:
                    written[i].append(token)
                    if len(written[i]) < how.limit:
                        going.append(at)
            alive = [alive[at] for at in going]
            if alive:
                batch.select(going)
                states = self.network.read(batch, [[written[i][-1]] for i in alive])
        return written


def _drawn(logits: Tensor, temperature: float, generator: torch.Generator) -> int:
    if temperature <= 0:
        return int(logits.argmax())
    chances = torch.softmax(logits.cpu() / temperature, dim=-1)
    return int(torch.multinomial(chances, 1, generator=generator))


def _groups(
    begun: Sequence[tuple[Sequence[int], Beam]],
) -> Iterator[list[tuple[Sequence[int], Beam]]]:
    """Yield prompts, in order, as many at a time as `MOST_ROWS` allows; at least one."""
    group: list[tuple[Sequence[int], Beam]] = []
    for ids, beam in begun:
        if group and sum(b.width for _, b in group) + beam.width > MOST_ROWS:
            yield group
            group = []
        group.append((ids, beam))
    if group:
        yield group
