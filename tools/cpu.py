"""How models compute on a CPU: how their threads wait, and what is kept in memory."""

import ctypes
import os
import sys

POLICY, SPINS = "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"
AWAKE = 1000
"""Turns that a thread waits awake for its next piece of work, some microseconds each hundred."""
KEPT = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "128", "LRU_CACHE_CAPACITY": "64"}
"""Compiled products that oneDNN and what torch has between keep, a thousand each by themselves:
each width of a pass has its own, with memory beside it, so that a process grew by megabytes a run.
To keep so few takes no measurable time."""


def settle() -> None:
    """Have threads sleep between two pieces of work, and few kernels kept; before torch is loaded.

    Threads that wait by spinning stall each other on a machine that does anything else: ten times
    slower was measured. A moment awake first costs little then, and saves waking them otherwise.
    What the environment says already holds.
    """
    os.environ.setdefault(POLICY, "PASSIVE")
    if threads_sleep():
        os.environ.setdefault(SPINS, str(AWAKE))
    for name, most in KEPT.items():
        os.environ.setdefault(name, most)


def threads_sleep() -> bool:
    """Say whether threads of models have to be woken for a piece of work."""
    return os.environ.get(POLICY, "").upper() == "PASSIVE"


def as_found() -> dict[str, str]:
    """Return the environment without what `settle` sets, whoever did: for models not ours."""
    return {k: v for k, v in os.environ.items() if k not in (POLICY, SPINS, *KEPT)}


def give_back() -> None:
    """Return to the system what memory is free, where the C library can (glibc's).

    By itself that keeps most of what a run needed for a moment, in pieces between what lasts,
    and a little more after each. It takes some hundredths of a second.
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "malloc_trim"):
        library.malloc_trim(0)
