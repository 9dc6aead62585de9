"""Ratios as they were when they were last kept, and how far today's are from them.

A ratio of two speeds on one machine depends little on the machine, so a change is worth a look
where an absolute figure tells nothing. Nothing fails by it: a timed test on a busy machine is a
coin toss.
"""

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from mindseye.eval.bench.measure import Figure
from mindseye.planner.files import write_whole
from mindseye.tools.errors import BadInput

NOTEWORTHY = 0.1
"""A ratio that fell by more than this share, and by more than its rounds differ, is marked."""
PACKAGES = ("mindseye", "mujoco", "torch", "transformers", "numpy", "llguidance")


class Ratio(BaseModel):
    """One ratio as it was kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float
    low: float | None = None
    high: float | None = None
    rounds: int = 1


class Part(BaseModel):
    """The ratios of one part, all from one run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    commit: str
    """That was measured; with "+" where files differed from it, empty where there is no Git."""
    machine: dict[str, str]
    ratios: dict[str, Ratio]


class Kept(BaseModel):
    """The stored file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    parts: dict[str, Part] = {}


def package_file() -> Path:
    """Return where ratios are kept unless somebody names a file."""
    return Path(str(files("mindseye.eval").joinpath("data", "bench.json")))


def read_kept(path: Path) -> Kept:
    """Return what was kept; nothing where there is no file yet.

    Raises:
      BadInput: it cannot be read.
    """
    try:
        return Kept.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Kept()
    except OSError as error:
        raise BadInput(f"cannot read the ratios {str(path)!r}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadInput(
            f"{str(path)!r} holds no ratios of mindseye bench: {where}: {first['msg']}"
        ) from error


def keep(path: Path, found: Mapping[str, Sequence[Figure]]) -> None:
    """Store the ratios of the parts that were run; those of others stay as they are.

    Raises:
      BadInput: the file cannot be written or read.
    """
    now = {
        part: Part(commit=commit(), machine=machine(), ratios=_ratios(figures))
        for part, figures in found.items()
    }
    whole = Kept(parts={**read_kept(path).parts, **now})
    try:
        write_whole(path, whole.model_dump_json(indent=1).encode() + b"\n")
    except OSError as error:
        raise BadInput(
            f"cannot write the ratios to {str(path)!r}: {error}; name a file: --kept FILE"
        ) from error


def _ratios(figures: Sequence[Figure]) -> dict[str, Ratio]:
    return {
        f.name: Ratio(value=f.value, low=f.low, high=f.high, rounds=f.rounds)
        for f in figures
        if f.peer
    }


def compare(kept: Kept, found: Mapping[str, Sequence[Figure]]) -> dict[str, dict[str, Any]]:
    """Return for each ratio of the parts that were run what it was, is, and the change.

    Returns:
      name -> `{"then": float|None, "now": float|None, "change": float|None, "drop": bool}`;
      the change as a share of then, None where there is nothing to compare with.
    """
    changes = {}
    for part, figures in found.items():
        now = _ratios(figures)
        then = kept.parts[part].ratios if part in kept.parts else {}
        for name in {**then, **now}:
            changes[name] = _change(then.get(name), now.get(name))
    return changes


def _change(then: Ratio | None, now: Ratio | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "then": then and then.value, "now": now and now.value, "change": None, "drop": False,
    }  # fmt: skip
    if then is None or now is None:
        return told
    change = now.value / then.value - 1
    lowest = then.value if then.low is None else then.low
    highest = now.value if now.high is None else now.high
    return told | {"change": change, "drop": change < -NOTEWORTHY and highest < lowest}


def lines(changes: Mapping[str, Mapping[str, Any]], kept: Kept) -> list[str]:
    """Return the change in words, a line each."""
    if not changes:
        return ["no ratios were measured"]
    width = max(map(len, changes))
    told = [f"{'ratio':{width}}    then     now  change"]
    for name, row in changes.items():
        then, now = (f"{row[k]:7.2f}" if row[k] is not None else "      -" for k in ("then", "now"))
        change = "new" if row["then"] is None else "not measured"
        if row["change"] is not None:
            change = f"{100 * row['change']:+.0f} %{'  DROP' if row['drop'] else ''}"
        told.append(f"{name:{width}} {then} {now}  {change}")
    return [*told, *_elsewhere(kept)]


def _elsewhere(kept: Kept) -> list[str]:
    """Say on what other machine or versions the kept ratios were measured."""
    here, told = machine(), []
    for name, part in kept.parts.items():
        other = [
            f"{k} {v}, here {here.get(k)}" for k, v in part.machine.items() if here.get(k) != v
        ]
        if other:
            told.append(f"kept {name}: {'; '.join(other)}")
    return told


def machine() -> dict[str, str]:
    """Return what figures depend on beside the code."""
    found = {
        "cpus": str(os.cpu_count()), "machine": platform.machine(),
        "python": platform.python_version(),
    }  # fmt: skip
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def commit() -> str:
    """Return the commit of the source tree that this is, with "+" where files differ from it."""
    root = package_file().resolve().parents[2]

    def git(*arguments: str) -> str:
        try:
            done = subprocess.run(
                ["git", "-C", str(root), *arguments], capture_output=True, text=True
            )
        except OSError:
            return ""
        return done.stdout.strip() if done.returncode == 0 else ""

    found = git("rev-parse", "--short", "HEAD") if (root / "pyproject.toml").exists() else ""
    return found + ("+" if found and git("status", "--porcelain", "-uno") else "")
