"""Calibration, and a planner that knows when it does not know."""

import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindseye import Agent, make_world
from mindseye.eval.stats import bootstrap_ece
from mindseye.planner.agent import run_started
from mindseye.planner.calibration import (
    Pair,
    ece,
    fit,
    read_calibration,
    reliability,
)
from mindseye.planner.candidates import Candidate
from mindseye.planner.cli import invoke
from mindseye.planner.config import Config, merge
from mindseye.planner.context import Context, Mind
from mindseye.planner.events import (
    Abstained,
    Chosen,
    CrossChecked,
    Event,
    Gated,
    Happened,
    Imagined,
    RunStarted,
    Searched,
    Simulated,
)
from mindseye.planner.judge import Judgement
from mindseye.planner.picture import Eye
from mindseye.planner.record import NullRecorder, Recorder, read_record
from mindseye.planner.replay import replay
from mindseye.planner.report import write_report
from mindseye.planner.session import check_names
from mindseye.tools.calibration import Calibration
from mindseye.tools.contracts import VisionModel
from mindseye.tools.errors import BadInput
from mindseye.tools.subgoals import Subgoal
from mindseye.tools.values import Clip, ImagineRequest, Provenance, Push

SCORES = st.floats(0.0, 1.0) | st.sampled_from([0.0, 0.25, 0.5, 1.0])
PAIRS = st.lists(st.tuples(SCORES, st.booleans()), min_size=1, max_size=60)


@given(PAIRS, st.lists(SCORES, min_size=2, max_size=20))
def test_a_fit_rises_stays_in_bounds_and_is_exact_where_it_was_made(
    pairs: list[Pair], scores: list[float]
) -> None:
    found = fit(pairs)
    probabilities = [found.probability(s) for s in sorted(scores)]
    assert probabilities == sorted(probabilities)
    assert all(0.0 <= p <= 1.0 for p in probabilities)
    fitted = [(found.probability(raw), happened) for raw, happened in pairs]
    # Of those given one probability, that share happened; so no binning can find fault.
    for bins in (1, 7, 10):
        assert ece(fitted, bins) <= min(1e-9, ece(pairs, bins) + 1e-9)
    assert Calibration.model_validate_json(found.model_dump_json()) == found


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_the_error_is_none_for_what_is_right_and_all_for_what_is_wrong(counts: list[int]) -> None:
    for n in counts:
        assert ece([((n // 2) / n, i < n // 2) for i in range(n)]) < 1e-9
    certain = [(float(n % 2), n % 2 == 1) for n in counts]
    assert ece(certain) == 0.0
    assert sum(b.n for b in reliability(certain)) == len(counts)
    assert ece([(1.0, False), (0.0, True)]) == 1.0
    assert np.isnan(ece([]))


def test_what_happens_as_often_as_foretold_has_a_small_error_and_flattery_a_large_one() -> None:
    rng = random.Random(0)
    honest = [(p, rng.random() < p) for p in (rng.random() for _ in range(4000))]
    flattering = [(p**0.25, happened) for p, happened in honest]
    assert ece(honest) < 0.03 < 0.2 < ece(flattering)
    # An interval of 95 % may miss now and then.
    assert sum(b.low <= b.predicted <= b.high for b in reliability(honest)) >= 8
    half = fit(flattering[:2000])
    held_out = [(half.probability(raw), happened) for raw, happened in flattering[2000:]]
    assert ece(held_out) < 0.04
    # Episodes of four; the interval is of what was measured, and holds it.
    episodes = [held_out[k : k + 4] for k in range(0, 2000, 4)]
    low, high = bootstrap_ece(episodes)
    assert low < ece(held_out) + 0.01
    assert ece(held_out) < high < 0.08
    flat, _ = bootstrap_ece([flattering[k : k + 4] for k in range(0, 2000, 4)])
    assert flat > 0.2
    assert all(map(np.isnan, bootstrap_ece([[], []])))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot read"),
        ("{}", ""),
        ("nothing", "is no calibration"),
        ('{"version": 2}', "version"),
        ('{"knots": [[0.5, 0.5], [0.4, 0.6]]}', "raw rising"),
        ('{"knots": [[0.1, 0.5], [0.4, 0.4]]}', "probability not falling"),
        ('{"knots": [[0.1, 1.5]]}', "less than or equal to 1"),
        ('{"knots": []}', "knots"),
    ],
)
def test_a_calibration_that_cannot_be_used_is_one_line(
    tmp_path: Path, text: str | None, said: str
) -> None:
    path = tmp_path / "calibration.json"
    if text is not None:
        path.write_text(text)
    settings = merge(Config(), {"calibration": str(path)})
    if not said:
        assert read_calibration(str(path)) == Calibration() == read_calibration("none")
        check_names(settings)
        return
    with pytest.raises(BadInput, match=said) as caught:
        check_names(settings)
    assert "\n" not in str(caught.value)
    with pytest.raises(BadInput, match="nothing to calibrate"):
        fit([])


def test_what_was_only_imagined_keeps_its_score_under_the_packaged_calibration() -> None:
    packaged = read_calibration("shipped")
    assert packaged.pairs > 100
    assert packaged.probability(0.7) != 0.7
    assert packaged.simulated
    assert run_started("push it", Config()).simulated, "so that a replay knows it"
    words = Subgoal(move="red cube", relation="in_area", area="top")
    one = Candidate(
        id="c0", subgoal=words, prior=0.5, push=Push(subject="red cube", target=(0.0, 0.2))
    )
    simulated = Judgement(candidate=one, value=0.5, confidence=1.0, tool="physics", success=0.7)
    imagined = replace(simulated, tool="video")

    def told(known: Calibration, judgement: Judgement) -> float | None:
        context = Context(
            config=Config(), mind=cast(Mind, object()), eye=Eye(vision=cast(VisionModel, object())),
            recorder=NullRecorder(), goal=words.goal(), expected=(), calibration=known,
        )  # fmt: skip
        return context.probability(judgement)

    assert told(packaged, simulated) == packaged.probability(0.7)
    assert told(packaged, imagined) == 0.7
    own = packaged.model_copy(update={"simulated": False})
    assert told(own, imagined) == packaged.probability(0.7), "fitted to such pushes, too"


OBJECTS = ("red cube", "blue ball", "yellow star")
NEXT_TO = {"relation": "near", "subject": "red cube", "object": "blue ball"}


class Still:
    """A video generator in whose clips nothing ever happens."""

    def imagine(self, requests: Sequence[ImagineRequest]) -> list[list[Clip]]:
        return [[self._clip(r, s) for s in range(r.samples)] for r in requests]

    def _clip(self, request: ImagineRequest, sample: int) -> Clip:
        frames = np.stack([request.frames[0]] * 3)
        # A fleck in the corner tells the samples apart.
        frames[:, 0, 0] = (request.seed + sample) % 256
        made = Provenance(source="video", model="still", seed=request.seed + sample)
        return Clip(frames=frames, dt=0.25, provenance=made)


@pytest.fixture
def settings(tmp_path: Path) -> Config:
    answers = {
        "goal": [{"all": [NEXT_TO]}],
        "subgoals": [
            {"subgoals": [
                {"move": "red cube", "relation": "near", "object": "blue ball"},
                {"move": "red cube", "relation": "in_area", "area": "bottom_left"},
            ]}
        ],
        "check": [{"tools": "both"}],
        "choice": [{"choice": 1}],
    }  # fmt: skip
    (tmp_path / "script.json").write_text(json.dumps({"answers": answers}))
    return merge(
        Config(),
        {
            "model": f"scripted:{tmp_path / 'script.json'}", "video": f"{__name__}:Still",
            "seed": 3, "threads": 1, "objects": OBJECTS, "max_decisions": 2, "gate": "imagine",
            "calibration": "none", "abstain": 0.35,
        },
    )  # fmt: skip


def run(settings: Config, folder: Path) -> list[Event]:
    """Run the task in the real world and return what was recorded."""
    agent = Agent.from_config(settings)
    with make_world(objects=OBJECTS, seed=3) as world, Recorder(folder) as recorder:
        agent.run("push the red cube next to the blue ball", world, recorder=recorder)
    return list(read_record(folder).events)


def first(events: Sequence[Event]) -> list[Event]:
    """Return the events of the first decision."""
    return [e for e in events if getattr(e, "decision", None) == 0]


def test_what_nobody_believes_in_is_looked_at_with_the_other_tool(
    settings: Config, tmp_path: Path
) -> None:
    events = run(settings, tmp_path / "run")
    told = first(events)
    assert {e.tools for e in told if isinstance(e, Gated)} == {("video",)}
    (searched,) = (e for e in told if isinstance(e, Searched))
    (abstained,) = (e for e in told if isinstance(e, Abstained))
    (chosen,) = (e for e in told if isinstance(e, Chosen))
    (happened,) = (e for e in told if isinstance(e, Happened))
    # Imagination shows nothing moving; then the simulator is asked about the best few.
    assert searched.imagined == searched.clips > 0 == searched.simulated
    assert abstained.probability < settings.abstain < (chosen.probability or 0.0)
    assert (abstained.tool, abstained.again, abstained.imagined) == ("physics", False, 0)
    assert {e.candidate for e in told if isinstance(e, Simulated)} == {*abstained.about}
    assert {e.candidate for e in told if isinstance(e, CrossChecked)} == {*abstained.about}
    assert 1 <= abstained.simulated == len(abstained.about) <= 3
    assert chosen.candidate in abstained.about
    order = [e.kind for e in told if isinstance(e, Searched | Abstained | Chosen | Happened)]
    assert order == ["searched", "abstained", "chosen", "happened"]
    # The push did what it says, as simulated.
    assert (happened.raw, happened.happened) == (happened.probability, True)
    assert happened.probability == chosen.probability
    page = write_report(tmp_path / "run").read_text(encoding="utf-8")
    assert re.search(r"Abstained: \d+ % was too little to act on; the simulator was asked", page)
    assert re.search(r"given \d+ % to do what it says, and it did\.", page)
    # Run again at its pace, also where the threshold or the calibration would now say otherwise.
    assert replay(tmp_path / "run", keep=tmp_path / "again").same
    again = [e for e in read_record(tmp_path / "again").events if isinstance(e, Abstained | Chosen)]
    was = [e for e in events if isinstance(e, Abstained | Chosen)]
    fields = {"t", "seconds"}
    assert [e.model_dump(exclude=fields) for e in again] == [
        e.model_dump(exclude=fields) for e in was
    ]
    # A record of a planner that did not abstain yet is run again without abstaining.
    path = tmp_path / "run" / "events.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(x for x in lines if b'"kind":"abstained"' not in x))
    replay(tmp_path / "run", keep=tmp_path / "older")
    assert not read_record(tmp_path / "older").of(Abstained)


def test_a_calibration_decides_whether_it_abstains_and_a_replay_does_as_it_did(
    settings: Config, tmp_path: Path
) -> None:
    # Whatever the judge says, nine of ten come true.
    trusting = tmp_path / "trusting.json"
    trusting.write_text(Calibration(knots=((0.0, 0.9),), pairs=10).model_dump_json())
    sure = merge(settings, {"calibration": str(trusting), "max_decisions": 1})
    events = run(sure, tmp_path / "run")
    assert not [e for e in events if isinstance(e, Abstained)]
    assert {e.probability for e in events if isinstance(e, Chosen)} == {0.9}
    trusting.unlink()
    # The config's file is gone, and what it said is in the record.
    assert replay(tmp_path / "run", keep=tmp_path / "again").same
    told = read_record(tmp_path / "again").of(RunStarted)[0]
    assert told.calibration == ((0.0, 0.9),)
    never = merge(settings, {"abstain": 0, "max_decisions": 1})
    assert not [e for e in run(never, tmp_path / "never") if isinstance(e, Abstained)]


def test_where_no_other_tool_is_left_further_samples_are_imagined(
    settings: Config, tmp_path: Path
) -> None:
    alone = merge(settings, {"tools": "video", "max_decisions": 1})
    told = first(run(alone, tmp_path / "run"))
    (abstained,) = (e for e in told if isinstance(e, Abstained))
    (searched,) = (e for e in told if isinstance(e, Searched))
    assert (abstained.tool, abstained.again) == ("video", True)
    assert abstained.imagined == settings.samples * len(abstained.about)
    clips = [c for e in told if isinstance(e, Imagined) for c in e.clips]
    # Other samples than before.
    assert len({c.digest for c in clips}) == len({c.seed for c in clips}) == 2 * settings.samples
    assert len(clips) == searched.imagined + abstained.imagined
    # No clip is asked for beyond the budget of clips.
    short = merge(alone, {"clips": 2})
    assert not [e for e in run(short, tmp_path / "short") if isinstance(e, Abstained)]


def test_a_report_plots_reliability_where_runs_hold_enough(
    make_run: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, heading = make_run(), "How sure it was, and how right"
    assert heading not in write_report(folder).read_text(encoding="utf-8")
    for name in ("a", "b"):
        with Recorder(tmp_path / "others" / name) as recorder:
            for k in range(10):
                recorder.emit(
                    Happened(decision=k, candidate="c0", raw=0.5, probability=0.8, happened=k < 8)
                )
    assert invoke(["report", str(folder), "--beside", str(tmp_path / "others")]) == 0
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert heading in page
    assert "given 80 %, happened 80 % of 20" in page
    assert "21 pushes" in page
    capsys.readouterr()
    assert invoke(["report", str(folder), "--beside", str(tmp_path / "nowhere")]) == 2
    assert "is no run and holds none" in capsys.readouterr().err


def test_a_plan_tells_how_sure_it_is(settings: Config) -> None:
    told: list[Event] = []
    agent = Agent.from_config(merge(settings, {"gate": "simulate"}))
    with make_world(objects=OBJECTS, seed=3) as world:
        frame = world.reset()[0]["frame"]
    plan = agent.plan("next to it", frame, NullRecorder(told.append))
    assert plan.decision is not None
    (chosen,) = (e for e in told if isinstance(e, Chosen))
    assert chosen.probability == plan.decision.judgement.success
