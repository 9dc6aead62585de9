"""Searches over subgoals: functions over frozen trees, with the dynamics as an argument."""

import dataclasses
import importlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from mindseye.tools.errors import BadInput

if TYPE_CHECKING:
    from mindseye.planner.search.interface import Budget, Dynamics
    from mindseye.planner.search.tree import Root, Tree

SEARCHES: dict[str, str] = {
    "greedy": "GreedyOptions",
    "beam": "BeamOptions",
    "mcts": "MctsOptions",
    "cem": "CemOptions",
}
"""Name of a search, of its module and of its function -> class of its options."""


def search_options(name: str, options: Mapping[str, Any]) -> Any:
    """Return the options of a search as its class.

    Args:
      name: of `SEARCHES`.
      options: those that differ from the defaults.

    Raises:
      BadInput: the search has no such option, or it cannot take that value.
    """
    kind = getattr(_module(name), SEARCHES[name])
    valid = [f.name for f in dataclasses.fields(kind)]
    for key in options:
        if key not in valid:
            raise BadInput(
                f"the search {name} has no option {key!r}; valid: {', '.join(valid) or 'none'}"
            )
    try:
        return TypeAdapter(kind).validate_python(dict(options))
    except ValidationError as error:
        first = error.errors()[0]
        where, given = ".".join(str(p) for p in first["loc"]), repr(first["input"])[:80]
        raise BadInput(f"search_options.{where} = {given}: {first['msg']}") from error


def search(
    name: str, root: "Root", dynamics: "Dynamics", budget: "Budget", options: Mapping[str, Any]
) -> "Tree":
    """Return the tree that the search called `name` grows from a root.

    Args:
      name: of `SEARCHES`.
      root: what is seen, and how far to look.
      dynamics: tells what could be done and what would come of it.
      budget: how far to go; there is always an answer.
      options: see `search_options`.

    Raises:
      BadInput: options it does not have.
    """
    grow: Callable[..., Any] = getattr(_module(name), name)
    tree: Tree = grow(root, dynamics, budget, search_options(name, options))
    return tree


def _module(name: str) -> Any:
    return importlib.import_module(f"mindseye.planner.search.{name}")
