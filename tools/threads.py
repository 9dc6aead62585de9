"""How threads of models wait for each other."""

import os

SPINS = 1000
"""Turns that a thread waits awake for its next piece of work, some microseconds each hundred."""


def wait_asleep() -> None:
    """Have the threads of models sleep between two pieces of work; before torch is loaded.

    Threads that wait by spinning stall each other on a machine that does anything else: ten times
    slower was measured. A moment awake first costs nothing then, and saves waking them otherwise.
    What the environment says already holds.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))


def sleep() -> bool:
    """Say whether threads of models have to be woken for a piece of work."""
    return os.environ.get("OMP_WAIT_POLICY", "").upper() == "PASSIVE"
