"""The live view: a reader of events, rich on a terminal and plain lines elsewhere.

Text that came from a model or a person is only ever printed as `Text`: Rich
would read `[/path]` in it as markup and crash.
"""

import sys
from typing import TextIO

from rich.console import Console
from rich.text import Text

from mindseye.planner.events import (
    Acted,
    Chosen,
    CrossChecked,
    Event,
    Failed,
    Finished,
    Gated,
    Imagined,
    Judged,
    Observed,
    Proposed,
    Replanned,
    RunStarted,
    Simulated,
    Surprised,
    Understood,
)

_STYLE: dict[str, str] = {
    "task": "bold", "goal": "bold blue", "see": "green", "propose": "cyan", "imagine": "magenta",
    "simulate": "cyan", "judge": "dim", "check": "yellow", "choose": "bold green", "act": "yellow",
    "surprise": "bold red", "replan": "red", "error": "bold red", "gate": "dim",
    "solved": "bold green", "not solved": "bold red",
}  # fmt: skip


class LiveView:
    """Prints one line for each event that a person wants to follow; call it with every event.

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
        self._words: dict[str, str] = {}
        self._status = self._console.status(Text("waking the models")) if self._rich else None
        if self._status is not None:
            self._status.start()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Proposed):
            self._words |= {c.id: c.words for c in event.candidates}
        for label, text in self._lines(event):
            self._print(event.t, label, text)
        if self._status is not None:
            self._status.update(Text(_doing(event)))
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
        line = Text(f"{t:7.2f}s ", style="dim")
        line.append(f"{label:>10}  ", style=_STYLE.get(label, ""))
        line.append(_one_line(text))
        self._console.print(line)

    def _name(self, candidate: str) -> str:
        return self._words.get(candidate, candidate)

    def _lines(self, event: Event) -> list[tuple[str, str]]:
        match event:
            case RunStarted():
                return [("task", event.task)]
            case Understood():
                return [("goal", event.said)]
            case Observed():
                return [("see", _seen(event))]
            case Proposed():
                return [("propose", f"{100 * c.prior:3.0f}%  {c.words}") for c in event.candidates]
            case Chosen():
                return [
                    ("choose", f"{self._name(event.candidate)} ({event.value:.2f}): {event.why}")
                ]
            case Acted():
                return [("act", f"{event.steps} steps in {event.seconds:.1f} s")]
            case Surprised():
                return [("surprise", f"{100 * event.metres:.1f} cm off. {event.reason}".strip())]
            case Replanned():
                return [("replan", event.reason)]
            case Failed():
                return [("error", f"{event.error}: {event.message}")]
            case Finished():
                label = "solved" if event.success else "not solved"
                return [(label, f"{event.reason}, {event.steps} steps, {event.seconds:.1f} s")]
            case _:
                return self._tool_lines(event)

    def _tool_lines(self, event: Event) -> list[tuple[str, str]]:
        match event:
            case Gated():
                tools = " + ".join(event.tools) or "no tool"
                return [("gate", f"{self._name(event.candidate)}: {tools}, {event.reason}")]
            case Imagined():
                what = f"{len(event.clips)} clips in {event.ms:.0f} ms"
                return [("imagine", f"{self._name(event.candidate)}: {what}")]
            case Simulated():
                said = ", ".join(f"{e.get('subject')} {e.get('kind')}" for e in event.events[:3])
                text = f"{self._name(event.candidate)}: {said or 'nothing special'}"
                return [("simulate", f"{text}, {event.ms:.0f} ms")]
            case Judged():
                text = f"{self._name(event.candidate)}: {event.source} {event.value:.2f}"
                return [("judge", f"{text} (confidence {event.confidence:.2f}) {event.reason}")]
            case CrossChecked() if event.disagreements:
                text = f"{self._name(event.candidate)}: {'; '.join(event.disagreements)}"
                return [("check", text)]
            case _:
                return []


def _seen(event: Observed) -> str:
    names = [f"{o.get('colour')} {o.get('shape')}" for o in event.scene.get("objects") or ()]
    text = ", ".join(names) or "an empty table"
    return text if event.progress is None else f"{text}; goal at {100 * event.progress:.0f} %"


def _doing(event: Event) -> str:
    match event:
        case RunStarted() | Acted():
            return "looking"
        case Observed():
            return "thinking about what to picture"
        case Chosen():
            return "acting"
        case Finished():
            return ""
        case _:
            return "picturing"


def _one_line(text: str) -> str:
    """Return the text without control characters: a model could otherwise move the cursor."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
