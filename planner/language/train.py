"""Train the language model's LoRA adapter: resumable, seeded, on one core if need be.

Hu et al., LoRA (2021). The loss is on the answer only, and the output layer,
a fifth of the work, is computed for the answer's tokens only.
"""

import json
import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from tqdm import tqdm
from transformers import AutoModelForCausalLM, AutoTokenizer

from mindseye.planner.language.data import Example, examples, read_examples
from mindseye.planner.language.lora import add_low_rank, load_adapter, save_adapter
from mindseye.planner.language.weights import BASE_MODEL, ensure_weights
from mindseye.tools.errors import BadInput
from mindseye.tools.prompting import render


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How the adapter is trained."""

    rank: int = 16
    learning_rate: float = 1e-3
    warmup: float = 0.03
    """Share of the run."""
    batch_tokens: int = 1800
    """Padded tokens in a batch."""
    n: int = 12000
    """Examples made when no data folder is given."""
    threads: int = 2
    device: str = "cpu"
    dtype: str = "bfloat16"
    save_every: int = 50
    """Steps between checkpoints."""
    compile: bool = False
    """Compile the layers: a quarter faster; needs a C++ compiler."""
    held_out: int = 300
    """Held-out examples that the model card's figures rest on."""


CURVE = (1 / 8, 1 / 4, 1 / 2)
"""Shares of the run after which the held-out examples are read, besides the end."""
Encoded = tuple[list[int], int]
"""Token ids of prompt and answer, and where the answer starts."""


def encode(tokenizer: Any, example: Example) -> Encoded:
    """Return the tokens of an example as they will be read and written."""
    asked = [{"role": "system", "content": example.system},
             {"role": "user", "content": example.user}]  # fmt: skip
    prompt = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_dict=False)
    answer = tokenizer.encode(example.answer, add_special_tokens=False)
    return [*prompt, *answer, tokenizer.eos_token_id], len(prompt)


def batches(encoded: Sequence[Encoded], tokens: int, seed: int) -> list[list[int]]:
    """Return the indices of batches of similar length, in a seeded random order."""
    rng = random.Random(seed)
    order = list(range(len(encoded)))
    rng.shuffle(order)
    made: list[list[int]] = []
    for at in range(0, len(order), 400):
        batch: list[int] = []
        for i in sorted(order[at : at + 400], key=lambda j: len(encoded[j][0])):
            if batch and (len(batch) + 1) * len(encoded[i][0]) > tokens:
                made.append(batch)
                batch = []
            batch.append(i)
        made.append(batch)
    rng.shuffle(made)
    return made


def answer_tokens(encoded: Sequence[Encoded]) -> torch.Tensor:
    """Return the sorted ids `[V]` of all tokens that occur in answers."""
    return torch.tensor(sorted({t for ids, start in encoded for t in ids[start:]}))


def answer_loss(
    model: Any, batch: Sequence[Encoded], pad: int, vocabulary: torch.Tensor
) -> torch.Tensor:
    """Return the mean over answers of their tokens' mean cross-entropy among `vocabulary` `[V]`.

    Decoding is constrained to a schema, so only the tokens of answers compete. Each answer
    weighs the same: by tokens, a program would drown ten one-word answers.
    """
    longest = max(len(ids) for ids, _ in batch)
    device = model.device
    ids = torch.full((len(batch), longest), pad, device=device)
    mask, target = torch.zeros_like(ids), torch.zeros_like(ids, dtype=torch.bool)
    for row, (tokens, start) in enumerate(batch):
        ids[row, : len(tokens)] = torch.tensor(tokens, device=device)
        mask[row, : len(tokens)] = 1
        target[row, start : len(tokens)] = True
    hidden = model.model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
    logits = hidden[:, :-1][target[:, 1:]] @ model.lm_head.weight[vocabulary].T
    wanted = torch.searchsorted(vocabulary, ids[:, 1:][target[:, 1:]])
    share = target[:, 1:] / (target[:, 1:].sum(dim=1, keepdim=True) * len(batch))
    losses = functional.cross_entropy(logits.float(), wanted, reduction="none")
    return (losses * share[target[:, 1:]]).sum()


class _Masters:
    """Float32 copies of the adapter's weights: small steps vanish in bfloat16."""

    def __init__(self, model: Any, config: TrainConfig) -> None:
        self.live = [p for p in model.parameters() if p.requires_grad]
        self.master = [p.detach().float().clone() for p in self.live]
        self.optimizer = torch.optim.AdamW(
            self.master, lr=config.learning_rate, weight_decay=0.01, betas=(0.9, 0.98)
        )

    def step(self, rate: float) -> None:
        for master, live in zip(self.master, self.live, strict=True):
            master.grad = None if live.grad is None else live.grad.float()
            live.grad = None
        torch.nn.utils.clip_grad_norm_(self.master, 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self._publish()

    def _publish(self) -> None:
        with torch.no_grad():
            for master, live in zip(self.master, self.live, strict=True):
                live.copy_(master)

    def state(self) -> dict[str, Any]:
        return {"master": self.master, "optimizer": self.optimizer.state_dict()}

    def load(self, state: dict[str, Any]) -> None:
        for master, saved in zip(self.master, state["master"], strict=True):
            master.copy_(saved)
        self.optimizer.load_state_dict(state["optimizer"])
        self._publish()


def rate_at(share: float, config: TrainConfig) -> float:
    """Return the learning rate after `share` in [0, 1] of the run: warm-up, then cosine."""
    if share < config.warmup:
        return config.learning_rate * (share + 1e-3) / config.warmup
    along = (share - config.warmup) / (1 - config.warmup)
    return config.learning_rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, along))))


def build_model(folder: Path, config: TrainConfig) -> Any:
    """Return the base model with fresh LoRA layers, ready to train."""
    # Eager attention: for rows this short the fused kernel's backward pass takes a third of a step.
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=getattr(torch, config.dtype), attn_implementation="eager"
    )
    model = model.to(config.device)
    add_low_rank(model, config.rank)
    if config.compile:
        for layer in model.model.layers:
            layer.forward = torch.compile(layer.forward, dynamic=True)
    return model.train()


@dataclass(kw_only=True)
class _Progress:
    step: int = 0
    seconds: float = 0.0
    loss: float = 0.0
    curve: list[dict[str, Any]] = field(default_factory=list)


def _save(path: Path, masters: _Masters, at: _Progress) -> None:
    partial = path.with_suffix(".part")
    torch.save({"masters": masters.state(), **asdict(at)}, partial)
    partial.replace(path)


def _resume(path: Path, masters: _Masters) -> _Progress:
    try:
        state = torch.load(path, weights_only=True)
        masters.load(state["masters"])
        return _Progress(**{f.name: state[f.name] for f in fields(_Progress)})
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        raise BadInput(f"cannot resume from {path}: {error}; train without --resume") from error


def _steps(total: int, at: _Progress, limit: float) -> Iterator[float]:
    """Yield the share of the run that is done, step by step, with a bar on stderr."""
    started = time.monotonic() - at.seconds
    with tqdm(total=total, initial=at.step, unit="step", desc="language", mininterval=5) as bar:
        while at.step < total and at.seconds < limit:
            yield max(at.step / total, at.seconds / limit)
            at.step += 1
            at.seconds = time.monotonic() - started
            bar.update()
            bar.set_postfix(loss=f"{at.loss:.3f}")


def train_language(
    data_dir: str | Path | Sequence[str | Path] | None,
    out: str | Path = "checkpoints/language",
    hours: float = 1.0,
    resume: bool = False,
    seed: int = 0,
    base: str | Path | None = None,
    start: str | Path | None = None,
    config: TrainConfig | None = None,
) -> dict[str, Any]:
    """Train an adapter for one pass over the data or for `hours`, whichever ends first.

    Args:
      data_dir: folder that `make_language_data` or `make_minds_eye_data` wrote, or several
        to train on together; None makes examples in memory.
      out: the adapter (`adapter_model.safetensors`, model card) and the checkpoint go here.
      hours: wall-clock limit; the learning rate has cooled down by then.
      resume: go on from the checkpoint in `out`.
      seed: of initialisation, data and order.
      base: folder of the base model; None gets it.
      start: folder of an adapter to begin with; None begins with one that changes nothing.

    Returns:
      Steps, seconds, loss at the end, folder.
    """
    config = config or TrainConfig()
    torch.set_num_threads(config.threads)
    torch.manual_seed(seed)
    folder = Path(base) if base else ensure_weights()
    target = Path(out)
    target.mkdir(parents=True, exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    folders = [data_dir] if isinstance(data_dir, (str, Path)) else list(data_dir or ())
    data = [e for f in folders for e in read_examples(Path(f) / "train.jsonl")]
    data = data or list(examples(config.n, seed))
    encoded = [encode(tokenizer, e) for e in data]
    order = batches(encoded, config.batch_tokens, seed)
    vocabulary = answer_tokens(encoded).to(config.device)
    model = build_model(folder, config)
    if start is not None:
        load_adapter(model, Path(start))
    masters = _Masters(model, config)
    checkpoint = target / "checkpoint.pt"
    at = _resume(checkpoint, masters) if resume else _Progress()
    unseen = _held_out(folders, seed, config)
    for share in _steps(len(order), at, hours * 3600):
        if len(at.curve) < len(CURVE) and share >= CURVE[len(at.curve)]:
            read = exact_shares(model, tokenizer, unseen, vocabulary)
            at.curve.append({"examples": sum(map(len, order[: at.step])), "held_out": read})
        batch = [encoded[i] for i in order[at.step]]
        loss = answer_loss(model, batch, tokenizer.pad_token_id, vocabulary)
        loss.backward()  # type: ignore[no-untyped-call]
        masters.step(rate_at(share, config))
        at.loss = 0.95 * at.loss + 0.05 * float(loss.detach()) if at.loss else float(loss.detach())
        if (at.step + 1) % config.save_every == 0:
            _save(checkpoint, masters, at)
    _save(checkpoint, masters, at)
    save_adapter(model, target, config.rank, BASE_MODEL)
    seen = sum(len(encoded[i][0]) for indices in order[: at.step] for i in indices)
    result: dict[str, Any] = {
        "out": str(target), "steps": at.step, "seconds": round(at.seconds), "loss": at.loss,
        "examples": sum(map(len, order[: at.step])), "tokens": seen, "seed": seed,
        "examples_before": 0 if start is None else _examples_before(Path(start)),
    }  # fmt: skip
    result["held_out"] = exact_shares(model, tokenizer, unseen, vocabulary)
    result["curve"] = at.curve
    write_card(target, result, config)
    return result


def _held_out(folders: Sequence[str | Path], seed: int, config: TrainConfig) -> list[Example]:
    """Return examples that are never trained on, as many from each folder."""
    if not folders:
        return list(examples(config.held_out, seed, "held-out"))
    each = config.held_out // len(folders)
    return [e for f in folders for e in read_examples(Path(f) / "held_out.jsonl")[:each]]


def _examples_before(start: Path) -> int:
    """Return how many examples the adapter in `start` was trained on, 0 if it does not say."""
    try:
        told = json.loads((start / "training.json").read_text(encoding="utf-8"))
        return int(told["examples"]) + int(told.get("examples_before", 0))
    except (OSError, ValueError, KeyError):
        return 0


@torch.inference_mode()
def exact_shares(
    model: Any, tokenizer: Any, unseen: Sequence[Example], vocabulary: torch.Tensor
) -> dict[str, dict[str, float]]:
    """Return, for each kind, the share of answers that greedy decoding gets exactly.

    Read in one pass: a greedy answer is exact when every token of the right one
    is the likeliest among `vocabulary` `[V]` behind the tokens before it.
    """
    hits: dict[str, list[bool]] = {}
    for example in unseen:
        ids, start = encode(tokenizer, example)
        tokens = torch.tensor([ids], device=model.device)
        hidden = model.model(input_ids=tokens, use_cache=False).last_hidden_state[0, start - 1 : -1]
        likeliest = vocabulary[(hidden @ model.lm_head.weight[vocabulary].T).argmax(dim=-1)]
        hits.setdefault(example.kind, []).append(bool((likeliest == tokens[0, start:]).all()))
    return {
        kind: {"exact": sum(found) / len(found), "n": len(found)}
        for kind, found in sorted(hits.items())
    }


def write_card(target: Path, result: dict[str, Any], config: TrainConfig) -> None:
    """Write the model card and the figures beside the adapter."""
    (target / "training.json").write_text(json.dumps(result, indent=2), encoding="utf-8")
    card = render(
        "model_card",
        "mindseye.planner.language",
        base=BASE_MODEL,
        rank=config.rank,
        rate=config.learning_rate,
        result=result,
    )
    (target / "README.md").write_text(card + "\n", encoding="utf-8")
