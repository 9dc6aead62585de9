"""The paper's way: the model writes MJCF text, and a summary of the motion is the hint.

Liu et al., Mind's Eye (2022). What the model writes is checked against an
allow-list and simulated in a process that can be killed.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from langchain_core.language_models import BaseChatModel
from numpy.typing import NDArray

from mindseye.planner.ask import asking
from mindseye.planner.ask.answer import Measured
from mindseye.planner.ask.evidence import CLIP_SIZE, Evidence
from mindseye.planner.language.answers import SURE, Refused, Unusable, answer_in_text
from mindseye.tools.errors import ToolError
from mindseye.tools.physics.lab.verdict import significant
from mindseye.tools.physics.mjcf.motion import Motion
from mindseye.tools.physics.mjcf.sandbox import Sandbox, Simulated
from mindseye.tools.prompting import render
from mindseye.tools.values import Clip, Provenance

Array = NDArray[np.float64]

SECONDS = 3.0
"""Simulated where the model does not say for how long."""
STILL = 1e-3
"""What moves less than this is said to stay, metres; slower, to be at rest, metres a second."""
MOST_TOLD = 8
"""Bodies that a hint speaks of."""
_ELEMENT = re.compile(r"<mujoco\b.*</mujoco\s*>", re.S)
_SECONDS = re.compile(r"\bseconds\s*[:=]\s*([0-9]+(?:\.[0-9]+)?)", re.I)


@dataclass(frozen=True, kw_only=True)
class Script:
    """What a model wrote: MJCF, and for how long to simulate it."""

    xml: str
    seconds: float


def read_script(text: str) -> Script:
    """Find the MJCF in a model's answer, whatever stands around it.

    Raises:
      ToolError: there is none.
    """
    found = _ELEMENT.search(text)
    if found is None:
        raise ToolError("there is no whole <mujoco> ... </mujoco> in it; write one")
    told = _SECONDS.search(text[: found.start()]) or _SECONDS.search(text[found.end() :])
    return Script(xml=found[0], seconds=float(told[1]) if told else SECONDS)


def simulate_mjcf(
    model: BaseChatModel,
    question: str,
    choices: tuple[str, ...],
    sandbox: Sandbox,
    *,
    tries: int,
    refused: Refused,
) -> Evidence | None:
    """Let the model write MJCF until it can be simulated; None if it never can.

    Raises:
      Unavailable: the model does not answer, or the sandbox cannot be started.
    """

    def parse(text: str) -> tuple[Script, Simulated]:
        script = read_script(text)
        rate = min(100.0, 1800 / max(script.seconds, 1e-9))
        return script, sandbox.simulate(script.xml, script.seconds, rate=rate, picture=CLIP_SIZE)

    asked = asking.ask_mjcf(question, choices, sandbox.limits)
    try:
        script, run = answer_in_text(model, asked, parse, tries=tries, refused=refused)
    except Unusable:
        return None
    told = [summary(run.motion, i) for i in range(len(run.motion.names))][:MOST_TOLD]
    return Evidence(
        what="mjcf", text=script.xml, trust=SURE, seconds=run.seconds, clip=_clip(run.motion),
        hint=render("mjcf_hint", seconds=significant(script.seconds), bodies=told).strip(),
        numbers=tuple(_measured(run.motion, i) for i in range(len(told))),
    )  # fmt: skip


def _along(motion: Motion, i: int) -> Array:
    """Return how far a body is from its start along the ground, `[T]` metres."""
    away: Array = np.hypot(*(motion.states[:, i, :2] - motion.states[0, i, :2]).T)
    return away


def summary(motion: Motion, i: int) -> dict[str, Any]:
    """Return what one body did, in words and rounded numbers that the hint's template prints."""
    height, along = motion.states[:, i, 2], _along(motion, i)
    speed = np.linalg.norm(motion.states[:, i, 7:10], axis=1)
    # The end rather than the lowest point: soft contacts let things that land sink in.
    fallen, risen = float(height[0] - height[-1]), float(height.max() - height[0])
    moving = np.flatnonzero(speed > 10 * STILL)
    rests = len(moving) > 0 and moving[-1] + 1 < len(speed)
    ways = motion.states[:, i, :3] - motion.states[0, i, :3]
    return {
        "name": motion.names[i],
        "still": bool(np.linalg.norm(ways, axis=1).max() < STILL),
        "along": significant(float(along[-1])),
        "fallen": significant(fallen) if fallen > 10 * STILL else "",
        "risen": significant(risen) if risen > 10 * STILL else "",
        "fastest": significant(float(speed.max())),
        "last": significant(float(speed[-1])),
        "stopped": significant(float(motion.times[moving[-1] + 1])) if rests else "",
        "hit": _first_touch(motion, i, speed, along),
    }


def _first_touch(motion: Motion, i: int, speed: Array, along: Array) -> dict[str, str] | None:
    """Return what a body first touched after the start, when, where, and how fast it was."""
    name = motion.names[i]
    later = [(t, a, b) for t, a, b in motion.contacts if name in (a, b) and t > motion.times[1]]
    if not later:
        return None
    time, a, b = min(later)
    other = b if a == name else a
    row = max(0, int(np.searchsorted(motion.times, time)) - 1)
    return {
        "what": "the ground" if other == "world" else other,
        "time": significant(time),
        "speed": significant(float(speed[row])),
        "along": significant(float(along[row])),
    }


def _measured(motion: Motion, i: int) -> Measured:
    value = float(_along(motion, i)[-1])
    return Measured(
        name=motion.names[i], what="distance", unit="m",
        value=value if math.isfinite(value) else None,
    )  # fmt: skip


def _clip(motion: Motion) -> Clip | None:
    if not len(motion.frames):
        return None
    dt = float(motion.times[-1]) / max(1, len(motion.frames) - 1)
    provenance = Provenance(source="physics", model="mujoco", seed=0)
    return Clip(frames=motion.frames, dt=dt, provenance=provenance)
