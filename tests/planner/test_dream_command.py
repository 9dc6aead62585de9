"""`mindseye dream`: scripts, keys, the screen, and the command with a tiny untrained network."""

import contextlib
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from mindseye.planner.cli import invoke
from mindseye.planner.dream_face import HELP, MOVES, Hand, blocks, parse_script
from mindseye.tools.errors import BadInput
from mindseye.tools.physics.rollouts import next_setpoint
from mindseye.tools.physics.scene import PUSHER_DOWN, PUSHER_UP
from mindseye.tools.video.dream import HELD
from mindseye.tools.video.flow import build_scheduler
from mindseye.tools.video.network import build_text_encoder, build_transformer
from mindseye.tools.video.pipeline import TabletopVideoPipeline
from mindseye.tools.video.tokenizer import build_tokenizer
from mindseye.tools.video.train import save_pipeline

OBJECTS = ("--objects", "red cube, blue ball", "--seed", "7")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the setting that names the weights of a tiny network: nothing ever moves to it."""
    out, tokenizer = tmp_path_factory.mktemp("weights"), build_tokenizer()
    torch.manual_seed(0)
    transformer = build_transformer(width=48, layers=1, heads=2)
    text = build_text_encoder(tokenizer)
    save_pipeline(
        TabletopVideoPipeline(transformer.eval(), text.eval(), tokenizer, build_scheduler()),
        out,
        {},
    )
    return f"video_options.weights={out}"


def test_a_script_is_moves_and_how_often() -> None:
    actions = parse_script("down right*10 wait up  left")
    assert actions.shape == (2 + 10 + 1 + 2 + 1, 3)
    assert (actions[2:12] == MOVES["right"][0]).all()
    assert (actions[12] == 0).all()
    assert actions[-1].tolist() == (-actions[2]).tolist()


def test_down_is_all_the_way_down() -> None:
    place = np.array([0.0, 0.0, PUSHER_UP])
    for action in parse_script("down").repeat(HELD, axis=0):
        place = next_setpoint(place, action)
    assert place[2] == PUSHER_DOWN
    for action in parse_script("up").repeat(HELD, axis=0):
        place = next_setpoint(place, action)
    assert place[2] == PUSHER_UP


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("righ*3", "'righ\\*3' is no move; say left, right"),
        ("right * 3", r"'\*' is no move"),
        ("right*-3", "is no move"),
        ("", "0 frames; a script takes 1 to 1500"),
        ("wait*0", "0 frames"),
        ("right*1000 left*501", "1501 frames"),
    ],
)
def test_a_script_that_is_none_is_told(script: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        parse_script(script)


def test_a_key_that_is_let_go_of_stops() -> None:
    hand = Hand()
    for key in ("right", "right", "d", "W", "x", "f1"):
        hand.press(key)
    assert hand.action() == MOVES["forward"][0], "the last one counts, once"
    assert hand.action() == (0.0, 0.0, 0.0)
    assert not hand.done


def test_space_lowers_then_lifts_while_the_pusher_moves() -> None:
    hand = Hand()
    for way in (-1.0, 1.0):
        hand.press(" ")
        hand.press("a")
        assert hand.action() == (MOVES["left"][0][0], 0.0, way)
        assert hand.action() == (0.0, 0.0, way)
        assert hand.action() == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("key", ["q", "c-c", "c-d"])
def test_the_person_may_leave(key: str) -> None:
    hand = Hand()
    hand.press(key)
    assert hand.done


def test_a_character_shows_two_pixels() -> None:
    picture = np.zeros((4, 3, 3), np.uint8)
    picture[0] = (255, 0, 0)
    picture[1] = (0, 51, 102)
    lines = blocks(picture, deep=True)
    assert len(lines) == 2
    assert lines[0] == "\x1b[38;2;255;0;0;48;2;0;51;102m▀" * 3 + "\x1b[0m"
    assert blocks(picture, deep=False)[0].startswith("\x1b[38;5;196;48;5;24m▀")


def test_without_a_terminal_or_a_script_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    bad = [
        (("dream",), "a dream is played in a terminal"),
        (("dream", "--script", "jump"), "'jump' is no move"),
        (("dream", "--script", "up", "--out", "/nowhere/a.mp4"), "there is no folder '/nowhere'"),
        (("dream", "--objects", "green elephant"), "'green elephant' is not a colour"),
    ]
    for arguments, says in bad:
        assert invoke(list(arguments)) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("mindseye: ")
        assert captured.err.count("\n") == 1
        assert says in captured.err


def test_a_script_is_played_in_dream_and_world(
    weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = tmp_path / "dream.mp4"
    asked = ("dream", *OBJECTS, "--script", "down forward*6", "--set", weights)
    assert invoke([*asked, "--out", str(film), "--json"]) == 0
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert captured.out.count("\n") == 1
    assert set(told) == {"frames", "drift_mm", "ms_per_frame"}
    assert told["frames"] == 8
    assert told["ms_per_frame"] > 0
    with av.open(str(film)) as container:
        shown = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
    assert len(shown) == 9
    assert shown[0].shape[1] > 2 * shown[0].shape[0]
    changed = np.abs(shown[-1].astype(int) - shown[0]).max(axis=-1) > 60
    half = changed.shape[1] // 2
    assert changed[:, half:].sum() > 50, "the pusher moved in reality"
    assert film.with_suffix(".png").stat().st_size > 1000
    assert invoke([*asked[:-3], "wait", *asked[-2:]]) == 0
    assert capsys.readouterr().out.startswith("1 frames, nothing moved, ")


@pytest.mark.slow
def test_it_is_played_by_keyboard(weights: str, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = ("mindseye.planner.cli", "dream", *OBJECTS, "--set", weights, "--json")
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "COLORTERM": "truecolor", "TERM": "xterm-256color"},
        start_new_session=True,
    )
    os.close(theirs)
    keys, seen, typed = [b" ", b"\x1b[A", b"w", b"d", b"q"], b"", 0
    with contextlib.suppress(OSError):  # A terminal whose other end was closed.
        while chunk := os.read(ours, 65536):
            seen += chunk
            if typed < len(keys) and f"frame {typed} ".encode() in seen:
                os.write(ours, keys[typed])
                typed += 1
    os.close(ours)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, seen[-500:]
    told = json.loads(out)
    assert told["frames"] >= 4
    assert HELP[:20].encode() in seen
    assert seen.rstrip().endswith(b"\x1b[?25h\x1b[?1049l"), "the terminal is as it was"
