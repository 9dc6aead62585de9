"""`mindseye play` and `mindseye data games`: scripts, keys, and what is recorded."""

import contextlib
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mindseye.planner.cli import invoke
from mindseye.planner.play import OnKeys, OnStick, script_actions
from mindseye.tools.games.recording import read_episodes
from mindseye.tools.games.worlds import game_spec
from mindseye.tools.physics.rollouts import next_setpoint
from mindseye.tools.physics.scene import PUSHER_DOWN, PUSHER_UP


def test_a_key_that_is_let_go_of_stops() -> None:
    hands = OnKeys(game_spec("freeway"))
    assert hands.action() == 0
    for key in ("down", "up", "x"):
        hands.press(key)
    assert hands.action() == 1, "the last one counts, once"
    assert hands.action() == 0
    hands.press("q")
    assert hands.done


def test_a_game_without_rest_waits_for_its_player() -> None:
    hands = OnKeys(game_spec("minigrid"))
    assert hands.action() is None
    hands.press(" ")
    assert game_spec("minigrid").keys[hands.action() or 0] == "toggle"
    assert hands.action() is None


def test_the_joystick_sinks_all_the_way() -> None:
    hands, place = OnStick(), np.array([0.0, 0.0, PUSHER_UP])
    for height in (PUSHER_DOWN, PUSHER_UP):
        hands.press(" ")
        for _ in range(3):
            place = next_setpoint(place, hands.action().astype(float))
        assert place[2] == pytest.approx(height)
    scripted = script_actions(game_spec("tabletop"), "down right*2")
    assert scripted.shape == (5, 3)
    assert scripted.dtype == np.float32


def test_a_script_is_played_and_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("play", "minigrid", "--goal", "open the door", "--seed", "1", "--out", str(tmp_path))
    assert invoke([*asked, "--script", "forward*3 left toggle", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"world", "goal", "actions", "score", "reached", "file"}
    assert told["actions"] == 5
    (episode,) = read_episodes(tmp_path)
    assert told["file"] == str(next(tmp_path.glob("*.tar")))
    assert episode.player == "person"
    assert episode.goal == "open the door"
    assert episode.actions.tolist() == [2, 2, 2, 0, 4]


def test_what_cannot_be_played_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    bad = [
        (("play", "minigrid"), "a game is played in a terminal"),
        (("play", "pong", "--script", "up"), "no game called 'pong'; known: minigrid"),
        (("play", "freeway", "--script", "jump"), "'jump' is no move; say noop, up, down"),
        (("play", "minigrid", "--goal", "win", "--script", "left"), "knows no goal 'win'"),
        (("data", "games", "--world", "pong"), "no game called 'pong'"),
        (("data", "video", "--world", "crafter"), "--world: make_video_data takes"),
    ]
    for arguments, says in bad:
        assert invoke(list(arguments)) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.count("\n") == 1
        assert says in captured.err


def test_demonstrations_are_a_kind_of_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("data", "games", "--world", "minigrid", "--n", "2", "--slips", "0.1")
    assert invoke([*asked, "--out", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"result": str(tmp_path)}
    assert [e.player for e in read_episodes(tmp_path)] == ["scripted", "scripted"]


def test_it_is_played_by_keyboard(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = ("mindseye.planner.cli", "play", "minigrid", "--seed", "1", "--out", str(tmp_path))
    process = subprocess.Popen(
        [sys.executable, "-m", *command, "--json"],
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.PIPE,
        env={**os.environ, "COLORTERM": "truecolor", "TERM": "xterm-256color"},
        start_new_session=True,
    )
    os.close(theirs)
    keys, seen, typed = [b"\x1b[A", b"d", b"p", b"q"], b"", 0
    with contextlib.suppress(OSError):  # A terminal whose other end was closed.
        while chunk := os.read(ours, 65536):
            seen += chunk
            if typed < len(keys) and f"action {typed} ".encode() in seen:
                os.write(ours, keys[typed])
                typed += 1
    os.close(ours)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, seen[-500:]
    assert json.loads(out)["actions"] == 3
    (episode,) = read_episodes(tmp_path)
    assert [game_spec("minigrid").keys[a] for a in episode.actions] == [
        "forward",
        "right",
        "pickup",
    ]
    assert b"up/w forward" in seen
    assert seen.rstrip().endswith(b"\x1b[?25h\x1b[?1049l"), "the terminal is as it was"
