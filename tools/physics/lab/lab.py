"""The laboratory: a scene program in, what was seen in the simulation out."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from mindseye.tools.physics.lab.clip import draw_clip
from mindseye.tools.physics.lab.experiment import Experiment
from mindseye.tools.physics.lab.hint import write_hint
from mindseye.tools.physics.lab.measures import measure_bodies, occurrences, unfinished
from mindseye.tools.physics.lab.program import Program
from mindseye.tools.physics.lab.resolve import resolve, variants
from mindseye.tools.physics.lab.simulate import Track, simulate
from mindseye.tools.physics.lab.verdict import Measurement, Reading, Verdict, measure, weigh
from mindseye.tools.values import Clip

_STRETCHES = (8.0, 64.0)
"""What has not ended is watched again, for so many times longer."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What an experiment showed."""

    experiment: Experiment
    measurements: tuple[Measurement, ...]
    """Of every body; none where an event is asked about."""
    verdict: Verdict
    hint: str
    """One sentence for a language model's prompt."""
    simulations: int
    seconds: float
    """Wall time of it all but the clip."""
    clip: Clip | None = None


def investigate(program: Program, *, vary: bool = True, threads: int = 1, size: int = 0) -> Finding:
    """Simulate a scene program and read the answer off it.

    Args:
      program: what a model wrote.
      vary: also simulate with each assumption at its least and largest plausible
        value, for the uncertainty and for what the answer depends on.
      threads: worker threads; 0 takes all cores.
      size: side of a clip in pixels; 0 draws none.

    Raises:
      ToolError: the program cannot be simulated.
    """
    started = time.perf_counter()
    experiment = resolve(program)
    varied = variants(program, experiment) if vary else ()
    runs = run([experiment, *(e for _, e in varied)], threads)
    reading, *others = [read(e, tracks) for e, tracks in runs]
    changed = [(assumption, r) for (assumption, _), r in zip(varied, others, strict=True)]
    verdict = weigh(experiment, reading, changed)
    measurements = measure(experiment, reading, changed)
    hint = write_hint(experiment, measurements, verdict)
    seconds = time.perf_counter() - started
    return Finding(
        experiment=experiment,
        measurements=measurements,
        verdict=verdict,
        hint=hint,
        simulations=len(runs),
        seconds=seconds,
        clip=draw_clip(experiment, runs[0][1], size) if size else None,
    )


def run(
    experiments: Sequence[Experiment], threads: int = 1
) -> list[tuple[Experiment, tuple[Track, ...]]]:
    """Simulate all experiments together, each until everything in it has ended.

    What ended is not looked at again: watched for longer, it is seen less finely.
    """
    tracks = dict(enumerate(simulate(experiments, threads)))
    for stretch in _STRETCHES:
        left = [i for i, e in enumerate(experiments) if any(_open(e, tracks[i]))]
        if not left:
            break
        watched = simulate([experiments[i] for i in left], threads, stretch)
        for i, longer in zip(left, watched, strict=True):
            pairs = zip(_open(experiments[i], tracks[i]), tracks[i], longer, strict=True)
            tracks[i] = tuple(new if is_open else old for is_open, old, new in pairs)
    return [(e, tracks[i]) for i, e in enumerate(experiments)]


def _open(experiment: Experiment, tracks: tuple[Track, ...]) -> list[bool]:
    pairs = zip(experiment.bodies, tracks, strict=True)
    return [unfinished(experiment, body, track) for body, track in pairs]


def read(experiment: Experiment, tracks: tuple[Track, ...]) -> Reading:
    """Return what one simulation shows of every body."""
    if experiment.measure is None:
        return occurrences(experiment, tracks)
    return measure_bodies(experiment, tracks, experiment.measure)
