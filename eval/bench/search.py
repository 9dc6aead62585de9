"""What our tree search costs by itself, on a toy whose pictures cost nothing; beside mctx.

The toy is a cube on a grid that eight pushes move by a step each, worth the more the nearer it
stands to a corner. mctx (DeepMind's search in JAX) is compiled for its toy and holds no scenes,
words or reasons: the ratio says what those cost, and both are little beside one real picture.
"""

import time
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from mindseye.eval.bench.measure import (
    Asked,
    Figure,
    Timed,
    figure,
    interleaved,
    leave_out,
    ratio,
)
from mindseye.planner.candidates import Candidate
from mindseye.planner.judge import Judgement
from mindseye.planner.search.interface import Budget, Leaf, Wave
from mindseye.planner.search.mcts import MctsOptions, mcts
from mindseye.planner.search.tree import Root
from mindseye.tools.subgoals import Subgoal
from mindseye.tools.values import Push, scene_of

SIMULATIONS = 64
HORIZON = 4
STEP = 0.02
"""Metres."""
CUBE = "red cube"
WAYS = [(x, y) for x, y in product((-1, 0, 1), repeat=2) if x or y]
SEARCHES = 10
"""In a round."""
OURS, MCTX = "search", "mctx"


class Toy:
    """Dynamics of a cube that goes where it is pushed."""

    def propose(self, leaves: Sequence[Leaf]) -> list[tuple[Candidate, ...]]:
        """Return the eight pushes of each scene."""
        return [self._pushes(leaf.scene.layout[CUBE]) for leaf in leaves]

    def _pushes(self, place: tuple[float, float]) -> tuple[Candidate, ...]:
        found = []
        for k, (x, y) in enumerate(WAYS):
            target = (place[0] + STEP * x, place[1] + STEP * y)
            found.append(
                Candidate(
                    id=f"c{k}", prior=1 / len(WAYS), push=Push(subject=CUBE, target=target),
                    subgoal=Subgoal(move=CUBE, relation="at", place=target),
                )
            )  # fmt: skip
        return tuple(found)

    def judge(self, leaves: Sequence[Leaf], until: float) -> Wave:
        """Return that each arrives, and what that is worth."""
        judged = tuple({c.id: self._judged(c) for c in leaf.candidates} for leaf in leaves)
        return Wave(judged=judged, clips=sum(map(len, judged)))

    def _judged(self, candidate: Candidate) -> Judgement:
        x, y = candidate.push.target
        return Judgement(
            candidate=candidate, value=0.4 + x + y, confidence=1.0, target=(x, y),
            predicted={CUBE: (x, y)},
        )  # fmt: skip


def ours() -> tuple[float, float]:
    """Return (simulations, seconds) of searches by `mcts`."""
    root = Root(scene=scene_of({CUBE: (0.0, 0.0)}), horizon=HORIZON)
    options = MctsOptions(simulations=SIMULATIONS)
    started = time.perf_counter()
    done = sum(mcts(root, Toy(), Budget(), options).clips for _ in range(SEARCHES))
    return float(done), time.perf_counter() - started


def by_mctx() -> Timed:
    """Return what searches the same toy with mctx, compiled.

    Raises:
      ModuleNotFoundError: mctx or jax is not installed.
    """
    import jax
    import jax.numpy as jnp
    import mctx

    ways = jnp.asarray(WAYS, dtype=jnp.float32) * STEP
    prior = jnp.zeros((1, len(WAYS)))

    def go(params: Any, key: Any, action: Any, place: Any) -> tuple[Any, Any]:
        place = place + ways[action]
        told = mctx.RecurrentFnOutput(
            reward=jnp.zeros(1), discount=jnp.full(1, 0.97), prior_logits=prior,
            value=0.4 + place.sum(axis=-1),
        )  # fmt: skip
        return told, place

    def search(key: Any) -> Any:
        root = mctx.RootFnOutput(
            prior_logits=prior, value=jnp.full(1, 0.4), embedding=jnp.zeros((1, 2))
        )
        return mctx.muzero_policy(
            None, key, root, go, num_simulations=SIMULATIONS, max_depth=HORIZON
        ).action_weights

    compiled, key = jax.jit(search), jax.random.key(0)
    return lambda: _repeated(lambda: compiled(key).block_until_ready())


def _repeated(search: Callable[[], Any]) -> tuple[float, float]:
    started = time.perf_counter()
    for _ in range(SEARCHES):
        search()
    return float(SIMULATIONS * SEARCHES), time.perf_counter() - started


def figures(asked: Asked) -> list[Figure]:
    """Return simulations a second; with mctx where that is installed."""
    contenders: dict[str, Timed] = {OURS: ours}
    try:
        contenders[MCTX] = by_mctx()
    except ModuleNotFoundError as error:
        if error.name not in ("jax", "mctx"):
            raise
        leave_out("search / mctx", f"it needs {error.name!r}: pip install mctx")
    rates = interleaved(contenders, asked.rounds)
    found = [ratio(OURS, MCTX, rates, "simulations")] if MCTX in rates else []
    per = [figure(f"{n}: a simulation", "us", [1e6 / r for r in rates[n]]) for n in contenders]
    return found + per
