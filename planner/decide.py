"""One decision: a search over what can be pictured, and the language model's last word."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mindseye.planner import events as ev
from mindseye.planner.context import Context, More
from mindseye.planner.dynamics import MindsEye, spoken
from mindseye.planner.hints import hint
from mindseye.planner.judge import Judgement, Picture
from mindseye.planner.search import search
from mindseye.planner.search.interface import Budget
from mindseye.planner.search.tree import (
    DISCOUNT,
    Branch,
    Future,
    Node,
    Root,
    Tree,
    futures,
    with_rejudged,
)
from mindseye.tools.values import Frames, SceneGraph

SHORTLIST = 3
"""Pictured futures among which the language model has the last word."""
CLOSE = 0.05
"""Futures this close to the best in value are put before it."""
LAST_WORD = 0.01
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
        started = time.monotonic()
        budget = self._budget(started)
        tree = self._surer(self._searched(budget), budget)
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
                probability=self.context.probability(chosen.first),
            )
        )  # fmt: skip
        return Decision(judgement=chosen.first, pictures=self.eye.pictures)

    def _searched(self, budget: Budget) -> Tree:
        config, started = self.context.config, time.monotonic()
        # Without tools all that is known of a future is its prior.
        name = config.search if config.tools != "none" else "greedy"
        options = config.search_options if name == config.search else {}
        seed = config.seed + 1000 * self.index
        root = Root(scene=self.scene, horizon=config.depth, seed=seed)
        tree = search(name, root, self.eye, budget, options)
        self.context.recorder.emit(
            ev.Searched(
                decision=self.index, search=name, waves=tree.waves, clips=tree.clips,
                simulated=self.eye.simulated, imagined=self.eye.imagined,
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

    def _surer(self, tree: Tree, budget: Budget) -> Tree:
        """Return the tree with more pictured, where the best is too uncertain to act on."""
        found = futures(tree, self.context.config.depth)
        more = self._more(tree, found, budget) if found else None
        here = {b.candidate.id: b.candidate for b in tree[tree.root].branches or ()}
        if more is None or not here.keys() >= {*more.about}:
            return tree
        best, eye, started = found[0].first, self.eye, time.monotonic()
        simulated, imagined = eye.simulated, eye.imagined
        again = more.tool == "video" and bool(eye.picture_of(best.candidate).imagined)
        tree = with_rejudged(tree, eye.gather([here[key] for key in more.about], more.tool))
        self.context.recorder.emit(
            ev.Abstained(
                decision=self.index, candidate=best.candidate.id,
                probability=self.context.probability(best) or 0.0, tool=more.tool,
                about=more.about, again=again, simulated=eye.simulated - simulated,
                imagined=eye.imagined - imagined, seconds=time.monotonic() - started,
            )
        )  # fmt: skip
        return tree

    def _more(self, tree: Tree, found: Sequence[Future], budget: Budget) -> More | None:
        """Return what is to be pictured before deciding; None where there is no need or no way."""
        context, config = self.context, self.context.config
        if context.pace is not None:
            return context.pace.more.get(self.index)
        sure = context.probability(found[0].first)
        if sure is None or sure >= config.abstain or context.random_values is not None:
            return None
        if budget.stops(tree):
            return None
        few = [self.eye.picture_of(f.first.candidate) for f in found[:SHORTLIST]]
        prices, left = context.costs.prices(config.samples), budget.deadline - budget.clock()
        tools = context.eye.tools
        unasked = [t for t in tools if not _shown(few[0], t)]
        # The simulator would say the same again; the generator can imagine further samples.
        for tool in unasked or [t for t in tools if t == "video"]:
            new = [p for p in few if not _shown(p, tool)] if unasked else few
            about = new[: int(left / max(prices[tool], 1e-6))]
            if about:
                return More(tool=tool, about=tuple(p.candidate.id for p in about))
        return None

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


def _shown(picture: Picture, tool: str) -> bool:
    """Say whether a tool was asked about a candidate."""
    return picture.computed is not None if tool == "physics" else bool(picture.imagined)


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
