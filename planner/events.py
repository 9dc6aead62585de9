"""The events of a run's record: one pydantic model a kind, told apart by `kind`.

Values of the tools (scene graphs, outcomes, pushes) are stored as plain JSON;
pass them as they are, they are made plain on the way in.
"""

import dataclasses
import json
import math
import re
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from mindseye.planner.ask.answer import Answer, Measured, Mode
from mindseye.tools.goals import Goal
from mindseye.tools.values import Principle, Source


def plain(value: Any) -> Any:
    """Turn values of the tools into what JSON holds; a number that is none becomes null."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _without_secrets(value: Any) -> Any:
    """Blank what is called a key, token, secret or password: records are passed around."""
    if isinstance(value, dict):
        return {
            k: "***" if _SECRET.search(str(k)) and v else _without_secrets(v)
            for k, v in value.items()
        }
    return value


_SECRET = re.compile(r"(api_?key|token|secret|password)$", re.IGNORECASE)
# A record may come from anywhere; a report that inlined `../../id_rsa` would hand it on.
_INSIDE = r"^(media/[A-Za-z0-9_-]+\.(mp4|png))?$"
Plain = Annotated[dict[str, Any], BeforeValidator(plain)]
PlainList = Annotated[list[Any], BeforeValidator(plain)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Place = tuple[Number, Number]
Pictured = Literal["video", "physics"]
"""The tools that picture."""
Stage = str
"""What seconds are spent on: "language", "video", "physics", "vision", "acting", ..."""


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MediaRef(_Stored):
    """Where a clip or frame lies in the run's folder, and where it comes from."""

    path: Annotated[str, Field(pattern=_INSIDE)]
    """Relative to the run's folder; empty when nothing was kept."""
    sheet: Annotated[str, Field(pattern=_INSIDE)] = ""
    """Contact sheet of a clip."""
    digest: str
    frames: int
    height: int
    """Pixels before enlarging."""
    width: int
    dt: Number = 0.0
    """Seconds between frames; 0 for a single frame."""
    source: Source
    model: str = ""
    seed: int = 0


class Candidate(_Stored):
    """One subgoal that was proposed."""

    id: str
    """Unique in its decision, such as "c0"; beams add their depth: "c0.2"."""
    words: str
    subgoal: Plain
    prior: Number
    """How much the language model favours it, in [0, 1]."""


class _Event(_Stored):
    version: Literal[1] = 1
    t: Number = 0.0
    """Seconds since the start; the recorder fills it in."""


class RunStarted(_Event):
    """A task was given."""

    kind: Literal["run_started"] = "run_started"
    task: str
    seed: int
    config: Annotated[Plain, AfterValidator(_without_secrets)]
    """Resolved config, `Config.to_json()`."""
    continues: str = ""
    """Conversation whose table it found as an earlier run had left it; empty for a table of
    its own."""
    trust: dict[str, dict[str, tuple[int, int]]] = {}
    """Tool -> skill -> predictions that had come true and had not, before this run."""
    calibration: tuple[tuple[Number, Number], ...] = ()
    """Knots of the line from raw scores to probabilities; empty in records of before there was
    one."""
    simulated: bool = False
    """Whether they say nothing of what was imagined alone; see `mindseye.tools.calibration`."""


class Observed(_Event):
    """The camera was read; `decision` is the one that is about to be taken."""

    kind: Literal["observed"] = "observed"
    decision: int
    frame: MediaRef
    scene: Plain
    progress: Number | None = None
    """How far the goal is seen to be fulfilled, in [0, 1]."""
    step: int | None = None
    """Actions of the run before it; None in records of before that was told."""


class Understood(_Event):
    """The task became a goal."""

    kind: Literal["understood"] = "understood"
    goal: Plain
    given: bool = False
    """Whether it came with the task, and was not read out of the words."""
    words: str = ""
    seconds: Number = 0.0

    @property
    def said(self) -> str:
        """The goal as people read it."""
        try:
            return self.words or Goal.model_validate(self.goal).words()
        except ValidationError:
            return json.dumps(self.goal)


class Proposed(_Event):
    """The language model said what could be pictured."""

    kind: Literal["proposed"] = "proposed"
    decision: int
    candidates: tuple[Candidate, ...]
    seconds: Number = 0.0


class Gated(_Event):
    """It was decided which tools picture a candidate."""

    kind: Literal["gated"] = "gated"
    decision: int
    candidate: str
    tools: tuple[Pictured, ...]
    reason: str


class Imagined(_Event):
    """The video generator pictured a candidate."""

    kind: Literal["imagined"] = "imagined"
    decision: int
    candidate: str
    clips: tuple[MediaRef, ...]
    ms: Number


class Simulated(_Event):
    """The physics engine computed a candidate."""

    kind: Literal["simulated"] = "simulated"
    decision: int
    candidate: str
    clip: MediaRef | None = None
    push: Plain = {}
    events: PlainList = []
    layout: dict[str, Place] = {}
    """Name -> where it ended, metres; what fell is absent."""
    ms: Number


class Violated(_Stored):
    """Something in a clip that does not happen."""

    principle: Principle
    amount: Number
    """In [0, 1]."""
    subject: str
    """Object that shows it."""
    frame: int
    """Of the clip, from 0."""


class Judged(_Event):
    """A picture was read and rewarded."""

    kind: Literal["judged"] = "judged"
    decision: int
    candidate: str
    source: Pictured
    read_from: Literal["state", "pixels"] = "pixels"
    """Whether the simulator's state was read or, by vision, a clip."""
    outcome: Plain
    value: Number
    """In [0, 1]."""
    confidence: Number
    items: tuple[Number, ...] = ()
    """Progress of each item of the goal."""
    evidence: tuple[int, ...] = ()
    """Frames of the clip that earned it."""
    reason: str = ""
    plausibility: Number | None = None
    """Of the clip as physics, in [0, 1]; None where none was read."""
    violations: tuple[Violated, ...] = ()
    """What speaks against it, the worst first."""
    ms: Number = 0.0


class CrossChecked(_Event):
    """The two tools' predictions were compared."""

    kind: Literal["cross_checked"] = "cross_checked"
    decision: int
    candidate: str
    agreement: Number
    """In [0, 1]."""
    disagreements: tuple[str, ...] = ()


class Branch(_Stored):
    """A candidate in the tree of a search."""

    id: str
    parent: str = ""
    """Candidate that leads to where it could be done; empty for now."""
    words: str
    prior: Number
    value: Number | None = None
    """As it was judged, in [0, 1]; None when it was not pictured."""
    visits: int = 0
    """Simulations that went through it."""
    mean: Number = 0.0
    """What those were worth on average."""
    pruned: str = ""
    """Why the search looked no further here."""
    same: str = ""
    """Candidate that led to an equal scene before; what lies behind is told there."""


class Searched(_Event):
    """The search is over; this is its tree."""

    kind: Literal["searched"] = "searched"
    decision: int
    search: str
    waves: int
    """Batches of pictures."""
    clips: int
    """Simulated and imagined clips that were made."""
    simulated: int = 0
    """Of these, by the physics engine; 0 in records of before they were told apart."""
    imagined: int = 0
    """Of these, by the video generator."""
    reused: int = 0
    """Pictures that were kept from before."""
    stopped: str = ""
    """Why it ended before it was through; empty when it was."""
    branches: tuple[Branch, ...] = ()
    """Parents before what follows on them."""
    seconds: Number = 0.0


class Abstained(_Event):
    """What was found best was too uncertain to act on: more was pictured, then decided again."""

    kind: Literal["abstained"] = "abstained"
    decision: int
    candidate: str
    """What was best so far."""
    probability: Number
    """Of its doing what its subgoal says."""
    tool: Pictured
    """Which was asked."""
    about: tuple[str, ...]
    """The candidates it was asked about."""
    again: bool = False
    """Whether it had pictured the best one before: these are further samples."""
    simulated: int = 0
    imagined: int = 0
    """Clips that this took."""
    seconds: Number = 0.0


class Chosen(_Event):
    """The search settled on a candidate."""

    kind: Literal["chosen"] = "chosen"
    decision: int
    candidate: str
    value: Number
    why: str
    values: dict[str, Number] = {}
    """Candidate -> value of every one that was weighed."""
    hints: tuple[str, ...] = ()
    """What the language model was told before its last word."""
    probability: Number | None = None
    """Of its doing what its subgoal says; None where nothing was pictured of it."""


class Acted(_Event):
    """The pusher moved; the clip shows what really happened."""

    kind: Literal["acted"] = "acted"
    decision: int
    candidate: str
    steps: int
    push: Plain = {}
    actions: tuple[tuple[Number, Number, Number], ...] = ()
    """`[dx, dy, lift]` of every step."""
    pusher: tuple[tuple[Number, Number, Number], ...] = ()
    """Where the pusher was before the first step and after each, metres; empty in records of
    before that was kept."""
    step: int | None = None
    """Actions of the run before the first of these; None where `pusher` is empty."""
    clip: MediaRef | None = None
    seconds: Number = 0.0


class Happened(_Event):
    """What was foretold of the push that was made was held against what is seen."""

    kind: Literal["happened"] = "happened"
    decision: int
    candidate: str
    raw: Number
    """The judge's score for its doing what its subgoal says."""
    probability: Number
    """What that score was taken to mean."""
    happened: bool
    """Whether the subgoal is seen to hold, and nothing is gone that was there."""


class Checked(_Event):
    """What a tool had pictured of the push that was made was held against what is seen."""

    kind: Literal["checked"] = "checked"
    decision: int
    tool: Pictured
    skill: str
    """What was done to what, as trust tells it apart: "push ball"."""
    came_true: bool
    metres: Number
    """Largest distance between a predicted and a seen place."""


class Surprised(_Event):
    """Reality went another way than the prediction by more than is usual."""

    kind: Literal["surprised"] = "surprised"
    decision: int
    metres: Number
    """Largest distance between a predicted and a seen place."""
    predicted: dict[str, Place]
    seen: dict[str, Place]
    source: Literal["video", "physics", "geometry"] | None = None
    reason: str = ""


class Replanned(_Event):
    """The plan was dropped and a new one is made."""

    kind: Literal["replanned"] = "replanned"
    decision: int
    reason: str
    believes: dict[str, Number] = {}
    """How things are believed to move from now on; empty where that is what it was."""


class Asked(_Event):
    """A question was put, rather than a task."""

    kind: Literal["asked"] = "asked"
    question: str
    choices: tuple[str, ...] = ()
    mode: Mode
    samples: int = 1
    tries: int = 3


class Wrote(_Event):
    """The language model said what is to be simulated."""

    kind: Literal["wrote"] = "wrote"
    what: Literal["scene", "program", "mjcf", "push"]
    text: str
    error: str = ""
    """Why it could not be used."""
    probability: Number | None = None


class Investigated(_Event):
    """A simulation of it was run and read."""

    kind: Literal["investigated"] = "investigated"
    what: Literal["program", "mjcf", "push"]
    text: str
    """What was simulated."""
    hint: str
    verdict: str | None = None
    numbers: tuple[Measured, ...] = ()
    clip: MediaRef | None = None
    simulations: int = 1
    ms: Number


class Answered(_Event):
    """The question was answered."""

    kind: Literal["answered"] = "answered"
    answer: Answer


class Continued(_Event):
    """A video model that plays imagined how it goes on, and actions were read from that."""

    kind: Literal["continued"] = "continued"
    decision: int
    seen: MediaRef
    """The real frame that the future begins with."""
    futures: tuple[MediaRef, ...]
    """What was imagined; the first is the one that was read."""
    actions: PlainList
    """Which actions were done, as the game takes them."""
    keys: tuple[str, ...] = ()
    """The keys that they press."""
    confidence: Number
    """In [0, 1]."""
    frames: int
    """How many were generated."""
    seconds: Number


class Failed(_Event):
    """A tool, a model or the world failed; `fatal` ones end the run."""

    kind: Literal["failed"] = "failed"
    error: str
    """Name of the exception."""
    message: str
    stage: Stage = ""
    fatal: bool = True
    traceback: str = ""


class Finished(_Event):
    """The run is over. Always the last event."""

    kind: Literal["finished"] = "finished"
    success: bool
    reason: str
    steps: int
    seconds: Number
    cost: dict[Stage, Number] = {}
    """Stage -> seconds."""


Event = (
    RunStarted | Observed | Understood | Proposed | Gated | Imagined | Simulated | Judged
    | CrossChecked | Searched | Abstained | Chosen | Acted | Happened | Checked | Surprised
    | Replanned | Asked | Wrote | Investigated | Answered | Continued | Failed | Finished
)  # fmt: skip
EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])
KINDS: tuple[type[Event], ...] = Event.__args__
QUESTION_KINDS: tuple[type[Event], ...] = (Asked, Wrote, Investigated, Answered)
"""Found in the record of a question only."""
GAME_KINDS: tuple[type[Event], ...] = (Continued,)
"""Found in the record of a game only."""


class Result(_Stored):
    """What `result.json` holds; its first five fields are what `--json` prints."""

    version: Literal[1] = 1
    success: bool
    reason: str
    steps: int
    seconds: Number
    run: str
    cost: dict[Stage, Number] = {}
