"""The map from a raw score to a probability, which judges of any kind may be given."""

import itertools
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from mindseye.tools.errors import BadInput

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Knot = tuple[Share, Share]
"""A raw score and its probability."""


class Calibration(BaseModel):
    """A rising line through knots; as it stands it leaves scores as they are. Also its JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    knots: tuple[Knot, ...] = ((0.0, 0.0), (1.0, 1.0))
    """Straight between them, level beyond the outermost."""
    pairs: int = 0
    """What it was fitted to; 0 where it was not."""
    simulated: bool = False
    """It was fitted to pushes that were simulated, and says nothing of what was imagined alone."""

    @field_validator("knots")
    @classmethod
    def _rising(cls, knots: tuple[Knot, ...]) -> tuple[Knot, ...]:
        steps = itertools.pairwise(knots)
        if not knots or any(b[0] <= a[0] or b[1] < a[1] for a, b in steps):
            raise ValueError("knots are [raw, probability], raw rising, probability not falling")
        return knots

    def probability(self, raw: float) -> float:
        """Return the probability that a raw score stands for."""
        raws, probabilities = zip(*self.knots, strict=True)
        return float(np.interp(raw, raws, probabilities))


def read_map(file: Path | Traversable, name: str) -> Calibration:
    """Read a calibration.

    Args:
      file: its JSON.
      name: what messages call it.

    Raises:
      BadInput: the file cannot be read, or holds no calibration.
    """
    try:
        return Calibration.model_validate_json(file.read_bytes())
    except OSError as error:
        raise BadInput(f"cannot read the calibration {name!r}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        told = f"{where}: {first['msg']}" if where else first["msg"]
        raise BadInput(
            f"{name!r} is no calibration, as mindseye eval tabletop --calibrate writes it: {told}"
        ) from error
