"""What the report shows of one decision, gathered from the events of a record.

Pure functions from events to small mappings that the template prints. Nothing
here trusts the record: a field of a tool's JSON that is absent is left out.
"""

import base64
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from mindseye.planner.events import (
    Abstained,
    Acted,
    Candidate,
    Chosen,
    CrossChecked,
    Event,
    Failed,
    Gated,
    Happened,
    Imagined,
    Judged,
    MediaRef,
    Observed,
    Proposed,
    Replanned,
    Searched,
    Simulated,
    Surprised,
)
from mindseye.planner.report_map import View, arrows, boxes, table_map, xy
from mindseye.planner.report_search import abstained_line, foretold_line, tree_view
from mindseye.tools.values import Violation

SHOWN = 4
"""Candidates that stand open on the page; the others are folded."""
Link = Callable[[str], str]
"""Path of a picture in the run's folder -> where the page finds it, "" when it is absent."""


def data_uri(folder: Path, path: str) -> str:
    """Return a file of the run inlined, or "" when it is absent."""
    if not path:
        return ""
    try:
        data = (folder / path).read_bytes()
    except OSError:
        return ""
    kind = "video/mp4" if path.endswith(".mp4") else "image/png"
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def split(events: Iterable[Event]) -> dict[int, list[Event]]:
    """Group the events that belong to a decision by its number."""
    found: dict[int, list[Event]] = {}
    for event in events:
        number = getattr(event, "decision", None)
        if number is not None:
            found.setdefault(number, []).append(event)
        elif isinstance(event, Failed) and found:
            found[max(found)].append(event)
    return found


def picture(link: Link, ref: MediaRef, title: str, note: str = "") -> View:
    """Return a clip of the run as the page shows it."""
    return {
        "video": link(ref.path),
        "sheet": link(ref.sheet),
        "title": title,
        "note": note,
        "source": "real" if ref.source == "world" else ref.source,
        "frames": ref.frames,
        "seconds": ref.frames * ref.dt,
    }


def seen_view(link: Link, seen: Observed, ways: list[View]) -> View:
    """Return what the template prints of a look: the frame, boxes over it, the map."""
    objects = []
    for o in seen.scene.get("objects") or ():
        place, confidence = xy(o.get("position")), o.get("confidence")
        objects.append(
            {
                "name": f"{o.get('colour', '')} {o.get('shape', '')}".strip(),
                "place": _centimetres(place) if place else "",
                "confidence": f"{100 * float(confidence):.0f} %" if confidence is not None else "",
            }
        )
    return {
        "image": link(seen.frame.path),
        "width": seen.frame.width,
        "height": seen.frame.height,
        "boxes": boxes(seen),
        "map": table_map(seen, ways),
        "objects": objects,
        "progress": None if seen.progress is None else min(1.0, max(0.0, seen.progress)),
    }


def outcome_words(outcome: View) -> str:
    """Return what an outcome, as plain JSON, says to have happened."""
    parts = []
    for name, shift in (outcome.get("moved") or {}).items():
        place = xy(shift)
        if place is not None:
            parts.append(f"{name} moves {100 * math.hypot(*place):.0f} cm")
    for key, words in (("fell", "falls off"), ("vanished", "vanishes"), ("appeared", "appears")):
        parts += [f"{name} {words}" for name in outcome.get(key) or ()]
    return ", ".join(parts) + "." if parts else "nothing moves."


_SAYS = {
    ("video", "pixels"): "The imagined clip shows:",
    ("video", "state"): "The imagined clip shows:",
    ("physics", "pixels"): "The simulated clip shows:",
    ("physics", "state"): "The simulation says:",
}


def _judgement(judged: Judged) -> View:
    return {
        "source": judged.source,
        "says": _SAYS[judged.source, judged.read_from],
        "outcome": outcome_words(judged.outcome),
        "value": min(1.0, max(0.0, judged.value)),
        "confidence": judged.confidence,
        "evidence": list(judged.evidence),
        "reason": "; ".join(filter(None, (judged.reason, _implausible(judged)))),
    }


def _implausible(judged: Judged) -> str:
    """Return how plausible a clip is as physics and what speaks against it; "" if nothing does."""
    if judged.plausibility is None or not judged.violations:
        return ""
    worst = Violation(**judged.violations[0].model_dump())
    return f"plausibility {judged.plausibility:.2f} ({worst.words})"


def push_words(push: View) -> str:
    """Return a decoded push, as plain JSON, in words; "" when it is none."""
    target, speed = xy(push.get("target")), push.get("speed")
    if target is None:
        return ""
    words = f"push the {push.get('subject', 'object')} to {_centimetres(target)}"
    for place in push.get("via") or ():
        corner = xy(place)
        words += f" by way of {_centimetres(corner)}" if corner else ""
    return f"{words} at {100 * speed:.0f} cm/s" if isinstance(speed, int | float) else words


def _centimetres(place: tuple[float, float]) -> str:
    return f"{100 * place[0]:+.1f}, {100 * place[1]:+.1f} cm"


def _decoded(event: Acted) -> str:
    """Return what the pusher was told, and how that became moves."""
    words = push_words(event.push) or "moves of the pusher"
    if not event.actions:
        return words
    first = ", ".join(f"{v:+.2f}" for v in event.actions[0])
    return f"{words}, in {len(event.actions)} moves [dx, dy, lift], the first [{first}]"


def _candidate(link: Link, item: Candidate, group: Sequence[Event]) -> View:
    mine = [e for e in group if getattr(e, "candidate", None) == item.id]
    pictures: list[View] = []
    view: View = {
        "id": item.id, "words": item.words, "prior": item.prior, "value": None, "agreement": None,
        "chosen": False, "gate": "", "decoded": "", "disagreements": (), "judgements": [],
        "pictures": pictures,
    }  # fmt: skip
    for event in mine:
        if isinstance(event, Gated):
            tools = " and ".join(event.tools) or "no tool"
            view["gate"] = f"Asked {tools}: {event.reason}"
        elif isinstance(event, Imagined):
            count = len(event.clips)
            for k, ref in enumerate(event.clips, 1):
                title = "imagined" if count == 1 else f"imagined {k} of {count}"
                pictures.append(picture(link, ref, title))
        elif isinstance(event, Simulated):
            view["decoded"] = push_words(event.push)
            if event.clip is None:
                continue
            said = [f"{e.get('subject', '')} {e.get('kind', '')}" for e in event.events[:4]]
            pictures.append(picture(link, event.clip, "simulated", ", ".join(said)))
        elif isinstance(event, Judged):
            view["judgements"].append(_judgement(event))
        elif isinstance(event, CrossChecked):
            view["agreement"] = event.agreement
            view["disagreements"] = event.disagreements
        elif isinstance(event, Chosen):
            view["chosen"], view["value"] = True, event.value
    for chosen in group:
        if isinstance(chosen, Chosen) and item.id in chosen.values:
            view["value"] = chosen.values[item.id]
    return view


def _surprise(event: Surprised) -> str:
    far = {
        n: math.dist(event.predicted[n], event.seen[n]) for n in event.predicted if n in event.seen
    }
    worst = max(far, key=lambda n: far[n]) if far else ""
    gone = [n for n in event.predicted if n not in event.seen]
    text = f"Surprise: off the prediction by {100 * event.metres:.1f} cm"
    text += f" ({worst})" if worst else ""
    text += f"; no longer seen: {', '.join(gone)}" if gone else ""
    return f"{text}. {event.reason}".strip()


def _one_of_each(pictures: Sequence[View]) -> list[View]:
    """Return the first picture of each tool, to stand beside reality."""
    first: dict[str, View] = {}
    for picture in pictures:
        first.setdefault(picture["source"], {**picture, "sheet": "", "note": ""})
    return list(first.values())


def _acted(acted: Sequence[Acted], pictures: Sequence[View]) -> View:
    decoded = [_decoded(a) for a in acted]
    return {"pictures": pictures, "steps": sum(a.steps for a in acted), "decoded": decoded}


def decision_view(link: Link, number: int, group: Sequence[Event], later: Observed | None) -> View:
    """Return what the template prints of one decision.

    Args:
      link: finds the run's pictures.
      number: of the decision, from 0.
      group: its events, in order.
      later: what was seen after it acted, if anything was.
    """
    seen = next((e for e in group if isinstance(e, Observed)), None)
    chosen = next((e for e in group if isinstance(e, Chosen)), None)
    searched = next((e for e in group if isinstance(e, Searched)), None)
    acted = [e for e in group if isinstance(e, Acted)]
    happened = next((e for e in group if isinstance(e, Happened)), None)
    items = [c for e in group if isinstance(e, Proposed) for c in e.candidates]
    # What a beam proposes further ahead has a dot in its name, and no camera frame to picture.
    first = [c for c in items if "." not in c.id]
    views = [_candidate(link, c, group) for c in first]
    # The chosen one first, then by value, as a reader wants it.
    views.sort(key=lambda v: (not v["chosen"], -(v["value"] or 0.0), -(v["prior"] or 0.0)))
    last_look = not items and not acted
    ways = arrows(seen, group, later) if seen else []
    pictures = [picture(link, a.clip, "what really happened") for a in acted if a.clip]
    pictures += [p for v in views if v["chosen"] for p in _one_of_each(v["pictures"])]
    return {
        "number": number,
        "title": "The last look" if last_look else f"Decision {number + 1}",
        "at": group[0].t if group else None,
        "seen": seen_view(link, seen, ways) if seen else None,
        "candidates": views[:SHOWN],
        "others": views[SHOWN:],
        "tree": tree_view(searched, chosen) if searched else None,
        "ahead": len(items) - len(first),
        "why": chosen.why if chosen else "",
        "hints": chosen.hints if chosen else (),
        "abstained": [abstained_line(e) for e in group if isinstance(e, Abstained)],
        "foretold": foretold_line(chosen, happened) if chosen else "",
        "acted": _acted(acted, pictures) if acted else None,
        "surprises": [_surprise(e) for e in group if isinstance(e, Surprised)],
        "calm": later is not None,
        "replanned": [e.reason for e in group if isinstance(e, Replanned)],
        "failures": [e for e in group if isinstance(e, Failed)],
    }
