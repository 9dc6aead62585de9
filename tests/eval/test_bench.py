"""Benchmarks: peers do the same work, figures are what they say, the change is told. No timing."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindseye.eval.bench import growth, guard, memory, physics, scaling, search, starting
from mindseye.eval.bench.guard import Kept, Part, Ratio, compare
from mindseye.eval.bench.measure import Asked, Figure, figure, interleaved, ratio
from mindseye.planner.cli import invoke
from mindseye.planner.config import Config
from mindseye.tools.errors import BadInput
from mindseye.tools.physics.rollouts import BatchSimulation
from mindseye.tools.physics.scene import SUBSTEPS

ONCE = Asked(rounds=1, runs=3)


def named(found: Sequence[Figure]) -> dict[str, Figure]:
    assert all(np.isfinite(f.value) for f in found)
    assert len({f.name for f in found}) == len(found)
    return {f.name: f for f in found}


def test_contenders_take_turns_and_the_first_time_does_not_count() -> None:
    calls: list[str] = []

    def contender(name: str, seconds: float) -> tuple[float, float]:
        calls.append(name)
        return 10.0, seconds * calls.count(name)

    rates = interleaved({"a": lambda: contender("a", 1.0), "b": lambda: contender("b", 2.0)}, 3)
    assert "".join(calls) == "ab" + "ab" + "ba" + "ab"
    assert rates == {"a": [5.0, 10 / 3, 2.5], "b": [2.5, 10 / 6, 1.25]}
    assert ratio("a", "b", rates) == Figure(
        name="a / b", value=2.0, unit="x", peer="b", rounds=3, low=2.0, high=2.0
    )


@pytest.mark.parametrize(
    ("values", "median", "low", "high"),
    [([3.0], 3.0, None, None), ([5.0, 1.0, 2.0], 2.0, 1.0, 5.0), ([1.0, 2.0], 1.5, 1.0, 2.0)],
)
def test_a_figure_is_the_median_of_its_rounds(
    values: list[float], median: float, low: float | None, high: float | None
) -> None:
    made = figure("x", "s", values)
    assert (made.value, made.low, made.high, made.rounds) == (median, low, high, len(values))


def kept(value: float, low: float | None = None, high: float | None = None) -> Kept:
    stored = Ratio(value=value, low=low, high=high, rounds=3)
    return Kept(parts={"physics": Part(commit="abc", machine={}, ratios={"a / b": stored})})


def now(value: float, low: float | None = None, high: float | None = None) -> Figure:
    return Figure(name="a / b", value=value, unit="x", peer="b", rounds=3, low=low, high=high)


@pytest.mark.parametrize(
    ("then", "found", "change", "drop"),
    [
        (kept(1.0, 0.95, 1.05), now(0.8, 0.7, 0.9), -0.2, True),
        (kept(1.0, 0.85, 1.05), now(0.8, 0.7, 0.9), -0.2, False),
        (kept(1.0, 0.99, 1.01), now(0.95, 0.94, 0.96), -0.05, False),
        (kept(1.0), now(0.8), -0.2, True),
        (kept(1.0, 0.9, 1.1), now(1.5, 1.4, 1.6), 0.5, False),
    ],
    ids=["clear", "within the spread", "small", "one round", "gain"],
)
def test_a_drop_is_marked_where_it_is_clear(
    then: Kept, found: Figure, change: float, drop: bool
) -> None:
    row = compare(then, {"physics": [found]})["a / b"]
    assert row["change"] == pytest.approx(change)
    assert row["drop"] is drop
    assert any("DROP" in line for line in guard.lines({"a / b": row}, then)) is drop


def test_what_was_not_measured_is_not_compared() -> None:
    assert compare(kept(1.0), {"start": [figure("import", "s", [0.1])]}) == {}
    rows = compare(kept(1.0), {"physics": [Figure(name="c / d", value=2, unit="x", peer="d")]})
    assert {n: (r["then"], r["now"], r["change"]) for n, r in rows.items()} == {
        "a / b": (1.0, None, None), "c / d": (None, 2.0, None),
    }  # fmt: skip
    assert any("new" in line for line in guard.lines(rows, kept(1.0)))


def test_what_is_kept_is_read_again_and_other_parts_stay(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    guard.keep(path, {"physics": [now(0.9, 0.8, 1.0), figure("simulator", "steps/s", [5.0])]})
    guard.keep(path, {"start": [figure("import", "s", [0.1])]})
    stored = guard.read_kept(path)
    assert stored.parts["physics"].ratios == {
        "a / b": Ratio(value=0.9, low=0.8, high=1.0, rounds=3)
    }
    assert stored.parts["start"].ratios == {}
    path.write_text('{"version": 2}')
    with pytest.raises(BadInput, match="holds no ratios"):
        guard.read_kept(path)


def test_what_the_package_keeps_can_be_read() -> None:
    guard.read_kept(guard.package_file())


def test_peers_simulate_the_same_pushes_to_the_last_bit() -> None:
    scene = physics.table()
    replay = physics.Replay.of(BatchSimulation(scene, physics.pushes(scene, 3), threads=1))
    ends, steps, _ = physics.by_batch(replay)
    assert np.array_equal(ends, replay.trace.qpos[-1])
    assert steps == physics.ours(scene, physics.pushes(scene, 3))[0]
    went, most, _ = physics.by_rollout(replay)
    for i, tick in enumerate(replay.trace.ended):
        assert np.array_equal(went[i, tick * SUBSTEPS - 1, 1 : 1 + ends.shape[1]], ends[i])
    assert most == 3 * SUBSTEPS * replay.trace.ended.max()


def test_the_command_measures_keeps_and_tells_the_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["bench", "--part", "physics", "--rounds", "1", "--kept", str(tmp_path / "kept.json")]
    assert invoke([*asked, "--keep", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {"simulator / mujoco.batch", "simulator / mujoco.rollout"} <= set(told["ratios"])
    assert told["absolute"]["ray-cast renderer, 64 px"]["unit"] == "frames/s"
    assert told["change"].keys() == told["ratios"].keys()
    assert told["spread"]["simulator / mujoco.batch"]["peer"] == "mujoco.batch"
    stored = guard.read_kept(tmp_path / "kept.json").parts["physics"].ratios
    assert {name: r.value for name, r in stored.items()} == told["ratios"]


def test_a_part_that_is_not_there_is_told_with_those_that_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert invoke(["bench", "--part", "physics,langauge"]) == 2
    said = capsys.readouterr().err
    assert "physics, language, planning, growth, scaling, memory, start" in said
    assert len(said.splitlines()) == 1


def test_the_toy_is_searched_and_a_missing_peer_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    simulations, _ = search.ours()
    assert simulations == search.SIMULATIONS * search.SEARCHES
    found = named(search.figures(ONCE))
    left_out = "search / mctx, simulations" not in found
    assert ("pip install mctx" in capsys.readouterr().err) is left_out


@given(st.floats(-1e6, 1e6), st.floats(0, 1e9), st.integers(2, 60), st.integers(0, 2**32 - 1))
def test_growth_finds_a_line_and_how_sure_it_is(a: float, b: float, n: int, seed: int) -> None:
    line = np.array([b + a * k for k in range(n)])
    exact = memory.growth(list(line))
    assert exact.slope == pytest.approx(a, rel=1e-6, abs=1e-3)
    assert exact.error == pytest.approx(0, abs=1e-3)
    noisy = memory.growth(list(line + np.random.default_rng(seed).normal(0, 1e4, n)))
    assert n < 10 or abs(noisy.slope - a) < 8 * noisy.error


def test_tasks_count_while_all_workers_are_at_work() -> None:
    def span(worker: int, begun: float, ended: float) -> scaling.Span:
        return scaling.Span(begun=begun, ended=ended, worker=worker)

    alone = [span(1, 10, 20), span(1, 20, 30)]
    assert scaling.a_minute(alone) == pytest.approx(6)
    # The second begins late, and the first has nothing left to do at the end.
    late = [*alone, span(2, 15, 25), span(2, 25, 35), span(2, 35, 45)]
    assert scaling.a_minute(late) == pytest.approx(12)


def scripted(folder: Path) -> Config:
    answers = {"call": [{"call": "look"}, {"call": "talk"}], "goal": [{"all": []}]}
    path = folder / "script.json"
    path.write_text(json.dumps({"answers": answers}))
    return Config(model=f"scripted:{path}", tools="physics")


@pytest.mark.slow
def test_workers_and_conversations_are_counted(tmp_path: Path) -> None:
    config = scripted(tmp_path)
    found = named(scaling.workers([1, 2], config, each=1))
    assert set(found) == {
        "2 workers / 1 worker, tasks", "scaling: 1 worker", "scaling: 2 workers"
    }  # fmt: skip
    talks = named(scaling.chats([1, 2], config, least=2))
    assert talks["scaling: 2 chats, p95"].value >= talks["scaling: 2 chats, p50"].value
    assert "2 chats / 1 chat, turns" in talks


@pytest.mark.slow
@pytest.mark.weights
def test_the_same_prompts_are_answered_by_ours_and_by_generate() -> None:
    from mindseye.eval.bench import language

    found = named(language.figures(ONCE, n=2))
    assert {
        "decoding / generate, tokens", "decoding, 2 at a time / generate, tokens",
        "decoding, 2 at a time / generate, 2 at a time, tokens",
    } <= set(found)  # fmt: skip
    # Nothing keeps plain answers to the schema, so a few may be others.
    assert found["language: answers alike, decoding and generate"].value >= 0.5


@pytest.mark.slow
@pytest.mark.weights
def test_decisions_are_taken_by_both_on_the_same_tables() -> None:
    from mindseye.eval.bench import planning
    from mindseye.planner.agent import Agent

    found = named(planning.decisions(Agent.from_config(threads=1), ONCE))
    assert {"decision / Video Language Planning", "decision: language"} <= set(found)
    assert found["decision: pictures"].value > 0
    assert found["Video Language Planning: pictures"].value > 0


@pytest.mark.slow
@pytest.mark.weights
def test_memory_is_followed_run_by_run_and_a_run_begins() -> None:
    found = named(memory.figures(ONCE, Config(threads=1)))
    assert found["memory: models"].value > 100
    assert found["memory: growth"].rounds == 3
    assert starting.first_event() > 0
    assert starting.seconds_of("-c", "import mindseye") > 0


def test_growth_is_the_power_of_the_work() -> None:
    linear = {work: [0.5 * work, 0.5 * work] for work in (2, 4, 24)}
    assert growth.growth(linear) == pytest.approx(1.0)
    assert growth.growth({w: [w**2.0] for w in (1, 3, 9)}) == pytest.approx(2.0)
