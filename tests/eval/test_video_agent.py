"""Measures of play by video: the share of the demonstrator, pictures as goals, labelled play."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mindseye.eval.foresight import Flaws
from mindseye.eval.video_agent import Trial, share_of_demonstrator, video_agent_score
from mindseye.eval.vpt import Experiment, vpt_score
from mindseye.planner.cli import invoke
from mindseye.planner.video_agent.playing import Playing
from mindseye.tools.errors import BadInput, ToolError
from mindseye.tools.games.game import shows_same
from mindseye.tools.games.worlds import make_game


class Refusing:
    """A video model that can do nothing that it is asked."""

    def imagine(self, requests: Any) -> Any:
        raise ToolError("no frames today")


def test_random_play_is_0_and_the_demonstrator_1(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["eval", "video-agent", "--n", "4", "--video", "foresight", "--decoder", "overlay"]
    assert invoke([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["suite"] == "video-agent"
    (row,) = told["conditions"].values()
    assert list(told["conditions"]) == ["minigrid/overlay"]
    assert row["score"] == row["low"] == row["high"] == 1.0
    assert row["demonstrator"] == row["played"] == 1.0 > row["random"]
    assert row["n"] == 4
    assert 3 < row["frames_per_action"] < 8
    assert row["seconds_per_action"] > 0


def test_who_has_no_idea_does_not_score_and_what_fails_is_counted() -> None:
    playing = Playing(decoder="overlay", video="foresight")
    lost = Trial(playing=playing, n=3, flaws=Flaws(doubt=1.0))
    failing = Trial(playing=Playing(decoder="vote", video=f"{__name__}:Refusing"), n=3)
    rows = video_agent_score(["minigrid"], [lost, failing])["conditions"]
    assert rows["minigrid/overlay"]["score"] < 0.7
    failed = rows["minigrid/vote"]
    assert (failed["n"], failed["errors"], failed["first_error"]) == (0, 3, "no frames today")
    assert np.isnan(failed["score"])


def test_pictures_are_reached_by_who_imagines_them() -> None:
    playing = Playing(decoder="overlay", video="foresight")
    seen = Trial(playing=playing, n=4, pictures=True)
    rows = video_agent_score(["minigrid"], [seen])["conditions"]
    row = rows["minigrid/overlay/pictures"]
    assert row["score"] == 1.0
    assert 0.3 < row["low"] < 0.7 < row["high"]
    game = make_game("minigrid")
    start, _ = game.reset(seed=1)
    turned, *_ = game.step(0)
    assert shows_same(start, start)
    assert not shows_same(start, turned), "a turn on the spot is seen"


def test_the_share_is_a_ratio_of_means_over_the_same_episodes() -> None:
    random, best = np.array([0.0, 1.0, 0.0, 1.0]), np.array([4.0, 5.0, 4.0, 5.0])
    score, low, high = share_of_demonstrator(np.array([2.0, 3.0, 2.0, 3.0]), random, best)
    # Half way in each episode: no chance is left in the ratio.
    assert score == low == high == 0.5
    assert np.isnan(share_of_demonstrator(best, best, random)).all()
    _, low, high = share_of_demonstrator(np.array([4.0, 1.0, 0.0, 3.0]), random, best)
    assert low < 0.375 < high


def test_wrong_use_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["eval", "video-agent", "--decoder", "dice", "--video", "foresight"]) == 2
    assert "no decoder 'dice'" in capsys.readouterr().err
    assert invoke(["eval", "vpt", "--little", "4,many"]) == 2
    assert "numbers by commas" in capsys.readouterr().err
    with pytest.raises(BadInput, match="one to learn from"):
        vpt_score(Experiment(little=()), Path("nowhere"))


def test_labelled_play_is_compared_with_little_play(tmp_path: Path) -> None:
    asked = Experiment(little=(2, 5), much=3, n=1, steps=15)
    told = vpt_score(asked, tmp_path)
    rows = told["conditions"]
    assert list(rows) == ["inverse-2", "little-2", "labelled-2", "inverse-5", "little-5",
                          "labelled-5", "all"]  # fmt: skip
    assert rows["inverse-5"]["n"] > 100
    assert 0.1 < rows["inverse-5"]["low"] < rows["inverse-5"]["high"] <= 1
    assert all(row["n"] == 1 for name, row in rows.items() if not name.startswith("inverse"))
    with (tmp_path / "vpt.csv").open() as file:
        assert [line["row"] for line in csv.DictReader(file)] == list(rows)
    assert (tmp_path / "vpt.png").stat().st_size > 10_000
