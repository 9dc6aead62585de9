"""What is installed, which back-ends answer, what is missing and the command that mends it."""

import importlib.metadata
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mindseye.planner.checksums import read_checksums, sha256
from mindseye.planner.config import TOOLS, Config, Tool

_GL_PROBE = "import mujoco; c = mujoco.GLContext(64, 64); c.make_current(); c.free()"
_PACKAGE = "package "
_MEND_WEIGHTS = "pip install --force-reinstall --no-deps mindseye"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    needed: bool = True
    """Without it a default run fails."""
    mend: str = ""
    """The command that mends it; empty when nothing is wrong."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def examine(config: Config) -> list[Check]:
    """Look at everything a run with this config needs. Loads the models, so it takes seconds."""
    return [
        _python(),
        *check_packages(),
        *check_weights(read_checksums()),
        *check_backends(config),
        _language(config),
        *check_endpoint(config),
        _gl(),
        _runs(config),
    ]


def lines(checks: list[Check]) -> Iterator[str]:
    """Return the checks as lines for people; packages that fit share one."""
    fits = [c for c in checks if c.name.startswith(_PACKAGE) and c.ok]
    for check in checks:
        if check in fits:
            if check is fits[0]:
                named = (f"{c.name.removeprefix(_PACKAGE)} {c.detail}" for c in fits)
                yield f"ok      packages: {', '.join(named)}"
            continue
        mark = "ok     " if check.ok else ("MISSING" if check.needed else "absent ")
        yield f"{mark} {check.name}: {' '.join(check.detail.split())}"
        if check.mend and not check.ok:
            yield f"        -> {check.mend}"


def _python() -> Check:
    version = platform.python_version()
    return Check(
        name="python",
        ok=sys.version_info >= (3, 11),
        detail=f"{version} on {platform.platform()}, {os.cpu_count()} CPUs",
        mend="install Python 3.11 or newer",
    )


def check_packages() -> Iterator[Check]:
    """Compare what is installed with what this version asks for."""
    from packaging.requirements import Requirement

    for text in importlib.metadata.requires("mindseye") or ():
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            version = ""
        fits = bool(version) and requirement.specifier.contains(version, prereleases=True)
        yield Check(
            name=_PACKAGE + requirement.name,
            ok=fits,
            detail=version or "not installed",
            mend=f'pip install "{requirement.name}{requirement.specifier}"',
        )


def check_weights(listed: Mapping[str, str]) -> Iterator[Check]:
    """Compare the weights inside the package with their checksums."""
    for path, expected in listed.items():
        name = f"weights {path}"
        try:
            found = sha256(path)
        except OSError as error:
            yield Check(name=name, ok=False, detail=str(error.strerror), mend=_MEND_WEIGHTS)
            continue
        fits = found == expected
        detail = f"sha256 {found[:12]}"
        if not fits:
            detail += f", expected {expected[:12]}: corrupt, or trained again"
        yield Check(name=name, ok=fits, detail=detail, mend=_MEND_WEIGHTS)


def _answers(name: str, load: Callable[[], Any], what: str, mend: str) -> Check:
    start = time.monotonic()
    try:
        load()
    except Exception as error:  # any failure of a back-end is what the doctor is asked about
        return Check(name=name, ok=False, detail=f"{what}: {error}", mend=mend)
    return Check(name=name, ok=True, detail=f"{what} answers, {time.monotonic() - start:.1f} s")


def _load_tool(config: Config, kind: Tool) -> Any:
    # Imported here, where a missing package is one finding among others.
    from mindseye.planner.agent import load_tool

    return load_tool(config, kind)


def _load_language(config: Config) -> Any:
    from mindseye.planner.language.models import load_language

    return load_language(config.model, config.model_options)


def check_backends(config: Config) -> Iterator[Check]:
    """Load every tool that the config names."""
    for kind in TOOLS:
        mend = f"choose another with --set {kind}=NAME, or {_MEND_WEIGHTS}"
        yield _answers(kind, partial(_load_tool, config, kind), getattr(config, kind), mend)


def _language(config: Config) -> Check:
    return _answers("language", partial(_load_language, config), config.model, "mindseye weights")


def check_endpoint(config: Config) -> Iterator[Check]:
    """Ask an OpenAI-compatible endpoint for its models, when one is configured."""
    import httpx

    address = config.model.removeprefix("openai:").partition("#")[0]
    url = address if address.startswith(("http://", "https://")) else ""
    url = url or str(config.model_options.get("base_url") or os.environ.get("OPENAI_BASE_URL", ""))
    if not url:
        return
    key = os.environ.get("OPENAI_API_KEY", "none")
    try:
        answer = httpx.get(
            url.rstrip("/") + "/models", headers={"Authorization": f"Bearer {key}"}, timeout=5
        )
        answer.raise_for_status()
        names = [str(m["id"]) for m in answer.json()["data"]]
        yield Check(name="endpoint", ok=True, detail=f"{url} serves {', '.join(names)}")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        mend = "start the server, or correct the URL in --model or OPENAI_BASE_URL"
        detail = f"{url}: {type(error).__name__}: {error}"
        yield Check(name="endpoint", ok=False, detail=detail, mend=mend)


def _gl() -> Check:
    """Try EGL in a process of its own: a broken driver takes its process with it."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _GL_PROBE],
            env=os.environ | {"MUJOCO_GL": "egl"},
            capture_output=True,
            timeout=60,
            check=False,
        )
        works = done.returncode == 0
    except subprocess.TimeoutExpired:
        works = False
    return Check(
        name="EGL",
        ok=works,
        needed=False,
        detail="works" if works else "not here; the ray caster renders without it",
        mend="apt-get install libegl1 libgl1 (only for rendering through mujoco.Renderer)",
    )


def _runs(config: Config) -> Check:
    folder = Path(config.runs)
    nearest = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        detail = f"cannot write in {str(nearest)!r}: {error.strerror}"
        return Check(name="runs folder", ok=False, detail=detail, mend="choose another: --runs DIR")
    return Check(name="runs folder", ok=True, detail=f"{str(folder)!r} can be written")
