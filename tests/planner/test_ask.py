"""Questions: scene, program, simulation, hint, answer; with scripted models and the real lab."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from mindseye.planner.ask import ask
from mindseye.planner.ask.answer import Answer
from mindseye.planner.ask.answering import CHANGE, form_of, number_in
from mindseye.planner.ask.asker import NOT_SIMULATED, NOT_WRITTEN, Asker
from mindseye.planner.ask.asking import ask_mjcf, explain_program
from mindseye.planner.ask.grammar import about_the_table, asks_yes_or_no, pushed_in
from mindseye.planner.ask.mjcf import read_script, summary
from mindseye.planner.ask.writing import decide_scene
from mindseye.planner.cli import invoke
from mindseye.planner.config import Config
from mindseye.planner.events import (
    QUESTION_KINDS,
    Answered,
    Event,
    Finished,
    Investigated,
    RunStarted,
    Wrote,
)
from mindseye.planner.language.scorer import Scorer
from mindseye.planner.language.scripted import ScriptedModel
from mindseye.planner.questions.generate import examples
from mindseye.planner.record import read_record
from mindseye.planner.replay import replay
from mindseye.tools.errors import BadInput, ToolError
from mindseye.tools.physics.lab.program import SCENES, parse_program
from mindseye.tools.physics.mjcf.sandbox import Sandbox

THROWN = "A red ball rolls off a table at 3 m/s, a blue ball twice as fast. Which lands {}?"
THROW = {
    "scene": "projection",
    "bodies": [{"name": "red ball", "speed": "3 m/s"}, {"name": "blue ball", "speed": "2x"}],
    "ask": {"kind": "compare", "measure": "range"},
}
FALL = {
    "scene": "free_fall", "bodies": [{"name": "stone", "height": "20 m"}],
    "ask": {"kind": "number", "measure": "time"},
}  # fmt: skip
THREE = {
    "scene": "free_fall",
    "bodies": [{"name": n, "height": h} for n, h in (("a", "5 m"), ("b", "9 m"), ("c", "2 m"))],
    "ask": {"kind": "order", "measure": "time"},
}
MJCF = """Here it is.
seconds: 2
```xml
<mujoco>
  <worldbody>
    <geom name="ground" type="plane" size="0 0 1"/>
    <body name="stone" pos="0 0 5"><freejoint/><geom size="0.01" mass="1"/></body>
  </worldbody>
</mujoco>
```"""

Script = Callable[..., ScriptedModel]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Return a function that makes a scripted model; each answer is one value or a list."""

    def make(kind: type[ScriptedModel] = ScriptedModel, **answers: Any) -> ScriptedModel:
        path = tmp_path / "script.json"
        listed = {k: v if isinstance(v, list) else [v] for k, v in answers.items()}
        for key in ("scene", "answer"):
            wrapped = [{key: v} if isinstance(v, str) else v for v in listed.get(key, ())]
            listed |= {key: wrapped} if wrapped else {}
        path.write_text(json.dumps({"answers": listed}))
        return kind(path=str(path))

    return make


class Beaming(ScriptedModel):
    """A scripted model that also tells probabilities, as the embedded one does."""

    def _listed(self, kind: str) -> list[Any]:
        return list(self._answers.get(kind, ()))

    def beam(
        self, messages: Sequence[BaseMessage], schema: dict[str, Any], k: int
    ) -> list[tuple[str, float]]:
        """Return the scripted texts with falling probabilities."""
        texts = self._listed(str(schema["title"]))
        return [(json.dumps(t), math.log(0.5 / (1 + i))) for i, t in enumerate(texts[:k])]

    def beams(
        self, asked: Sequence[tuple[Sequence[BaseMessage], dict[str, Any]]], k: int
    ) -> list[list[tuple[str, float]]]:
        """Return the beam of each."""
        return [self.beam(*one, k) for one in asked]

    def score(self, messages: Sequence[BaseMessage], candidates: Sequence[str]) -> list[float]:
        """Favour what is scripted; what is not, equally little."""
        wanted = [json.dumps(a, separators=(",", ":")) for k in ("scene", "answer")
                  for a in self._listed(k)]  # fmt: skip
        rest = 0.1 / max(1, len(candidates) - 1)
        return [math.log(0.9 if any(_starts(c, w) for w in wanted) else rest) for c in candidates]


def _starts(candidate: str, wanted: str) -> bool:
    """Say whether a candidate is what is wanted, begins so, or has it behind what is asked for."""
    openings = (wanted, wanted.removesuffix("}") + ",")
    return candidate.startswith(openings) or candidate.endswith(wanted.removeprefix("{"))


def test_a_comparison_is_simulated_and_the_model_answers_from_the_hint(script: Script) -> None:
    model = script(scene="projection", program=THROW, answer="red ball")
    events: list[Event] = []
    answer = ask(THROWN.format("nearer"), model=model, on_event=events.append)
    assert answer.answer == answer.model_answer == "red ball"
    assert answer.verdict == "blue ball"
    assert answer.agrees
    assert (answer.tool, answer.said_by, answer.mode) == ("simulation", "model", "program")
    near, far = (n.value for n in answer.numbers)
    assert near is not None
    assert far == pytest.approx(2 * near, rel=0.01)
    assert set(answer.choices) == {"red ball", "blue ball", "same"}
    assert sum(answer.choices.values()) == pytest.approx(1)
    assert 0.5 < answer.confidence < 0.9
    assert answer.hint is not None
    assert "blue ball flies farther" in answer.hint
    assert isinstance(events[0], RunStarted)
    assert {type(e) for e in events} >= set(QUESTION_KINDS)


def test_the_models_word_stands_but_a_contradiction_is_said_and_costs(script: Script) -> None:
    sound = ask(THROWN.format("farther"),
                model=script(scene="projection", program=THROW, answer="blue ball"))  # fmt: skip
    model = script(scene="projection", program=THROW, answer="same")
    answer = ask(THROWN.format("farther"), model=model)
    assert answer.answer == "same"
    assert answer.agrees is False
    assert "'blue ball'" in answer.note
    assert answer.confidence < 0.15 < sound.confidence


def test_a_number_is_read_off_the_simulation_with_unit_and_uncertainty(script: Script) -> None:
    answer = ask("How long does a stone fall from 20 m?",
                 model=script(scene="free_fall", program=FALL))  # fmt: skip
    assert answer.value == pytest.approx(math.sqrt(2 * 20 / 9.81), rel=0.01)
    assert answer.unit == "s"
    assert answer.uncertainty == pytest.approx(0, abs=1e-6)
    assert answer.said_by == "simulation"
    assert answer.model_answer is None
    assert not answer.depends


def test_what_is_left_open_widens_a_number_and_is_named(script: Script) -> None:
    vague = {**FALL, "bodies": [{"name": "stone"}]}
    answer = ask("How long does a stone fall?", model=script(scene="free_fall", program=vague))
    assert answer.uncertainty is not None
    assert answer.uncertainty > 0.1
    assert answer.depends == ("height 10 m",)
    assert answer.confidence < 0.8


def test_choices_that_are_numbers(script: Script) -> None:
    question, choices = "How long does a stone fall from 20 m?", ("1 s", "2 s", "4 s")
    right = ask(question, choices, model=script(scene="free_fall", program=FALL, answer="2 s"))
    assert (right.answer, right.value, right.unit, right.agrees) == ("2 s", 2.0, "s", True)
    wrong = ask(question, choices, model=script(scene="free_fall", program=FALL, answer="4 s"))
    assert wrong.agrees is False


def test_an_order_and_the_first_of_several(script: Script) -> None:
    model = script(scene="free_fall", program=THREE, answer="c, a, b")
    answer = ask("Order a, b and c by who lands first.", model=model)
    assert (answer.answer, answer.verdict, answer.agrees) == ("c, a, b", "b > a > c", True)
    assert len(answer.choices) == 6
    model = script(scene="free_fall", program=THREE, answer="b, c, a")
    assert ask("Order a, b and c by who lands first.", model=model).agrees is False
    model = script(scene="free_fall", program=THREE, answer="C")
    first = ask("Stones a, b, c are dropped. Which of them lands first?", model=model)
    assert set(first.choices) == {"a", "b", "c"}
    assert first.answer == "c"


def test_yes_or_no(script: Script) -> None:
    far = {
        **THROW,
        "ask": {"kind": "exceeds", "measure": "range", "value": "2 m", "of": "red ball"},
    }
    answer = ask("Does the red ball land within 2 m?",
                 model=script(scene="projection", program=far, answer="Yes."))  # fmt: skip
    assert (answer.answer, answer.verdict, answer.agrees) == ("yes", "no", None)
    model = script(scene="projection", program=THROW, answer="no")
    assert set(ask("Does the red ball land farther away?", model=model).choices) == {"yes", "no"}


def test_what_nobody_can_simulate_is_answered_without(script: Script) -> None:
    answer = ask("In which year was the battle of Hastings?",
                 model=script(scene="none", answer="1066"))  # fmt: skip
    assert (answer.answer, answer.value, answer.tool) == ("1066", 1066.0, "none")
    assert answer.hint is answer.program is None
    assert answer.note == NOT_SIMULATED
    answer = ask("Is copper an element?", model=script(scene="none", answer="yes"))
    assert set(answer.choices) == {"yes", "no"}


def test_no_tool_is_used_where_none_is_wanted(script: Script) -> None:
    answer = ask("Does a stone fall?", mode="none", model=script(answer="yes"))
    assert (answer.tool, answer.simulations) == ("none", 0)


def test_what_cannot_be_simulated_goes_back_to_the_model(script: Script) -> None:
    wrong = [
        {**THROW, "bodies": [{"name": "red ball"}]},
        {**THROW, "ask": {"kind": "compare", "measure": "friction_force"}},
        "no JSON at all",
    ]
    events: list[Event] = []
    model = script(scene="projection", program=[*wrong, THROW], answer="blue ball")
    answer = ask(THROWN.format("farther"), model=model, tries=4, on_event=events.append)
    assert answer.refused == 3
    told = [e.error for e in events if isinstance(e, Wrote) and e.error]
    assert "compare takes 2 bodies" in told[0]
    assert "no measure 'friction_force'" in told[1]
    model = script(scene="projection", program=wrong, answer="blue ball")
    answer = ask(THROWN.format("farther"), ("red ball", "blue ball"), model=model, tries=3)
    assert (answer.tool, answer.note, answer.answer) == ("none", NOT_WRITTEN, "blue ball")


def test_a_scorer_is_scored_and_the_next_beam_stands_in(script: Script) -> None:
    lame = {**THROW, "bodies": [{"name": "red ball"}]}
    model = script(Beaming, scene="projection", program=[lame, THROW], answer="blue ball")
    assert isinstance(model, Scorer)
    scenes = decide_scene(model, THROWN.format("farther"), ())
    assert set(scenes) == {*SCENES, "none"}
    assert scenes["projection"] == pytest.approx(0.9)
    answer = ask(THROWN.format("farther"), model=model)
    assert (answer.answer, answer.refused) == ("blue ball", 1)
    assert answer.choices["blue ball"] == pytest.approx(0.9 / (0.9 + 2 * 0.05))
    # The program's probability (0.9 * 0.25), the reading's, and a guess for the rest.
    assert answer.confidence == pytest.approx(0.225 * 0.9 + 0.775 / 3, rel=0.01)
    none = ask("Who won?", model=script(Beaming, scene="none", answer="nobody at all"))
    assert (none.answer, none.tool) == ("nobody at all", "none")


def test_samples_vote(script: Script) -> None:
    other = {**FALL, "bodies": [{"name": "stone", "height": "5 m"}]}
    model = script(
        Beaming, scene="free_fall", program=[other, FALL, {**FALL, "world": {"mass": "2 kg"}}]
    )
    one = ask("How long does a stone fall from 20 m?", model=model)
    assert one.value == pytest.approx(1.01, rel=0.02)
    more = ask("How long does a stone fall from 20 m?", model=model, samples=3)
    assert more.simulations > one.simulations
    # 0.45 for the first against 0.225 and 0.15 for two that agree: the likelier stays.
    assert more.value == pytest.approx(1.01, rel=0.02)
    model = script(scene="free_fall", program=[other, FALL, FALL])
    asked = ask("How long does a stone fall from 20 m?", model=model, samples=3)
    assert asked.value == pytest.approx(2.02, rel=0.02)
    assert asked.confidence == pytest.approx(0.85 * 2 / 3, rel=0.01)


def test_mjcf_is_checked_run_and_summed_up(script: Script) -> None:
    bad = MJCF.replace("<worldbody>", "<include file='/etc/passwd'/><worldbody>")
    events: list[Event] = []
    model = script(scene="free_fall", text=["I cannot.", bad, MJCF], answer="1 s")
    answer = ask("How long does a stone fall from 5 m?", ("1 s", "3 s"), model=model,
                 mode="mjcf", on_event=events.append)  # fmt: skip
    assert (answer.mode, answer.tool, answer.refused) == ("mjcf", "simulation", 2)
    assert answer.hint is not None
    assert "stone" in answer.hint
    assert "falls 4.99 m" in answer.hint
    assert "first touches the ground after 1" in answer.hint
    assert "9.8" in answer.hint
    assert answer.program is not None
    assert answer.program.startswith("<mujoco>")
    errors = [e.error for e in events if isinstance(e, Wrote) and e.error]
    assert "no whole <mujoco>" in errors[0]
    assert "<include> is not allowed" in errors[1]
    model = script(scene="free_fall", text="I cannot.", answer="1 s")
    assert ask("How long?", ("1 s", "3 s"), model=model, mode="mjcf").note == NOT_WRITTEN


def test_mjcf_is_found_whatever_stands_around_it() -> None:
    assert read_script(MJCF).seconds == 2
    assert read_script("<mujoco/> <mujoco>\n</mujoco>").xml.endswith("</mujoco>")
    with pytest.raises(ToolError, match="write one"):
        read_script("<mujoco>")


def test_the_example_in_the_mjcf_prompt_does_what_it_says() -> None:
    with Sandbox() as sandbox:
        system, _ = ask_mjcf("Which?", (), sandbox.limits)
        example = read_script(str(system.content).partition("Question: ")[2])
        motion = sandbox.simulate(example.xml, example.seconds).motion
    red, blue = (summary(motion, i) for i in range(2))
    assert motion.names == ("red ball", "blue ball")
    assert float(red["hit"]["along"]) == pytest.approx(2 * math.sqrt(2 * 0.98 / 9.81), rel=0.03)
    assert float(blue["hit"]["along"]) == pytest.approx(1.5 * float(red["hit"]["along"]), rel=0.02)


@pytest.mark.parametrize(
    ("question", "polar"),
    [
        ("Is A faster than B?", True), ("If both are dropped, is A faster?", True),
        ("Two balls fall. Will the red one land first?", True), ("Doesn't it slide?", True),
        ("When dropped from 2 m, does it land within 1 s?", True), ("does it reach the wall", True),
        ("Does the ball reach the wall or not?", True), ("Is A or B faster?", False),
        ("Which is faster, is it A?", False), ("How far does it fly?", False),
        ("When does it land?", False), ("Is it far? How far?", False), ("", False),
        ("Tell me whether it gets there.", True), ("It gets there, right?", True),
        ("Do you know how long it falls?", False), ("Can you tell if it slides?", True),
        ("Could you say which is faster?", False), ("Say which is right.", False),
    ],
)  # fmt: skip
def test_yes_or_no_is_read_off_the_grammar(question: str, polar: bool) -> None:
    assert asks_yes_or_no(question) == polar


def test_the_form_follows_choices_then_grammar_then_program() -> None:
    program = parse_program(json.dumps(THROW))
    assert form_of("Which?", ("x", "y"), program).options == ("x", "y")
    assert form_of("Is it?", (), program).options == ("yes", "no")
    assert form_of("Which?", (), program).options == ("red ball", "blue ball", "same")
    twice = {**THROW, "bodies": [{"name": "before"}, {"name": "after", "speed": "2x"}]}
    program = parse_program(json.dumps(twice))
    assert form_of("Then it is faster. What becomes of the range?", (), program).options == CHANGE
    assert form_of("Who was it?", (), None).kind == "free"
    orders = parse_program(json.dumps({
        **THROW, "bodies": [{"name": n} for n in ("a", "b", "c")],
        "ask": {"kind": "order", "measure": "range"},
    }))  # fmt: skip
    for one in ("Which flies farthest?", "What lands last: a, b or c?", "Name the one that wins.",
                "Tell me where it lands nearest."):  # fmt: skip
        assert form_of(one, (), orders).options == ("a", "b", "c"), one
    for several in ("Rank them.", "What is the order from the nearest to the farthest?"):
        assert form_of(several, (), orders).kind == "order", several
    assert number_in("about 1,200 km/h.") == (1200.0, "km/h")


@pytest.mark.parametrize(
    ("question", "task", "table"),
    [
        ("what happens if I push the red cube left?", "push the red cube left", True),
        ("If the blue ball is pushed towards me, does it fall?",
         "push the blue ball towards me", True),
        ("What if one moves the red cube next to the green star?",
         "push the red cube next to the green star", True),
        ("What happens if I push the red cube with 3 N?", "push the red cube with 3 N", False),
        ("Which is pushed harder?", "push Which harder", False),
        ("A red cube is pushed twice as hard as a blue cube. Which is faster?",
         "push A red cube twice as hard as a blue cube", False),
        ("A blue cube slides into a red cube at rest. Does it bounce back?", None, False),
        ("A red cube moves towards a blue cube. Which is faster afterwards?", None, False),
        ("How long does a stone fall?", None, False),
    ],
)  # fmt: skip
def test_pushes_on_the_table_are_recognised(question: str, task: str | None, table: bool) -> None:
    assert pushed_in(question) == task
    assert about_the_table(question) == table


def test_what_if_on_the_table_is_simulated_and_told(script: Script, tmp_path: Path) -> None:
    left = {"all": [{"relation": "in_area", "subject": "red cube", "area": "left"}]}
    config = Config(objects=("red cube", "blue ball"), seed=5, threads=1)
    answer = ask("What happens if I push the red cube to the left?", config=config,
                 model=script(goal=left), runs=str(tmp_path / "runs"))  # fmt: skip
    assert (answer.mode, answer.tool, answer.said_by) == ("table", "simulation", "simulation")
    assert answer.answer.startswith("The red cube ")
    assert "to the left" in answer.answer
    assert answer.clip is not None
    ways = {n.name: n.value for n in answer.numbers}
    assert ways["red cube"] == pytest.approx(12, abs=3)
    yes = ask("If I push the red cube to the left, does it move?", config=config,
              model=script(goal=left, answer="yes"))  # fmt: skip
    assert (yes.answer, yes.hint) == ("yes", answer.hint)
    with pytest.raises(BadInput, match="what is pushed where"):
        ask("How are you?", config=config, model=script(goal=left))


@pytest.mark.parametrize(
    ("question", "choices", "told"),
    [
        ("  ", (), "the question is empty"), ("?!", (), "the question is empty"),
        ("a" * 3000, (), "2000 are allowed"), ("Which?", ("a",), "2 to 26 choices"),
        ("Which?", ("a", " A "), "must differ"), ("Which?", ("a", ""), "none may be empty"),
        ("Which\udcff?", (), "not valid text"),
    ],
)  # fmt: skip
def test_a_question_that_is_none_is_bad_input(
    question: str, choices: tuple[str, ...], told: str, script: Script
) -> None:
    with pytest.raises(BadInput, match=told):
        ask(question, choices, model=script())


def test_the_record_holds_everything_and_can_be_replayed(script: Script, tmp_path: Path) -> None:
    model = script(scene="projection", program=THROW, answer="blue ball")
    config = Config(model=f"scripted:{model.path}")
    answer = ask(THROWN.format("farther"), config=config, runs=str(tmp_path / "runs"))
    record = read_record(Path(answer.run))
    assert record.of(Answered)[0].answer == answer
    (seen,) = record.of(Investigated)
    assert seen.clip is not None
    assert seen.clip.frames == 8
    assert answer.clip == str(record.folder / seen.clip.path)
    assert Path(answer.clip).stat().st_size > 1000
    assert (record.folder / seen.clip.sheet).exists()
    assert isinstance(record.events[-1], Finished)
    page = (record.folder / "report.html").read_text()
    for words in ("Answered", "blue ball flies farther", "2.71 m", "scene program", "data:video"):
        assert words in page
    assert "Solved" not in page
    assert replay(record.folder).same
    Path(model.path).write_text(Path(model.path).read_text().replace('"2x"', '"3x"'))
    again = replay(record.folder)
    assert not again.same
    assert "3x" in again.divergence


def test_generated_questions_get_the_choices_they_come_with() -> None:
    for question in examples(300, seed=3, split="dev"):
        program = parse_program(question.program) if question.program else None
        form = form_of(question.question, (), program)
        if question.kind in ("compare", "yesno", "exceeds", "does") and len(question.choices) == 2:
            assert set(form.options) == set(question.choices), question.question
        elif question.kind == "order":
            assert (form.kind == "order") == (not question.choices), question.question
        elif question.kind == "number":
            assert form.kind == "number", question.question


def test_answers_survive_the_disk(script: Script) -> None:
    answer = ask("How long does a stone fall?", model=script(scene="free_fall", program=FALL))
    assert Answer.model_validate_json(json.dumps(answer.to_json())) == answer


def test_a_kept_model_answers_many(script: Script) -> None:
    asker = Asker(script(scene="free_fall", program=FALL))
    seconds = [asker.ask("How long does a stone fall from 20 m?").simulation_seconds
               for _ in range(3)]  # fmt: skip
    assert min(seconds) < 0.5
    asker.close()


def test_the_prompt_explains_all_that_a_program_may_hold() -> None:
    system, asked = explain_program("Which?", ("a", "b"), "slope")
    guide = str(system.content)
    for name, kind in SCENES.items():
        for word in (name, *kind.takes, *kind.measures, *kind.happenings, *kind.directions):
            assert word in guide
    programs = [line.removeprefix("Program: ") for line in guide.splitlines()
                if line.startswith("Program: ")]  # fmt: skip
    assert len([parse_program(p) for p in programs]) == 2
    for form in ("compare", "order", "number", "exceeds", "does"):
        assert f'"kind":"{form}"' in guide
    assert "Choices: a; b\nScene: slope" in str(asked.content)


def test_the_command_prints_one_object(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    model = script(scene="free_fall", program=FALL, answer="2 s")
    monkeypatch.chdir(tmp_path)
    command = ["ask", "How long does a stone fall from 20 m?", "--model", f"scripted:{model.path}"]
    assert invoke([*command, "--json"]) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert list(found)[:8] == [
        "answer", "value", "unit", "confidence", "tool", "hint", "seconds", "run",
    ]  # fmt: skip
    assert found["tool"] == "simulation"
    assert "hint" in told.err
    assert invoke([*command, "--quiet", "--choice", "2 s", "--choice", "5 s"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("2 s (confidence 0.")
    assert told.err.startswith("report: runs/")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ask", " "), "the question is empty"),
        (("ask", "Which?", "--choice", "a"), "2 to 26 choices"),
        (("ask", "Which?", "--mode", "magic"), "there are program, mjcf, none"),
        (("ask", "Which?", "--samples", "0"), "between 1 and 16"),
        (("ask", "Which?", "--model", "scripted:absent.json"), "cannot read the script"),
        (("ask", "Which?", "--objects", "green elephant"), "'green elephant' is not a colour"),
        (("ask",), "Missing argument"),
    ],
)
def test_bad_input_is_one_line_and_no_run(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert invoke(list(arguments)) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("mindseye: ")
    assert said in told.err
    assert told.err.count("\n") == 1
    assert not list(tmp_path.iterdir())
