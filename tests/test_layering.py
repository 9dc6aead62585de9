"""House rules that a reader should be able to rely on, held over the syntax tree."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mindseye

ROOT = Path(mindseye.__file__).parent
ROOMS = ("prompts", "tools", "planner", "eval")
MODULES = sorted(p for room in ROOMS for p in (ROOT / room).rglob("*.py"))
HEAVY = {"torch", "transformers", "diffusers", "mujoco", "cv2", "peft", "scipy", "gymnasium", "av",
         "accelerate", "langchain", "langchain_core", "openai", "mcp", "uvicorn", "rerun",
         "inspect_ai", "ray", "vllm"}  # fmt: skip
FORBIDDEN = {
    "prompts": ("mindseye.tools", "mindseye.planner", "mindseye.eval"),
    "tools": ("mindseye.planner", "mindseye.eval"),
    "planner": ("mindseye.eval",),
}


def _room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def _name(path: Path) -> str:
    return "mindseye." + ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _imports(path: Path) -> Iterator[str]:
    """Yield what a module imports anywhere in it, also in functions and under TYPE_CHECKING."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write mindseye...."
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args:
            # importlib.import_module("mindseye.eval") would get around the rule.
            called = ast.unparse(node.func)
            first = node.args[0]
            if called.endswith(("import_module", "__import__")) and isinstance(first, ast.Constant):
                yield str(first.value)


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_no_module_imports_upward(path: Path) -> None:
    for name in _imports(path):
        for package in FORBIDDEN.get(_room(path), ()):
            assert not _within(name, package), f"{_name(path)} imports {name}"


@pytest.mark.parametrize("path", [p for p in MODULES if _room(p) == "planner"], ids=_name)
def test_the_planner_reaches_neither_a_world_nor_its_scorer(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    for name in _imports(path):
        assert not _within(name, "mindseye.tools.world.tabletop"), name
        assert not _within(name, "mindseye.tools.world.sealed"), name
        assert not _within(name, "mindseye.tools.world.tasks"), name
        assert not _within(name, "mindseye.tools.games.players"), name
        assert not _within(name, "mindseye.tools.poking.table"), name
        assert not _within(name, "mindseye.tools.poking.world"), name
    tree = ast.parse(source)
    names = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    assert not names & {
        "take_scorer", "true_layout", "true_names", "true_gaps", "_scoring", "unwrapped",
    }  # fmt: skip


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_library_code_does_not_print(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", f"{_name(path)}:{node.lineno} prints"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_errors_are_not_swallowed(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{_name(path)}:{node.lineno}: bare except"
            broad = isinstance(node.type, ast.Name) and node.type.id in (
                "Exception",
                "BaseException",
            )
            silent = all(isinstance(s, ast.Pass | ast.Continue) for s in node.body)
            assert not (broad and silent), f"{_name(path)}:{node.lineno}: swallows everything"


@pytest.mark.parametrize("path", [p for p in MODULES if p.name == "__init__.py"], ids=_name)
def test_packages_import_nothing_heavy(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    for node in top:
        for name in [a.name for a in node.names] + [getattr(node, "module", None) or ""]:
            assert name.split(".")[0] not in HEAVY, f"{_name(path)} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    if source.strip():
        assert ast.get_docstring(ast.parse(source)), _name(path)


def test_help_and_import_load_nothing_heavy() -> None:
    code = (
        "import sys, mindseye\n"
        "from mindseye.planner.cli import invoke\n"
        "assert invoke(['--help']) == 0\n"
        "sys.stderr.write(' '.join(sorted({m.split('.')[0] for m in sys.modules})))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "run" in done.stdout
    loaded = set(done.stderr.split())
    assert "typer" in loaded
    assert not loaded & (HEAVY | {"numpy", "pydantic", "PIL", "httpx"})


def test_nothing_bears_a_name_that_says_nothing() -> None:
    for path in MODULES:
        assert path.stem not in ("utils", "util", "helpers", "common", "manager", "misc")
