"""Stands where vLLM stands: takes what its `LLM` takes, answers at once, notes what it was asked.

A model in a folder called `broken` does not load, one called `dies` does not answer.
"""

import math
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from .lora.request import LoRARequest
from .sampling_params import StructuredOutputsParams

LOADED: list["LLM"] = []


@dataclass(kw_only=True)
class SamplingParams:
    """Those of its fields that are used."""

    n: int
    temperature: float
    max_tokens: int
    logprobs: int | None
    seed: int | None
    structured_outputs: StructuredOutputsParams | None
    stop: list[str] = field(default_factory=list)


def _answer(text: str, tokens: list[tuple[str, dict[str, float]]]) -> SimpleNamespace:
    """Return an answer of tokens, each with the chances of all that might stand there."""
    told = [
        {
            i: SimpleNamespace(logprob=math.log(chance), decoded_token=other)
            for i, (other, chance) in enumerate(sorted(chances.items(), key=lambda c: c[0] != own))
        }
        for own, chances in tokens
    ]
    return SimpleNamespace(
        text=text, token_ids=[0] * len(tokens), logprobs=told, finish_reason="stop"
    )


class LLM:
    """Answers with the first choice, the smallest JSON, or the name of the adapter."""

    def __init__(self, model: str, *, enable_prefix_caching: bool, **options: Any) -> None:
        if "temprature" in options:
            raise TypeError("LLM.__init__() got an unexpected keyword argument 'temprature'")
        if model.endswith("broken"):
            raise ValueError("no config.json\nin this folder")
        self.model, self.caches, self.options = model, enable_prefix_caching, options
        self.batches: list[list[tuple[Any, SamplingParams, LoRARequest | None]]] = []
        LOADED.append(self)

    def chat(
        self,
        messages: list[Any],
        params: list[SamplingParams],
        *,
        use_tqdm: bool,
        lora_request: list[LoRARequest | None],
    ) -> list[SimpleNamespace]:
        if self.model.endswith("dies"):
            raise RuntimeError("the engine\nis dead")
        self.batches.append(list(zip(messages, params, lora_request, strict=True)))
        return [
            SimpleNamespace(outputs=[self._said(p, a)] * p.n, prompt_token_ids=[1, 2, 3])
            for p, a in zip(params, lora_request, strict=True)
        ]

    def _said(self, params: SamplingParams, adapter: LoRARequest | None) -> SimpleNamespace:
        under = params.structured_outputs
        if under is not None and under.choice:
            first, *others = under.choice
            chances = {first: 0.75, **{o: 0.25 / len(others) for o in others}}
            return _answer(first, [(first, chances), ("<end>", {"<end>": 1.0})])
        text = '{"colour":"red"}' if under is not None else adapter.lora_name if adapter else "none"
        return _answer(text, [(text, {text: 0.5})])
