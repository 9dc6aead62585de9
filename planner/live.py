"""The live view: a reader of events, rich on a terminal and plain lines elsewhere.

Text that came from a model or a person is only ever printed as `Text`: Rich
would read `[/path]` in it as markup and crash.
"""

import sys
from dataclasses import dataclass, field
from typing import TextIO

from rich.console import Console
from rich.text import Text

from mindseye.planner.events import (
    Abstained,
    Acted,
    Answered,
    Asked,
    Candidate,
    Chosen,
    CrossChecked,
    Event,
    Failed,
    Finished,
    Imagined,
    Investigated,
    Judged,
    Observed,
    Proposed,
    Replanned,
    RunStarted,
    Searched,
    Simulated,
    Surprised,
    Understood,
    Wrote,
)
from mindseye.planner.printable import printable
from mindseye.planner.report_search import abstained_line, percent, search_line

SHOWN = 5
"""Candidates of a decision that get a line."""
_STYLE: dict[str, str] = {
    "task": "bold", "goal": "bold blue", "see": "green", "propose": "cyan", "search": "",
    "abstain": "yellow",
    "picture": "magenta",
    "weigh": "", "disagree": "yellow", "choose": "bold green", "act": "yellow",
    "surprise": "bold red", "replan": "red", "error": "bold red", "solved": "bold green",
    "not solved": "bold red", "scene": "cyan", "program": "cyan", "mjcf": "cyan", "push": "cyan",
    "refused": "yellow", "hint": "magenta", "answer": "bold green",
}  # fmt: skip

Line = tuple[str, str]
"""Label and text."""


@dataclass
class _Weighing:
    """What has been heard of the decision that is being taken."""

    candidates: dict[str, Candidate] = field(default_factory=dict)
    rewards: dict[str, dict[str, float]] = field(default_factory=dict)
    """Candidate -> source -> best reward."""
    disagreements: dict[str, tuple[str, ...]] = field(default_factory=dict)
    clips: int = 0
    rollouts: int = 0

    def hear(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case Proposed():
                self.candidates |= {c.id: c for c in event.candidates}
            case Imagined():
                self.clips += len(event.clips)
            case Simulated():
                self.rollouts += 1
            case Judged():
                best = self.rewards.setdefault(event.candidate, {})
                best[event.source] = max(event.value, best.get(event.source, 0.0))
            case CrossChecked():
                self.disagreements[event.candidate] = event.disagreements
            case _:
                pass

    def name(self, candidate: str) -> str:
        """Return a candidate's words."""
        found = self.candidates.get(candidate)
        return found.words if found else candidate

    def lines(self, chosen: Chosen) -> list[Line]:
        """Return what is told once a candidate is chosen: the best few, and why this one."""
        lines: list[Line] = []
        if self.clips or self.rollouts:
            lines.append(("picture", f"{self.clips} imagined clips, {self.rollouts} simulations"))
        ranked = sorted(chosen.values, key=lambda c: -chosen.values[c])
        for key in ranked[:SHOWN]:
            told = [f"{s} {v:.2f}" for s, v in sorted(self.rewards.get(key, {}).items())]
            detail = f" ({', '.join(told)})" if told else ""
            lines.append(("weigh", f"{chosen.values[key]:.2f} {self.name(key)}{detail}"))
        lines += [("disagree", t) for t in self.disagreements.get(chosen.candidate, ())]
        why = f"{self.name(chosen.candidate)}: {chosen.why}"
        if chosen.probability is not None:
            why += f", {percent(chosen.probability)} sure"
        return [*lines, ("choose", why)]


class LiveView:
    """Prints what a person wants to follow; call it with every event.

    Args:
      stream: where to print; standard error by default, so that `--json` stays clean.
      rich: colours and a spinner; None chooses by whether the stream is a terminal.
    """

    def __init__(self, stream: TextIO | None = None, rich: bool | None = None) -> None:
        stream = stream or sys.stderr
        self._rich = stream.isatty() if rich is None else rich
        self._console = Console(
            file=stream,
            force_terminal=self._rich,
            markup=False,
            highlight=False,
            emoji=False,
            soft_wrap=not self._rich,
        )
        self._weighing = _Weighing()
        self._status = self._console.status(Text("getting ready")) if self._rich else None
        if self._status is not None:
            self._status.start()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        self._weighing.hear(event)
        for label, text in self._lines(event):
            self._print(event.t, label, text)
        if isinstance(event, Chosen):
            self._weighing = _Weighing()
        if self._status is not None:
            self._status.update(Text(doing(event)))
            if isinstance(event, Finished):
                self.close()

    def close(self) -> None:
        """Stop the spinner, also when a run ends early."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _print(self, t: float, label: str, text: str) -> None:
        if not self._rich:
            self._console.print(Text(f"{t:7.2f}s {label}: {_one_line(text)}"))
            return
        line = Text()
        line.append(f"{t:6.1f}s ", style="dim")
        line.append(f"{label:>10}  ", style=_STYLE.get(label, ""))
        line.append(_one_line(text), style="dim" if label == "weigh" else "")
        self._console.print(line)

    def _lines(self, event: Event) -> list[Line]:
        match event:
            case RunStarted():
                return [("task", event.task)]
            case Understood():
                return [("goal", event.said)]
            case Observed():
                return [("see", _seen(event))]
            case Proposed():
                return [("propose", _proposed(event))] if event.candidates else []
            case Searched():
                return [("search", search_line(event))]
            case Abstained():
                return [("abstain", abstained_line(event))]
            case Chosen():
                return self._weighing.lines(event)
            case Acted():
                return [("act", f"{event.steps} steps in {event.seconds:.1f} s")]
            case Surprised():
                return [("surprise", f"{100 * event.metres:.1f} cm off. {event.reason}".strip())]
            case Replanned():
                return [("replan", event.reason)]
            case Asked():
                return [("choices", " / ".join(event.choices))] if event.choices else []
            case Wrote():
                return [("refused", event.error)] if event.error else [(event.what, event.text)]
            case Investigated():
                return [("hint", event.hint)]
            case Answered():
                sure = f"{100 * event.answer.confidence:.0f} %"
                return [("answer", f"{event.answer.answer} ({sure} sure)")]
            case Failed():
                return [("error", f"{event.error}: {event.message}")]
            case Finished():
                label = "solved" if event.success else "not solved"
                return [(label, f"{event.reason}, {event.steps} steps, {event.seconds:.1f} s")]
            case _:
                return []


def _proposed(event: Proposed) -> str:
    likeliest = max(event.candidates, key=lambda c: c.prior)
    count = len(event.candidates)
    return f"{count} candidates, likeliest {100 * likeliest.prior:.0f}%: {likeliest.words}"


def _seen(event: Observed) -> str:
    names = [f"{o.get('colour')} {o.get('shape')}" for o in event.scene.get("objects") or ()]
    text = ", ".join(names) or "an empty table"
    return text if event.progress is None else f"{text}; goal at {100 * event.progress:.0f} %"


def doing(event: Event) -> str:
    """Return what goes on once an event has been heard, in a few words."""
    match event:
        case RunStarted():
            return "getting ready"
        case Acted():
            return "looking"
        case Asked() | Wrote() | Investigated():
            return "thinking"
        case Understood() | Observed():
            return "thinking about what to picture"
        case Chosen():
            return "acting"
        case Proposed():
            return f"picturing {len(event.candidates)} candidates"
        case _:
            return "picturing"


def _one_line(text: str) -> str:
    """Return the text on one line, without control characters."""
    return " ".join(printable(text).split())
