"""What the video generator learns from: words, simulated clips, shards."""

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mindseye.tools.errors import BadInput
from mindseye.tools.goals import AREAS, RELATIONS, satisfied
from mindseye.tools.physics.rollouts import next_setpoint, off_table
from mindseye.tools.physics.scene import PUSHER_DOWN, PUSHER_REACH, PUSHER_UP
from mindseye.tools.subgoals import Subgoal
from mindseye.tools.video.captions import (
    MAX_WORDS,
    TRY,
    attempted,
    captions,
    mirrored,
    tried,
    with_gaps,
)
from mindseye.tools.video.data import Record, random_subgoal, scene_records
from mindseye.tools.video.network import tokenize
from mindseye.tools.video.play import PlayController
from mindseye.tools.video.shards import make_video_data, read_records, write_shard
from mindseye.tools.video.tokenizer import build_tokenizer
from mindseye.tools.video.tokens import FRAMES
from mindseye.tools.video.windows import futures_of
from mindseye.tools.vision.model import TabletopVision

LAYOUT = {"red cube": (0.1, 0.05), "blue ball": (-0.15, 0.1), "green star": (0.0, -0.2)}
seeds = st.integers(0, 10**6)


@pytest.fixture(scope="module")
def scenes() -> list[list[Record]]:
    """Return the records of a few scenes: pushes, and one of play."""
    return [scene_records(np.random.default_rng([s, 0, 0])) for s in (1, 2, 4)]


@pytest.fixture(scope="module")
def records(scenes: list[list[Record]]) -> list[Record]:
    """Return all of them."""
    return [record for scene in scenes for record in scene]


@given(seed=seeds)
@settings(max_examples=80)
def test_every_wording_is_in_the_vocabulary_and_fits(seed: int) -> None:
    tokenizer, rng = build_tokenizer(), np.random.default_rng(seed)
    subgoal = random_subgoal(rng, LAYOUT)
    wordings = captions(subgoal, rng)
    assert wordings[0] == subgoal.words()
    for text in (*wordings, tried(subgoal.words()), attempted(wordings[-1], rng)):
        ids, mask = tokenize(tokenizer, [text])
        assert ids.shape == mask.shape == (1, MAX_WORDS)
        assert tokenizer.unk_token_id not in ids.tolist()[0], text
        assert int(mask.sum()) == len(text.split()) + 1
    assert captions(subgoal, np.random.default_rng(seed)) == captions(
        subgoal, np.random.default_rng(seed)
    )


def test_an_unknown_word_is_read_as_unknown_and_a_long_text_is_cut() -> None:
    tokenizer = build_tokenizer()
    ids, mask = tokenize(tokenizer, ["push the zebra left", "push " * 60])
    assert (ids[0] == tokenizer.unk_token_id).sum() == 1
    assert mask.sum(dim=1).tolist() == [5, MAX_WORDS]


@given(seed=seeds)
@settings(max_examples=80)
def test_words_mirrored_twice_are_the_words(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for text in captions(random_subgoal(rng, LAYOUT), rng):
        assert mirrored(mirrored(text)) == text


def _swapped(name: str) -> str:
    return "".join({"left": "right", "right": "left"}.get(w, w) for w in _split(name))


def _split(name: str) -> list[str]:
    return [part for word in name.split("_") for part in (word, "_")][:-1]


@pytest.mark.parametrize("relation", RELATIONS)
def test_mirrored_words_ask_for_what_the_mirror_shows(relation: str) -> None:
    asked = {"move": "red cube", "object": "blue ball"}
    here = Subgoal.model_validate(asked | {"relation": relation})
    there = Subgoal.model_validate(asked | {"relation": _swapped(relation)})
    assert mirrored(here.words()) == there.words()


@pytest.mark.parametrize("area", AREAS)
def test_mirrored_areas_lie_on_the_other_side(area: str) -> None:
    asked = {"move": "red cube", "relation": "in_area"}
    here = Subgoal.model_validate(asked | {"area": area})
    there = Subgoal.model_validate(asked | {"area": _swapped(area)})
    assert mirrored(here.words()) == there.words()


def test_gaps_hide_few_words_and_attempts_say_so() -> None:
    rng = np.random.default_rng(0)
    words = "push the red cube to the left of the blue ball"
    gapped = [with_gaps(words, rng).split() for _ in range(400)]
    hidden = sum(w == "[UNK]" for text in gapped for w in text)
    assert 0.01 < hidden / (400 * len(words.split())) < 0.03
    assert {attempted("x", rng) for _ in range(50)} == {t.format(words="x") for t in TRY}


def test_a_scene_gives_records_that_hold_together(records: list[Record]) -> None:
    assert len(records) == 24
    assert {r.meta["kind"] for r in records} == {"push", "play"}
    for record in records:
        length, n = len(record.pusher), len(record.meta["names"])
        assert record.frames.shape == (FRAMES, 64, 64, 3)
        assert record.masks.shape == (FRAMES, 64, 64)
        assert record.positions.shape == (length, n, 3)
        assert record.sent.shape == record.pusher.shape == (length, 3)
        rows = record.meta["rows"]
        assert rows[0] == 0
        assert rows[-1] == length - 1
        assert (np.diff(rows) >= 0).all()


def test_pushes_tell_what_was_asked_and_what_came_of_it(records: list[Record]) -> None:
    pushes = [r for r in records if r.meta["kind"] == "push"]
    reached = [r.meta["reached"] for r in pushes]
    assert any(reached)
    assert not all(reached), "a generator that never saw a failure cannot warn of one"
    for record in pushes:
        names, at = record.meta["names"], record.positions[-1]
        gone = off_table(at.astype(float))
        after = {n: (float(p[0]), float(p[1])) for n, p, g in zip(names, at, gone, strict=True)
                 if not g}  # fmt: skip
        subgoal = Subgoal.model_validate(record.meta["subgoal"])
        holds = satisfied(subgoal.goal(), after) and subgoal.names <= set(after)
        assert record.meta["reached"] == holds
        assert record.meta["captions"][0] == subgoal.words()
        if record.meta["described"] is not None:
            told = Subgoal.model_validate(record.meta["described"]["subgoal"])
            assert told.move == subgoal.move
            assert satisfied(told.goal(), after)


def test_frames_show_what_the_states_say(records: list[Record]) -> None:
    vision, gaps, missed = TabletopVision(), [], 0
    shown = [(r, k) for r in records[::3] for k in (0, 7)]
    graphs = vision.look([r.frames[k] for r, k in shown])
    for (record, k), graph in zip(shown, graphs, strict=True):
        at = record.positions[record.meta["rows"][k]]
        for name, place in zip(record.meta["names"], at, strict=True):
            if np.abs(place[:2]).max() < 0.29:
                found = graph.find(name)
                missed += found is None
                if found is not None:
                    gaps.append(np.linalg.norm(place[:2] - found.position))
    assert len(gaps) > 40
    assert np.median(gaps) < 0.004
    assert missed < 0.15 * len(gaps)


def test_the_pusher_goes_where_it_is_sent(records: list[Record]) -> None:
    for record in records:
        step = np.abs(np.diff(record.sent, axis=0)).max(axis=0)
        assert (step <= np.array([0.03, 0.03, 0.04]) + 1e-6).all()
        lag = np.linalg.norm(record.sent - record.pusher, axis=1)
        assert np.median(lag) < 0.02


def test_the_same_seed_makes_the_same_scene(scenes: list[list[Record]]) -> None:
    again = scene_records(np.random.default_rng([2, 0, 0]))
    for a, b in zip(scenes[1], again, strict=True):
        assert a.meta == b.meta
        for name in ("frames", "masks", "positions", "pusher", "sent"):
            assert np.array_equal(getattr(a, name), getattr(b, name))


@given(seed=seeds, ticks=st.lists(st.integers(1, 30), min_size=1, max_size=4))
@settings(max_examples=25)
def test_play_ends_when_told_and_stays_in_reach(seed: int, ticks: list[int]) -> None:
    n = len(ticks)
    things = np.random.default_rng(seed).uniform(-0.3, 0.3, (3, 2))
    tracks = []
    for _ in range(2):
        play = PlayController(np.random.default_rng(seed), things, ticks)
        pusher: NDArray[np.float64] = np.tile([0.0, -0.34, PUSHER_UP], (n, 1))
        track = []
        for tick in range(max(ticks)):
            assert play.done.tolist() == [tick >= t for t in ticks]
            action = play.act(np.full((n, 2), np.nan), pusher)
            assert np.abs(action).max() <= 1.0
            pusher = next_setpoint(pusher, action)
            track.append(pusher)
        assert play.done.all()
        tracks.append(np.array(track))
    assert np.array_equal(tracks[0], tracks[1])
    assert np.abs(tracks[0][..., :2]).max() <= PUSHER_REACH
    assert tracks[0][..., 2].min() >= PUSHER_DOWN


def test_play_touches_things_and_rests_on_none() -> None:
    play = PlayController(np.random.default_rng(0), np.array([[0.1, 0.1]]), [200])
    pusher = np.array([[0.0, -0.34, PUSHER_UP]])
    track = []
    for _ in range(200):
        pusher = next_setpoint(pusher, play.act(np.zeros((1, 2)), pusher))
        track.append(pusher[0])
    path = np.array(track)
    low = path[:, 2] < PUSHER_DOWN + 0.02
    assert 0.3 < low.mean() < 0.95
    assert np.linalg.norm(path[low][:, :2] - 0.1, axis=1).min() < 0.04


def _content(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_more_workers_change_nothing_but_the_time(tmp_path: Path) -> None:
    one = make_video_data(tmp_path / "one", 12, seed=4, shard=8)
    two = make_video_data(tmp_path / "two", 12, seed=4, workers=2, shard=8)
    assert _content(one) == _content(two)
    assert sorted(_content(one)) == ["README.md", "clips-4-00000-8.tar", "clips-4-00001-4.tar"]
    other = make_video_data(tmp_path / "other", 4, seed=5, shard=8)
    assert not {r.meta["captions"][0] for r in read_records(other)} <= {
        r.meta["captions"][0] for r in read_records(one)
    }


def test_futures_that_are_not_drawn_are_the_same_futures(tmp_path: Path) -> None:
    drawn = make_video_data(tmp_path / "drawn", 12, seed=4, shard=8)
    plain = make_video_data(tmp_path / "plain", 12, seed=4, shard=8, frames=False)
    assert "--seed 4 --no-frames" in (plain / "README.md").read_text()
    for a, b in zip(read_records(drawn), read_records(plain), strict=True):
        assert a.meta == b.meta
        np.testing.assert_array_equal(a.positions, b.positions)
        np.testing.assert_array_equal(a.sent, b.sent)
        assert a.frames.shape == (8, 64, 64, 3)
        assert b.frames.size == b.masks.size == 0


def test_a_killed_run_goes_on_and_a_larger_one_adds(tmp_path: Path) -> None:
    whole = make_video_data(tmp_path / "whole", 12, seed=4, shard=8)
    killed = tmp_path / "killed"
    killed.mkdir()
    first = killed / "clips-4-00000-8.tar"
    first.write_bytes((whole / first.name).read_bytes())
    stamp = first.stat().st_mtime_ns
    (killed / "clips-4-00001-4.part").write_bytes(b"half a clip")
    assert len(list(read_records(killed))) == 8
    make_video_data(killed, 12, seed=4, shard=8)
    assert first.stat().st_mtime_ns == stamp
    assert _content(killed) == _content(whole)
    make_video_data(killed, 16, seed=4, shard=8)
    assert first.stat().st_mtime_ns == stamp
    metas = [json.dumps(r.meta, sort_keys=True) for r in read_records(killed, frames=False)]
    assert len(metas) == len(set(metas)) == 16
    make_video_data(killed, 4, seed=4, shard=8)
    assert len(list(read_records(killed, frames=False))) == 16


def test_shards_come_with_a_card_that_tells_how_to_make_them_again(tmp_path: Path) -> None:
    out = make_video_data(tmp_path, 3, seed=6)
    card = (out / "README.md").read_text()
    assert "mindseye data video --n 3 --seed 6" in card
    assert card.startswith("---\nlicense: apache-2.0\n")
    with tarfile.open(next(out.glob("*.tar"))) as tar:
        names = tar.getnames()
    # WebDataset: members of one clip share what is before the first dot, and follow each other.
    assert [n.split(".", 1)[1] for n in names] == ["json", "states.npz", "frames.npz"] * 3
    assert len({n.split(".", 1)[0] for n in names}) == 3


@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 3)),
    names=st.lists(st.text(max_size=5), max_size=3),
    seed=seeds,
)
@settings(max_examples=25)
def test_records_come_back_from_disk_as_they_were(
    shape: tuple[int, int], names: list[str], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rng, out = np.random.default_rng(seed), tmp_path_factory.mktemp("clips")
    records = [
        Record(
            meta={"kind": "push", "names": names, "rows": list(range(8))},
            frames=rng.integers(0, 255, (8, 4, 4, 3), dtype=np.uint8),
            masks=rng.integers(0, 255, (8, 4, 4), dtype=np.uint8),
            positions=np.where(rng.random((*shape, 3)) < 0.3, np.nan, 0.1).astype(np.float32),
            pusher=rng.random((shape[0], 3)).astype(np.float32),
            sent=np.full((shape[0], 3), np.nan, dtype=np.float32),
        )
        for _ in range(3)
    ]
    write_shard(out / "clips-x.tar", records)
    for a, b in zip(records, read_records(out), strict=True):
        assert a.meta == b.meta
        for name in ("frames", "masks", "positions", "pusher", "sent"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert all(len(r.frames) == len(r.masks) == 0 for r in read_records(out, frames=False))


def test_nothing_to_make_and_nothing_to_read_are_told(tmp_path: Path) -> None:
    for n, workers, shard in ((0, 1, 8), (8, 0, 8), (8, 1, 0)):
        with pytest.raises(BadInput, match="at least 1"):
            make_video_data(tmp_path / "out", n, workers=workers, shard=shard)
    assert not (tmp_path / "out").exists()
    with pytest.raises(BadInput, match="mindseye data video"):
        list(read_records(tmp_path))
    with pytest.raises(BadInput, match="no clips"):
        futures_of([])
