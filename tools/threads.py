"""How threads of models wait for each other."""

import os

POLICY, SPINS = "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"
AWAKE = 1000
"""Turns that a thread waits awake for its next piece of work, some microseconds each hundred."""


def wait_asleep() -> None:
    """Have the threads of models sleep between two pieces of work; before torch is loaded.

    Threads that wait by spinning stall each other on a machine that does anything else: ten times
    slower was measured. A moment awake first costs little then, and saves waking them otherwise.
    What the environment says already holds.
    """
    os.environ.setdefault(POLICY, "PASSIVE")
    if sleep():
        os.environ.setdefault(SPINS, str(AWAKE))


def sleep() -> bool:
    """Say whether threads of models have to be woken for a piece of work."""
    return os.environ.get(POLICY, "").upper() == "PASSIVE"


def as_found() -> dict[str, str]:
    """Return the environment without what `wait_asleep` puts there: for processes not ours."""
    return {k: v for k, v in os.environ.items() if k not in (POLICY, SPINS)}
