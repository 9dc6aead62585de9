"""What people install: the wheel holds one top-level name and everything that is needed."""

import configparser
import importlib.metadata
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml

import mindseye
from mindseye.planner.checksums import read_checksums, sha256, weight_files

ROOT = Path(mindseye.__file__).resolve().parents[2]
ROOMS = ("planner", "tools", "prompts", "eval")

pytestmark = pytest.mark.skipif(
    not (ROOT / "pyproject.toml").exists(), reason="needs the source tree"
)


def _build(target: str, source: Path, folder: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (path,) = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return zipfile.ZipFile(_build("wheel", ROOT, tmp_path_factory.mktemp("dist")))


def test_the_only_top_level_name_is_mindseye(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    version = importlib.metadata.version("mindseye")
    assert tops == {"mindseye", f"mindseye-{version}.dist-info"}


def test_every_module_template_prompt_and_weight_is_inside(wheel: zipfile.ZipFile) -> None:
    inside = set(wheel.namelist())
    expected = {
        f"mindseye/{path.relative_to(ROOT).as_posix()}"
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert "mindseye/planner/templates/report.html.jinja" in expected
    assert not expected - inside
    assert {"mindseye/__init__.py", "mindseye/py.typed"} <= inside


def test_nothing_else_is_inside(wheel: zipfile.ZipFile) -> None:
    for name in wheel.namelist():
        assert "__pycache__" not in name
        assert not name.endswith((".pt", ".bin", ".pkl", ".npz", ".log")), name
    assert sum(i.file_size for i in wheel.infolist()) < 60e6


def test_licence_and_notice_travel_with_the_wheel(wheel: zipfile.ZipFile) -> None:
    names = [n.rpartition("/")[2] for n in wheel.namelist() if ".dist-info/" in n]
    assert {"LICENSE", "NOTICE", "METADATA", "entry_points.txt"} <= set(names)


def test_the_command_and_what_it_finds_by_name_are_registered(wheel: zipfile.ZipFile) -> None:
    (name,) = (n for n in wheel.namelist() if n.endswith("entry_points.txt"))
    parser = configparser.ConfigParser()
    parser.read_string(wheel.read(name).decode())
    assert parser["console_scripts"]["mindseye"] == "mindseye.planner.cli:main"
    for target in parser["mindseye.commands"].values():
        module, _, _ = target.partition(":")
        assert module.replace(".", "/") + ".py" in wheel.namelist()


def test_the_wheel_works_from_its_own_files(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    code = "import mindseye, sys; sys.stdout.write(mindseye.__file__)"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            code + "; from mindseye.planner.cli import invoke; invoke(['--help'])",
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(str(tmp_path))
    assert "Usage: mindseye" in done.stdout


def test_the_source_distribution_builds_the_same_wheel(
    wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    archive = _build("sdist", ROOT, tmp_path / "sdist")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    source = tmp_path / archive.name.removesuffix(".tar.gz")
    assert not (source / "src" / "mindseye" / "planner").exists(), "a symlink got into the sdist"
    again = zipfile.ZipFile(_build("wheel", source, tmp_path / "wheel"))
    assert sorted(again.namelist()) == sorted(wheel.namelist())


def test_checksums_fit_the_weights() -> None:
    listed = read_checksums()
    assert sorted(listed) == weight_files(), "run `make checksums`"
    for path, expected in listed.items():
        assert sha256(path) == expected, f"{path}: run `make checksums` after training"


def test_weights_stay_small() -> None:
    total = sum((ROOT / path).stat().st_size for path in weight_files())
    assert total < 60e6


def test_every_weight_is_named_with_its_licence() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for path in weight_files():
        folders = [str(p) for p in Path(path).parents if p.name]
        assert any(folder in notice for folder in folders if "/" in folder), f"{path} in NOTICE"


def test_constraints_pin_every_dependency_and_no_local_build() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    assert not any("+" in version for version in pins.values())
    assert not any(name.startswith(("nvidia", "triton", "cuda")) for name in pins)
    for text in importlib.metadata.requires("mindseye") or ():
        name = re.split(r"[^A-Za-z0-9_.-]", text)[0].lower()
        if "extra ==" not in text:
            assert name in pins, f"{name} is not in constraints.txt"


def test_ci_runs_make_test_and_nothing_else_of_substance() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    commands = [line for line in script.splitlines() if line.strip() and not line.startswith("#")]
    assert sum("make" in line for line in commands) == 1
    assert "make test" in commands[-1]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_configs_in_the_package_are_readable() -> None:
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.yaml"):
            assert yaml.safe_load(path.read_text(encoding="utf-8")) is not None, path
