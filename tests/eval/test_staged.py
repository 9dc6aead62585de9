"""Staged clips: what the plausibility of pictures is measured with is really in them."""

import numpy as np
import pytest

from mindseye.eval.staged import CAMERA, DRAWN, PLANTS, Shown, Stage, planted_clip, simulated_clip


def _whole(shown: Shown) -> bool:
    frames = shown.clip.frames
    return shown.first.shape == (CAMERA, CAMERA, 3) and frames.shape == (8, DRAWN, DRAWN, 3)


def test_a_simulated_push_is_shown_from_before_it() -> None:
    shown = simulated_clip(np.random.default_rng(0))
    assert _whole(shown)
    small = shown.first.reshape(DRAWN, 2, DRAWN, 2, 3).mean((1, 3))
    apart = np.abs(shown.clip.frames.astype(float) - small).mean((1, 2, 3))
    assert apart.argmin() == 0


@pytest.mark.parametrize("kind", PLANTS)
def test_each_violation_is_planted_where_it_is_drawn(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant, edits = PLANTS[kind], list[float]()

    def watched(stage: Stage, row: int) -> bool:
        before = stage.qpos.copy()
        planted = plant(stage, row)
        edits.append(float(np.abs(stage.qpos - before)[stage.rows].max()))
        return planted

    monkeypatch.setitem(PLANTS, kind, watched)
    assert _whole(planted_clip(np.random.default_rng(1), kind))
    assert edits[-1] > 0.01
