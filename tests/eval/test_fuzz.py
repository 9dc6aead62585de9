"""The fuzzer finds nothing in our parsers, and finds what is planted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mindseye.eval.fuzz import Series, fuzz, throw
from mindseye.eval.hostile import hostile, valid
from mindseye.tools.errors import BadInput, ToolError
from mindseye.tools.physics.lab.program import parse_program
from mindseye.tools.physics.mjcf.parse import parse_mjcf


def test_three_hundred_hostile_inputs_do_no_harm() -> None:
    result = fuzz(300, seed=3)
    for name, row in result["conditions"].items():
        assert result["findings"] == [], name
        assert (row["score"], row["n"], row["unscored"]) == (1.0, 300, 0)
        # Neither noise only, nor harmless only.
        assert row["refused"] > 100
        assert row["accepted"] > 3
        assert row["not_simulated"] > 3


def test_an_input_follows_from_seed_and_number() -> None:
    one = [hostile("mjcf", 1, k, "/x") for k in range(40)]
    assert one == [hostile("mjcf", 1, k, "/x") for k in range(40)]
    assert len(set(one)) > 35
    assert one != [hostile("mjcf", 2, k, "/x") for k in range(40)]
    assert any("/x" in text for k in range(300) for text in [hostile("mjcf", 1, k, "/x")])


def test_what_it_starts_from_is_valid() -> None:
    for text in valid("mjcf"):
        parse_mjcf(text)
    for text in valid("program"):
        parse_program(text)
    with pytest.raises(ToolError):
        parse_mjcf(valid("mjcf")[0][:-1])


WORKER = """
import json, os, sys, time
first, last = int(sys.argv[3]), int(sys.argv[4])
print(json.dumps({"ready": True}), flush=True)
for k in range(first, last):
    if k == 3:
        time.sleep(60)
    if k == 5:
        os._exit(1)
    row = {"index": k, "ended": "memory" if k == 7 else "refused"}
    print(json.dumps(row), flush=True)
    if k == 7:
        break
"""


def test_a_worker_that_hangs_dies_or_grows_is_counted_and_the_rest_goes_on() -> None:
    command = (sys.executable, "-c", WORKER)
    tally = throw(
        Series(
            target="mjcf", seed=0, first=0, n=10, command=command, hang_seconds=2.0, per_worker=2
        )
    )
    assert dict(tally.ended) == {"refused": 7, "hang": 1, "crash": 1, "memory": 1}
    assert [f["index"] for f in tally.findings] == [3, 5, 7]
    row = tally.row(10)
    assert (row["hangs"], row["crashes"], row["over_memory"], row["n"]) == (1, 1, 1, 10)
    assert row["score"] == 0.7


PLANTED = """
import json, os, subprocess, sys
from pathlib import Path
from mindseye.eval.fuzz_worker import FileWatch, attack
from mindseye.tools.gl import mujoco
folder = Path(sys.argv[1])
(folder / "canary.xml").write_text("<mujoco/>")
watch = FileWatch(folder)
def fine(text): return "accepted"
def opens(text): open("/dev/null").close(); return "accepted"
def raises(text): raise KeyError(text)
def reads_in_c(text):
    mujoco.MjModel.from_xml_path(str(folder / "canary.xml"))
    return "accepted"
rows = [attack(v, watch, "x") for v in (fine, opens, raises, reads_in_c, fine)]
print(json.dumps(rows))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs inotify")
def test_what_opens_a_file_is_seen_in_python_and_in_c(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PLANTED, str(tmp_path)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    rows = json.loads(done.stdout)
    assert [r["ended"] for r in rows] == ["accepted", "file", "crash", "file", "accepted"]
    assert "/dev/null" in rows[1]["detail"]
    assert "KeyError" in rows[2]["detail"]
    assert "canary.xml" in rows[3]["detail"]


def test_an_unknown_target_is_named() -> None:
    with pytest.raises(BadInput, match="no target 'yaml'; there are mjcf, program"):
        fuzz(1, targets=["yaml"])
