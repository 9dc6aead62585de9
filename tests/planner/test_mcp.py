"""`mindseye mcp` with the SDK's own client against the real server process.

World, vision and physics are real, the language model is a script. The physics engine is
one of a plug-in that can be held, and that prints wherever it can.
"""

import base64
import io
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from PIL import Image

from mindseye.planner.cli import invoke
from mindseye.planner.events import Failed, Finished, Simulated
from mindseye.planner.record import read_record

pytest.importorskip("mcp")

from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.exceptions import MCPError

pytestmark = pytest.mark.slow

TOKEN = "a-token-of-some-length"
TASK = "push the red cube next to the blue ball"
NEXT_TO = {"relation": "near", "subject": "red cube", "object": "blue ball"}
MOVE = {"move": "red cube", "relation": "near", "object": "blue ball"}
ANSWERS = {
    "goal": [{"all": [NEXT_TO]}],
    "subgoals": [{"subgoals": [MOVE]}],
    "check": [{"tools": "physics"}],
    "choice": [{"choice": 1}],
}
PLUGIN = """
import os, pathlib, subprocess, time
from mindseye.tools.physics.engine import MujocoPhysics

class Held(MujocoPhysics):
    def simulate(self, *given, **named):
        print("noise of a library")
        os.write(1, b"noise of C code\\n")
        subprocess.run(["echo", "noise of a child"])
        while pathlib.Path("hold").exists():
            time.sleep(0.02)
        return super().simulate(*given, **named)
"""


def options(folder: Path) -> list[str]:
    """Prepare a folder for a server and return the server's arguments."""
    (folder / "script.json").write_text(json.dumps({"answers": ANSWERS}))
    (folder / "held.py").write_text(PLUGIN)
    return [
        "-m", "mindseye.planner.cli", "mcp", "--model", "scripted:script.json", "--seed", "3",
        "--objects", "red cube, blue ball, yellow star", "--tools", "physics",
        "--set", "threads=1", "--set", "physics=held:Held", "--set", "filled=false",
    ]  # fmt: skip


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(folder), "MUJOCO_GL": "disable", **more}


@asynccontextmanager
async def over_stdio(folder: Path) -> AsyncIterator[Client]:
    parameters = StdioServerParameters(
        command=sys.executable, args=options(folder), env=environment(folder), cwd=folder
    )
    with (folder / "stderr").open("w") as errors:
        from mcp.client.stdio import stdio_client

        async with Client(stdio_client(parameters, errlog=errors)) as client:
            yield client


class HttpServer:
    """A server process that serves HTTP, and where it works."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, *options(folder), "--http", "127.0.0.1:0"], cwd=folder, text=True,
            env=environment(folder, MINDSEYE_MCP_TOKEN=TOKEN), stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        assert "serving MCP at http://127.0.0.1:" in line, line
        self.url = line.split()[-1]

    @asynccontextmanager
    async def client(self, mode: str = "legacy", token: str = TOKEN) -> AsyncIterator[Client]:
        headers = {"Authorization": f"Bearer {token}"}
        async with create_mcp_http_client(headers=headers) as http:
            transport = streamable_http_client(self.url, http_client=http)
            async with Client(transport, mode=mode) as client:
                yield client

    def records(self) -> list[Path]:
        return sorted((self.folder / "runs").iterdir())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpServer]:
    running = HttpServer(tmp_path_factory.mktemp("http"))
    yield running
    running.process.terminate()
    running.process.communicate(timeout=60)


def run(scenario: Callable[[], Awaitable[None]], seconds: float = 900) -> None:
    """Run a scenario; one that hangs fails."""

    async def limited() -> None:
        with anyio.fail_after(seconds):
            await scenario()

    anyio.run(limited)


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    """Return the structured result of a call that must succeed."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return result.structured_content


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    """Return the one line of a call that must fail."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    (content,) = result.content
    assert content.type == "text"
    assert "\n" not in content.text
    assert "Traceback" not in content.text
    return str(content.text)


def names(seen: dict[str, Any]) -> set[str]:
    return {o["name"] for o in seen["objects"]}


async def until_working(client: Client, job: str) -> None:
    """Wait until the physics engine holds the job up."""
    while (await call(client, "job", job=job))["doing"] != "picturing":
        await anyio.sleep(0.05)


def test_the_tools_over_stdio(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with over_stdio(tmp_path) as client:
            tools = {t.name: t for t in (await client.list_tools()).tools}
            assert set(tools) == {"look", "simulate", "imagine", "plan", "ask", "job"}
            for tool in tools.values():
                assert len(tool.description or "") > 60
                for schema in (tool.input_schema, tool.output_schema):
                    assert schema is not None
                    assert schema["type"] == "object"
            moves = tools["simulate"].input_schema["$defs"]["Move"]["properties"]
            assert "left_of" in json.dumps(moves["relation"])
            assert all("description" in p for p in moves.values())

            result = await client.call_tool("look", {})
            text, frame, link = result.content
            assert text.type == "text"
            seen = json.loads(text.text)
            assert seen == result.structured_content
            assert names(seen) == {"red cube", "blue ball", "yellow star"}
            assert frame.type == "image"
            assert max(_picture(frame.data).size) <= 128
            assert link.type == "resource_link"
            assert link.mime_type == "image/png"
            (kept,) = (await client.read_resource(link.uri)).contents
            assert _picture(getattr(kept, "blob")).format == "PNG"  # noqa: B009

            done = await call(client, "simulate", moves=[{"move": "red cube", "to": [0.1, 0.15]}])
            (future,) = done["futures"]
            place = {o["name"]: (o["x"], o["y"]) for o in seen["objects"]}["red cube"]
            assert abs(future["places"]["red cube"][0] - 0.1) < 0.02
            assert abs(place[0] - 0.1) > 0.1, "it stood there already"
            assert "red cube goes" in future["told"]
            assert 0.2 <= future["confidence"] <= 1
            record = read_record(tmp_path / done["run"])
            kept_place = record.of(Simulated)[0].layout["red cube"]
            assert future["places"]["red cube"] == pytest.approx(kept_place, abs=1e-4)
            assert (record.folder / "report.html").is_file()

            answer = await call(client, "ask", question=f"what happens if I {TASK}?")
            assert answer["result"]["mode"] == "table"
            assert "red cube goes" in answer["result"]["answer"]

    run(scenario)
    stderr = (tmp_path / "stderr").read_text()
    assert "noise of C code" in stderr
    assert "Traceback" not in stderr


def _picture(data: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(data)))


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
def test_what_is_wrong_is_told_in_one_line(server: HttpServer, mode: str) -> None:
    async def scenario() -> None:
        async with server.client(mode) as client:
            wrong: list[tuple[dict[str, Any], str]] = [
                ({}, "moves: Field required"),
                ({"moves": []}, "at least 1"),
                ({"moves": [{"move": "red cube"}]}, "moves.0: give either `to` or `relation`"),
                ({"moves": [MOVE | {"relation": "on_top_of"}]}, "'left_of'"),
                ({"moves": [{"move": "red cube", "to": [0.1, 9]}]}, "moves.0.to.1"),
                ({"moves": [{"move": "red cube", "to": [0.1, float("nan")]}]}, "moves.0.to.1"),
                ({"moves": [MOVE], "speed": 3}, "speed: there is no such argument; known: world"),
                ({"moves": [MOVE | {"object": "grey elephant"}]}, "there is: "),
                ({"moves": [MOVE], "world": "nobody's"}, 'no world "nobody\'s" is laid'),
            ]
            for arguments, told in wrong:
                assert told in await refused(client, "simulate", **arguments)
            assert "no object 'pink unicorn'" in await refused(
                client, "look", objects=["pink unicorn"]
            )
            assert "choices" in await refused(client, "ask", question="why?", choices=["one"])
            assert "no job" in await refused(client, "job", job="x")
            assert "no tool 'dance'" in await refused(client, "dance")

    run(scenario)


@pytest.mark.parametrize(
    "path",
    [
        "../secret.png",
        "..%2Fsecret.png",
        "{run}/media/../../../secret.png",
        "{run}/media/..%2F..%2F..%2Fsecret.png",
        "{run}/media/%2e%2e/secret.png",
        "{run}/media//etc/passwd",
        "{run}/media/link.png",
        "{run}/config.json",
        "{run}/events.jsonl",
        "linked/media/secret.png",
        "{run}/media/missing.png",
        "",
    ],
)
def test_no_path_outside_the_pictures_is_served(server: HttpServer, path: str) -> None:
    folder = server.folder

    async def scenario() -> None:
        async with server.client() as client:
            run_name = Path((await call(client, "look"))["run"]).name
            (folder / "secret.png").write_bytes(b"secret")
            (folder / "media").mkdir(exist_ok=True)
            (folder / "media" / "secret.png").write_bytes(b"secret")
            for link, target in (
                (folder / "runs" / run_name / "media" / "link.png", folder / "secret.png"),
                (folder / "runs" / "linked", folder),
            ):
                if not link.is_symlink():
                    link.symlink_to(target)
            with pytest.raises(MCPError) as refusal:
                await client.read_resource(f"mindseye://runs/{path.format(run=run_name)}")
            assert str(folder) not in str(refusal.value)
        (folder / "runs" / "linked").unlink()

    run(scenario)


def test_two_clients_have_worlds_of_their_own(server: HttpServer) -> None:
    async def scenario() -> None:
        async with server.client() as one, server.client() as other:
            mine = await call(one, "look", objects=["red star", "green cube"], seed=1)
            theirs = await call(other, "look", objects=["blue ball"], seed=2)
            assert mine["world"] != theirs["world"]
            assert names(await call(one, "look")) == {"red star", "green cube"}
            assert names(await call(other, "look")) == {"blue ball"}
            told = await refused(other, "simulate", moves=[{"move": "red star", "to": [0, 0]}])
            assert told == "no 'red star' is seen on this table; there is: blue ball"

    run(scenario)


def test_without_sessions_a_handle_names_the_world(server: HttpServer) -> None:
    async def scenario() -> None:
        async with server.client("2026-07-28") as client:
            mine = await call(client, "look", objects=["red star", "green cube"], seed=1)
            assert names(await call(client, "look")) == {"red cube", "blue ball", "yellow star"}
            assert names(await call(client, "look", world=mine["world"])) == names(mine)

    run(scenario)


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
def test_a_client_that_leaves_in_mid_plan_leaves_the_server_answering(
    server: HttpServer, mode: str
) -> None:
    hold = server.folder / "hold"
    heard: list[str] = []

    async def plan_and_leave() -> None:
        scope = anyio.CancelScope()

        async def hear(progress: float, total: float | None, message: str | None) -> None:
            heard.append(str(message))
            if message == "picturing":
                scope.cancel()

        async with server.client(mode) as leaving:
            with scope:
                await leaving.call_tool("plan", {"task": TASK}, progress_callback=hear)
        assert scope.cancelled_caught
        assert len(heard) > 1

    async def scenario() -> None:
        async with server.client(mode) as client:
            await call(client, "look")
            before = set(server.records())
            hold.touch()
            await plan_and_leave()
            # The thread is still held up; nobody else is.
            assert (await call(client, "look"))["objects"]
            hold.unlink()
            planned = await call(client, "plan", task=TASK)
            assert planned["next"]["words"].startswith("push the red cube")
            assert planned["considered"][0]["rewards"]["physics"] > 0
            left = [read_record(f) for f in set(server.records()) - before]
            (record,) = [r for r in left if r.of(Failed)]
            assert record.of(Failed)[0].message == "stopped by the client"
            assert record.of(Finished)[-1].reason == "failed: stopped by the client"

    try:
        run(scenario)
    finally:
        hold.unlink(missing_ok=True)


def test_a_client_that_does_not_wait_gets_a_job(server: HttpServer) -> None:
    hold = server.folder / "hold"

    async def scenario() -> None:
        async with server.client() as client:
            hold.touch()
            going = await call(client, "plan", task=TASK, wait_seconds=0)
            assert going["state"] in ("waiting", "working")
            await until_working(client, going["job"])
            second = await call(client, "plan", task=TASK, wait_seconds=0.1)
            assert second["state"] == "waiting"
            assert "stopped" in await refused(client, "job", job=second["job"], stop=True)
            hold.unlink()
            done = await call(client, "job", job=going["job"], wait_seconds=120)
            assert done["next"]["subgoal"]["move"] == "red cube"

    try:
        run(scenario)
    finally:
        hold.unlink(missing_ok=True)


def test_only_the_protocol_is_on_stdout(tmp_path: Path) -> None:
    requests: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"}}},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {
            "name": "simulate", "arguments": {"moves": [MOVE]}, "_meta": {"progressToken": 7}}},
    ]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, *options(tmp_path)], cwd=tmp_path, env=environment(tmp_path), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    for request in requests:
        process.stdin.write(json.dumps(request | {"jsonrpc": "2.0"}) + "\n")
        process.stdin.flush()
    lines: list[str] = []
    while not lines or json.loads(lines[-1]).get("id") != 2:
        lines.append(process.stdout.readline())
    rest, errors = process.communicate(timeout=120)
    assert process.returncode == 0
    messages = [json.loads(line) for line in [*lines, *rest.splitlines()]]
    assert all(m["jsonrpc"] == "2.0" for m in messages)
    assert {m.get("method", m.get("id")) for m in messages} == {1, 2, "notifications/progress"}
    assert not messages[-1]["result"].get("isError")
    for noise in ("noise of a library", "noise of C code", "noise of a child"):
        assert noise in errors


def test_who_has_no_token_does_not_get_in(server: HttpServer) -> None:
    import httpx

    unknown: list[dict[str, str]] = [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": TOKEN},
    ]
    for headers in unknown:
        answer = httpx.post(server.url, headers=headers, json={})
        assert (answer.status_code, answer.content) == (401, b"")
    known = {"Authorization": f"Bearer {TOKEN}", "Host": "evil.example"}
    assert httpx.post(server.url, headers=known, json={}).status_code in (400, 421)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--http", "0.0.0.0:0"], "beyond this machine a token is demanded"),
        (["--http", "example.org:80"], "beyond this machine a token is demanded"),
        (["--http", "0.0.0.0:0", "--token", "short"], "give at least 16"),
        (["--http", "8765"], "write HOST:PORT"),
        (["--http", "127.0.0.1:99999"], "write HOST:PORT"),
    ],
)
def test_an_open_door_is_refused(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.delenv("MINDSEYE_MCP_TOKEN", raising=False)
    assert invoke(["mcp", *arguments]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1


def test_without_the_extra_the_command_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in list(sys.modules):
        if name.split(".")[0] == "mcp" or name.startswith("mindseye.planner.mcp"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)
    assert invoke(["mcp"]) == 3
    assert 'pip install "mindseye[mcp]"' in capsys.readouterr().err
