"""Counts the tokens that language models read and write for one piece of work."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.tracers.context import register_configure_hook


@dataclass(kw_only=True)
class Usage:
    """Tokens of one piece of work."""

    read: int = 0
    written: int = 0


_counted: ContextVar[Usage | None] = ContextVar("mindseye_usage", default=None)
_told: ContextVar[UsageMetadataCallbackHandler | None] = ContextVar("mindseye_told", default=None)
# Once: LangChain's own get_usage_metadata_callback adds a hook each time, never takes one
# away, and every call of a model goes through them all.
register_configure_hook(_told, inheritable=True)


def add(read: int, written: int) -> None:
    """Count tokens of the embedded model, which tells LangChain nothing of them."""
    usage = _counted.get()
    if usage is not None:
        usage.read += read
        usage.written += written


@contextlib.contextmanager
def counted() -> Iterator[Usage]:
    """Count what every language model, embedded or not, reads and writes meanwhile.

    The figures are whole once the block has ended. Not counted: what an endpoint
    does not tell, and the work of other threads.
    """
    usage, told = Usage(), UsageMetadataCallbackHandler()
    counting, hearing = _counted.set(usage), _told.set(told)
    try:
        yield usage
    finally:
        _told.reset(hearing)
        _counted.reset(counting)
        for row in told.usage_metadata.values():
            usage.read += row["input_tokens"]
            usage.written += row["output_tokens"]
