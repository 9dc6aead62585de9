"""Reads measures off tracks: when it ends, how far it went, how fast it was then."""

import math
from dataclasses import dataclass

import numpy as np

from mindseye.tools.physics.lab.contact import RADIUS
from mindseye.tools.physics.lab.experiment import Experiment, Setup
from mindseye.tools.physics.lab.program import Measure
from mindseye.tools.physics.lab.simulate import Array, Track

STILL = 1e-3
"""What went less than this share of its lane's scale has not moved."""
STOPPED = 0.005
"""What is slower than this share of its own greatest speed has stopped."""
NOUGHT = 0.003
"""After a collision, less than this share of how much a body's velocity changed is no speed.

Of the energy that could be lost, less than this share is no loss, and what parts with
less than this share of the closing speed stays together.
"""
ROUNDING = 1e-13
"""What stays together and is slower than this share of the closing speed is at rest."""
SETTLING = 8
"""Rows at the start that are left out where forces are averaged."""
TAIL = 0.05
"""From this share of the start speed on, a stop is extrapolated."""


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """Whether something happened, and how near it was to the other answer."""

    happened: bool
    margin: float = 1.0
    """Relative distance from where the answer tips; 1 where there is no such measure."""


def still(track: Track) -> bool:
    """Say whether a body stayed where it was, but for the creep of soft friction."""
    return bool(np.abs(track.position[:, 0]).max() < STILL * track.scale)


def _held(experiment: Experiment, track: Track) -> bool:
    """Say whether friction keeps a body where it is."""
    return experiment.scene in ("friction", "slope") and still(track)


def end_time(experiment: Experiment, body: Setup, track: Track) -> float:
    """Return when the body's measures are read, seconds; infinite if that never comes."""
    along, up = track.position[:, 0], track.position[:, 1]
    match body.until:
        case "length":
            held = _held(experiment, track)
            return math.inf if held else _crossing(track.time, along, body.length)
        case "duration":
            falls = experiment.scene == "free_fall"
            lands = _crossing(track.time, -up, body.height) if falls else math.inf
            return min(body.duration, lands)
        case "rest" | "turn":
            return _stop(track)[0]
        case "ground":
            return _crossing(track.time, -up, body.height)
        case "contact":
            return float(track.time[-1])


def unfinished(experiment: Experiment, body: Setup, track: Track) -> bool:
    """Say whether a body is still on its way to the end that was waited for."""
    if experiment.scene == "collision":
        return False
    if math.isfinite(end_time(experiment, body, track)) or still(track):
        return False
    flying = experiment.scene in ("free_fall", "projection")
    # What slides back down a slope will not get to its top any more.
    speed = np.hypot(*track.velocity[-1]) if flying else track.velocity[-1, 0]
    return bool(speed * track.time[-1] > STILL * track.scale)


def _crossing(time: Array, value: Array, level: float) -> float:
    """Return when `value` first rises to `level`."""
    if value[0] >= level and value[1] >= value[0]:
        return 0.0
    rows = np.flatnonzero((value[:-1] < level) & (value[1:] >= level))
    if not len(rows):
        return math.inf
    k = rows[0]
    share = (level - value[k]) / (value[k + 1] - value[k])
    return float(time[k] + share * (time[k + 1] - time[k]))


def _stop(track: Track) -> tuple[float, float]:
    """Return when and where it comes to rest or turns back; infinite if it does not.

    Soft contact lets the very end of a stop die away; from a twentieth of the
    start speed on, the slowing down before is carried on.
    """
    v, x, t = track.velocity[:, 0], track.position[:, 0], track.time
    if v[0] <= 0:
        # Let go on a slope that it was to go up, it turns back at once.
        gains = x.max() > STILL * track.scale
        return (math.inf, math.inf) if gains else (0.0, 0.0)
    tail = _crossing(t, -v, -TAIL * v[0])
    before = _crossing(t, -v, -0.5 * v[0])
    if math.isinf(tail):
        return math.inf, math.inf
    slowing = (0.5 - TAIL) * v[0] / (tail - before)
    rest = TAIL * v[0] / slowing
    return float(tail + rest), float(np.interp(tail, t, x) + TAIL * v[0] * rest / 2)


def measure_bodies(
    experiment: Experiment, tracks: tuple[Track, ...], measure: Measure
) -> tuple[float, ...]:
    """Return the measure of every body, SI units."""
    if experiment.scene == "collision":
        return _after_collision(experiment, tracks, measure)
    return tuple(
        _measure(experiment, body, track, measure)
        for body, track in zip(experiment.bodies, tracks, strict=True)
    )


def _measure(experiment: Experiment, body: Setup, track: Track, measure: Measure) -> float:
    end = end_time(experiment, body, track)
    match measure:
        case "time":
            return end
        case "range":
            return float(np.interp(end, track.time, track.position[:, 0]))
        case "max_height":
            return body.height + float(max(0.0, track.position[:, 1].max()))
        case "distance":
            return _distance(experiment, body, track, end)
        case "acceleration" | "friction_force":
            return _steady(experiment, track, end, measure)
        case _:
            return _moving(measure, body.mass, _speed(experiment, track, end))


def _stopped(experiment: Experiment, track: Track, end: float) -> bool:
    """Say whether friction has brought a body to rest before the end."""
    return experiment.scene == "friction" and not experiment.pulled and _stop(track)[0] <= end


def _distance(experiment: Experiment, body: Setup, track: Track, end: float) -> float:
    if body.until in ("rest", "turn") or _stopped(experiment, track, end):
        return _stop(track)[1]
    if experiment.scene == "free_fall":
        return abs(float(np.interp(end, track.time, track.position[:, 1])))
    held = _held(experiment, track)
    return 0.0 if held else float(np.interp(end, track.time, track.position[:, 0]))


def _speed(experiment: Experiment, track: Track, end: float) -> float:
    if math.isinf(end) or _held(experiment, track) or _stopped(experiment, track, end):
        return 0.0
    parts = [float(np.interp(end, track.time, track.velocity[:, k])) for k in range(2)]
    speed = math.hypot(*parts) if experiment.scene in ("free_fall", "projection") else abs(parts[0])
    until_then = track.velocity[track.time <= end]
    return 0.0 if speed < STOPPED * float(np.abs(until_then).max()) else speed


def _steady(experiment: Experiment, track: Track, end: float, measure: Measure) -> float:
    """Return the size of an acceleration or of a contact force while the motion is steady."""
    resting = _held(experiment, track)
    if resting and measure == "acceleration":
        return 0.0
    stop = _stop(track)[0] if not resting else math.inf
    last = min(end, stop if stop > 0 else math.inf, float(track.time[-1]))
    rows = slice(SETTLING, max(SETTLING + 2, int(0.8 * np.searchsorted(track.time, last))))
    if measure == "friction_force":
        return float(np.abs(track.contact[rows].mean()))
    change = track.velocity[rows][-1] - track.velocity[rows][0]
    return float(np.hypot(*change) / (track.time[rows][-1] - track.time[rows][0]))


def _moving(measure: Measure, mass: float, speed: float) -> float:
    if measure == "speed":
        return speed
    return mass * speed if measure == "momentum" else mass * speed * speed / 2


def _velocities(experiment: Experiment, tracks: tuple[Track, ...]) -> tuple[Array, Array]:
    """Return `[2]` velocities before and after a collision, next to nothing taken as nothing.

    It is the change that is simulated within a bound: what a marble does to a lorry
    at rest is small, and no less certain for that.
    """
    mass = np.array([b.mass for b in experiment.bodies])
    before = np.array([t.velocity[0, 0] for t in tracks])
    after = np.array([t.velocity[-1, 0] for t in tracks])
    closing = abs(before[0] - before[1])
    if abs(after[0] - after[1]) < NOUGHT * closing:
        # They stay together, and together they keep their momentum to the last digit.
        after[:] = (mass @ after) / mass.sum()
        nothing = np.full(2, ROUNDING * closing)
    else:
        nothing = NOUGHT * np.abs(after - before)
    after[np.abs(after) < nothing] = 0.0
    return before, after


def _after_collision(
    experiment: Experiment, tracks: tuple[Track, ...], measure: Measure
) -> tuple[float, ...]:
    mass = np.array([b.mass for b in experiment.bodies])
    before, after = _velocities(experiment, tracks)
    match measure:
        case "energy_lost":
            # Only the motion towards each other can be lost.
            closing, parting = (float(v[0] - v[1]) for v in (before, after))
            most = float(mass.prod() / mass.sum()) * closing**2 / 2
            share = 1 - (parting / closing) ** 2 if closing else 0.0
            return (0.0 if share < NOUGHT else share * most,) * 2
        case "speed_change":
            return tuple(float(c) for c in np.abs(after - before))
        case "impulse":
            return tuple(float(c) for c in mass * np.abs(after - before))
        case _:
            pairs = zip(mass, np.abs(after), strict=True)
            return tuple(_moving(measure, float(m), float(u)) for m, u in pairs)


def occurrences(experiment: Experiment, tracks: tuple[Track, ...]) -> tuple[Occurrence, ...]:
    """Say of every body whether what is asked about happens to it."""
    assert experiment.ask.kind == "does"
    event = experiment.ask.event
    if experiment.scene == "collision":
        return tuple(_collides(experiment, tracks, i) for i in range(2))
    pairs = zip(experiment.bodies, tracks, strict=True)
    if event == "slides":
        return tuple(Occurrence(happened=not still(track)) for _, track in pairs)
    if event == "falls_over_edge":
        return tuple(_falls(body, track) for body, track in pairs)
    return tuple(_reaches(experiment, body, track) for body, track in pairs)


def _collides(experiment: Experiment, tracks: tuple[Track, ...], i: int) -> Occurrence:
    assert experiment.ask.kind == "does"
    before, after = _velocities(experiment, tracks)
    gap = tracks[1].position[:, 0] - tracks[0].position[:, 0]
    met = bool((gap < 2 * RADIUS * tracks[0].scale).any())
    match experiment.ask.event:
        case "collides":
            return Occurrence(happened=met)
        case "stops":
            return Occurrence(happened=bool(met and before[i] != 0 and after[i] == 0))
        case _:
            closing = abs(before[0] - before[1])
            return Occurrence(
                happened=bool(before[i] * after[i] < 0),
                margin=float(abs(after[i]) / closing) if closing and before[i] else 1.0,
            )


def _falls(body: Setup, track: Track) -> Occurrence:
    left = _crossing(track.time, track.position[:, 0], body.length)
    in_time = body.until != "duration" or left <= body.duration
    fell = bool(track.position[-1, 1] < -2 * RADIUS * track.scale) and in_time
    gone = body.length if fell else float(track.position[:, 0].max())
    return Occurrence(happened=fell, margin=1.0 if fell else abs(gone / body.length - 1))


def _reaches(experiment: Experiment, body: Setup, track: Track) -> Occurrence:
    end = end_time(experiment, body, track)
    if experiment.scene == "free_fall" and body.direction != "up":
        return Occurrence(happened=end <= body.duration, margin=abs(end / body.duration - 1))
    if body.until == "length":
        return Occurrence(happened=math.isfinite(end))
    if experiment.scene == "free_fall":
        went = body.height + max(0.0, float(track.position[:, 1].max()))
    elif body.until in ("rest", "turn"):
        went = _stop(track)[1]
    else:
        went = _distance(experiment, body, track, end)
    return Occurrence(happened=went >= body.length, margin=min(1.0, abs(went / body.length - 1)))
