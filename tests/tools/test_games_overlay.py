"""The keyboard on the screen: what is drawn is read off again, also from poor pictures."""

import functools
from typing import Any

import cv2
import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mindseye.tools.errors import BadInput
from mindseye.tools.games.controls import Pressed, key_codes
from mindseye.tools.games.overlay import SIZE, STRIP, Keyboard, KeyboardOverlay, key_names
from mindseye.tools.games.worlds import GAMES, game_spec, make_game
from mindseye.tools.values import Frames

CLEAN, POOR = 0.012, 0.15
"""How far a lever may be read from where it is, on whole and on damaged frames."""


def boxes(sides: int) -> st.SearchStrategy[spaces.Box]:
    """Bounded numbers, each with bounds of its own."""
    low = st.lists(st.floats(-50, 50), min_size=1, max_size=sides)
    span = st.floats(0.5, 100)
    return st.builds(
        lambda low, span: spaces.Box(
            np.array(low, np.float32), np.array(low, np.float32) + np.float32(span)
        ),
        low,
        span,
    )


SIMPLE = st.one_of(
    st.builds(spaces.Discrete, st.integers(2, 18), start=st.integers(-3, 3)),
    st.builds(spaces.MultiBinary, st.integers(1, 20)),
    st.builds(spaces.MultiDiscrete, st.lists(st.integers(1, 5), min_size=1, max_size=4)),
    boxes(5),
)
MOUSE = st.builds(
    lambda keys, mouse: spaces.Dict(keyboard=keys, mouse=mouse),
    st.builds(spaces.MultiBinary, st.integers(1, 12)),
    boxes(3),
)
SPACES = st.one_of(SIMPLE, MOUSE, st.builds(lambda *s: spaces.Tuple(s), SIMPLE.filter(
    lambda s: not isinstance(s, spaces.MultiBinary)), boxes(2)))  # fmt: skip


@st.composite
def damages(draw: st.DrawFn) -> Any:
    """What a generator does to a frame: blur, noise, blocks; as a function of the frame."""
    blur, noise = draw(st.floats(0.01, 1.0)), draw(st.floats(0, 20))
    quality, seed = draw(st.integers(30, 100)), draw(st.integers(0, 2**31))

    def damage(frame: Frames) -> Frames:
        poor = cv2.GaussianBlur(frame.astype(float), (0, 0), blur)
        poor += np.random.default_rng(seed).normal(0, noise, frame.shape)
        whole = np.clip(poor, 0, 255).astype(np.uint8)
        _, blocks = cv2.imencode(".jpg", whole, [cv2.IMWRITE_JPEG_QUALITY, quality])
        return np.asarray(cv2.imdecode(blocks, cv2.IMREAD_COLOR), dtype=np.uint8)

    return damage


def check_same(keyboard: Keyboard, action: Any, shown: Frames, far: float) -> None:
    """Assert that a frame shows an action: keys exactly, levers to within `far`."""
    meant, read = keyboard.control.shown(action), keyboard.read(shown)
    assert read.down == meant.down
    for lever, seen in zip(meant.levers, read.levers, strict=True):
        assert np.abs(lever - seen).max() <= far
    again = keyboard.action(read)
    assert np.array_equal(keyboard.control.shown(again).chance, meant.chance)


def world_frame(seed: int) -> Frames:
    """Return a frame of noise, the hardest neighbour of a keyboard."""
    return np.random.default_rng(seed).integers(0, 256, (64, 64, 3)).astype(np.uint8)


@given(space=SPACES, seed=st.integers(0, 2**31), damage=damages())
@settings(max_examples=150)
def test_every_action_of_every_space_is_read_off_the_frame_it_led_to(
    space: spaces.Space[Any], seed: int, damage: Any
) -> None:
    keyboard = Keyboard(space)
    space.seed(seed)
    action = space.sample()
    shown = keyboard.draw(world_frame(seed), action)
    assert shown.shape == (SIZE, SIZE, 3)
    check_same(keyboard, action, shown, CLEAN)
    check_same(keyboard, action, damage(shown), POOR)


@given(space=SPACES, seed=st.integers(0, 2**31))
@settings(max_examples=50)
def test_whatever_a_frame_shows_is_read_as_a_valid_action(
    space: spaces.Space[Any], seed: int
) -> None:
    keyboard = Keyboard(space)
    read = keyboard.read(world_frame(seed))
    assert ((read.chance >= 0) & (read.chance <= 1)).all()
    assert space.contains(keyboard.action(read))


@given(seed=st.integers(0, 2**31), damage=damages())
@settings(max_examples=30)
def test_an_arrow_has_the_angle_and_length_of_the_stick(seed: int, damage: Any) -> None:
    keyboard = Keyboard(spaces.Box(-1, 1, (2,)))
    rng = np.random.default_rng(seed)
    angle, length = rng.uniform(-np.pi, np.pi), rng.uniform(0.5, 1.0)
    action = np.array([length * np.cos(angle), length * np.sin(angle)], np.float32)
    shown = keyboard.draw(world_frame(seed), action)
    for frame, turn, stretch in ((shown, 0.03, 0.015), (damage(shown), 0.3, 0.15)):
        ((seen, long),) = keyboard.read(frame).arrows
        assert abs((seen - angle + np.pi) % (2 * np.pi) - np.pi) < turn
        assert abs(long - length) < stretch


def one_of_each(space: spaces.Space[Any]) -> list[Any]:
    """Return every action of a discrete space, or a few of a joystick."""
    if isinstance(space, spaces.Discrete):
        return [np.int64(i) for i in range(space.n)]
    space.seed(0)
    return [space.sample() for _ in range(12)]


@functools.cache
def real_play(name: str) -> tuple[KeyboardOverlay, list[tuple[Any, Frames]]]:
    """Return a game and a few actions, each with the frame that it led to."""
    world = KeyboardOverlay(make_game(name))
    frame, _ = world.reset(seed=5)
    played = [(None, frame)]
    for action in one_of_each(world.action_space):
        frame, _, ended, cut, _ = world.step(action)
        assert not ended
        assert not cut
        played.append((action, frame))
    return world, played


@pytest.mark.parametrize("name", GAMES)
@given(damage=damages())
@settings(max_examples=5)
def test_on_real_frames_every_action_is_read_off(name: str, damage: Any) -> None:
    world, played = real_play(name)
    assert world.read(played[0][1]).down == ()
    for action, frame in played[1:]:
        check_same(world.keyboard, action, frame, CLEAN)
        check_same(world.keyboard, action, damage(frame), POOR)
        if isinstance(world.action_space, spaces.Discrete):
            assert world.action(world.read(damage(frame))) == action


@pytest.mark.parametrize("name", GAMES)
def test_a_recording_needs_no_world_for_its_keyboard(name: str) -> None:
    spec = game_spec(name)
    asked = real_play(name)[0].keyboard
    known = Keyboard(spec.space, spec.keys or None)
    assert asked.control.keys == known.control.keys
    assert asked.legend == known.legend


def test_the_worlds_pixels_stay_in_sight_whole_and_untouched_by_the_keys() -> None:
    keyboard, frame = Keyboard(spaces.Discrete(18)), np.zeros((64, 64, 3), np.uint8)
    frame[0, 0], frame[-1, -1], frame[-1, 0], frame[0, -1] = 250, 250, 250, 250
    shown = [keyboard.draw(frame, a)[:-STRIP] for a in (None, 0, 17)]
    assert (shown[0] == shown[1]).all()
    assert (shown[0] == shown[2]).all()
    for corner in (shown[0][0, 0], shown[0][-1, -1], shown[0][-1, 0], shown[0][0, -1]):
        assert corner.min() > 150


def test_pressed_is_black_and_released_is_light() -> None:
    keyboard, frame = Keyboard(spaces.MultiBinary(1)), np.zeros((64, 64, 3), np.uint8)
    up, down = (keyboard.draw(frame, [k])[-STRIP:, 2:8].mean() for k in (0, 1))
    assert down < 60 < 150 < up


def test_a_joysticks_actions_are_the_keys_they_are_made_of() -> None:
    names = ["NOOP", "FIRE", "UP", "RIGHT", "UPRIGHT", "UPRIGHTFIRE"]
    keys, codes = key_codes(names)
    assert keys == ("FIRE", "UP", "RIGHT")
    assert not codes[0].any()
    assert codes[5].all()
    assert key_codes(["open DOOR", "noop"])[0] == ("open DOOR",)
    assert key_codes(["noop", "none"])[0] == ("0 noop", "1 none")


class Canvas(gymnasium.Env[Frames, NDArray[np.float32]]):
    """Somebody else's world: large frames, a steering wheel and a pedal."""

    observation_space = spaces.Box(0, 255, (96, 128, 3), np.uint8)
    action_space = spaces.Box(np.array([-1, 0], np.float32), np.array([1, 1], np.float32))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Frames, dict[str, Any]]:
        super().reset(seed=seed)
        return np.zeros((96, 128, 3), np.uint8), {}

    def step(self, action: NDArray[np.float32]) -> tuple[Frames, float, bool, bool, dict[str, Any]]:
        return np.full((96, 128, 3), 99, np.uint8), 0.0, False, False, {}


@pytest.mark.parametrize(
    ("dark", "rest", "read"),
    [
        ((0.4, 0.35), 1.0, 1),
        ((0.08, 0.05), 1.0, 0),
        ((0.3, 0.1), 1.0, 0),
        ((0.1, 1.0), 1.0, 2),
        ((0.3, 0.1), 0.05, 1),
        ((0.0, 0.0), 0.05, 0),
    ],
)
def test_faint_keys_are_a_sign_of_rest_where_rest_is_usual(
    dark: tuple[float, float], rest: float, read: int
) -> None:
    keyboard = Keyboard(spaces.Discrete(3), ("noop", "left", "right"), rest)
    seen = Pressed(keys=("left", "right"), chance=np.array(dark), levers=())
    assert int(keyboard.action(seen)) == read


def test_it_wraps_somebody_elses_world() -> None:
    world = KeyboardOverlay(Canvas())
    frame, _ = world.reset(seed=0)
    assert frame.shape == (64, 64, 3)
    steered = np.array([-0.5, 0.75], np.float32)
    frame, *_ = world.step(steered)
    assert (frame[:-STRIP] == 99).all()
    assert np.abs(world.action(world.read(frame)) - steered).max() < 0.02
    assert key_names(Canvas()) is None


@pytest.mark.parametrize(
    ("space", "says"),
    [
        (spaces.MultiBinary(25), "25 keys does not fit on a frame: 24 at most"),
        (spaces.Box(-1, 1, (12,)), "levers do not fit"),
        (spaces.Box(-np.inf, np.inf, (2,)), "a lever needs bounds"),
        (spaces.Text(5), "no keyboard for the action space"),
    ],
)
def test_what_has_no_keyboard_is_told(space: spaces.Space[Any], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        Keyboard(space)


def test_what_is_no_picture_is_told() -> None:
    with pytest.raises(BadInput, match="64x64x3, not"):
        Keyboard(spaces.Discrete(2)).read(np.zeros((32, 32, 3), np.uint8))
    with pytest.raises(BadInput, match="3 names for 2 actions"):
        Keyboard(spaces.Discrete(2), ["a", "b", "c"])
    with pytest.raises(BadInput, match="drawn on pictures"):
        KeyboardOverlay(gymnasium.make("CartPole-v1"))
