"""Reads MJCF text that a model wrote and writes it anew, so that MuJoCo sees only our words.

Expat reads the text without ever opening anything: a document type, an entity
declaration or a processing instruction ends the reading. Each element is held to
the grammar while it is read, so a hostile text costs no more than its allowed
length. What comes out is built from the checked elements and never quoted from the
input: a difference between two XML parsers cannot smuggle anything past the check.
"""

import xml.parsers.expat
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from xml.sax.saxutils import quoteattr

from mindseye.tools.errors import ToolError
from mindseye.tools.physics.mjcf.grammar import (
    BOUNDS,
    GRAMMAR,
    Quantity,
    canonical,
    clipped,
)

DEFAULT_TIMESTEP = 0.002
"""MuJoCo's own, seconds."""
ARENA = "32M"
"""What MuJoCo may take for contacts and constraints; more of them is an error, told."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much a model may ask for."""

    characters: int = 20_000
    """Length of the text."""
    elements: int = 400
    depth: int = 16
    """Elements within elements."""
    counts: Mapping[str, int] = field(
        default_factory=lambda: {
            "body": 32, "geom": 64, "joint": 64, "freejoint": 32, "site": 64, "light": 8,
            "camera": 8, "default": 16, "motor": 32, "position": 32, "velocity": 32, "pair": 64,
            "exclude": 64, "key": 1, "worldbody": 1, "inertial": 32,
        }
    )  # fmt: skip
    """How many of each element; what is not named here is bounded by `elements`."""
    bounds: Mapping[Quantity, tuple[float, float]] = field(default_factory=lambda: dict(BOUNDS))
    """Least and greatest number of each quantity."""
    total_mass: float = 1e7
    """Kilograms, whatever follows from densities and sizes."""
    seconds: float = 60.0
    """Simulated time."""
    steps: int = 20_000
    wall: float = 5.0
    """Seconds after which the child process is killed."""
    memory: int = 256
    """Megabytes that the child may take beyond what it starts with."""


@dataclass(frozen=True, kw_only=True)
class Mjcf:
    """MJCF text that keeps to the grammar, in our own words."""

    xml: str
    """Every element stands on the line where the model wrote it: messages name its lines."""
    timestep: float
    """Seconds."""
    counts: Mapping[str, int]
    """How many of each element it holds."""


def parse_mjcf(text: str, limits: Limits | None = None) -> Mjcf:
    """Return the text, checked and written anew.

    Args:
      text: what a model wrote; anything at all.
      limits: how much it may ask for.

    Raises:
      ToolError: it is no XML, or holds what is not allowed; says where and what is.
    """
    limits = limits or Limits()
    if len(text) > limits.characters:
        raise ToolError(
            f"the MJCF text has {len(text)} characters; at most {limits.characters} are allowed"
        )
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ToolError(f"the MJCF text is not valid Unicode: {error.reason}") from error
    reader = _Reader(limits)
    try:
        reader.expat.Parse(raw, True)
    except xml.parsers.expat.ExpatError as error:
        reason = xml.parsers.expat.ErrorString(error.code)
        raise ToolError(f"not well-formed XML: line {error.lineno}: {reason}") from error
    return reader.finish()


class _Reader:
    """What expat calls back: checks each element and writes it down."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.open: list[str] = []
        self.counts: Counter[str] = Counter()
        self.out: list[str] = []
        self.line = 1
        self.timestep = DEFAULT_TIMESTEP
        # The encoding is given, so that one that the text declares is not followed.
        self.expat = xml.parsers.expat.ParserCreate("utf-8")
        self.expat.buffer_text = True
        self.expat.StartElementHandler = self._start
        self.expat.EndElementHandler = self._end
        self.expat.CharacterDataHandler = self._words
        self.expat.StartDoctypeDeclHandler = self._doctype
        self.expat.EntityDeclHandler = self._doctype
        self.expat.ProcessingInstructionHandler = self._instruction

    def finish(self) -> Mjcf:
        """Return the checked text."""
        if not self.counts["geom"]:
            raise ToolError("the MJCF holds no <geom>: there is nothing to simulate")
        return Mjcf(xml="".join(self.out), timestep=self.timestep, counts=dict(self.counts))

    def _refuse(self, why: str) -> NoReturn:
        raise ToolError(f"line {self.expat.CurrentLineNumber}: {why}")

    def _doctype(self, *_: object) -> None:
        self._refuse("a document type or an entity is not allowed")

    def _instruction(self, *_: object) -> None:
        self._refuse("a processing instruction is not allowed")

    def _words(self, text: str) -> None:
        if text.strip():
            self._refuse(f"text between elements is not allowed: {clipped(text.strip())}")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._check_place(name)
        self._check_count(name)
        self.open.append(name)
        line = self.expat.CurrentLineNumber
        self.out.append("\n" * (line - self.line))
        self.line = max(line, self.line)
        held = "".join(f" {key}={quoteattr(v)}" for key, v in self._values(name, attributes))
        self.out.append(f"<{name}{held}>")
        if name == "mujoco":
            self.out.append(f'<size memory="{ARENA}"/>')

    def _end(self, name: str) -> None:
        self.open.pop()
        self.out.append(f"</{name}>")

    def _check_place(self, name: str) -> None:
        if not self.open:
            if name != "mujoco":
                self._refuse(f"the outermost element must be <mujoco>, not <{clipped(name)[1:-1]}>")
            return
        allowed = GRAMMAR[self.open[-1]].children
        if name not in allowed:
            inside = ", ".join(sorted(allowed)) or "nothing"
            self._refuse(
                f"<{clipped(name)[1:-1]}> is not allowed in <{self.open[-1]}>; allowed: {inside}"
            )

    def _check_count(self, name: str) -> None:
        self.counts[name] += 1
        most = self.limits.counts.get(name, self.limits.elements)
        if self.counts[name] > most:
            self._refuse(f"more than {most} <{name}> are not allowed")
        if self.counts.total() > self.limits.elements:
            self._refuse(f"more than {self.limits.elements} elements are not allowed")
        if len(self.open) >= self.limits.depth:
            self._refuse(f"more than {self.limits.depth} elements within each other")

    def _values(self, name: str, attributes: dict[str, str]) -> list[tuple[str, str]]:
        grammar = GRAMMAR[name].attributes
        values = []
        for key, text in attributes.items():
            if key not in grammar:
                allowed = ", ".join(sorted(grammar)) or "none"
                self._refuse(
                    f"<{name}> may not have the attribute {clipped(key)}; allowed: {allowed}"
                )
            try:
                values.append((key, canonical(grammar[key], text, self.limits.bounds)))
            except ValueError as error:
                self._refuse(f"{key} of <{name}> {error}")
            if (name, key) == ("option", "timestep"):
                self.timestep = float(values[-1][1])
        return values
