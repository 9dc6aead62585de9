"""The web page without a browser: who comes in, what is served, and what is shown of a talk."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

pytest.importorskip("gradio", reason='the page needs Gradio: pip install -e ".[dev]"')

from mindseye.planner.chat.turns import (
    Called,
    Ended,
    Replied,
    Running,
    Said,
    Turn,
    TurnLog,
    read_turns,
)
from mindseye.planner.config import Config
from mindseye.planner.web import live, shown
from mindseye.planner.web.conversations import Conversation, Conversations, NotThere
from mindseye.planner.web.server import check_password
from mindseye.planner.web.workers import Busy, State, Workers
from mindseye.tools.errors import BadInput

if TYPE_CHECKING:
    from tests.planner.conftest import Served

WORKER = (sys.executable, str(Path(__file__).with_name("web_worker.py")))
HOSTILE = "<script>alert(1)</script> [/red] {{7*7}} ${alert(1)} \x07\x1b[31m </details>"


def until(holds: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited for too long"
        time.sleep(0.05)


def enter(client: httpx.Client) -> str:
    """Open the page as a new visitor does, and return the id of the conversation."""
    answer = client.get("/")
    assert answer.status_code == 303
    return answer.headers["location"].removeprefix("?chat=")


@contextmanager
def events(client: httpx.Client, chat: str) -> Iterator[Iterator[dict[str, Any]]]:
    """Follow a conversation as the page does."""
    with client.stream("GET", f"/live/{chat}", timeout=60) as stream:
        assert stream.status_code == 200
        lines = (line for line in stream.iter_lines() if line.startswith("data: "))
        yield (json.loads(line.removeprefix("data: ")) for line in lines)


def press(client: httpx.Client, chat: str, label: str, data: list[Any]) -> httpx.Response:
    """Do what pressing a button of Gradio's does, found by the function behind it."""
    config = client.get("/config").json()
    number = next(d["id"] for d in config["dependencies"] if d["api_name"] == label)
    body = {"data": data, "fn_index": number, "session_hash": "a-session"}
    return client.post(f"/gradio_api/run/predict?chat={chat}", json=body)


def test_every_browser_is_led_to_a_conversation_of_its_own_and_back(served: "Served") -> None:
    with httpx.Client(base_url=served.url) as one, httpx.Client(base_url=served.url) as other:
        first, second = enter(one), enter(other)
        assert first != second
        assert min(len(first), len(second)) >= 32
        assert one.get("/").headers["location"] == f"?chat={first}"
        assert one.get("/?chat=nobody-has-this-one-1234").headers["location"] == f"?chat={first}"
        page = one.get(f"/?chat={first}")
        assert page.status_code == 200
        assert "default-src 'self'" in page.headers["content-security-policy"]


def test_what_is_said_is_handed_on_and_what_is_done_is_followed(served: "Served") -> None:
    with httpx.Client(base_url=served.url, timeout=60) as client:
        chat = enter(client)
        with events(client, chat) as following:
            assert press(client, chat, "say", ["push the red cube"]).status_code == 200
            seen = []
            for event in following:
                seen.append(event)
                pieces = "".join("".join(e["panels"]["talk"]["html"].values()) for e in seen)
                if "Done: the red cube" in pieces and not event["status"]["busy"]:
                    break
        picture = pieces.split('<video src="')[1].split('"')[0]
        assert client.get(picture).headers["content-type"] == "video/mp4"
        run = json.dumps([e["panels"]["run"]["html"] for e in seen])
        assert "The search tree" in run
        assert "Decoded action" in run


def test_a_page_at_rest_costs_next_to_nothing(served: "Served") -> None:
    status = Path(f"/proc/{served.process}/stat")
    if not status.exists():
        pytest.skip("no /proc here")

    def spent() -> float:
        user, system = status.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    with httpx.Client(base_url=served.url) as client, events(client, enter(client)) as following:
        until(lambda: "map-now" in json.dumps(next(following)))
        before = spent()
        time.sleep(5)
        # The page is held to 1 % of a core; what other tests left behind may add a little.
        assert spent() - before < 0.03 * 5


def test_nothing_but_pictures_of_ones_own_runs_is_served(
    served: "Served", past_run: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"SECRET")
    (past_run / "media" / "leak.png").symlink_to(secret)
    (served.runs / "20260101-link").symlink_to(tmp_path)
    with httpx.Client(base_url=served.url) as client:
        chat = enter(client)
        inside = next((past_run / "media").glob("frame-*.png")).name
        assert client.get(f"/media/{chat}/{past_run.name}/{inside}").status_code == 200
        for path in (
            f"media/{chat}/{past_run.name}/leak.png",
            f"media/{chat}/{past_run.name}/..%2fconfig.json",
            f"media/{chat}/{past_run.name}/%2e%2e/events.jsonl",
            f"media/{chat}/..%2f..%2f/secret.png",
            f"media/{chat}/20260101-link/secret.png",
            f"media/{chat}/-/..%2fweb.json",
            f"media/{chat}x/{past_run.name}/{inside}",
            f"media/..%2f{chat}/{past_run.name}/{inside}",
            f"past/{chat}/..%2fchats",
            f"gradio_api/file={secret}",
            f"gradio_api/file%3D{secret}",
            f"gradio_api//file={secret}",
            f"file={secret}",
            f"gradio_api/proxy={served.url}",
            "static/..%2f..%2f..%2f..%2fpackage.json",
            "assets/..%2f..%2f..%2fpackage.json",
        ):
            answer = client.get(f"/{path}")
            assert answer.status_code in (403, 404), path
            assert b"SECRET" not in answer.content
        upload = client.post("/gradio_api/upload", files={"files": ("a.png", b"x" * 100)})
        assert upload.status_code == 403


def test_only_this_machine_and_this_page_are_answered(served: "Served") -> None:
    with httpx.Client(base_url=served.url) as client:
        assert client.get("/", headers={"Host": "evil.example"}).status_code == 403
        chat = enter(client)
        foreign = {"Origin": "http://evil.example"}
        assert client.get(f"/past/{chat}", headers=foreign).status_code == 403
        assert client.get(f"/past/{chat}", headers={"Origin": served.url}).status_code == 200


def test_runs_of_one_visitor_are_hidden_from_another(served: "Served", past_run: Path) -> None:
    with httpx.Client(base_url=served.url, timeout=60) as one, httpx.Client(
        base_url=served.url
    ) as other:  # fmt: skip
        mine, theirs = enter(one), enter(other)
        with events(one, mine) as following:
            press(one, mine, "say", ["a private matter"])
            until(lambda: "Done" in json.dumps(next(following)))
        listed = one.get(f"/past/{mine}").text
        assert "a private matter" in listed
        assert "gather everything red" in listed
        run = listed.split('data-run="')[1].split('"')[0]
        assert one.get(f"/past/{mine}/{run}").status_code == 200
        assert "a private matter" not in other.get(f"/past/{theirs}").text
        assert "gather everything red" in other.get(f"/past/{theirs}").text
        assert other.get(f"/past/{theirs}/{run}").status_code == 404

        for client, chat, name in ((other, theirs, run), (one, mine, past_run.name)):
            assert f'data-delete="{name}"' not in client.get(f"/past/{chat}").text
            assert client.delete(f"/past/{chat}/{name}").status_code == 404
        foreign = {"Origin": "http://evil.example"}
        assert one.delete(f"/past/{mine}/{run}", headers=foreign).status_code == 403
        assert (served.runs / run).is_dir()
        assert one.delete(f"/past/{mine}/{run}").status_code == 204
        assert not (served.runs / run).exists()
        assert "a private matter" not in one.get(f"/past/{mine}").text


def test_without_the_password_nothing_is_told(guarded: "Served") -> None:
    with httpx.Client(base_url=guarded.url) as client:
        for path in ("/", "/config", "/theme.css", "/live/x", "/media/x/y/z.png", "/assets/x"):
            assert client.get(path).status_code == 401, path
        assert client.post("/gradio_api/run/predict", json={}).status_code == 401
        assert client.get("/", auth=("anybody", "wrong password")).status_code == 401
        assert client.get("/", headers={"Authorization": "Basic %%%"}).status_code == 401
        assert client.get("/", auth=("anybody", guarded.password)).status_code == 303


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.org"])
def test_beyond_this_machine_a_password_is_demanded(host: str) -> None:
    with pytest.raises(BadInput, match="MINDSEYE_PASSWORD"):
        check_password(host, None)
    with pytest.raises(BadInput, match="at least 8"):
        check_password(host, "short")
    check_password(host, "long enough")
    check_password("127.0.0.1", None)


def begin(tmp_path: Path, count: int = 1) -> list[Conversation]:
    """Begin conversations of one visitor."""
    conversations = Conversations(Config(runs=str(tmp_path / "runs")))
    return [conversations.begin("v" * 32) for _ in range(count)]


def test_processes_are_bounded_and_come_back(tmp_path: Path) -> None:
    first, second = begin(tmp_path, 2)
    workers = Workers(most=1, command=WORKER)
    try:
        workers.say(first, "slow push")
        with pytest.raises(Busy, match="as many as may be"):
            workers.say(second, "echo")
        until(lambda: not workers.state(first).waiting)
        workers.stop(first)
        until(lambda: not workers.state(first).at_work)
        # The first is idle now, so its process makes room, and comes back when spoken to.
        workers.say(second, "echo two")
        until(lambda: not workers.state(second).at_work)
        assert not workers.state(first).alive
        workers.say(first, "echo again")
        until(lambda: not workers.state(first).at_work)
        turns = read_turns(first.folder)[0]
        assert [t.how for t in turns if isinstance(t, Ended)] == ["stopped", "done"]
        assert [t.text for t in turns if isinstance(t, Replied)][-1] == "echo again"
    finally:
        workers.close()


def test_idle_processes_end_and_fallen_ones_are_told_of(tmp_path: Path) -> None:
    (conversation,) = begin(tmp_path)
    workers = Workers(idle=0.4, command=WORKER)
    try:
        workers.say(conversation, "echo one")
        until(lambda: any(isinstance(t, Ended) for t in read_turns(conversation.folder)[0]))
        until(lambda: not workers.state(conversation).alive)
        assert workers.state(conversation).fallen is None
        workers.say(conversation, "crash")
        until(lambda: workers.state(conversation).fallen == 7)
        assert "exit code 7" in shown.status([], workers.state(conversation))["text"]
    finally:
        workers.close()
    with pytest.raises(BadInput, match="say something"):
        workers.say(conversation, " \n ?! ")


def test_settings_that_cannot_be_begin_nothing(tmp_path: Path) -> None:
    conversations = Conversations(Config(runs=str(tmp_path), model_options={"api_key": "k-1"}))
    with pytest.raises(BadInput, match="budget"):
        conversations.begin("v" * 32, {"budget": -1})
    begun = conversations.begin("v" * 32, {"tools": "video", "seed": 3})
    assert (begun.config.tools, begun.config.seed) == ("video", 3)
    assert "k-1" not in (begun.folder / "web.json").read_text()
    with pytest.raises(NotThere):
        conversations.find("../" + begun.id)


def test_text_is_never_markup(tmp_path: Path, make_run: Callable[..., Path]) -> None:
    (conversation,) = begin(tmp_path)
    conversations = Conversations(Config(runs=str(tmp_path / "runs")))
    folder = tmp_path / "runs" / "20260101-hostile"
    make_run(HOSTILE).rename(folder)
    log = TurnLog(conversation.folder)
    log.tell(Said(text=HOSTILE))
    log.tell(Called(call="1", tool=HOSTILE, arguments={HOSTILE: [HOSTILE]}))
    log.tell(Running(call="1", run=folder.name))
    log.tell(Replied(text=HOSTILE + "x" * 100_000))
    log.tell(Ended(how="failed", reason=HOSTILE))
    follower = live.Follower(conversation, conversations, Workers(command=WORKER))
    changes = follower._changes()
    assert changes is not None
    pages = [p for panel in changes["panels"].values() for p in panel["html"].values()]
    page = "".join(pages) + live.past_runs_html(conversations.past_runs(conversation))
    assert "&lt;script&gt;alert(1)&lt;/script&gt; [/red]" in page
    assert "<script" not in page
    assert "\x07" not in page
    assert "\x1b" not in page
    assert "more characters" in page
    assert follower._changes() is None


def test_a_call_that_its_turn_left_behind_is_not_shown_as_running() -> None:
    turns: list[Turn] = [
        Said(text="go"),
        Called(call="a", tool="do", arguments={}),
        Replied(text="Stopped."),
        Ended(how="stopped"),
    ]
    call = next(s for s in shown.talk(turns, lambda _: lambda path: path) if s["kind"] == "call")
    assert call["state"] == "stopped"
    assert shown.status(turns, State(alive=True)) == {"busy": False, "text": ""}
