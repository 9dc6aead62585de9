"""A vision-language model of `transformers` in this process, its answers held to the schema."""

import functools
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import llguidance.hf
import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers import AutoModelForImageTextToText, AutoProcessor, LogitsProcessor
from transformers.utils import logging

from mindseye.tools.errors import BadInput, Unavailable, one_line
from mindseye.tools.vision.vlm.asking import Answer, Question, mean_probability, share_of_yes
from mindseye.tools.vision.vlm.model import Sight, VisionLanguage

LONGEST = 1024
"""Tokens of an answer."""
MOST_TOLD = 20
"""Tokens that are looked at for yes and no."""
_COMPACT = {"whitespace_flexible": False}
"""Answers are JSON without blanks: fewer tokens, and one way to write each."""


class _Under(LogitsProcessor):  # type: ignore[misc]
    """Lets only such tokens be written as go on with an answer in the schema."""

    def __init__(self, matcher: Any, start: int) -> None:
        self.matcher, self.start = matcher, start

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        if input_ids.shape[1] > self.start:
            self.matcher.consume_token(int(input_ids[0, -1]))
        allowed = np.frombuffer(self.matcher.compute_logit_bias(), dtype=np.uint8) > 0
        mask = torch.from_numpy(allowed[: scores.shape[1]]).to(scores.device)
        return scores.masked_fill(~mask, -math.inf)


class LocalAnswerer:
    """Fulfils `Answerer` with any `image-text-to-text` model; one question at a time."""

    def __init__(self, model: str, device: str = "cpu", dtype: str = "auto") -> None:
        """Load the model.

        Args:
          model: folder, or name on the hub.
          device: torch device.
          dtype: "float32", "bfloat16" or "float16"; "auto" is float32 on a CPU, else bfloat16.

        Raises:
          BadInput: no model is named, or dtype or device have no meaning.
          Unavailable: it cannot be found, read, or asked with pictures.
        """
        if not model:
            raise BadInput("say which model: set vision_options model=NAME_OR_FOLDER")
        if dtype == "auto":
            dtype = "float32" if device == "cpu" else "bfloat16"
        if dtype not in ("float32", "bfloat16", "float16"):
            raise BadInput(f"vision dtype {dtype!r}: known are float32, bfloat16, float16")
        local = Path(model).expanduser().is_dir()
        model = str(Path(model).expanduser()) if local else model
        logging.disable_progress_bar()
        try:
            self.processor = AutoProcessor.from_pretrained(model, local_files_only=local)
            self.model = AutoModelForImageTextToText.from_pretrained(
                model, dtype=getattr(torch, dtype), local_files_only=local, use_safetensors=True
            )
        # Config, tokenizer, processor and weights have a reader each, with errors of its own.
        except Exception as error:
            raise Unavailable(
                f"cannot load the vision model {model!r}: {one_line(error)[:300]}"
            ) from error
        try:
            self.model = self.model.eval().to(device)
        except (RuntimeError, AssertionError) as error:
            raise BadInput(f"vision device {device!r} cannot be used: {error}") from error
        if not self.processor.chat_template:
            raise Unavailable(f"{model!r} has no chat template: it was not trained to be asked")

    @property
    def tokenizer(self) -> Any:
        """The tokenizer."""
        return self.processor.tokenizer

    @functools.cached_property
    def _ends(self) -> list[int]:
        told = self.model.generation_config.eos_token_id
        ends = {self.tokenizer.eos_token_id, *(told if isinstance(told, list) else [told])}
        return sorted(e for e in ends if e is not None)

    @functools.cached_property
    def _tokens(self) -> Any:
        size = self.model.get_output_embeddings().weight.shape[0]
        return llguidance.hf.from_tokenizer(self.tokenizer, n_vocab=size, eos_token=self._ends)

    def answers(self, questions: Sequence[Question]) -> list[Answer]:
        """Return JSON under each question's schema; see `Answerer.answers`."""
        return [self._answer(q) for q in questions]

    def yes(self, questions: Sequence[Question]) -> list[float]:
        """Return the probability of yes for each question; see `Answerer.yes`."""
        return [self._yes(q) for q in questions]

    @torch.inference_mode()
    def _answer(self, question: Question) -> Answer:
        inputs = self.inputs(question)
        start = inputs["input_ids"].shape[1]
        made = self.model.generate(
            **inputs, max_new_tokens=LONGEST, do_sample=False, return_dict_in_generate=True,
            output_scores=True, logits_processor=[_Under(self._matcher(question), start)],
            pad_token_id=self._ends[0], eos_token_id=self._ends,
        )  # fmt: skip
        written = made.sequences[0, start:].tolist()
        logprobs = [
            float(torch.log_softmax(scores[0].float(), dim=0)[token])
            for scores, token in zip(made.scores, written, strict=True)
        ]
        return Answer(
            text=self.tokenizer.decode(written, skip_special_tokens=True),
            whole=bool(written) and written[-1] in self._ends,
            confidence=mean_probability(logprobs),
        )

    @torch.inference_mode()
    def _yes(self, question: Question) -> float:
        after = self.model(**self.inputs(question)).logits[0, -1].float()
        best = torch.topk(torch.log_softmax(after, dim=0), min(MOST_TOLD, len(after)))
        pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        return share_of_yes([(self.tokenizer.decode([i]), v) for i, v in pairs])

    def inputs(self, question: Question) -> Any:
        """Return what the network reads: the question in the model's own chat template."""
        pictures = [{"type": "image", "image": Image.fromarray(p)} for p in question.pictures]
        chat = [{"role": "user", "content": [*pictures, {"type": "text", "text": question.prompt}]}]
        inputs = self.processor.apply_chat_template(
            chat, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
        )
        return inputs.to(self.model.device, self.model.dtype)

    def _matcher(self, question: Question) -> Any:
        schema = json.dumps(question.schema)
        grammar = llguidance.LLMatcher.grammar_from_json_schema(schema, defaults=_COMPACT)
        matcher = llguidance.LLMatcher(self._tokens, grammar)
        if matcher.is_error():
            raise BadInput(f"cannot decode to this JSON schema: {matcher.get_error()}")
        return matcher


def local_vision(
    model: str = "", device: str = "cpu", dtype: str = "auto", **sight: Any
) -> VisionLanguage:
    """Return a vision-language model of `transformers` as the vision model.

    Args:
      model: folder, or name on the hub.
      device: torch device.
      dtype: see `LocalAnswerer`.
      sight: what it is shown, and how it tells places; see `Sight`.
    """
    return VisionLanguage(LocalAnswerer(model, device, dtype), Sight(**sight))
