"""A decision by stage, beside Video Language Planning's with the same models; a question."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mindseye.eval import vlp
from mindseye.eval.bench.measure import Asked, Figure, figure, interleaved, ratio
from mindseye.eval.bench.search import figures as search_figures
from mindseye.planner.agent import Agent
from mindseye.planner.record import NullRecorder
from mindseye.tools.values import Frames, SceneGraph
from mindseye.tools.world import make_world

TASK = "push the red cube next to the blue ball"
OBJECTS = ("red cube", "blue ball", "green cylinder", "yellow star")
UNHURRIED = 600.0
"""Seconds that a decision may take which is to come to its end."""
OURS, VLP = "decision", "Video Language Planning"


@dataclass(frozen=True, kw_only=True, eq=False)
class Sight:
    """What a decision starts from."""

    frame: Frames
    scene: SceneGraph


def sights(agent: Agent, n: int) -> list[Sight]:
    """Return what is seen of `n` tables that are laid differently."""
    found = []
    for seed in range(n):
        with make_world(objects=OBJECTS, seed=seed) as world:
            observation, _ = world.reset()
        scene = agent.eye.vision.look([observation["frame"]])[0]
        found.append(Sight(frame=observation["frame"], scene=scene))
    return found


class Deciding:
    """Takes one decision a call, on table after table; keeps what each cost and pictured."""

    def __init__(self, agent: Agent, seen: Sequence[Sight]) -> None:
        self.agent, self.seen = agent, seen
        self.costs: list[dict[str, float]] = []
        """Of each call: stage -> seconds, and `whole`."""
        self.clips: list[float] = []

    def __call__(self) -> tuple[float, float]:
        """Return (1, seconds)."""
        sight = self.seen[len(self.costs) % len(self.seen)]
        events: list[Any] = []
        context = self.agent._context(NullRecorder(events.append))
        context.expected = sight.scene.names
        context.goal = self.agent._understand(TASK, sight.scene.names, context)
        before, started = dict(context.cost), time.perf_counter()
        self.agent.decide(context, 0, sight.scene, sight.frame)
        seconds = time.perf_counter() - started
        # What it took to read the task is no part of a decision.
        stages = {k: v - before.get(k, 0.0) for k, v in context.cost.items()}
        self.costs.append({**stages, "whole": seconds})
        self.clips.append(float(sum(e.clips for e in events if e.kind == "searched")))
        return 1.0, seconds

    def rates(self) -> list[float]:
        """Return the pictures a second of each round."""
        counted = zip(self.clips, self.costs, strict=True)
        return [clips / cost["whole"] for clips, cost in counted][1:]

    def stages(self, name: str) -> list[Figure]:
        """Return seconds by stage, and clips; the first call paid for what is made once."""
        stages = dict.fromkeys(stage for cost in self.costs for stage in cost)
        found = [
            figure(f"{name}: {stage}", "s", [cost.get(stage, 0.0) for cost in self.costs[1:]])
            for stage in stages
        ]
        rest = figure(f"{name}: the rest", "of it", [_rest(cost) for cost in self.costs[1:]])
        return [*found, rest, figure(f"{name}: pictures", "clips", self.clips[1:])]


def _rest(cost: Mapping[str, float]) -> float:
    """Return the share of a decision that no model took; two of them work at the same time."""
    models = cost.get("language", 0.0) + cost.get("vision", 0.0)
    models += max(cost.get("physics", 0.0), cost.get("video", 0.0))
    return max(0.0, 1.0 - models / cost["whole"])


def decisions(agent: Agent, asked: Asked) -> list[Figure]:
    """Return how long a decision takes, ours and the peer's, on the same tables in turn."""
    seen = sights(agent, asked.rounds + 1)
    unhurried = replace(agent.config, budget=UNHURRIED)
    peer = Agent(unhurried, agent.mind, agent.eye, agent.decoder)
    peer.decide = vlp.decide
    contenders = {OURS: Deciding(agent, seen), VLP: Deciding(peer, seen)}
    rates = interleaved(contenders, asked.rounds)
    pictured = {name: deciding.rates() for name, deciding in contenders.items()}
    found = [ratio(OURS, VLP, rates), ratio(OURS, VLP, pictured, "pictures a second")]
    return found + [f for name, deciding in contenders.items() for f in deciding.stages(name)]


def questions(asked: Asked) -> list[Figure]:
    """Return seconds of a question with the embedded model, and of what is simulated for it."""
    from mindseye.eval.minds_eye.items import read_items, spread
    from mindseye.planner.ask.asker import Asker
    from mindseye.planner.language.models import QUESTIONS, load_language

    asker = Asker(load_language(QUESTIONS), draw=False)
    rows = []
    for item in spread(read_items(), 3 * asked.rounds + 1):
        started = time.perf_counter()
        answer = asker.ask(item.question, item.offered, table=False)
        rows.append((time.perf_counter() - started, 1e3 * answer.simulation_seconds))
    # The first question pays for what is made on first use.
    whole, simulated = zip(*rows[1:], strict=True)
    return [figure("question", "s", whole), figure("question: simulation", "ms", simulated)]


def figures(asked: Asked) -> list[Figure]:
    """Return all of this part.

    Raises:
      Unavailable: weights are missing.
    """
    return [*decisions(Agent.from_config(), asked), *questions(asked), *search_figures(asked)]
