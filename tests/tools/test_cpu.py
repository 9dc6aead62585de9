"""What a process keeps in memory."""

import platform

import numpy as np
import psutil
import pytest

from mindseye.tools import cpu


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is asked")
def test_what_is_free_between_what_lasts_goes_back_to_the_system() -> None:
    # Pieces too small for a mapping of their own, so that what lasts keeps the heap from shrinking.
    pieces = [np.ones(100_000, dtype=np.uint8) for _ in range(2000)]
    lasting = pieces[::20]
    del pieces
    before = psutil.Process().memory_info().rss
    cpu.give_back()
    after = psutil.Process().memory_info().rss
    assert before - after > 150e6
    assert all(piece.all() for piece in lasting)
