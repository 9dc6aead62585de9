"""What comes out of a question: the answer, and everything it rests on."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Mode = Literal["program", "mjcf", "none"]
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Measured(_Stored):
    """One number read off the simulation."""

    name: str
    """Of the body."""
    what: str
    """Such as "range" or "max_height"."""
    value: Number | None
    """None where what is timed never happens."""
    unit: str
    spread: Number = 0.0
    """Plus or minus, from what the question leaves open."""


class Answer(_Stored):
    """An answer; its first eight fields are what every `--json` reader may rely on."""

    answer: str
    value: Number | None = None
    """The answer as a number in `unit`, where it is one."""
    unit: str | None = None
    confidence: Number
    """In [0, 1]; see `mindseye.planner.ask.conclude`."""
    tool: Literal["simulation", "video", "none"]
    hint: str | None = None
    """The sentence about the simulation that stood in the model's prompt."""
    seconds: Number = 0.0
    run: str = ""
    """Folder of the record; empty where none is kept."""

    version: Literal[1] = 1
    uncertainty: Number | None = None
    """Plus or minus, in `unit`: what the value may be where the question leaves things open."""
    said_by: Literal["model", "simulation"] = "model"
    """Whose word the answer is. A number is read off the simulation, not off the model."""
    verdict: str | None = None
    """What the simulation alone says to what the program asks: the larger of two, an
    order from the largest, a number, yes or no. A question may ask for its opposite."""
    model_answer: str | None = None
    """What the language model said; None where it was not asked."""
    agrees: bool | None = None
    """Whether that goes with the verdict; None where it cannot be told."""
    depends: tuple[str, ...] = ()
    """What was assumed, since the question does not say, and would change the answer."""
    choices: dict[str, Number] = {}
    """What could be answered -> probability."""
    mode: Literal["program", "mjcf", "none", "table"] = "program"
    program: str | None = None
    """What was simulated: scene program, MJCF, or push."""
    numbers: tuple[Measured, ...] = ()
    clip: str | None = None
    """File of the clip of what was simulated."""
    simulations: int = 0
    simulation_seconds: Number = 0.0
    refused: int = 0
    """Times that the model wrote what could not be simulated."""
    note: str = ""
    """Why nothing was simulated, or that model and simulation disagree."""

    def to_json(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return self.model_dump(mode="json")
