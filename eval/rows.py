"""The rows of the tabletop table: condition, search, gate, budget and how the world moves."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mindseye.planner.config import Config, merge, unknown_name
from mindseye.planner.gate import GATES, check_gate, fits
from mindseye.planner.search import SEARCHES
from mindseye.tools.errors import BadInput

CONDITIONS = ("none", "physics", "video", "both", "random", "oracle", "vlp")
"""Tools the agent may use; `random` makes the pictures of `video` and draws their values by lot,
`oracle` simulates with the world's own places and dynamics, `vlp` is Video Language Planning."""
TOOLS = {"random": "video", "oracle": "physics", "vlp": "video"}
"""Condition -> `tools` setting, where it is not called so."""
SEARCHING = frozenset(CONDITIONS) - {"none", "vlp"}
"""Conditions in which search and gate make a difference."""

Shift = tuple[tuple[str, float], ...]
"""Fields of `Dynamics` in which the world differs from what is believed; empty for none."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What is run on every task."""

    condition: str
    search: str = ""
    """Empty for the config's."""
    gate: str = ""
    """Empty for the config's."""
    seconds: float | None = None
    """That a decision may take; None for the config's."""
    clips: int | None = None
    """That a decision may take; None for the config's."""
    shift: Shift = ()

    @property
    def name(self) -> str:
        """Return what the row is called in tables and files, such as `both-mcts-2s`."""
        parts = [self.condition, self.search, self.gate and f"gate={self.gate}"]
        parts += [] if self.seconds is None else [f"{self.seconds:g}s"]
        parts += [] if self.clips is None else [f"{self.clips}clips"]
        parts.append(",".join(f"{field}={value:g}" for field, value in self.shift))
        return "-".join(p for p in parts if p)

    @property
    def tools(self) -> str:
        """Return the `tools` setting."""
        return TOOLS.get(self.condition, self.condition)

    def settings(self, config: Config) -> Config:
        """Return the config with what the row changes.

        Raises:
          BadInput: a budget that cannot be, or a gate that asks for other tools.
        """
        changes: dict[str, object] = {"tools": self.tools}
        if self.search and self.search != config.search:
            # The options are another search's.
            config = replace(config, search_options={})
            changes["search"] = self.search
        if self.gate:
            changes["gate"] = self.gate
        if self.seconds is not None:
            changes["budget"] = self.seconds
        if self.clips is not None:
            changes["clips"] = self.clips
        if self.shift:
            changes["world_options"] = {"dynamics": dict(self.shift)}
        found = merge(config, changes, f"row {self.name}")
        check_gate(found.gate, found.tools)
        return found


@dataclass(frozen=True, kw_only=True)
class Axes:
    """What is varied beside the condition; what is empty stays as the config has it."""

    searches: tuple[str, ...] = ()
    seconds: tuple[float, ...] = ()
    """Budgets of a decision."""
    clips: tuple[int, ...] = ()
    """Budgets of a decision; the config's seconds hold too."""
    shifts: tuple[Shift, ...] = ()
    """Each is run beside the world as it is."""
    gates: tuple[str, ...] = ()

    @property
    def curved(self) -> bool:
        """Say whether there is more than one budget, so that a curve can be drawn."""
        return len(self.seconds) + len(self.clips) > 1


NO_AXES = Axes()


def rows(conditions: Sequence[str], axes: Axes = NO_AXES) -> tuple[Row, ...]:
    """Return the rows in the order of the table; without axes one for each condition.

    `none` has neither search nor budget to vary, `vlp` no search; a condition has the gates that
    ask for no other tools than its own.

    Raises:
      BadInput: no such condition, or none at all.
    """
    if not conditions:
        raise BadInput(f"no condition given; known: {', '.join(CONDITIONS)}")
    if unknown := [c for c in conditions if c not in CONDITIONS]:
        raise BadInput(f"no condition {unknown[0]!r}; known: {', '.join(CONDITIONS)}")
    limits: list[tuple[float | None, int | None]] = [(s, None) for s in axes.seconds]
    limits += [(None, c) for c in axes.clips]
    found = [
        Row(
            condition=condition, search=search, gate=gate, seconds=seconds, clips=clips,
            shift=shift,
        )
        for shift in ((), *axes.shifts)
        for condition in conditions
        for search in (condition in SEARCHING and axes.searches) or ("",)
        for gate in _gates(condition, axes.gates) or [""]
        for seconds, clips in (condition != "none" and limits) or [(None, None)]
    ]  # fmt: skip
    return tuple(dict.fromkeys(found))


def _gates(condition: str, gates: Iterable[str]) -> list[str]:
    """Return the gates that make sense in a condition."""
    tools = TOOLS.get(condition, condition)
    return [g for g in gates if condition in SEARCHING and fits(g, tools)]


def read_axes(
    search: str, budget: str, clips: str, dynamics: Iterable[str], gate: str = ""
) -> Axes:
    """Return the axes that a command line names.

    Args:
      search: names with commas between, such as `greedy,mcts`.
      budget: seconds, likewise.
      clips: numbers, likewise.
      dynamics: each a shift, such as `friction=0.2,force=6`.
      gate: names, as for the search.

    Raises:
      BadInput: a name or number that is none.
    """
    return Axes(
        searches=_names("search", search, tuple(SEARCHES)),
        gates=_names("gate", gate, GATES),
        seconds=tuple(_number("--budget", part) for part in _parts(budget)),
        clips=tuple(_count("--clips", part) for part in _parts(clips)),
        shifts=tuple(_shift(text) for text in dynamics),
    )


def _parts(text: str) -> list[str]:
    return [p.strip() for p in text.split(",") if p.strip()]


def _names(kind: str, text: str, known: Sequence[str]) -> tuple[str, ...]:
    """Return the names on a command line.

    Raises:
      BadInput: one that is not known.
    """
    names = tuple(_parts(text))
    for name in names:
        if name not in known:
            raise BadInput(f"--{kind}: {unknown_name(kind, name, known)}")
    return names


def _number(option: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadInput(f"{option}: {text!r} is not a number") from None


def _count(option: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadInput(f"{option}: {text!r} is not a whole number") from None


def _shift(text: str) -> Shift:
    from mindseye.tools.physics.scene import Dynamics

    known = [f.name for f in dataclasses.fields(Dynamics)]
    found = []
    for part in _parts(text):
        name, equals, value = part.partition("=")
        if not equals:
            raise BadInput(f"--dynamics {text!r}: write it as friction=0.2")
        if name not in known:
            raise BadInput(f"--dynamics: {unknown_name('field', name, known)}")
        found.append((name, _number("--dynamics", value)))
    if not found:
        raise BadInput("--dynamics is empty: write it as friction=0.2")
    return tuple(found)
