"""Long work as an iterator of what it tells: it runs in a thread, the caller reads at leisure."""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

Told = TypeVar("Told")
Result = TypeVar("Result")


class Streaming(Generic[Told, Result]):
    """Iterates over what a piece of work tells; when that ends, `result` holds what it returned.

    Leaving the iteration early does not stop the work; the work's own stop does.

    Args:
      work: is given a function that it calls with each thing it tells.
    """

    def __init__(self, work: Callable[[Callable[[Told], None]], Result]) -> None:
        self._told: queue.SimpleQueue[Told | None] = queue.SimpleQueue()
        self._error: BaseException | None = None
        self._result: list[Result] = []
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[Callable[[Told], None]], Result]) -> None:
        try:
            self._result.append(work(self._told.put))
        except BaseException as error:  # Raised where the caller reads.
            self._error = error
        finally:
            self._told.put(None)

    def __iter__(self) -> Iterator[Told]:
        """Yield each thing as it is told.

        Raises:
          whatever the work raised, after the last thing that it told.
        """
        while (told := self._told.get()) is not None:
            yield told
        self._told.put(None)  # For who iterates once more.
        if self._error is not None:
            raise self._error

    @property
    def result(self) -> Result:
        """What the work returned; waits for its end.

        Raises:
          whatever the work raised.
        """
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._result[0]
