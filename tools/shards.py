"""Samples on disk: WebDataset tar files, each written whole or not at all.

Members that share a key make a sample; what follows the key says what a member holds. Any
WebDataset reader takes them. What a shard holds depends on the seed and its number alone, so
that more workers change nothing but the time, and a killed run goes on where it stopped.
"""

import io
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mindseye.tools.errors import BadInput
from mindseye.tools.spread.crews import Where
from mindseye.tools.spread.files import spread_files

Sample = Mapping[str, bytes]
"""A sample's members, by what follows the key."""


def npz(**arrays: Any) -> bytes:
    """Return arrays as a compressed `.npz` that holds no pickles."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def write_tar(path: Path, samples: Iterable[Sample]) -> None:
    """Write samples as one tar file, whole or not at all; their keys are its name and a number."""
    part = path.with_suffix(".part")
    with tarfile.open(part, "w") as tar:
        for i, sample in enumerate(samples):
            for kind, data in sample.items():
                info = tarfile.TarInfo(f"{path.stem}-{i:03d}.{kind}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    os.replace(part, path)


def read_tar(path: Path) -> Iterator[Sample]:
    """Yield the samples of a tar file, one after the other."""
    key, found = None, dict[str, bytes]()
    with tarfile.open(path) as tar:
        for info in tar:
            name, _, kind = info.name.partition(".")
            if name != key and found:
                yield found
                found = {}
            key = name
            file = tar.extractfile(info)
            found[kind] = file.read() if file else b""
    if found:
        yield found


@dataclass(frozen=True, kw_only=True)
class Shards:
    """The shards of one data set: `STEM-SEED-NUMBER-SAMPLES.tar` in a folder."""

    out: Path
    stem: str
    seed: int
    size: int
    """Samples in one file."""
    make: Callable[[Path, int, int, int], None]
    """Writes one shard: its path, the seed, its number, its samples. A function of a module,
    or a `functools.partial` of one, since other processes call it."""

    def write(self, n: int, workers: int | None, unit: str, ray: str | None = None) -> None:
        """Write `n` samples in all, those already there included.

        Args:
          n: samples.
          workers: processes, one by default; with `ray` as many workers as there is room for.
          unit: what a sample is called.
          ray: address of a Ray cluster whose workers make them.

        Raises:
          BadInput: nothing to make.
          Unavailable: no workers, or shards that cost every worker its life.
        """
        least = 1 if workers is None else workers
        if min(n, least, self.size) < 1:
            raise BadInput(
                f"n, workers and shard must be at least 1, not {n}, {least}, {self.size}"
            )
        where = Where(workers=workers, ray=ray)
        self.out.mkdir(parents=True, exist_ok=True)
        wanted = {}
        for index in range((n + self.size - 1) // self.size):
            samples = min(self.size, n - index * self.size)
            if max(self._there(index), default=0) < samples:
                name = f"{self.stem}-{self.seed}-{index:05d}-{samples}.tar"
                wanted[name] = (self.seed, index, samples)
        for name in spread_files(self.out, wanted, self.make, where, f"shards of {unit}s"):
            # When fewer were asked for, the last shard began with the same samples.
            for shorter in self._there(wanted[name][1]).values():
                if shorter.name != name:
                    shorter.unlink()

    def _there(self, index: int) -> dict[int, Path]:
        """Return the files that hold one shard, by how many samples they hold."""
        found = self.out.glob(f"{self.stem}-{self.seed}-{index:05d}-*.tar")
        return {int(path.stem.rsplit("-", 1)[1]): path for path in found}
