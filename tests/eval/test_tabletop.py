"""The suite: what failed is unscored, what is finished is not run again, conditions are paired."""

import json
from pathlib import Path
from typing import Any

import pytest

from mindseye.eval.tabletop import Sample, evaluate, table
from mindseye.planner.config import Config, merge
from mindseye.tools.errors import BadInput


def sample(condition: str, index: int, success: bool | None) -> Sample:
    return Sample(
        condition=condition, index=index, kind="near", success=success, claimed=True,
        reason="", seconds=1.0, decisions=2, steps=9, cost={"decision": 1.0},
    )  # fmt: skip


def test_the_table_counts_what_was_scored_and_says_what_was_not(tmp_path: Path) -> None:
    samples = [sample("none", i, i == 0) for i in range(4)]
    samples += [sample("both", i, True if i < 3 else None) for i in range(4)]
    found = table("short", ("none", "both"), samples, tmp_path)
    both = found["conditions"]["both"]
    assert (both["score"], both["n"], both["errors"], both["unscored"]) == (1.0, 3, 1, 1)
    assert both["low"] < 1.0
    assert found["conditions"]["none"]["false_claims"] == 3
    # Only tasks that both conditions finished are compared.
    gap = found["differences"]["both - none"]
    assert gap["n"] == 3
    assert gap["difference"] == pytest.approx(2 / 3)


def test_a_model_that_fails_is_unscored_and_a_finished_sample_is_kept(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"answers": {"goal": ["no JSON"], "subgoals": [{}]}}))
    config = merge(Config(), {"model": f"scripted:{script}", "tools": "none"})
    folder = tmp_path / "eval"

    def run() -> dict[str, Any]:
        return evaluate("short", 1, ["none"], config, folder, workers=1, progress=False)

    row = run()["conditions"]["none"]
    assert (row["n"], row["errors"], row["unscored"]) == (0, 1, 1)
    lines = (folder / "samples.jsonl").read_text()
    assert "no usable answer" in lines
    (folder / "samples.jsonl").write_text(lines + '{"condition": "none", "ind')
    again = run()
    assert again["conditions"]["none"]["seconds"] == row["seconds"]


def test_unknown_sets_and_conditions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="short, long, hazard"):
        evaluate("tiny", 1, ["none"], Config(), tmp_path)
    with pytest.raises(BadInput, match="none, physics"):
        evaluate("short", 1, ["magic"], Config(), tmp_path)
