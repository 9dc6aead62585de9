"""One question from a config to an answer, with or without a record: what the faces call."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from langchain_core.language_models import BaseChatModel

from mindseye.planner import events as ev
from mindseye.planner.ask.answer import Answer, Mode
from mindseye.planner.ask.asker import MOST, Asker, checked_choices, checked_question
from mindseye.planner.ask.grammar import about_the_table
from mindseye.planner.config import Config, merge
from mindseye.planner.language.mind import LanguageMind
from mindseye.planner.language.models import IN_PROCESS, QUESTIONS
from mindseye.planner.live import LiveView
from mindseye.planner.record import NullRecorder, OnEvent, Recorder, new_run_folder
from mindseye.planner.report import write_report
from mindseye.tools.errors import BadInput, MindseyeError, one_line
from mindseye.tools.values import SceneGraph


@dataclass(frozen=True, kw_only=True)
class Asking:
    """A question and how it is to be answered."""

    question: str
    choices: tuple[str, ...] = ()
    mode: Mode = "program"
    samples: int = 1
    tries: int = 3
    table: bool | None = None
    """Whether it is about the table; None reads it off the question."""

    @property
    def about_table(self) -> bool:
        """Whether it is about the table, by what was said or by its words."""
        return about_the_table(self.question) if self.table is None else self.table

    @classmethod
    def checked(
        cls, question: str, choices: Sequence[str], config: Config, mode: str, samples: int,
        tries: int,
    ) -> "Asking":  # fmt: skip
        """Return the question if it can be asked.

        Raises:
          BadInput: it cannot.
        """
        known = next((m for m in get_args(Mode) if m == mode), None)
        if known is None:
            raise BadInput(f"--mode {mode!r} is not known; there are {', '.join(get_args(Mode))}")
        if not (1 <= samples <= MOST and 1 <= tries <= MOST):
            raise BadInput(f"--samples and --tries lie between 1 and {MOST}")
        return cls(
            question=checked_question(question), choices=checked_choices(choices), mode=known,
            samples=samples, tries=tries, table=True if config.objects else None,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a question ended, whatever way it did."""

    answer: Answer | None
    exit_code: int
    report: Path | None
    error: str = ""


def load_model(config: Config, table: bool = False) -> BaseChatModel:
    """Load the language model that a config names.

    The embedded one comes with the adapter for what is asked.

    Args:
      config: names the model.
      table: whether the question is about the table.

    Raises:
      BadInput: no such model.
      Unavailable: its weights or its endpoint are not there.
    """
    if config.model in ("smollm2", QUESTIONS):
        import torch

        torch.set_num_threads(config.threads)
    if config.model in ("smollm2", f"{IN_PROCESS}smollm2") and not table:
        config = replace(config, model=config.model.replace("smollm2", QUESTIONS))
    return LanguageMind.from_config(config).model


def ask_once(
    question: str,
    choices: Sequence[str] = (),
    *,
    model: str | BaseChatModel | None = None,
    mode: Mode = "program",
    samples: int = 1,
    tries: int = 3,
    config: Config | None = None,
    runs: str | None = None,
    on_event: OnEvent | None = None,
) -> Answer:
    """Answer one question; see `mindseye.planner.ask.ask`."""
    config = config or Config()
    if isinstance(model, str):
        config = merge(config, {"model": model}, "ask")
    asking = Asking.checked(question, choices, config, mode, samples, tries)
    chat = model if isinstance(model, BaseChatModel) else load_model(config, asking.about_table)
    if runs is None:
        return answer_with(chat, asking, config, NullRecorder(on_event))
    folder = new_run_folder(Path(runs), asking.question, config.seed)
    with Recorder(folder, on_event) as recorder:
        answer = answer_with(chat, asking, config, recorder)
    write_report(folder)
    return answer


def answer_with(
    model: BaseChatModel,
    asking: Asking,
    config: Config,
    recorder: Recorder | NullRecorder,
    see: Callable[[], SceneGraph] | None = None,
) -> Answer:
    """Answer a question with a model that is loaded, from the first event to the last.

    Args:
      model: any chat model.
      asking: the question, checked.
      config: of the table, where the question is about one.
      recorder: hears and keeps what happens.
      see: tells what stands on a table that is laid already.

    Raises:
      BadInput: the question cannot be asked of this table.
      Unavailable: the model does not answer.
    """
    started = time.monotonic()
    recorder.emit(ev.RunStarted(task=asking.question, seed=config.seed, config=config.to_json()))
    with _asker(model, asking, config, see) as asker:
        answer = asker.ask(
            asking.question, asking.choices, asking.mode, table=asking.table, recorder=recorder
        )
    seconds = time.monotonic() - started
    cost = {"physics": answer.simulation_seconds}
    recorder.emit(
        ev.Finished(success=True, reason=answer.answer, steps=0, seconds=seconds, cost=cost)
    )
    return answer


@contextlib.contextmanager
def _asker(
    model: BaseChatModel, asking: Asking, config: Config, see: Callable[[], SceneGraph] | None
) -> Iterator[Asker]:
    asker = Asker(model, config, samples=asking.samples, tries=asking.tries, see=see)
    try:
        yield asker
    finally:
        asker.close()


def ask_recorded(
    question: str,
    choices: Sequence[str],
    config: Config,
    *,
    mode: str = "program",
    samples: int = 1,
    tries: int = 3,
    quiet: bool = False,
) -> Done:
    """Answer a question, record it, write the report.

    Once the record has begun, errors and Ctrl-C end it but are returned, with
    record and report intact.

    Raises:
      MindseyeError: the question cannot be asked, or the model cannot be loaded.
    """
    asking = Asking.checked(question, choices, config, mode, samples, tries)
    model = load_model(config, asking.about_table)
    folder = new_run_folder(Path(config.runs), asking.question, config.seed)
    view = None if quiet else LiveView()
    answer, error, code = None, "", 0
    try:
        with Recorder(folder, _without_end(view)) as recorder:
            answer = answer_with(model, asking, config, recorder)
    except MindseyeError as failure:
        error, code = one_line(failure), failure.exit_code
    except KeyboardInterrupt:
        error, code = "interrupted", 130
    except Exception as failure:  # A bug of ours or a plug-in's; the record has the traceback.
        told = " ".join(str(failure).split())
        error = f"{type(failure).__name__}: {told} (traceback in {folder}/report.html)"
        code = 3
    finally:
        if view is not None:
            view.close()
    report = None
    # A full disk has been told already; the page can be made later from the record.
    with contextlib.suppress(MindseyeError):
        report = write_report(folder)
    return Done(answer=answer, exit_code=code, report=report, error=error)


def ask_again(
    asked: ev.Asked, config: Config, folder: Path, on_event: OnEvent | None = None
) -> Answer:
    """Answer a recorded question anew, with a record in `folder`."""
    asking = Asking.checked(
        asked.question, asked.choices, config, asked.mode, asked.samples, asked.tries
    )
    model = load_model(config, asking.about_table)
    with Recorder(folder, on_event) as recorder:
        return answer_with(model, asking, config, recorder)


def _without_end(view: LiveView | None) -> Callable[[ev.Event], None] | None:
    """Return what the view hears: all but "solved", which no question is."""
    if view is None:
        return None
    return lambda event: None if isinstance(event, ev.Finished) else view(event)


def lines(answer: Answer) -> Iterator[str]:
    """Yield an answer as lines for people: the answer first, then what it rests on."""
    spread = f" ± {answer.uncertainty:.2g}" if answer.uncertainty else ""
    yield f"{answer.answer}{spread} (confidence {answer.confidence:.2f})"
    if answer.hint:
        yield f"  {answer.hint}"
    if answer.depends:
        yield f"  the question leaves open, and the answer depends on: {', '.join(answer.depends)}"
    if answer.verdict and answer.agrees is False:
        yield f"  beware: {answer.note}"
    elif answer.note:
        yield f"  {answer.note}"
    if answer.clip:
        yield f"  clip: {answer.clip}"
