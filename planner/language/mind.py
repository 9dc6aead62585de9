"""The four uses of a language model: understand, propose, choose tools, choose.

Any LangChain chat model serves. One that can be asked for probabilities (the
embedded one is a `Scorer`) is beamed and scored; others answer under the same
schemas with `with_structured_output`, and are told when an answer does not fit.
"""

import json
import math
from collections.abc import Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from pydantic import ValidationError

from mindseye.planner.candidates import Proposal
from mindseye.planner.config import Config
from mindseye.planner.language import asking
from mindseye.planner.language.answers import answer_under, lean, normalised
from mindseye.planner.language.models import load_language
from mindseye.planner.language.reading import Reading, read_task
from mindseye.planner.language.schemas import (
    TOOLS,
    choice_schema,
    proposals_schema,
    subgoal_schema,
    tools_schema,
)
from mindseye.planner.language.scorer import Scorer
from mindseye.planner.language.together import at_once
from mindseye.tools.errors import BadInput, ToolError, Unavailable
from mindseye.tools.goals import Goal, contradiction
from mindseye.tools.subgoals import Subgoal
from mindseye.tools.values import SceneGraph

ABSURD = 0.5
"""Probability of "asks for nothing" from which a task is refused."""
AT_ONCE = 4
"""Options that are put side by side; more are chosen among in rounds."""
LONGEST_TASK = 600
"""Characters."""
_EXAMPLE = '"push the red cube next to the blue ball"'


def understand(model: BaseChatModel, task: str, names: Sequence[str]) -> Goal:
    """Return the goal that a task's words stand for.

    Args:
      model: any chat model.
      task: free words.
      names: what is on the table, such as "red cube".

    Raises:
      BadInput: the task is empty, absurd or contradicts itself, or speaks of
        what is not on the table or could be two things.
      Unavailable: the model does not answer.
    """
    if not any(c.isalpha() for c in task):
        raise BadInput(f"the task is empty; say what to do, such as {_EXAMPLE}")
    if len(task) > LONGEST_TASK:
        raise BadInput(f"the task has {len(task)} characters; {LONGEST_TASK} are allowed")
    if not names:
        raise BadInput("there is nothing on the table that a task could be about")
    reading = read_task(task, names)
    goal = _read_goal(model, reading)
    if goal is None:
        raise BadInput(
            f"cannot tell what to do with the objects from {task!r}; the table holds "
            f"{', '.join(names)}; say it such as {_EXAMPLE}"
        )
    conflict = contradiction(goal)
    if conflict:
        raise BadInput(f"the task contradicts itself: {conflict}")
    return goal


def _read_goal(model: BaseChatModel, reading: Reading) -> Goal | None:
    """Return the goal that the model reads out of a task, or None when it finds none."""

    def parse(answer: Any) -> Goal | None:
        items = answer["all"]
        goal = Goal.model_validate(
            {"all": [item for i, item in enumerate(items) if item not in items[:i]]}
        ) if items else None  # fmt: skip
        if goal is not None and not goal.names() <= set(reading.names):
            raise ToolError(f"only these are on the table: {', '.join(reading.names)}")
        return goal

    explain = not isinstance(model, Scorer)
    asked = asking.ask_goal(reading.task, reading.names, reading.schema, explain=explain)
    if isinstance(model, Scorer):
        for text, logprob in model.beam(asked, reading.schema, 3):
            try:
                goal = parse(json.loads(text))
            except ValidationError:  # Such as an object beside itself: the next best is asked.
                continue
            # "Nothing" is one answer against many ways to say something: it must outweigh them all.
            if goal is not None or logprob > math.log(ABSURD):
                return goal
        return None
    return answer_under(model, asked, reading.schema, parse)


class LanguageMind:
    """A language model as the planner uses it."""

    def __init__(self, model: BaseChatModel) -> None:
        """Bind a chat model that is already loaded."""
        self.model = model

    @classmethod
    def from_config(cls, config: Config) -> "LanguageMind":
        """Load the model that a config names."""
        options = dict(config.model_options)
        if config.model.startswith("smollm2"):
            options = {"device": config.device, "dtype": config.dtype} | options
        return cls(load_language(config.model, options))

    def understand(self, task: str, names: Sequence[str]) -> Goal:
        """Return the goal that the task's words stand for; see `understand`."""
        return understand(self.model, task, names)

    def propose(
        self,
        goal: Goal,
        scene: SceneGraph,
        history: Sequence[tuple[Subgoal, str]],
        k: int,
    ) -> list[Proposal]:
        """Return up to `k` subgoals with priors that sum to 1, likeliest first.

        Manners are left "straight". Subgoals that cannot be (an object beside
        itself) are dropped.
        """
        (found,) = self.propose_each(goal, [(scene, history)], k)
        return found

    def propose_each(
        self,
        goal: Goal,
        asked: Sequence[tuple[SceneGraph, Sequence[tuple[Subgoal, str]]]],
        k: int,
    ) -> list[list[Proposal]]:
        """Return the proposals for each scene and its history; see `propose`.

        What serves many at a time, a vLLM or any other server, is asked all at once.
        """
        if not isinstance(self.model, Scorer):
            return at_once(lambda one: self._ranked(goal, *one, k), asked)
        questions = []
        for scene, history in asked:
            schema = subgoal_schema(scene.names)
            words = asking.ask_subgoal(goal, scene, history, schema, explain=False)
            questions.append((words, schema))
        return [_proposals(beams) for beams in self.model.beams(questions, k)]

    def _ranked(
        self,
        goal: Goal,
        scene: SceneGraph,
        history: Sequence[tuple[Subgoal, str]],
        k: int,
    ) -> list[Proposal]:
        """Ask a model that tells no probabilities for a ranked list."""

        def parse(answer: Any) -> list[Subgoal]:
            found = [s for raw in answer["subgoals"] if (s := _subgoal(raw)) is not None]
            known = [s for s in found if s.names <= set(scene.names)]
            if not known:
                raise ToolError(f"no subgoal moves one of: {', '.join(scene.names)}")
            return [s for i, s in enumerate(known) if s not in known[:i]][:k]

        schema = proposals_schema(scene.names, k)
        asked = asking.ask_subgoal(goal, scene, history, schema, explain=True)
        ranked = answer_under(self.model, asked, schema, parse)
        weights = [1 / (rank + 1) for rank in range(len(ranked))]
        return [
            Proposal(subgoal=s, prior=w / sum(weights))
            for s, w in zip(ranked, weights, strict=True)
        ]

    def choose_tools(self, goal: Goal, scene: SceneGraph, subgoal: Subgoal) -> dict[str, float]:
        """Return probabilities of none, video, physics and both."""
        schema, scorer = tools_schema(), isinstance(self.model, Scorer)
        asked = asking.ask_tools(goal, scene, subgoal, schema, explain=not scorer)
        if isinstance(self.model, Scorer):
            answers = [asking.compact({"tools": t}) for t in TOOLS]
            chances = normalised(self.model.score(asked, answers))
        else:
            chosen = answer_under(self.model, asked, schema, lambda a: TOOLS.index(a["tools"]))
            chances = lean(chosen, len(TOOLS))
        return dict(zip(TOOLS, chances, strict=True))

    def choose(
        self, goal: Goal, scene: SceneGraph, options: Sequence[tuple[str, str]]
    ) -> list[float]:
        """Return probabilities over options, each its words and the hint about it.

        The hints stand in the prompt as in Mind's Eye (Liu et al., 2022). Many
        options are chosen among in rounds: groups first, then their winners.
        """
        if len(options) <= AT_ONCE:
            return self._choose_few(goal, options)
        groups = [options[i : i + AT_ONCE] for i in range(0, len(options), AT_ONCE)]
        within = [self._choose_few(goal, group) for group in groups]
        winners = [
            group[chances.index(max(chances))]
            for group, chances in zip(groups, within, strict=True)
        ]
        among = self.choose(goal, scene, winners)
        return [
            outer * inner for outer, chances in zip(among, within, strict=True) for inner in chances
        ]

    def _choose_few(self, goal: Goal, options: Sequence[tuple[str, str]]) -> list[float]:
        if len(options) < 2:
            return [1.0] * len(options)
        schema, scorer = choice_schema(len(options)), isinstance(self.model, Scorer)
        asked = asking.ask_choice(goal, options, schema, explain=not scorer)
        if isinstance(self.model, Scorer):
            answers = [asking.compact({"choice": i + 1}) for i in range(len(options))]
            return normalised(self.model.score(asked, answers))

        def parse(answer: Any) -> int:
            number = int(answer["choice"])
            if not 1 <= number <= len(options):
                raise ToolError(f"{number} is not an option; 1 to {len(options)} are")
            return number - 1

        return lean(answer_under(self.model, asked, schema, parse), len(options))


def _proposals(beams: Sequence[tuple[str, float]]) -> list[Proposal]:
    found = [(s, p) for t, p in beams if (s := _subgoal(json.loads(t))) is not None]
    if not found:
        raise Unavailable("the language model proposed nothing that can be done")
    priors = normalised([p for _, p in found])
    return [Proposal(subgoal=s, prior=p) for (s, _), p in zip(found, priors, strict=True)]


def _subgoal(raw: Any) -> Subgoal | None:
    try:
        return Subgoal.model_validate(raw)
    except ValidationError:
        return None
