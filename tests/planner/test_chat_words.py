"""The words of conversations: follow-ups made whole, questions about the scene."""

import contextlib
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindseye.planner.chat.dialogue import whole
from mindseye.planner.chat.objects import named_objects
from mindseye.planner.chat.seeing import answer
from mindseye.planner.chat.state import Dialogue, Pending, Task
from mindseye.planner.language.mentions import Ambiguous
from mindseye.tools.errors import BadInput
from mindseye.tools.goals import Goal
from mindseye.tools.values import scene_of

NAMES = ("red cube", "yellow cube", "blue ball", "red ball", "green star")
SCENE = scene_of(
    {
        "red cube": (-0.2, 0.0), "yellow cube": (0.2, -0.2), "blue ball": (0.0, 0.0),
        "red ball": (0.2, 0.2), "green star": (0.09, 0.0),
    }
)  # fmt: skip


def goal(**item: str) -> Goal:
    return Goal.model_validate({"all": [item]})


def done(goal_: Goal, words: str = "...", **moved: tuple[float, float]) -> Dialogue:
    """Return what is remembered after a task that moved the red cube."""
    after = {**SCENE.layout, "red cube": (-0.1, 0.0)}
    task = Task(words=words, goal=goal_, run="r", before=SCENE.layout, after=after)
    return Dialogue(tasks=(task,), focus=("red cube",), run="r")


NEXT_TO = done(
    goal(relation="near", subject="red cube", object="green star"),
    "push the red cube next to the green star",
)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("push the blue ball left", "push the blue ball left"),
        ("and the blue ball too", "push the blue ball next to the green star"),
        ("Now the yellow one, please.", "push the yellow cube next to the green star"),
        ("same with the blue ball and the red ball",
         "push the blue ball next to the green star and push the red ball next to the green star"),
        ("the other cube", "push the yellow cube next to the green star"),
        ("and the other one?", "push the yellow cube next to the green star"),
        ("no, i meant the blue ball", "push the blue ball next to the green star"),
        ("what about the blue one", "push the blue ball next to the green star"),
        ("again", "push the red cube next to the green star"),
        ("ok, do it once more please", "push the red cube next to the green star"),
        ("not there, behind the blue ball", "push the red cube behind the blue ball"),
        ("rather to the left", "push the red cube to the left"),
        ("push it to the top", "push the red cube to the top"),
        ("put the blue ball behind it", "put the blue ball behind it"),
        ("it should stand behind the star", "the red cube should stand behind the star"),
        ("right of the blue ball", "push the red cube right of the blue ball"),
        ("not there, next to the blue ball", "push the red cube next to the blue ball"),
        ("no balls on the left", "no balls on the left"),
        ("no, not the red cube, the blue ball", "push the blue ball next to the green star"),
        ("the blue ball, not the yellow one", "push the blue ball next to the green star"),
        ("push that blue ball left", "push that blue ball left"),
        ("make sure that the yellow cube is left of the star",
         "make sure that the yellow cube is left of the star"),
        ("put the yellow cube next to the other cube",
         "put the yellow cube next to the red cube"),
        ("push it further away from the blue ball",
         "push the red cube further away from the blue ball"),
    ],
)  # fmt: skip
def test_a_follow_up_becomes_a_whole_order(words: str, meant: str) -> None:
    order = whole(words, NEXT_TO, NAMES)
    assert (order.words, order.to) == (meant, None)


@pytest.mark.parametrize(
    "words", ["go ahead", "Sounds good, do it.", "Yes, do it!", "do that, please", "go for it"]
)
def test_what_was_planned_or_pictured_is_done_on_request(words: str) -> None:
    planned = NEXT_TO.model_copy(update={"proposed": "push the blue ball left"})
    assert whole(words, planned, NAMES).words == "push the blue ball left"


def test_further_goes_on_along_the_way() -> None:
    order = whole("a bit further", NEXT_TO, NAMES)
    assert order.to is not None
    name, (x, y) = order.to
    assert (name, round(x, 3), round(y, 3)) == ("red cube", -0.02, 0.0)


def test_an_answer_to_which_completes_the_pending_order() -> None:
    asked = Dialogue(
        pending=Pending(
            words="roll the ball left", phrase="ball", options=("blue ball", "red ball")
        )
    )
    assert whole("the red one", asked, NAMES).words == "roll the red ball left"
    assert whole("blue, please", asked, NAMES).words == "roll the blue ball left"
    # Another order is no answer, nor is a question.
    for said in ("push the red ball right", "where's the red ball"):
        assert whole(said, asked, NAMES).words == said
    said = "push the green star next to the yellow cube"
    assert whole(said, asked, NAMES).words == said


@pytest.mark.parametrize(
    ("words", "phrase", "answered", "meant"),
    [
        ("push the red ball next to the ball", "ball", "the blue one",
         "push the red ball next to the blue ball"),
        ("and the other one", "other one", "the blue one",
         "push the blue ball next to the green star"),
        ("push the cuve left", "cube", "the yellow one", "push the yellow cube left"),
    ],
)  # fmt: skip
def test_the_answer_to_which_goes_where_the_doubt_was(
    words: str, phrase: str, answered: str, meant: str
) -> None:
    pending = Pending(words=words, phrase=phrase, options=("blue ball", "yellow cube"))
    dialogue = NEXT_TO.model_copy(update={"pending": pending})
    assert whole(answered, dialogue, NAMES).words == meant


def test_after_undoing_a_follow_up_means_what_was_undone() -> None:
    at = goal(relation="at", subject="red cube", place=(-0.2, 0.0))  # type: ignore[arg-type]
    (task,) = (t.model_copy(update={"undone": True}) for t in NEXT_TO.tasks)
    back = task.model_copy(update={"words": "put the red cube back", "goal": at})
    dialogue = NEXT_TO.model_copy(update={"tasks": (task, back)})
    assert whole("again", dialogue, NAMES).words == "push the red cube next to the green star"
    said = whole("the blue ball instead", dialogue, NAMES)
    assert said.words == "push the blue ball next to the green star"


def test_further_takes_a_direction_and_stays_on_the_table() -> None:
    order = whole("a bit further left", NEXT_TO, NAMES)
    assert order.to is not None
    assert order.to[1] == pytest.approx((-0.18, 0.0))
    with pytest.raises(BadInput, match="not moved last"):
        whole("push the green star further", NEXT_TO, NAMES)
    task = NEXT_TO.tasks[0]
    rim = task.model_copy(update={"after": {**task.after, "red cube": (0.28, 0.0)}})
    with pytest.raises(BadInput, match="edge"):
        whole("a bit further", NEXT_TO.model_copy(update={"tasks": (rim,)}), NAMES)


@pytest.mark.parametrize("words", ["again", "the blue one too", "to the left"])
def test_what_follows_on_nothing_says_so(words: str) -> None:
    with pytest.raises(BadInput, match="say"):
        whole(words, Dialogue(), NAMES)


def test_the_other_one_of_many_is_asked_for() -> None:
    with pytest.raises(Ambiguous) as doubt:
        whole("and the other one", NEXT_TO.of(["green star"]), NAMES)
    assert len(doubt.value.options) > 1


_VOCABULARY = (
    "the other one red blue cube cubes ball it that again further left behind to and now too "
    "no same with push put not there everything them a bit more undo"
)
_WORDS = st.lists(st.sampled_from(_VOCABULARY.split(" ")), max_size=9).map(" ".join)


@given(_WORDS)
def test_any_words_become_an_order_or_one_clear_line(words: str) -> None:
    with contextlib.suppress(BadInput):
        order = whole(words, NEXT_TO, NAMES)
        assert order.words == " ".join(order.words.split())


def _understood(order: str, names: Sequence[str]) -> Goal:
    """Read the orders that the questions below become."""
    match = re.fullmatch(
        r"put (?:the )?(\w+ \w+) (left of|right of|next to|near) (?:the )?(.*)", order
    )
    if match is None:
        raise BadInput("not understood")
    relation = {"left of": "left_of", "right of": "right_of"}.get(match[2], "near")
    return goal(relation=relation, subject=match[1], object=match[3])


@pytest.mark.parametrize(
    ("question", "said", "about"),
    [
        (
            "How many balls are there?",
            "2: the blue ball and the red ball.",
            ("blue ball", "red ball"),
        ),
        ("count the red things", "2: the red cube and the red ball.", ("red cube", "red ball")),
        ("how many objects do you see", "5: .*", NAMES),
        ("Is there a purple cylinder?", "No.", ()),
        ("do you see any stars", "Yes: the green star.", ("green star",)),
        ("What colour is the star?", "Green.", ("green star",)),
        ("which one is the leftmost", "The red cube is furthest left.", ("red cube",)),
        ("what is closest to the left edge", "The red cube is furthest left.", ("red cube",)),
        ("what is furthest to the right?", ".* is furthest right.", None),
        ("which ball is farthest back?", "The red ball is furthest back.", ("red ball",)),
        ("what is nearest to the blue ball?", "The green star is nearest .* 9 cm away.", None),
        ("what's farthest from the blue ball?", "The (yellow cube|red ball) is farthest .*", None),
        ("what is next to the blue ball?", "The green star.", ("green star", "blue ball")),
        ("what is left of the blue ball", "The red cube.", ("red cube", "blue ball")),
        ("Is the green star near the blue ball?", "Yes: .*", None),
        ("is the red cube right of the blue ball", "No: .*", None),
        ("Where is the green star?", "The green star is .*9 cm right.*", ("green star",)),
        ("Describe what you see.", "I see the red cube .*", NAMES),
        ("how many things are left of the blue ball", "1: the red cube.", None),
        ("how many cubes and balls are there", "4: .*", None),
        ("how many pink things are there", "None.", ()),
        ("how many pyramids do you see", "None.", ()),
        ("how many objects besides the star", "4: .*", None),
        ("Is there an orange cube?", "No.", ()),
        ("is there a cube next to the blue ball", "No.", ("blue ball",)),
        ("can you see any balls?", "Yes: the blue ball and the red ball.", None),
        ("which ball is left of the green star", "The blue ball.", None),
        ("is the green star the leftmost thing?", "No: the red cube is furthest left.", None),
        ("what colour is the leftmost object", "The red cube is .*", None),
        ("what colour is the object nearest to the star", "The blue ball is nearest .*", None),
        ("how far is the red cube from the blue ball", "The red cube is 20 cm from .*", None),
        ("is the star red?", "No: I see the green star.", None),
        (
            "which is nearest to the blue ball, the red cube or the yellow cube",
            "The red cube is nearest .* 20 cm away.",
            None,
        ),
    ],
)
def test_questions_about_the_scene(question: str, said: str, about: Sequence[str] | None) -> None:
    seen = answer(question, SCENE, _understood)
    assert re.fullmatch(said, seen.text), seen.text
    assert about is None or tuple(seen.about) == tuple(about)


def test_a_question_about_what_is_not_there_says_what_is() -> None:
    with pytest.raises(BadInput, match="no purple"):
        answer("where is the purple cube?", SCENE, _understood)


def test_objects_that_an_order_to_lay_names() -> None:
    assert named_objects("three cubes and a red ball") == (
        "red cube", "green cube", "blue cube", "red ball",
    )  # fmt: skip
    assert named_objects("start over") is None
    assert named_objects("a blue box with a lilac star") == ("blue cube", "purple star")
    with pytest.raises(BadInput, match="5 colours"):
        named_objects("six balls")
