"""Questions whether something happens: does it slide, fall off, get there, bounce back?"""

from dataclasses import replace
from typing import Any

from mindseye.planner.questions import frames
from mindseye.planner.questions.amounts import number_between, quote
from mindseye.planner.questions.draws import Draws
from mindseye.planner.questions.facts import Common, Fact
from mindseye.planner.questions.modes import MODES, Event
from mindseye.planner.questions.pairs import Case
from mindseye.planner.questions.picking import Picker
from mindseye.planner.questions.telling import fill
from mindseye.planner.questions.things import single
from mindseye.planner.questions.valued import (
    Made,
    Setting,
    answered,
    draw_collision,
    program_for,
    write,
    yes_or_no,
)
from mindseye.tools.physics.lab.program import Happening, Program

HAPPENS: dict[tuple[str, Happening], tuple[tuple[str, ...], tuple[str, ...]]] = {
    ("edge", "falls_over_edge"): (
        ("fall off the edge", "slide over the edge", "go over the edge", "fall off",
         "drop off the far end", "shoot over the edge", "fall off the end", "end up on the floor"),
        ("stop before the edge", "stay on top", "come to rest before the edge", "stop in time"),
    ),
    ("slide", "reaches"): (
        ("reach the other side", "get that far", "make it to the far wall", "reach the line",
         "get to the other end", "make it to the end", "reach the mark", "get all the way across"),
        ("stop short of the line", "come to rest before the end", "fall short of the mark"),
    ),
    ("pull", "slides"): (
        ("move", "start to slide", "begin to move", "slide", "budge", "get going", "move at all"),
        ("stay where it is", "stay put", "remain at rest", "not move"),
    ),
    ("throw up", "reaches"): (
        ("reach it", "get that high", "rise that far", "reach that height", "make it up there",
         "get there"),
        ("stay below it", "fall short of it", "turn back before that height"),
    ),
    ("throw level", "reaches"): (
        ("reach it", "get that far", "fly far enough", "make it across", "clear the distance",
         "reach the target", "get to the other side"),
        ("fall short", "land before it", "come down too early"),
    ),
    ("slope", "slides"): (
        ("slide down", "start to slide", "begin to slide", "move", "slip down", "start sliding",
         "slide at all"),
        ("stay where it is", "stay put", "remain at rest", "keep still"),
    ),
    ("slope up", "reaches"): (
        ("reach the top", "make it to the top", "get to the top", "get all the way up"),
        ("turn back before the top", "stop short of the top", "fail to reach the top"),
    ),
    ("crash", "reverses"): (
        ("bounce back", "turn round", "move backwards afterwards", "reverse its direction",
         "rebound"),
        ("not bounce back", "not turn round", "not move backwards afterwards"),
    ),
    ("crash", "stops"): (
        ("stop", "come to rest", "be at rest afterwards", "be left standing still",
         "come to a standstill"),
        ("keep moving", "still be moving afterwards"),
    ),
}  # fmt: skip
"""By situation and event: what says that it happens, and that it does not."""
_EVENTS: tuple[tuple[str, str, Happening, str], ...] = (
    # Key of HAPPENS, mode, event, what has to be told; "away" is a distance.
    ("edge", "slide", "falls_over_edge", "speed friction away"),
    ("slide", "slide", "reaches", "speed friction away"),
    ("pull", "pull", "slides", "mass force friction"),
    ("throw up", "throw up", "reaches", "speed away"),
    ("throw level", "throw level", "reaches", "speed height away"),
    ("slope", "slope down", "slides", "angle friction"),
    ("slope up", "slope up", "reaches", "speed angle away"),
    ("crash", "crash", "reverses", "mass speed"),
    ("crash", "crash", "stops", "mass speed"),
    ("crash", "hit", "reverses", "mass speed"),
    ("crash", "hit", "stops", "mass speed"),
)
_RESTING = (
    "place {o}[ on a slope]", "put {o}[ on a ramp]", "lie[ on a slope]", "rest[ on a tilted board]",
    "set {o}[ on an incline]", "stand[ on a sloping roof]", "leave {o}[ on a hillside]",
)  # fmt: skip
_STANDING = (
    "push {o}[ on a rough floor]", "pull {o}[ on a rough floor]", "tug {o}[ on rough ground]",
    "shove {o}[ on a rough floor]", "pull {o} sideways[ on a rough table]",
)  # fmt: skip


def does(pick: Picker, want: bool) -> Made | None:
    """Return whether something happens."""
    key, name, event, needed = pick.rng.choice(_EVENTS)
    mode = MODES[name]
    kind = pick.rng.choice(mode.classes)
    draws = Draws(pick, mode, kind)
    needs: list[Any] = [q for q in needed.split() if q != "away"]
    if key == "crash":
        setting = draw_collision(pick, name, "speed", draws, kind)
        if name == "hit":
            # Of the one that moves: the other starts out at rest.
            setting = replace(setting, of=0)
    else:
        facts: list[Fact] = [draws.common(q) for q in needs]
        if key == "slope":
            facts = [f for f in facts if f.quantity != "friction"]
            rough = quote(number_between(0.1, 1.0, pick.rng), "", pick)
            facts.append(Common(quantity="friction", amount=rough))
        pick.rng.shuffle(facts)
        case = Case(name=name, mode=mode, things=[single(pick, kind)], facts=facts, ask={})
        setting = Setting(case=case, measure="distance", of=0)
    if "away" in needed:
        unit, low, high = pick.rng.choice((("m", 0.5, 12), ("m", 1, 5), ("cm", 40, 190)))
        away = quote(number_between(low, high, pick.rng), unit, pick)
        setting.case.extra[0] = {"length": away.written}
        setting.case.sentences.append(fill(pick.frame(frames.AWAY[key]), v=away.said))
    setting.case.ask = {"kind": "does", "event": event}
    if len(setting.case.things) > 1:
        setting.case.ask["of"] = setting.case.things[setting.of].name
    if not _happens(setting.case.program(range(len(setting.case.things))), want):
        return None
    return _does_made(pick, setting, key, event, want)


def _happens(program: Program, want: bool) -> bool:
    found = answered(program)
    return found is not None and (found.verdict.answer == "yes") == want and found.firm


def _does_made(
    pick: Picker, setting: Setting, key: str, event: Happening, want: bool
) -> Made | None:
    positive, negative = HAPPENS[key, event]
    affirms = pick.some(0.75)
    infinitive = pick.word(positive if affirms else negative)
    own = {"slope": _RESTING, "pull": _STANDING}.get(key)
    if own:
        events = tuple(Event(text=text) for text in own)
        setting.case.mode = replace(setting.case.mode, events=events)
    written = write(pick, setting, lambda t, x: yes_or_no(pick, t, x, infinitive))
    program = program_for(setting, written, {"kind": "does", "event": event})
    if not _happens(program, want):
        return None
    return Made(
        written=written, program=program, answer="yes" if want == affirms else "no",
        choices=("yes", "no"), subtask=f"{setting.case.mode.scene}/{event}",
    )  # fmt: skip
