"""The two error lanes: what a model is told, and what stops the program."""


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
