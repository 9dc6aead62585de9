"""Asks: does a simulation help, what is simulated, what did it show, what is the answer?"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from langchain_core.language_models import BaseChatModel

from mindseye.planner import events as ev
from mindseye.planner.ask.answer import Answer, Mode
from mindseye.planner.ask.asking import NOTHING
from mindseye.planner.ask.conclude import Conclusion, conclude
from mindseye.planner.ask.evidence import Evidence, clip_of, evidence_of
from mindseye.planner.ask.grammar import about_the_table
from mindseye.planner.ask.mjcf import simulate_mjcf
from mindseye.planner.ask.writing import ProgramWriter, decide_scene
from mindseye.planner.config import Config
from mindseye.planner.record import NullRecorder, Recorder
from mindseye.tools.errors import BadInput
from mindseye.tools.physics.lab.lab import Finding, investigate
from mindseye.tools.physics.lab.program import Program
from mindseye.tools.physics.mjcf.sandbox import Sandbox
from mindseye.tools.values import Clip, SceneGraph

What = Literal["scene", "program", "mjcf", "push"]

LONGEST_QUESTION = 2000
"""Characters."""
MOST_CHOICES = 26
MOST = 16
"""Samples, and tries."""
NOT_SIMULATED = "no simulation of rigid bodies answers this: answered without the tool"
NOT_WRITTEN = "what the language model wrote could not be simulated: answered without the tool"
NOT_WANTED = "not simulated, as was asked"


def checked_question(question: str) -> str:
    """Return a question without needless blanks.

    Raises:
      BadInput: it is none.
    """
    words = " ".join(question.split())
    if not any(c.isalpha() for c in words):
        raise BadInput('the question is empty: ask such as "how long does a stone fall from 20 m?"')
    if len(words) > LONGEST_QUESTION:
        raise BadInput(f"the question has {len(words)} characters; {LONGEST_QUESTION} are allowed")
    return _encodable(words, "question")


def checked_choices(choices: Sequence[str]) -> tuple[str, ...]:
    """Return the choices without needless blanks.

    Raises:
      BadInput: only one, too many, one empty, or one twice.
    """
    found = tuple(_encodable(" ".join(c.split()), "choice") for c in choices)
    if len(found) == 1 or len(found) > MOST_CHOICES:
        raise BadInput(f"give 2 to {MOST_CHOICES} choices, or none; not {len(found)}")
    if not all(found) or len({c.lower() for c in found}) < len(found):
        raise BadInput("choices must differ and none may be empty")
    if any(len(c) > 200 for c in found):
        raise BadInput("a choice has at most 200 characters")
    return found


def _encodable(text: str, what: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadInput(f"the {what} is not valid text in this terminal's encoding") from None
    return text


class Asker:
    """Answers questions with one language model, which it keeps."""

    def __init__(
        self,
        model: BaseChatModel,
        config: Config | None = None,
        *,
        samples: int = 1,
        tries: int = 3,
        draw: bool = True,
        see: Callable[[], SceneGraph] | None = None,
    ) -> None:
        """Bind a chat model that is loaded.

        Args:
          model: any chat model; one that is a `Scorer` is beamed and scored.
          config: for questions about the table: its objects, seed, vision and physics.
          samples: simulations that the model writes independently, and that vote.
          tries: times a model may write anew what cannot be simulated.
          draw: make a clip of what was simulated, where a record is kept.
          see: tells what stands on the table; None lays the one the config describes.
        """
        self.model, self.config = model, config or Config()
        self.samples, self.tries, self.draw, self.see = samples, tries, draw, see
        self.sandbox = Sandbox()

    def close(self) -> None:
        """End the process that simulates MJCF, if one was started."""
        self.sandbox.close()

    def ask(
        self,
        question: str,
        choices: Sequence[str] = (),
        mode: Mode = "program",
        *,
        table: bool | None = None,
        recorder: Recorder | NullRecorder | None = None,
    ) -> Answer:
        """Answer a question.

        Args:
          question: in plain words.
          choices: what may be answered; without, the question decides.
          mode: how the simulation is written; `none` does not simulate.
          table: whether it is about the table; None reads it off the question.
          recorder: hears and keeps what happens.

        Raises:
          BadInput: no question, or choices that are none.
          Unavailable: the language model does not answer.
        """
        question, choices = checked_question(question), checked_choices(choices)
        asking = _Asking(self, question, choices, mode, recorder or NullRecorder())
        return asking.run(table)

    def look(
        self, question: str, choices: Sequence[str] = (), mode: Mode = "program"
    ) -> tuple[list[Evidence], str]:
        """Return what simulations of a question show, likeliest first, or why there are none.

        It is the first half of `ask`; `mindseye.planner.ask.conclude` is the second.

        Raises:
          BadInput: no question, or choices that are none.
          Unavailable: the language model does not answer.
        """
        question, choices = checked_question(question), checked_choices(choices)
        return _Asking(self, question, choices, mode, NullRecorder()).look(table=False)


class _Asking:
    """One question on its way."""

    def __init__(
        self,
        asker: Asker,
        question: str,
        choices: tuple[str, ...],
        mode: Mode,
        recorder: Recorder | NullRecorder,
    ) -> None:
        self.asker, self.model = asker, asker.model
        self.question, self.choices, self.mode = question, choices, mode
        self.recorder = recorder
        self.refusals = 0
        self.started = time.monotonic()

    def run(self, table: bool | None) -> Answer:
        self.recorder.emit(
            ev.Asked(
                question=self.question, choices=self.choices, mode=self.mode,
                samples=self.asker.samples, tries=self.asker.tries,
            )
        )  # fmt: skip
        evidence, note = self.look(table)
        conclusion = conclude(self.model, self.question, self.choices, evidence, note)
        answer = self._recorded(conclusion, evidence)
        seconds = round(time.monotonic() - self.started, 6)
        run = str(self.recorder.folder) if isinstance(self.recorder, Recorder) else ""
        answer = answer.model_copy(
            update={"seconds": seconds, "refused": self.refusals, "run": run}
        )
        self.recorder.emit(ev.Answered(answer=answer))
        return answer

    def look(self, table: bool | None) -> tuple[list[Evidence], str]:
        """Return what simulations showed, likeliest first, or why there are none."""
        if self.mode == "none":
            return [], NOT_WANTED
        if table or (table is None and about_the_table(self.question)):
            # Loads what sees and simulates the table, which no other question needs.
            from mindseye.planner.ask.table import what_if

            seen = what_if(self.model, self.question, self.asker.config, self.asker.see)
            return [seen], ""
        scenes = decide_scene(self.model, self.question, self.choices, self._refused("scene"))
        scene = max(scenes, key=lambda s: scenes[s])
        self.recorder.emit(ev.Wrote(what="scene", text=scene, probability=scenes[scene]))
        if scene == NOTHING:
            return [], NOT_SIMULATED
        found = self._mjcf() if self.mode == "mjcf" else self._programs(scenes)
        return found, "" if found else NOT_WRITTEN

    def _programs(self, scenes: dict[str, float]) -> list[Evidence]:
        def simulate(program: Program) -> tuple[Program, Finding]:
            return program, investigate(program)

        writer = ProgramWriter(
            self.model, self.question, self.choices, simulate, tries=self.asker.tries,
            refused=self._refused("program"),
        )  # fmt: skip
        found = writer.write(scenes, self.asker.samples)
        for w in found:
            self.recorder.emit(ev.Wrote(what="program", text=w.text, probability=w.probability))
        return [evidence_of(*w.found, w.probability) for w in found]

    def _mjcf(self) -> list[Evidence]:
        found = []
        for _ in range(self.asker.samples):
            one = simulate_mjcf(
                self.model, self.question, self.choices, self.asker.sandbox,
                tries=self.asker.tries, refused=self._refused("mjcf"),
            )  # fmt: skip
            if one is None:
                break
            self.recorder.emit(ev.Wrote(what="mjcf", text=one.text))
            found.append(one)
        return [replace(e, trust=e.trust / len(found)) for e in found]

    def _refused(self, what: What) -> Callable[[str, str], None]:
        def hear(text: str, why: str) -> None:
            self.refusals += 1
            self.recorder.emit(ev.Wrote(what=what, text=text[:4000], error=why))

        return hear

    def _recorded(self, conclusion: Conclusion, evidence: Sequence[Evidence]) -> Answer:
        """Tell the record what was simulated, and draw what the answer rests on."""
        answer, shown = conclusion.answer, conclusion.shown
        if shown is None:
            return answer.model_copy(update={"mode": self.mode})
        clip = shown.clip
        kept = self.asker.draw and isinstance(self.recorder, Recorder)
        if clip is None and kept and shown.program is not None:
            clip = clip_of(shown.program)
        for e in evidence:
            self._tell(replace(e, clip=clip) if e is shown else e)
        return answer.model_copy(update={"clip": self._file(clip)})

    def _file(self, clip: Clip | None) -> str | None:
        if clip is None or not isinstance(self.recorder, Recorder):
            return None
        return str(self.recorder.folder / self.recorder.media(clip).path)

    def _tell(self, evidence: Evidence) -> None:
        self.recorder.emit(
            ev.Investigated(
                what=evidence.what, text=evidence.text, hint=evidence.hint,
                verdict=evidence.verdict.answer if evidence.verdict else None,
                numbers=evidence.numbers, simulations=evidence.simulations,
                clip=self.recorder.media(evidence.clip) if evidence.clip else None,
                ms=1000 * evidence.seconds,
            )
        )  # fmt: skip
