"""The two error lanes: what a model is told, and what stops the program."""

import contextlib
from collections.abc import Iterator


class MindseyeError(Exception):
    """Fatal: one line that says what was given, what is allowed and what to do.

    `exit_code` is what the command line returns: 2 wrong use or bad input,
    3 a model or tool could not be reached.
    """

    exit_code = 2


class BadInput(MindseyeError):
    """The person asked for something that cannot be: a word, a key, a file, a goal."""


class Unavailable(MindseyeError):
    """A model, tool or extra that is not there or does not answer."""

    exit_code = 3


class WorldFailed(MindseyeError):
    """The world raised or its process died; the record up to there is intact."""

    exit_code = 3


class ToolError(Exception):
    """Told to the model, which may try again: a request that a tool cannot honour."""


def one_line(error: Exception) -> str:
    """Return an error as one line; what is no error of ours with its kind."""
    plain = isinstance(error, MindseyeError | ToolError)
    return " ".join((str(error) if plain else f"{type(error).__name__}: {error}").split())


@contextlib.contextmanager
def needs_extra(what: str, extra: str) -> Iterator[None]:
    """Say how to get a package that an import within finds missing.

    Args:
      what: that needs it, for the message.
      extra: of this package, that installs it.

    Raises:
      Unavailable: it is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("mindseye"):
            raise
        raise Unavailable(
            f'{what} needs {error.name!r}: pip install "mindseye[{extra}]"'
        ) from error
