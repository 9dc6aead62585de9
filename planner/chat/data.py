"""Training examples for the choice of a tool: what people say, and the call that serves it."""

import functools
import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from mindseye.planner.chat.caller import TALK, Before, Tool, ask_call, written
from mindseye.planner.chat.tools import OWN
from mindseye.planner.language import phrases as ph
from mindseye.planner.language.data import Example
from mindseye.planner.language.lexicon import COLOUR_PLURALS, SHAPE_PLURALS
from mindseye.planner.language.speaker import Speaker
from mindseye.planner.language.speaker import Split as PhraseSplit
from mindseye.planner.language.wordings import random_names, wording
from mindseye.planner.questions.generate import examples as questions
from mindseye.tools.goals import AREAS, RELATIONS

Split = Literal["train", "dev"]
SHARES: tuple[tuple[str, float], ...] = (
    ("act", 0.18), ("follow", 0.13), ("undo", 0.07), ("look", 0.12), ("what_if", 0.1),
    ("plan", 0.08), ("physics", 0.08), ("why", 0.06), ("show", 0.06), ("lay", 0.06),
    ("talk", 0.07), ("other", 0.09),
)  # fmt: skip
"""What is said, by share; `follow` is an order too, `other` is for a tool of somebody else."""
_PHRASES: Mapping[Split, PhraseSplit] = {"train": "train", "dev": "held-out"}


@functools.cache
def _sayings(kind: str, split: Split) -> tuple[str, ...]:
    text = files(__package__).joinpath("sayings", split, f"{kind}.txt")
    return tuple(text.read_text(encoding="utf-8").splitlines())


@functools.cache
def _others(split: Split) -> tuple[dict[str, Any], ...]:
    text = files(__package__).joinpath("sayings", "tools.json").read_text(encoding="utf-8")
    return tuple(t for t in json.loads(text) if t.get("split", "train") == split)


OWN_TOOLS: tuple[Tool, ...] = tuple({"name": n, "parameters": {}} for n in OWN)
"""The conversation's own tools: of those a model is told the names alone."""


def _tool(other: Mapping[str, Any]) -> Tool:
    properties = {name: {"type": kind} for name, kind in other["parameters"].items()}
    return {
        "name": other["name"], "description": other["description"],
        "parameters": {"type": "object", "properties": properties, "required": list(properties)},
    }  # fmt: skip


class _Person:
    """Says things about one table."""

    def __init__(self, rng: random.Random, split: Split) -> None:
        self.rng, self.split = rng, split
        self.names = random_names(rng)
        self._speaker = Speaker(rng, self.names, _PHRASES[split])

    def says(self, kind: str) -> str:
        """Return something that a tool of the kind serves."""
        rng = self.rng
        if kind == "act":
            while True:
                said, _, items = wording(rng, _PHRASES[self.split])
                if items:
                    return said
        # The templates of questions are many more than those written for conversations.
        if kind == "physics" and rng.random() < 0.6:
            return next(questions(1, rng.randrange(2**31), self.split)).question
        return _noisy(rng, self.fill(rng.choice(_sayings(kind, self.split))))

    def fill(self, template: str) -> str:
        """Return a template with its slots filled."""
        return re.sub(r"\{(\w+)\}", lambda m: self._slot(m[1]), template)

    def _slot(self, name: str) -> str:
        rng, speaker = self.rng, self._speaker
        if name in ("thing", "thing2"):
            said = speaker.call(rng.choice(self.names))
            return said if said.startswith("the ") else f"the {said}"
        if name == "place":
            return self._place()
        if name == "task":
            return wording(rng, _PHRASES[self.split])[0].rstrip(".!? ")
        colour, shape = rng.choice(self.names).split()
        options = {
            "name": (f"{colour} {shape}",), "kind": (shape,), "colour": (colour,),
            "kinds": (*SHAPE_PLURALS, *COLOUR_PLURALS, f"{colour} things", "objects"),
        }  # fmt: skip
        return rng.choice(options[name])

    def _place(self) -> str:
        speaker, rng = self._speaker, self.rng
        if rng.random() < 0.35:
            return rng.choice(("left", "right", "to the left", "to the right", "back", "forward",
                               "away from me", "towards me", "a bit further"))  # fmt: skip
        if rng.random() < 0.4:
            return speaker.to_area(rng.choice(AREAS))
        phrase = speaker.pick(ph.RELATION_PHRASES[rng.choice(RELATIONS)])
        return f"{phrase} {speaker.call(rng.choice(self.names))}"


def _noisy(rng: random.Random, said: str) -> str:
    """Return what was said as somebody might type it."""
    if rng.random() < 0.2:
        said = said.lower()
    if rng.random() < 0.15:
        said = said[:1].upper() + said[1:]
    if rng.random() < 0.25:
        said = said.rstrip(".?!")
    return said


def _other_call(rng: random.Random, other: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a person says for somebody's tool, and the call."""
    values = {n: rng.choice(v) for n, v in other.get("values", {}).items()}
    said = re.sub(r"\{(\w+)\}", lambda m: str(values[m[1]]), rng.choice(other["says"]))
    kinds = {"integer": int, "number": float}
    given = {n: kinds.get(kind, str)(values[n]) for n, kind in other["parameters"].items()}
    return said, written(other["name"], given)


def call_example(rng: random.Random, split: Split) -> Example:
    """Return what a person says, with the tools there are, and the call that serves it."""
    person = _Person(rng, split)
    kind = rng.choices([k for k, _ in SHARES], [s for _, s in SHARES])[0]
    others = rng.sample(_others(split), rng.choice((0, 0, 0, 1, 2, 4)))
    if kind == "other":
        others = others or [rng.choice(_others(split))]
        said, call = _other_call(rng, rng.choice(others))
    else:
        said = person.says(kind)
        call = written("act" if kind == "follow" else kind, {})
    tools = [*OWN_TOOLS, *(_tool(o) for o in others)]
    if rng.random() < 0.15 and kind in ("other", "talk"):
        tools = [t for t in tools if t not in OWN_TOOLS]
    system, user = (str(m.content) for m in ask_call(said, tools, _earlier(person, kind)))
    return Example(kind="call", system=system, user=user, answer=call)


def _earlier(person: _Person, kind: str) -> list[Before]:
    """Return what went before: a follow-up has an order before it."""
    rng = person.rng
    kinds = [k for k, _ in SHARES if k not in ("other", "follow")]
    told = [rng.choice(kinds) for _ in range(rng.choice((0, 1, 2, 2)))]
    if kind in ("follow", "undo", "why", "show") and rng.random() < 0.85:
        told = [*told[:1], rng.choice(("act", "act", "act", "act", "what_if", "plan"))]
    return [(person.says(k), k, k != TALK and rng.random() < 0.12) for k in told]


def call_examples(n: int, seed: int, split: Split = "train") -> Iterator[Example]:
    """Yield `n` examples; the same for the same seed."""
    rng = random.Random(f"calls {split} {seed}")
    for _ in range(n):
        yield call_example(rng, split)


def make_conversation_data(
    out: str | Path, n: int = 12000, seed: int = 0, workers: int = 1
) -> dict[str, Any]:
    """Write `train.jsonl` (n examples) and `held_out.jsonl` (a twentieth of that) into `out`.

    The second is made of sayings, tools and phrases that the first never shows.
    `workers` is taken for the sake of one signature; the work is light.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    counts: dict[Split, int] = {"train": n, "dev": max(20, n // 20)}
    names: Mapping[Split, str] = {"train": "train", "dev": "held_out"}
    for split, count in counts.items():
        _write(folder / f"{names[split]}.jsonl", list(call_examples(count, seed, split)))
    return {"out": str(folder), **{names[s]: c for s, c in counts.items()}}


def _write(path: Path, made: Sequence[Example]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for example in made:
            file.write(json.dumps(example.model_dump(), ensure_ascii=False) + "\n")
