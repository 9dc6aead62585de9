"""Poking: what a poke does, what is learned from pokes, and the decoder that pokes to a picture."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mindseye.planner.cli import invoke
from mindseye.planner.poking import Poker
from mindseye.tools.contracts import ActionDecoder
from mindseye.tools.errors import BadInput
from mindseye.tools.physics.scene import initial_state
from mindseye.tools.poking.data import Pokes, make_poke_data, read_pokes
from mindseye.tools.poking.network import (
    ANGLES,
    HALF,
    LENGTHS,
    PLACES,
    PokingModel,
    cell_places,
    drawn,
    on_map,
    place_bins,
    viewed,
)
from mindseye.tools.poking.poke import LONGEST, SHORTEST, Poke
from mindseye.tools.poking.table import Tables
from mindseye.tools.poking.train import Moments, measured, train_model, turned
from mindseye.tools.poking.world import LEAST, POKES, PokedTable

places = st.floats(-0.3, 0.3)
pokes = st.builds(
    lambda x, y, angle, length: Poke(place=(x, y), angle=angle, length=length),
    places, places, st.floats(-math.pi, math.pi), st.floats(SHORTEST, LONGEST),
)  # fmt: skip


def _tables(*spots: tuple[float, float]) -> Tables:
    """Return one table with things at these places."""
    rng = np.random.default_rng(0)
    found = Tables.random(rng)
    while len(found.scenes[0].bodies) != len(spots) or "ball" in str(found.scenes[0].names):
        found = Tables.random(rng)
    bodies = tuple(
        replace(body, position=spot)
        for body, spot in zip(found.scenes[0].bodies, spots, strict=True)
    )
    scene = replace(found.scenes[0], bodies=bodies)
    return replace(
        found, scenes=(scene,), states=initial_state(scene, found.model)[None]
    )  # fmt: skip


@settings(max_examples=6, deadline=None)
@given(angle=st.floats(-math.pi, math.pi), length=st.floats(0.04, 0.1))
def test_a_poke_carries_what_stands_there_as_far_as_it_says(angle: float, length: float) -> None:
    poke = Poke(place=(0.05, -0.02), angle=angle, length=length)
    (there,) = _tables(poke.place).poked([poke]).layout()
    # Cornered things turn aside.
    assert np.linalg.norm(there[0] - poke.target) < 0.01 + 0.4 * length
    beside = Poke(place=(-0.2, 0.2), angle=angle, length=length)
    (left,) = _tables(poke.place).poked([beside]).layout()
    assert np.linalg.norm(left[0] - poke.place) < 0.002


@given(poke=pokes, quarters=st.integers(0, 3), mirror=st.booleans())
def test_a_table_seen_from_another_side_has_the_poke_there_too(
    poke: Poke, quarters: int, mirror: bool
) -> None:
    told = torch.from_numpy(poke.array()).float()[None]
    before = drawn(told)[:, :3]
    seen = turned(Moments(before=before, after=before, pokes=told), quarters, mirror)
    assert torch.allclose(drawn(seen.pokes)[:, :3], seen.before, atol=1e-4)
    assert Poke.of(poke.array()).target == pytest.approx(poke.target, abs=1e-9)
    cell = cell_places()[place_bins(told)]
    assert (cell - told[:, :2]).abs().max() <= HALF / PLACES + 1e-6


def test_a_view_from_above_shows_things_where_they_are() -> None:
    spot = (-0.17, 0.11)
    with_it, elsewhere = _tables(spot), _tables((0.2, -0.2))
    rng = np.random.default_rng(0)
    frames = np.concatenate([with_it.frames(rng), elsewhere.frames(rng)])
    one, other = viewed(torch.from_numpy(frames))
    changed = (one - other).abs().sum(dim=0)
    changed[32:] = 0
    row, column = divmod(int(torch.nn.functional.avg_pool2d(
        changed[None], 5, 1, 2).argmax()), 64)  # fmt: skip
    found = (torch.tensor([column, row]) + 0.5) / 32 - 1
    assert (found - on_map(torch.tensor(spot))).abs().max() < 0.02 / HALF


def test_what_a_killed_run_has_made_is_kept_and_a_little_teaches(tmp_path: Path) -> None:
    data = make_poke_data(tmp_path / "data", n=32, shard=16)
    first = read_pokes(data)
    assert invoke(["data", "pokes", "--n", "16", "--out", str(tmp_path / "again")]) == 0
    again = read_pokes(tmp_path / "again")
    assert (first.pokes[:16] == again.pokes).all()
    assert (first.after[:16] == again.after).all()
    assert (first.before[8:16] == first.after[:8]).all(), "a table is poked twice"
    assert "32 pokes" in (data / "README.md").read_text()
    learned = first.part(slice(0, 16))
    model = train_model(learned, steps=120, batch=16)
    figures = measured(model, learned)
    chance = math.log(PLACES**2 * ANGLES * LENGTHS)
    assert figures["inverse"] < chance - 0.5, "what it was shown over and over it has not learned"
    assert figures["place"] < 0.1
    assert measured(model, first.part(slice(16, 32)))["inverse"] > figures["inverse"]
    model.save(tmp_path, {})
    same = PokingModel.load(tmp_path)
    assert measured(same, learned)["inverse"] == pytest.approx(figures["inverse"], rel=0.01)


def test_what_cannot_be_learned_or_loaded_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no model of poking"):
        PokingModel.load(tmp_path)
    with pytest.raises(BadInput, match="no pokes"):
        read_pokes(tmp_path)
    nothing = np.zeros((0, 64, 64, 3), np.uint8)
    with pytest.raises(BadInput, match="0 pokes"):
        train_model(Pokes(before=nothing, after=nothing, pokes=np.zeros((0, 4))))


def test_the_decoder_keeps_its_contract() -> None:
    torch.manual_seed(0)
    model = PokingModel().eval()
    world = PokedTable()
    frame, told = world.reset(seed=4)
    assert world.true_gaps().max() >= LEAST
    assert world.observation_space.contains(frame)
    for poker in (Poker(model, foresight=False), Poker(model, proposals=8)):
        assert isinstance(poker, ActionDecoder)
        assert poker.decode(frame, frame) is None, "nothing is left to do"
        decoded = poker.decode(told["goal"], frame)
        # One that has not learned may foretell that no poke helps.
        assert decoded is None or POKES.contains(decoded.actions[0])
    alone = Poker(model, foresight=False).decode(told["goal"], frame)
    assert alone is not None
    assert world.observation_space.contains(world.step(alone.actions[0])[0])
    with pytest.raises(BadInput, match="at least one poke"):
        Poker(model, proposals=0)
