"""One run's settings: defaults, a file, `--set a.b=c`, flags; each merges onto the one before.

An unknown key is an error that lists the valid ones: a setting that is dropped
silently costs an afternoon.
"""

import dataclasses
import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from mindseye.tools.errors import BadInput

Options = dict[str, Any]
Tools = Literal["none", "video", "physics", "both"]
Search = Literal["greedy", "beam", "mcts", "cem"]
Gate = Literal["budget", "evoi", "model", "never", "simulate", "imagine", "both", "random"]
Tool = Literal["video", "physics", "vision", "decoder"]
TOOLS: tuple[Tool, ...] = ("video", "physics", "vision", "decoder")
"""Back-ends that a config names, each with a table `<kind>_options` beside it."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything that decides what a run does, given the task."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    model: str = "smollm2"
    """Language model: a short name, `provider:name` as LangChain spells it, or a URL."""
    model_options: Options = field(default_factory=dict)
    """Keyword arguments for the language model."""
    video: str = "ltx-tabletop"
    """Video generator: short name, entry point, or `package.module:Attribute`."""
    video_options: Options = field(default_factory=dict)
    """Keyword arguments for the video generator."""
    physics: str = "mujoco"
    """Physics engine, named likewise."""
    physics_options: Options = field(default_factory=dict)
    """Keyword arguments for the physics engine."""
    vision: str = "segformer-tabletop"
    """Vision model, named likewise."""
    vision_options: Options = field(default_factory=dict)
    """Keyword arguments for the vision model."""
    decoder: str = "closed-loop"
    """Action decoder, named likewise."""
    decoder_options: Options = field(default_factory=dict)
    """Keyword arguments for the action decoder."""
    search: Search = "greedy"
    """`greedy` looks one subgoal ahead, `beam` and `mcts` up to `depth`; `cem` refines pushes."""
    search_options: Options = field(default_factory=dict)
    """Options of the search, such as the `width` of a beam."""
    tools: Tools = "both"
    """Which tools may picture a candidate."""
    gate: Gate = "budget"
    """Which candidates they picture: all that the `budget` allows, those of the highest expected
    value of information (`evoi`), as the language `model` says, always the same, by lot."""
    gate_floor: Annotated[float, Field(ge=0, le=1000)] = 0.01
    """Expected gain in value a second below which `evoi` asks no tool."""
    budget: Annotated[float, Field(gt=0, le=86400)] = 10.0
    """Seconds a decision may take; the best answer so far is used when they are spent."""
    clips: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Simulated and imagined clips a decision may take; None for no bound."""
    candidates: Annotated[int, Field(ge=1, le=64)] = 6
    """Subgoals proposed for a decision."""
    samples: Annotated[int, Field(ge=1, le=32)] = 1
    """Clips imagined for a candidate; our generator's first is what it believes, and says by itself
    how far off that may be."""
    depth: Annotated[int, Field(ge=1, le=8)] = 2
    """Subgoals that a beam or a tree looks ahead."""
    calibration: str = "shipped"
    """What turns the judge's scores into probabilities: a file, `shipped`, or `none`."""
    filled: bool = True
    """Whether geometry names a push beside those of the language model, more where it names few."""
    abstain: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Below this probability the best push is not done before more was pictured; 0: never mind."""
    max_decisions: Annotated[int, Field(ge=1, le=1000)] = 8
    """Decisions before the run gives up."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of the world and of everything that samples."""
    device: str = "auto"
    """Torch device: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Number type of the models; `auto` lets each choose what is fast on the device."""
    threads: Annotated[int, Field(ge=1, le=1024)] = 2
    """CPU threads for torch and for the simulator."""
    runs: str = "runs"
    """Folder that run records are written under."""
    world: str = "tabletop"
    """World: short name, entry point, or `package.module:Attribute`."""
    world_options: Options = field(default_factory=dict)
    """Keyword arguments for the world."""
    objects: tuple[str, ...] | None = None
    """Names of what stands on the table; None lets the seed lay it."""
    plugins: tuple[str, ...] = ()
    """Python modules that are imported first; what they register is there by name."""
    trust: str | None = None
    """SQLite file that keeps how far each tool is believed, such as runs/trust.sqlite: runs start
    from it and add to it. One for each choice of tools and world. None: each run starts afresh."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, which `merge` reads back to an equal config."""
        plain: dict[str, Any] = json.loads(_ADAPTER.dump_json(self))
        return plain


_ADAPTER: TypeAdapter[Config] = TypeAdapter(Config)
KEYS = tuple(f.name for f in dataclasses.fields(Config))


def unknown_name(kind: str, name: str, known: Sequence[str]) -> str:
    """Return the sentence about a name that is not known, with a guess at what was meant."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    return f"no {kind} called {name!r}.{guess} Valid: {', '.join(known)}"


def _deep(base: Any, over: Any) -> Any:
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        return {**base, **{k: _deep(base.get(k), v) for k, v in over.items()}}
    return over


def merge(base: Config, changes: Mapping[str, Any], origin: str = "config") -> Config:
    """Return `base` with `changes` merged in; option tables merge key by key.

    Args:
      base: what the changes apply to.
      changes: field -> value, as read from JSON or YAML.
      origin: where the changes were written, for the error.

    Raises:
      BadInput: an unknown key, or a value a field cannot take.
    """
    for key in changes:
        if key not in KEYS:
            raise BadInput(f"{origin}: {unknown_name('setting', str(key), KEYS)}")
    merged = _deep(base.to_json(), changes)
    try:
        return _ADAPTER.validate_python(merged)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        given = repr(first["input"])
        raise BadInput(f"{origin}: {where} = {given[:80]}: {first['msg']}") from error


def read_config_file(path: Path) -> dict[str, Any]:
    """Read a YAML or JSON file of settings.

    Raises:
      BadInput: it cannot be read, does not parse, or is no table.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read the config file {str(path)!r}: {error}") from error
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise BadInput(f"the config file {str(path)!r} is not YAML or JSON: {reason}") from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise BadInput(f"the config file {str(path)!r} must hold settings as `key: value`")
    return data


def parse_assignment(text: str) -> dict[str, Any]:
    """Turn `a.b=c` into `{"a": {"b": c}}`; the value is read as YAML.

    Raises:
      BadInput: no `=`, an empty key, or a value that does not parse.
    """
    key, equals, value = text.partition("=")
    parts = [p.strip() for p in key.split(".")]
    if not equals or not all(parts):
        raise BadInput(f"--set {text!r}: write it as key=value or options.key=value")
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise BadInput(f"--set {text!r}: the value is not YAML") from error
    for part in reversed(parts):
        parsed = {part: parsed}
    return dict(parsed)


def load_config(
    file: Path | None = None,
    assignments: Sequence[str] = (),
    flags: Mapping[str, Any] | None = None,
) -> Config:
    """Resolve a config: defaults, then the file, then each `a.b=c`, then flags that were given.

    Args:
      file: YAML or JSON; None for none.
      assignments: texts `a.b=c`.
      flags: field -> value; None values mean "not given".

    Raises:
      BadInput: see `merge`, `read_config_file`, `parse_assignment`, `search_options`,
        `check_gate`.
    """
    config = Config()
    if file is not None:
        config = merge(config, read_config_file(file), str(file))
    for text in assignments:
        config = merge(config, parse_assignment(text), f"--set {text}")
    given = {k: v for k, v in (flags or {}).items() if v is not None}
    config = merge(config, given, "command line") if given else config
    if config.search_options:
        from mindseye.planner.search import search_options

        search_options(config.search, config.search_options)
    from mindseye.planner.gate import check_gate

    check_gate(config.gate, config.tools)
    return config
