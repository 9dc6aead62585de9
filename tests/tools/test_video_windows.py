"""Training windows of the video generator, and what the network is told of them."""

import dataclasses
import functools
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mindseye.tools.goals import AREAS
from mindseye.tools.subgoals import Subgoal, nominal_target
from mindseye.tools.video.captions import mirrored
from mindseye.tools.video.data import Record, scene_records
from mindseye.tools.video.tokens import (
    CHANNELS,
    DYNAMIC,
    FRAMES,
    GROUPS,
    MAX_OBJECTS,
    PATCH_T,
    PATH,
    PUSHER,
    STATIC,
    SUB,
    THINGS,
    TIMES,
    UNIT,
    from_tokens,
    guides,
    join,
    token_channels,
    token_levels,
    token_places,
)
from mindseye.tools.video.windows import (
    Batch,
    Futures,
    Windows,
    futures_of,
    one_hot,
    pusher_path,
    split_off,
)

seeds = st.integers(0, 10**6)


@functools.cache
def simulated() -> Futures:
    """Return the futures of a few scenes: pushes, and one of play."""
    scenes = [scene_records(np.random.default_rng([s, 0, 0])) for s in (1, 2, 4)]
    return futures_of([record for scene in scenes for record in scene])


@given(seed=seeds)
@settings(max_examples=15)
def test_windows_never_pay_for_what_is_given_or_empty(seed: int) -> None:
    futures = simulated()
    batch = Windows(futures, np.random.default_rng(seed)).draw(64)
    told, weight = batch.told, batch.weight
    assert set(weight.flatten().tolist()) == {0.0, 1.0}
    assert not (weight.bool() & told.known).any()
    assert not weight[~told.valid].any()
    assert (weight.bool() | told.known)[told.valid].all(), "normal data are seen all the time"
    assert not told.known[~told.valid].any()
    assert not told.ways[~told.known].any()
    filled = torch.from_numpy(futures.kinds).any(dim=-1).sum(dim=1)
    assert set(told.valid.sum(dim=1).tolist()) <= set(filled.tolist())
    assert told.valid[:, PUSHER].all()
    for values in (told.places, told.ways, batch.ways, told.patches):
        assert values.isfinite().all()
    assert len(batch.texts) == len(told) == 64


@given(seed=seeds)
@settings(max_examples=15)
def test_what_is_told_is_the_truth_but_for_misreading(seed: int) -> None:
    batch = Windows(simulated(), np.random.default_rng(seed)).draw(64)
    told = batch.told
    off = (told.ways - batch.ways)[told.known].abs()
    # What is told of a frame beside the anchor may be misread as the anchor was: a few mm.
    assert off.max() < 8 * 0.0025
    assert off[:, 2].max() < 1e-6
    still = (told.ways == 0).all(dim=-1) & told.known
    assert still.any(dim=-1)[told.valid].all(), "every thing is known in the anchor"


def test_windows_are_of_every_kind() -> None:
    windows = Windows(simulated(), np.random.default_rng(0))
    told = windows.draw(1500).told
    known = told.known[:, PUSHER]
    count, first, last = known.sum(dim=1), known[:, 0], known[:, -1]
    shares = {
        "first alone": (first & (count == 1)).float().mean(),
        "goal": (first & last & (count == 2)).float().mean(),
        "past": (known[:, :3].all(dim=1) & ~last).float().mean(),
        "tail": (~first & last).float().mean(),
        "path": (~told.path.isnan().flatten(1).any(dim=1)).float().mean(),
        "time alone": (told.path.isnan().flatten(1).any(1) & ~told.seconds.isnan().any(1))
        .float()
        .mean(),
        "target": (~told.target.isnan().any(dim=1)).float().mean(),
        "roles": told.roles.any(dim=-1).any(dim=-1).float().mean(),
    }
    assert all(0.01 < float(share) < 0.8 for share in shares.values()), shares
    for values in (told.path, told.seconds, told.target):
        rows = values.isnan().flatten(1)
        assert (rows.all(dim=1) | ~rows.any(dim=1)).all(), "said in part"


def test_a_window_seen_in_a_mirror_says_left_for_right() -> None:
    futures = simulated()
    windows = Windows(futures, np.random.default_rng(3))
    pick = next(i for i, m in enumerate(futures.meta) if m["kind"] == "push" and m["reached"])
    batch = windows.of(np.full(200, pick))
    start, move = futures.ways[pick, 0], futures.meta[pick]["subgoal"]
    sign = torch.sign(batch.told.places[:, 0, 0] * float(start[0, 0]))
    assert {-1.0, 1.0} == set(sign.tolist())
    aimed = ~batch.told.target.isnan().any(dim=1)
    x, y = futures.meta[pick]["target"]
    expected = torch.stack([sign * x, torch.full_like(sign, y)], dim=1)
    torch.testing.assert_close(batch.told.target[aimed], expected[aimed].float())
    plain = {t for t, s in zip(batch.texts, sign, strict=True) if s > 0 and "[UNK]" not in t}
    mirror = {t for t, s in zip(batch.texts, sign, strict=True) if s < 0 and "[UNK]" not in t}
    assert {mirrored(t) for t in plain} & mirror
    role = futures.meta[pick]["names"].index(move["move"])
    assert set(batch.told.roles[:, :, 0].argmax(dim=1)[aimed].tolist()) <= {role, 0}


def test_path_and_patches_are_seen_in_the_mirror_too() -> None:
    record = recorded(list(range(61)))
    patch = {"kind": "ice", "position": [0.15, -0.05], "radius": 0.08}
    record.meta["patches"] = [patch]
    record.sent[:, :2] = record.pusher[:, :2] = [-0.2, -0.3]
    told = drawn(record).told
    sign = -torch.sign(told.places[:, 1, 0])
    assert {-1.0, 1.0} == set(sign.tolist())
    torch.testing.assert_close(told.patches[:, 0, 0], 0.15 * sign)
    assert (told.patches[:, 0, 1:] == torch.tensor([-0.05, 0.08, 1.0, 0.0])).all()
    said = ~told.path.isnan().flatten(1).any(dim=1)
    assert said.any()
    expected = (-0.2 * sign[said])[:, None].expand(-1, PATH)
    torch.testing.assert_close(told.path[said][..., 0], expected)
    torch.testing.assert_close(told.path[said][..., 1], torch.full_like(expected, -0.3))


@pytest.mark.parametrize("told", ["words", "path", "goal", "target"])
def test_asked_windows_are_told_just_that(told: str) -> None:
    futures = simulated()
    windows = Windows(futures, np.random.default_rng(0))
    picks = np.flatnonzero(windows.pushed)
    batch = windows.asked(picks, **{told: True})
    known = batch.told.known[:, PUSHER]
    assert known[:, 0].all()
    assert known[:, -1].all() == (told == "goal")
    assert not known[:, 1:-1].any()
    assert any(batch.texts) == (told == "words")
    assert bool(batch.told.roles.any()) == (told == "words")
    assert bool(batch.told.path.isfinite().all()) == (told == "path")
    assert bool(batch.told.target.isfinite().all()) == (told == "target")
    end = futures.ways[picks, futures.rows[picks, -1]] - batch.told.places.numpy()
    np.testing.assert_allclose(batch.ways[:, :, -1], end, atol=1e-6)


@given(seed=seeds)
@settings(max_examples=40)
def test_the_pushers_path_passes_through_where_it_was_sent(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sent = rng.normal(size=(3, 30, 3)).astype(np.float32)
    rows = np.sort(rng.integers(0, 30, (3, FRAMES)), axis=1)
    path = pusher_path(sent, rows)
    assert path.shape == (3, PATH, 3)
    at_frames = sent[np.arange(3)[:, None], rows]
    np.testing.assert_allclose(path[:, ::SUB], at_frames, atol=1e-5)
    line = np.broadcast_to(np.arange(30, dtype=np.float32)[None, :, None], (3, 30, 3))
    ticks = pusher_path(np.ascontiguousarray(line), rows)[..., 0]
    expected = [np.interp(np.arange(PATH) / SUB, np.arange(FRAMES), r) for r in rows]
    np.testing.assert_allclose(ticks, expected, atol=1e-4)


def test_a_thing_has_one_colour_and_one_shape() -> None:
    for name in ("red cube", "purple star", "pusher"):
        assert one_hot(name).sum() == (1 if name == "pusher" else 2)
    assert not (one_hot("red cube") * one_hot("pusher")).any()
    assert (one_hot("red cube") * one_hot("red ball")).sum() == 1


def test_held_out_futures_are_the_last() -> None:
    futures = simulated()
    first, last = split_off(futures, 5)
    assert [len(first), len(last)] == [19, 5]
    assert first.meta + last.meta == futures.meta
    for field in dataclasses.fields(Futures):
        whole = getattr(futures, field.name)
        assert len(getattr(first, field.name)) + len(getattr(last, field.name)) == len(whole)
    assert np.array_equal(last.ways, futures.ways[-5:])


def recorded(seen: list[int], length: int = 61, **change: Any) -> Record:
    """Return a push of which only some ticks were seen: the red cube goes right, 2 mm a tick."""
    at = np.full((length, 2, 3), np.nan, dtype=np.float32)
    at[seen, 0] = [[0.002 * t, 0.1, 0.026] for t in seen]
    at[seen, 1] = [-0.1, 0.0, 0.026]
    subgoal = Subgoal(move="red cube", relation="in_area", area="right")
    meta = {
        "kind": "push", "names": ["red cube", "blue ball"], "patches": [], "reached": True,
        "rows": [0, 10, 20, 30, 40, 50, 55, length - 1], "subgoal": subgoal.to_json(),
        "target": [0.12, 0.1], "captions": [subgoal.words()], "described": None,
    }  # fmt: skip
    blank = np.zeros(0, dtype=np.uint8)
    pusher = np.zeros((length, 3), dtype=np.float32)
    record = Record(meta=meta, frames=blank, masks=blank, positions=at, pusher=pusher, sent=pusher)
    return dataclasses.replace(record, **change)


def drawn(record: Record, seed: int = 0) -> Batch:
    """Return many windows of one record."""
    return Windows(futures_of([record]), np.random.default_rng(seed)).draw(400)


def test_what_was_not_seen_is_neither_told_nor_paid_for() -> None:
    seen = [0, 1, *range(4, 58, 3), 60]
    batch = drawn(recorded(seen))
    told, truth = batch.told, batch.ways
    for values in (told.places, told.ways, truth, batch.weight):
        assert values.isfinite().all()
    shown = batch.weight.bool() | told.known
    assert 0.2 < shown[:, 0].float().mean() < 0.9
    assert told.valid[:, 0].float().mean() > 0.9, "few anchors are moved to where it is seen"
    # Of what is paid for, the way is true: to the right (or, mirrored, to the left), never away.
    way = truth[:, 0][batch.weight[:, 0].bool()]
    assert way[:, 1:].abs().max() < 0.012
    assert 0.05 < way[:, 0].abs().max() < 0.14
    unseen = ~shown[:, 0] & told.valid[:, 0, None]
    assert unseen.any()
    assert not truth[:, 0][unseen].any()


def test_the_anchor_of_evenly_spaced_ticks_is_moved_to_one_that_was_seen() -> None:
    batch = drawn(recorded([0, 25, 60]))
    places = batch.told.places[batch.told.valid[:, 0], 0, 0].abs()
    true = torch.tensor([0.0, 0.05, 0.12])
    gap = (places[:, None] - true).abs().min(dim=1).values
    assert gap.max() < 5 * 0.0025
    assert (places > 0.03).any()


def test_what_the_anchor_does_not_show_is_not_in_the_cast() -> None:
    record = recorded(list(range(61)))
    record.positions[:, 1] = np.nan
    batch = drawn(record)
    assert not batch.told.valid[:, 1].any()
    assert not batch.told.kinds[:, 1].any()
    assert not batch.weight[:, 1].any()
    assert batch.told.valid[:, 0].all()


def test_a_path_that_is_not_known_is_not_said() -> None:
    record = recorded(list(range(61)))
    record.sent[30:] = np.nan
    path = drawn(dataclasses.replace(record)).told.path
    rows = path.isnan().flatten(1)
    assert (rows.all(dim=1) | ~rows.any(dim=1)).all()
    record.sent[:] = np.nan
    assert drawn(record).told.path.isnan().all()


def test_a_pusher_that_was_not_felt_is_not_in_the_cast() -> None:
    record = recorded(list(range(61)))
    lost = np.full_like(record.pusher, np.nan)
    batch = drawn(dataclasses.replace(record, pusher=lost, sent=lost))
    assert not batch.told.valid[:, PUSHER].any()
    assert batch.told.valid[:, 0].all()
    assert batch.told.path.isnan().all()


@given(seed=seeds)
@settings(max_examples=15)
def test_the_networks_output_has_the_layout_of_its_tokens(seed: int) -> None:
    told = Windows(simulated(), np.random.default_rng(seed)).draw(4).told
    noisy = torch.randn(4, THINGS, FRAMES, 3, generator=torch.Generator().manual_seed(seed))
    tokens = token_channels(told, noisy)
    assert tokens.shape == (4, GROUPS * THINGS, CHANNELS)
    assert tokens.isfinite().all()
    begin = CHANNELS - TIMES - DYNAMIC
    dynamic = tokens[..., begin : begin + DYNAMIC].reshape(4, -1, PATCH_T, 4)
    assert torch.equal(from_tokens(dynamic[..., :3].flatten(2), THINGS), noisy)
    flags = from_tokens(dynamic[..., 3:].expand(-1, -1, -1, 3).flatten(2), THINGS)
    assert torch.equal(flags[..., 0].bool(), told.known)


def test_a_token_is_clean_only_where_all_its_frames_are_given() -> None:
    told = Windows(simulated(), np.random.default_rng(0)).draw(64).told
    t = torch.linspace(0.1, 1.0, 64)
    levels = token_levels(told, t).reshape(64, GROUPS, THINGS)
    for i in range(64):
        for g in range(GROUPS):
            given = told.known[i, :, PATCH_T * g : PATCH_T * (g + 1)].all(dim=1)
            assert torch.equal(levels[i, g], torch.where(given, 0.0, t[i]))


def test_tokens_stand_where_their_things_do() -> None:
    told = Windows(simulated(), np.random.default_rng(0)).draw(8).told
    when, away, right = token_places(told).reshape(8, 3, GROUPS, THINGS).unbind(dim=1)
    assert (when.diff(dim=1) > 0).all()
    for at, axis in ((right, 0), (away, 1)):
        places = told.places[:, None, :, axis].expand(-1, GROUPS, -1)
        torch.testing.assert_close(at / 40.0 - 0.5, places.clamp(-0.5, 0.5))


def test_what_is_told_moves_with_the_batch() -> None:
    windows = Windows(simulated(), np.random.default_rng(0))
    parts = [windows.draw(3).told, windows.draw(2).told]
    both = join(parts)
    assert len(both) == 5
    noisy = torch.zeros(5, THINGS, FRAMES, 3)
    apart = [token_channels(p, noisy[: len(p)]) for p in parts]
    torch.testing.assert_close(token_channels(both, noisy), torch.cat(apart))


@given(seed=seeds)
@settings(max_examples=15)
def test_wherever_words_may_send_a_thing_there_are_guides_that_lead_there(seed: int) -> None:
    told = Windows(simulated(), np.random.default_rng(seed)).draw(1).told
    names = ["red cube", "blue ball", "green star", "yellow cube"]
    layout = dict(zip(names, np.random.default_rng(seed).uniform(-0.22, 0.22, (4, 2)), strict=True))
    kinds, places = torch.zeros_like(told.kinds), torch.zeros_like(told.places)
    for i, (name, place) in enumerate(layout.items()):
        kinds[0, i] = torch.from_numpy(one_hot(name))
        places[0, i, :2] = torch.from_numpy(place)
    roles = torch.zeros_like(told.roles)
    roles[0, 0, 0] = roles[0, 1, 1] = 1.0
    bare = dataclasses.replace(told, kinds=kinds, places=places, roles=roles)
    found = guides(bare, torch.zeros_like(told.ways))[0, 0, -1].double()
    _, beside, toward, line, *thirds = found[:10, :2] * UNIT
    across, along = thirds[:3], thirds[3:]
    spots = {n: (float(p[0]), float(p[1])) for n, p in layout.items()}

    def way(**asked: str) -> torch.Tensor:
        subgoal = Subgoal.model_validate({"move": "red cube", **asked})
        return torch.tensor(nominal_target(subgoal, spots)) - torch.from_numpy(layout["red cube"])

    for i, area in enumerate(AREAS):
        torch.testing.assert_close(
            across[i % 3] + along[2 - i // 3], way(relation="in_area", area=area),
            atol=1e-6, rtol=0,
        )  # fmt: skip
    torch.testing.assert_close(line, way(relation="in_line"), atol=1e-4, rtol=0)
    near = beside - 0.09 / UNIT * toward
    torch.testing.assert_close(
        near, way(relation="near", object="blue ball"), atol=1e-5, rtol=0
    )  # fmt: skip


def test_neighbours_and_the_goal_are_told_as_ways() -> None:
    told = Windows(simulated(), np.random.default_rng(0)).draw(1).told
    kinds = torch.zeros_like(told.kinds)
    kinds[0, :2] = torch.from_numpy(np.stack([one_hot("red cube"), one_hot("blue ball")]))
    places = torch.zeros_like(told.places)
    places[0, :2] = torch.tensor([[0.1, 0.0, 0.026], [0.1, 0.053, 0.03]])
    target = torch.tensor([[0.237, 0.0]])
    known = torch.zeros_like(told.known)
    bare = dataclasses.replace(told, kinds=kinds, places=places, target=target, known=known)
    tokens = token_channels(bare, torch.zeros(1, THINGS, FRAMES, 3))
    cube, ball = tokens[0, 0], tokens[0, 1]
    # One neighbour, straight behind the cube; the ball has the cube before it.
    assert pytest.approx(0.053 / UNIT) in cube.tolist()
    assert pytest.approx(-0.053 / UNIT) in ball.tolist()
    assert not tokens[0, 2:MAX_OBJECTS, :STATIC].any(), "an empty slot says something"
    assert pytest.approx(0.137 / UNIT) in cube.tolist()
