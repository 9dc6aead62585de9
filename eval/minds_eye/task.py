"""The suite as a task of inspect_ai: dataset, solver, scorer."""

import time
from typing import Any

import anyio
import anyio.to_thread
from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import Model, get_model
from inspect_ai.scorer import Score, Scorer, Target, accuracy, grouped, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver
from langchain_core.language_models import BaseChatModel

from mindseye.eval.minds_eye.conditions import CONDITIONS, Respondent, program_exact
from mindseye.eval.minds_eye.items import Item, read_items, right, spread
from mindseye.eval.minds_eye.journal import Journal, Response
from mindseye.eval.minds_eye.provider import CONCURRENT, InspectChat, MindseyeAPI
from mindseye.planner.ask.answer import Answer
from mindseye.planner.language import usage
from mindseye.planner.language.answers import Unusable
from mindseye.tools.errors import BadInput, Unavailable


@task
def minds_eye(
    condition: str = "simulation",
    path: str | None = None,
    n: int | None = None,
    journal: Journal | None = None,
    concurrent: int = CONCURRENT,
) -> Task:
    """Physics questions under one condition (Liu et al., Mind's Eye, 2022).

    Args:
      condition: see `mindseye.eval.minds_eye.conditions.CONDITIONS`.
      path: JSONL of questions; None takes the 3,900 of the package.
      n: how many of them, the same number of each sub-task; None takes all.
      journal: keeps answers, and knows those that were given before.
      concurrent: questions that are under way at a time.

    Raises:
      BadInput: no such condition, or no such questions.
    """
    if condition not in CONDITIONS:
        raise BadInput(f"no condition {condition!r}; known: {', '.join(CONDITIONS)}")
    items = read_items(path)
    samples = [sample_of(item) for item in (items if n is None else spread(items, n))]
    return Task(
        name=f"minds_eye_{condition}",
        dataset=MemoryDataset(samples, name="minds_eye" if path is None else str(path)),
        solver=respond(condition, journal, concurrent),
        scorer=answered_right(),
        fail_on_error=False,
    )


def sample_of(item: Item) -> Sample:
    """Return a question as inspect has them."""
    return Sample(
        id=item.id, input=item.question, target=str(item.answer),
        metadata={"item": item.model_dump(mode="json"), "scene": str(item.scene)},
    )  # fmt: skip


def chat_of(model: Model) -> BaseChatModel:
    """Return an inspect model as the project's own code asks it."""
    return model.api.chat if isinstance(model.api, MindseyeAPI) else InspectChat(model=model)


@solver
def respond(condition: str, journal: Journal | None = None, concurrent: int = CONCURRENT) -> Solver:
    """Answer under a condition, in a thread of its own, so that models see many at a time.

    A model that stays silent for as many questions as are under way at a time is asked
    no more: with thousands of them, waiting for each would take hours.
    """
    limiter = anyio.CapacityLimiter(concurrent)
    silent: list[Unavailable] = []

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        item = Item.model_validate(state.metadata["item"])
        found = journal.get(condition, item.id) if journal else None
        if found is None:
            if len(silent) >= concurrent:
                raise Unavailable(f"not asked, after {concurrent} without an answer: {silent[0]}")
            looks = journal.looks if journal else {}
            respondent = Respondent(model=chat_of(get_model()), looks=looks)
            try:
                found = await anyio.to_thread.run_sync(
                    _respond, respondent, condition, item, journal,
                    abandon_on_cancel=True, limiter=limiter,
                )  # fmt: skip
            except Unavailable as error:
                silent.append(error)
                raise
            silent.clear()
        state.output.completion = found.answer.answer
        state.metadata["response"] = found.model_dump(mode="json")
        return state

    return solve


def _respond(
    respondent: Respondent, condition: str, item: Item, journal: Journal | None
) -> Response:
    started = time.monotonic()
    with usage.counted() as used:
        try:
            answer = respondent.respond(condition, item)
        except Unusable as error:
            # The model did answer, only with nothing that is one: wrong, not unscored.
            answer = Answer(answer="", confidence=0.0, tool="none", mode="none", note=str(error))
    found = Response(
        condition=condition, id=item.id, answer=answer, read=used.read, written=used.written,
        seconds=time.monotonic() - started,
    )  # fmt: skip
    # Kept from here: what ends after an interrupt is not lost.
    return journal.add(found) if journal else found


@scorer(metrics=[grouped(accuracy(), "scene"), stderr()])
def answered_right() -> Scorer:
    """Score 1 what is right: a choice, an order, a number within its tolerance."""

    async def score(state: TaskState, target: Target) -> Score:
        item = Item.model_validate(state.metadata["item"])
        answer = Response.model_validate(state.metadata["response"]).answer
        told: dict[str, Any] = {
            "hint": answer.hint, "program": answer.program, "confidence": answer.confidence,
            "program_exact": program_exact(item, answer),
        }  # fmt: skip
        return Score(
            value=float(right(item, answer)), answer=answer.answer, explanation=answer.note,
            metadata=told,
        )  # fmt: skip

    return score
