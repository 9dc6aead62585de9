"""Random pokes to learn from: a picture before, the poke, a picture after."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.errors import BadInput
from mindseye.tools.poking.table import Tables
from mindseye.tools.shards import Sample, Shards, npz, read_tar, write_tar

SHARD = 256
"""Pokes in one file."""
SIDE_BY_SIDE = 8
"""Tables with the same things that are poked together."""
IN_TURN = 2
"""Pokes of each table, one after the other."""
CARD = """---
license: apache-2.0
task_categories: [robotics]
---
# Random pokes of the table

{n} pokes of tables with one to three things, made by
`mindseye data pokes --n {n} --seed {seed}`. Each is the project's push skill done at a random
place (four in five near a thing), in a random direction, for 3 to 12 cm, by the simulator; each
table is poked twice. WebDataset format: `KEY.poke.npz` holds `before` and `after`,
`[64, 64, 3] uint8` with the pusher at home, and `poke`, `[4]`: x and y in metres, angle in
radians, length in metres.
"""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Pokes:
    """Recorded pokes."""

    before: NDArray[np.uint8]
    """`[M, 64, 64, 3]`."""
    after: NDArray[np.uint8]
    """`[M, 64, 64, 3]`."""
    pokes: NDArray[np.float64]
    """`[M, 4]`, see `Poke.array`."""

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.pokes)

    def part(self, rows: slice) -> "Pokes":
        """Return some of them."""
        return Pokes(before=self.before[rows], after=self.after[rows], pokes=self.pokes[rows])


def random_pokes(rng: np.random.Generator) -> Iterator[Sample]:
    """Yield random pokes without end."""
    while True:
        tables = Tables.random(rng, SIDE_BY_SIDE)
        before = tables.frames(rng)
        for _ in range(IN_TURN):
            pokes = tables.random_pokes(rng)
            tables = tables.poked(pokes)
            after = tables.frames(rng)
            for one, other, poke in zip(before, after, pokes, strict=True):
                yield {"poke.npz": npz(before=one, after=other, poke=poke.array())}
            before = after


def _make_shard(path: Path, seed: int, index: int, samples: int) -> None:
    # The 0 keeps these scenes apart from those that are measured on.
    source = random_pokes(np.random.default_rng([0, seed, index]))
    write_tar(path, (next(source) for _ in range(samples)))


def make_poke_data(
    out: Path,
    n: int = 20_000,
    seed: int = 0,
    workers: int | None = None,
    shard: int = SHARD,
    ray: str | None = None,
) -> Path:
    """Make `n` random pokes as shards under `out`; a killed run goes on where it stopped.

    Args:
      out: folder, made when absent.
      n: pokes in all, those already there included.
      seed: the same seed makes the same pokes, however many workers there are.
      workers: processes, one by default; with `ray` as many workers as there is room for.
      shard: pokes in one file.
      ray: address of a Ray cluster whose workers poke.

    Raises:
      BadInput: nothing to make.
      Unavailable: there is no such cluster.
    """
    shards = Shards(out=out, stem="pokes", seed=seed, size=shard, make=_make_shard)
    shards.write(n, workers, "poke", ray)
    (out / "README.md").write_text(CARD.format(n=n, seed=seed))
    return out


def read_pokes(folder: Path) -> Pokes:
    """Return all pokes of a folder, in the order of their files.

    Raises:
      BadInput: there are none.
    """
    rows = []
    for path in sorted(folder.glob("pokes-*.tar")):
        for sample in read_tar(path):
            with np.load(io.BytesIO(sample["poke.npz"])) as held:
                rows.append((held["before"], held["after"], held["poke"]))
    if not rows:
        raise BadInput(f"no pokes in {str(folder)!r}; make some: mindseye data pokes")
    before, after, pokes = (np.stack(column) for column in zip(*rows, strict=True))
    return Pokes(before=before, after=after, pokes=pokes)
