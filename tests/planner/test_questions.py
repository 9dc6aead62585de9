"""Physics questions: balance, splits, answers, programs, wordings, prompts, files."""

import itertools
import json
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import llguidance
import pytest
from langchain_core.messages import BaseMessage

import mindseye
from mindseye.planner.ask.writing import scene_program_schema
from mindseye.planner.cli import invoke
from mindseye.planner.language.asking import compact
from mindseye.planner.language.data import read_examples
from mindseye.planner.questions import frames
from mindseye.planner.questions.asked import ASKED
from mindseye.planner.questions.asking import (
    NO_PROGRAM,
    answer_schema,
    ask_answer,
    ask_program,
)
from mindseye.planner.questions.checking import Answer
from mindseye.planner.questions.data import (
    asks_for,
    check,
    make_minds_eye_data,
    training_examples,
)
from mindseye.planner.questions.frames_train import MORE_TELLING
from mindseye.planner.questions.frames_train_asking import MORE_ASKING
from mindseye.planner.questions.generate import MIXTURE, examples, question, standard
from mindseye.planner.questions.picking import Picker, bank_named, split_frames
from mindseye.planner.questions.records import Asks, Kind, Question, read_questions
from mindseye.planner.questions.subtasks import MORE, SUBTASKS
from mindseye.planner.questions.tense import third
from mindseye.planner.questions.things import american
from mindseye.tools.errors import BadInput
from mindseye.tools.physics.lab.closed_form import closed_form
from mindseye.tools.physics.lab.program import SCENES, parse_program, program_schema
from mindseye.tools.physics.lab.resolve import resolve

STANDARD = Path(mindseye.__file__).parent / "eval" / "data" / "minds_eye.jsonl"


@pytest.fixture(scope="module")
def tested() -> list[Question]:
    return list(standard(0, 3))


@pytest.fixture(scope="module")
def trained() -> list[Question]:
    return list(examples(900, 0, "train"))


@pytest.fixture(scope="module")
def shipped() -> list[Question]:
    return read_questions(STANDARD)


def skeletons(q: Question) -> set[str]:
    """Return the sentences of a question without names and numbers."""
    text = q.question
    names = parse_program(q.program).names if q.program else ()
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(re.escape(name), "N", text, flags=re.I)
        text = re.sub(rf"\b{re.escape(name.split()[0])} one\b", "N", text, flags=re.I)
    text = re.sub(r"\d+(\.\d+)?", "#", text).lower()
    return {s.strip() for s in re.split(r"(?<=[.?!])\s+", text) if s.strip()}


def test_there_are_39_subtasks_in_six_scenes() -> None:
    assert len({t.id for t in SUBTASKS}) == len(SUBTASKS) == 39
    assert {t.scene for t in SUBTASKS} == set(SCENES)
    assert not set(SUBTASKS) & set(MORE)
    for task in (*SUBTASKS, *MORE):
        assert task.measure in SCENES[task.scene].measures
        for mode in task.modes:
            assert (mode, task.measure) in ASKED


def test_answers_of_every_subtask_are_balanced(shipped: list[Question]) -> None:
    for task in SUBTASKS:
        own = [q for q in shipped if q.subtask == task.id]
        places = Counter(q.choices.index(q.answer) for q in own)
        assert places == {0: 33, 1: 33, 2: 34}
        assert all(q.choices[2] == "same" and q.kind == "compare" for q in own)
        assert len({q.question for q in own}) == 100


def _asks_for_most(q: Question) -> bool:
    """Read off the text which end of the measure is asked for."""
    assert q.program is not None
    measure = parse_program(q.program).ask.model_dump()["measure"]
    task = next(t for t in SUBTASKS if t.id == q.subtask)
    said = {True: 0, False: 0}
    for asked in (ASKED[mode, measure] for mode in task.modes):
        for most, phrases in ((True, asked.most), (False, asked.least)):
            for verb in phrases:
                forms = (verb, third(verb), third(verb, past=True))
                for form in itertools.chain(forms, map(american, forms)):
                    if re.search(rf"\b{re.escape(form)}\b", q.question):
                        said[most] = max(said[most], len(form))
    # "slide less far" holds no phrase for more, but "land closer" may hold a shorter one.
    assert said[True] != said[False], q.question
    return said[True] > said[False]


def test_every_subtask_is_answered_as_the_formulas_say(tested: list[Question]) -> None:
    for q in tested:
        assert q.program is not None
        program = parse_program(q.program)
        task = next(t for t in SUBTASKS if t.id == q.subtask)
        values = closed_form(resolve(program), task.measure)
        gap = abs(values[0] - values[1]) / max(*values, 1e-12)
        assert gap < 1e-6 or gap > 0.06, q.question
        if gap < 1e-6:
            assert q.answer == "same", q.question
        else:
            larger = values[0] > values[1]
            expected = program.names[0 if larger == _asks_for_most(q) else 1]
            assert q.answer == expected, q.question


def test_simulation_gives_the_same_answers(tested: list[Question], trained: list[Question]) -> None:
    assert check(tested) == len(tested)
    assert check(trained[:150]) > 120


def test_no_template_stands_in_two_banks() -> None:
    banks = [v for k, v in vars(frames).items() if isinstance(v, tuple) and k != "CONNECTING"]
    banks = [b for b in banks if b is not frames.CONTRAST] + list(frames.AWAY.values())
    every = list(itertools.chain.from_iterable(banks))
    assert len(every) == len(set(every)) > 500
    for bank in banks:
        parts = split_frames(bank)
        assert all(parts.values())
        assert sorted(itertools.chain.from_iterable(parts.values())) == sorted(bank)


_FILLED_ALIKE = {
    "CONTRAST": frames.CLAUSE, "ASK_TOP": frames.ASK, "WHERE_THREE": frames.WHERE,
    "DROPPED": frames.UP_DOWN, "CHASE": frames.HIT,
}  # fmt: skip


def _words(frame: str) -> list[str]:
    return re.findall("[a-z]+", re.sub(r"\{\w+\}", "", frame.lower()))


def test_templates_of_training_alone_are_new_and_can_be_filled() -> None:
    banks = [v for k, v in vars(frames).items() if isinstance(v, tuple) and k != "CONNECTING"]
    held_out = {
        bank: [*split_frames(bank)["dev"], *split_frames(bank)["test"]]
        for bank in (*banks, *frames.AWAY.values())
    }
    everywhere = {f.lower() for own in held_out.values() for f in own}
    assert not set(MORE_TELLING) & set(MORE_ASKING)
    for name, more in (MORE_TELLING | MORE_ASKING).items():
        own = [_words(f) for f in held_out[bank_named(name)]]
        # Where one of two banks is chosen, both are filled alike.
        filled = (*_FILLED_ALIKE.get(name, ()), *bank_named(name))
        slots = set(re.findall(r"\{\w+\}", " ".join(filled)))
        assert len(set(more)) == len(more) > 9, name
        for frame in more:
            assert _words(frame) not in own, (name, frame)
            assert frame.lower() not in everywhere, (name, frame)
            assert set(re.findall(r"\{\w+\}", frame)) <= slots, (name, frame)


def test_no_test_wording_is_trained_on(trained: list[Question], shipped: list[Question]) -> None:
    seen = set[str]().union(*(skeletons(q) for q in trained))
    fresh = set[str]().union(*(skeletons(q) for q in shipped))
    assert len(seen) > 1000
    assert not seen & fresh
    assert not {q.family for q in trained} & {q.family for q in shipped}


@pytest.mark.parametrize("kind", [k for k, _ in MIXTURE])
def test_templates_of_the_splits_are_disjoint(kind: Any) -> None:
    used: dict[str, set[str]] = {}
    for split in ("train", "dev", "test"):
        used[split] = set()
        for i in range(25):
            pick = Picker(random.Random(i), split)
            question(pick, kind, "x")
            used[split] |= set(pick.used)
    for one, two in itertools.combinations(used.values(), 2):
        assert one
        assert not one & two


def test_the_same_seed_makes_the_same_questions(shipped: list[Question]) -> None:
    assert list(examples(40, 3)) == list(examples(40, 3))
    assert [q.question for q in examples(40, 3)] != [q.question for q in examples(40, 4)]
    again = {q.id: q for q in standard(0, 1)}
    assert len(again) == 39
    assert [q for q in shipped if q.id in again] == list(again.values())


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_all_wordings_render(split: Any) -> None:
    for q in examples(250, 7, split):
        assert not re.search(r"[{}⟨⟩⟪⟫]|  | [.,?]|\.\.", q.question), q.question
        assert q.split == split
        assert not q.choices or q.answer in q.choices
        if q.program is None:
            assert q.kind == "none"
            continue
        _program_copies_the_text(q)


def _program_copies_the_text(q: Question) -> None:
    assert q.program is not None
    program = parse_program(q.program)
    assert program.text() == q.program
    text = q.question.lower()
    if program.names != ("before", "after"):
        places = [text.find(name.lower()) for name in program.names]
        assert min(places) >= 0, (q.question, program.names)
    if len(program.names) == 2 and q.kind == "compare" and program.names != ("before", "after"):
        assert set(program.names) <= set(q.choices) or "yes" in q.choices
    for body in program.bodies:
        for amount in body.amounts.values():
            number = re.match(r"\d[\d.]*(?= )", amount)
            if number and amount != "0 N" and float(number[0]) > 12:
                assert number[0] in q.question, (amount, q.question)


def fits(text: str, schema: dict[str, Any]) -> bool:
    """Say whether the grammar engine that decodes would let this text through."""
    grammar = llguidance.LLMatcher.grammar_from_json_schema(
        json.dumps(schema), defaults={"whitespace_flexible": False}
    )
    matcher = llguidance.LLMatcher(llguidance.LLTokenizer("byte"), grammar)
    tokens = list(text.encode())
    return bool(matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting())


def test_decoding_lets_target_programs_through(trained: list[Question]) -> None:
    for q in trained[:60]:
        if q.scene is not None and q.program is not None:
            assert fits(q.program, scene_program_schema(q.scene)), q.program
    assert not fits(NO_PROGRAM, program_schema())
    assert not fits('{"scene":"circuit"}', program_schema())


def test_every_kind_is_there_in_its_share(trained: list[Question]) -> None:
    counts = Counter(q.kind for q in trained)
    for kind, share in MIXTURE:
        assert abs(counts[kind] / len(trained) - share) < 0.05, kind
    for kind in ("yesno", "exceeds", "does"):
        answers = [q.answer for q in trained if q.kind == kind]
        assert 0.25 < answers.count("yes") / len(answers) < 0.75
    assert all(q.unit and q.tolerance and q.answer.endswith(q.unit) for q in trained
               if q.kind == "number")  # fmt: skip
    # American and British spelling, both.
    text = " ".join(q.question for q in trained)
    assert "meter" in text
    assert "metre" in text


def test_the_adapter_is_asked_in_the_words_it_was_trained_on() -> None:
    def asked(messages: list[BaseMessage]) -> list[str]:
        return [str(m.content) for m in messages]

    # Letter for letter: another space, and the weights were trained on something else.
    system = "You answer physics questions by simulation."
    question = "Which is faster, X or Y?"
    assert asked(ask_program(question)) == [system, f"Question: {question}\nProgram:"]
    assert asked(ask_program(question, ("X", "Y", "same"))) == [
        system, f"Question: {question}\nChoices: X; Y; same\nProgram:",
    ]  # fmt: skip
    hint = "Simulation: the speed of X is 2 m/s, of Y 1 m/s; X has more."
    assert asked(ask_answer(question, explain=False)) == [system, f"Question: {question}\nAnswer:"]
    assert asked(ask_answer(question, ("X", "Y"), hint, explain=False)) == [
        system, f"Question: {question}\nChoices: X; Y\n{hint}\nAnswer:",
    ]  # fmt: skip


def test_other_models_are_told_what_form_an_answer_takes() -> None:
    system, user = (str(m.content) for m in ask_answer("Which?", ("a",), explain=True))
    assert json.dumps(answer_schema(("a",))) in system
    assert "word for word" in user
    assert "simulation showed" not in user
    free = str(ask_answer("How far?", (), "Simulation: so.", explain=True)[1].content)
    assert "Simulation: so.\nAnswer from what the simulation showed. Give a name" in free


def test_training_examples_ask_as_the_planner_asks() -> None:
    made = list(training_examples(120, 2))
    assert {e.kind for e in made} == {"program", "answer"}
    for example in made:
        asked = example.user.splitlines()
        assert asked[0].startswith("Question: ")
        if example.kind == "program":
            assert asked[-1] == "Program:"
            assert example.answer == NO_PROGRAM or parse_program(example.answer)
        else:
            choices = [
                c.removeprefix("Choices: ").split("; ") for c in asked if c[:9] == "Choices: "
            ]
            told = json.loads(example.answer)
            assert told.pop("asks", "value") in get_args(Asks)
            assert fits(compact(told), answer_schema(choices[0] if choices else ()))
    assert any("Simulation: " in e.user for e in made if e.kind == "answer")


DROPPED = (
    '{"scene":"free_fall","bodies":[{"name":"red ball","height":"2 m"},'
    '{"name":"blue ball","height":"9 m"}],"ask":{"kind":"compare","measure":"speed"}}'
)
FAST = DROPPED.replace(
    '"kind":"compare","measure":"speed"',
    '"kind":"exceeds","measure":"speed","value":"3 m/s","of":"red ball"',
)
LEVEL = DROPPED.replace("2 m", "9 m")


@pytest.mark.parametrize(
    ("text", "kind", "program", "answer", "asks"),
    [
        ("Which is faster?", "compare", DROPPED, "blue ball", "more"),
        ("Which is slower?", "compare", DROPPED, "red ball", "less"),
        ("Say whether it makes no difference.", "compare", LEVEL, "same", "same"),
        ("Is the red ball faster than 3 m/s?", "exceeds", FAST, "yes", "more"),
        ("Is the red ball slower than 3 m/s?", "exceeds", FAST, "no", "less"),
        ("Which is older?", "none", None, "red ball", "value"),
    ],
)
def test_what_a_question_asks_for(
    text: str, kind: Kind, program: str | None, answer: str, asks: str
) -> None:
    question = Question(
        id="1", question=text, answer=answer, kind=kind, split="train", family="", program=program
    )
    assert asks_for(question) == asks


def test_a_yes_or_no_question_says_what_it_asks_for(trained: list[Question]) -> None:
    told: dict[tuple[str, bool], set[str]] = {}
    for q in (q for q in trained if q.kind == "yesno"):
        level = len(Answer(parse_program(q.program or "")).verdict.ranking) == 1
        told.setdefault((asks_for(q), level), set()).add(q.answer)
    both = {"yes", "no"}
    assert told.pop(("same", True)) == {"yes"}
    assert told.pop(("same", False)) == {"no"}
    assert told[("more", False)] == told[("less", False)] == both
    assert all(said == {"no"} for (_, level), said in told.items() if level)
    assert {asks for asks, _ in told} == {"more", "less"}


def test_the_command_writes_what_training_reads(tmp_path: Path) -> None:
    made = make_minds_eye_data(tmp_path, n=30, seed=5, samples=1)
    assert made["standard"] == len(read_questions(tmp_path / "standard.jsonl")) == 39
    assert made["checked"] > 20
    assert len(read_examples(tmp_path / "train.jsonl")) == 30
    assert read_examples(tmp_path / "train.jsonl") == list(training_examples(30, 5))
    with pytest.raises(BadInput, match="cannot read questions"):
        read_questions(tmp_path / "train.jsonl")


def test_data_has_the_command_and_train_has_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["data", "minds-eye", "--help"]) == 0
    assert "scene programs" in capsys.readouterr().out
    assert invoke(["train", "minds-eye"]) == 2


def test_the_standard_set_is_small_whole_and_versioned(shipped: list[Question]) -> None:
    assert STANDARD.stat().st_size < 3e6
    assert len(shipped) == 3900
    assert len({q.id for q in shipped}) == 3900
    first = json.loads(STANDARD.read_text(encoding="utf-8").splitlines()[0])
    assert first["version"] == 1
    card = STANDARD.with_suffix(".md").read_text(encoding="utf-8")
    assert "re-creation" in card
    assert "2210.05359" in card
