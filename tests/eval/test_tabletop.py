"""The suite: what failed is unscored, what is finished is not run again, rows are paired."""

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mindseye.eval.rows import Axes, read_axes, rows
from mindseye.eval.tabletop import evaluate, table
from mindseye.eval.trial import Sample
from mindseye.planner.calibration import read_calibration
from mindseye.planner.cli import invoke
from mindseye.planner.config import Config, merge
from mindseye.tools.errors import BadInput
from tests.eval.trials import comparable, scripted


def sample(condition: str, index: int, success: bool | None) -> Sample:
    return Sample(
        condition=condition, index=index, kind="near", success=success, claimed=True,
        reason="", seconds=1.0, decisions=2, steps=9, cost={"decision": 1.0},
    )  # fmt: skip


def test_the_table_counts_what_was_scored_and_says_what_was_not(tmp_path: Path) -> None:
    samples = [sample("none", i, i == 0) for i in range(4)]
    samples += [sample("both", i, True if i < 3 else None) for i in range(4)]
    found = table("short", rows(("none", "both")), samples, tmp_path)
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
    with pytest.raises(BadInput, match="greater than 0"):
        evaluate("short", 1, ["both"], Config(), tmp_path, axes=Axes(seconds=(0.0,)))


def test_rows_are_condition_by_search_by_budget_by_dynamics() -> None:
    assert [r.name for r in rows(("none", "vlp"))] == ["none", "vlp"]
    axes = read_axes("greedy,mcts", "2,0.5", "40", ["friction=0.2,force=6"])
    names = [r.name for r in rows(("none", "both", "vlp"), axes)]
    assert names[:10] == [
        "none", "both-greedy-2s", "both-greedy-0.5s", "both-greedy-40clips", "both-mcts-2s",
        "both-mcts-0.5s", "both-mcts-40clips", "vlp-2s", "vlp-0.5s", "vlp-40clips",
    ]  # fmt: skip
    assert names[10:] == [f"{name}-friction=0.2,force=6" for name in names[:10]]
    last = rows(("both",), axes)[-1].settings(
        merge(Config(), {"search": "beam", "search_options": {"width": 3}})
    )
    assert (last.tools, last.search, last.search_options, last.clips) == ("both", "mcts", {}, 40)
    assert last.world_options["dynamics"] == {"friction": 0.2, "force": 6.0}


def test_gates_are_rows_of_the_conditions_that_have_their_tools() -> None:
    axes = read_axes("", "", "", [], "never,imagine,evoi")
    wanted = rows(("none", "physics", "video", "both", "vlp"), axes)
    assert [r.name for r in wanted] == [
        "none", "physics-gate=never", "physics-gate=evoi", "video-gate=never",
        "video-gate=imagine", "video-gate=evoi", "both-gate=never", "both-gate=imagine",
        "both-gate=evoi", "vlp",
    ]  # fmt: skip
    assert [r.settings(Config()).gate for r in wanted[:3]] == ["budget", "never", "evoi"]
    with pytest.raises(BadInput, match="gate = 'both' asks physics and video"):
        rows(("video",))[0].settings(merge(Config(), {"gate": "both"}))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("greedi", "", "", []), "Did you mean 'greedy'"),
        (("", "", "", [], "evo"), "Did you mean 'evoi'"),
        (("", "1,two", "", []), "'two' is not a number"),
        (("", "", "1.5", []), "'1.5' is not a whole number"),
        (("", "", "", ["fiction=1"]), "Did you mean 'friction'"),
        (("", "", "", ["ice"]), "write it as friction=0.2"),
    ],
)
def test_axes_that_cannot_be_are_refused(given: Any, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        read_axes(*given)


def test_rows_run_on_the_same_tasks_and_curves_are_drawn(tmp_path: Path) -> None:
    axes, config = Axes(clips=(2, 6)), scripted(tmp_path)

    def run() -> dict[str, Any]:
        return evaluate("short", 2, ["none", "vlp"], config, tmp_path / "eval", axes=axes,
                        workers=1, progress=False)  # fmt: skip

    found = run()
    assert list(found["conditions"]) == ["none", "vlp-2clips", "vlp-6clips"]
    for row in found["conditions"].values():
        assert (row["n"], row["errors"], list(row["successes"])) == (2, 0, ["0", "1"])
    clips = [row["clips_per_decision"] for row in found["conditions"].values()]
    assert clips == [0, 2, 6]
    assert set(found["differences"]) == {"vlp-2clips - none", "vlp-6clips - none"}
    with (tmp_path / "eval" / "budget.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [(x["condition"], x["budget_clips"], x["clips_per_decision"]) for x in lines] == [
        ("none", "", "0.0"), ("vlp", "2", "2.0"), ("vlp", "6", "6.0")
    ]  # fmt: skip
    assert (tmp_path / "eval" / "budget.png").read_bytes()[1:4] == b"PNG"
    # What was finished is there when the same folder goes on.
    assert run()["conditions"] == found["conditions"]


def test_shifted_dynamics_are_run_beside_the_world_as_it_is(tmp_path: Path) -> None:
    # A pusher that hardly has any strength moves nothing.
    axes = Axes(searches=("beam",), shifts=((("force", 0.02),),))
    found = evaluate("short", 1, ["physics"], scripted(tmp_path), tmp_path / "eval", axes=axes,
                     workers=1, progress=False)  # fmt: skip
    plain, shifted = "physics-beam", "physics-beam-force=0.02"
    assert list(found["conditions"]) == [plain, shifted]
    assert found["differences"][f"{shifted} - {plain}"]["n"] == 1
    ends = {name: _seen(tmp_path / "eval", name) for name in (plain, shifted)}
    assert ends[plain] != ends[shifted]


def _seen(folder: Path, row: str) -> list[list[int]]:
    """Return where things were seen before and after the push, in centimetres."""
    lines = (folder / "samples" / f"{row}-0000.jsonl").read_text().splitlines()
    looks = [e["scene"] for e in map(json.loads, lines) if e["kind"] == "observed"]
    assert len(looks) == 2
    return [[round(100 * x) for o in look["objects"] for x in o["position"]] for look in looks]


def result(folder: Path, name: str, successes: Sequence[bool], **changes: Any) -> Path:
    samples = [replace(sample("both", i, s), clips=4) for i, s in enumerate(successes)]
    path = folder / f"{name}.json"
    path.write_text(json.dumps(table("short", rows(("both",)), samples, folder) | changes))
    return path


@pytest.mark.parametrize(
    ("earlier", "changes", "code", "told"),
    [
        ([True] * 20, {}, 1, "n 20 paired: drop"),
        ([False] * 10 + [True] * 10, {}, 0, "n 20 paired: no clear change"),
        ([True] * 20, {"seed": 5}, 1, "n 20 by intervals: drop"),
        ([False] * 20, {"seed": 5}, 0, "n 20 by intervals: gain"),
        ([True] * 3, {}, 0, "n 3 paired: no clear change"),
    ],
)
def test_a_drop_since_the_baseline_is_seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], earlier: list[bool], changes: Any,
    code: int, told: str,
) -> None:  # fmt: skip
    # Everything is finished already, so nothing is run: 9 of 20 are solved.
    with (tmp_path / "samples.jsonl").open("w") as file:
        for index in range(20):
            line = vars(sample("both", index, index >= 11))
            file.write(json.dumps(line) + "\n")
    before = result(tmp_path, "before", earlier, **changes)
    arguments = ["--set", "short", "--n", "20", "--tools", "both", "--run", str(tmp_path)]
    assert invoke(["eval", "tabletop", *arguments, "--baseline", str(before)]) == code
    assert told in capsys.readouterr().out


def test_a_baseline_of_something_else_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = result(tmp_path, "before", [True], suite="tabletop/long")
    given = ["eval", "tabletop", "--run", str(tmp_path / "eval"), "--baseline"]
    assert invoke([*given, str(before)]) == 2
    assert "is about tabletop/long, not about tabletop/short" in capsys.readouterr().err
    (tmp_path / "none.json").write_text("[]")
    assert invoke([*given, str(tmp_path / "none.json")]) == 2
    assert "is no result.json" in capsys.readouterr().err


def test_what_was_foretold_is_held_against_what_happened_and_calibrates_the_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def foretold(index: int) -> tuple[tuple[float, float, bool], ...]:
        # The judge says 0.9 and is right in half, says 0.2 and is right in none.
        return ((0.9, 0.6, index % 2 == 0), (0.2, 0.1, False))

    samples = [
        replace(sample("both", i, True), foretold=foretold(i), simulated=3, imagined=2)
        for i in range(20)
    ]
    lines = [json.dumps(vars(s)) for s in samples]
    # What was kept before such things were told is read as well.
    old = {k: v for k, v in vars(sample("none", 0, False)).items() if k != "foretold"}
    (tmp_path / "samples.jsonl").write_text("\n".join([*lines, json.dumps(old)]) + "\n")
    arguments = ["--n", "20", "--tools", "both", "--run", str(tmp_path), "--json"]
    fitted = tmp_path / "fitted.json"
    assert invoke(["eval", "tabletop", *arguments, "--calibrate", str(fitted)]) == 0
    result = json.loads(capsys.readouterr().out)
    row = result["conditions"]["both"]
    told = row["calibration"]
    assert told["ece"] == pytest.approx(0.1)
    assert told["low"] <= 0.1 <= told["high"]
    assert (told["n"], told["happened"], told["raw_ece"]) == (40, 0.25, pytest.approx(0.3))
    assert (row["simulated_per_decision"], row["imagined_per_decision"]) == (1.5, 1.0)
    assert result["calibrated"] == {"file": str(fitted), "pairs": 40}
    found = read_calibration(str(fitted))
    assert (found.probability(0.9), found.probability(0.2)) == (0.5, 0.0)
    with (tmp_path / "reliability.csv").open() as file:
        bins = list(csv.DictReader(file))
    assert [(b["row"], b["predicted"], b["happened"], b["n"]) for b in bins] == [
        ("both", "0.1", "0.0", "20"), ("both", "0.6", "0.5", "20")
    ]  # fmt: skip
    assert (tmp_path / "reliability.png").read_bytes()[1:4] == b"PNG"
    assert invoke(["eval", "tabletop", *arguments[:-1]]) == 0
    assert "ECE 0.100 [" in capsys.readouterr().out


def test_where_nothing_is_foretold_there_is_nothing_to_calibrate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "samples.jsonl").write_text(json.dumps(vars(sample("none", 0, True))) + "\n")
    arguments = ["eval", "tabletop", "--n", "1", "--tools", "none", "--run", str(tmp_path)]
    assert invoke([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["conditions"]["none"]["calibration"] is None
    for file, said in (("a.json", "nothing to calibrate with"), ("b/c.json", "no such folder")):
        assert invoke([*arguments, "--calibrate", str(tmp_path / file)]) == 2
        assert said in capsys.readouterr().err
    assert invoke([*arguments, "--set-option", f"calibration={tmp_path}/gone.json"]) == 2
    assert "cannot read the calibration" in capsys.readouterr().err


def test_a_run_tells_what_each_gate_cost(tmp_path: Path) -> None:
    axes = Axes(gates=("never", "simulate"))
    found = evaluate("short", 1, ["physics"], scripted(tmp_path), tmp_path / "eval", axes=axes,
                     workers=1, progress=False)["conditions"]  # fmt: skip
    never, simulate = found["physics-gate=never"], found["physics-gate=simulate"]
    assert (never["simulated_per_decision"], never["calibration"]) == (0, None)
    assert simulate["simulated_per_decision"] == simulate["clips_per_decision"] > 0
    assert simulate["calibration"]["n"] == 1


def test_more_workers_change_nothing_but_the_time(tmp_path: Path) -> None:
    # The clock decides nothing here; where it does, a busier machine may decide otherwise.
    config = scripted(tmp_path, clips=4, budget=600, threads=1)

    def samples(workers: int) -> list[Any]:
        folder = tmp_path / f"workers-{workers}"
        found = evaluate("short", 2, ["none", "physics"], config, folder, workers=workers,
                         progress=False)  # fmt: skip
        assert (found["work"]["done"], found["work"]["lost"]) == (4, 0)
        return comparable(folder)

    alone = samples(1)
    assert [s["simulated"] > 0 for s in alone] == [False, False, True, True]
    assert samples(2) == alone
