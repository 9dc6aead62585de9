"""One decision: a search over what can be pictured, and the language model's last word."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mindseye.planner import events as ev
from mindseye.planner.context import Context
from mindseye.planner.dynamics import MindsEye, spoken
from mindseye.planner.hints import hint
from mindseye.planner.judge import Judgement, Picture
from mindseye.planner.search import search
from mindseye.planner.search.interface import Budget
from mindseye.planner.search.tree import DISCOUNT, Branch, Future, Node, Root, Tree, futures
from mindseye.tools.values import Frames, SceneGraph

SHORTLIST = 3
"""Pictured futures among which the language model has the last word."""
CLOSE = 0.05
"""Futures this close to the best in value are put before it."""
LAST_WORD = 0.05
"""What the language model's favour adds to a value, at most."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What is to be done, and every picture that was made on the way."""

    judgement: Judgement
    pictures: dict[str, Picture]
    """Candidate -> picture, of the candidates that could be done now."""


Decide = Callable[[Context, int, SceneGraph, Frames], Decision | None]
"""Takes a decision from its number, a scene and the frame it was seen in; None: nothing to do."""


class Decider:
    """Takes the decision number `index` from a scene and the frame it was seen in."""

    def __init__(self, context: Context, index: int, scene: SceneGraph, frame: Frames) -> None:
        self.context, self.index, self.scene = context, index, scene
        self.eye = MindsEye(context, index, scene, frame)

    def decide(self) -> Decision | None:
        """Return the decision, or None when nothing can be proposed."""
        tree = self._searched()
        found = futures(tree, self.context.config.depth)
        if not found:
            return None
        chosen, hints, why = self._last_word(found)
        candidate = chosen.first.candidate
        # A push that the search made up may be chosen before there was time to picture it.
        self.eye.tell([candidate])
        self.context.recorder.emit(
            ev.Chosen(
                decision=self.index, candidate=candidate.id, value=chosen.value,
                why=why, values=values(tree), hints=hints,
            )
        )  # fmt: skip
        return Decision(judgement=chosen.first, pictures=self.eye.pictures)

    def _searched(self) -> Tree:
        config, started = self.context.config, time.monotonic()
        # Without tools all that is known of a future is its prior.
        name = config.search if config.tools != "none" else "greedy"
        options = config.search_options if name == config.search else {}
        seed = config.seed + 1000 * self.index
        root = Root(scene=self.scene, horizon=config.depth, seed=seed)
        tree = search(name, root, self.eye, self._budget(started), options)
        self.context.recorder.emit(
            ev.Searched(
                decision=self.index, search=name, waves=tree.waves, clips=tree.clips,
                reused=self.eye.reused, stopped=tree.stopped, branches=branches(tree),
                seconds=time.monotonic() - started,
            )
        )  # fmt: skip
        return tree

    def _budget(self, started: float) -> Budget:
        config, pace = self.context.config, self.context.pace
        if pace is not None:
            return Budget(waves=pace.waves.get(self.index))
        return Budget(deadline=started + config.budget, clips=config.clips)

    def _hint(self, future: Future) -> str:
        return hint(future.first, self.eye.pictures.get(future.first.candidate.id))

    def _last_word(self, found: Sequence[Future]) -> tuple[Future, tuple[str, ...], str]:
        """Put the best few before the language model, each with what was pictured of it."""
        best = found[0]
        if self.context.config.tools == "none" or self.context.random_values is not None:
            return best, (), "the likeliest proposal"
        close = [f for f in found if f.value >= best.value - CLOSE][:SHORTLIST]
        if len(close) < 2:
            return best, (self._hint(best),), "clearly the best picture"
        started = time.monotonic()
        options = [(f.first.candidate.words, self._hint(f)) for f in close]
        favour = self.context.mind.choose(self.context.goal, self.scene, options)
        self.context.spend("language", time.monotonic() - started)
        scores = [f.value + LAST_WORD * x for f, x in zip(close, favour, strict=True)]
        chosen = close[scores.index(max(scores))]
        why = "the best picture" if chosen is best else "the language model preferred it"
        return chosen, tuple(h for _, h in options), why


def decide(context: Context, index: int, scene: SceneGraph, frame: Frames) -> Decision | None:
    """Return the decision number `index`, or None when nothing can be proposed."""
    return Decider(context, index, scene, frame).decide()


def values(tree: Tree) -> dict[str, float]:
    """Return what each pictured candidate is worth now, by its id."""
    return {
        branch.candidate.id: branch.judgement.value * DISCOUNT ** len(node.path)
        for node in tree.nodes.values()
        for branch in node.branches or ()
        if branch.judgement is not None
    }


def branches(tree: Tree) -> tuple[ev.Branch, ...]:
    """Return the tree as a record keeps it: parents first, each branch once."""
    found: list[ev.Branch] = []
    entered = {tree.root: ""}
    level = [tree[tree.root]]
    while level:
        below: list[Node] = []
        for node in level:
            for branch in node.branches or ():
                found.append(_recorded(tree, node, branch, entered))
                if branch.child and branch.child not in entered:
                    entered[branch.child] = branch.candidate.id
                    below.append(tree[branch.child])
        level = below
    return tuple(found)


def _recorded(tree: Tree, node: Node, branch: Branch, entered: dict[str, str]) -> ev.Branch:
    judgement = branch.judgement
    # What lies behind an equal scene is told once, where that scene was reached first.
    same = entered.get(branch.child, "")
    return ev.Branch(
        id=branch.candidate.id, parent=entered[node.key], words=spoken(branch.candidate),
        prior=branch.candidate.prior, value=None if judgement is None else judgement.value,
        visits=branch.visits, mean=branch.mean, pruned=branch.pruned, same=same,
    )  # fmt: skip
