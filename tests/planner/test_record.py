"""The record: every event survives the disk, and a run that ends badly leaves a whole record."""

import json
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import BaseModel

from mindseye.planner.config import Config
from mindseye.planner.events import (
    EVENT,
    GAME_KINDS,
    KINDS,
    QUESTION_KINDS,
    Acted,
    Event,
    Failed,
    Finished,
    Observed,
    Replanned,
    RunStarted,
    plain,
)
from mindseye.planner.record import NullRecorder, Recorder, new_run_folder, read_record
from mindseye.tools.errors import BadInput, MindseyeError
from mindseye.tools.values import Clip, Provenance


def _clip(count: int, height: int, width: int, dt: float = 0.25) -> Clip:
    frames = np.zeros((count, height, width, 3), dtype=np.uint8)
    frames[:, : height // 2] = 200
    frames[np.arange(count), -1, np.arange(count) % width] = 255
    return Clip(frames=frames, dt=dt, provenance=Provenance(source="video", model="drawn", seed=3))


_LEAVES: dict[object, st.SearchStrategy[Any]] = {
    float: st.floats(allow_nan=False, allow_infinity=False),
    int: st.integers(-(2**63), 2**63),
    str: st.text(),
    bool: st.booleans(),
    type(None): st.none(),
    Any: st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    ),
}  # fmt: skip


def _values(kind: Any) -> st.SearchStrategy[Any]:
    """Return values of an event field's type, read off its annotation."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = {n: _values(f.annotation) for n, f in kind.model_fields.items()}
        fields |= {n: _PATHS for n in fields if n in ("path", "sheet")}
        return st.builds(kind, **fields)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _values(arguments[0])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, UnionType):
        return st.one_of(*map(_values, arguments))
    if origin is dict:
        return st.dictionaries(st.text(), _values(arguments[1]), max_size=3)
    if origin is list:
        return st.lists(_values(arguments[0]), max_size=3)
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(_values(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(_values, arguments))
    return _LEAVES[kind]


_PATHS = st.sampled_from(["", "media/0a.mp4", "media/frame-0a.png"])


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
@settings(max_examples=25)
@given(data=st.data())
def test_every_event_survives_the_disk(kind: type[Event], data: st.DataObject) -> None:
    event = data.draw(_values(kind))
    line = event.model_dump_json()
    assert "\n" not in line
    assert json.loads(line)["kind"] == event.kind
    assert EVENT.validate_json(line) == event


def test_a_whole_run_is_read_back_as_it_was_told(make_run: Callable[..., Path]) -> None:
    told: list[Event] = []
    record = read_record(make_run(on_event=told.append))
    assert list(record.events) == told
    assert {type(e) for e in told} == set(KINDS) - set(QUESTION_KINDS) - set(GAME_KINDS)
    assert [e.t for e in told] == sorted(e.t for e in told)
    assert record.document["config"]["seed"] == 7
    assert record.document["versions"]["mujoco"]
    assert record.result is not None
    assert record.result.success
    assert record.result.run == str(record.folder)


def test_a_torn_last_line_is_left_out_and_said(make_run: Callable[..., Path]) -> None:
    folder = make_run()
    path = folder / "events.jsonl"
    whole = path.read_bytes()
    for cut in (1, 20):
        path.write_bytes(whole[:-cut])
        record = read_record(folder)
        assert record.torn
        assert len(record.events) == whole.count(b"\n") - 1
    path.write_bytes(whole.replace(b'"kind":"chosen"', b'"kind":"chosem"'))
    with pytest.raises(BadInput, match=r"events\.jsonl:\d+"):
        read_record(folder)


def test_no_record_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no record"):
        read_record(tmp_path / "nothing")


def test_an_exception_leaves_failed_and_finished(tmp_path: Path) -> None:
    def fail() -> None:
        with Recorder(tmp_path) as recorder:
            recorder.emit(Acted(decision=0, candidate="c0", steps=5))
            raise ZeroDivisionError("the world broke")

    with pytest.raises(ZeroDivisionError):
        fail()
    record = read_record(tmp_path)
    failed, finished = record.events[-2:]
    assert isinstance(failed, Failed)
    assert "ZeroDivisionError" in failed.traceback
    assert isinstance(finished, Finished)
    assert (finished.success, finished.steps) == (False, 5)
    assert "the world broke" in finished.reason


def test_leaving_without_a_result_is_no_success(tmp_path: Path) -> None:
    with Recorder(tmp_path):
        pass
    record = read_record(tmp_path)
    assert record.result is not None
    assert (record.result.success, record.result.reason) == (False, "ended without a result")


def test_ctrl_c_in_a_real_process_leaves_a_whole_record(tmp_path: Path) -> None:
    code = f"""
        import time
        from pathlib import Path
        from mindseye.planner.events import Replanned
        from mindseye.planner.record import Recorder
        with Recorder(Path({str(tmp_path)!r})) as recorder:
            recorder.emit(Replanned(decision=0, reason="started"))
            print("ready", flush=True)
            time.sleep(60)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    record = read_record(tmp_path)
    assert not record.torn
    assert isinstance(record.events[0], Replanned)
    assert isinstance(record.events[-1], Finished)
    assert record.result is not None
    assert record.result.reason == "interrupted"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").symlink_to("/dev/full")
    with Recorder(tmp_path) as recorder, pytest.raises(MindseyeError, match="no space left"):
        recorder.emit(Replanned(decision=0, reason="x" * 10_000))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_under_a_clip_keeps_the_events(tmp_path: Path) -> None:
    clip = _clip(2, 64, 64)

    def fill() -> None:
        with Recorder(tmp_path) as recorder:
            recorder.emit(Replanned(decision=0, reason="kept"))
            (tmp_path / f"media/{clip.digest()}.part").symlink_to("/dev/full")
            recorder.media(clip)

    with pytest.raises(MindseyeError, match="no space left"):
        fill()
    assert [type(e) for e in read_record(tmp_path).events] == [Replanned]


def test_writers_in_threads_do_not_mix_lines(tmp_path: Path) -> None:
    with Recorder(tmp_path) as recorder:

        def write(decision: int) -> None:
            for _ in range(50):
                recorder.emit(Replanned(decision=decision, reason="y" * 3000))

        threads = [threading.Thread(target=write, args=(k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    replanned = read_record(tmp_path).of(Replanned)
    assert sorted(e.decision for e in replanned) == [k for k in range(4) for _ in range(50)]
    assert [e.t for e in replanned] == sorted(e.t for e in replanned)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (65, 33), (128, 128), (301, 257)])
def test_clips_are_videos_that_browsers_play(tmp_path: Path, height: int, width: int) -> None:
    clip = _clip(7, height, width)
    with Recorder(tmp_path) as recorder:
        ref = recorder.media(clip)
        assert recorder.media(clip) == ref
    data = (tmp_path / ref.path).read_bytes()
    assert data.find(b"moov") < data.find(b"mdat"), "not faststart"
    with av.open(str(tmp_path / ref.path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert stream.width % 2 == stream.height % 2 == 0
        assert min(stream.width, stream.height) >= 256
        assert stream.average_rate == Fraction(4)
        images = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
    assert len(images) == 7
    # The upper half is light and the lower dark, also after compression.
    assert abs(int(images[3][10, 50, 0]) - 200) < 12
    assert int(images[3][-100, 50, 0]) < 12
    with Image.open(tmp_path / ref.sheet) as sheet:
        assert sheet.width > sheet.height
    assert sorted(p.suffix for p in (tmp_path / "media").iterdir()) == [".mp4", ".png"]


def test_a_frame_is_stored_exactly(tmp_path: Path) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (32, 48, 3)).astype(np.uint8)
    with Recorder(tmp_path) as recorder:
        ref = recorder.frame(frame)
    with Image.open(tmp_path / ref.path) as image:
        assert np.array_equal(np.asarray(image), frame)
    assert (ref.height, ref.width) == (32, 48)


def test_a_null_recorder_passes_events_on_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told: list[Event] = []
    recorder = NullRecorder(told.append)
    clip = _clip(3, 64, 64)
    assert recorder.media(clip).digest == clip.digest()
    recorder.emit(Observed(decision=0, frame=recorder.frame(clip.frames[0]), scene={}))
    assert [e.kind for e in told] == ["observed"]
    assert not list(tmp_path.iterdir())


def test_keys_are_not_written_into_records(tmp_path: Path) -> None:
    config = Config(model_options={"api_key": "sk-very-secret", "max_tokens": 5})
    with Recorder(tmp_path) as recorder:
        recorder.emit(RunStarted(task="t", seed=0, config=config.to_json()))
    for path in ("events.jsonl", "config.json"):
        text = (tmp_path / path).read_text()
        assert "sk-very-secret" not in text
        assert '"max_tokens"' in text


def test_media_outside_the_run_are_refused() -> None:
    line = {"kind": "observed", "decision": 0, "scene": {}, "frame": {
        "path": "../../secret.png", "digest": "0", "frames": 1, "height": 1, "width": 1,
        "source": "world"}}  # fmt: skip
    with pytest.raises(ValueError, match="path"):
        EVENT.validate_python(line)


def test_numbers_that_are_none_become_null() -> None:
    assert plain({"a": np.float32("nan"), "b": (np.inf, np.int64(3))}) == {
        "a": None,
        "b": [None, 3],
    }


def test_run_folders_never_collide(tmp_path: Path) -> None:
    folders = [new_run_folder(tmp_path / "runs", "Push ../the [red] cube!", 7) for _ in range(3)]
    assert len(set(folders)) == 3
    for folder in folders:
        assert folder.parent == tmp_path / "runs"
        assert "push-the-red-cube-s7" in folder.name
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(BadInput, match=r"run folder|is a file"):
        new_run_folder(file, "task", 0)
