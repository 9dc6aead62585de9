"""`mindseye runs` and `mindseye export`: readers of records, and careful with folders."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mindseye.planner.cli import invoke
from mindseye.planner.events import Finished, Proposed, RunStarted
from mindseye.planner.export import export_run
from mindseye.planner.record import Recorder, read_record
from mindseye.planner.runs import delete_run, find_run, list_runs
from mindseye.tools.errors import BadInput

FORMULA = '=HYPERLINK("http://evil")'


def record(folder: Path, task: str, success: bool | None) -> Path:
    """Write a short record; `None` for one that was cut off."""
    with Recorder(folder) as recorder:
        recorder.emit(RunStarted(task=task, seed=3, config={}))
        done = success is not None
        recorder.emit(Finished(success=bool(success), reason="seen", steps=2, seconds=1.5))
    if not done:
        (folder / "result.json").unlink()
    started = folder.name.split("-")[0]
    config = json.loads((folder / "config.json").read_text()) | {"started": started}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Three records, and what is none: a folder, a file, a link that leads out."""
    root = tmp_path / "runs"
    record(root / "20260101-red-cube", "push the red cube", True)
    record(root / "20260103-red-ball", "push the red ball", False)
    record(root / "20260102-blue-star", "push the blue star", None)
    record(tmp_path / "elsewhere", "not in the folder", True)
    (root / "notes").mkdir()
    (root / "file").write_text("x")
    (root / "20260104-link").symlink_to(tmp_path / "elsewhere")
    return root


def names(found: list[dict[str, str]]) -> list[str]:
    return [r["name"] for r in found]


def test_runs_are_listed_newest_first_and_filtered(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def listed(*arguments: str) -> list[dict[str, str]]:
        assert invoke(["runs", "--runs", str(runs), "--json", *arguments]) == 0
        found: list[dict[str, str]] = json.loads(capsys.readouterr().out)["runs"]
        return found

    everything = listed()
    assert names(everything) == ["20260103-red-ball", "20260102-blue-star", "20260101-red-cube"]
    assert [r["state"] for r in everything] == ["failed", "unfinished", "succeeded"]
    assert names(listed("--match", "RED push")) == ["20260103-red-ball", "20260101-red-cube"]
    assert names(listed("--state", "unfinished")) == ["20260102-blue-star"]
    assert names(listed("--n", "1")) == ["20260103-red-ball"]
    assert invoke(["runs", "--state", "great"]) == 2
    assert list_runs(runs / "missing") == []


def test_a_run_is_found_by_name_beginning_path_and_last(runs: Path) -> None:
    cube = runs / "20260101-red-cube"
    assert find_run(runs, "20260101-red-cube") == cube
    assert find_run(runs, "20260101") == cube
    assert find_run(runs, str(cube)) == cube
    assert find_run(runs, "last").name == "20260103-red-ball"
    with pytest.raises(BadInput, match="3 runs begin with"):
        find_run(runs, "2026010")


@pytest.mark.parametrize(
    "name",
    ["../elsewhere", "20260104-link", "..", ".", "", "/etc", "notes", "runs/../../elsewhere"],
)
def test_nothing_outside_the_runs_folder_is_opened_or_deleted(runs: Path, name: str) -> None:
    for command in (["open", name], ["delete", name, "--yes"]):
        assert invoke(["runs", command[0], "--runs", str(runs), *command[1:]]) == 2
    assert (runs.parent / "elsewhere" / "events.jsonl").exists()
    assert (runs / "20260104-link").is_symlink()
    assert len(list_runs(runs)) == 3


def test_deleting_asks_and_deletes_only_what_was_named(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["runs", "delete", "20260101-red-cube", "--runs", str(runs)]
    assert invoke(arguments) == 2
    assert "--yes" in capsys.readouterr().err
    # One that is not there, and none of them goes.
    assert invoke([*arguments, "nonsense", "--yes"]) == 2
    assert len(list_runs(runs)) == 3
    assert invoke([*arguments, "--yes"]) == 0
    assert [r.name for r in list_runs(runs)] == ["20260103-red-ball", "20260102-blue-star"]
    with pytest.raises(BadInput):
        delete_run(runs, "20260101-red-cube")


def test_opening_prints_the_report_and_writes_it_if_it_is_missing(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["runs", "open", "20260101", "--runs", str(runs)]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path == runs / "20260101-red-cube" / "report.html"
    assert "push the red cube" in path.read_text()


def test_csv_has_a_row_for_each_event_and_no_formula(
    make_run: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_run(task=FORMULA)
    path = export_run(folder, "csv", tmp_path / "run.csv")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    events = read_record(folder).events
    assert [r["kind"] for r in rows] == [e.kind for e in events]
    assert rows[0]["words"] == "'" + FORMULA
    chosen = next(r for r in rows if r["kind"] == "chosen")
    assert (chosen["decision"], chosen["candidate"], chosen["value"]) == ("0", "c0", "0.85")
    assert chosen["words"].startswith("push the red cube next to the blue ball")
    imagined = next(r for r in rows if r["kind"] == "imagined")
    assert imagined["seconds"] == "0.64"
    assert all((folder / p).is_file() for p in imagined["media"].split())


@pytest.mark.parametrize("ending", [".eval", ".json"])
def test_inspect_reads_its_log_back(
    make_run: Callable[..., Path], tmp_path: Path, ending: str
) -> None:
    log_module = pytest.importorskip("inspect_ai.log")
    folder = make_run()
    path = export_run(folder, "inspect", tmp_path / f"run{ending}")
    log = log_module.read_eval_log(str(path))
    (sample,) = log.samples
    assert (log.status, sample.scores["seen"].value) == ("success", "C")
    assert log.results.scores[0].metrics["accuracy"].value == 1.0
    recorded = read_record(folder)
    assert [e.data["kind"] for e in sample.events] == [e.kind for e in recorded.events]
    texts = " ".join(m.text for m in sample.messages)
    proposed = recorded.of(Proposed)[0]
    assert all(c.words in texts for c in proposed.candidates)
    pictures = [c for m in sample.messages if not isinstance(m.content, str) for c in m.content]
    assert sum(c.type == "image" for c in pictures) >= 8


def test_inspect_leaves_a_run_without_an_end_unscored(
    make_run: Callable[..., Path], tmp_path: Path
) -> None:
    log_module = pytest.importorskip("inspect_ai.log")
    folder = make_run()
    lines = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "events.jsonl").write_bytes(b"".join(lines[:5]))
    log = log_module.read_eval_log(str(export_run(folder, "inspect", tmp_path / "run.eval")))
    assert log.status == "cancelled"
    assert not log.samples[0].scores
    assert log.results.completed_samples == 0


def test_rerun_holds_frames_places_rewards_and_clips(
    make_run: Callable[..., Path], tmp_path: Path
) -> None:
    pytest.importorskip("rerun")
    from rerun.chunk import RrdReader

    path = export_run(make_run(), "rerun", tmp_path / "run.rrd")
    found = {str(chunk.entity_path) for chunk in RrdReader(path).stream()}
    assert {
        "/camera", "/table/seen", "/table/simulated/c0", "/goal/progress", "/values/c0",
        "/rewards/video/pixels/c0", "/clips/imagined/c0/1", "/clips/acted", "/log",
    } <= found  # fmt: skip


def test_what_cannot_be_exported_is_one_line(
    make_run: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_run()
    base = ["export", folder.name, "--runs", str(folder.parent)]
    for wrong in (["--format", "pdf"], ["--format", "csv", "--out", str(tmp_path / "x.txt")]):
        assert invoke([*base, *wrong]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    (tmp_path / "taken").write_text("")
    assert invoke([*base, "--format", "csv", "--out", str(tmp_path / "taken" / "x.csv")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
