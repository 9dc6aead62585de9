"""What screens are learnt from, and that learning starts, stops and goes on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from mindseye.tools.errors import BadInput
from mindseye.tools.games.overlay import keyboard_of
from mindseye.tools.games.playing import Episode
from mindseye.tools.games.recording import write_episodes
from mindseye.tools.games.worlds import game_spec
from mindseye.tools.video.screen.codec import as_pixels, build_codec, pixel_weights
from mindseye.tools.video.screen.generator import WEIGHTS, ScreenVideo
from mindseye.tools.video.screen.learner import ScreenLearner
from mindseye.tools.video.screen.measure import majority, some_moments
from mindseye.tools.video.screen.network import FRAMES, KEYS
from mindseye.tools.video.screen.settings import ScreenTraining
from mindseye.tools.video.screen.train import train_screen
from mindseye.tools.video.screen.windows import (
    FIRST_KEYS,
    LATER_KEYS,
    Play,
    Windows,
    code_frames,
    code_play,
    draw_pairs,
    read_play,
    split_play,
    token_weights,
    with_mirrored,
)


def episode(seed: int, length: int = 12, game: str = "minigrid") -> Episode:
    """Return play in which a square walks to the right."""
    frames = np.full((length + 1, 64, 64, 3), 40, dtype=np.uint8)
    for i in range(length + 1):
        frames[i, 20:28, 4 * i : 4 * i + 8] = (200, 40 + seed, 90)
    actions = np.random.default_rng(seed).integers(0, 5, length)
    return Episode(
        game=game, player="drawn", seed=seed,
        goal=game_spec(game).goals[1].words, frames=frames,
        actions=actions, rewards=np.zeros(length, np.float32),
        facts={"key": np.zeros(length, np.float32)}, ended=True,
        meant=np.ones(length, np.bool_),
    )  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with recorded play."""
    out = tmp_path_factory.mktemp("play")
    write_episodes(out / "play-drawn.tar", [episode(s) for s in range(6)])
    return out


@pytest.fixture(scope="module")
def play(data: Path) -> Play:
    """Return that play, coded by an untrained codec."""
    torch.manual_seed(0)
    return code_play(build_codec(8).eval(), read_play(data, 1000))


def test_windows_know_a_past_and_weigh_the_keys_pressed_next(play: Play) -> None:
    windows = Windows(play, np.random.default_rng(0))
    lengths, scrambled = set(), 0
    for _ in range(12):
        batch = windows.draw(8)
        lengths.add(batch.tokens.shape[1])
        assert batch.known[:, 0].all()
        assert not batch.known.all(dim=1).any()
        assert (batch.weight[batch.known] == 0).all()
        first = (~batch.known).to(torch.uint8).argmax(dim=1)
        keys = batch.weight[torch.arange(8), first][:, KEYS]
        # There is always a real action to learn: it is never beyond the episode's end.
        assert (keys == FIRST_KEYS).all()
        differs = (batch.given != batch.tokens).flatten(1).any(dim=1)
        scrambled += int(differs.sum())
    assert FRAMES in lengths
    assert len(lengths) > 2
    assert 24 < scrambled < 72


def test_scrambled_keys_leave_the_world_nearly_as_it_was(play: Play) -> None:
    true, bare, other = play.coded[0].astype(np.float32)
    assert play.coded[0].shape == (3, 13, 16, 32)
    for changed in (bare, other):
        off = np.abs(true - changed)[1:]
        # The codec's convolutions see a little beyond the strip.
        assert 0 < 20 * off[:, : KEYS.start // 3].max() < off[:, KEYS].max()


def test_tokens_are_those_of_the_frames_with_their_keys(play: Play) -> None:
    torch.manual_seed(0)
    tokens = code_frames(build_codec(8).eval(), play.episodes[0].shown())
    np.testing.assert_allclose(play.coded[0][0], tokens.numpy(), atol=2e-3)


def test_token_weights_follow_what_is_known() -> None:
    weight = token_weights(np.array([True, False, False, True]))
    assert weight[:, 0].tolist() == [0, 1, 1, 0]
    assert weight[:, KEYS.start].tolist() == [0, FIRST_KEYS, LATER_KEYS, 0]


def test_pixels_that_change_and_keys_count_more(play: Play) -> None:
    keyboard = keyboard_of(game_spec("minigrid"))
    before, after = draw_pairs(play, keyboard, 4, np.random.default_rng(0))
    # Other keys than those that were pressed: each is to be seen everywhere.
    assert len({int(keyboard.action(keyboard.read(f))) for f in (*before, *after)}) > 2
    weights = pixel_weights(*(as_pixels(torch.from_numpy(f)) for f in (before, after)))
    world = weights[:, :, :52]
    assert 0 < (world > 8).float().mean() < 0.1
    # A square stands out where it stays, and the empty ground around it does not.
    still = pixel_weights(as_pixels(torch.from_numpy(before)), as_pixels(torch.from_numpy(before)))
    assert still[:, :, :52].amax() > 1.5
    assert still[:, :, 36:46].amax() < 1.01


def test_a_moment_is_what_a_player_saw_and_did(play: Play) -> None:
    keyboard = keyboard_of(game_spec("minigrid"))
    for moment in some_moments(play, 5):
        assert moment.before is not None
        assert keyboard.action(keyboard.read(moment.shown[-1])) == moment.before
    assert majority(game_spec("minigrid").space, [2, 1, 2, 4]) == 2


def test_play_of_two_games_is_refused(tmp_path: Path, data: Path) -> None:
    write_episodes(tmp_path / "play-a.tar", [episode(0), episode(1, game="freeway")])
    with pytest.raises(BadInput, match="freeway"):
        read_play(tmp_path, 1000)
    with pytest.raises(BadInput, match="too few"):
        split_play(read_play(data, 5), 0.1)


def test_training_writes_a_generator_and_goes_on(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.yaml"
    small = {
        "width": 48, "layers": 1, "heads": 2, "batch": 2, "codec_width": 8, "codec_batch": 2,
        "tested": 2, "codec_share": 0.5, "precision": "no",
    }  # fmt: skip
    config.write_text(yaml.safe_dump(small))
    out, kept = tmp_path / "out", tmp_path / "kept"
    once = train_screen(data, out, hours=1 / 3600, config=config, checkpoints=kept)
    coded = torch.load(kept / "codec.pt")["codec"]
    more = train_screen(data, out, hours=2 / 3600, config=config, checkpoints=kept, resume=True)
    capsys.readouterr()
    assert more["steps"] > once["steps"] > 0
    # The transformer knows these latents and no others.
    again = torch.load(kept / "codec.pt")["codec"]
    assert all(torch.equal(coded[k], again[k]) for k in coded)
    assert {"codec_psnr", "codec_keys", "next_one", "next_most"} <= set(more)
    assert len((kept / "log.csv").read_text().splitlines()) == 3
    assert ScreenVideo(out).game == "minigrid"


def test_what_follows_a_slip_is_not_learned() -> None:
    torch.manual_seed(0)
    meant = np.ones(12, np.bool_)
    meant[5:8] = False
    slipped = replace(episode(0), meant=meant)
    play = code_play(build_codec(8).eval(), Play(game="minigrid", episodes=(slipped,)))
    windows, starts = Windows(play, np.random.default_rng(0)), set()
    tokens = torch.from_numpy(play.coded[0][0]).float()
    for _ in range(40):
        batch = windows.draw(4)
        for known, weight, frames in zip(batch.known, batch.weight, batch.tokens, strict=True):
            first = int((~known).to(torch.uint8).argmax())
            alike = (tokens == frames[first]).all(dim=2).all(dim=1)
            at = int(alike.to(torch.uint8).argmax())
            starts.add(at - 1)
            if at - 1 < 5:
                assert (weight[first + 6 - at :] == 0).all()
    assert starts == set(range(5)) | set(range(8, 12))
    assert {int(m.action) for m in some_moments(play, 30)} <= set(slipped.actions[meant].tolist())


def test_play_that_is_symmetric_is_learned_from_its_mirror_image_too() -> None:
    spec = game_spec("tabletop")
    goal = next(g.words for g in spec.goals if "top left" in g.words)
    actions = np.array([[0.5, -0.25, 1.0]] * 4, dtype=np.float32)
    drawn = replace(
        episode(0, length=4), game="tabletop", goal=goal, actions=actions,
        meant=np.array([True, True, False, True]),
    )  # fmt: skip
    one, other = with_mirrored(Play(game="tabletop", episodes=(drawn,))).episodes
    assert one is drawn
    assert other.goal == goal.replace("left", "right")
    assert spec.goal(other.goal)
    assert (other.frames[:, :, ::-1] == drawn.frames).all()
    assert (other.actions == actions * [-1, 1, 1]).all()
    assert (other.meant == drawn.meant).all()
    minigrid = Play(game="minigrid", episodes=(episode(0),))
    assert with_mirrored(minigrid) is minigrid


def test_windows_of_single_bare_frames(play: Play) -> None:
    settings = ScreenTraining(context=1, keys_kept=0.0, keys_away=1.0, shorter=1.0)
    windows, lengths = Windows(play, np.random.default_rng(0), settings), list[int]()
    for _ in range(20):
        batch = windows.draw(4)
        lengths.append(batch.tokens.shape[1])
        begun = batch.known[:, 1]
        assert not begun.any() or lengths[-1] > 3, "no second frame but that of a goal"
        for tokens in batch.given[:, 0]:
            assert any((torch.from_numpy(c[1]).float() == tokens).all(dim=2).all(dim=1).any()
                       for c in play.coded)  # fmt: skip
    assert lengths.count(2) > lengths.count(3) > 0
    with pytest.raises(BadInput, match="cannot begin with"):
        ScreenLearner(ScreenTraining(width=48, layers=1, heads=2), "crafter", Path()).begin_with(
            WEIGHTS / "minigrid"
        )


def test_training_may_begin_with_weights(data: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    small = {"width": 48, "layers": 1, "heads": 2, "batch": 2, "codec_width": 8, "tested": 2}
    config.write_text(yaml.safe_dump(small | {"codec_batch": 2, "precision": "no"}))
    first, then = tmp_path / "first", tmp_path / "then"
    train_screen(data, first, hours=1 / 3600, config=config, checkpoints=tmp_path / "a")
    train_screen(data, then, hours=1 / 3600, config=config, checkpoints=tmp_path / "b", start=first)
    old, new = ScreenVideo(first).pipeline, ScreenVideo(then).pipeline
    for name, value in old.codec.state_dict().items():
        assert torch.equal(value, new.codec.state_dict()[name]), "its codec is kept"
    with pytest.raises(BadInput, match="cannot begin with"):
        train_screen(data, then, config=config, start=tmp_path / "nothing")
    config.write_text(yaml.safe_dump(small | {"width": 96}))
    with pytest.raises(BadInput, match="cannot begin with"):
        train_screen(data, then, config=config, start=first)
