"""The agent: four models and the loop that binds them, behind three methods."""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindseye.planner import events as ev
from mindseye.planner.calibration import read_calibration
from mindseye.planner.config import Config, Tool, merge
from mindseye.planner.context import Context, Mind, Pace
from mindseye.planner.decide import Decide, Decision, decide
from mindseye.planner.decode import Sight
from mindseye.planner.loop import Episode, RunResult, begin
from mindseye.planner.perception import Memory
from mindseye.planner.picture import Eye
from mindseye.planner.record import NullRecorder, OnEvent, Recorder
from mindseye.planner.streaming import Streaming
from mindseye.planner.trust import Trust
from mindseye.planner.trust_store import TrustStore
from mindseye.tools import cpu
from mindseye.tools.calibration import Calibration
from mindseye.tools.contracts import ActionDecoder, World, load_backend
from mindseye.tools.errors import BadInput, ToolError, Unavailable
from mindseye.tools.goals import Goal, progress
from mindseye.tools.values import Frames, Push, SceneGraph


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the agent would do next, without doing it."""

    goal: Goal
    decision: Decision | None
    """None when nothing could be proposed."""


class Agent:
    """Solves tasks in words by picturing what could be done."""

    def __init__(
        self, config: Config, mind: Mind, eye: Eye, decoder: ActionDecoder[Push, Sight]
    ) -> None:
        """Bind models that are already loaded; `from_config` loads them.

        Args:
          config: settings of the runs.
          mind: the language model's four uses.
          eye: vision and the tools that picture.
          decoder: turns a chosen picture into motion.

        Raises:
          BadInput: the config's calibration cannot be read.
        """
        self.calibration = read_calibration(config.calibration)
        self.config, self.mind, self.eye, self.decoder = config, mind, eye, decoder
        self.random_judge = False
        """Ablation: draw values by lot instead of judging pictures."""
        self.decide: Decide = decide
        """How a decision is taken; an evaluation puts another planner's procedure here."""

    @classmethod
    def from_config(
        cls, config: Config | Mapping[str, Any] | None = None, **settings: Any
    ) -> "Agent":
        """Load the models that a config names; those it does not need stay unloaded.

        Args:
          config: a `Config`, or a table of settings that differ from the defaults.
          **settings: single settings, over `config`.

        Raises:
          BadInput: an unknown setting or back-end, or a calibration that cannot be read.
          Unavailable: weights or a package are missing.
        """
        base = config if isinstance(config, Config) else merge(Config(), config or {})
        resolved = merge(base, settings, "Agent.from_config") if settings else base
        from mindseye.planner.language.mind import LanguageMind

        set_threads(resolved.threads)
        mind = LanguageMind.from_config(resolved)
        return cls(resolved, mind, load_eye(resolved), load_tool(resolved, "decoder"))

    def run(
        self,
        task: str,
        world: World,
        recorder: Recorder | NullRecorder | None = None,
        on_event: OnEvent | None = None,
        pace: Pace | None = None,
        continues: str = "",
        goal: Goal | None = None,
        known: SceneGraph | None = None,
        trust: Trust | None = None,
        calibration: Calibration | None = None,
        begun: ev.RunStarted | None = None,
    ) -> RunResult:
        """Solve a task in a world.

        Args:
          task: what is wanted, in words.
          world: anything with Gymnasium's `reset` and `step` whose observation
            holds `frame` and `pusher`.
          recorder: where the record goes; None keeps none.
          on_event: called with every event, when there is no recorder.
          pace: of a recorded run, to do again exactly what it did.
          continues: name of the conversation whose world this is, if it has had runs before.
          goal: what is wanted; None reads it out of the words.
          known: what is known to stand there; None looks. Things are called what they are
            called here, also when vision later takes them for something else.
          trust: how far the tools are believed at first; None asks the config's database.
          calibration: what scores mean; None takes the config's.
          begun: what the recorder was told already, as `run_started` makes it; trust is then
            what it says.

        Raises:
          BadInput: the task makes no sense on this table, or the database cannot be used.
          Unavailable: a model or tool does not answer.
          WorldFailed: the world raised or died.
        """
        started = time.monotonic()
        recorder = recorder or NullRecorder(on_event)
        calibration = self.calibration if calibration is None else calibration
        if begun is None:
            begun = run_started(task, self.config, continues, trust, calibration)
            recorder.emit(begun)
        start = Trust.from_json(begun.trust)
        observation = begin(world)
        context = self._context(recorder)
        context.pace, context.trust, context.calibration = pace, start, calibration
        episode = Episode(context, world, self.decoder, observation, known, self.decide)
        try:
            context.goal = self._understand(task, episode.memory.expected, context, goal)
            success, reason = episode.run()
        except ToolError as error:
            raise Unavailable(f"a model kept giving what cannot be used: {error}") from error
        finally:  # What was cut off has learned, too.
            self._keep_trust(context.trust.since(start), recorder)
            cpu.give_back()
        seconds = time.monotonic() - started
        recorder.emit(
            ev.Finished(
                success=success, reason=reason, steps=episode.steps, seconds=seconds,
                cost=context.cost,
            )
        )  # fmt: skip
        folder = str(recorder.folder) if isinstance(recorder, Recorder) else ""
        return RunResult(
            success=success, reason=reason, steps=episode.steps, seconds=seconds, run=folder
        )

    def stream(
        self, task: str, world: World, goal: Goal | None = None
    ) -> Streaming[ev.Event, RunResult]:
        """Solve a task in a thread; iterate over its events, then read `result`; see `run`."""
        return Streaming(lambda tell: self.run(task, world, on_event=tell, goal=goal))

    async def arun(
        self, task: str, world: World, recorder: Recorder | NullRecorder | None = None
    ) -> RunResult:
        """Solve a task without blocking the event loop; see `run`."""
        return await asyncio.to_thread(self.run, task, world, recorder)

    def plan(
        self,
        task: str,
        frame: Frames,
        recorder: Recorder | NullRecorder | None = None,
        on_event: OnEvent | None = None,
        known: SceneGraph | None = None,
    ) -> Plan:
        """Return what would be done next for a task, given one camera frame.

        Args:
          task: what is wanted, in words.
          frame: `[H, W, 3] uint8`.
          recorder: where the record goes; None keeps none.
          on_event: called with every event, when there is no recorder.
          known: as `run`.

        Raises:
          BadInput: the task makes no sense on this table, or the trust database cannot be used.
          Unavailable: a model or tool does not answer.
        """
        started = time.monotonic()
        recorder = recorder or NullRecorder(on_event)
        begun = run_started(task, self.config, calibration=self.calibration)
        recorder.emit(begun)
        context = self._context(recorder)
        context.trust = Trust.from_json(begun.trust)
        memory = Memory(known or self.eye.vision.look([frame])[0])
        context.expected = memory.expected
        try:
            context.goal = self._understand(task, memory.expected, context)
            held = progress(context.goal, memory.scene.layout, memory.expected)
            kept = recorder.frame(frame)
            recorder.emit(ev.Observed(decision=0, frame=kept, scene=memory.scene, progress=held))
            decision = self.decide(context, 0, memory.scene, frame)
        except ToolError as error:
            raise Unavailable(f"a model kept giving what cannot be used: {error}") from error
        reason = "nothing to do" if decision is None else decision.judgement.candidate.words
        recorder.emit(
            ev.Finished(
                success=decision is not None, reason=reason, steps=0,
                seconds=time.monotonic() - started, cost=context.cost,
            )
        )  # fmt: skip
        return Plan(goal=context.goal, decision=decision)

    def _keep_trust(self, seen: Trust, recorder: Recorder | NullRecorder) -> None:
        if self.config.trust is None:
            return
        run = recorder.folder.name if isinstance(recorder, Recorder) else ""
        try:
            TrustStore(Path(self.config.trust)).add(seen, run)
        except BadInput as error:
            # What the run reached stands, and so does what else ended it.
            told = ev.Failed(error="BadInput", message=str(error), stage="trust", fatal=False)
            recorder.emit(told)

    def _context(self, recorder: Recorder | NullRecorder) -> Context:
        lot = None
        if self.random_judge:
            lot = random.Random(self.config.seed)
        return Context(
            config=self.config, mind=self.mind, eye=self.eye, recorder=recorder,
            goal=_NOTHING, expected=(), random_values=lot, calibration=self.calibration,
        )  # fmt: skip

    def _understand(
        self, task: str, names: tuple[str, ...], context: Context, given: Goal | None = None
    ) -> Goal:
        if not names:
            raise BadInput("no object is seen on the table; is the camera's frame right?")
        started = time.monotonic()
        goal = given or self.mind.understand(task, names)
        seconds = time.monotonic() - started
        context.spend("language", seconds)
        told = ev.Understood(goal=goal.to_json(), given=given is not None, seconds=seconds)
        context.recorder.emit(told)
        return goal


_NOTHING = Goal.model_validate({"all": [{"relation": "in_line", "subject": "all"}]})
"""Stands in until the task is understood."""


def run_started(
    task: str,
    config: Config,
    continues: str = "",
    trust: Trust | None = None,
    calibration: Calibration | None = None,
) -> ev.RunStarted:
    """Return the event that a record begins with; no model is needed for it.

    Args:
      task: what is wanted, in words.
      config: settings of the run.
      continues: as `Agent.run`.
      trust: as `Agent.run`.
      calibration: as `Agent.run`.

    Raises:
      BadInput: the trust database or the calibration cannot be read.
    """
    if trust is None:
        trust = Trust() if config.trust is None else TrustStore(Path(config.trust)).read()
    if calibration is None:
        calibration = read_calibration(config.calibration)
    return ev.RunStarted(
        task=task, seed=config.seed, config=config.to_json(), continues=continues,
        trust=trust.to_json(), calibration=calibration.knots, simulated=calibration.simulated,
    )  # fmt: skip


def set_threads(threads: int) -> None:
    """Give torch that many threads."""
    import torch

    torch.set_num_threads(threads)


def placement(config: Config) -> dict[str, Any]:
    """Return where and how models compute, in the words of their constructors."""
    import torch

    device = config.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    offered: dict[str, Any] = {"device": device, "threads": config.threads}
    # Each model knows best which number type is fast on its device.
    return offered if config.dtype == "auto" else offered | {"dtype": config.dtype}


def load_tool(config: Config, kind: Tool) -> Any:
    """Load the tool of one kind that a config names.

    Raises:
      BadInput: no such back-end, or options it does not take.
      Unavailable: weights or a package are missing.
    """
    name, options = getattr(config, kind), getattr(config, f"{kind}_options")
    return load_backend(kind, name, options, offered=placement(config))


def load_eye(config: Config) -> Eye:
    """Load vision and the tools that the config allows."""
    return Eye(
        vision=load_tool(config, "vision"),
        physics=load_tool(config, "physics") if config.tools in ("physics", "both") else None,
        video=load_tool(config, "video") if config.tools in ("video", "both") else None,
        samples=config.samples,
    )
