"""Checksums of the weights inside the package: written after training, read by the doctor."""

import hashlib
import importlib.resources
from pathlib import Path

LIST = "weights.sha256"


def read_checksums() -> dict[str, str]:
    """Return path inside the package -> sha256 that it should have."""
    text = (importlib.resources.files("mindseye.planner") / LIST).read_text(encoding="utf-8")
    rows = [line.split() for line in text.splitlines() if line.strip()]
    return {path: digest for digest, path in rows}


def weight_files() -> list[str]:
    """Return the weight files that lie in the package, as paths inside it."""
    root = Path(str(importlib.resources.files("mindseye")))
    found = [p for room in ("planner", "tools") for p in (root / room).rglob("*.safetensors")]
    return sorted(p.relative_to(root).as_posix() for p in found)


def sha256(path: str) -> str:
    """Return the checksum of a file inside the package.

    Raises:
      OSError: it cannot be read.
    """
    return hashlib.sha256((importlib.resources.files("mindseye") / path).read_bytes()).hexdigest()


def write_checksums() -> Path:
    """Write the list anew from the files as they are."""
    path = Path(str(importlib.resources.files("mindseye.planner"))) / LIST
    path.write_text("".join(f"{sha256(p)}  {p}\n" for p in weight_files()), encoding="utf-8")
    return path


if __name__ == "__main__":
    write_checksums()
