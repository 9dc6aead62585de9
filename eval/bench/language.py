"""Constrained decoding of our planner's prompts against plain `transformers`, and vLLM.

The same prompts (tasks to be understood as goals) with the same weights, greedy; in each round
others, since a server keeps what it has read before. Counted are the tokens of the answers' text
for all alike, whoever wrote them: what was forced by a grammar and never passed through the model
is part of the answer, too.
"""

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from langchain_core.messages import BaseMessage

from mindseye.eval.bench.measure import Asked, Figure, Timed, figure, interleaved, ratio
from mindseye.eval.bench.peer import PeerProcess
from mindseye.planner.agent import set_threads
from mindseye.planner.config import Config
from mindseye.planner.language.asking import ask_goal
from mindseye.planner.language.decoding import Decoder
from mindseye.planner.language.models import load_own
from mindseye.planner.language.reading import read_task
from mindseye.planner.language.schemas import Schema
from mindseye.planner.language.smollm import SmolLM, as_chat
from mindseye.tools.cpu import as_found
from mindseye.tools.errors import needs_extra
from mindseye.tools.world.tasks import task

PROMPTS = 16
"""Asked in a round, and at a time where many are."""
LONGEST = 256
"""Tokens of an answer that nothing ends."""
OURS, PLAIN, VLLM = "decoding", "generate", "vLLM"
Answers = Callable[["Sequence[Prompt]"], list[str]]
"""Answers prompts, in their order."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Prompt:
    """What one task's goal is asked with."""

    messages: Sequence[BaseMessage]
    schema: Schema
    ids: Sequence[int]
    """Tokens of the messages up to where the answer starts."""


def prompts(decoder: Decoder, n: int, first: int = 0) -> list[Prompt]:
    """Return the prompts of `n` tasks from the `first`, of one push and of several in turn."""
    found = []
    for index in range(first, first + n):
        wanted = task(("short", "long")[index % 2], index // 2)
        reading = read_task(wanted.words, list(wanted.options["layout"]))
        asked = ask_goal(reading.task, reading.names, reading.schema, explain=False)
        ids = decoder.encode(as_chat(asked))
        found.append(Prompt(messages=asked, schema=reading.schema, ids=ids))
    return found


def constrained(decoder: Decoder, asked: Sequence[Prompt]) -> list[str]:
    """Return our answers, all decoded together."""
    replies = decoder.beams([(p.ids, p.schema, 1) for p in asked])
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return [reply[0][0] for reply in replies if not isinstance(reply, Exception)]


def generated(peer: PeerProcess, asked: Sequence[Prompt]) -> list[str]:
    """Return the answers of plain `generate`."""
    texts: list[str] = json.loads(peer.ask(json.dumps([list(p.ids) for p in asked])))
    return texts


def served(url: str) -> Answers:
    """Return what asks a vLLM server, under the same schemas, all at once.

    Raises:
      Unavailable: it does not answer, or the client is not installed.
    """
    with needs_extra("`mindseye bench --vllm`", "openai"):
        from mindseye.planner.language.served import Served
        from mindseye.tools.endpoint import settings_of
    model = Served(**settings_of(url, {}))

    def ask(asked: Sequence[Prompt]) -> list[str]:
        with ThreadPoolExecutor(len(asked)) as pool:
            return list(pool.map(lambda p: model.beam(p.messages, p.schema, 1)[0][0], asked))

    return ask


def timed(
    decoder: Decoder, rounds: Sequence[Sequence[Prompt]], size: int, answers: Answers
) -> Timed:
    """Return what has the next round's prompts answered, `size` at a time, and counts tokens."""
    coming = iter(rounds)

    def once() -> tuple[float, float]:
        asked = next(coming)
        started = time.perf_counter()
        texts = [
            text for at in range(0, len(asked), size) for text in answers(asked[at : at + size])
        ]
        seconds = time.perf_counter() - started
        count = sum(len(decoder.tokenizer.encode(t, add_special_tokens=False)) for t in texts)
        return float(count), seconds

    return once


def share_alike(one: Sequence[str], other: Sequence[str]) -> float:
    """Return the share of answers that say the same."""

    def read(text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError:
            return text

    return sum(bool(read(a) == read(b)) for a, b in zip(one, other, strict=True)) / len(one)


def against(model: SmolLM, plain: Answers, asked: Asked, n: int) -> list[Figure]:
    """Return tokens a second of all, and how they compare."""
    decoder = model.decoder
    # Each way of asking has its own, and the first round does not count.
    ways = [
        [prompts(decoder, n, (2 * k + way) * n) for k in range(asked.rounds + 1)] for way in (0, 1)
    ]
    ours = partial(constrained, decoder)
    many = f", {n} at a time"
    peers: dict[str, Answers] = {PLAIN: plain}
    if asked.vllm:
        peers[VLLM] = served(asked.vllm)
    contenders: dict[str, Timed] = {}
    everyone: dict[str, Answers] = {OURS: ours, **peers}
    for name, answers in everyone.items():
        contenders[name] = timed(decoder, ways[0], 1, answers)
        contenders[name + many] = timed(decoder, ways[1], n, answers)
    pairs = [(OURS, PLAIN), (OURS + many, PLAIN)]
    pairs += [(OURS + how, peer + how) for peer in peers for how in ("", many)]
    rates = interleaved(contenders, asked.rounds)
    found = [ratio(mine, peer, rates, "tokens") for mine, peer in dict.fromkeys(pairs)]
    found += [figure(f"language: {name}", "tokens/s", rates[name]) for name in contenders]
    alike = share_alike(ours(ways[0][0]), plain(ways[0][0]))
    return [*found, figure("language: answers alike, decoding and generate", "share", [alike])]


def figures(asked: Asked, n: int = PROMPTS) -> list[Figure]:
    """Return all of this part.

    Raises:
      Unavailable: the language weights are not there, or the server does not answer.
    """
    set_threads(Config().threads)
    model = load_own("smollm2")
    with tempfile.TemporaryDirectory(prefix="mindseye-bench-") as folder:
        whole = Path(folder) / "model"
        # The adapter merged into them: the weights that any server would be given.
        model.save(whole)
        kind = str(model.decoder.network.model.dtype).removeprefix("torch.")
        # Its threads wait as torch has them by itself.
        with PeerProcess(
            "plain_generate", str(whole), kind, str(LONGEST), environment=as_found()
        ) as plain:
            return against(model, partial(generated, plain), asked, n)
