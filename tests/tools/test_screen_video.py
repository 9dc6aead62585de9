"""Screens continued: what is given comes back, a seed is a clip, a folder holds it all."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from mindseye.tools.contracts import VideoGenerator, load_backend
from mindseye.tools.errors import BadInput, ToolError, Unavailable
from mindseye.tools.games.overlay import keyboard_of
from mindseye.tools.games.worlds import game_spec
from mindseye.tools.values import Frames, ImagineRequest
from mindseye.tools.video.flow import build_scheduler
from mindseye.tools.video.network import build_text_encoder
from mindseye.tools.video.screen.codec import BLOCK, LATENT, build_codec
from mindseye.tools.video.screen.generator import ScreenVideo
from mindseye.tools.video.screen.learner import screen_tokenizer
from mindseye.tools.video.screen.network import (
    WORD_WIDTH,
    build_transformer,
    nearest_known,
    to_latents,
    to_tokens,
)
from mindseye.tools.video.screen.pipeline import ScreenVideoPipeline
from mindseye.tools.video.screen.train import save_pipeline

KEYBOARD = keyboard_of(game_spec("minigrid"))
GOAL = "pick up the key"


def screen(seed: int, action: int | None = 0) -> Frames:
    """Return a screen of coloured blocks with a key down."""
    blocks = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return KEYBOARD.draw(blocks.repeat(8, axis=0).repeat(8, axis=1), action)


def past(frames: int, seed: int = 0) -> Mapping[int, Frames]:
    """Return the first frames of a clip."""
    return {i: screen(seed + i) for i in range(frames)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a saved pipeline of the real classes, small and untrained."""
    torch.manual_seed(0)
    tokenizer = screen_tokenizer()
    transformer = build_transformer(width=48, layers=1, heads=2)
    torch.nn.init.normal_(transformer.proj_out.weight, std=0.2)
    pipeline = ScreenVideoPipeline(
        build_codec(16).eval(), transformer.eval(),
        build_text_encoder(tokenizer, WORD_WIDTH).eval(), tokenizer, build_scheduler(),
        "minigrid", 0.25,
    )  # fmt: skip
    out = tmp_path_factory.mktemp("screen")
    save_pipeline(pipeline, out, {"next_one": 0.5})
    return out


@pytest.fixture(scope="module")
def video(folder: Path) -> ScreenVideo:
    """Return a generator that runs it."""
    return ScreenVideo(folder, steps=2)


def test_a_saved_folder_is_a_generator_that_knows_its_game(folder: Path) -> None:
    found = load_backend("video", "ltx-screen", {"weights": folder})
    assert isinstance(found, VideoGenerator)
    assert isinstance(found, ScreenVideo)
    assert found.game == "minigrid"
    assert "| next one | 0.5 |" in (folder / "README.md").read_text()


def test_given_frames_come_back_and_the_rest_is_imagined(video: ScreenVideo) -> None:
    request = ImagineRequest(
        given=past(3), last_frame=screen(9), text=GOAL, samples=2, length=6, seed=1
    )
    one, other = video.imagine([request])[0]
    for clip in (one, other):
        assert clip.frames.shape == (6, 64, 64, 3)
        for i in (0, 1, 2):
            np.testing.assert_array_equal(clip.frames[i], request.given[i])
        np.testing.assert_array_equal(clip.frames[5], screen(9))
    assert np.abs(one.frames[3].astype(int) - other.frames[3]).max() > 2
    assert one.dt == 0.25


def test_a_clip_is_the_same_whatever_else_is_in_the_batch(video: ScreenVideo) -> None:
    mine = ImagineRequest(given=past(2), text=GOAL, samples=2, length=5, seed=3)
    other = ImagineRequest(given=past(4, seed=50), samples=3, length=5, seed=4)
    alone = video.imagine([mine])[0]
    _, among = video.imagine([other, mine])
    for a, b in zip(alone, among, strict=True):
        # Sums in another order may round a pixel the other way.
        np.testing.assert_allclose(a.frames.astype(int), b.frames, atol=1)
        assert a.provenance == b.provenance


def test_words_and_keys_of_the_past_change_what_is_imagined(video: ScreenVideo) -> None:
    base = ImagineRequest(given={0: screen(0, 1)}, text=GOAL, length=3)
    said = ImagineRequest(given={0: screen(0, 1)}, text="open the door", length=3)
    pressed = ImagineRequest(given={0: screen(0, 4)}, text=GOAL, length=3)
    shown = [clips[0].frames[1].astype(int) for clips in video.imagine([base, said, pressed])]
    assert np.abs(shown[1] - shown[0]).max() > 0
    assert np.abs(shown[2] - shown[0]).max() > 0


def test_a_long_clip_goes_on_window_by_window(video: ScreenVideo) -> None:
    request = ImagineRequest(given={**past(2), 11: screen(7)}, length=13)
    short = ImagineRequest(given=past(2), length=8)
    long, eight = (clips[0].frames for clips in video.imagine([request, short]))
    assert long.shape == (13, 64, 64, 3)
    np.testing.assert_array_equal(long[11], screen(7))
    # The first window does not know what is given beyond it.
    np.testing.assert_allclose(long[:8].astype(int), eight, atol=1)
    assert all(frame.any() for frame in long)


def test_a_network_that_expects_no_change_holds_change_unlikely(folder: Path) -> None:
    video = ScreenVideo(folder)
    torch.nn.init.zeros_(video.pipeline.transformer.proj_out.weight)
    request = ImagineRequest(given=past(2), text=GOAL, length=4)
    stays = np.stack([*past(2).values(), screen(1), screen(1)])
    jumps = np.stack([*past(2).values(), screen(30), screen(31)])
    both = video.likelihoods([request, request], [stays, jumps])
    alone = video.likelihoods([request], [jumps])
    assert np.isfinite(both).all()
    assert both[0] > both[1]
    np.testing.assert_allclose(alone[0], both[1], rtol=1e-3)


def test_what_cannot_be_honoured_is_told(video: ScreenVideo) -> None:
    frame = screen(0)
    bad = {
        "at least one": ImagineRequest(text=GOAL),
        "frame 9": ImagineRequest(given={9: frame}, length=4),
        "64, 64, 3": ImagineRequest(frame=frame[:32]),
        "told actions": ImagineRequest(frame=frame, actions=np.zeros((2, 3), np.float32)),
        "no places": ImagineRequest(frame=frame, target=(0.0, 0.0)),
        "one sample": ImagineRequest(frame=frame, samples=0),
    }
    for words, request in bad.items():
        with pytest.raises(ToolError, match=words):
            video.imagine([request])
    with pytest.raises(ToolError, match="3 frames"):
        video.likelihoods([ImagineRequest(frame=frame, length=4)], [np.stack([frame] * 3)])


def test_bad_settings_and_missing_weights_are_one_line(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="at least 1"):
        ScreenVideo(folder, steps=0)
    with pytest.raises(Unavailable, match="mindseye train screen"):
        ScreenVideo(tmp_path)


def test_tokens_hold_their_place_and_lead_back() -> None:
    latents = torch.arange(2 * LATENT * 64, dtype=torch.float32).reshape(2, LATENT, 8, 8)
    tokens = to_tokens(latents)
    assert torch.equal(to_latents(tokens), latents)
    # The keyboard is below row 52: in the lowest four tokens and no others.
    low = torch.zeros(1, LATENT, 8, 8)
    low[:, :, 52 // (2 * BLOCK) :] = 1.0
    assert to_tokens(low).abs().sum(dim=-1)[0].nonzero().flatten().tolist() == [12, 13, 14, 15]


def test_unknown_frames_are_told_from_the_last_known_one() -> None:
    given = torch.arange(5.0)[None, :, None, None].expand(2, 5, 16, 32)
    known = torch.tensor([[True, True, False, False, True], [False, False, True, False, False]])
    base = nearest_known(given, known)[:, :, 0, 0]
    assert base.tolist() == [[0, 1, 1, 1, 4], [2, 2, 2, 2, 2]]
