"""Training data for the language model, made by phrases, geometry and the simulator.

Four kinds of example, one prompt each: a task in free words -> goal; scene,
goal and history -> next subgoal; scene and step -> which tools to use; options
with injected hints -> the best one.
"""

import json
import math
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from langchain_core.messages import BaseMessage
from pydantic import BaseModel, ConfigDict

from mindseye.planner.language import asking, oracle
from mindseye.planner.language.reading import read_task
from mindseye.planner.language.wordings import Split, wording
from mindseye.tools.contracts import PhysicsEngine, load_backend
from mindseye.tools.errors import BadInput
from mindseye.tools.goals import Goal, Layout, contradiction, progress, shortfall
from mindseye.tools.subgoals import Subgoal, nominal_target
from mindseye.tools.values import Patch, Point, Push, Rollout, scene_of

Kind = Literal["goal", "subgoal", "tools", "choice", "program", "answer", "call"]
"""The last two are made by `mindseye.planner.questions.data`."""
SHARES: tuple[tuple[Kind, float], ...] = (
    ("goal", 0.6), ("subgoal", 0.18), ("tools", 0.07), ("choice", 0.15),
)  # fmt: skip
NAIVE_SPEED = 0.3
"""Speed of the push that nobody thought about, metres a second."""


class Example(BaseModel):
    """One prompt and its answer, as stored."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: Literal[1] = 1
    kind: Kind
    system: str
    user: str
    answer: str


def _example(kind: Kind, asked: Sequence[BaseMessage], answer: Any) -> Example:
    system, user = (str(m.content) for m in asked)
    return Example(kind=kind, system=system, user=user, answer=asking.compact(answer))


def goal_example(rng: random.Random, split: Split) -> Example:
    """Return a task in free words with its goal."""
    while True:
        task, names, items = wording(rng, split)
        try:
            reading = read_task(task, names)
        except BadInput:  # A synonym or typo that the binder would send back to the person.
            continue
        asked = asking.ask_goal(reading.task, reading.names, reading.schema, explain=False)
        return _example("goal", asked, {"all": items})


def _situation(rng: random.Random, split: Split) -> tuple[Goal, dict[str, Point]]:
    """Return a goal that does not hold yet and the layout it is to be reached from."""
    while True:
        _, names, items = wording(rng, split)
        if not items:
            continue
        goal = Goal.model_validate({"all": items})
        if contradiction(goal):
            continue
        layout = oracle.random_layout(rng, names)
        if shortfall(goal, layout) > 0.01 and oracle.best_subgoals(goal, layout):
            return goal, layout


def _shaken(rng: random.Random, layout: Layout, subgoal: Subgoal) -> dict[str, Point]:
    """Return what a push might really do: mostly near its target, at times little or nothing."""
    start, target = layout[subgoal.move], nominal_target(subgoal, layout)
    share = rng.choice((1.0, 1.0, 1.0, 0.5, 0.0))
    x, y = (s + share * (t - s) + rng.gauss(0, 0.01) for s, t in zip(start, target, strict=True))
    return {**layout, subgoal.move: (x, y)}


def subgoal_example(rng: random.Random, split: Split) -> Example:
    """Return a situation, perhaps in the middle of an episode, with a good next push."""
    while True:
        goal, layout = _situation(rng, split)
        history: list[tuple[Subgoal, str]] = []
        for _ in range(rng.choice((0, 0, 1, 1, 2))):
            best = oracle.best_subgoals(goal, layout)
            if not best:
                break
            there = _shaken(rng, layout, best[0])
            told = asking.result_words(progress(goal, there) - progress(goal, layout))
            history.append((best[0], told))
            layout = there
        best = oracle.best_subgoals(goal, layout, without=_stuck(history))
        if best and shortfall(goal, layout) > 0.005:
            break
    # Several answers are good: the first most often, so that the prior is broad but ordered.
    chosen = best[min(len(best) - 1, int(rng.expovariate(1.3)))]
    asked = asking.ask_subgoal(goal, scene_of(layout), history, {}, explain=False)
    answer = chosen.model_dump(exclude_none=True, exclude={"manner"})
    return _example("subgoal", asked, answer)


def _stuck(history: Sequence[tuple[Subgoal, str]]) -> list[Subgoal]:
    """Return the last step if it brought nothing: trying it again would be stubborn."""
    if not history:
        return []
    subgoal, told = history[-1]
    return [subgoal] if told == "missed" else []


def _clearance(layout: Layout, subject: str, target: Point) -> float:
    """Return how close the straight way passes to other objects or to the edge, metres."""
    (sx, sy), (tx, ty) = layout[subject], target
    length = math.hypot(tx - sx, ty - sy) or 1e-9
    gaps = [0.3 - max(abs(tx), abs(ty))]
    for name, (x, y) in layout.items():
        if name != subject:
            along = max(0.0, min(1.0, ((x - sx) * (tx - sx) + (y - sy) * (ty - sy)) / length**2))
            gaps.append(math.hypot(x - sx - along * (tx - sx), y - sy - along * (ty - sy)))
    return min(gaps)


def _which_tools(rollout: Rollout, layout: Layout, subject: str, target: Point) -> str:
    """Return what it would have taken to foresee this rollout of a naive push."""
    there = rollout.layout
    hit = any(e.kind == "collided" for e in rollout.events) or any(
        n != subject and (n not in there or math.dist(there[n], p) > 0.015)
        for n, p in layout.items()
    )
    arrived = subject in there and math.dist(there[subject], target) < 0.035
    if arrived and not hit:
        return "none" if _clearance(layout, subject, target) > 0.06 else "video"
    return "both" if hit else "physics"


def _patches(rng: random.Random) -> tuple[Patch, ...]:
    kind: Literal["ice", "sticky"] = rng.choice(("ice", "sticky"))
    point = (rng.uniform(-0.15, 0.15), rng.uniform(-0.15, 0.15))
    return (Patch(kind=kind, position=point, radius=0.06),) if rng.random() < 0.25 else ()


def tools_examples(rng: random.Random, split: Split, engine: PhysicsEngine) -> Iterator[Example]:
    """Yield a few steps from one scene with the tools that would have foreseen them."""
    goal, layout = _situation(rng, split)
    scene = scene_of(layout, _patches(rng))
    steps = oracle.best_subgoals(goal, layout, slack=0.05)[:8]
    targets = [nominal_target(s, layout) for s in steps]
    pushes = [
        Push(subject=s.move, target=t, speed=NAIVE_SPEED)
        for s, t in zip(steps, targets, strict=True)
    ]
    rollouts = engine.simulate(scene, pushes, 5.0)
    seen: set[str] = set()
    for step, target, rollout in zip(steps, targets, rollouts, strict=True):
        label = _which_tools(rollout, layout, step.move, target)
        if label not in seen:  # One of each label a scene: easy pushes would drown the rest.
            seen.add(label)
            asked = asking.ask_tools(goal, scene, step, {}, explain=False)
            yield _example("tools", asked, {"tools": label})


def _hints(
    rng: random.Random, goal: Goal, layout: Layout, step: Subgoal, rollout: Rollout
) -> tuple[str, float]:
    """Return the hint about one option and what it is worth to one who reads it."""
    there, fell = rollout.layout, list(rollout.fallen)
    value = progress(goal, there, list(layout))
    physics = asking.hint_words("simulation", step.move, there, fell, value)
    dreamt = _shaken(rng, layout, step)
    seen = progress(goal, dreamt)
    video = asking.hint_words("video", step.move, dreamt, [], seen)
    kind = rng.random()
    if kind < 0.3:
        return physics, value
    if kind < 0.5:
        return video, 0.9 * seen
    if abs(seen - value) < 0.1:
        return f"{physics}; video: agrees", value + 0.03
    return f"{physics}; {video}", 0.7 * value + 0.3 * seen - 0.1


def choice_example(rng: random.Random, split: Split, engine: PhysicsEngine) -> Example:
    """Return options with hints out of the simulator, and the best of them."""
    while True:
        goal, layout = _situation(rng, split)
        steps = oracle.best_subgoals(goal, layout, slack=0.3)
        steps = rng.sample(steps, min(len(steps), rng.randint(2, 4)))
        if len(steps) < 2:
            continue
        pushes = [
            Push(subject=s.move, target=nominal_target(s, layout), speed=rng.choice((0.1, 0.3)))
            for s in steps
        ]
        rollouts = engine.simulate(scene_of(layout), pushes, 5.0)
        told = [_hints(rng, goal, layout, s, r) for s, r in zip(steps, rollouts, strict=True)]
        ranked = sorted(range(len(steps)), key=lambda i: -told[i][1])
        if told[ranked[0]][1] - told[ranked[1]][1] < 0.03:  # A tie teaches nothing.
            continue
        options = [(s.words(), hint) for s, (hint, _) in zip(steps, told, strict=True)]
        asked = asking.ask_choice(goal, options, {}, explain=False)
        return _example("choice", asked, {"choice": ranked[0] + 1})


def examples(n: int, seed: int, split: Split = "train") -> Iterator[Example]:
    """Yield `n` examples of all four kinds, in a fixed mixture and in random order."""
    rng = random.Random(f"{split} {seed}")
    engine: PhysicsEngine = load_backend("physics", "mujoco")
    waiting: list[Example] = []
    for _ in range(n):
        kind = rng.choices([k for k, _ in SHARES], [w for _, w in SHARES])[0]
        if kind == "goal":
            yield goal_example(rng, split)
        elif kind == "subgoal":
            yield subgoal_example(rng, split)
        elif kind == "choice":
            yield choice_example(rng, split, engine)
        else:
            while not waiting:
                waiting = list(tools_examples(rng, split, engine))
            yield waiting.pop()


def read_examples(path: Path) -> list[Example]:
    """Read examples out of a JSONL file.

    Raises:
      BadInput: the file is missing or a line is not an example.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [Example.model_validate_json(line) for line in lines]
    except (OSError, ValueError) as error:
        raise BadInput(f"cannot read language data {path}: {error}") from error


def make_language_data(
    out: str | Path, n: int = 5000, seed: int = 0, workers: int = 1
) -> dict[str, Any]:
    """Write `train.jsonl` (n examples) and `held_out.jsonl` (a tenth of that) into `out`.

    Wordings in the second use phrases and frames that the first never shows.
    `workers` is taken for the sake of one signature; the work is light.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    counts = {"train": n, "held_out": max(20, n // 10)}
    splits: dict[str, Split] = {"train": "train", "held_out": "held-out"}
    for name, count in counts.items():
        with (folder / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            for example in examples(count, seed, splits[name]):
                file.write(json.dumps(example.model_dump()) + "\n")
    return {"out": str(folder), **counts}
