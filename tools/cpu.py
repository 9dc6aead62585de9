"""How models compute on a CPU: how their threads wait, and how many kernels are kept."""

import os

POLICY, SPINS, KEPT = "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
AWAKE = 1000
"""Turns that a thread waits awake for its next piece of work, some microseconds each hundred."""
PRODUCTS = 128
"""Compiled products that are kept: each width of a pass has its own, of some hundred kilobytes, and
to keep eight times as many gained no measurable time."""


def settle() -> None:
    """Have threads sleep between two pieces of work, and few kernels kept; before torch is loaded.

    Threads that wait by spinning stall each other on a machine that does anything else: ten times
    slower was measured. A moment awake first costs little then, and saves waking them otherwise.
    What the environment says already holds.
    """
    os.environ.setdefault(POLICY, "PASSIVE")
    if threads_sleep():
        os.environ.setdefault(SPINS, str(AWAKE))
    os.environ.setdefault(KEPT, str(PRODUCTS))


def threads_sleep() -> bool:
    """Say whether threads of models have to be woken for a piece of work."""
    return os.environ.get(POLICY, "").upper() == "PASSIVE"


def as_found() -> dict[str, str]:
    """Return the environment without what `settle` puts there: for processes not ours."""
    return {k: v for k, v in os.environ.items() if k not in (POLICY, SPINS, KEPT)}
