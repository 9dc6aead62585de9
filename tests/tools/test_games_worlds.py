"""The games: Gymnasium's interface, chance by the seed alone, goals judged by the world."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from mindseye.tools.errors import BadInput, Unavailable
from mindseye.tools.games.players import make_player
from mindseye.tools.games.playing import Recording
from mindseye.tools.games.worlds import GAMES, game_spec, make_game

PACKAGES = {"minigrid": "minigrid", "crafter": "crafter", "freeway": "ale_py"}


@pytest.mark.parametrize("name", ["minigrid", "tabletop"])
def test_a_game_is_a_gymnasium_world(name: str) -> None:
    check_env(make_game(name), skip_render_check=True, skip_close_check=True)


def random_play(name: str, seed: int, actions: int) -> Recording:
    """Return what comes of pressing anything."""
    game, player = make_game(name), make_player("random", name)
    recording = Recording(game, "random", seed)
    player.begin(game, seed)
    while not recording.over and actions > 0:
        recording.step(player.act(recording.frame))
        actions -= 1
    return recording


@pytest.mark.parametrize("name", ["minigrid", "freeway", "tabletop"])
def test_seed_and_actions_decide_everything_and_no_fact_falls(name: str) -> None:
    one, again = (random_play(name, 3, 40).episode() for _ in range(2))
    assert one.frames.shape == (41, 64, 64, 3)
    assert one.frames.dtype == np.uint8
    assert (one.frames == again.frames).all()
    assert (one.rewards == again.rewards).all()
    assert one.goal == again.goal
    other = random_play(name, 4, 1).episode()
    assert (one.frames[0] != other.frames[0]).any()
    for name_of, values in one.facts.items():
        assert (np.diff(values) >= 0).all(), name_of
        assert (values == again.facts[name_of]).all()


def test_crafter_is_the_same_in_another_process() -> None:
    code = (
        "import hashlib, sys\n"
        "sys.path[:0] = [sys.argv[2]]\n"
        "from test_games_worlds import random_play\n"
        "junk = [object() for _ in range(int(sys.argv[1]))]\n"
        "shown = random_play('crafter', 8, 150).episode().frames\n"
        "sys.stdout.write(hashlib.sha256(shown.tobytes()).hexdigest())\n"
    )
    folder = __file__.rpartition("/")[0]
    told = [
        subprocess.run(
            [sys.executable, "-c", code, str(junk), folder],
            capture_output=True, text=True, check=True,
        ).stdout
        for junk in (0, 100_003)
    ]  # fmt: skip
    assert told[0] == told[1]
    assert len(told[0]) == 64


@pytest.mark.parametrize("name", GAMES)
def test_every_goal_can_be_asked_for_and_is_judged_by_a_fact(name: str) -> None:
    spec = game_spec(name)
    assert len({goal.words for goal in spec.goals}) == len(spec.goals)
    game = make_game(name)
    _, info = game.reset(seed=0, options={"goal": spec.goals[-1].words})
    assert info["goal"] == spec.goals[-1].words
    for goal in spec.goals:
        assert goal.fact in info["facts"]
        assert not goal.reached(info["facts"])
        assert goal.reached({goal.fact: goal.least})
        assert spec.goal(goal.words) is goal


def test_what_a_person_types_is_an_action() -> None:
    for name in ("minigrid", "crafter", "freeway"):
        spec = game_spec(name)
        assert set(spec.typed.values()) <= set(spec.keys)
        assert {key for key in spec.keys if key.lower() != "noop"} <= set(spec.typed.values())


def test_a_score_is_a_sum_or_a_success() -> None:
    assert game_spec("crafter").scored([1.0, -0.1, 1.0]) == pytest.approx(1.9)
    assert game_spec("minigrid").scored([0.0, 0.8]) == 1.0
    assert game_spec("minigrid").scored([]) == 0.0


@pytest.mark.parametrize(
    ("options", "says"),
    [({"goal": "make coffee"}, "knows no goal 'make coffee'; say one of: use the key"),
     ({"speed": 3}, "unknown option 'speed'")],
)  # fmt: skip
def test_what_a_game_does_not_know_is_told(options: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        make_game("minigrid").reset(seed=0, options=options)
    with pytest.raises(BadInput, match="no game called 'pong'; known: minigrid, crafter"):
        make_game("pong")


@pytest.mark.parametrize(("name", "package"), PACKAGES.items())
def test_without_its_package_one_line_says_what_to_install(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As Python itself marks a module that cannot be imported.
    for module in [m for m in sys.modules if m.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    assert game_spec(name).goals
    with pytest.raises(Unavailable, match=r'pip install "mindseye\[games\]"$'):
        make_game(name)


def test_a_table_is_laid_so_that_there_is_something_to_do() -> None:
    game = make_game("tabletop")
    for seed in range(5):
        game.reset(seed=seed)
        _, reward, ended, _, _ = game.step(np.zeros(3, np.float32))
        assert reward == 0
        assert not ended
