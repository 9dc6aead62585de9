"""Recorded runs as training clips: what a real run saw, and nothing that it did not."""

import functools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mindseye import Agent, make_world
from mindseye.planner.cli import invoke
from mindseye.planner.config import Config, merge
from mindseye.planner.events import Acted, Observed
from mindseye.planner.export.clips import clips_of, export_clips, pushes_of
from mindseye.planner.record import Record as Run
from mindseye.planner.record import Recorder, read_record
from mindseye.tools.errors import BadInput
from mindseye.tools.physics.scene import PUSHER_UP
from mindseye.tools.physics.skills import STEP
from mindseye.tools.video.data import Record
from mindseye.tools.video.shards import make_video_data, read_records
from mindseye.tools.video.windows import Windows, read_futures
from mindseye.tools.vision.model import TabletopVision

OBJECTS = ("red cube", "blue ball", "yellow star")
TASK = "push the red cube next to the blue ball"
NEXT_TO = {"relation": "near", "subject": "red cube", "object": "blue ball"}
SUBGOALS = [
    {"move": "yellow star", "relation": "in_area", "area": "center"},
    {"move": "red cube", "relation": "near", "object": "blue ball"},
]


@functools.cache
def vision() -> TabletopVision:
    """Return the vision model that reads the frames."""
    return TabletopVision()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run of two real pushes, chosen without tools."""
    folder = tmp_path_factory.mktemp("runs") / "20260101-120000-push-s3"
    answers = {
        "goal": [{"all": [NEXT_TO]}],
        "subgoals": [{"subgoals": SUBGOALS[:1]}, {"subgoals": SUBGOALS[1:]}],
        "choice": [{"choice": 1}],
    }
    script = folder.parent / "script.json"
    script.write_text(json.dumps({"answers": answers}))
    settings = {"model": f"scripted:{script}", "tools": "none", "seed": 3, "threads": 1,
                "max_decisions": 2}  # fmt: skip
    agent = Agent.from_config(merge(Config(), settings))
    with make_world(objects=OBJECTS, seed=3) as world, Recorder(folder) as recorder:
        agent.run(TASK, world, recorder=recorder)
    return folder


@pytest.fixture
def copied(recorded: Path, tmp_path: Path) -> Path:
    """Return a copy of that run to spoil, in a folder of runs."""
    return Path(shutil.copytree(recorded, tmp_path / "runs" / recorded.name))


@pytest.fixture(scope="module")
def clips(recorded: Path) -> list[Record]:
    """Return the clips of that run."""
    return clips_of(read_record(recorded), vision())


def edit(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Run:
    """Change or drop the events of a record, and read it again."""
    path = folder / "events.jsonl"
    events = [change(json.loads(line)) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(e) + "\n" for e in events if e is not None))
    return read_record(folder)


def test_a_record_tells_where_the_pusher_was_and_when_it_looked(recorded: Path) -> None:
    run = read_record(recorded)
    looks, acts = run.of(Observed), run.of(Acted)
    assert len(acts) == 2
    assert len(looks) == 3
    for look, act, after in zip(looks, acts, looks[1:], strict=False):
        assert act.steps == len(act.actions) > 10
        assert len(act.pusher) == len(act.actions) + 1
        assert act.pusher[0][:2] == pytest.approx(look.scene["pusher"], abs=1e-4)
        went = np.linalg.norm(np.diff(act.pusher, axis=0)[:, :2], axis=1)
        assert 0.9 * STEP < went.max() < 1.6 * STEP
        assert look.step is not None
        assert act.step is not None
        assert after.step is not None
        assert look.step <= act.step
        assert act.step + act.steps < after.step
    assert run.result is not None
    assert looks[-1].step is not None
    assert looks[-1].step <= run.result.steps


def test_every_push_becomes_a_clip_in_the_words_of_its_subgoal(clips: list[Record]) -> None:
    assert [c.meta["subgoal"]["move"] for c in clips] == ["yellow star", "red cube"]
    assert [c.meta["decision"] for c in clips] == [0, 1]
    for clip in clips:
        assert clip.meta["kind"] == "push"
        assert sorted(clip.meta["names"]) == sorted(OBJECTS)
        length = len(clip.positions)
        assert clip.positions.shape == (length, 3, 3)
        assert clip.pusher.shape == clip.sent.shape == (length, 3)
        assert clip.frames.shape == (8, 64, 64, 3)
        assert clip.masks.shape == (8, 64, 64)
        assert clip.meta["rows"][0] == 0
        assert clip.meta["rows"][-1] == length - 1
        assert (np.diff(clip.meta["rows"]) >= 0).all()
    assert clips[0].meta["captions"][0] == "push the yellow star to the center"


def test_what_is_known_is_what_was_seen(recorded: Path, clips: list[Record]) -> None:
    run = read_record(recorded)
    for clip, act, before, after in zip(
        clips, run.of(Acted), run.of(Observed), run.of(Observed)[1:], strict=False
    ):
        ticks = set(np.flatnonzero(np.isfinite(clip.positions).any(axis=(1, 2))).tolist())
        end, last = len(act.actions), len(clip.positions) - 1
        assert ticks <= {0, *range(1, end + 1, 3), end, last}
        assert len(ticks) > end / 4, "the frames of the clip are read too"
        assert after.step is not None
        assert act.step is not None
        assert last == after.step - act.step
        for tick, look in ((0, before), (-1, after)):
            seen = {f"{o['colour']} {o['shape']}": o["position"] for o in look.scene["objects"]}
            for name, row in zip(clip.meta["names"], clip.positions[tick], strict=True):
                if name in seen:
                    assert row[:2] == pytest.approx(seen[name], abs=1e-6)
        assert clip.pusher[: end + 1] == pytest.approx(np.array(act.pusher), abs=1e-6)
        assert np.isnan(clip.pusher[end + 1 :]).all()


def test_the_path_is_what_the_actions_add_up_to(clips: list[Record]) -> None:
    for clip in clips:
        felt = np.isfinite(clip.pusher).all(axis=1)
        lag = np.linalg.norm(clip.sent - clip.pusher, axis=1)[felt]
        assert np.median(lag) < 0.015
        # Afterwards it rests, lifted.
        assert clip.sent[-1, 2] == pytest.approx(PUSHER_UP)


def test_frames_show_the_places_at_their_ticks(clips: list[Record]) -> None:
    for clip in clips:
        rows, seen = clip.meta["rows"], clip.meta["seen_rows"]
        assert len(seen) >= 6
        for k, graph in enumerate(vision().look(list(clip.frames))):
            if rows[k] not in seen:
                assert np.array_equal(clip.frames[k], clip.frames[0])
                continue
            for name, place in zip(clip.meta["names"], clip.positions[rows[k]], strict=True):
                found = graph.find(name)
                if found is not None and np.isfinite(place).all() and place[2] > 0:
                    assert np.linalg.norm(place[:2] - found.position) < 0.015


def test_a_record_of_before_the_pusher_was_kept_still_has_its_path(copied: Path) -> None:
    def older(event: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in event.items() if k not in ("pusher", "step")}

    new, run = clips_of(read_record(copied), vision()), edit(copied, older)
    old = clips_of(run, vision())
    for a, b, act in zip(new, old, run.of(Acted), strict=True):
        end = len(act.actions)
        assert len(b.positions) == end + 3, "at least two rests until the next look"
        assert np.abs(a.sent[: end + 1] - b.sent[: end + 1]).max() < 1e-3
        assert np.isnan(b.pusher[1:]).all()
        assert np.abs(a.pusher[0] - b.pusher[0]).max() < 1e-3


def test_without_the_clip_only_the_two_looks_are_known(copied: Path) -> None:
    for path in (copied / "media").glob("*.mp4"):
        path.unlink()
    found = clips_of(read_record(copied), vision())
    assert len(found) == 2
    for clip in found:
        last = len(clip.positions) - 1
        known = np.flatnonzero(np.isfinite(clip.positions).any(axis=(1, 2)))
        assert known.tolist() == [0, last]
        assert clip.meta["seen_rows"] == [0, last]
        assert (clip.frames[1:-1] == clip.frames[0]).all()
        assert (clip.frames[-1] != clip.frames[0]).any()


def test_a_run_that_was_cut_off_ends_with_what_the_clip_shows(copied: Path) -> None:
    run = edit(copied, lambda e: None if e["kind"] == "observed" and e["decision"] == 2 else e)
    last = pushes_of(run)[-1]
    assert last.after is None
    clip = clips_of(run, vision())[-1]
    assert len(clip.positions) == len(last.acted.actions) + 1
    assert np.isfinite(clip.positions[-1]).any()


def test_a_push_without_a_first_frame_is_left_out(copied: Path) -> None:
    shutil.rmtree(copied / "media")
    assert pushes_of(read_record(copied))
    assert clips_of(read_record(copied), vision()) == []


def test_shards_of_runs_come_before_simulated_ones(
    recorded: Path, clips: list[Record], tmp_path: Path
) -> None:
    make_video_data(tmp_path, 3, seed=1)
    told = export_clips(recorded.parent, tmp_path)
    assert told == {"out": str(tmp_path), "runs": 1, "clips": 2, "unreadable": {}}
    records = list(read_records(tmp_path))
    assert [r.meta.get("run") for r in records] == [recorded.name] * 2 + [None] * 3
    for a, b in zip(clips, records, strict=False):
        assert json.loads(json.dumps(a.meta)) == b.meta
        np.testing.assert_array_equal(a.positions, b.positions)
    assert f"| {recorded.name} | 2 |" in (tmp_path / "RUNS.md").read_text()
    assert "mindseye data video --n 3" in (tmp_path / "README.md").read_text()
    batch = Windows(read_futures(tmp_path), np.random.default_rng(0)).draw(256)
    for values in (batch.ways, batch.weight, batch.told.ways, batch.told.places):
        assert values.isfinite().all()
    assert (batch.weight.sum(dim=(1, 2)) > 0).float().mean() > 0.9


def test_only_what_is_new_is_read_again(copied: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_clips(copied.parent, out)
    first = {p.name: p.read_bytes() for p in out.iterdir()}
    assert export_clips(copied.parent, out)["runs"] == 0
    shutil.copytree(copied, copied.parent / "another run, renamed.by hand")
    assert export_clips(copied.parent, out)["runs"] == 1
    assert len(list(read_records(out))) == 4
    edit(copied, lambda event: event)
    assert export_clips(copied.parent, out)["runs"] == 1
    again = {p.name: p.read_bytes() for p in out.iterdir()}
    assert {k: v for k, v in again.items() if k in first and k != "RUNS.md"} == {
        k: v for k, v in first.items() if k != "RUNS.md"
    }


def test_a_run_that_cannot_be_read_is_told_and_left_out(
    copied: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = Path(shutil.copytree(copied, copied.parent / "20260102-broken"))
    video = next((broken / "media").glob("*.mp4"))
    video.write_bytes(b"not a film")
    told = export_clips(copied.parent, tmp_path / "out")
    assert told["clips"] == 2
    assert list(told["unreadable"]) == ["20260102-broken"]
    assert f"cannot read {video}" in capsys.readouterr().err
    with pytest.raises(BadInput, match="cannot read"):
        export_clips(broken, tmp_path / "none")


def test_the_command_line_turns_runs_into_clips(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["data", "video", "--from", str(recorded), "--out", str(out), "--json"]
    assert invoke(arguments) == 0
    assert json.loads(capsys.readouterr().out)["clips"] == 2
    assert len(list(read_records(out))) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("vision", "--from", "runs"), "--from: vision data are not made from runs"),
        (("language", "--from", "runs"), "--from: language data are not made from runs"),
        (("video", "--from", "nowhere"), "no runs in 'nowhere'"),
        (("video", "--from", ".", "--n", "5"), "--n: export_clips takes runs, out, seed"),
    ],
)
def test_what_cannot_be_made_from_runs_is_one_line(
    arguments: tuple[str, ...],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert invoke(["data", *arguments]) == 2
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 1
    assert not list(tmp_path.iterdir())
