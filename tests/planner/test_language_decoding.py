"""Decoding: a tiny model against brute force, and the embedded model where its weights are."""

import copy
import json
import math
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from tokenizers.decoders import ByteLevel
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from mindseye.planner.language.data import Example
from mindseye.planner.language.decoding import MOST_ROWS, Decoder, Free
from mindseye.planner.language.lora import add_low_rank
from mindseye.planner.language.mind import LanguageMind, understand
from mindseye.planner.language.network import LIGHT, attend_grouped
from mindseye.planner.language.packed import FEW, pack
from mindseye.planner.language.schemas import goal_schema, subgoal_schema, tools_schema
from mindseye.planner.language.together import Together
from mindseye.planner.language.train import answer_loss, answer_tokens, batches, encode
from mindseye.planner.language.weights import cache_folder
from mindseye.tools.errors import BadInput
from mindseye.tools.goals import Goal
from mindseye.tools.values import scene_of

CHAT = "{% for m in messages %}<{{ m['content'] }}>{% endfor %}"
ASKED = [{"role": "user", "content": "which tool?"}]


@pytest.fixture(scope="module")
def tiny() -> tuple[Any, Any]:
    """A random model over single bytes: every text has one tokenisation, so sums are exact."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {"<end>": 0, **{c: i + 1 for i, c in enumerate(letters)}}
    raw = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token="<end>", pad_token="<end>", chat_template=CHAT
    )
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(vocabulary), hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, initializer_range=0.3,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval(), tokenizer


@pytest.fixture
def decoder(tiny: tuple[Any, Any]) -> Decoder:
    return Decoder(*tiny)


def brute_force(decoder: Decoder, ids: Sequence[int], texts: Sequence[str]) -> list[float]:
    """Return the log-probability of each text among all, read one by one without a cache."""
    paths = [decoder.tokenizer.encode(t, add_special_tokens=False) for t in texts]
    logs = []
    for path in paths:
        with torch.inference_mode():
            logits = decoder.network.model(torch.tensor([[*ids, *path]])).logits[0, len(ids) - 1 :]
        total = 0.0
        for i, token in enumerate(path):
            options = sorted({p[i] for p in paths if p[:i] == path[:i] and len(p) > i})
            total += float(torch.log_softmax(logits[i][options], 0)[options.index(token)])
        logs.append(total)
    return logs


def test_beam_and_score_agree_with_brute_force(decoder: Decoder) -> None:
    ids = decoder.encode(ASKED)
    texts = [json.dumps({"tools": t}, separators=(",", ":")) for t in
             ("none", "video", "physics", "both")]  # fmt: skip
    exact = dict(zip(texts, brute_force(decoder, ids, texts), strict=True))
    beam = decoder.beam(ids, tools_schema(), 4)
    assert [t for t, _ in beam] == sorted(texts, key=lambda t: -exact[t])
    for text, logprob in beam:
        assert logprob == pytest.approx(exact[text], abs=1e-4)
    assert sum(math.exp(p) for _, p in beam) == pytest.approx(1, abs=1e-4)
    assert decoder.score(ids, texts) == pytest.approx([exact[t] for t in texts], abs=1e-4)


def test_scores_where_candidates_part_more_than_once(decoder: Decoder) -> None:
    ids = decoder.encode(ASKED)
    texts = ["12", "134", "135", "2", "136"]
    exact = brute_force(decoder, ids, [f"{t}\n" for t in texts])
    assert decoder.score(ids, [f"{t}\n" for t in texts]) == pytest.approx(exact, abs=1e-4)


def test_packed_layers_compute_the_same_but_for_few_tokens(tiny: tuple[Any, Any]) -> None:
    model = copy.deepcopy(tiny[0]).to(torch.bfloat16)
    plain = Decoder(model, tiny[1])
    ids = plain.encode(ASKED)
    asked = torch.tensor([ids])
    with torch.inference_mode():
        one, many = model(asked[:, :1]).logits, model(asked).logits
        exact = plain.score(ids, ["12", "134", "135"])
        weights = {name: w.clone() for name, w in model.state_dict().items()}
        pack(model)
        assert torch.equal(model(asked).logits, many), "many tokens are read as before"
        assert len(ids) > FEW
        few = model(asked[:, :1]).logits
    assert not torch.equal(few, one)
    assert (few - one).abs().max() < 0.1 * one.abs().max()
    found = Decoder(model, tiny[1]).score(ids, ["12", "134", "135"])
    assert found == pytest.approx(exact, abs=0.1)
    saved = model.state_dict()
    assert saved.keys() == weights.keys(), "what is saved is what any server loads"
    assert all(torch.equal(saved[name], weights[name]) for name in weights)


def test_few_tokens_are_read_in_one_thread_where_others_sleep(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, fresh = decoder.network.model, Decoder(decoder.network.model, decoder.tokenizer)
    # Of the second there is little that is not known from the first.
    prompts = [decoder.encode([*ASKED, {"role": "user", "content": c}]) for c in ("now?", "now!")]
    expected = [fresh.beam(ids, tools_schema(), 2) for ids in prompts]
    used, before = list[tuple[int, int]](), torch.get_num_threads()
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    torch.set_num_threads(2)
    hook = model.model.register_forward_pre_hook(
        lambda _, __, given: used.append((given["input_ids"].numel(), torch.get_num_threads())),
        with_kwargs=True,
    )
    try:
        found = [decoder.beam(ids, tools_schema(), 2) for ids in prompts]
        assert torch.get_num_threads() == 2
    finally:
        hook.remove()
        torch.set_num_threads(before)
    for one, other in zip(found, expected, strict=True):
        # Threads share the sums of a product: the last bit may differ.
        assert [text for text, _ in one] == [text for text, _ in other]
        assert [p for _, p in one] == pytest.approx([p for _, p in other], abs=1e-6)
    assert {number for _, number in used} == {1, 2}
    assert all(number == (1 if tokens <= LIGHT else 2) for tokens, number in used)


def test_own_attention_is_that_of_torch() -> None:
    generator = torch.Generator().manual_seed(0)
    query = torch.randn((3, 6, 4, 8), generator=generator)
    key, value = torch.randn((2, 3, 2, 9, 8), generator=generator)
    seen = torch.rand((3, 1, 4, 9), generator=generator) > 0.3
    module = torch.nn.Module()
    for mask in (seen, None):
        asked = query if mask is not None else query[:, :, :1]
        exact = torch.nn.functional.scaled_dot_product_attention(
            asked, key, value, attn_mask=mask, enable_gqa=True
        )
        heads, _ = attend_grouped(module, asked, key, value, mask)
        assert torch.allclose(heads.transpose(1, 2), exact, atol=1e-6)


def test_rows_of_different_length_do_not_disturb_each_other(decoder: Decoder) -> None:
    names = ["red cube", "blue cylinder"]
    ids = decoder.encode(ASKED)
    wide = decoder.beam(ids, subgoal_schema(names), 12)
    assert len(wide) == 12
    for text, _ in wide:
        assert json.loads(text)["move"] in names
    alone = Decoder(decoder.network.model, decoder.tokenizer).beam(ids, subgoal_schema(names), 12)
    assert [t for t, _ in alone] == [t for t, _ in wide]
    assert [p for _, p in wide] == sorted((p for _, p in wide), reverse=True)


def test_only_what_is_new_of_a_prompt_is_read(decoder: Decoder) -> None:
    first, second = ([{"role": "user", "content": c}] for c in ("abcdefgh", "abcdefxy"))
    fresh = Decoder(decoder.network.model, decoder.tokenizer).beam(
        decoder.encode(second), tools_schema(), 2
    )
    decoder.beam(decoder.encode(first), tools_schema(), 1)
    before = decoder.prefilled
    again = decoder.beam(decoder.encode(second), tools_schema(), 2)
    begun = decoder.grammar.start(tools_schema()).pending
    assert decoder.prefilled - before == len("xy>") + len(begun)
    for (text, logprob), (same, exact) in zip(again, fresh, strict=True):
        assert text == same
        assert logprob == pytest.approx(exact, abs=1e-4)


PROMPTS = ["which tool?", "and now?", "a much longer prompt than the others, for the gaps"]


@pytest.mark.parametrize("widths", [(1, 1, 1), (2, 12, 1), (4, 30, 2)])
@pytest.mark.parametrize("shared", ["", "what all begin with " * 8])
def test_many_questions_together_are_answered_as_one_by_one(
    decoder: Decoder, shared: str, widths: tuple[int, int, int]
) -> None:
    ids = [decoder.encode([{"role": "user", "content": shared + p}]) for p in PROMPTS]
    schemas = [tools_schema(), subgoal_schema(["red cube", "blue cylinder"]), tools_schema()]
    asked = list(zip(ids, schemas, widths, strict=True))
    read = decoder.prefilled
    together = decoder.beams(asked)
    if sum(widths) <= MOST_ROWS:
        # What all begin with is read once.
        assert bool(shared) == (decoder.prefilled > read)
    for found, one in zip(together, asked, strict=True):
        alone = decoder.beam(*one)
        assert isinstance(found, list)
        assert [text for text, _ in found] == [text for text, _ in alone]
        assert [p for _, p in found] == pytest.approx([p for _, p in alone], abs=1e-3)
    candidates = [["12", "134", "135"], ["yes", "no"], ["only"]]
    scored = decoder.scores(list(zip(ids, candidates, strict=True)))
    for logprobs, i, options in zip(scored, ids, candidates, strict=True):
        assert logprobs == pytest.approx(decoder.score(i, options), abs=1e-4)
    how = [Free(limit=12), Free(limit=5, temperature=1.0, seed=3), Free(limit=9)]
    written = decoder.texts(list(zip(ids, how, strict=True)))
    assert written == [list(decoder.sample(i, h)) for i, h in zip(ids, how, strict=True)]


def test_calls_at_the_same_time_share_a_batch_and_keep_their_own_errors() -> None:
    together, sizes, gate = Together(most=4), list[int](), threading.Event()

    def halve(asked: Sequence[int]) -> list[float | Exception]:
        gate.wait(5)
        sizes.append(len(asked))
        if len(asked) > 1 and -1 in asked:
            raise ValueError("the whole batch fails")
        return [BadInput(f"{a} is odd") if a % 2 else a / 2 for a in asked]

    def ask(number: int) -> float | str:
        try:
            return together.call(halve, number)
        except BadInput as error:
            return str(error)

    numbers = [0, 2, 3, 4, 6, 7, 8, -1, 10]
    with ThreadPoolExecutor(len(numbers)) as pool:
        replies = [pool.submit(ask, n) for n in numbers]
        gate.set()
        found = [r.result(timeout=10) for r in replies]
    assert found == [f"{n} is odd" if n % 2 else n / 2 for n in numbers]
    assert max(sizes) > 1


def test_nobody_is_served_while_somebody_streams() -> None:
    together = Together(most=4)
    with ThreadPoolExecutor(1) as pool:
        with together.alone():
            late = pool.submit(together.call, lambda asked: list(asked), 1)
            with pytest.raises(TimeoutError):
                late.result(timeout=0.1)
        assert late.result(timeout=10) == 1


def test_a_schema_that_cannot_be_is_bad_input(decoder: Decoder) -> None:
    with pytest.raises(BadInput, match="JSON schema"):
        decoder.beam(decoder.encode(ASKED), {"type": "nonsense"}, 1)


def test_the_loss_is_on_answers_and_training_lowers_it(tiny: tuple[Any, Any]) -> None:
    model, tokenizer = tiny
    model = LlamaForCausalLM(model.config)
    add_low_rank(model, 4)
    examples = [Example(kind="goal", system="s", user=f"u{i}", answer="yes"[: i + 1])
                for i in range(3)]  # fmt: skip
    encoded = [encode(tokenizer, e) for e in examples]
    assert next(ids[start:] for ids, start in encoded) == [*tokenizer.encode("y"), 0]
    vocabulary = answer_tokens(encoded)
    assert len(vocabulary) == 4
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.02)
    losses = []
    for _ in range(40):
        loss = answer_loss(model, encoded, 0, vocabulary)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_batches_hold_every_example_once_and_few_tokens() -> None:
    encoded = [([0] * (5 + i % 40), 3) for i in range(500)]
    made = batches(encoded, 200, seed=1)
    assert sorted(i for batch in made for i in batch) == list(range(500))
    assert all(len(b) * max(len(encoded[i][0]) for i in b) <= 200 for b in made)


needs_weights = pytest.mark.skipif(
    not (cache_folder() / "smollm2-135m-instruct" / "seal.json").exists(),
    reason="language weights are not in the cache; `mindseye weights` gets them",
)


@pytest.fixture(scope="module")
def embedded() -> Any:
    from mindseye.planner.language.models import load_language

    return load_language("smollm2")


@needs_weights
@pytest.mark.weights
@pytest.mark.slow
def test_the_embedded_model_does_its_four_jobs(embedded: Any) -> None:
    names = ("red cube", "blue ball", "green star")
    goal = understand(embedded, "push the red cube next to the blue ball", names)
    assert goal.to_json() == {
        "all": [{"relation": "near", "subject": "red cube", "object": "blue ball"}]
    }
    places = ((-0.2, 0.1), (0.2, -0.1), (0.0, 0.2))
    scene = scene_of(dict(zip(names, places, strict=True)))
    mind = LanguageMind(embedded)
    proposals = mind.propose(goal, scene, [], 6)
    assert len(proposals) == 6
    assert sum(p.prior for p in proposals) == pytest.approx(1)
    assert {"red cube", "blue ball"} == {proposals[0].subgoal.move, proposals[0].subgoal.object}
    assert mind.propose(goal, scene, [], 6) == proposals
    other = scene_of(dict(zip(names, reversed(places), strict=True)))
    both = mind.propose_each(goal, [(scene, []), (other, [])], 6)
    assert both == [proposals, mind.propose(goal, other, [], 6)]
    assert sum(mind.choose_tools(goal, scene, proposals[0].subgoal).values()) == pytest.approx(1)
    bad = "simulation: is gone, red cube falls, progress 0.20; video: agrees"
    good = "simulation: ends left of the blue ball, nothing falls, progress 1.00; video: agrees"
    words = proposals[0].subgoal.words()
    first, second = mind.choose(goal, scene, [(words, bad), (words, good)])
    assert second > first


@needs_weights
@pytest.mark.weights
@pytest.mark.slow
def test_the_embedded_model_is_a_langchain_model(embedded: Any) -> None:
    schema = goal_schema(["red cube", "blue ball"])
    answer = embedded.with_structured_output(schema).invoke("red cube left of blue ball")
    assert set(answer) == {"all"}
    parsed = embedded.with_structured_output(Goal).invoke("red cube left of blue ball")
    assert isinstance(parsed, Goal)
    short = embedded.model_copy(update={"max_tokens": 5})
    whole = short.invoke("Say hello.").text
    assert "".join(c.text for c in short.stream("Say hello.")) == whole


@needs_weights
@pytest.mark.weights
@pytest.mark.slow
@pytest.mark.parametrize("task", ["sing me a song", "what time is it in Tokyo?"])
def test_the_embedded_model_refuses_what_no_push_can_do(embedded: Any, task: str) -> None:
    with pytest.raises(BadInput, match="cannot tell what to do"):
        understand(embedded, task, ("red cube", "blue ball"))
