"""The searches, on dynamics that are written down: golden trees, and what holds of every tree."""

import json
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindseye.planner.candidates import Candidate
from mindseye.planner.decide import branches
from mindseye.planner.judge import Judgement, Picture
from mindseye.planner.kept import Kept
from mindseye.planner.search import SEARCHES, search, search_options
from mindseye.planner.search.cem import fitted, prior
from mindseye.planner.search.interface import Budget, Leaf, Wave
from mindseye.planner.search.tree import DISCOUNT, GRID, Root, Tree, futures, ranked, scene_key
from mindseye.tools.errors import BadInput
from mindseye.tools.goals import Goal, progress
from mindseye.tools.subgoals import Subgoal, nominal_target
from mindseye.tools.values import Outcome, Point, Push, Reward, SceneGraph, scene_of

GOLDEN = Path(__file__).parent / "golden"
LINE = Goal.model_validate(
    {
        "all": [
            {"relation": "left_of", "subject": "red cube", "object": "blue ball"},
            {"relation": "right_of", "subject": "green star", "object": "blue ball"},
        ]
    }
)
SUBGOALS = (
    Subgoal(move="red cube", relation="left_of", object="blue ball"),
    Subgoal(move="green star", relation="right_of", object="blue ball"),
    Subgoal(move="blue ball", relation="in_area", area="top"),
    Subgoal(move="red cube", relation="near", object="green star"),
)


START = scene_of({"red cube": (0.2, 0.2), "blue ball": (0.0, 0.0), "green star": (-0.2, 0.2)})


@dataclass
class Counted:
    """Dynamics that count what they are asked; a clip takes a second of their clock."""

    now: float = 0.0
    proposals: int = 0
    waves: list[int] = field(default_factory=list)
    """Clips of each."""

    def propose(self, leaves: Sequence[Leaf]) -> list[tuple[Candidate, ...]]:
        self.proposals += 1
        return [self.options(leaf) for leaf in leaves]

    def judge(self, leaves: Sequence[Leaf], until: float) -> Wave:
        judged = [{c.id: self.value(leaf, c) for c in leaf.candidates} for leaf in leaves]
        self.waves.append(sum(map(len, judged)))
        self.now += self.waves[-1]
        return Wave(judged=tuple(judged), clips=self.waves[-1])

    def clock(self) -> float:
        return self.now

    def options(self, leaf: Leaf) -> tuple[Candidate, ...]:
        raise NotImplementedError

    def value(self, leaf: Leaf, candidate: Candidate) -> Judgement:
        raise NotImplementedError


@dataclass
class Perfect(Counted):
    """Every push arrives exactly."""

    def options(self, leaf: Leaf) -> tuple[Candidate, ...]:
        layout, way = leaf.scene.layout, "".join(j.candidate.id for j in leaf.path)
        return tuple(
            Candidate(
                id=f"{way}{k}", subgoal=s, prior=0.4 - 0.1 * k,
                push=Push(subject=s.move, target=nominal_target(s, layout)),
            )
            for k, s in enumerate(SUBGOALS)
        )  # fmt: skip

    def value(self, leaf: Leaf, candidate: Candidate) -> Judgement:
        end = {**leaf.scene.layout, candidate.push.subject: candidate.push.target}
        return Judgement(
            candidate=candidate, value=progress(LINE, end), confidence=1.0, predicted=end,
            target=candidate.push.target, tool="physics",
        )  # fmt: skip


@dataclass
class Valley(Perfect):
    """The red cube is worth most at (-7, 3) cm, and less the further it is from there."""

    def value(self, leaf: Leaf, candidate: Candidate) -> Judgement:
        found = super().value(leaf, candidate)
        x, y = candidate.push.target
        miss = (x - -0.07) ** 2 + (y - 0.03) ** 2
        worth = max(0.0, 0.9 - 80 * miss) if candidate.push.subject == "red cube" else 0.1
        return Judgement(
            candidate=candidate, value=worth, confidence=1.0, predicted=found.predicted,
            target=candidate.push.target,
        )  # fmt: skip


@dataclass
class Drawn(Counted):
    """A game drawn by lot: the red cube's place is the state, and each state has its value.

    With `wide` ways out of each of few `states`, many ways meet again; with none given,
    no two ways ever do.
    """

    seed: int = 0
    wide: int = 3
    states: int = 0

    def state(self, where: SceneGraph) -> int:
        x, y = where.layout["red cube"]
        return round(x / GRID) + 25 + 50 * (round(y / GRID) + 25)

    def place(self, state: int) -> Point:
        return (state % 50 - 25) * GRID, (state // 50 - 25) * GRID

    def options(self, leaf: Leaf) -> tuple[Candidate, ...]:
        rng = random.Random(f"{self.seed} {self.state(leaf.scene)}")
        name = "-".join([str(self.state(leaf.scene)), *(j.candidate.id for j in leaf.path)])
        return tuple(
            Candidate(
                id=f"{name}:{k}", subgoal=SUBGOALS[2], prior=rng.random(),
                push=Push(subject="red cube", target=self.place(self.next(leaf, k, rng))),
            )
            for k in range(self.wide)
        )  # fmt: skip

    def next(self, leaf: Leaf, k: int, rng: random.Random) -> int:
        if self.states:
            return rng.randrange(self.states)
        return self.state(leaf.scene) * self.wide + k + 1

    def value(self, leaf: Leaf, candidate: Candidate) -> Judgement:
        end = {"red cube": candidate.push.target}
        worth = self.worth(self.state(scene_of({"red cube": candidate.push.target})))
        return Judgement(
            candidate=candidate, value=worth, confidence=1.0, predicted=end,
            target=candidate.push.target,
        )  # fmt: skip

    def worth(self, state: int) -> float:
        return 0.9 * random.Random(f"{self.seed} worth {state}").random()

    def optimum(self, where: SceneGraph, horizon: int) -> float:
        """Return the best there is, by looking at everything."""
        found = []
        for candidate in self.options(Leaf(scene=where)):
            there = scene_of({"red cube": candidate.push.target})
            ahead = DISCOUNT * self.optimum(there, horizon - 1) if horizon > 1 else 0.0
            found.append(max(self.worth(self.state(there)), ahead))
        return max(found)


BEGIN = scene_of({"red cube": (-0.25, -0.25)})
"""State 0 of a game."""


def grown(name: str, dynamics: Counted, budget: Budget | None = None, **options: Any) -> Tree:
    where = START if isinstance(dynamics, Perfect) else BEGIN
    horizon = options.pop("horizon", 2)
    root = Root(scene=where, horizon=horizon, seed=5)
    return search(name, root, dynamics, budget or Budget(), options)


def as_json(tree: Tree) -> dict[str, Any]:
    found = [b.model_dump(exclude_defaults=True) for b in branches(tree)]
    for branch in found:
        branch |= {k: round(branch[k], 6) for k in ("value", "mean", "prior") if k in branch}
    best = futures(tree, 2)[0]
    plan = {"path": [j.candidate.words for j in best.path], "value": round(best.value, 6)}
    return {"plan": plan, "waves": tree.waves, "clips": tree.clips, "branches": found}


OPTIONS: dict[str, dict[str, Any]] = {"mcts": {"simulations": 12, "wave": 4}}


@pytest.mark.parametrize("name", SEARCHES)
def test_trees_are_the_golden_ones(name: str) -> None:
    dynamics = Valley() if name == "cem" else Perfect()
    found = as_json(grown(name, dynamics, **OPTIONS.get(name, {})))
    path = GOLDEN / f"{name}.json"
    if os.environ.get("MINDSEYE_WRITE_GOLDEN"):
        path.write_text(json.dumps(found, indent=1) + "\n")
    assert found == json.loads(path.read_text())


@pytest.mark.parametrize("name", ["beam", "mcts"])
def test_two_steps_find_what_one_step_cannot(name: str) -> None:
    one = futures(grown("greedy", Perfect()), 2)[0]
    two = futures(grown(name, Perfect()), 2)[0]
    assert one.value < 0.9 < two.value
    assert len(two.path) == 2


games = st.builds(
    Drawn, seed=st.integers(0, 10**6), wide=st.integers(1, 5), states=st.sampled_from([0, 4, 40])
)


@given(games, st.sampled_from(sorted(SEARCHES)), st.integers(1, 4))
def test_values_and_visits_add_up_in_every_tree(game: Drawn, name: str, horizon: int) -> None:
    tree = grown(name, game, horizon=horizon)
    pictured = 0
    for node in tree.nodes.values():
        assert node.key == scene_key(node.scene)
        assert len(node.path) <= horizon
        for branch in node.branches or ():
            assert 0.0 <= branch.total <= branch.visits + 1e-9
            assert (branch.judgement is None) == (branch.visits == 0) == (branch.child == "")
            assert branch.judgement is not None or branch.pruned
            pictured += branch.judgement is not None
    if name == "mcts":
        # Every simulation begins at the root and pictures one branch somewhere.
        assert sum(b.visits for b in tree[tree.root].branches or ()) == pictured
    assert tree.clips == sum(game.waves)
    assert tree.waves == len(game.waves)
    assert game.proposals <= tree.waves + 1
    assert all(0.0 <= f.value <= 1.0 and len(f.path) <= horizon for f in futures(tree, horizon))


@given(games, st.sampled_from(sorted(SEARCHES)), st.integers(0, 60), st.booleans())
def test_there_is_an_answer_within_the_budget_and_one_wave(
    game: Drawn, name: str, most: int, by_clock: bool
) -> None:
    limit = {"deadline": most} if by_clock else {"clips": most}
    budget = Budget(clock=game.clock, **limit)
    tree = grown(name, game, budget, horizon=3)
    assert futures(tree, 3)
    assert sum(game.waves[:-1]) < max(1, most)
    if tree.stopped:
        assert sum(game.waves) >= most
    assert budget.stops(tree) or not tree.stopped


@given(games, st.sampled_from(sorted(SEARCHES)))
def test_a_search_done_again_is_the_same(game: Drawn, name: str) -> None:
    again = Drawn(seed=game.seed, wide=game.wide, states=game.states)
    assert grown(name, game, horizon=3) == grown(name, again, horizon=3)


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 4))
def test_a_beam_of_one_does_what_greedy_does(seed: int, wide: int, horizon: int) -> None:
    game = Drawn(seed=seed, wide=wide)
    one = futures(grown("beam", game, width=1, horizon=horizon), horizon)[0]
    assert one.first == futures(grown("greedy", game), 1)[0].first


@given(games, st.integers(1, 3), st.integers(1, 30))
def test_mcts_finds_the_optimum_of_what_can_be_enumerated(
    game: Drawn, horizon: int, wave: int
) -> None:
    tree = grown("mcts", game, horizon=horizon, simulations=5000, wave=wave)
    best = game.optimum(BEGIN, horizon)
    assert futures(tree, horizon)[0].value == pytest.approx(best)
    assert not tree.stopped


def test_mcts_follows_a_prior_that_looks_wrong_at_first() -> None:
    @dataclass
    class Detour(Drawn):
        """The likeliest first step looks poor, and what follows on it is best of all."""

        wide: int = 5

        def options(self, leaf: Leaf) -> tuple[Candidate, ...]:
            priors = (0.8, 0.05, 0.05, 0.05, 0.05)
            found = zip(super().options(leaf), priors, strict=True)
            return tuple(replace(c, prior=p) for c, p in found)

        def worth(self, state: int) -> float:
            return {1: 0.2, 6: 0.9}.get(state, 0.5)

    straight, patient = Detour(), Detour()
    assert futures(grown("beam", straight), 2)[0].value < 0.6
    plan = futures(grown("mcts", patient, simulations=sum(straight.waves), wave=3), 2)[0]
    assert plan.value == pytest.approx(0.9 * DISCOUNT)
    assert sum(patient.waves) <= sum(straight.waves)


def test_scenes_that_are_reached_twice_share_what_was_found() -> None:
    dynamics = Perfect()
    tree = grown("mcts", dynamics, horizon=3, simulations=200, widening=100.0)
    root = tree[tree.root].branches or ()
    # Cube then star, or star then cube: the same table.
    one, other = ((tree[root[i].child].branches or ())[1 - i].child for i in (0, 1))
    assert one == other
    told = [b for b in branches(tree) if b.same and b.same != b.id]
    assert told
    # Each scene is there once, and its branches are visited on every way that leads to it.
    found = [b for n in tree.nodes.values() for b in n.branches or () if b.judgement]
    assert len(found) > len(tree.nodes)
    assert sum(b.visits for b in root) == len(found)


def test_what_is_hopeless_or_done_is_not_looked_behind() -> None:
    @dataclass
    class Rim(Perfect):
        def value(self, leaf: Leaf, candidate: Candidate) -> Judgement:
            found = super().value(leaf, candidate)
            lost = ("blue ball",) if candidate.push.subject == "blue ball" else ()
            return Judgement(
                candidate=candidate, value=found.value, confidence=1.0, lost=lost,
                predicted={n: p for n, p in found.predicted.items() if n not in lost},
            )  # fmt: skip

    tree = grown("mcts", Rim(), horizon=3)
    reasons = {b.pruned for n in tree.nodes.values() for b in n.branches or ()}
    assert {"blue ball would be lost", "nothing later can be worth more"} <= reasons
    fallen = [n for n in tree.nodes.values() if "blue ball" not in n.scene.layout]
    assert fallen
    assert all(n.branches is None for n in fallen)


@given(
    st.lists(st.floats(-0.03, 0.03), min_size=2, max_size=2),
    st.floats(0.5, 20.0), st.integers(0, 1000),
)  # fmt: skip
def test_cross_entropy_converges_on_a_quadratic(best: list[float], steep: float, seed: int) -> None:
    rng, belief = np.random.default_rng(seed), prior([0.02, 0.02])
    for _ in range(12):
        drawn = belief.draw(24, rng)
        values = -((drawn - best) ** 2) @ np.array([1.0, steep])
        belief = fitted(belief, drawn, list(values), 0.25)
    assert np.abs(belief.mean - best).max() < 0.005


def test_cem_moves_a_push_to_where_it_is_worth_most() -> None:
    dynamics = Valley()
    plan = futures(grown("cem", dynamics, rounds=6, subgoals=1), 1)
    plain = next(f for f in plan if f.first.candidate.id == "0")
    assert plan[0].first.candidate.id == "0~"
    assert plan[0].first.candidate.subgoal == plain.first.candidate.subgoal
    assert plain.value < 0.8 < 0.89 < plan[0].value
    assert np.hypot(plan[0].first.target[0] + 0.07, plan[0].first.target[1] - 0.03) < 0.01
    # One wave for all, one for each round, one to picture the result in full.
    assert len(dynamics.waves) == 8


@pytest.mark.parametrize("name", SEARCHES)
def test_options_are_checked_with_the_list(name: str) -> None:
    with pytest.raises(BadInput, match=f"{name} has no option 'widht'; valid: "):
        search_options(name, {"widht": 2})
    with pytest.raises(BadInput, match="less than or equal to"):
        search_options("beam", {"width": 1000})


def test_scenes_are_the_same_up_to_what_vision_errs() -> None:
    moved = scene_of(
        {"red cube": (0.203, 0.198), "blue ball": (0.001, 0.0), "green star": (-0.2, 0.2)}
    )
    far = scene_of({"red cube": (0.22, 0.2), "blue ball": (0.0, 0.0), "green star": (-0.2, 0.2)})
    assert scene_key(moved) == scene_key(START) != scene_key(far)
    game = Drawn()
    assert len({scene_key(scene_of({"red cube": game.place(k)})) for k in range(2500)}) == 2500


def test_what_is_kept_is_found_again_near_by_and_is_bounded() -> None:
    kept, other = Kept(3), scene_of({"red cube": (0.2, 0.2), "blue ball": (0.0, 0.0)})
    push = Perfect().options(Leaf(scene=START))[0]
    shown = Outcome(before=START, after=START, moved={})
    seen = Picture(candidate=push, computed=shown, computed_reward=Reward(value=1, confidence=1))
    kept.keep(START, seen)
    # Seven millimetres lead over a line of the grid, and are what a push misses its target by.
    near = scene_of({"red cube": (0.207, 0.2), "blue ball": (0.0, 0.0), "green star": (-0.2, 0.2)})
    far = scene_of({"red cube": (0.22, 0.2), "blue ball": (0.0, 0.0), "green star": (-0.2, 0.2)})
    again = replace(push, id="other")
    assert scene_key(near) != scene_key(START)
    found = kept.picture(near, again, "physics")
    assert found is not None
    assert (found.candidate, found.computed) == (again, shown)
    assert kept.picture(near, push, "video") is None
    assert kept.picture(far, push, "physics") is None
    assert kept.picture(other, push, "physics") is None
    for k in range(5):
        kept.keep(scene_of({"red cube": (0.05 * k, 0.0)}), seen)
    assert len(kept) == 3
    assert kept.picture(START, push, "physics") is None


def test_ranked_branches_keep_their_order_where_they_are_worth_the_same() -> None:
    tree = grown("greedy", Perfect())
    order = [index for _, index in ranked(tree, [tree.root])]
    values = [b.judgement.value for b in tree[tree.root].branches or () if b.judgement]
    assert order == sorted(range(4), key=lambda i: -values[i])
