"""From a question to what is simulated: the language model chooses a scene and writes a program."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, get_args

from langchain_core.language_models import BaseChatModel

from mindseye.planner.ask import asking
from mindseye.planner.ask.asking import NOTHING
from mindseye.planner.language.answers import SURE, Refused, Unusable, answer_under, normalised
from mindseye.planner.language.schemas import Schema
from mindseye.planner.language.scorer import Scorer
from mindseye.planner.questions.asking import NO_PROGRAM, ask_program
from mindseye.tools.errors import BadInput, ToolError
from mindseye.tools.physics.lab.program import (
    LONGEST_NAME,
    Program,
    Scene,
    parse_program,
    program_schema,
)

T = TypeVar("T")
TIMES = ("before", "after")
"""Names of the two bodies that are one thing at two times."""
SCENE_FLOOR = 0.05
"""A scene less likely than this is not tried when the likeliest cannot be simulated."""


def _unheard(text: str, why: str) -> None:
    """Hear of a refusal and do nothing."""


@dataclass(frozen=True, kw_only=True)
class Written(Generic[T]):
    """What a model wrote and what came of simulating it."""

    text: str
    found: T
    probability: float
    """That it says what the question says, by the model's own reckoning."""


def decide_scene(
    model: BaseChatModel, question: str, choices: Sequence[str], refused: Refused = _unheard
) -> dict[str, float]:
    """Return probabilities of the six scenes and of `NOTHING`: does a simulation help?

    Raises:
      Unavailable: the model does not answer.
    """
    scenes: tuple[str, ...] = (*get_args(Scene), NOTHING)
    if isinstance(model, Scorer):
        asked = ask_program(question, choices)
        # The scene is what a program begins with; nothing behind it is weighed.
        chances = normalised(model.score(asked, [_opening(s) for s in scenes]))
        return dict(zip(scenes, chances, strict=True))
    schema = asking.scene_schema()
    asked = asking.ask_scene(question, choices, schema)

    def parse(answer: Any) -> str:
        if answer["scene"] not in scenes:
            raise ToolError(f"no scene {answer['scene']!r}; there are {', '.join(scenes)}")
        return str(answer["scene"])

    chosen = answer_under(model, asked, schema, parse, refused=refused)
    rest = (1 - SURE) / (len(scenes) - 1)
    return {s: SURE if s == chosen else rest for s in scenes}


def _opening(scene: str) -> str:
    return NO_PROGRAM if scene == NOTHING else f'{{"scene":"{scene}","bodies":'


def name_words(question: str) -> list[str]:
    """Return the words that names of bodies are made of: those of the question.

    A small model that copies a rare name writes a commoner one in its place.
    """
    words = [w.strip("\"'.,;:?!()[]") for w in question.split()]
    words += [w.removesuffix("'s") for w in words] + [w[:1].lower() + w[1:] for w in words]
    return [w for w in dict.fromkeys([*words, *TIMES]) if w and len(w) <= LONGEST_NAME]


def scene_program_schema(scene: Scene, words: Sequence[str] = ()) -> Schema:
    """Return the schema of the programs of one scene, with names made of `words` if given."""
    (schema,) = program_schema([scene], words)["anyOf"]
    return {"title": "program", "description": "What is simulated.", **schema}


class ProgramWriter(Generic[T]):
    """Lets a model write scene programs until they can be simulated."""

    def __init__(
        self,
        model: BaseChatModel,
        question: str,
        choices: Sequence[str],
        simulate: Callable[[Program], T],
        *,
        tries: int = 3,
        refused: Refused = _unheard,
    ) -> None:
        """Set up.

        Args:
          model: any chat model.
          question: in plain words.
          choices: what may be answered.
          simulate: runs a program; what it refuses with `ToolError` goes back to the model.
          tries: programs that the model may write for each that is wanted.
          refused: hears of each that could not be used.
        """
        self.model, self.question, self.choices = model, question, choices
        self.simulate, self.tries, self.refused = simulate, tries, refused

    def write(self, scenes: dict[str, float], count: int = 1) -> list[Written[T]]:
        """Return up to `count` simulated programs, likeliest first; perhaps none.

        Args:
          scenes: probabilities, from `decide_scene`.
          count: programs wanted.

        Raises:
          Unavailable: the model does not answer.
        """
        write = self._beamed if isinstance(self.model, Scorer) else self._asked
        return sorted(write(scenes, count), key=lambda w: -w.probability)

    def _beamed(self, scenes: dict[str, float], count: int) -> list[Written[T]]:
        """Take the likeliest of a beam; the next best stands in for one that is refused."""
        found: list[Written[T]] = []
        left = count * self.tries
        for scene in _ranked(scenes):
            for text, logprob in self._beams(scene, count):
                left -= 1
                try:
                    result = self.simulate(parse_program(text))
                except ToolError as error:
                    self.refused(text, str(error))
                    if left == 0:
                        return found
                    continue
                chance = scenes[scene] * math.exp(logprob)
                found.append(Written(text=text, found=result, probability=chance))
                if len(found) >= count:
                    return found
        return found

    def _beams(self, scene: Scene, count: int) -> Iterator[tuple[str, float]]:
        """Yield programs of a scene: from a wide beam only where the narrow one fails."""
        assert isinstance(self.model, Scorer)
        asked = ask_program(self.question, self.choices)
        schema, seen = scene_program_schema(scene, name_words(self.question)), set[str]()
        for width in dict.fromkeys((count, max(count, self.tries))):
            try:
                beams = self.model.beam(asked, schema, width)
            except BadInput as error:  # It never ends.
                self.refused("", str(error))
                return
            for text, logprob in beams:
                if text not in seen:
                    seen.add(text)
                    yield text, logprob

    def _asked(self, scenes: dict[str, float], count: int) -> list[Written[T]]:
        """Ask a model that tells no probabilities, once for each program."""
        assert isinstance(self.model, BaseChatModel)
        scene = _ranked(scenes)[0]
        schema = scene_program_schema(scene)
        asked = asking.explain_program(self.question, self.choices, scene)

        def parse(answer: Any) -> Written[T]:
            program = parse_program(json.dumps(answer))
            found = self.simulate(program)
            return Written(text=program.text(), found=found, probability=SURE)

        written: list[Written[T]] = []
        for _ in range(count):
            try:
                found = answer_under(
                    self.model, asked, schema, parse, tries=self.tries, refused=self.refused
                )
            except Unusable:
                break
            written.append(found)
        # Each is one of several ways to read the question, as the programs of a beam are.
        return [replace(w, probability=w.probability / len(written)) for w in written]


def _ranked(scenes: dict[str, float]) -> list[Scene]:
    """Return the scenes worth trying, likeliest first: always the likeliest one."""
    order = sorted(get_args(Scene), key=lambda s: -scenes[s])
    return [s for i, s in enumerate(order) if i == 0 or scenes[s] >= SCENE_FLOOR]
