"""The frame-by-frame peer on a tiny network: what it takes, what it makes, that it learns."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mindseye.eval.frame_denoiser import (
    FrameDenoiser,
    FrameNetwork,
    NetworkConfig,
    denoising_loss,
    draw_path,
    sample_frame,
    sampling_levels,
    save_network,
)
from mindseye.eval.frame_training import Pairs, PeerLearner, train_peer
from mindseye.tools.contracts import load_backend
from mindseye.tools.errors import BadInput, ToolError, Unavailable
from mindseye.tools.physics.camera import Camera
from mindseye.tools.physics.scene import PUSHER_DOWN, PUSHER_UP
from mindseye.tools.values import Clip, ImagineRequest
from mindseye.tools.video.data import Record, scene_records
from mindseye.tools.video.shards import write_shard
from mindseye.tools.video.training import VideoTraining

TINY = NetworkConfig(widths=(16, 32), features=32, attended=16)
TICKS = (0, 4, 8, 12, 16, 20, 24, 28)
PEER = "mindseye.eval.frame_denoiser:FrameDenoiser"


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """Return the eight clips of one scene."""
    return scene_records(np.random.default_rng([1, 0, 0]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a tiny network that was never trained."""
    out = tmp_path_factory.mktemp("peer")
    torch.manual_seed(0)
    save_network(FrameNetwork(TINY), out)
    return out


@pytest.fixture(scope="module")
def peer(folder: Path) -> FrameDenoiser:
    """Return a generator that runs it, as the evaluation would load it."""
    made: FrameDenoiser = load_backend("video", PEER, {"weights": folder, "steps": 2})
    return made


@pytest.fixture
def asked(records: list[Record]) -> ImagineRequest:
    """Return a request for what the first clip's actions come to."""
    record = records[0]
    actions = np.tile(np.array([[0.5, 1.0, -1.0]], np.float32), (TICKS[-1], 1))
    x, y, z = (float(v) for v in record.pusher[0])
    return ImagineRequest(
        frame=record.frames[0], actions=actions, ticks=TICKS, pusher=(x, y, z), seed=3
    )


def one(peer: FrameDenoiser, request: ImagineRequest) -> Clip:
    """Return the only clip of a request."""
    return peer.imagine([request])[0][0]


def test_clips_begin_with_the_given_frame(peer: FrameDenoiser, asked: ImagineRequest) -> None:
    found = peer.imagine([asked, replace(asked, samples=2, seed=4)])
    assert [len(clips) for clips in found] == [1, 2]
    for clip in (c for clips in found for c in clips):
        assert clip.frames.shape == (8, 64, 64, 3)
        assert clip.frames.dtype == np.uint8
        assert asked.frame is not None
        assert np.array_equal(clip.frames[0], asked.frame)
        assert clip.dt == pytest.approx(0.4)
    assert not np.array_equal(found[1][0].frames, found[1][1].frames)


def test_same_seed_same_clip_whatever_else_is_in_the_batch(
    peer: FrameDenoiser, asked: ImagineRequest
) -> None:
    alone = one(peer, asked)
    assert np.array_equal(one(peer, asked).frames, alone.frames)
    together = peer.imagine([replace(asked, seed=9), asked])[1][0]
    # The last bit of a sum may differ, and each frame rests on the one before.
    assert np.abs(together.frames.astype(int) - alone.frames).mean() < 1
    assert together.provenance == alone.provenance
    other = one(peer, replace(asked, seed=99))
    assert np.abs(other.frames.astype(int) - alone.frames).mean() > 1


def test_actions_and_their_times_change_the_clip(
    peer: FrameDenoiser, asked: ImagineRequest
) -> None:
    assert asked.actions is not None
    plain = one(peer, asked)
    for change in ({"actions": -asked.actions}, {"ticks": (0, *range(22, 29))}):
        changed = one(peer, replace(asked, **change))
        assert not np.array_equal(changed.frames, plain.frames)
        assert changed.provenance.request != plain.provenance.request


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"actions": None, "text": "push the red cube to the left side"}, "reads no words"),
        ({"text": "push the red cube to the left side"}, "reads no words"),
        ({"actions": None}, "follows actions"),
        ({"ticks": None}, "follows actions"),
        ({"pusher": None}, "follows actions"),
        ({"frame": None}, "first frame"),
        ({"last_frame": np.zeros((64, 64, 3), np.uint8)}, "first frame"),
        ({"frame": np.zeros((64, 32, 3), np.uint8)}, "square"),
        ({"ticks": (0, 4, 8)}, "ticks are 8"),
        ({"ticks": (0, 4, 8, 12, 16, 20, 24, 23)}, "ticks are 8"),
        ({"length": 16}, "8 frames"),
        ({"samples": 0}, "at least one sample"),
    ],
)
def test_what_it_cannot_honour_is_refused(
    peer: FrameDenoiser, asked: ImagineRequest, change: dict[str, Any], why: str
) -> None:
    with pytest.raises(ToolError, match=why):
        peer.imagine([asked, replace(asked, **change)])


def test_missing_or_foreign_weights_say_how_to_train(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="mindseye eval video-peer"):
        FrameDenoiser(tmp_path)
    save_network(FrameNetwork(TINY), tmp_path)
    (tmp_path / "config.json").write_text(NetworkConfig(widths=(8, 8)).model_dump_json())
    with pytest.raises(Unavailable, match="mindseye eval video-peer"):
        FrameDenoiser(tmp_path)
    with pytest.raises(BadInput, match="steps and batch"):
        FrameDenoiser(folder, steps=0)


def test_a_stroke_lies_where_the_camera_sees_the_pusher_pass_and_grows_brighter() -> None:
    x = np.linspace(-0.15, 0.15, 7)
    for channel, z in enumerate((PUSHER_DOWN, PUSHER_UP)):
        path = np.stack([x, np.full(7, 0.1), np.full(7, z)], axis=-1).astype(np.float32)
        drawn = draw_path(path[None])[0]
        assert not drawn[1 - channel].any()
        (c0, r0), (c1, r1) = np.floor(Camera.nominal().project(path[[0, -1]], 64)).astype(int)
        assert 0.35 < drawn[channel, r0, c0] < 0.6
        assert 0.8 < drawn[channel, r1, c1] <= 1.0
        row, column = np.unravel_index(drawn[channel].argmax(), (64, 64))
        assert np.hypot(row - r1, column - c1) < 3


def test_a_mirrored_path_is_drawn_mirrored(records: list[Record]) -> None:
    path = Pairs(records).paths[:, :7].copy()
    mirrored = path * np.array([-1, 1, 1], np.float32)
    assert np.allclose(draw_path(mirrored), draw_path(path)[..., ::-1], atol=1e-4)


def test_pairs_follow_one_another_and_are_told_their_own_path(records: list[Record]) -> None:
    pairs = Pairs(records[:1])
    clean, moment = pairs.draw(64, np.random.default_rng(0))
    grey = ((clean.numpy() + 1) * 127.5).round().astype(int)
    frames = np.moveaxis(records[0].frames, -1, 1).astype(int)
    ticks = records[0].meta["rows"]
    for i in range(64):
        both = (grey[i], grey[i][..., ::-1])
        j, flip = next(
            (j, k) for j in range(1, 8) for k in (0, 1) if np.array_equal(both[k], frames[j])
        )
        before = ((moment.before[i].numpy() + 1) * 127.5).round()
        before = before[..., ::-1] if flip else before
        assert np.array_equal(before, frames[[max(j - 2, 0), j - 1]])
        sent = records[0].sent[ticks[j - 1 : j + 1]] * [[-1 if flip else 1, 1, 1]]
        assert np.allclose(moment.path[i, [0, -1]], sent, atol=1e-6)
        assert float(moment.seconds[i]) == pytest.approx(0.1 * (ticks[j] - ticks[j - 1]))


def test_the_default_network_is_about_as_large_as_our_generator() -> None:
    size = sum(p.numel() for p in FrameNetwork(NetworkConfig()).parameters())
    assert 7.2e6 < size < 8.0e6


def test_sampling_levels_fall_to_zero() -> None:
    for steps in (1, 3, 8):
        levels = sampling_levels(steps)
        assert len(levels) == steps + 1
        assert levels[0] == pytest.approx(5.0)
        assert levels[-1] == 0
        assert all(np.diff(levels) < 0)


def test_training_lowers_the_loss_and_the_average_follows(
    records: list[Record], tmp_path: Path
) -> None:
    config = VideoTraining(batch=8, adam_rate=2e-3, precision="no")
    learner, pairs = PeerLearner(config, TINY, tmp_path), Pairs(records)
    clean, moment = pairs.draw(32, np.random.default_rng(5))

    def loss(network: FrameNetwork) -> float:
        with torch.no_grad():
            source = torch.Generator().manual_seed(0)
            return float(denoising_loss(network, clean, moment, source))

    before, rng = loss(learner.network), np.random.default_rng(0)
    for _ in range(20):
        learner.step(pairs, rng)
    assert loss(learner.network) < 0.7 * before
    assert loss(learner.averaged) < 0.8 * before
    noise = torch.randn(32, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    shown = sample_frame(learner.averaged, noise, moment)
    assert float((shown - clean).square().mean()) < float(clean.square().mean())


def test_a_trained_peer_is_saved_and_goes_on(records: list[Record], tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    with pytest.raises(BadInput, match="no clips"):
        train_peer(data, out)
    write_shard(data / "clips-0-00000-8.tar", records)
    first = train_peer(data, out, hours=1e-5, threads=1, network=TINY)
    assert first["clips"] == 7
    assert first["step"] == 1
    assert {p.name for p in out.iterdir()} >= {"network.safetensors", "config.json"}
    assert (out / "checkpoints" / "sheet-000001.png").is_file()
    more = first["hours"] + 1e-5
    again = train_peer(data, out, hours=more, resume=True, threads=1, network=TINY)
    assert again["step"] == 2
    assert FrameDenoiser(out).network.config == TINY
