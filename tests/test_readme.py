"""The README's Python runs as it stands, with the real models."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


@pytest.mark.slow
@pytest.mark.weights
def test_the_python_in_the_readme_runs(tmp_path: Path) -> None:
    script: list[str] = []
    for block in re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S):
        named = re.match(r"# (\w+\.py)\n", block)
        if named:
            (tmp_path / named[1]).write_text(block)
        else:
            script.append(block)
    assert len(script) > 1
    (tmp_path / "script.py").write_text("\n".join(script))
    environment = {**os.environ, "MUJOCO_GL": "disable", "PYTHONWARNINGS": "default"}
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=environment, capture_output=True,
        text=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    told = done.stdout.splitlines()
    assert told[0].startswith("True success")
    assert any(line.endswith(" finished") for line in told)
    assert any("red cube" in line and "blue ball" in line for line in told)
    assert any(line.endswith("50 grams") for line in told)
    assert len(json.loads(told[-1])) == 3
