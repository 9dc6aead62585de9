"""The video evaluation: a generator that imagines nothing is told from one that knows."""

from collections.abc import Sequence

import numpy as np
import pytest

from mindseye.eval.video import video_accuracy
from mindseye.eval.video_trials import make_trial, requests
from mindseye.eval.video_wordings import held_out_wording
from mindseye.tools.errors import BadInput
from mindseye.tools.values import Clip, ImagineRequest, Provenance, scene_of
from mindseye.tools.video.drawing import shrink

SEED = 4_000_000


class Still:
    """A generator in whose clips nothing happens."""

    def imagine(self, requests: Sequence[ImagineRequest]) -> list[list[Clip]]:
        made = Provenance(source="video", model="still", seed=0)
        return [
            [Clip(frames=np.stack([shrink(r.frames[0], 64)] * 8), dt=0.8, provenance=made)]
            * r.samples
            for r in requests
        ]


@pytest.mark.slow
def test_what_knows_scores_better_than_what_imagines_nothing() -> None:
    names = ("actions", "simulator", "nothing-moves")
    rows = video_accuracy(2, SEED, Still(), conditions=names)["conditions"]
    still, sim, nothing = (rows[name] for name in names)
    assert still["n"] == nothing["n"] > 16
    # Read off clips in which nothing moves, everything is where it was, within vision's error.
    assert still["error_mm"] == pytest.approx(nothing["error_mm"], abs=5)
    assert still["moves"] < 0.1 < sim["moves"]
    assert sim["error_mm"] < 0.3 * nothing["error_mm"]
    assert sim["score"] > nothing["score"]


def test_a_trial_is_the_same_again_and_its_requests_tell_what_they_say() -> None:
    one, same = make_trial(SEED), make_trial(SEED)
    assert np.array_equal(one.futures[3].frames, same.futures[3].frames)
    before = scene_of({b.name: b.position for b in one.scene.bodies})
    acted = requests(one, "actions", before, 0)[0]
    assert acted.text == ""
    assert acted.actions is not None
    assert acted.ticks is not None
    assert acted.ticks[-1] == len(acted.actions)
    assert requests(one, "planner", before, 0)[0].text.startswith("try to push")
    assert requests(one, "words", before, 0)[0].target is None
    for subgoal in one.subgoals:
        said = held_out_wording(subgoal, np.random.default_rng(1))
        assert subgoal.move in said
        assert subgoal.words() not in said


def test_an_unknown_condition_is_one_clear_line() -> None:
    with pytest.raises(BadInput, match="no condition 'vibes'; known: words, paraphrases"):
        video_accuracy(1, SEED, Still(), conditions=["vibes"])
