"""SmolLM2-135M with our adapter, as a LangChain chat model that also scores and beams."""

import threading
from collections.abc import Iterator, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import torch
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import ConfigDict, PrivateAttr
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from mindseye.planner.language import usage
from mindseye.planner.language.answers import under_schema
from mindseye.planner.language.decoding import Decoder, Free
from mindseye.planner.language.lora import merge_adapter
from mindseye.planner.language.network import attention_for
from mindseye.planner.language.packed import pack
from mindseye.planner.language.together import Together
from mindseye.planner.language.weights import ensure_weights
from mindseye.tools.errors import BadInput, Unavailable

BATCH = 32
"""Calls that are served together."""
ADAPTERS = {
    "table": "mindseye.planner.language",
    "questions": "mindseye.planner.questions",
    "conversation": "mindseye.planner.chat",
}
"""Adapters of the package: for tasks on the table, physics questions, and the choice of tools."""
_ROLES = {"human": "user", "ai": "assistant", "system": "system"}

_Beam = tuple[Sequence[int], dict[str, Any], int]
"""Prompt, schema, and how many answers."""
_Choice = tuple[Sequence[int], Sequence[str]]
"""Prompt and candidates."""


def package_adapter(name: str) -> Path | None:
    """Return the folder of an adapter that comes with the package, None if none is called so."""
    if name not in ADAPTERS:
        return None
    with as_file(files(ADAPTERS[name]).joinpath("adapter")) as folder:
        return folder


def _place(device: str, dtype: str) -> tuple[str, torch.dtype]:
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if dtype == "auto":
        dtype = "bfloat16"
    kind = getattr(torch, dtype, None)
    if not isinstance(kind, torch.dtype):
        raise BadInput(f"dtype {dtype!r} is not known; use auto, bfloat16, float16 or float32")
    return device, kind


def as_chat(messages: Sequence[BaseMessage]) -> list[dict[str, str]]:
    """Return messages in the form that chat templates take.

    Raises:
      BadInput: one is of a kind that this model does not read.
    """
    try:
        return [{"role": _ROLES[m.type], "content": str(m.text)} for m in messages]
    except KeyError as error:
        raise BadInput(
            f"this model reads system, human and ai messages, not {error.args[0]}"
        ) from error


class SmolLM(BaseChatModel):
    """The embedded language model. Loads on first use, or by `load`."""

    model_config = ConfigDict(extra="forbid")
    folder: str | None = None
    """Folder of the base model; None gets it into the user's cache."""
    adapter: str | None = "table"
    """One of `ADAPTERS`, or the folder of another; None uses none."""
    device: str = "auto"
    dtype: str = "auto"
    temperature: float = 0.0
    max_tokens: int = 256
    seed: int = 0
    apart: bool = False
    """Work in one thread of its own: right where many threads ask."""

    _decoder: Decoder | None = PrivateAttr(default=None)
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)
    _together: Together = PrivateAttr()

    def model_post_init(self, context: Any) -> None:
        """Set up what does the work."""
        super().model_post_init(context)
        self._together = Together(BATCH, self.apart)

    @property
    def _llm_type(self) -> str:
        return "mindseye-smollm2"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"folder": self.folder, "adapter": self.adapter, "dtype": self.dtype}

    def load(self) -> "SmolLM":
        """Load the weights if they are not loaded yet.

        Raises:
          Unavailable: the weights cannot be fetched, or the device is not there.
          BadInput: the adapter is corrupt.
        """
        with self._lock:
            if self._decoder is None:
                self._decoder = self._together.run(self._build)
        return self

    def _build(self) -> Decoder:
        folder = Path(self.folder) if self.folder else ensure_weights()
        device, dtype = _place(self.device, self.dtype)
        transformers_logging.disable_progress_bar()
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            model = AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=dtype,
                local_files_only=True,
                attn_implementation=attention_for(device),
            ).to(device)
        except (OSError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise Unavailable(
                f"cannot load the language model from {folder}: {reason}; "
                "delete that folder and run `mindseye weights`"
            ) from error
        if self.adapter is not None:
            merge_adapter(model, package_adapter(self.adapter) or Path(self.adapter))
        pack(model)
        return Decoder(model.eval(), tokenizer)

    def save(self, folder: Path) -> None:
        """Write the model, its adapter merged into it, as a folder that any server can load.

        Raises:
          BadInput: the folder holds something already, or cannot be written.
        """
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise BadInput(f"{str(folder)!r} is there already and not empty; name another folder")
        try:
            self.decoder.network.model.save_pretrained(folder)
            self.decoder.tokenizer.save_pretrained(folder)
        except OSError as error:
            raise BadInput(f"cannot write the model to {str(folder)!r}: {error}") from error

    @property
    def decoder(self) -> Decoder:
        """The loaded model."""
        self.load()
        assert self._decoder is not None
        return self._decoder

    def beam(
        self, messages: Sequence[BaseMessage], schema: dict[str, Any], k: int
    ) -> list[tuple[str, float]]:
        """Return the best `k` JSON answers with log-probabilities, best first.

        Calls that threads make at the same time are decoded together, as are those
        of `score` and of `invoke`, and those of copies with another temperature or seed.
        """
        asked: _Beam = (self.decoder.encode(as_chat(messages)), schema, k)
        found: list[tuple[str, float]] = self._together.call(self.decoder.beams, asked)
        usage.add(len(asked[0]), sum(len(self._tokens(text)) for text, _ in found))
        return found

    def beams(
        self, asked: Sequence[tuple[Sequence[BaseMessage], dict[str, Any]]], k: int
    ) -> list[list[tuple[str, float]]]:
        """Return what `beam` returns for each of many questions and schemas, in turn.

        A beam of several answers is a batch by itself, and reads only what its prompt does not
        share with the last: together they took as long.
        """
        return [self.beam(*one, k) for one in asked]

    def score(self, messages: Sequence[BaseMessage], candidates: Sequence[str]) -> list[float]:
        """Return the log-probabilities of candidate answers, normalised among them."""
        asked: _Choice = (self.decoder.encode(as_chat(messages)), candidates)
        logprobs: list[float] = self._together.call(self.decoder.scores, asked)
        usage.add(len(asked[0]), 1)
        return logprobs

    def _tokens(self, text: str) -> list[int]:
        tokens: list[int] = self.decoder.tokenizer.encode(text, add_special_tokens=False)
        return tokens

    def _free(self) -> Free:
        return Free(limit=self.max_tokens, temperature=self.temperature, seed=self.seed)

    def _text(self, messages: Sequence[BaseMessage], stop: Sequence[str] | None) -> str:
        """Return the whole answer."""
        ids = self.decoder.encode(as_chat(messages))
        tokens: list[int] = self._together.call(self.decoder.texts, (ids, self._free()))
        usage.add(len(ids), len(tokens))
        text: str = self.decoder.tokenizer.decode(tokens, skip_special_tokens=True)
        return text[: min([text.index(s) for s in stop or () if s in text], default=len(text))]

    def _pieces(self, messages: Sequence[BaseMessage], stop: Sequence[str] | None) -> Iterator[str]:
        """Yield the answer in pieces of text."""
        tokens: list[int] = []
        told = ""
        ids = self.decoder.encode(as_chat(messages))
        for token in self.decoder.sample(ids, self._free()):
            tokens.append(token)
            text = self.decoder.tokenizer.decode(tokens, skip_special_tokens=True)
            ends = [text.index(s) for s in stop or () if s in text]
            if ends:
                yield text[len(told) : min(ends)]
                return
            # A token may end inside a character; wait until it is whole.
            if not text.endswith("�"):
                yield text[len(told) :]
                told = text

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        schema: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        text = (
            self._text(messages, stop) if schema is None else self.beam(messages, schema, 1)[0][0]
        )
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        with self._together.alone():
            for piece in self._pieces(messages, stop):
                chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
                if run_manager:
                    run_manager.on_llm_new_token(piece, chunk=chunk)
                yield chunk

    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, Any]:
        """Return a model whose answers are decoded under the schema; see `under_schema`."""
        return under_schema(self, schema, include_raw=include_raw)
