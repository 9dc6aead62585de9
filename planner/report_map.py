"""Drawings for the report: the table from above, and boxes over a camera frame.

Pure functions from a scene graph's JSON to numbers that the template puts into
SVG. A field that is absent is left out.
"""

import math
from collections.abc import Sequence
from typing import Any

from mindseye.planner.events import Acted, Chosen, Event, Judged, Observed
from mindseye.tools.goals import TABLE_HALF

View = dict[str, Any]

_FILL = {
    "red": "#e5484d", "green": "#30a46c", "blue": "#3e7bfa", "yellow": "#e8b600",
    "purple": "#9b5de5",
}  # fmt: skip
_PATCH_FILL = {"ice": "#5ec8ff", "sticky": "#b08040"}
_MAP_SIZE = 400
_MAP_SCALE = 360 / (2 * TABLE_HALF)


def xy(point: Any) -> tuple[float, float] | None:
    """Read a place, metres; None when it is none."""
    try:
        x, y = float(point[0]), float(point[1])
    except (TypeError, ValueError, IndexError, KeyError):
        return None
    return x, y


def _on_map(point: tuple[float, float]) -> tuple[float, float]:
    half = _MAP_SIZE / 2
    x, y = half + point[0] * _MAP_SCALE, half - point[1] * _MAP_SCALE
    return round(min(_MAP_SIZE, max(0, x)), 1), round(min(_MAP_SIZE, max(0, y)), 1)


def _star(x: float, y: float, radius: float) -> str:
    corners = []
    for k in range(10):
        r = radius * 1.25 if k % 2 == 0 else radius * 0.55
        angle = math.pi * (k / 5 - 0.5)
        corners.append(f"{x + r * math.cos(angle):.1f},{y + r * math.sin(angle):.1f}")
    return " ".join(corners)


def layout(scene: View) -> dict[str, tuple[float, float]]:
    """Return name -> place (metres) of a scene graph's JSON."""
    found = {}
    for o in scene.get("objects") or ():
        place = xy(o.get("position"))
        if place is not None:
            found[f"{o.get('colour', '')} {o.get('shape', '')}".strip()] = place
    return found


class _Labels:
    """Finds places for labels in a picture `side` wide, so that they do not cover one another."""

    def __init__(self, side: float, letter: float) -> None:
        self._side, self._letter = side, letter
        self._taken: list[tuple[float, float, float]] = []

    def place(self, text: str, x: float, ys: Sequence[float]) -> tuple[float, float]:
        """Return the middle and baseline: the first free of `ys`, else the last."""
        half = self._letter * len(text) / 2
        x = min(self._side - half, max(half, x))
        free = (
            y
            for y in ys
            if not any(
                abs(y - ty) < 2 * self._letter and abs(x - tx) < half + th
                for tx, ty, th in self._taken
            )
        )
        y = next(free, ys[-1])
        self._taken.append((x, y, half))
        return round(x, 1), round(y, 1)


def _map_objects(scene: View) -> list[View]:
    shapes = []
    labels = _Labels(_MAP_SIZE, 7.4)
    for o in scene.get("objects") or ():
        place = xy(o.get("position"))
        if place is None:
            continue
        x, y = _on_map(place)
        colour, shape = str(o.get("colour", "")), str(o.get("shape", ""))
        fill = _FILL.get(colour, "#888")
        name = f"{colour} {shape}".strip()
        tx, ty = labels.place(name, x, (y + 29, y - 20, y + 44))
        shapes.append(
            {"name": name, "shape": shape, "x": x, "y": y, "fill": fill, "star": _star(x, y, 15),
             "tx": tx, "ty": ty}
        )  # fmt: skip
    return shapes


def _arrow(
    kind: str, start: tuple[float, float], end: tuple[float, float] | None, title: str
) -> list[View]:
    if end is None or math.dist(start, end) < 0.012:
        return []
    (x1, y1), (x2, y2) = _on_map(start), _on_map(end)
    return [{"kind": kind, "x1": x1, "y1": y1, "x2": x2, "y2": y2, "title": title}]


def arrows(seen: Observed, group: Sequence[Event], later: Observed | None) -> list[View]:
    """Where each tool said the chosen candidate would take things, and where they went."""
    chosen = next((e for e in group if isinstance(e, Chosen)), None)
    if chosen is None:
        return []
    before = layout(seen.scene)
    ways: list[View] = []
    for judged in group:
        if isinstance(judged, Judged) and judged.candidate == chosen.candidate:
            moved = judged.outcome.get("moved") or {}
            after = layout(judged.outcome.get("after") or {})
            word = "imagined" if judged.source == "video" else "simulated"
            for name in moved:
                if name in before:
                    ways += _arrow(judged.source, before[name], after.get(name), f"{name}, {word}")
    if later is not None and any(isinstance(e, Acted) for e in group):
        after = layout(later.scene)
        for name, place in before.items():
            ways += _arrow("real", place, after.get(name), f"{name}, really")
    return ways


def table_map(seen: Observed, ways: list[View]) -> View:
    """Return the table from above, with arrows on it."""
    patches = []
    for p in seen.scene.get("patches") or ():
        place = xy(p.get("position"))
        if place is not None:
            x, y = _on_map(place)
            kind = str(p.get("kind", ""))
            radius = float(p.get("radius") or 0.05) * _MAP_SCALE
            patches.append(
                {"kind": kind, "x": x, "y": y, "r": radius, "fill": _PATCH_FILL.get(kind, "#888")}
            )
    pusher = xy(seen.scene.get("pusher"))
    spot = None
    if pusher is not None:
        x, y = _on_map(pusher)
        spot = {"x": x, "y": y}
    return {
        "id": f"map{seen.decision}",
        "objects": _map_objects(seen.scene),
        "patches": patches,
        "pusher": spot,
        "arrows": ways,
        "kinds": {a["kind"] for a in ways},
    }


def boxes(seen: Observed) -> list[View]:
    """Return the boxes and labels of what was seen, for a frame drawn 128 by 128."""
    found = []
    labels = _Labels(128, 2.7)
    sx, sy = 128 / seen.frame.width, 128 / seen.frame.height
    for o in seen.scene.get("objects") or ():
        box = o.get("box")
        if not box or len(box) != 4:
            continue
        left, top, right, bottom = (float(v) for v in box)
        x, y, w, h = left * sx, top * sy, (right - left) * sx, (bottom - top) * sy
        name = f"{o.get('colour', '')} {o.get('shape', '')}".strip()
        above, below = y - 1.6, y + h + 5
        ys = (above, below, above - 5.5) if y > 8 else (below, below + 5.5)
        tx, ty = labels.place(name, x + w / 2, ys)
        found.append({"x": x, "y": y, "w": w, "h": h, "tx": tx, "ty": ty, "name": name})
    return found
