"""What training alone says: apart from dev and test, the right way round, and simulated."""

import itertools
import re

import pytest

from mindseye.planner.questions import lexemes
from mindseye.planner.questions.asked import ASKED
from mindseye.planner.questions.asked_train import more_asked
from mindseye.planner.questions.contexts import CONTEXTS
from mindseye.planner.questions.contexts_train import MORE_LEXEMES
from mindseye.planner.questions.data import check
from mindseye.planner.questions.frames_train_asking import MORE_ASKING
from mindseye.planner.questions.generate import examples
from mindseye.planner.questions.picking import (
    bank_named,
    more_words,
    split_frames,
    vocabulary,
)

LEVELS: tuple[lexemes.Level, ...] = ("more", "less")
_LESS = re.compile(
    r"\b(less|lower|smaller|lesser|shorter|shortest|slower|slowest|more slowly|fewer|nearer"
    r"|nearest|closer|closest|weaker|least|below|short of|under|within)\b"
    r"|\bbefore (?!it|stopping|the impact)"
)
_EARLY = re.compile(
    r"\b(sooner|earlier|first|win|winner|ahead|quickest|while|fewer|less|least|shorter|shortest"
    r"|under|within)\b|\bbefore (?!it)"
)


def held_out(options: tuple[str, ...]) -> set[str]:
    parts = vocabulary(options)
    return {*parts["dev"], *parts["test"]}


def held_out_frames(bank: tuple[str, ...]) -> tuple[str, ...]:
    parts = split_frames(bank)
    return (*parts["dev"], *parts["test"])


def test_no_phrase_of_training_is_kept_for_dev_or_test() -> None:
    lists = [
        getattr(asked, field)
        for asked in ASKED.values()
        for field in ("most", "least", "beats", "trails", "over", "under", "nouns")
    ]
    held = set[str]().union(*(held_out(options) for options in lists))
    assert len(held) > 100
    for options, more in more_words().items():
        assert not held & set(more)
        assert len(more) == len(set(more)) > 0, options
    for key, added in MORE_LEXEMES.items():
        shown, held = set[str](), set[str]()
        for found, source in ((shown, added), (held, CONTEXTS[key].lexemes)):
            for lexeme, side in itertools.product(source, LEVELS):
                options = lexemes.level(lexeme, side, False)
                found |= set(vocabulary(options)["train"]) if found is shown else held_out(options)
        assert not held & shown, key


def test_no_template_of_training_shares_a_sentence_with_dev_or_test() -> None:
    def sentences(frame: str) -> set[str]:
        found = re.split(r"(?<=[.?!]) ", re.sub(r"\{(x|y|xy|the_xy)\}", "{x}", frame))
        return {s for s in found if re.search("[a-z]", re.sub(r"\{\w+\}", "", s))}

    for name, more in MORE_ASKING.items():
        bank = bank_named(name)
        assert len(set(more)) == len(more) >= 12
        taken = set[str]().union(*(sentences(f) for f in held_out_frames(bank)))
        # Such as "where does it {i}?", the end of many.
        taken -= set[str]().union(*(sentences(f) for f in split_frames(bank)["train"]))
        for frame in more:
            assert not taken & sentences(frame), (name, frame)


def test_training_asks_in_three_times_as_many_ways_and_the_right_way_round() -> None:
    for (mode, measure), asked in ASKED.items():
        less = _EARLY if measure == "time" else _LESS
        for more_field, less_field in (("most", "least"), ("beats", "trails"), ("over", "under")):
            own = getattr(asked, more_field), getattr(asked, less_field)
            ups, downs = (more_asked()[phrases] for phrases in own)
            assert not set(ups) & set(downs)
            assert not [up for up in ups if less.search(up)], (mode, measure)
            assert not [down for down in downs if not less.search(down)], (mode, measure)
            if more_field != "over":
                assert len(ups) >= 3 * len(own[0]), (mode, measure, more_field)
                assert len(downs) >= 3 * len(own[1]), (mode, measure, less_field)


@pytest.mark.parametrize("seed", [71, 72])
def test_answers_to_the_questions_of_training_are_what_is_simulated(seed: int) -> None:
    questions = list(examples(150, seed))
    assert check(questions) > 120
    for q in questions:
        assert not re.search(r"[{}⟨⟩⟪⟫]|  | [.,?]|\.\.", q.question), q.question
