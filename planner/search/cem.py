"""Cross-entropy method over how a push is done, inside subgoals that look good.

What a subgoal leaves open are numbers: where exactly the object is to end, how fast
it is pushed, and from which side. They are drawn from a normal distribution that is
fitted again and again to the best of what was drawn (Rubinstein, 1999; de Boer et
al., 2005).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mindseye.planner.candidates import Candidate
from mindseye.planner.judge import Judgement
from mindseye.planner.search.interface import (
    Budget,
    Dynamics,
    Leaf,
    expand,
    picture,
    stopped,
)
from mindseye.planner.search.tree import (
    DONE,
    Root,
    Tree,
    plant,
    ranked,
    with_judgements,
    with_refined,
)
from mindseye.tools.goals import OBJECT_RADIUS, TABLE_HALF, Layout
from mindseye.tools.values import Point, Push

Array = NDArray[np.float64]

EDGE = TABLE_HALF - OBJECT_RADIUS - 0.01
"""No push aims further out than this, metres."""
SPEEDS = (0.04, 0.3)
"""Slowest and fastest push, metres a second."""
LEAST_BOW = 0.01
"""A path that bows less than this is straight, metres."""
NARROWEST = 0.1
"""Share of its first width that a distribution keeps, lest it freeze at chance."""
LEAST_GAIN = 0.01
"""A changed push must be worth this much more than the unchanged one."""


@dataclass(frozen=True, kw_only=True)
class CemOptions:
    """Options of `cem`."""

    subgoals: Annotated[int, Field(ge=1, le=64)] = 2
    """Candidates that are refined, the best ones."""
    rounds: Annotated[int, Field(ge=1, le=100)] = 3
    """Times that pushes are drawn and the distributions fitted."""
    population: Annotated[int, Field(ge=4, le=10_000)] = 12
    """Pushes that are drawn of a candidate in a round."""
    elite: Annotated[float, Field(gt=0, le=1)] = 0.25
    """Share of them that the next distribution is fitted to."""
    target: Annotated[float, Field(ge=0, le=0.2)] = 0.02
    """Standard deviation of the target at first, metres in x and in y."""
    speed: Annotated[float, Field(ge=0, le=2)] = 0.35
    """Of the speed's logarithm."""
    bow: Annotated[float, Field(ge=0, le=0.2)] = 0.03
    """Of how far the path swings out sideways, which decides the side of the approach, metres."""
    cache: Annotated[int, Field(ge=0, le=100_000)] = 256
    """Pictures that are kept from decision to decision."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Belief:
    """A normal distribution with independent parts, of which the best are expected."""

    mean: Array
    """`[D]`."""
    std: Array
    """`[D]`."""
    least: Array
    """`[D]`, what `std` does not fall below."""

    def draw(self, count: int, rng: np.random.Generator) -> Array:
        """Return `[count, D]`, the mean first."""
        noise = rng.standard_normal((count, len(self.mean)))
        noise[0] = 0.0
        return np.asarray(self.mean + noise * self.std)


def prior(std: Sequence[float]) -> Belief:
    """Return a distribution around nothing being changed."""
    width = np.asarray(std, dtype=float)
    return Belief(mean=np.zeros(len(width)), std=width, least=NARROWEST * width)


def fitted(belief: Belief, drawn: Array, values: Sequence[float], elite: float) -> Belief:
    """Return the distribution fitted to the best of what was drawn from it.

    Args:
      belief: what it was drawn from.
      drawn: `[N, D]`.
      values: N, higher is better; among equals those nearer to no change are better.
      elite: share of N that is fitted.
    """
    if not len(drawn):
        return belief
    change = np.linalg.norm(drawn / np.maximum(belief.least, 1e-9), axis=1)
    order = np.lexsort((change, -np.asarray(values)))
    best = drawn[order[: max(2, math.ceil(elite * len(drawn)))]]
    std = np.maximum(best.std(axis=0), belief.least)
    return replace(belief, mean=best.mean(axis=0), std=std)


def adjusted(candidate: Candidate, layout: Layout, change: Array, key: str) -> Candidate:
    """Return the candidate with its push changed.

    Args:
      candidate: as it was proposed.
      layout: where everything stands, metres.
      change: `[4]`: target in x and y (metres), logarithm of the speed, bow (metres).
      key: id of the result.
    """
    dx, dy, faster, bow = (float(x) for x in change)
    push, start = candidate.push, layout[candidate.push.subject]
    target = _within(push.target[0] + dx), _within(push.target[1] + dy)
    speed = min(SPEEDS[1], max(SPEEDS[0], push.speed * math.exp(faster)))
    via = push.via
    if abs(bow) >= LEAST_BOW:
        middle = ((start[0] + target[0]) / 2, (start[1] + target[1]) / 2)
        via = tuple(_aside(p, start, target, bow) for p in via or (middle,))
    note = f"aimed {100 * dx:+.1f}, {100 * dy:+.1f} cm, {speed:.2f} m/s"
    note += f", swung out {100 * bow:+.0f} cm" if via != push.via else ""
    changed = Push(subject=push.subject, target=target, speed=speed, via=via)
    return replace(candidate, id=key, push=changed, note=note)


def _within(x: float) -> float:
    return min(EDGE, max(-EDGE, x))


def _aside(point: Point, start: Point, target: Point, bow: float) -> Point:
    along = (target[0] - start[0], target[1] - start[1])
    length = math.hypot(*along) or 1.0
    return (
        _within(point[0] - along[1] / length * bow),
        _within(point[1] + along[0] / length * bow),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Refined:
    """One candidate on its way to a better push."""

    candidate: Candidate
    belief: Belief
    best: Judgement | None = None
    base: float = 0.0
    """What the unchanged push is worth, sketched like the others."""
    visits: int = 0
    total: float = 0.0

    def told(self, drawn: Array, found: Sequence[Judgement | None], elite: float) -> "_Refined":
        """Return what is known after a round; None stands for what was not pictured."""
        rows = [k for k, j in enumerate(found) if j is not None]
        judged = [j for j in found if j is not None]
        if not judged:
            return self
        values = [j.value for j in judged]
        best = max([j for j in (self.best, *judged) if j is not None], key=lambda j: j.value)
        return replace(
            self, best=best, base=self.base if self.visits else values[0],
            belief=fitted(self.belief, drawn[rows], values, elite),
            visits=self.visits + len(judged), total=self.total + sum(values),
        )  # fmt: skip


def cem(root: Root, dynamics: Dynamics, budget: Budget, options: CemOptions) -> Tree:
    """Return the tree one subgoal ahead, with the best candidates' pushes refined.

    All pushes of a round are one wave of sketches. What came out better than the
    candidate as it was proposed is then pictured in full beside it.
    """
    tree = plant(root.scene)
    tree = expand(tree, [tree.root], dynamics, budget.until(0.5))
    best = [tree.branch(*step) for step in ranked(tree, [tree.root])[: options.subgoals]]
    if not best or best[0].mean >= DONE:
        return tree
    width = (options.target, options.target, options.speed, options.bow)
    group = [_Refined(candidate=b.candidate, belief=prior(width)) for b in best]
    rng = np.random.default_rng(root.seed)
    for number in range(options.rounds):
        if reason := budget.stops(tree):
            return stopped(_with_better(tree, group), reason)
        tree, group = _round(tree, group, f"~{number}", dynamics, budget, options, rng)
    before = len(tree[tree.root].branches or ())
    tree = _with_better(tree, group)
    added = range(before, len(tree[tree.root].branches or ()))
    if added and (reason := budget.stops(tree)):
        return stopped(tree, reason)
    return picture(tree, {tree.root: added}, dynamics, budget.until()) if added else tree


def _round(
    tree: Tree, group: Sequence[_Refined], mark: str, dynamics: Dynamics, budget: Budget,
    options: CemOptions, rng: np.random.Generator,
) -> tuple[Tree, list[_Refined]]:  # fmt: skip
    """Draw pushes of every candidate, sketch all of them as one wave, fit."""
    scene = tree[tree.root].scene
    drawn = [r.belief.draw(options.population, rng) for r in group]
    tried = [
        [
            adjusted(r.candidate, scene.layout, row, f"{r.candidate.id}{mark}.{k}")
            for k, row in enumerate(rows)
        ]
        for r, rows in zip(group, drawn, strict=True)
    ]
    leaf = Leaf(scene=scene, candidates=tuple(c for some in tried for c in some), sketch=True)
    wave = dynamics.judge([leaf], budget.until(0.5))
    found = wave.judged[0]

    def judged(candidate: Candidate) -> Judgement | None:
        known = found.get(candidate.id)
        return known if isinstance(known, Judgement) else None

    told = [
        r.told(rows, [judged(c) for c in some], options.elite)
        for r, rows, some in zip(group, drawn, tried, strict=True)
    ]
    return with_judgements(tree, {}, wave.clips), told


def _with_better(tree: Tree, group: Sequence[_Refined]) -> Tree:
    """Return the tree with those pushes beside the others that came out better."""
    for refined in group:
        best = refined.best
        if best is not None and best.value >= refined.base + LEAST_GAIN:
            named = replace(best, candidate=replace(best.candidate, id=f"{refined.candidate.id}~"))
            tree = with_refined(tree, tree.root, named, refined.visits, refined.total)
    return tree
