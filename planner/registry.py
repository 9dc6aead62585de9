"""What other people add: functions that the language model may call, modules that register."""

import importlib
import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from mindseye.tools.errors import BadInput, one_line

Function = TypeVar("Function", bound=Callable[..., Any])
_functions: dict[str, Callable[..., Any]] = {}


def register_tool(function: Function) -> Function:
    """Let every conversation from now on call a function; use it as a decorator.

    Its type hints say what it takes, the first paragraph of its docstring what it does: that
    brief description is all the embedded model is told of it, as in Toolformer (Schick et al.,
    2023). What it returns is told as text; what it raises is told too, and ends nothing.

    Raises:
      BadInput: it has no docstring, is asynchronous, or has the name of a conversation's own tool.
    """
    from mindseye.planner.chat.tools import OWN

    name = function.__name__
    if not (function.__doc__ or "").strip():
        raise BadInput(f"the tool {name!r} needs a docstring: it is all that a model is told of it")
    if name in (*OWN, "talk"):
        raise BadInput(f"a tool {name!r} is there already, as are {', '.join(OWN)} and talk")
    if inspect.iscoroutinefunction(function):
        raise BadInput(f"the tool {name!r} is asynchronous; tools are called in threads")
    _functions[name] = function
    return function


def import_plugins(modules: Sequence[str]) -> None:
    """Import modules that call `register_tool` or `register_world`.

    Raises:
      BadInput: one is not there, or fails.
    """
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as error:  # Somebody's code may raise anything.
            reason = one_line(error) or type(error).__name__
            raise BadInput(
                f"cannot import the plugin {name!r}: {reason}; is it installed, or on PYTHONPATH?"
            ) from error


def registered_tools() -> list[Any]:
    """Return the tools that were registered, as LangChain has them."""
    from langchain_core.tools import StructuredTool

    return [StructuredTool.from_function(function) for function in _functions.values()]
