"""The faces that read a record: report, live view, replay's comparison."""

import base64
import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import av
import pytest

from mindseye.planner.events import Acted, Chosen, Event, Finished, RunStarted
from mindseye.planner.live import LiveView
from mindseye.planner.record import Record, Recorder, read_record
from mindseye.planner.replay import compare, replay
from mindseye.planner.report import write_report
from mindseye.tools.errors import BadInput

EVIL = '</script><script>alert(1)</script>[/bold] [red]x <img src=x onerror="alert(1)">'


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def _parsed(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def test_the_report_stands_alone_and_its_videos_play(make_run: Callable[..., Path]) -> None:
    page = _parsed(write_report(make_run()))
    sources = [a[k] or "" for _, a in page.tags for k in ("src", "href", "poster") if k in a]
    assert sources
    assert all(s.startswith("data:") for s in sources)
    assert not any(tag == "link" for tag, _ in page.tags)
    videos = [s for s in sources if s.startswith("data:video/mp4;base64,")]
    # Two candidates with two imagined and one simulated clip, then reality beside one of each.
    assert len(videos) == 2 * 3 + 3
    for video in videos:
        data = base64.b64decode(video.partition(",")[2])
        with av.open(io.BytesIO(data)) as container:
            assert sum(1 for _ in container.decode(video=0)) == 9


def test_the_report_tells_the_story(make_run: Callable[..., Path]) -> None:
    text = " ".join(" ".join(_parsed(write_report(make_run())).texts).split())
    for expected in (
        "red cube near blue ball",
        "Solved",
        "prior 70 %",
        "tools agree 90 %",
        "The tools disagree: red cube ends 6 cm apart",
        "reward 0.80, confidence 0.90",
        "both tools see it happen",
        "mcts: 2 of 3 candidates pictured, 2 deep, 2 waves, 6 clips, ended early, the time is up",
        "outside the beam",
        "What really happened",
        "off the prediction by 3.0 cm (red cube)",
        "Where the time went",
        "mindseye replay",
    ):
        assert expected in text
    assert text.index("chosen") < text.index("push the red cube slowly to the left side")


def test_model_text_is_never_markup_in_the_report(make_run: Callable[..., Path]) -> None:
    page = _parsed(write_report(make_run(task=EVIL)))
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert not any(a.get("src") == "x" or "onerror" in a for _, a in page.tags)
    assert EVIL in page.texts
    policy = next(a["content"] for _, a in page.tags if "http-equiv" in a)
    assert policy is not None
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/=]{44}'", policy)


def test_a_run_that_was_cut_off_still_has_a_report(make_run: Callable[..., Path]) -> None:
    folder = make_run()
    lines = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    for count in (0, 1, 2, 3, 5, len(lines) - 1):
        (folder / "events.jsonl").write_bytes(b"".join(lines[:count]))
        text = " ".join(_parsed(write_report(folder)).texts)
        assert "Unfinished" in text
    for media in (folder / "media").iterdir():
        media.unlink()
    assert "Unfinished" in " ".join(_parsed(write_report(folder)).texts)


def test_a_record_from_before_searches_were_told_has_its_report(
    make_run: Callable[..., Path],
) -> None:
    folder = make_run()
    lines = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    older = [line for line in lines if b'"kind":"searched"' not in line]
    assert len(older) == len(lines) - 1
    (folder / "events.jsonl").write_bytes(b"".join(older))
    assert "2 of 3 candidates pictured" not in write_report(folder).read_text()
    assert compare(read_record(folder), read_record(folder)) == ("", 1)


def test_the_live_view_prints_plain_lines_and_no_markup(make_run: Callable[..., Path]) -> None:
    stream = io.StringIO()
    make_run(task=EVIL, on_event=LiveView(stream))
    lines = stream.getvalue().splitlines()
    assert EVIL in lines[0]
    assert "\x1b" not in stream.getvalue()
    assert all(re.match(r" *\d+\.\d\ds [a-z ]+: ", line) for line in lines)
    labels = {line.split("s ", 1)[1].split(":")[0] for line in lines}
    assert {
        "goal",
        "propose",
        "search",
        "picture",
        "weigh",
        "choose",
        "surprise",
        "solved",
    } <= labels


def test_the_live_view_on_a_terminal_shows_model_text_as_it_is(
    make_run: Callable[..., Path],
) -> None:
    stream = io.StringIO()
    view = LiveView(stream, rich=True)
    try:
        make_run(task="go [/path] [bold]x\x1b]0;title\x07", on_event=view)
    finally:
        view.close()
    shown = stream.getvalue()
    assert "\x1b[" in shown
    assert "go [/path] [bold]x ]0;title" in shown


def _again(record: Record, change: Callable[[Event], Event | None]) -> Record:
    changed = [change(e) for e in record.events]
    events = tuple(e for e in changed if e is not None)
    return Record(
        folder=record.folder, events=events, document={}, result=record.result, torn=False
    )


def test_replay_says_where_two_runs_part(make_run: Callable[..., Path]) -> None:
    record = read_record(make_run())
    assert compare(record, record) == ("", 1)

    def other_choice(event: Event) -> Event:
        if isinstance(event, Chosen):
            return event.model_copy(update={"candidate": "c1"})
        return event

    def other_action(event: Event) -> Event:
        if isinstance(event, Acted):
            actions = (event.actions[0], (0.25, -0.5, 0.999999))
            return event.model_copy(update={"actions": actions})
        return event

    assert "slowly to the left side" in compare(record, _again(record, other_choice))[0]
    assert compare(record, _again(record, other_action))[0].endswith("part at step 1")
    none = _again(record, lambda e: None if isinstance(e, Chosen | Acted) else e)
    assert compare(record, none)[0] == "1 decisions before, 0 now"
    later = _again(record, lambda e: e.model_copy(update={"t": e.t + 1}))
    assert compare(record, later) == ("", 1)


def test_a_run_without_a_result_cannot_be_replayed(tmp_path: Path) -> None:
    with Recorder(tmp_path) as recorder:
        recorder.emit(RunStarted(task="t", seed=0, config={}))
        recorder.emit(Finished(success=False, reason="r", steps=0, seconds=0.0))
    (tmp_path / "result.json").unlink()
    with pytest.raises(BadInput, match="never finished"):
        replay(tmp_path)
