"""The players' evaluation: both play the same episodes, and the interval fits the score."""

import json

import pytest

from mindseye.eval.players import players_score
from mindseye.planner.cli import invoke
from mindseye.tools.errors import BadInput


def test_the_scripted_player_is_measured_beside_chance(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["eval", "players", "--n", "8", "--world", "minigrid", "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.out.count("\n") == 1
    rows = json.loads(captured.out)["conditions"]
    good, chance = rows["minigrid scripted"], rows["minigrid random"]
    assert good["score"] == 1.0
    assert good["low"] > chance["high"] > chance["score"] >= chance["low"]
    assert chance["actions"] > 3 * good["actions"]
    assert good["n"] == chance["n"] == 8
    assert 0 < good["ms_per_action"] < 1000


def test_an_unknown_game_is_told() -> None:
    with pytest.raises(BadInput, match="no game called 'pong'"):
        players_score(1, 0, ["pong"])
    with pytest.raises(BadInput, match="at least one episode"):
        players_score(0)
