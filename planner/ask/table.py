"""What happens if something on the table is pushed: seen, understood, simulated, told."""

import contextlib
import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from langchain_core.language_models import BaseChatModel

from mindseye.planner.agent import load_tool, set_threads
from mindseye.planner.ask.answer import Measured
from mindseye.planner.ask.evidence import Evidence
from mindseye.planner.ask.grammar import pushed_in
from mindseye.planner.candidates import Proposal, expand
from mindseye.planner.config import Config
from mindseye.planner.language.asking import where_words
from mindseye.planner.language.mind import understand
from mindseye.planner.loop import begin
from mindseye.planner.picture import HORIZON
from mindseye.tools.contracts import PhysicsEngine, VisionModel
from mindseye.tools.errors import BadInput, ToolError
from mindseye.tools.goals import AreaItem, Goal, RelationItem
from mindseye.tools.physics.sampling import misread
from mindseye.tools.prompting import render
from mindseye.tools.subgoals import Subgoal
from mindseye.tools.values import Point, Push, Rollout, SceneGraph
from mindseye.tools.world import make_world

DOUBTS = 4
"""Simulations from places that vision may have misread; for the confidence."""
SAME_END = 0.05
"""Ends this near to each other are the same, metres."""
MOVED = 0.01
"""Less is called staying, metres."""
FAR = 0.12
"""How far something is pushed "to the left", metres."""
RANGE = (0.5, 1.5)
"""It might as well be so many times that."""
_DIRECTIONS = ("to the right", "back", "to the left", "forward")
_WAYS: dict[str, Point] = {
    "left": (-1.0, 0.0), "right": (1.0, 0.0), "back": (0.0, 1.0), "away": (0.0, 1.0),
    "forward": (0.0, -1.0), "towards": (0.0, -1.0), "toward": (0.0, -1.0),
}  # fmt: skip
_BARE = re.compile(
    r"\b(?:to (?:the|its|my) )?(?:a (?:bit|little) )?(?:further |more )?"
    r"(left|right|back|forward|away|towards?)"
    r"(?:wards?)?(?: (?:from )?me)?(?: a (?:bit|little))?$",
    re.I,
)


See = Callable[[], SceneGraph]
"""Tells what stands on a table."""


def look(config: Config) -> SceneGraph:
    """Lay the table that a config describes, and return what vision sees on it."""
    set_threads(config.threads)
    vision: VisionModel = load_tool(config, "vision")
    world = make_world(
        config.world, objects=config.objects, seed=config.seed, **config.world_options
    )
    with contextlib.closing(world):
        return vision.look([begin(world)["frame"]])[0]


def what_if(
    model: BaseChatModel, question: str, config: Config, see: See | None = None
) -> Evidence:
    """Return what a push that a question speaks of would do.

    Args:
      model: understands the question.
      question: speaks of a push, as in "what happens if I push ...".
      config: of the table, and of the physics.
      see: returns the scene of a table that is laid already; None lays the config's.

    Raises:
      BadInput: the question speaks of no push, or of what is not on the table.
      Unavailable: a model does not answer.
    """
    task = pushed_in(question)
    if task is None:
        raise BadInput(
            "cannot tell what is pushed where; ask such as "
            '"what happens if I push the red cube left?"'
        )
    scene = look(config) if see is None else see()
    what = _pushed(understand(model, task, scene.names), task, scene)
    try:
        return _simulated(load_tool(config, "physics"), scene, what, config.seed)
    except ToolError as error:
        raise BadInput(f"cannot simulate {what.words!r}: {error}") from error


def _simulated(physics: PhysicsEngine, scene: SceneGraph, what: "_Pushed", seed: int) -> Evidence:
    """Simulate a push, also from places misread and over other lengths."""
    started = time.monotonic()
    (rollout,) = physics.simulate(scene, [what.push], HORIZON, render=True)
    rng = np.random.default_rng(seed)
    doubtful = [
        physics.simulate(misread(scene, rng), [what.push], HORIZON)[0] for _ in range(DOUBTS)
    ]
    others = physics.simulate(scene, what.others, HORIZON) if what.others else []
    firm = all(alike(rollout, o, math.inf) for o in others)
    return Evidence(
        what="push", text=what.words, hint=told(what.words, what.push, scene, rollout),
        trust=(1 + sum(alike(rollout, o) for o in doubtful)) / (1 + DOUBTS),
        depends=() if firm else (f"a push of {100 * FAR:.0f} cm",),
        simulations=1 + DOUBTS + len(others), clip=rollout.clip,
        numbers=_numbers(scene, rollout), seconds=time.monotonic() - started,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Pushed:
    words: str
    push: Push
    others: tuple[Push, ...] = ()
    """Pushes that the words might as well mean."""


def _pushed(goal: Goal, task: str, scene: SceneGraph) -> _Pushed:
    """Return the push that a task asks for.

    "To the left" alone is a direction. As a goal of the planner it would be a
    part of the table, in which the object may stand already.

    Raises:
      BadInput: it asks for none, or the object is there already.
    """
    subgoal = _subgoal(goal)
    bare = _BARE.search(task)
    if bare is not None and subgoal.area is not None:
        dx, dy = _WAYS[bare[1].lower()]
        x, y = scene.layout[subgoal.move]
        pushes = [
            Push(subject=subgoal.move, target=(x + k * FAR * dx, y + k * FAR * dy))
            for k in (1.0, *RANGE)
        ]
        words = f"push the {subgoal.move} {_direction((dx, dy))}"
        return _Pushed(words=words, push=pushes[0], others=tuple(pushes[1:]))
    found = expand([Proposal(subgoal=subgoal, prior=1.0)], scene, ("straight",))
    if not found:
        raise BadInput(f"cannot {subgoal.words()}: it is there already, or not in view")
    return _Pushed(words=subgoal.words(), push=found[0].push)


def _subgoal(goal: Goal) -> Subgoal:
    for item in goal.all_:
        if isinstance(item, AreaItem) and item.subject != "all":
            return Subgoal(move=item.subject, relation="in_area", area=item.area)
        if isinstance(item, RelationItem):
            return Subgoal(move=item.subject, relation=item.relation, object=item.object)
    raise BadInput(f"one push of one object can be simulated, not {goal.words()!r}")


def alike(one: Rollout, other: Rollout, apart: float = SAME_END) -> bool:
    """Say whether in two futures the same falls, the same is met, and ends are that near."""
    if set(one.fallen) != set(other.fallen) or _met(one) != _met(other):
        return False
    return all(math.dist(p, other.layout[n]) <= apart for n, p in one.layout.items())


def _met(rollout: Rollout) -> set[str]:
    return {e.other for e in rollout.events if e.kind == "collided"}


def _direction(way: Point) -> str:
    if math.hypot(*way) < MOVED:
        return ""
    return _DIRECTIONS[round(math.atan2(way[1], way[0]) / (math.pi / 2)) % 4]


def _way(name: str, scene: SceneGraph, rollout: Rollout) -> Point:
    there, before = rollout.layout[name], scene.layout[name]
    return there[0] - before[0], there[1] - before[1]


def told(words: str, push: Push, scene: SceneGraph, rollout: Rollout) -> str:
    """Return one sentence about what moved; what stays is left out, but for what is pushed.

    Args:
      words: the push in words, as in "push the red cube left".
      push: what was simulated.
      scene: what it was simulated from.
      rollout: what came of it.
    """
    shown = []
    for name in sorted(scene.names, key=lambda n: n != push.subject):
        if name in rollout.fallen:
            shown.append({"name": name, "fell": True})
            continue
        way = _way(name, scene, rollout)
        far = math.hypot(*way)
        if far >= MOVED or name == push.subject:
            shown.append(
                {"name": name, "fell": False, "way": round(100 * far) if far >= MOVED else 0,
                 "direction": _direction(way), "where": where_words(name, rollout.layout)}
            )  # fmt: skip
    return render(
        "whatif", words=words, subject=push.subject, objects=shown,
        touched=_touched(push.subject, rollout), fell=bool(rollout.fallen),
    ).strip()  # fmt: skip


def _touched(subject: str, rollout: Rollout) -> Sequence[str]:
    """Return what the pushed object ran into."""
    pairs = [(e.subject, e.other) for e in rollout.events if e.kind == "collided"]
    met = [b if a == subject else a for a, b in pairs if subject in (a, b)]
    return [name for name in dict.fromkeys(met) if name in rollout.names]


def _numbers(scene: SceneGraph, rollout: Rollout) -> tuple[Measured, ...]:
    return tuple(
        Measured(
            name=name, what="way", unit="cm",
            value=None if name in rollout.fallen
            else 100 * math.hypot(*_way(name, scene, rollout)),
        )
        for name in scene.names
    )  # fmt: skip
