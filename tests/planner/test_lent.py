"""One generator for many: calls that come while it is busy are its next batch."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mindseye.planner.lent import BatchedVideo
from mindseye.tools.errors import ToolError
from mindseye.tools.values import Clip, ImagineRequest, Provenance


class Slow:
    """A generator whose first batch waits to be let go; it cannot honour the seed 13."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self.batches: list[list[int]] = []

    def imagine(self, requests: Sequence[ImagineRequest]) -> list[list[Clip]]:
        self.batches.append([r.seed for r in requests])
        if 13 in self.batches[-1]:
            raise ToolError("unlucky")
        self.begun.set()
        assert self.go.wait(30)
        return [[_clip(r.seed)] for r in requests]


def _clip(seed: int) -> Clip:
    made = Provenance(source="video", model="slow", seed=seed)
    return Clip(frames=np.full((2, 8, 8, 3), seed, np.uint8), dt=0.25, provenance=made)


def _request(seed: int) -> ImagineRequest:
    return ImagineRequest(frame=np.zeros((8, 8, 3), np.uint8), text="push", seed=seed)


def test_calls_of_many_runs_are_one_batch_and_each_gets_its_own() -> None:
    slow = Slow()
    batched = BatchedVideo(slow)
    with ThreadPoolExecutor(8) as runs:
        first = runs.submit(batched.imagine, [_request(1)])
        assert slow.begun.wait(30)
        calls = [[2, 3], [4], [13], [5, 6]]
        others = [runs.submit(batched.imagine, [_request(s) for s in call]) for call in calls]
        while len(batched._together._waiting) < len(calls):
            time.sleep(0.01)
        slow.go.set()
        assert [c[0].provenance.seed for c in first.result(30)] == [1]
        for call, other in zip(calls, others, strict=True):
            if 13 in call:
                with pytest.raises(ToolError, match="unlucky"):
                    other.result(30)
            else:
                assert [c[0].provenance.seed for c in other.result(30)] == call
    # All that waited is one batch; as one of it cannot be honoured, they are asked one by one.
    assert [sorted(batch) for batch in slow.batches[:2]] == [[1], [2, 3, 4, 5, 6, 13]]
    assert len(slow.batches) == 2 + len(calls)
    assert (batched.answered, batched.batches) == (4, 4)
