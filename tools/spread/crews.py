"""Where workers are, as a person says it, and the crew that stands for it."""

from dataclasses import dataclass

from mindseye.tools.errors import BadInput
from mindseye.tools.spread.interface import Crew, Work


@dataclass(frozen=True, kw_only=True)
class Where:
    """Processes of this machine, or a Ray cluster."""

    workers: int | None = None
    """How many; None is one process, or as many as the cluster has room for."""
    ray: str | None = None
    """Address of the cluster; None stays on this machine."""
    cpus: int = 1
    """That a worker holds in the cluster."""
    gpus: float = 0.0
    """That a worker holds in the cluster."""


def make_crew(work: Work, where: Where, *, here: bool = False) -> Crew:
    """Return a crew; nobody has started yet.

    Args:
      work: what its workers can do.
      where: how many, and where.
      here: a single worker may be this process itself.

    Raises:
      BadInput: a number of workers, or GPUs without a cluster, that cannot be.
      Unavailable: Ray is not installed, or no cluster answers.
    """
    if where.workers is not None and where.workers < 1:
        raise BadInput(f"workers must be at least 1, not {where.workers}")
    if where.ray is not None:
        from mindseye.tools.spread.cluster import RayCrew

        return RayCrew(work, where.ray, where.workers, cpus=where.cpus, gpus=where.gpus)
    if where.gpus:
        raise BadInput("GPUs are handed out by a Ray cluster alone: give --ray ADDRESS as well")
    from mindseye.tools.spread.processes import Here, Processes

    workers = where.workers or 1
    return Here(work) if here and workers == 1 else Processes(work, workers)
