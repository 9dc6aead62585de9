"""Dreams of tiny networks of the real classes: what is told, what comes, what is refused."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mindseye.tools.errors import BadInput, ToolError
from mindseye.tools.physics.render import halve
from mindseye.tools.physics.rollouts import next_setpoint
from mindseye.tools.physics.scene import PUSHER_DOWN, PUSHER_UP
from mindseye.tools.values import Clip, Frames, ImagineRequest
from mindseye.tools.video.dream import HELD, SECONDS, Dream, begin_dream, drift
from mindseye.tools.video.flow import build_scheduler
from mindseye.tools.video.generator import WEIGHTS, TabletopVideo, first_frame
from mindseye.tools.video.network import build_text_encoder, build_transformer
from mindseye.tools.video.pipeline import CONTEXT, TabletopVideoPipeline
from mindseye.tools.video.telling import Asked
from mindseye.tools.video.tokenizer import build_tokenizer
from mindseye.tools.video.tokens import FRAMES, PUSHER, SUB
from mindseye.tools.world.tabletop import Tabletop

NAMES = "red cube, blue ball, green star"
START = (0.02, -0.3, PUSHER_UP)
LEFT, RIGHT, AWAY, DOWN, REST = (
    (-0.5, 0.0, 0.0), (0.5, 0.0, 0.0), (0.0, 0.5, 0.0), (0.0, 0.0, -1.0), (0.0, 0.0, 0.0),
)  # fmt: skip
Action = tuple[float, float, float]


def tiny_pipeline(spread: float) -> TabletopVideoPipeline:
    """Return an untrained pipeline in a small size; `spread` of its last layer's weights."""
    torch.manual_seed(0)
    tokenizer = build_tokenizer()
    transformer = build_transformer(width=48, layers=1, heads=2)
    torch.nn.init.normal_(transformer.proj_out.weight, std=spread)
    text = build_text_encoder(tokenizer)
    return TabletopVideoPipeline(transformer.eval(), text.eval(), tokenizer, build_scheduler())


@pytest.fixture(scope="module")
def lively() -> TabletopVideoPipeline:
    """Return a pipeline in whose clips everything moves about."""
    return tiny_pipeline(0.02)


@pytest.fixture(scope="module")
def still() -> TabletopVideoPipeline:
    """Return a pipeline that believes that nothing moves."""
    return tiny_pipeline(0.0)


def table(size: int = 128) -> Frames:
    """Return a frame of the three objects with the pusher at its start."""
    frame = first_frame(NAMES, 4, START)
    return halve(frame) if size == 64 else frame


def dreamt(
    pipeline: TabletopVideoPipeline, actions: Sequence[Action], seed: int = 0, steps: int = 2
) -> tuple[Frames, NDArray[np.float64]]:
    """Return frames `[T, S, S, 3]` and places `[T, N + 1, 3]` of a dream."""
    dream = Dream(pipeline, table(), START, seed=seed, steps=steps)
    frames, places = [], []
    for action in actions:
        frames.append(dream.step(action))
        places.append(dream.places)
    return np.stack(frames), np.stack(places)


def test_same_seed_and_actions_same_dream(lively: TabletopVideoPipeline) -> None:
    actions = [DOWN, AWAY, AWAY, RIGHT, REST]
    frames, places = dreamt(lively, actions)
    again, same = dreamt(lively, actions)
    assert np.array_equal(frames, again)
    assert np.array_equal(places, same)
    assert frames.shape == (5, 64, 64, 3)
    assert frames.dtype == np.uint8
    assert not np.allclose(places, dreamt(lively, actions, seed=1)[1], atol=1e-4)


def test_a_dream_is_told_the_actions_when_they_are_done(lively: TabletopVideoPipeline) -> None:
    (_, left), (_, right) = dreamt(lively, [REST, LEFT]), dreamt(lively, [REST, RIGHT])
    np.testing.assert_array_equal(left[0], right[0])
    assert np.abs(left[1] - right[1]).max() > 1e-5


def test_things_go_on_from_where_they_were_dreamt(lively: TabletopVideoPipeline) -> None:
    _, places = dreamt(lively, [AWAY] * 6)
    start = Dream(lively, table(), START).places
    steps = np.linalg.norm(np.diff(np.concatenate([start[None], places]), axis=0), axis=-1)
    assert (steps > 1e-5).all(), "something stands still"
    away = np.linalg.norm(places - start, axis=-1)
    assert (away[-1] > away[0]).all(), "it begins anew with every step"


def test_the_first_step_is_what_the_generator_imagines(lively: TabletopVideoPipeline) -> None:
    actions = np.zeros((HELD * (FRAMES - 1), 3), np.float32)
    actions[:HELD] = AWAY
    lively.set_progress_bar_config(disable=True)
    shown = lively(
        [{0: table()}],
        [""],
        [Asked(text="", ticks=np.arange(FRAMES) * HELD)],
        pusher=[START],
        actions=[actions],
        generator=[torch.Generator().manual_seed(5)],
        num_inference_steps=2,
    )
    frames, places = dreamt(lively, [AWAY], seed=5)
    np.testing.assert_allclose(places[0], shown.places[0][:, 1], atol=1e-6)
    assert np.abs(frames[0].astype(int) - shown.frames[0, 1]).max() <= 1


def test_the_window_begins_with_the_last_frames_and_the_path_that_led_to_them(
    lively: TabletopVideoPipeline,
) -> None:
    dream = Dream(lively, table(), START, steps=1)
    places, sent = [dream.places], [np.array(START)]
    for i, action in enumerate([DOWN, AWAY, RIGHT, AWAY, LEFT]):
        dream.step(action)
        places.append(dream.places)
        for _ in range(HELD):
            sent.append(next_setpoint(sent[-1], np.array(action)))
        told, past = dream.told, min(i + 2, CONTEXT)
        assert told.known[0, PUSHER].tolist() == [k < past for k in range(FRAMES)]
        np.testing.assert_allclose(told.places[0, PUSHER], places[-1][-1], atol=1e-6)
        for k in range(past):
            at = told.places[0, PUSHER] + told.ways[0, PUSHER, k]
            np.testing.assert_allclose(at, places[k - past][-1], atol=1e-6)
            tick = HELD * (k - past + 1) - 1
            np.testing.assert_allclose(told.path[0, SUB * k], sent[tick], atol=1e-6)
        rest = told.path[0, SUB * (past - 1) :]
        np.testing.assert_allclose(rest, np.tile(sent[-1], (len(rest), 1)), atol=1e-6)
        np.testing.assert_allclose(told.seconds, SECONDS)
        np.testing.assert_allclose(dream.sent, sent[-1])


@pytest.mark.parametrize("size", [64, 128])
def test_an_untrained_network_dreams_that_nothing_moves(
    still: TabletopVideoPipeline, size: int
) -> None:
    dream = Dream(still, table(size), START)
    start = dream.places
    for _ in range(5):
        assert np.array_equal(dream.step(AWAY), table(64))
    np.testing.assert_allclose(dream.places[:-1], start[:-1], atol=1e-6)
    # Where it is sent is known all the same.
    np.testing.assert_allclose(dream.sent, np.add(START, (0.0, 5 * HELD * 0.015, 0.0)))


def test_where_the_pusher_is_may_be_seen(still: TabletopVideoPipeline) -> None:
    dream = Dream(still, table())
    assert dream.places[-1, :2] == pytest.approx(START[:2], abs=0.01)
    assert set(dream.names) == set(NAMES.split(", "))


def test_another_frame_is_read_as_showing_the_same_things(still: TabletopVideoPipeline) -> None:
    dream = Dream(still, table(), START)
    np.testing.assert_allclose(dream.seen_in(table(), START), dream.places, atol=1e-5)
    other = first_frame("blue ball, green star", 9, (0.1, 0.1, PUSHER_DOWN))
    at = dream.seen_in(other)
    gone = dream.names.index("red cube")
    assert np.isnan(at[gone]).all()
    assert np.isfinite(np.delete(at, gone, axis=0)).all()
    assert at[-1, :2] == pytest.approx((0.1, 0.1), abs=0.01)


def test_drift_is_that_of_what_really_moved() -> None:
    start = np.zeros((4, 3))
    real = np.array([[0.1, 0.0, 0.0], [0.005, 0.0, 0.0], [np.nan] * 3, [0.0, -0.2, -0.3]])
    there = np.array([[0.1, 0.03, 0.0], [0.9, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, -0.2, 0.0]])
    np.testing.assert_allclose(drift(start, real, there), [0.03, 0.0])
    assert len(drift(start, start, there)) == 0


@pytest.mark.parametrize("action", [(0.0, 1.0), (0.0, np.nan, 0.0), 0.5, [[0.0, 0.0, 0.0]]])
def test_what_is_no_action_is_told(still: TabletopVideoPipeline, action: object) -> None:
    dream = Dream(still, table(), START)
    with pytest.raises(ToolError, match="three numbers"):
        dream.step(action)  # type: ignore[arg-type]
    assert dream.sent.tolist() == list(START)


class Drawn:
    """A generator that is not ours."""

    def imagine(self, requests: Sequence[ImagineRequest]) -> list[list[Clip]]:
        """Imagine nothing."""
        return [[] for _ in requests]


def test_what_cannot_be_dreamt_is_one_clear_line(still: TabletopVideoPipeline) -> None:
    with pytest.raises(ToolError, match="does not show the pusher"):
        Dream(still, np.full((64, 64, 3), 30, np.uint8))
    with pytest.raises(ToolError, match=r"square .* not \(64, 32\)"):
        Dream(still, np.zeros((64, 32, 3), np.uint8), START)
    with pytest.raises(BadInput, match="at least one sampling step"):
        Dream(still, table(), START, steps=0)
    with pytest.raises(BadInput, match="Drawn makes clips, it cannot be played"):
        begin_dream(Drawn(), table())


@pytest.mark.skipif(
    not (WEIGHTS / "model_index.json").exists() or (WEIGHTS / "vae").exists(),
    reason="no shipped weights of this room",
)
def test_shipped_weights_dream_that_what_is_pushed_moves() -> None:
    world, video = Tabletop(), TabletopVideo()
    layout = {"red cube": (0.0, -0.1), "blue ball": (0.2, 0.15)}
    observation, _ = world.reset(seed=3, options={"layout": layout})
    pusher = observation["pusher"].tolist()
    dream = begin_dream(video, observation["frame"], pusher)
    cube, ball = (dream.names.index(n) for n in layout)
    start = dream.places
    # Six steps of at most 6 cm bring it behind the cube, from wherever it starts.
    lined_up = (layout["red cube"][0] - pusher[0]) / (6 * HELD * 0.03)
    for action in [*[(lined_up, 0.0, 0.0)] * 6, DOWN, DOWN, *[AWAY] * 11]:
        dream.step(action)
        for _ in range(HELD):
            world.step(np.array(action, np.float32))
    truth = world.true_layout()["red cube"]
    went = float(np.linalg.norm(np.subtract(truth, layout["red cube"])))
    assert went > 0.05
    # Pushed from right behind, it slips off to one side or the other: that is not foreseen.
    gone = truth[1] - layout["red cube"][1]
    assert dream.places[cube, 1] - start[cube, 1] == pytest.approx(gone, abs=0.4 * went)
    assert np.linalg.norm((dream.places - start)[ball, :2]) < 0.06
