"""A video model that plays: what it is asked, what is read off, and the loop around it."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from mindseye.eval.foresight import Flaws, Foresight
from mindseye.planner.cli import invoke
from mindseye.planner.decode import ClosedLoopPush
from mindseye.planner.events import Continued, Finished
from mindseye.planner.media import png
from mindseye.planner.record import read_record
from mindseye.planner.video_agent.decoders import Inverse, Overlay, Vote, elected
from mindseye.planner.video_agent.imagination import Aim, Imagination, Past
from mindseye.planner.video_agent.likeliest import Likeliest
from mindseye.planner.video_agent.matching import Matching, possible_actions, surprise
from mindseye.planner.video_agent.policy import Thought, VideoPolicy
from mindseye.tools.contracts import ActionDecoder
from mindseye.tools.errors import BadInput, ToolError
from mindseye.tools.games.game import Game, shows_same
from mindseye.tools.games.overlay import Keyboard, keyboard_of
from mindseye.tools.games.players import make_player
from mindseye.tools.games.playing import Episode, play_episode
from mindseye.tools.games.worlds import game_spec, make_game
from mindseye.tools.values import Clip, Frames, ImagineRequest, Provenance
from mindseye.tools.video.screen.generator import WEIGHTS

MINIGRID = game_spec("minigrid")
KEYBOARD = keyboard_of(MINIGRID)
ACTIONS = possible_actions(MINIGRID.space)
BLACK = np.zeros((64, 64, 3), dtype=np.uint8)


class Drawn:
    """A video model that draws each frame by a rule, and remembers what it was asked."""

    takes_parts = True

    def __init__(self, draw: Callable[[ImagineRequest, int, int], Frames], length: int = 8) -> None:
        self.draw, self.length, self.asked = draw, length, list[ImagineRequest]()

    def imagine(self, requests: Sequence[ImagineRequest]) -> list[list[Clip]]:
        self.asked += requests
        return [[self._clip(r, r.seed + i) for i in range(r.samples)] for r in requests]

    def _clip(self, request: ImagineRequest, seed: int) -> Clip:
        frames = [
            request.given[k]
            if k in request.given and k not in request.known
            else self.draw(request, k, seed)
            for k in range(self.length)
        ]
        provenance = Provenance(source="video", model="drawn", seed=seed)
        return Clip(frames=np.stack(frames), dt=0.25, provenance=provenance)


class Judging(Drawn):
    """One that goes on from whole frames, and finds a clip the likelier the more it likes it."""

    takes_parts = False

    def __init__(self, favourite: int) -> None:
        super().__init__(lambda *_: KEYBOARD.draw(BLACK, 0))
        self.favourite, self.lengths = favourite, list[int]()

    def likelihoods(self, requests: Sequence[ImagineRequest], clips: Sequence[Frames]) -> Any:
        self.lengths.append(len(clips[0]))
        assert all(r.length == len(c) for r, c in zip(requests, clips, strict=True))
        read = [int(KEYBOARD.action(KEYBOARD.read(c[len(r.given)])))
                for r, c in zip(requests, clips, strict=True)]  # fmt: skip
        # What cannot be told from one frame can be from two.
        clear = 2.0 if len(clips[0]) > 3 else 1.1
        return np.array([-1.0 if a == self.favourite else -clear for a in read])


class Forward(Drawn):
    """One that always goes on with "forward"."""

    def __init__(self) -> None:
        super().__init__(lambda request, *_: KEYBOARD.redraw(request.given[0], 2))


def past(*actions: int | None) -> Past:
    return Past(shown=np.stack([KEYBOARD.draw(BLACK, a) for a in actions]), seed=5)


def imagining(draw: Callable[[ImagineRequest, int, int], Frames], **options: Any) -> Imagination:
    return Imagination(Drawn(draw, **options), KEYBOARD)


@pytest.fixture(scope="module")
def shown() -> Episode:
    return play_episode(make_game("minigrid"), make_player("scripted", "minigrid"), "scripted", 3)


def decoder_of(name: str, imagination: Imagination) -> ActionDecoder[Aim, Past]:
    if name in ("overlay", "vote"):
        return Overlay(imagination) if name == "overlay" else Vote(imagination)
    return Matching(imagination, ACTIONS, by=name)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["overlay", "vote", "pixels", "embedding", "likelihood"])
@pytest.mark.parametrize("overlay", [True, False])
def test_who_imagines_the_demonstrator_plays_as_it_does(
    name: str, overlay: bool, shown: Episode
) -> None:
    game = make_game("minigrid")
    imagination = Imagination(Foresight(game, overlay=overlay), KEYBOARD, overlay=overlay)
    if not overlay and name in ("overlay", "vote"):
        with pytest.raises(BadInput, match="matching or inverse"):
            decoder_of(name, imagination)
        return
    policy = VideoPolicy(imagination, decoder_of(name, imagination))
    played = play_episode(game, policy, name, 3)
    assert played.actions.tolist() == shown.actions.tolist()
    assert played.reached


def test_noise_is_read_through_and_a_doubtful_imagination_is_asked_again() -> None:
    def decided(doubt: float) -> list[Thought]:
        thoughts: list[Thought] = []
        game = make_game("minigrid")
        video = Foresight(game, flaws=Flaws(noise=15, doubt=doubt))
        imagination = Imagination(video, KEYBOARD)
        policy = VideoPolicy(imagination, Vote(imagination), on_thought=thoughts.append)
        frame, _ = game.reset(seed=1)
        policy.begin(game, 1)
        for _ in range(5):
            frame, *_ = game.step(policy.act(frame))
        return thoughts

    sure, doubtful, lost = decided(0.0), decided(0.4), decided(1.0)
    assert {len(t.decoded.futures) for t in sure} == {4}
    assert {t.decoded.confidence for t in sure} == {1.0}
    assert 4 < np.mean([len(t.decoded.futures) for t in doubtful]) < 16
    assert np.mean([t.decoded.confidence for t in lost]) < 0.4
    assert max(len(t.decoded.futures) for t in lost) == 16
    assert all(t.decoded.frames == sum(len(f.frames) for f in t.decoded.futures) for t in lost)


def test_a_vote_is_a_majority_of_keys_or_the_medoid_of_numbers() -> None:
    chosen, sure = elected([(1, 0), (2, 0), (1, 3), (1, 3)], alternatives=4)
    # Two of the three that begin with the winning key go on with 3.
    assert chosen == 2
    assert sure == pytest.approx(1 - (0.25 * np.log(4) + 0.75 * np.log(4 / 3)) / np.log(4))
    sticks = [(np.array([x, 0.0]),) for x in (-1.0, 0.4, 0.5, 0.6)]
    assert elected(sticks, 0)[0] in (1, 2)
    middle, sure = elected(sticks[1:], 0)
    assert middle == 1
    assert sure == pytest.approx(1 - 0.1 / (2 * 2**0.5))
    assert elected(sticks[:1], 0) == (0, 1.0)


def test_a_future_begins_with_the_last_real_frames_and_their_keys(shown: Episode) -> None:
    video = Drawn(lambda *_: KEYBOARD.draw(BLACK, 1))
    thoughts: list[Thought] = []
    imagination = Imagination(video, KEYBOARD)
    policy = VideoPolicy(
        imagination, Overlay(imagination, 2), context=3, execute=2, on_thought=thoughts.append
    )
    policy.start("open the door", 7)
    assert [int(policy.act(frame)) for frame in shown.frames[:6]] == [1] * 6
    assert [len(r.given) for r in video.asked] == [1, 3, 3], "two actions are done of each future"
    assert len({r.seed for r in video.asked}) == 3
    assert {r.text for r in video.asked} == {"open the door"}
    given = [KEYBOARD.read(video.asked[2].given[i]).down for i in range(3)]
    assert given == [("right",)] * 3
    assert KEYBOARD.read(video.asked[0].given[0]).down == ()
    assert (video.asked[2].given[2] == KEYBOARD.draw(shown.frames[4], 1)).all()
    assert [t.decoded.frames for t in thoughts] == [7, 5, 5]
    assert (thoughts[2].seen == video.asked[2].given[2]).all()


class FromOne(Drawn):
    """One that has learned to go on from a single frame without keys."""

    past, bare = 1, True


def test_a_model_is_shown_the_past_as_it_has_learned_to_go_on_from_one(shown: Episode) -> None:
    video = FromOne(lambda *_: KEYBOARD.draw(BLACK, 1))
    imagination = Imagination(video, KEYBOARD)
    policy = VideoPolicy(imagination, Overlay(imagination), context=3)
    policy.start("open the door", 7)
    assert [int(policy.act(frame)) for frame in shown.frames[:3]] == [1] * 3
    assert [len(r.given) for r in video.asked] == [1] * 3
    assert all(KEYBOARD.read(r.given[0]).down == () for r in video.asked)
    assert (video.asked[2].given[0] == KEYBOARD.draw(shown.frames[2], None)).all()


def test_a_goal_may_be_a_picture_and_the_keys_that_lead_to_it_are_open(shown: Episode) -> None:
    video = Drawn(lambda *_: KEYBOARD.draw(BLACK, 1))
    imagination = Imagination(video, KEYBOARD)
    policy = VideoPolicy(imagination, Overlay(imagination), words=False, frame=shown.frames[4])
    policy.start("open the door", 7)
    policy.act(shown.frames[0])
    (asked,) = video.asked
    assert asked.text == ""
    assert asked.last_frame is not None
    part = asked.known[-1]
    assert (asked.last_frame[part] == KEYBOARD.draw(shown.frames[4], None)[part]).all()
    assert not part[52:].any()
    assert part[:52].all()


def _grey(level: float, action: int) -> Frames:
    return KEYBOARD.draw(np.full_like(BLACK, round(level)), action)


def test_matching_looks_deeper_until_two_actions_are_told_apart() -> None:
    asked = past(None, 1)

    def draw(request: ImagineRequest, k: int, seed: int) -> Frames:
        # Keys 1 and 3 look alike for eight frames of future; only 3 goes on as the goal does.
        start = int(request.given[max(request.given)][0, 0, 0])
        told = [i for i in request.known if i >= 0]
        if told:
            key = int(KEYBOARD.action(KEYBOARD.read(request.given[told[0]])))
            return _grey({1: 100 + k, 3: 101 + k}.get(key, 30), 0)
        goes_on = start > 50
        if goes_on:
            return _grey(start + (50 if start % 2 else -40), 0)
        return _grey(101 + k, 0)

    video = Drawn(draw, length=6)
    imagination = Imagination(video, KEYBOARD)
    decoded = Matching(imagination, ACTIONS, apart=3.0).decode(Aim(words="x"), asked)
    assert decoded.actions == (3,)
    assert decoded.frames == 6 * 4
    alike = Matching(imagining(lambda *_: _grey(9, 0), length=6), ACTIONS, deepest=6)
    undecided = alike.decode(Aim(), asked)
    assert undecided.confidence == 0.0
    # Six clips of four new frames; all six are imagined on, four frames more each.
    assert undecided.frames == 6 * 4 + 6 * 4
    assert len(undecided.futures[0].frames) == 8


def test_a_model_of_whole_frames_is_asked_which_keys_are_likeliest() -> None:
    video = Judging(favourite=4)
    imagination = Imagination(video, KEYBOARD)
    with pytest.raises(ToolError, match="whole frames"):
        Matching(imagination, ACTIONS).decode(Aim(), past(None))
    decoded = Likeliest(imagination, ACTIONS).decode(Aim(words="x"), past(None, 1))
    assert decoded.actions == (4,)
    assert decoded.confidence == pytest.approx(0.5)
    assert video.lengths == [3, 4], "one imagined frame did not tell"
    with pytest.raises(BadInput, match="neither be told an action"):
        Likeliest(imagining(lambda *_: BLACK), ACTIONS)


def test_surprise_counts_what_varies_anyway_less() -> None:
    futures = np.stack([BLACK, BLACK + 60])
    assert surprise(BLACK + 60, np.stack([BLACK, BLACK])) > 4 * surprise(BLACK + 60, futures) > 0
    assert surprise(BLACK, np.stack([BLACK, BLACK])) == 0


def test_all_decoders_stand_behind_one_contract() -> None:
    imagination = imagining(lambda *_: BLACK)
    judging = Imagination(Judging(0), KEYBOARD)
    decoders: list[Any] = [
        ClosedLoopPush(), Overlay(imagination), Vote(imagination), Matching(imagination, ACTIONS),
        Likeliest(judging, ACTIONS), Inverse(imagination, _Always()),
    ]  # fmt: skip
    assert all(isinstance(d, ActionDecoder) for d in decoders)
    done = Inverse(imagination, _Always(), 3).decode(Aim(), past(None))
    assert done.actions == (2, 2, 2)
    assert done.confidence == 0.7


class _Always:
    def acts(self, before: Frames, after: Frames) -> tuple[Any, float]:
        assert before.shape == after.shape == (52, 64, 3)
        return np.int64(2), 0.7


def test_what_cannot_be_is_told() -> None:
    short = imagining(lambda *_: BLACK, length=2)
    with pytest.raises(BadInput, match="take a shorter context"):
        short.ahead(past(1, 2), Aim())
    with pytest.raises(BadInput, match="one real frame at least"):
        VideoPolicy(short, Overlay(short), context=0)
    with pytest.raises(BadInput, match="control rate"):
        VideoPolicy(short, Overlay(short), rate=0)
    with pytest.raises(BadInput, match="not by 'taste'"):
        Matching(short, ACTIONS, by="taste")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="at most 2"):
        Vote(short, samples=3, most=2)


def test_actions_come_at_the_control_rate_and_late_ones_are_counted() -> None:
    imagination = Imagination(Forward(), KEYBOARD)
    policy = VideoPolicy(imagination, Overlay(imagination), rate=20)
    policy.start("", 0)
    started = time.monotonic()
    for _ in range(4):
        policy.act(BLACK)
    assert time.monotonic() - started >= 3 / 20
    assert policy.late == 0
    time.sleep(0.1)
    policy.act(BLACK)
    assert policy.late == 1


def test_the_axes_of_a_joystick_are_tried() -> None:
    space = game_spec("tabletop").space
    tried = possible_actions(space)
    assert len(tried) == 1 + 6 + 4
    assert all(space.contains(action) for action in tried)


@pytest.mark.parametrize("world", ["tabletop", "freeway", "crafter"])
def test_other_games_are_gone_on_with(world: str) -> None:
    game: Game = make_game(world)
    keyboard: Keyboard = keyboard_of(game.spec_of)
    frame, _ = game.reset(seed=2)
    player = make_player("scripted", world)
    player.begin(game, 2)
    imagination = Imagination(Foresight(game), keyboard)
    policy = VideoPolicy(imagination, Overlay(imagination))
    policy.begin(game, 2)
    meant, read = player.act(frame), policy.act(frame)
    assert np.abs(np.asarray(meant, dtype=float) - read).max() < 0.02


def test_the_command_leaves_a_record_and_a_film(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["agent", "minigrid", "--goal", "open the door", "--seed", "1", "--execute", "2",
             "--video", f"{__name__}:Forward", "--runs", str(tmp_path), "--json"]  # fmt: skip
    assert invoke(asked) == 1, "who only walks forward opens no door"
    told = json.loads(capsys.readouterr().out)
    assert told["goal"] == "open the door"
    assert not told["reached"]
    assert told["actions"] == MINIGRID.length
    events = read_record(Path(told["run"])).events
    thoughts = [e for e in events if isinstance(e, Continued)]
    assert len(thoughts) == MINIGRID.length // 2
    assert thoughts[0].keys == ("forward", "forward")
    assert thoughts[0].frames == 7
    assert thoughts[-1].frames == 4
    assert told["frames"] == sum(t.frames for t in thoughts)
    assert all((Path(told["run"]) / t.futures[0].path).exists() for t in thoughts)
    assert isinstance(events[-1], Finished)
    assert events[-1].steps == MINIGRID.length
    with av.open(told["video"]) as film:
        frames = [f.to_ndarray(format="rgb24") for f in film.decode(video=0)]
    assert len(frames) == MINIGRID.length
    assert frames[0].shape[1] > 5 * frames[0].shape[0], "real, imagined and pressed side by side"


def test_a_picture_that_is_seen_ends_the_episode(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    game = make_game("minigrid")
    start, _ = game.reset(seed=3)
    ahead, *_ = game.step(2)
    assert not shows_same(start, ahead), "there is room to walk forward"
    (tmp_path / "goal.png").write_bytes(png(ahead))
    asked = ["agent", "minigrid", "--goal", str(tmp_path / "goal.png"), "--seed", "3",
             "--video", f"{__name__}:Forward", "--runs", str(tmp_path), "--json"]  # fmt: skip
    assert invoke(asked) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["actions"], told["reached"]) == (1, True)
    assert read_record(Path(told["run"])).document["task"] == str(tmp_path / "goal.png")


def test_wrong_use_of_the_command_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    video = ["--video", f"{__name__}:Forward"]
    assert invoke(["agent", "crafter", "--weights", str(WEIGHTS / "minigrid")]) == 2
    assert "plays minigrid, not crafter" in capsys.readouterr().err
    assert invoke(["agent", "minigrid", "--decoder", "dice", *video]) == 2
    assert "no decoder 'dice'" in capsys.readouterr().err
    assert invoke(["agent", "minigrid", "--decoder", "inverse", *video]) == 2
    assert "mindseye train inverse" in capsys.readouterr().err
    assert invoke(["agent", "minigrid", "--goal", "no-such.png", *video]) == 2
    assert "cannot read the picture" in capsys.readouterr().err
