"""vLLM in this process, with a stand-in for vLLM itself; `test_vllm` has the real one."""

import importlib
import math
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from pydantic import BaseModel

from mindseye.planner.ask.session import load_model
from mindseye.planner.chat.caller import Caller, load_caller
from mindseye.planner.config import Config
from mindseye.planner.language import usage, vllm_local
from mindseye.planner.language.models import load_language
from mindseye.planner.language.scorer import Scorer
from mindseye.tools.errors import BadInput, MindseyeError, Unavailable

ASKED = [HumanMessage("which colour?")]
SCHEMA = {"type": "object", "properties": {"colour": {"enum": ["red", "blue"]}}}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return the stand-in, as the module that is imported."""
    monkeypatch.syspath_prepend(str(Path(__file__).with_name("stand_in_engine")))
    monkeypatch.setattr(vllm_local, "_engines", {})
    for name in ("VLLM_WORKER_MULTIPROC_METHOD", "VLLM_LOGGING_STREAM", "VLLM_LOGGING_LEVEL"):
        monkeypatch.setenv(name, "set")
    yield importlib.import_module("vllm")
    for name in [n for n in sys.modules if n == "vllm" or n.startswith("vllm.")]:
        del sys.modules[name]


class Colour(BaseModel):
    """An answer."""

    colour: str


def test_any_model_answers_freely_and_under_a_schema(engine: Any) -> None:
    model = load_language("vllm:some/folder", {"temperature": 0.5, "seed": 3, "max_num_seqs": 8})
    assert not isinstance(model, Scorer)
    with usage.counted() as counted:
        assert model.invoke(ASKED).text == "none"
    assert (counted.read, counted.written) == (3, 1)
    assert model.with_structured_output(SCHEMA).invoke(ASKED) == {"colour": "red"}
    assert model.with_structured_output(Colour).invoke(ASKED) == Colour(colour="red")
    (loaded,) = engine.LOADED
    assert (loaded.model, loaded.caches) == ("some/folder", True)
    assert loaded.options == {"max_num_seqs": 8}
    ((free,), (under,), _) = loaded.batches
    assert free[0] == [{"role": "user", "content": "which colour?"}]
    assert (free[1].temperature, free[1].seed, free[1].structured_outputs) == (0.5, 3, None)
    assert under[1].structured_outputs.json == SCHEMA
    assert under[1].structured_outputs.disable_any_whitespace


def test_our_own_model_beams_and_scores(engine: Any) -> None:
    model = load_language("vllm:merged#smollm2-questions")
    assert isinstance(model, Scorer)
    ((text, logprob),) = model.beam(ASKED, SCHEMA, 3)
    assert text == '{"colour":"red"}'
    assert math.exp(logprob) == pytest.approx(0.5)
    logs = model.score(ASKED, ["red", "blue", "green"])
    assert [math.exp(v) for v in logs] == pytest.approx([0.75, 0.125, 0.125])
    beamed, scored = engine.LOADED[0].batches
    # The likeliest and those that are drawn are one batch.
    assert [(p.temperature, p.n, p.seed) for _, p, _ in beamed] == [(0.0, 1, None), (0.8, 3, 0)]
    assert scored[0][1].structured_outputs.choice == ["red", "blue", "green"]


@pytest.mark.weights
def test_our_own_models_are_one_engine_with_several_adapters(engine: Any) -> None:
    table, questions = load_language("vllm:smollm2"), load_language("vllm:smollm2-questions")
    assert (table.invoke(ASKED).text, questions.invoke(ASKED).text) == (
        "smollm2", "smollm2-questions",
    )  # fmt: skip
    (loaded,) = engine.LOADED
    assert loaded.options["enable_lora"]
    adapters = [batch[0][2] for batch in loaded.batches]
    assert [a.lora_int_id for a in adapters] == [1, 2]
    assert all((Path(a.lora_path) / "adapter_config.json").is_file() for a in adapters)
    asking = load_model(Config(model="vllm:smollm2"))
    assert asking.invoke(ASKED).text == "smollm2-questions"
    calling = load_caller(Config(model="vllm:smollm2"))
    assert isinstance(calling, Caller)
    assert calling.model.invoke(ASKED).text == "smollm2-conversation"


def holding(loaded: Any) -> threading.Event:
    """Keep an engine from answering until what is returned is set."""
    gate, chat = threading.Event(), loaded.chat

    def held(*given: Any, **more: Any) -> Any:
        gate.wait(30)
        return chat(*given, **more)

    loaded.chat = held
    return gate


def until_waiting(model: Any, count: int) -> None:
    while len(model._engine._together._waiting) < count:
        threading.Event().wait(0.01)


def test_what_threads_ask_at_once_is_one_batch(engine: Any) -> None:
    model = load_language("vllm:some/folder")
    loaded = engine.LOADED[0]
    gate = holding(loaded)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(model.invoke, f"question {i}") for i in range(8)]
        until_waiting(model, 7)
        gate.set()
        assert [a.result().text for a in asked] == ["none"] * 8
    assert sorted(map(len, loaded.batches)) == [1, 7]


def test_beams_of_many_questions_are_asked_at_once(engine: Any) -> None:
    model = load_language("vllm:merged#smollm2-questions")
    assert isinstance(model, Scorer)
    alone = model.beam(ASKED, SCHEMA, 3)
    loaded = engine.LOADED[0]
    loaded.batches.clear()
    gate = holding(loaded)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(model.beams, [(ASKED, SCHEMA)] * 8, 3)
        until_waiting(model, 7)
        gate.set()
        assert asked.result() == [alone] * 8
    assert sorted(map(len, loaded.batches)) == [2, 14]


def test_what_fails_is_one_clear_line(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(kind: type[MindseyeError], name: str, **options: Any) -> str:
        with pytest.raises(kind) as caught:
            load_language(name, options).invoke(ASKED)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "vLLM cannot load broken: " in told(Unavailable, "vllm:broken")
    assert "gives no answer with dies: " in told(Unavailable, "vllm:dies")
    assert "temprature" in told(BadInput, "vllm:folder", temprature=1)
    monkeypatch.setitem(sys.modules, "vllm", None)
    for name in ("vllm:other", "vllm:smollm2"):
        assert 'pip install "mindseye[vllm]"' in told(Unavailable, name)
