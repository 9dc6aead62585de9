"""The measure of poking: shape, pairing, and what doing nothing comes to."""

import json
from pathlib import Path

import pytest
import torch

from mindseye.eval.poking import CONDITIONS, poking_score
from mindseye.planner.cli import invoke
from mindseye.tools.errors import BadInput
from mindseye.tools.poking.network import PokingModel


def test_conditions_meet_the_same_goals_and_nothing_reaches_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    PokingModel().save(tmp_path, {})
    asked = ["eval", "poking", "--weights", str(tmp_path), "--n", "2", "--pokes", "1", "--json"]
    assert invoke([*asked, "--alone", str(tmp_path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert tuple(told["conditions"]) == CONDITIONS
    for row in told["conditions"].values():
        assert (row["n"], row["errors"], row["unscored"]) == (2, 0, 0)
        assert row["low"] <= row["score"] <= row["high"]
        assert row["pokes"] <= 1
    still = told["conditions"]["nothing"]
    assert still["pokes"] == still["reached"] == 0
    assert still["score"] > 0.01
    # The same weights are the same condition.
    left = [told["conditions"][name]["score"] for name in ("inverse", "joint-inverse")]
    assert left[0] == left[1]
    assert told["differences"]["joint - nothing"]["n"] == 2


def test_the_weights_of_the_package_bring_things_nearer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert invoke(["eval", "poking", "--n", "4", "--pokes", "4", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["conditions"]
    assert told["joint"]["reached"] >= 0.5
    assert told["joint"]["score"] < told["nothing"]["score"] < told["random"]["score"]


def test_bad_questions_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["eval", "poking", "--weights", str(tmp_path)]) == 2
    assert "no model of poking" in capsys.readouterr().err
    with pytest.raises(BadInput, match="at least one goal"):
        poking_score(PokingModel(), n=0)
