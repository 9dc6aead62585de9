"""A scripted conversation over all intents, each turn judged by the world's state and the record.

The words stand in `eval/data/conversation.jsonl`, written by hand; none is in the data
that the choice of tools was trained on.
"""

import contextlib
import json
import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from mindseye.eval.stats import wilson
from mindseye.planner.chat.conversation import Conversation
from mindseye.planner.chat.turns import Called, Ended, Returned, Turn
from mindseye.planner.config import Config, merge
from mindseye.tools.errors import BadInput
from mindseye.tools.goals import Goal, Layout, satisfied
from mindseye.tools.world.sealed import SealedWorld

OBJECTS = ("red cube", "yellow cube", "blue ball", "red ball", "green star")
"""What stands on the table at first."""
STILL = 0.01
"""An object that moved less has not been touched, metres."""
BACK = 0.05
"""What was put back lies within so much of its place, metres."""


class Moved(BaseModel):
    """An object went some way in a direction."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    axis: Literal[0, 1]
    sign: Literal[-1, 1]
    least: float
    """Metres."""


class Scripted(BaseModel):
    """One turn: what is said, which tool serves it, and what must then be true."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    say: str
    tool: str
    """Name of the tool, or "talk" for none."""
    goal: Goal | None = None
    """Holds in the world afterwards."""
    still: bool = False
    """Nothing was moved."""
    back: bool = False
    """Everything is where it was before the last turn that moved something."""
    moved: Moved | None = None
    objects: tuple[str, ...] = ()
    """What then stands on the table."""
    says: str = ""
    """A regular expression that the answer holds."""
    relation: Goal | None = None
    """Its one subject is "?": the answer names exactly those that fulfil it in the world."""
    asserts: Goal | None = None
    """The answer is yes if it holds in the world, else no."""
    nearest: str = ""
    """The answer names what is nearest to this object in the world."""
    leftmost: bool = False
    """The answer names what is furthest left in the world."""
    pictures: bool = False
    """A clip or picture came with it."""


@dataclass(frozen=True, kw_only=True)
class _Judged:
    turn: Scripted
    calls: tuple[str, ...]
    reply: str
    failed: bool
    """Whether the machinery did; such a turn tells nothing of what it would have done."""
    wrong: tuple[str, ...]
    seconds: float
    first: float
    """Seconds until something was told."""
    pictured: tuple[float, ...]
    """Seconds until the first picture and the first clip of a run could be seen; fewer if none."""


@dataclass
class _Heard:
    """What a turn told."""

    events: list[Turn] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def __call__(self, turn: Turn) -> None:
        self.events.append(turn)
        self.times.append(time.monotonic())

    def clear(self) -> None:
        self.events.clear()
        self.times.clear()


def read_script(path: Path | None = None) -> list[Scripted]:
    """Read a script; None reads the package's.

    Raises:
      BadInput: it cannot be read.
    """
    source = path or files("mindseye.eval").joinpath("data", "conversation.jsonl")
    try:
        lines = source.read_text(encoding="utf-8").splitlines()
        turns = [Scripted.model_validate_json(line) for line in lines if line.strip()]
        if not turns:
            raise ValueError("it is empty")
        return turns
    except (OSError, ValueError, ValidationError) as error:
        raise BadInput(f"cannot read the conversation {source}: {error}") from error


def conversation_accuracy(
    folder: Path,
    config: Config,
    n: int = 1,
    seed: int = 0,
    path: Path | None = None,
    on_turn: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Hold the scripted conversation on `n` tables and judge every turn.

    Args:
      folder: where the conversations are kept.
      config: model and tools; the tables are the suite's own.
      n: tables, of the seeds from `seed` on.
      seed: of the first table.
      path: JSONL of turns; None takes the package's.
      on_turn: called with (done, total).

    Returns:
      The suite's JSON; `misses` lists every turn that was not handled right.
    """
    script, judged = read_script(path), list[_Judged]()
    if any(folder.glob("conversation-*")):
        raise BadInput(f"{str(folder)!r} holds conversations already; name a new folder by --run")
    for k in range(n):
        changes = {"objects": OBJECTS, "seed": seed + k, "runs": str(folder / "runs")}
        settings = merge(config, changes, "eval conversation")
        heard = _Heard()
        chat = folder / f"conversation-{seed + k}"
        with contextlib.closing(Conversation(chat, settings, on_turn=heard)) as conversation:
            judge = _Judge(conversation, heard)
            for turn in script:
                judged.append(judge.take(turn))
                if on_turn is not None:
                    on_turn(len(judged), n * len(script))
    return _result(judged, folder)


class _Judge:
    """Takes the turns of one conversation and knows the world's true state."""

    def __init__(self, conversation: Conversation, heard: _Heard) -> None:
        self._conversation, self._heard = conversation, heard
        self._world: Any = None
        self._before_moving: Layout = {}

    def _truth(self) -> tuple[dict[str, tuple[float, float]], list[str]]:
        world = self._conversation.table.world
        if world is not self._world:  # Another one is made when the table is laid anew.
            assert isinstance(world, SealedWorld)
            self._world, self._scorer = world, world.take_scorer()
        return self._scorer.truth()

    def take(self, turn: Scripted) -> _Judged:
        before, _ = self._truth()
        self._heard.clear()
        begun, started = time.time(), time.monotonic()
        reply = self._conversation.say(turn.say)
        seconds = time.monotonic() - started
        after, names = self._truth()
        events = self._heard.events
        calls = tuple(e.tool for e in events if isinstance(e, Called))
        wrong = [] if (calls or ("talk",))[-1] == turn.tool else [f"called {calls or 'talk'}"]
        wrong += list(_faults(turn, reply, before, after, self._before_moving))
        if turn.objects and set(names) != set(turn.objects):
            wrong.append(f"on the table: {', '.join(names)}")
        if turn.pictures and not any(e.pictures for e in events if isinstance(e, Returned)):
            wrong.append("no picture")
        if not _still(before, after):
            self._before_moving = before
        told = [t for e, t in zip(events, self._heard.times, strict=True) if e.kind != "said"]
        return _Judged(
            turn=turn, calls=calls, reply=reply, wrong=tuple(wrong), seconds=seconds,
            failed=any(isinstance(e, Ended) and e.how == "failed" for e in events),
            first=told[0] - started if told else seconds,
            pictured=_first_pictures(Path(self._conversation.config.runs), begun),
        )  # fmt: skip


def _first_pictures(runs: Path, begun: float) -> tuple[float, ...]:
    """Return the seconds from a time of the clock to the first picture of a run, and first clip."""
    files = [(f.stat().st_mtime - begun, f.suffix) for f in runs.glob("*/media/*")]
    new = sorted(f for f in files if f[0] >= 0)
    return tuple(t for t, _ in new[:1]) + tuple([t for t, kind in new if kind == ".mp4"][:1])


def _still(before: Layout, after: Layout) -> bool:
    return set(before) == set(after) and all(math.dist(before[n], after[n]) < STILL for n in before)


def _faults(
    turn: Scripted, reply: str, before: Layout, after: Layout, moved_from: Layout
) -> Sequence[str]:
    """Return what a turn left undone or got wrong, in words."""
    found = []
    if turn.goal is not None and not satisfied(turn.goal, after):
        found.append(f"not so: {turn.goal.words()}")
    if turn.still and not _still(before, after):
        found.append("something was moved")
    if turn.back and not all(
        n in after and math.dist(after[n], p) < BACK for n, p in moved_from.items()
    ):
        found.append("not back where it was")
    if turn.moved is not None and not _went(turn.moved, before, after):
        found.append(f"the {turn.moved.name} did not go there")
    if turn.says and not re.search(turn.says, reply, re.I | re.S):
        found.append(f"did not say {turn.says!r}")
    if turn.asserts is not None:
        right = "yes" if satisfied(turn.asserts, after) else "no"
        if not reply.lower().startswith(right):
            found.append(f"the answer is {right}")
    expected = _expected(turn, after)
    if expected is not None and _named(reply, after, turn) != expected:
        found.append(f"right: {', '.join(sorted(expected)) or 'nothing'}")
    return found


def _went(moved: Moved, before: Layout, after: Layout) -> bool:
    if moved.name not in before or moved.name not in after:
        return False
    return (after[moved.name][moved.axis] - before[moved.name][moved.axis]) * moved.sign > (
        moved.least
    )


def _expected(turn: Scripted, layout: Layout) -> set[str] | None:
    """Return the objects that the answer must name, None where it need name none."""
    if turn.nearest and turn.nearest not in layout:
        return {turn.nearest}  # It is not there: no answer can be right.
    if turn.relation is not None:
        return {n for n in layout if _fulfils(turn.relation, n, layout)}
    if turn.nearest:
        others = [n for n in layout if n != turn.nearest]
        return {min(others, key=lambda n: math.dist(layout[n], layout[turn.nearest]))}
    return {min(layout, key=lambda n: layout[n][0])} if turn.leftmost else None


def _fulfils(goal: Goal, name: str, layout: Layout) -> bool:
    (item,) = (i.model_dump(by_alias=True) for i in goal.all_)
    if name == item.get("object"):
        return False
    return satisfied(Goal.model_validate({"all": [{**item, "subject": name}]}), layout)


def _named(reply: str, layout: Layout, turn: Scripted) -> set[str]:
    """Return the objects that an answer names, without those that the question named."""
    asked = turn.say.lower()
    return {n for n in layout if n in reply and n not in asked}


def _late(ordered: Sequence[float]) -> float:
    """Return the 95th percentile."""
    return ordered[-1 - len(ordered) // 20]


def _result(judged: Sequence[_Judged], folder: Path) -> dict[str, Any]:
    def row(turns: Sequence[_Judged]) -> dict[str, Any]:
        scored = [t for t in turns if not t.failed]
        hits, n = sum(not t.wrong for t in scored), len(scored)
        low, high = wilson(hits, n)
        return {"score": hits / n if n else 0.0, "low": low, "high": high, "n": n}

    firsts = sorted(t.first for t in judged)
    pictures = sorted(t.pictured[0] for t in judged if t.pictured)
    clips = sorted(t.pictured[1] for t in judged if t.pictured[1:])
    kinds = dict.fromkeys(t.turn.tool for t in judged)
    table = {
        **row(judged), "errors": 0, "unscored": sum(t.failed for t in judged),
        "seconds": round(sum(t.seconds for t in judged), 1),
        "first_status": round(_late(firsts), 3),
        "first_picture": round(_late(pictures), 3) if pictures else None,
        "first_clip": round(_late(clips), 3) if clips else None,
        "by_kind": {k: row([t for t in judged if t.turn.tool == k]) for k in kinds},
    }  # fmt: skip
    misses = [
        {"say": t.turn.say, "calls": t.calls, "reply": t.reply, "wrong": t.wrong}
        for t in judged
        if t.wrong
    ]
    result = {
        "suite": "conversation", "conditions": {"conversation": table}, "misses": misses,
        "run": str(folder),
    }  # fmt: skip
    (folder / "result.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    return result
