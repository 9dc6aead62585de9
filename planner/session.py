"""One recorded run from a config to a result: what the command line and `make demo` do."""

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mindseye.planner.calibration import read_calibration
from mindseye.planner.config import TOOLS, Config
from mindseye.planner.events import Result
from mindseye.planner.live import LiveView
from mindseye.planner.record import Recorder, new_run_folder, read_record
from mindseye.planner.trust_store import TrustStore
from mindseye.tools.contracts import backend_path
from mindseye.tools.errors import BadInput, MindseyeError, one_line
from mindseye.tools.goals import Goal
from mindseye.tools.values import Frames

if TYPE_CHECKING:
    from mindseye.planner.agent import Plan
    from mindseye.tools.contracts import World


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a run ended, whatever way it did."""

    result: Result
    exit_code: int
    report: Path | None
    """Path of the page; None when there was no space for it."""
    error: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    """Fields that `--json` adds to the result."""


def run_recorded(task: str, config: Config, *, quiet: bool = False) -> Done:
    """Run a task, record it, write the report.

    The world is made first, since what cannot be is soon told; the record begins before the
    models are loaded, which takes seconds. From then on errors and Ctrl-C end the run but are
    returned, with the record and report intact.

    Raises:
      MindseyeError: a name is not known or the world could not be made; there is no run.
    """
    check_names(config)
    from mindseye.tools.world import make_world

    options = config.world_options
    world = make_world(config.world, objects=config.objects, seed=config.seed, **options)
    view = None if quiet else LiveView()
    error, code = "", 0
    with contextlib.closing(world):
        folder = new_run_folder(Path(config.runs), task, config.seed)
        try:
            with Recorder(folder, view) as recorder:
                _run(task, config, world, recorder)
        except MindseyeError as failure:
            error, code = one_line(failure), failure.exit_code
        except KeyboardInterrupt:
            error, code = "interrupted", 130
        except Exception as failure:  # a plug-in's or our own bug; the record has the traceback
            told = " ".join(str(failure).split())
            error = f"{type(failure).__name__}: {told} (traceback in {folder}/report.html)"
            code = 3
        finally:
            if view is not None:
                view.close()
    return _done(folder, error, code)


def _run(task: str, config: Config, world: "World", recorder: Recorder) -> None:
    from mindseye.planner.agent import Agent, run_started

    begun = run_started(task, config)
    recorder.emit(begun)
    Agent.from_config(config).run(task, world, recorder=recorder, begun=begun)


def _done(folder: Path, error: str, code: int) -> Done:
    from mindseye.planner.report import write_report

    result: Result | None = None
    report: Path | None = None
    # A full disk has been told already; the page can be made later from the record.
    with contextlib.suppress(MindseyeError):
        result = read_record(folder).result
        report = write_report(folder)
    if result is None:
        reason = error or "no result"
        result = Result(success=False, reason=reason, steps=0, seconds=0.0, run=str(folder))
    if not error:
        return Done(result=result, exit_code=0 if result.success else 1, report=report)
    return Done(result=result, exit_code=code, report=report, error=error, extra={"error": error})


def check_names(config: Config) -> None:
    """Look up all that is named: a mistyped one should not cost the loading of the others.

    Raises:
      BadInput: a back-end that is not known, or a trust database or a calibration that cannot
        be used.
    """
    for kind in TOOLS:
        backend_path(kind, getattr(config, kind))
    read_calibration(config.calibration)
    if config.trust is not None:
        TrustStore(Path(config.trust)).read()


def plan_once(task: str, config: Config, picture: Path | None) -> "Plan":
    """Return what would be done next, from a picture or from a world's first frame.

    Raises:
      BadInput: the picture cannot be read.
      MindseyeError: as `run_recorded`.
    """
    from mindseye.planner.agent import Agent
    from mindseye.tools.world import make_world

    check_names(config)
    if picture is not None:
        frame = _read_picture(picture)
        return Agent.from_config(config).plan(task, frame)
    agent = Agent.from_config(config)
    options = config.world_options
    world = make_world(config.world, objects=config.objects, seed=config.seed, **options)
    with contextlib.closing(world):
        observation, _ = world.reset()
        return agent.plan(task, observation["frame"])


def _read_picture(path: Path) -> Frames:
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise BadInput(f"cannot read the picture {str(path)!r}: {error}") from error


def understand_only(task: str, names: tuple[str, ...], config: Config) -> Goal:
    """Return how the configured language model understands a task about `names`.

    Raises:
      MindseyeError: the model cannot be reached, or finds no goal in the task.
    """
    from mindseye.planner.language.mind import LanguageMind

    return LanguageMind.from_config(config).understand(task, names)
