"""`mindseye eval dream`: what is played, what is counted, what is written."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mindseye.eval.dream import AFTER, LENGTH, LOST, Tally, dream, dream_accuracy, play
from mindseye.planner.cli import invoke
from mindseye.tools.physics.rollouts import next_setpoint
from mindseye.tools.video.dream import HELD
from mindseye.tools.video.flow import build_scheduler
from mindseye.tools.video.generator import TabletopVideo
from mindseye.tools.video.network import build_text_encoder, build_transformer
from mindseye.tools.video.pipeline import TabletopVideoPipeline
from mindseye.tools.video.tokenizer import build_tokenizer
from mindseye.tools.video.train import save_pipeline
from mindseye.tools.vision.model import TabletopVision

SEED = 3_000_001


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the weights of a tiny network that believes that nothing moves."""
    out, tokenizer = tmp_path_factory.mktemp("weights"), build_tokenizer()
    torch.manual_seed(0)
    transformer = build_transformer(width=48, layers=1, heads=2)
    text = build_text_encoder(tokenizer)
    pipeline = TabletopVideoPipeline(transformer.eval(), text.eval(), tokenizer, build_scheduler())
    save_pipeline(pipeline, out, {})
    return out


def test_play_is_random_and_its_actions_lead_the_pusher() -> None:
    played, again = play(SEED), play(SEED)
    assert np.array_equal(played.states, again.states)
    assert np.array_equal(played.frame, again.frame)
    assert not np.array_equal(played.actions, play(SEED + 1).actions)
    assert played.actions.shape == (LENGTH, 3)
    assert played.track.shape == (LENGTH + 1, len(played.scene.names), 3)
    sent, late = np.array(played.pusher), []
    for action, state in zip(played.actions, played.states[1:], strict=True):
        for _ in range(HELD):
            sent = next_setpoint(sent, action)
        late.append(np.linalg.norm(state[:3] - sent))
    assert np.median(late) < 0.015
    assert max(late) < 0.1
    (graph,) = TabletopVision().look([played.frame])
    assert set(graph.names) == set(played.scene.names)


def test_only_what_really_moved_is_counted() -> None:
    start = np.zeros((3, 3))
    real = np.array([[0.1, 0.0, 0.0], [0.0, 0.04, 0.0], [0.001, 0.0, 0.0]])
    there = np.array([[0.1, 0.02, 0.0], [0.0, 0.0, 0.0], [0.05, 0.0, 0.0]])
    tally = Tally()
    tally.count(start, real, there, start)
    tally.count(start, start, there, start)
    assert tally.off == pytest.approx([30.0])
    assert tally.still == pytest.approx([70.0])
    assert tally.bystanders == pytest.approx([50.0, np.hypot(100, 20), 0.0, 50.0])
    assert tally.unscored == 1


def test_what_is_not_found_is_a_metre_off(weights: Path) -> None:
    played = play(SEED)
    black = type(played)(**{**vars(played), "frame": np.zeros((64, 64, 3), np.uint8)})
    track = dream(TabletopVideo(weights), black, 0).track
    gaps = np.linalg.norm(track - played.track, axis=-1)
    np.testing.assert_allclose(gaps, LOST)


@pytest.mark.slow
def test_a_dream_in_which_nothing_moves_is_as_far_off_as_stillness(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("eval", "dream", "--n", "3", "--weights", str(weights), "--run", str(tmp_path / "r"))
    assert invoke([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["suite"] == "dream"
    assert set(told["conditions"]) == {f"{k}_{a}" for k in ("drift", "still") for a in AFTER}
    for after in AFTER:
        row, still = (told["conditions"][f"{k}_{after}"] for k in ("drift", "still"))
        assert {"score", "low", "high", "n", "errors", "unscored", "seconds"} <= set(row)
        assert row["n"] + row["unscored"] == 3
        if row["n"]:
            assert row["low"] <= row["score"] <= row["high"]
            assert row["score"] == pytest.approx(still["score"], abs=5)
    assert told["conditions"]["drift_100"]["n"] > 0
    assert told["ms_per_frame"] > 0
    assert json.loads((tmp_path / "r/result.json").read_text()) == told
    assert (tmp_path / "r/dream.png").stat().st_size > 1000


@pytest.mark.slow
def test_the_same_seed_drifts_as_far(weights: Path) -> None:
    def score() -> list[float]:
        rows = dream_accuracy(1, SEED, TabletopVideo(weights))["conditions"]
        return [row["score"] for row in rows.values()]

    np.testing.assert_array_equal(score(), score())
