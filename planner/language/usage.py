"""Counts the tokens that language models read and write for one piece of work."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from langchain_core.callbacks import get_usage_metadata_callback


@dataclass(kw_only=True)
class Usage:
    """Tokens of one piece of work."""

    read: int = 0
    written: int = 0


_counted: ContextVar[Usage | None] = ContextVar("mindseye_usage", default=None)


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
    usage = Usage()
    token = _counted.set(usage)
    try:
        with get_usage_metadata_callback() as told:
            yield usage
    finally:
        _counted.reset(token)
        for row in told.usage_metadata.values():
            usage.read += row["input_tokens"]
            usage.written += row["output_tokens"]
