"""Inverse dynamics: actions are read off pairs of pictures, and what was learned is kept."""

from pathlib import Path

import numpy as np
import pytest

from mindseye.planner.cli import invoke
from mindseye.tools.errors import BadInput
from mindseye.tools.games.demonstrations import make_game_data
from mindseye.tools.games.inverse import (
    ActionReader,
    agreement,
    labels_of,
    seen_by,
    train_inverse,
    train_reader,
)
from mindseye.tools.games.players import make_player
from mindseye.tools.games.playing import play_episode
from mindseye.tools.games.recording import read_episodes
from mindseye.tools.games.worlds import game_spec, make_game

SPEC = game_spec("minigrid")


def test_a_little_play_teaches_what_lies_between_two_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = make_game_data(tmp_path / "data", n=24, seed=3), tmp_path / "out"
    told = train_inverse(data, out, steps=100)
    assert told["episodes"] == 22
    assert told["accuracy"] > 0.7
    model = ActionReader.load(out)
    episodes = list(read_episodes(data))[-2:]
    pairs, actions = seen_by("inverse", episodes), labels_of(episodes)
    assert pairs.shape == (len(actions), 2, 52, 64, 3)
    read = model.read(pairs)
    assert read.sum(axis=1) == pytest.approx(1.0)
    assert agreement(SPEC, read, actions).mean() == told["accuracy"]
    action, sure = model.acts(*pairs[0])
    assert int(action) == read[0].argmax()
    assert sure == pytest.approx(read[0].max(), abs=1e-5)
    asked = ["train", "inverse", "--data", str(data), "--world", "freeway", "--json"]
    assert invoke(asked) == 2
    assert "too little play of freeway" in capsys.readouterr().err


def test_a_joystick_is_read_too_and_training_can_be_repeated() -> None:
    game, player = make_game("tabletop"), make_player("random", "tabletop")
    spec = game.spec_of
    episode = play_episode(game, player, "random", 1)
    pairs, actions = seen_by("inverse", [episode])[:60], labels_of([episode])[:60]
    models = [train_reader(spec, "inverse", pairs, actions, steps=6) for _ in range(2)]
    assert (models[0].read(pairs) == models[1].read(pairs)).all()
    assert np.abs(models[0].read(pairs)).max() <= 1
    assert spec.space.contains(models[0].acts(*pairs[0])[0])


def test_what_is_no_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no inverse model"):
        ActionReader.load(tmp_path)
    (tmp_path / "inverse.safetensors").write_bytes(b"nonsense")
    with pytest.raises(BadInput, match="no inverse model"):
        ActionReader.load(tmp_path)
    with pytest.raises(BadInput, match="no play to learn from"):
        train_reader(SPEC, "policy", np.zeros((0, 1, 52, 64, 3), np.uint8), np.zeros(0, int))
