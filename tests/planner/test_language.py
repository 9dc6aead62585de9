"""Understanding, proposing, choosing: binding, prompts, schemas, data, scripted models."""

import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llguidance
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindseye.planner.language import asking, idioms, oracle
from mindseye.planner.language.data import (
    goal_example,
    make_language_data,
    read_examples,
    subgoal_example,
)
from mindseye.planner.language.mentions import bind
from mindseye.planner.language.mind import LanguageMind, understand
from mindseye.planner.language.models import load_language
from mindseye.planner.language.reading import read_task
from mindseye.planner.language.schemas import choice_schema, goal_schema, subgoal_schema
from mindseye.planner.language.speaker import Speaker, held_out
from mindseye.planner.language.wordings import random_names, wording
from mindseye.tools.errors import BadInput, Unavailable
from mindseye.tools.goals import RELATIONS, Goal, contradiction, satisfied
from mindseye.tools.subgoals import Subgoal
from mindseye.tools.values import SceneGraph, scene_of

TABLE = ("red cube", "blue ball", "green star", "blue cylinder")
NEAR = {"relation": "near", "subject": "red cube", "object": "blue ball"}


def fits(answer: Any, schema: dict[str, Any]) -> bool:
    """Say whether the grammar engine that decodes would let this answer through."""
    grammar = llguidance.LLMatcher.grammar_from_json_schema(
        json.dumps(schema), defaults={"whitespace_flexible": False}
    )
    matcher = llguidance.LLMatcher(llguidance.LLTokenizer("byte"), grammar)
    text = list(asking.compact(answer).encode())
    return bool(matcher.try_consume_tokens(text) == len(text) and matcher.is_accepting())


@pytest.fixture
def scene() -> SceneGraph:
    return scene_of({"red cube": (-0.1, 0.05), "blue ball": (0.12, -0.2), "green star": (0.0, 0.2)})


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Any]:
    def write(**answers: list[Any]) -> Any:
        path = tmp_path / "script.json"
        path.write_text(json.dumps({"answers": answers}))
        return load_language(f"scripted:{path}")

    return write


@pytest.mark.parametrize(
    ("task", "text"),
    [
        ("Push the red block next to the star.", "Push the red cube next to the green star."),
        ("can you put the can by the blue sphere?",
         "can you put the blue cylinder by the blue ball?"),
        ("red left of green", "red cube left of green star"),
        ("teh crimson box behnd the blue bal", "teh red cube behnd the blue ball"),
        ("move the blue objects up", "move the blue ball and the blue cylinder up"),
        ("put it all in a good place", "put it all in a good place"),
        ("start with the cube's left side", "start with the red cube's left side"),
        ("the blues go left", "the blue ball and the blue cylinder go left"),
        ("all blue things up", "all the blue ball and the blue cylinder up"),
        ("each blue piece up", "each blue ball and the blue cylinder up"),
        ("Balls with balls, cubes with other cubes", "Balls with balls, cubes with other cubes"),
        ("put reds next to the other reds", "put reds next to the other reds"),
        ("cubes together and balls together", "cubes together and balls together"),
        ("in one nice line like the rest", "in one nice line like the rest"),
    ],
)  # fmt: skip
def test_mentions_are_bound_to_names_on_the_table(task: str, text: str) -> None:
    assert bind(task, TABLE).text == text


@pytest.mark.parametrize(
    ("task", "told"),
    [
        ("push the green elephant left", "no green elephant"),
        ("put the purple star near the red cube", "no purple star"),
        ("put the pink one near the red cube", "no pink one"),
        ("move the blue one to the middle", "could be the blue ball or the blue cylinder"),
        ("push the pyramid away", "no pyramid"),
        ("put the sandwich next to the red cube", "no sandwich"),
        ("the red cube goes behind the monkey", "no monkey"),
        ("line up the yellow things", "no yellow things"),
    ],
)
def test_what_is_not_there_or_two_things_is_refused(task: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        bind(task, TABLE)


def test_kinds_that_are_told_apart_mean_everything() -> None:
    assert read_task("balls with balls, cubes with cubes", TABLE).names == TABLE
    assert read_task("the blue things together, the green things together", TABLE).names == TABLE
    assert read_task("put the balls and cans together", TABLE).names == (
        "blue ball",
        "blue cylinder",
    )


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_binding_never_fails_but_with_bad_input(task: str) -> None:
    try:
        bound = bind(task, TABLE)
    except BadInput:
        return
    assert set(bound.names) <= set(TABLE)
    assert bind(bound.text, TABLE).names == bound.names


def test_bystanders_are_not_in_the_schema() -> None:
    reading = read_task("push the red cube next to the ball", TABLE)
    assert reading.names == ("red cube", "blue ball")
    assert "green star" not in json.dumps(reading.schema)
    assert read_task("everything near the ball", TABLE).names == TABLE


@pytest.mark.parametrize("split", ["train", "held-out"])
def test_every_wording_fits_the_schema_it_is_asked_under(split: Any) -> None:
    rng = random.Random(5)
    for _ in range(120):
        task, names, items = wording(rng, split)
        try:
            reading = read_task(task, names)
        except BadInput:
            continue
        assert fits({"all": items}, reading.schema), task
        if items:
            Goal.model_validate({"all": items})


def spoken(frame: idioms.Frame, rng: random.Random) -> tuple[str, list[str], Any]:
    """Return a frame filled, over a table that suits it."""
    for _ in range(60):
        names = random_names(rng)
        if made := idioms.speak(Speaker(rng, names), frame):
            return made[0], names, made[1]
    raise AssertionError(f"no table suits {frame}")


SAYINGS = [f for g, found in idioms.tables().items() if g in idioms.WEIGHTS for f in found]


@pytest.mark.parametrize("seed", [0, 1])
def test_every_saying_is_read_and_its_goal_can_be_answered(seed: int) -> None:
    rng = random.Random(seed)
    for frame in SAYINGS:
        text, names, items = spoken(frame, rng)
        assert not set("{}") & set(text), frame
        reading = read_task(text, names)
        assert bool(items) == (frame.group != "nothing"), frame
        if not items:
            continue
        goal = Goal.model_validate({"all": items})
        assert goal.names() <= set(reading.names), text
        assert contradiction(goal) is None, text
        if rng.random() < 0.1:
            assert fits({"all": items}, reading.schema), text


def test_sayings_are_many_distinct_and_split() -> None:
    texts = [f.text for f in SAYINGS]
    assert [t for t, n in Counter(texts).items() if n > 1] == []
    assert set(idioms.tables()) == {*idioms.WEIGHTS, "openers", "closers"}
    for group, frames in idioms.tables().items():
        kept = sum(held_out(f.text) for f in frames)
        assert 0 < kept < len(frames) / 3, group
    assert len(texts) >= 2000
    assert {r for f in SAYINGS for r in f.heading.split() if r in RELATIONS} >= {
        "above", "below", "near", "touching", "apart",
    }  # fmt: skip


def test_a_saying_means_what_it_says() -> None:
    def frame(text: str) -> idioms.Frame:
        return next(f for f in SAYINGS if f.text == text)

    speaker = Speaker(random.Random(0), ["red cube", "blue ball", "green star"])
    said = idioms.speak(speaker, frame("{s} on the {L}, {o} on the {R}"))
    assert said is not None
    first, second = said[1]
    assert said[0].index(f"the {first['area']}") < said[0].index(f"the {second['area']}")
    assert {first["area"], second["area"]} == {"left", "right"}
    told = idioms.speak(speaker, frame("{s} wants to be left alone, keep everything far from it"))
    assert told is not None
    (alone,) = {i["object"] for i in told[1]}
    assert {i["subject"] for i in told[1]} == set(speaker.names) - {alone}
    assert {i["relation"] for i in told[1]} == {"apart"}
    corrected = idioms.speak(speaker, frame("not {t}: {s} should be {p1} {o}"))
    assert corrected is not None
    assert len(corrected[1]) == 1


def test_held_out_wordings_are_not_training_wordings() -> None:
    rng = random.Random(0)
    seen = {goal_example(rng, "train").user for _ in range(400)}
    unseen = [goal_example(rng, "held-out").user for _ in range(200)]
    assert sum(u in seen for u in unseen) < 10


def test_no_paraphrase_is_a_training_wording() -> None:
    path = Path(__file__).parents[2] / "eval" / "data" / "goal_paraphrases.jsonl"
    tasks = {json.loads(line)["task"].lower() for line in path.read_text().splitlines()}
    rng = random.Random(1)
    assert len(tasks) >= 100
    assert not tasks & {wording(rng)[0].lower() for _ in range(2000)}


def test_the_oracle_reaches_goals_step_by_step() -> None:
    rng, reached, tried = random.Random(2), 0, 0
    while tried < 40:
        _, names, items = wording(rng)
        kinds = {i.get("relation") for i in items}
        if not items or "grouped_by" in kinds or len(items) > 2:
            continue
        goal, layout = Goal.model_validate({"all": items}), oracle.random_layout(rng, names)
        tried += 1
        for _ in range(8):
            if satisfied(goal, layout) or not (best := oracle.best_subgoals(goal, layout)):
                break
            layout = oracle.after(layout, best[0])
        reached += satisfied(goal, layout)
    assert reached >= 32


def test_subgoal_answers_parse_and_fit(scene: SceneGraph) -> None:
    rng = random.Random(3)
    for _ in range(20):
        answer = json.loads(subgoal_example(rng, "train").answer)
        Subgoal.model_validate(answer)
        names = sorted({answer["move"], answer.get("object", "red cube"), "blue star"})
        assert fits(answer, subgoal_schema(names))


def test_data_is_seeded_and_stored(tmp_path: Path) -> None:
    told = make_language_data(tmp_path / "a", n=12, seed=4)
    make_language_data(tmp_path / "b", n=12, seed=4)
    first, second = (read_examples(tmp_path / x / "train.jsonl") for x in "ab")
    assert told["train"] == len(first) == 12
    assert first == second
    (tmp_path / "a" / "train.jsonl").write_text('{"kind": "goal"}\n')
    with pytest.raises(BadInput, match="cannot read language data"):
        read_examples(tmp_path / "a" / "train.jsonl")


def test_every_prompt_renders_short_and_explained(scene: SceneGraph) -> None:
    goal = Goal.model_validate({"all": [NEAR, {"not": {"relation": "in_line", "subject": "all"}}]})
    step = Subgoal(move="red cube", relation="near", object="blue ball")
    hint = asking.hint_words("simulation", "red cube", scene.layout, ["green star"], 0.5)
    assert hint == ("simulation: ends in the center, green star falls, progress 0.50")
    asked = {
        "goal": asking.ask_goal("do it", TABLE, {}, explain=False),
        "subgoal": asking.ask_subgoal(goal, scene, [(step, "missed")], {}, explain=False),
        "tools": asking.ask_tools(goal, scene, step, {}, explain=False),
        "choice": asking.ask_choice(goal, [(step.words(), hint)] * 2, {}, explain=False),
    }
    assert "Objects: red cube, blue ball" in asked["goal"][1].text
    assert asked["subgoal"][1].text.startswith(
        "red cube -10 5; blue ball 12 -20; green star 0 20\n"
    )
    assert "Done: push the red cube next to the blue ball: missed" in asked["subgoal"][1].text
    assert "Step: push the red cube next to the blue ball" in asked["tools"][1].text
    assert "\n2. push the red cube" in asked["choice"][1].text
    assert all(len(m[0].text) < 40 for m in asked.values())
    explained = asking.ask_goal("do it", TABLE, goal_schema(TABLE), explain=True)
    assert '"in_area"' in explained[0].text
    assert "above means further away" in explained[0].text


def test_a_scripted_model_is_understood(script: Callable[..., Any]) -> None:
    goal = understand(script(goal=[{"all": [NEAR, NEAR]}]), "cube by ball", TABLE)
    assert goal.to_json() == {"all": [NEAR]}


@pytest.mark.parametrize("task", ["", "  ", "?!", "12"])
def test_an_empty_task_never_reaches_the_model(task: str, script: Callable[..., Any]) -> None:
    with pytest.raises(BadInput, match="the task is empty"):
        understand(script(), task, TABLE)


def test_no_goal_and_contradiction_are_bad_input(script: Callable[..., Any]) -> None:
    with pytest.raises(BadInput, match="cannot tell what to do"):
        understand(script(goal=[{"all": []}]), "sing", TABLE)
    both = [NEAR, {**NEAR, "relation": "apart"}]
    with pytest.raises(BadInput, match="contradicts itself"):
        understand(script(goal=[{"all": both}]), "red cube near and far from the ball", TABLE)


def test_garbage_is_told_to_the_model_which_tries_again(script: Callable[..., Any]) -> None:
    stranger = {"all": [{**NEAR, "object": "pink pig"}]}
    model = script(goal=["no json", stranger, {"all": [NEAR]}])
    assert understand(model, "cube by ball", TABLE).names() == {"red cube", "blue ball"}
    with pytest.raises(Unavailable, match="no usable answer in 3 tries"):
        understand(script(goal=["no json"]), "cube by ball", TABLE)


def test_a_model_without_odds_proposes_and_chooses(
    script: Callable[..., Any], scene: SceneGraph
) -> None:
    mind = LanguageMind(
        script(
            subgoals=[{"subgoals": [
                {"move": "red cube", "relation": "near", "object": "blue ball"},
                {"move": "red cube", "relation": "near", "object": "red cube"},
                {"move": "green star", "relation": "in_area", "area": "top"},
            ]}],
            check=[{"tools": "physics"}],
            choice=[{"choice": 2}, {"choice": 9}, {"choice": 1}, {"choice": 1}],
        )
    )  # fmt: skip
    goal = Goal.model_validate({"all": [NEAR]})
    proposals = mind.propose(goal, scene, [], 4)
    assert [p.subgoal.move for p in proposals] == ["red cube", "green star"]
    assert sum(p.prior for p in proposals) == pytest.approx(1)
    tools = mind.choose_tools(goal, scene, proposals[0].subgoal)
    assert max(tools, key=lambda t: tools[t]) == "physics"
    options = [("push", "not pictured")] * 6
    chances = mind.choose(goal, scene, options)
    assert len(chances) == 6
    assert sum(chances) == pytest.approx(1)
    assert chances.index(max(chances)) == 1


def test_choice_schema_holds_only_the_options() -> None:
    assert fits({"choice": 3}, choice_schema(3))
    assert not fits({"choice": 4}, choice_schema(3))
