"""Recorded play: whole or not at all, the same for a seed, read back as it was."""

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from mindseye.tools.errors import BadInput
from mindseye.tools.games.demonstrations import make_game_data
from mindseye.tools.games.overlay import STRIP, Keyboard
from mindseye.tools.games.players import make_player
from mindseye.tools.games.playing import Episode, Recording, play_episode
from mindseye.tools.games.recording import read_episodes, write_played
from mindseye.tools.games.worlds import game_spec, make_game


def shards(folder: Path) -> dict[str, bytes]:
    """Return the shards under a folder by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.tar"))}


def test_a_killed_run_goes_on_and_workers_change_nothing(tmp_path: Path) -> None:
    whole = make_game_data(tmp_path / "whole", n=7, seed=3, shard=3, workers=2)
    assert len(shards(whole)) == 3
    broken = make_game_data(tmp_path / "broken", n=4, seed=3, shard=3)
    first, second = sorted(broken.glob("*.tar"))
    second.unlink()
    (broken / "play-minigrid-scripted-3-00001-3.part").write_bytes(b"half a file")
    untouched = first.stat().st_mtime_ns
    make_game_data(broken, n=7, seed=3, shard=3)
    assert shards(broken) == shards(whole)
    assert first.stat().st_mtime_ns == untouched, "what was whole is not made again"
    other = make_game_data(tmp_path / "other", n=3, seed=4, shard=3)
    assert set(shards(other).values()).isdisjoint(shards(whole).values())


def test_slips_are_recordings_of_their_own(tmp_path: Path) -> None:
    make_game_data(tmp_path, n=2)
    make_game_data(tmp_path, n=2, slips=0.5)
    straight, slipping = list(read_episodes(tmp_path))[:2], list(read_episodes(tmp_path))[2:]
    assert [e.seed for e in straight] == [e.seed for e in slipping]
    assert sum(len(e.actions) for e in slipping) > sum(len(e.actions) for e in straight)
    card = (tmp_path / "README-minigrid-scripted-slips500.md").read_text()
    assert "mindseye data games --world minigrid --n 2 --seed 0 --slips 0.5" in card
    assert "in 50% of its actions" in card
    assert all(e.meant.all() for e in straight)
    meant = np.concatenate([e.meant for e in slipping])
    assert 0.3 < meant.mean() < 0.7


def test_a_slip_may_last_and_its_share_stays_the_same() -> None:
    game, lengths = make_game("minigrid"), list[int]()
    for seed in range(8):
        player = make_player("scripted", "minigrid", slips=0.3, bout=6)
        played = play_episode(game, player, "scripted", seed)
        wrong = "".join(".x"[not m] for m in played.meant).split(".")
        lengths += [len(x) for x in wrong if x]
        # Whoever slips holds on to the same wrong key.
        for i in np.flatnonzero(~played.meant[1:] & ~played.meant[:-1])[:1]:
            assert played.actions[i] == played.actions[i + 1]
    assert max(lengths) >= 4


@pytest.mark.parametrize("name", ["minigrid", "tabletop"])
def test_an_episode_is_read_as_it_was_played_and_plays_again(name: str, tmp_path: Path) -> None:
    game = make_game(name)
    played = play_episode(game, make_player("scripted", name), "scripted", seed=11)
    path = write_played(tmp_path, played)
    (read,) = read_episodes(tmp_path)
    for field in ("game", "player", "seed", "goal", "ended", "score", "reached"):
        assert getattr(read, field) == getattr(played, field)
    for field in ("frames", "actions", "rewards"):
        assert (getattr(read, field) == getattr(played, field)).all()
        assert getattr(read, field).dtype == getattr(played, field).dtype
    again = Recording(game, "again", read.seed, read.goal)
    for action in read.actions:
        again.step(action)
    assert (again.episode().frames == read.frames).all()
    with tarfile.open(path) as tar:
        assert [m.name.partition(".")[2] for m in tar] == ["json", "frames.npz", "play.npz"]
    assert next(read_episodes(tmp_path, frames=False)).frames.shape == (0, 64, 64, 3)


def check_shown(episode: Episode) -> None:
    """Assert that the actions can be read off the shown frames, and nothing off the first."""
    spec = game_spec(episode.game)
    keyboard, shown = Keyboard(spec.space, spec.keys), episode.shown()
    assert len(shown) == len(episode.actions) + 1
    assert keyboard.read(shown[0]).down == ()
    read = [keyboard.action(keyboard.read(frame)) for frame in shown[1:]]
    assert (np.array(read) == episode.actions).all()
    assert (shown[:, :-STRIP] != 0).any()


def test_the_keyboard_is_drawn_on_reading(tmp_path: Path) -> None:
    make_game_data(tmp_path, n=2, player="random")
    for episode in read_episodes(tmp_path):
        check_shown(episode)


def test_what_a_person_plays_is_kept_beside_what_is_there(tmp_path: Path) -> None:
    left = Recording(make_game("minigrid"), "person", 1)
    left.step(2)
    paths = [write_played(tmp_path, left.episode()) for _ in range(2)]
    assert [p.name[-9:] for p in paths] == ["00000.tar", "00001.tar"]
    assert [len(e.actions) for e in read_episodes(tmp_path)] == [1, 1]
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="cannot write what was played"):
        write_played(tmp_path / "file", left.episode())


def test_what_is_no_recording_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no play in .*; make some: mindseye data games --out"):
        list(read_episodes(tmp_path))
    make_game_data(tmp_path, n=1)
    (path,) = tmp_path.glob("*.tar")
    with tarfile.open(path) as tar:
        told = json.loads(tar.extractfile(tar.next() or "").read())  # type: ignore[union-attr]
    whole = path.read_bytes()
    assert told["version"] == 1
    path.write_bytes(whole.replace(b'"version":1', b'"version":9'))
    with pytest.raises(BadInput, match="holds no play that this version reads"):
        list(read_episodes(tmp_path))


def test_what_cannot_be_made_is_told(tmp_path: Path) -> None:
    for given, says in (
        ({"world": "pong"}, "no game called 'pong'"),
        ({"n": 0}, "must be at least 1, not 0"),
        ({"slips": 1.5}, "a share from 0 to 1, not 1.5"),
    ):
        with pytest.raises(BadInput, match=says):
            make_game_data(tmp_path, **given)
