"""The scripted players: each clearly better than one that presses anything."""

import numpy as np
import pytest

from mindseye.tools.errors import BadInput
from mindseye.tools.games.players import PlayerName, make_player
from mindseye.tools.games.playing import Episode, play_episode
from mindseye.tools.games.worlds import make_game


def played(world: str, player: PlayerName, seeds: range) -> list[Episode]:
    """Return episodes of a player."""
    game, who = make_game(world), make_player(player, world)
    return [play_episode(game, who, player, seed) for seed in seeds]


def test_the_walker_always_arrives_and_takes_no_step_too_many() -> None:
    episodes = played("minigrid", "scripted", range(20))
    assert all(e.score == 1 and e.reached and e.ended for e in episodes)
    assert max(len(e.actions) for e in episodes) <= 25
    assert sum(e.score for e in played("minigrid", "random", range(10))) <= 2


def test_the_crosser_is_never_run_over() -> None:
    (episode,) = played("freeway", "scripted", range(5, 6))
    assert episode.score >= 7
    assert set(np.unique(episode.actions)) >= {0, 1}, "it waits where it must"


def test_the_settler_gathers_and_builds() -> None:
    (episode,) = played("crafter", "scripted", range(1))
    assert episode.score >= 9
    for fact in ("collect_wood", "place_table", "make_wood_pickaxe", "collect_stone"):
        assert episode.facts[fact][-1] >= 1, fact


def test_the_settler_does_first_what_is_wanted() -> None:
    game, player = make_game("crafter"), make_player("scripted", "crafter")
    episode = play_episode(game, player, "scripted", 2, goal="drink water")
    assert episode.reached
    order = [int(np.argmax(v > 0)) for k, v in episode.facts.items() if v[-1] > 0]
    assert int(np.argmax(episode.facts["collect_drink"] > 0)) == min(order)


def test_the_pusher_brings_the_thing_there() -> None:
    episodes = played("tabletop", "scripted", range(2))
    assert [e.score for e in episodes] == [1, 1]
    assert all(e.reached and e.ended for e in episodes)
    assert all(e.actions.shape == (len(e.rewards), 3) for e in episodes)


def test_one_who_slips_still_arrives() -> None:
    game, player = make_game("minigrid"), make_player("scripted", "minigrid", slips=0.2)
    episodes = [play_episode(game, player, "scripted", seed) for seed in range(10)]
    assert sum(e.score for e in episodes) >= 9
    again = play_episode(game, player, "scripted", 4)
    assert (again.actions == episodes[4].actions).all()


def test_who_sits_at_the_wrong_game_says_so() -> None:
    with pytest.raises(BadInput, match="this player plays freeway, not minigrid"):
        play_episode(make_game("minigrid"), make_player("scripted", "freeway"), "", 0)
    with pytest.raises(BadInput, match="no player called 'best'"):
        make_player("best", "minigrid")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="no game called 'pong'"):
        make_player("scripted", "pong")
