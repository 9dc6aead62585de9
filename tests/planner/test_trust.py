"""Trust: the posterior, the database that many runs share, and runs that learn from surprise."""

import json
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindseye import Agent, make_world
from mindseye.planner.agent import load_eye, load_tool
from mindseye.planner.cli import invoke
from mindseye.planner.config import Config, merge
from mindseye.planner.events import Checked, Failed, Replanned, RunStarted, Surprised
from mindseye.planner.language.mind import LanguageMind
from mindseye.planner.picture import Eye
from mindseye.planner.record import Recorder, read_record
from mindseye.planner.replay import replay
from mindseye.planner.report import write_report
from mindseye.planner.trust import PRIOR, Trust, skill_of
from mindseye.planner.trust_store import TrustStore
from mindseye.tools.subgoals import Subgoal

SKILLS = ("push cube", "push ball", "push star")
CHECKS = st.lists(
    st.tuples(st.sampled_from(sorted(PRIOR)), st.sampled_from(SKILLS), st.booleans()), max_size=40
)
SEEN = Trust(tallies={"physics": {"push cube": (1, 0), "push ball": (0, 2)}})


def after(checks: list[tuple[str, str, bool]], trust: Trust | None = None) -> Trust:
    trust = trust or Trust()
    for check in checks:
        trust = trust.updated(*check)
    return trust


@given(CHECKS, CHECKS)
def test_order_does_not_matter_and_the_json_form_is_read_back(
    first: list[tuple[str, str, bool]], second: list[tuple[str, str, bool]]
) -> None:
    start = after(first)
    end = after(second, start)
    assert end == after([*second, *first])
    assert end.since(start) == after(second)
    assert Trust.from_json(json.loads(json.dumps(end.to_json()))) == end


@given(CHECKS, st.sampled_from(sorted(PRIOR)), st.sampled_from(SKILLS), st.booleans())
def test_a_check_moves_its_own_tool_its_way_and_its_own_skill_most(
    checks: list[tuple[str, str, bool]], tool: str, skill: str, came_true: bool
) -> None:
    before = after(checks)
    now = before.updated(tool, skill, came_true)
    sign = 1 if came_true else -1
    for other in PRIOR:
        for about in (*SKILLS, "push mug"):
            moved = sign * (now.mean(other, about) - before.mean(other, about))
            assert 0.0 < now.mean(other, about) < 1.0
            assert moved >= -1e-12 if other == tool else moved == 0.0
    fresh = Trust().updated(tool, skill, came_true)
    own, others = fresh.mean(tool, skill), fresh.mean(tool, "push mug")
    assert sign * own > sign * others > sign * Trust().mean(tool, skill)
    assert now.interval(tool, skill)[0] < now.mean(tool, skill) < now.interval(tool, skill)[1]


@given(st.integers(0, 50), st.integers(0, 50), st.sampled_from(sorted(PRIOR)))
def test_with_one_skill_the_prior_is_counted_on(right: int, wrong: int, tool: str) -> None:
    trust = Trust(tallies={tool: {"push cube": (right, wrong)}})
    expected = PRIOR[tool][0] + right, PRIOR[tool][1] + wrong
    assert trust.beta(tool, "push cube") == trust.beta(tool) == expected


def test_however_much_is_known_of_others_a_skill_soon_speaks_for_itself() -> None:
    trust = Trust(tallies={"physics": {"push cube": (10_000, 0)}})
    assert trust.mean("physics", "push ball") > 0.99
    missed = after([("physics", "push ball", False)] * 10, trust)
    assert missed.mean("physics", "push ball") == pytest.approx(0.5, abs=0.01)
    assert missed.mean("physics", "push cube") > 0.99


def test_a_skill_is_what_is_pushed() -> None:
    for move, skill in (("red cube", "push cube"), ("red coffee mug", "push coffee mug")):
        assert skill_of(Subgoal(move=move, relation="in_area", area="top")) == skill


def test_processes_that_add_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "trust.sqlite"
    code = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        from mindseye.planner.trust import Trust
        from mindseye.planner.trust_store import TrustStore
        seen = Trust(tallies={SEEN.to_json()!r})
        print("ready", flush=True)
        sys.stdin.readline()
        for _ in range(10):
            TrustStore(Path({str(path)!r})).add(seen, "a-run")
    """)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    # Both make the database, too.
    for writer in writers:
        writer.communicate("go\n", timeout=60)
        assert writer.returncode == 0
    rows = TrustStore(path).rows()
    assert [(r.skill, r.tally, r.run) for r in rows] == [
        ("push ball", (0, 40), "a-run"),
        ("push cube", (20, 0), "a-run"),
    ]


def _foreign(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE recipes (name TEXT)")
    database.close()


def _changed(path: Path, statement: str) -> None:
    TrustStore(path).add(SEEN)
    with sqlite3.connect(path) as database:
        database.execute(statement)
    database.close()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda p: p.write_text("once upon a time " * 100), "not a database"),
        (lambda p: p.mkdir(), "unable to open"),
        (_foreign, "a database of something else"),
        (lambda p: _changed(p, "PRAGMA user_version = 7"), "version 7"),
        (lambda p: _changed(p, "UPDATE trust SET tool = 'oracle'"), "'oracle'"),
        (lambda p: _changed(p, "DROP TABLE trust"), "no such table"),
    ],
    ids=["text", "folder", "foreign", "later", "tool", "dropped"],
)
def test_a_file_that_cannot_be_used_is_one_line_with_the_way_out(
    spoil: Callable[[Path], Any], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "trust.sqlite"
    spoil(path)
    before = path.read_bytes() if path.is_file() else b""
    for arguments in (
        ["trust", "--db", str(path)],
        ["trust", "reset", "--yes", "--db", str(path)],
        ["run", "push it", "--set", f"trust={path}"],
    ):
        assert invoke(arguments) == 2
        told = capsys.readouterr()
        assert (told.out, told.err.count("\n")) == ("", 1)
        assert said in told.err
        assert "Move it away" in told.err
    assert not path.is_file() or path.read_bytes() == before


def test_trust_is_listed_and_reset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "trust.sqlite"

    def listed() -> list[dict[str, Any]]:
        assert invoke(["trust", "--json", "--db", str(path)]) == 0
        found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["trust"]
        return found

    assert listed() == []
    assert not path.exists()
    TrustStore(path).add(SEEN, "a-run")
    TrustStore(path).add(Trust(tallies={"video": {"push ball": (0, 3)}}))
    rows = listed()
    assert [(r["tool"], r["skill"], r["right"], r["wrong"], r["n"]) for r in rows] == [
        ("physics", "push ball", 0, 2, 2),
        ("physics", "push cube", 1, 0, 1),
        ("video", "push ball", 0, 3, 3),
    ]
    # Beta(2, 5): its mean is 2/7, and its quantiles are in every table.
    assert rows[2]["mean"] == pytest.approx(2 / 7)
    assert rows[2]["interval"] == pytest.approx([0.0433, 0.6412], abs=1e-4)
    assert invoke(["trust", "--db", str(path)]) == 0
    line = capsys.readouterr().out.splitlines()[3]
    assert line.split() == ["video", "push", "ball", "0", "3", "0.29", "[0.04,", "0.64]", "3"]
    base = ["trust", "reset", "--db", str(path)]
    assert invoke(base) == 2
    assert invoke([*base, "--yes", "--tool", "phisics"]) == 2
    assert "Did you mean 'physics'" in capsys.readouterr().err
    assert len(listed()) == 3
    assert invoke([*base, "--yes", "--tool", "physics", "--skill", "push ball"]) == 0
    assert [(r["tool"], r["skill"]) for r in listed()] == [
        ("physics", "push cube"),
        ("video", "push ball"),
    ]
    assert invoke([*base, "--yes"]) == 0
    assert listed() == []


class Idle:
    """An action decoder that lets everything stand where it is: no push comes true."""

    def decode(self, *_: Any) -> None:
        return None


class CutOff(Idle):
    """One that is interrupted at the second push."""

    def __init__(self) -> None:
        self.pushes = 0

    def decode(self, *_: Any) -> None:
        self.pushes += 1
        if self.pushes == 2:
            raise KeyboardInterrupt


OBJECTS = ("red cube", "blue ball", "yellow star")
NEXT_TO = {"relation": "near", "subject": "red cube", "object": "blue ball"}


@pytest.fixture
def settings(tmp_path: Path) -> Config:
    answers = {
        "goal": [{"all": [NEXT_TO]}],
        "subgoals": [
            {"subgoals": [{"move": "red cube", "relation": "near", "object": "blue ball"}]}
        ],
        "check": [{"tools": "physics"}],
        "choice": [{"choice": 1}],
    }
    (tmp_path / "script.json").write_text(json.dumps({"answers": answers}))
    return merge(
        Config(),
        {
            "model": f"scripted:{tmp_path / 'script.json'}", "tools": "physics", "seed": 3,
            "threads": 1, "filled": False, "objects": OBJECTS, "max_decisions": 1,
            "decoder": f"{__name__}:Idle",
            "trust": str(tmp_path / "trust.sqlite"),
        },
    )  # fmt: skip


@pytest.fixture(scope="module")
def eye() -> Eye:
    return load_eye(merge(Config(), {"tools": "physics", "threads": 1}))


class Spoiling:
    """A world that spoils a file once it is laid."""

    def __init__(self, world: Any, path: Path) -> None:
        self.world, self.path = world, path
        self.step, self.close = world.step, world.close

    def reset(self, **arguments: Any) -> Any:
        self.path.write_text("spoilt " * 1000)
        return self.world.reset(**arguments)


def run(settings: Config, eye: Eye, folder: Path, spoilt: Path | None = None) -> None:
    """Run a task and keep its record in a folder."""
    decoder = load_tool(settings, "decoder")
    agent = Agent(settings, LanguageMind.from_config(settings), eye, decoder)
    with make_world(objects=OBJECTS, seed=3) as world, Recorder(folder) as recorder:
        where = world if spoilt is None else Spoiling(world, spoilt)
        agent.run("put them together", where, recorder=recorder)


def test_surprise_lowers_trust_for_the_next_run_and_replays_are_the_same(
    settings: Config, eye: Eye, tmp_path: Path
) -> None:
    run(settings, eye, tmp_path / "first")
    first = read_record(tmp_path / "first")
    (check,) = first.of(Checked)
    assert (check.tool, check.skill, check.came_true) == ("physics", "push cube", False)
    assert check.metres > 0.05
    assert (len(first.of(Surprised)), len(first.of(Replanned))) == (1, 1)
    kept = TrustStore(tmp_path / "trust.sqlite")
    assert [(r.tally, r.run) for r in kept.rows()] == [((0, 1), "first")]
    run(settings, eye, tmp_path / "second")
    second = read_record(tmp_path / "second")
    start = {"physics": {"push cube": (0, 1)}}
    assert first.of(RunStarted)[0].trust == {}
    assert second.of(RunStarted)[0].trust == start
    page = write_report(tmp_path / "second").read_text(encoding="utf-8")
    # Beta(9, 2) before, Beta(9, 3) after.
    assert "trust in physics" in page
    assert "0.82 → 0.75" in page
    # A replay starts from what was believed then, not from what is now, and is not counted.
    kept.add(SEEN)
    now = kept.rows()
    assert replay(tmp_path / "second", keep=tmp_path / "again").same
    assert read_record(tmp_path / "again").of(RunStarted)[0].trust == start
    assert kept.rows() == now


def test_what_was_cut_off_is_kept_once(settings: Config, eye: Eye, tmp_path: Path) -> None:
    settings = merge(settings, {"decoder": f"{__name__}:CutOff", "max_decisions": 3})
    with pytest.raises(KeyboardInterrupt):
        run(settings, eye, tmp_path / "cut")
    assert [r.tally for r in TrustStore(tmp_path / "trust.sqlite").rows()] == [(0, 1)]


def test_a_database_that_is_spoilt_meanwhile_does_not_hide_how_the_run_ended(
    settings: Config, eye: Eye, tmp_path: Path
) -> None:
    run(settings, eye, tmp_path / "run", spoilt=tmp_path / "trust.sqlite")
    record = read_record(tmp_path / "run")
    assert [(f.stage, f.fatal) for f in record.of(Failed)] == [("trust", False)]
    assert record.result is not None
    assert record.result.reason.startswith("budget spent")
