"""Recorded play on disk: WebDataset tar files, which any reader of such takes.

Members that share a key make an episode: `KEY.json` (game, goal in words, player, score),
`KEY.frames.npz` (`frames`, without a keyboard) and `KEY.play.npz` (`actions`, `rewards`, `meant`,
and a `fact.NAME` for each fact). The keyboard is drawn when it is wanted, by `Episode.shown`, so
that another layout needs no other recording.
"""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from mindseye.tools.errors import BadInput
from mindseye.tools.games.playing import Episode
from mindseye.tools.games.worlds import game_spec
from mindseye.tools.shards import npz, read_tar, write_tar

FACT = "fact."


class _Told(BaseModel):
    """What `KEY.json` holds."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    game: str
    player: str
    seed: int
    goal: str
    ended: bool
    score: float
    reached: bool
    actions: list[str]
    """Names, by number; none for a joystick."""


def _members(episode: Episode) -> dict[str, bytes]:
    told = _Told(
        game=episode.game, player=episode.player, seed=episode.seed, goal=episode.goal,
        ended=episode.ended, score=episode.score, reached=episode.reached,
        actions=list(game_spec(episode.game).keys),
    )  # fmt: skip
    facts = {FACT + name: values for name, values in episode.facts.items()}
    return {
        "json": told.model_dump_json().encode(),
        "frames.npz": npz(frames=episode.frames),
        "play.npz": npz(
            actions=episode.actions, rewards=episode.rewards, meant=episode.meant, **facts
        ),
    }


def _episode(path: Path, members: Mapping[str, bytes], frames: bool) -> Episode:
    try:
        told = _Told.model_validate_json(members["json"])
    except (KeyError, ValidationError) as error:
        raise BadInput(f"{path} holds no play that this version reads: {error}") from error
    play = dict(np.load(io.BytesIO(members["play.npz"])))
    shown = np.load(io.BytesIO(members["frames.npz"]))["frames"] if frames else None
    return Episode(
        game=told.game, player=told.player, seed=told.seed, goal=told.goal, ended=told.ended,
        frames=np.zeros((0, 64, 64, 3), np.uint8) if shown is None else shown,
        actions=play["actions"], rewards=play["rewards"],
        # Recordings of before slips were told apart hold none.
        meant=play.get("meant", np.ones(len(play["actions"]), np.bool_)),
        facts={k.removeprefix(FACT): v for k, v in play.items() if k.startswith(FACT)},
    )  # fmt: skip


def write_episodes(path: Path, episodes: list[Episode]) -> None:
    """Write episodes as one tar file, whole or not at all."""
    write_tar(path, map(_members, episodes))


def read_episodes(folder: Path, frames: bool = True) -> Iterator[Episode]:
    """Yield all episodes under `folder`, in the order of the shards' names.

    Args:
      folder: what `make_game_data` or a person's play wrote.
      frames: read pictures too; without them there are none, `[0, 64, 64, 3]`.

    Raises:
      BadInput: there are none, or they are of another version.
    """
    paths = sorted(folder.glob("play-*.tar"))
    if not paths:
        raise BadInput(f"no play in {folder}; make some: mindseye data games --out {folder}")
    for path in paths:
        for members in read_tar(path):
            yield _episode(path, members, frames)


def write_played(folder: Path, episode: Episode) -> Path:
    """Write an episode that a person played beside what is there, and return its file.

    Raises:
      BadInput: the folder cannot be written.
    """
    stem = f"play-{episode.game}-person"
    taken = [int(p.stem.rsplit("-", 1)[1]) for p in folder.glob(f"{stem}-*.tar")]
    path = folder / f"{stem}-{max(taken, default=-1) + 1:05d}.tar"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_episodes(path, [episode])
    except OSError as error:
        raise BadInput(f"cannot write what was played to {str(folder)!r}: {error}") from error
    return path
