"""Scene programs that are broken or absurd."""

import copy
import json
import random
from typing import Any

from mindseye.eval.hostile_text import NUMBERS, WORDS, Way, cut_up, noise
from mindseye.tools.physics.lab.amount import unit_factor, units_of
from mindseye.tools.physics.lab.defaults import BOUNDS
from mindseye.tools.physics.lab.defaults import WORDS as AMOUNTS
from mindseye.tools.physics.lab.program import (
    MEASURE_DIMENSION,
    MOST_BODIES,
    QUANTITY_DIMENSION,
    SCENES,
    Quantity,
    SceneKind,
)

PROGRAMS: tuple[dict[str, Any], ...] = (
    {"scene": "projection",
     "bodies": [{"name": "red ball", "speed": "3 m/s"}, {"name": "blue ball", "speed": "2x"}],
     "ask": {"kind": "compare", "measure": "range"}},
    {"scene": "motion", "bodies": [{"name": "cart", "mass": "2 kg", "force": "4 N"}],
     "world": {"duration": "3 s"}, "ask": {"kind": "number", "measure": "speed", "unit": "m/s"}},
    {"scene": "free_fall",
     "bodies": [{"name": "a", "height": "2 m"}, {"name": "b", "height": "more"},
                {"name": "c", "height": "2x b", "direction": "down"}],
     "world": {"gravity": "moon"}, "ask": {"kind": "order", "measure": "time"}},
    {"scene": "friction", "bodies": [{"name": "box", "speed": "5 m/s", "friction": "0.4"}],
     "ask": {"kind": "exceeds", "measure": "distance", "value": "3 m", "of": "box"}},
    {"scene": "collision",
     "bodies": [{"name": "truck", "mass": "2 kg more than car", "speed": "20 km/h"},
                {"name": "car", "mass": "900 kg", "direction": "towards"}],
     "world": {"restitution": "elastic"}, "ask": {"kind": "does", "event": "reverses",
                                                  "of": "truck"}},
    {"scene": "slope", "bodies": [{"name": "sled", "angle": "30 deg", "length": "10% less"}],
     "ask": {"kind": "does", "event": "slides"}},
)  # fmt: skip

NAMES = (
    "a", "B", "red ball", "name", "0", "None", "{{7*7}}", "[/red]", "\u202e", "\u2028", "the the",
    '"', "-", "before", "after", "x" * 60, "2x", "same", "more than a", "a > b = c", "%s", "<b>",
)  # fmt: skip
RELATIONS = (
    "more", "less", "same", "half", "0.5x", "1000000x", "0x", "10% less", "99.9% less",
    "more than {}", "less than {}", "2x {}", "same as {}", "half {}", "10% more than {}",
)  # fmt: skip


def _program(rng: random.Random) -> dict[str, Any]:
    return copy.deepcopy(rng.choice(PROGRAMS))


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return every container in `value` with every key or index of it."""
    keys = (
        list(value) if isinstance(value, dict)
        else list(range(len(value))) if isinstance(value, list) else []
    )  # fmt: skip
    return [(value, k) for k in keys] + [p for k in keys for p in _places(value[k])]


def _absurd(rng: random.Random) -> Any:
    return rng.choice((
        None, True, 0, -1, 10**400, 1e308, float("nan"), float("inf"), "", [], {}, [[]], {"": ""},
        rng.choice(NUMBERS), rng.choice(WORDS),
        rng.choice(NUMBERS) + rng.choice((" m", " kg", "x")),
        "2x " + rng.choice(WORDS), "9" * 5000 + " m", "1e999 m/s", "1/0 s", "more than " + "a" * 70,
        rng.choice(("moon", "same", "less", "half", "twice b", "10% less than a", "-5 kg")),
        ["a"] * rng.choice((6, 2000)), {str(k): k for k in range(rng.choice((3, 2000)))},
    ))  # fmt: skip


def _mutated_program(rng: random.Random) -> str:
    program = _program(rng)
    for _ in range(rng.choice((1, 1, 2, 4))):
        places = _places(program)
        if not 0 < len(places) < 5000:
            # Nothing left, or so much that the generator's own memory would count.
            break
        holder, key = rng.choice(places)
        act = rng.random()
        if act < 0.5:
            holder[key] = _absurd(rng)
        elif act < 0.65:
            del holder[key]
        elif act < 0.8 and isinstance(holder, dict):
            holder[rng.choice((*WORDS, "version", "mass", "speed", "of", "direction"))] = _absurd(
                rng
            )
        elif isinstance(holder, list):
            most = 20_000 // (1 + len(_places(holder[key])))
            copied = holder[key]
            holder += [copy.deepcopy(copied) for _ in range(min(rng.choice((1, 3, 500)), most))]
        else:
            holder[key] = copy.deepcopy(rng.choice(PROGRAMS))
    return json.dumps(program, ensure_ascii=rng.random() < 0.5)


def _deep(rng: random.Random) -> str:
    depth = rng.choice((10, 500, 1900, 50_000))
    inner = rng.choice(("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth))
    return json.dumps(_program(rng)).replace('"ask": {', f'"ask": {inner}, "b": {{', 1)


def _well_formed(rng: random.Random) -> str:
    """Return a program within its schema, with amounts as absurd as bounds allow."""
    scene = rng.choice(list(SCENES))
    kind = SCENES[scene]
    count = 2 if scene == "collision" else rng.choice((1, 2, 2, 3, MOST_BODIES))
    names = rng.sample(NAMES, count)
    share = rng.choice((0.1, 0.3, 0.6))
    bodies = []
    for name in names:
        body = {"name": name, **_amounts(rng, kind, names, share)}
        if kind.directions and rng.random() < 0.4:
            body["direction"] = rng.choice(kind.directions)
        bodies.append(body)
    world = _amounts(rng, kind, names, rng.choice((0.0, 0.2, 0.5)))
    program = {
        "scene": scene, "bodies": bodies, "world": world, "ask": _ask(rng, kind, names),
    }  # fmt: skip
    return json.dumps(program, ensure_ascii=rng.random() < 0.5)


def _amounts(rng: random.Random, kind: SceneKind, names: list[str], share: float) -> dict[str, str]:
    return {q: _amount(rng, q, names) for q in kind.takes if rng.random() < share}


def _amount(rng: random.Random, quantity: Quantity, names: list[str]) -> str:
    if rng.random() < 0.15:
        return rng.choice(RELATIONS).format(rng.choice(names))
    if rng.random() < 0.05 and quantity in AMOUNTS:
        return rng.choice(list(AMOUNTS[quantity]))
    low, high, _ = BOUNDS[quantity]
    usual = 10 ** rng.uniform(-2, 2)
    values = (usual, usual, usual, low, high, rng.uniform(low, high), 10 ** rng.uniform(-9, 15))
    unit = rng.choice(units_of(QUANTITY_DIMENSION[quantity]))
    value = rng.choice(values) / unit_factor(unit, QUANTITY_DIMENSION[quantity])
    return f"{value:.12g} {unit}".strip()


def _ask(rng: random.Random, kind: SceneKind, names: list[str]) -> dict[str, str]:
    measure, of = rng.choice(kind.measures), rng.choice(names)
    unit = rng.choice(units_of(MEASURE_DIMENSION[measure]))
    asks: list[dict[str, str]] = [
        {"kind": "number", "measure": measure, "of": of, "unit": unit},
        {"kind": "exceeds", "measure": measure, "of": of,
         "value": f"{10 ** rng.uniform(-9, 9):.4g} {unit}"},
        {"kind": "does", "event": rng.choice(kind.happenings), "of": of},
    ]  # fmt: skip
    if len(names) > 1:
        asks += [{"kind": "compare" if len(names) == 2 else "order", "measure": measure}] * 2
    return rng.choice(asks)


WAYS: tuple[tuple[Way, float], ...] = (
    (_mutated_program, 0.45),
    (_well_formed, 0.3),
    (lambda rng: cut_up(json.dumps(_program(rng)), rng), 0.15),
    (_deep, 0.04),
    (noise, 0.06),
)
"""With their shares."""
