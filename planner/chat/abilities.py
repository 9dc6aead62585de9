"""What a conversation can do: act, undo, look, picture, plan, answer, explain, show, lay anew.

Each ability works on the conversation's table, keeps a record of what it ran, and returns
what the language model is told. What it cannot do it says by raising `BadInput`.
"""

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mindseye.planner import events as ev
from mindseye.planner.agent import Agent
from mindseye.planner.ask.grammar import pushed_in, struck_in
from mindseye.planner.ask.session import Asking, answer_with, lines
from mindseye.planner.chat import seeing
from mindseye.planner.chat.dialogue import Order, named, picked, whole
from mindseye.planner.chat.homeward import SETTINGS, Homeward
from mindseye.planner.chat.objects import named_objects
from mindseye.planner.chat.reasons import kind_shown, pictures, reasons
from mindseye.planner.chat.state import Dialogue, Pending, Task
from mindseye.planner.chat.table import KeptTable
from mindseye.planner.chat.turns import Picture
from mindseye.planner.config import Config, merge
from mindseye.planner.files import write_whole
from mindseye.planner.language.mentions import Ambiguous, bind
from mindseye.planner.loaded import Models
from mindseye.planner.loop import RunResult
from mindseye.planner.record import Recorder, new_run_folder, read_record
from mindseye.planner.report import write_report
from mindseye.tools.errors import BadInput, MindseyeError
from mindseye.tools.goals import AT_MAX, Goal
from mindseye.tools.values import Point

STATE = "dialogue.json"
_WHAT_IF = re.compile(r"^.*?\b(?:what if|suppose|imagine|assume|say|if|what about)\b\s*", re.I)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What an ability returns."""

    text: str
    run: str = ""
    """Name of the run's folder."""
    pictures: tuple[Picture, ...] = ()
    success: bool = True
    """Whether a task was solved."""
    changed: bool = False
    """Whether the table may stand otherwise than before."""


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """Who is told while an ability is at work."""

    event: Callable[[ev.Event], None]
    """Hears every event of a run; may raise to stop it."""
    began: Callable[[str], None]
    """Hears the name of a run's folder."""


class Abilities:
    """What can be done with one conversation's table, and what was.

    Args:
      folder: of the conversation.
      config: settings of its runs.
      models: loaded when first needed.
      table: that tasks are done on.
      hooks: are told while it is done.
    """

    def __init__(
        self, folder: Path, config: Config, models: Models, table: KeptTable, hooks: Hooks
    ) -> None:
        self.config, self.models, self.table, self._hooks = config, models, table, hooks
        self.name = folder.name
        self._state = folder / STATE
        self.dialogue = Dialogue()
        if self._state.exists():
            try:
                self.dialogue = Dialogue.model_validate_json(self._state.read_bytes())
            except (OSError, ValueError) as error:
                raise BadInput(
                    f"cannot read {self._state}: {error}; delete it to go on without what it says"
                ) from error

    def _remember(self, dialogue: Dialogue) -> None:
        self.dialogue = dialogue
        write_whole(self._state, dialogue.model_dump_json(by_alias=True).encode())

    @contextlib.contextmanager
    def _recorded(self, task: str) -> Iterator[Recorder]:
        """Keep a record with its report, also of what fails or is stopped."""
        folder = new_run_folder(Path(self.config.runs), task, self.config.seed)
        self._hooks.began(folder.name)
        try:
            with Recorder(folder, self._hooks.event) as recorder:
                yield recorder
        finally:
            self._remember(self.dialogue.model_copy(update={"run": folder.name}))
            # A full disk is told by what it kept from being written.
            with contextlib.suppress(MindseyeError):
                write_report(folder)

    def _whole(self, words: str) -> Order:
        return whole(words, self.dialogue, self.table.look().names)

    @contextlib.contextmanager
    def _doubts(self, tool: str, words: str) -> Iterator[None]:
        """Remember what could be two things, so that the answer to "which?" completes it."""
        try:
            yield
        except Ambiguous as doubt:
            pending = Pending.model_validate(
                {"tool": tool, "words": words, "phrase": doubt.words, "options": doubt.options}
            )
            self._remember(self.dialogue.model_copy(update={"pending": pending}))
            raise

    def _resumed(self, tool: str, words: str) -> Told | None:
        """Return what another tool tells once words have said which of two things was meant."""
        pending = self.dialogue.pending
        if pending is None or pending.tool == tool == "act":
            return None
        self._remember(self.dialogue.model_copy(update={"pending": None}))
        chosen = picked(words, pending, self.table.look().names)
        if chosen is None:
            return None
        resumed: Told = getattr(self, pending.tool)(chosen)
        return resumed

    def act(self, words: str) -> Told:
        """Carry out an order in words.

        Raises:
          BadInput: it cannot be understood, or could be two things.
        """
        if (resumed := self._resumed("act", words)) is not None:
            return resumed
        with self._doubts("act", words):
            order = self._whole(words)
        if order.to is not None:
            return self._home(order.words, dict([order.to]))
        with self._doubts("act", order.words):
            return self._run(order.words, self.models.agent(self.config))

    def _home(self, words: str, places: dict[str, Point]) -> Told:
        config = merge(self.config, {**SETTINGS, "search_options": {}}, "conversation")
        return self._run(words, self.models.agent(config, Homeward(places)))

    def _run(self, words: str, agent: Agent) -> Told:
        known = self.table.look()
        before = known.layout
        continues = self.name if self.table.touched else ""
        try:
            with self._recorded(words) as recorder:
                result = agent.run(
                    words, self.table, recorder=recorder, continues=continues, known=known
                )
        finally:  # What was cut off can be undone, too.
            goal = self._remember_task(words, before)
        assert goal is not None
        return Told(
            text=_ended(result, goal), success=result.success, run=recorder.folder.name,
            changed=True, pictures=pictures(recorder.folder, "happened"),
        )  # fmt: skip

    def _remember_task(self, words: str, before: dict[str, Point]) -> Goal | None:
        """Remember what the last run did and return its goal; None if it found none."""
        understood = read_record(self._last_run()).of(ev.Understood)
        if not understood:
            return None
        goal = Goal.model_validate(understood[-1].goal)
        after = self.table.look().layout
        task = Task(words=words, goal=goal, run=self.dialogue.run, before=before, after=after)
        moved = sorted(_moved(task), key=lambda n: n not in goal.names())
        dialogue = self.dialogue.of(list(dict.fromkeys([*moved, *_subjects(goal)])))
        tasks = (*dialogue.tasks, task)
        self._remember(dialogue.model_copy(update={"tasks": tasks, "proposed": ""}))
        return goal

    def undo(self) -> Told:
        """Put back what the last task moved that is not undone yet.

        Raises:
          BadInput: there is nothing to undo, or what was moved is gone.
        """
        tasks = self.dialogue.tasks
        at = next((i for i in reversed(range(len(tasks))) if _undoable(tasks[i])), None)
        if at is None:
            raise BadInput("there is nothing to undo: no task has moved anything")
        places = {n: tasks[at].before[n] for n in _moved(tasks[at])}
        gone = sorted(set(places) - set(self.table.look().names))
        if gone:
            raise BadInput(
                f"cannot undo that: the {' and the '.join(gone)} is not in view any more"
            )
        told = self._home(f"put the {' and the '.join(places)} back", places)
        if not told.success:
            return told
        tasks = self.dialogue.tasks
        undone = [
            t.model_copy(update={"undone": True}) if i in (at, len(tasks) - 1) else t
            for i, t in enumerate(tasks)
        ]
        self._remember(self.dialogue.model_copy(update={"tasks": tuple(undone)}))
        return told

    def look(self, question: str) -> Told:
        """Answer a question about what stands on the table now.

        Raises:
          BadInput: it names what is not there, or what could be two things.
        """
        if (resumed := self._resumed("look", question)) is not None:
            return resumed
        scene = self.table.look()
        with self._doubts("look", question):
            words = named(question, self.dialogue, scene.names)
            seen = seeing.answer(words, scene, self.models.mind.understand)
        self._remember(self.dialogue.of(seen.about[:2]))
        return Told(text=seen.text)

    def what_if(self, question: str) -> Told:
        """Simulate a push that is spoken of, without doing it.

        Raises:
          BadInput: no push is spoken of, or it is not plain of what.
        """
        if (resumed := self._resumed("what_if", question)) is not None:
            return resumed
        scene = self.table.look()
        with self._doubts("what_if", question):
            return self._pictured(question, scene.names)

    def _propose(self, words: str) -> None:
        """Remember an order that "do it" then means."""
        self._remember(self.dialogue.model_copy(update={"proposed": words}))

    def _pictured(self, question: str, names: Sequence[str]) -> Told:
        words = named(question, self.dialogue, names)
        pushed = pushed_in(words) or struck_in(words) or f"push {_WHAT_IF.sub('', words)}"
        pushed = _self_named(pushed, words, names)
        config = replace(self.config, objects=tuple(names))
        asking = Asking.checked(f"what happens if I {pushed}", (), config, "program", 1, 3)
        told = self._answered(asking)
        self._propose(pushed)
        return told

    def physics(self, question: str) -> Told:
        """Answer a physics question that is not about the table, by simulating it.

        Raises:
          BadInput: it cannot be asked.
        """
        config = replace(self.config, objects=None)
        return self._answered(
            replace(Asking.checked(question, (), config, "program", 1, 3), table=False)
        )

    def _answered(self, asking: Asking) -> Told:
        about_table = asking.table is True
        model = self.models.mind.model if about_table else self.models.answerer
        see = self.table.look if about_table else None
        with self._recorded(asking.question) as recorder:
            answer = answer_with(model, asking, self.config, recorder, see)
        # The clip is shown, not named.
        told = lines(answer.model_copy(update={"clip": None}))
        found = pictures(recorder.folder, "simulated")
        return Told(
            text="\n".join(line.strip() for line in told), run=recorder.folder.name, pictures=found
        )

    def plan(self, task: str) -> Told:
        """Say what would be done first for a task, without doing it.

        Raises:
          BadInput: the task cannot be understood.
        """
        if (resumed := self._resumed("plan", task)) is not None:
            return resumed
        with self._doubts("plan", task):
            order = self._whole(task)
        with self._doubts("plan", order.words), self._recorded(order.words) as recorder:
            planned = self.models.agent(self.config).plan(
                order.words, self.table.frame, recorder=recorder, known=self.table.look()
            )
        self._propose(order.words)
        name = recorder.folder.name
        goal = planned.goal.words()
        if planned.decision is None:
            return Told(text=f"I take it you want: {goal}. I see nothing to do.", run=name)
        best = planned.decision.judgement
        found = pictures(recorder.folder, "simulated")[:1]
        text = (
            f"I take it you want: {goal}. First I would {best.candidate.words}; from what I "
            f"pictured, that is worth {best.value:.2f} of 1. I have not done it."
        )
        return Told(text=text, run=name, pictures=found)

    def why(self) -> Told:
        """Say why what was done last was done, from its record.

        Raises:
          BadInput: nothing was done yet.
        """
        return Told(text=reasons(self._last_run()), run=self.dialogue.run)

    def _last_run(self) -> Path:
        if not self.dialogue.run:
            raise BadInput("nothing was done yet; give a task or ask a question first")
        return Path(self.config.runs) / self.dialogue.run

    def show(self, what: str) -> Told:
        """Show pictures: of the table, or of the last run.

        Raises:
          BadInput: nothing was done yet that could be shown.
        """
        kind = kind_shown(what)
        if kind == "table" or (kind == "happened" and not self.dialogue.run):
            return Told(text="This is the table now.", changed=True)
        found = pictures(self._last_run(), kind)
        if not found:
            raise BadInput(f"the last run has no pictures that were {kind}; it pictured nothing so")
        listed = ", ".join(p.title for p in found)
        return Told(text=f"Here: {listed}.", run=self.dialogue.run, pictures=found)

    def lay(self, words: str) -> Told:
        """Lay a new table, with the objects that are named, if any.

        Raises:
          BadInput: it cannot hold them.
        """
        names = named_objects(words)
        seed = self.table.laid["seed"] + 1
        self.table.lay(names, seed)
        self._remember(Dialogue(run=self.dialogue.run))
        scene = self.table.look()
        return Told(text=f"A new table: the {', the '.join(scene.names)}.", changed=True)


def _self_named(pushed: str, words: str, names: Sequence[str]) -> str:
    """Return a push with "it" named by what the question speaks of first."""
    mentioned = bind(words, names).names
    if not mentioned or bind(pushed, names).names[:1] == mentioned[:1]:
        return pushed
    return re.sub(r"^push (?:it|that|this|them)\b", f"push the {mentioned[0]}", pushed)


def _moved(task: Task) -> list[str]:
    """Return what a task moved, or lost."""
    ways = task.ways
    return [n for n in task.before if n not in ways or ways[n] > AT_MAX]


def _undoable(task: Task) -> bool:
    return not task.undone and bool(_moved(task))


def _subjects(goal: Goal) -> list[str]:
    found = [getattr(i, "subject", "") for i in goal.all_]
    return [n for n in found if n not in ("", "all")]


def _ended(result: RunResult, goal: Goal) -> str:
    how = "Done" if result.success else "I did not manage it"
    return f"{how}: {goal.words()} ({result.reason}; {result.steps} steps, {result.seconds:.0f} s)."
