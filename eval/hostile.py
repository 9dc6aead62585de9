"""Makes hostile inputs: what is broken, absurd, or after something.

Every input follows from a seed and its number alone, so that one finding can be made
again. Most start from a valid text and know its structure: what is nearly right gets
further into a parser than noise does.
"""

import json
import random
from typing import Literal

from mindseye.eval import hostile_mjcf, hostile_program

Target = Literal["mjcf", "program"]


def hostile(target: Target, seed: int, index: int, canary: str) -> str:
    """Return input number `index`.

    Args:
      target: which parser it is for.
      seed: of the whole series.
      index: number of the input.
      canary: path of a file that nobody may touch; some inputs name it.
    """
    rng = random.Random(f"{target}:{seed}:{index}")
    ways = hostile_mjcf.WAYS if target == "mjcf" else hostile_program.WAYS
    made = rng.choices([w for w, _ in ways], [share for _, share in ways])[0](rng)
    return made.replace("{canary}", canary)


def valid(target: Target) -> list[str]:
    """Return valid texts of every form, which inputs are made from."""
    if target == "mjcf":
        return list(hostile_mjcf.MJCF)
    return [json.dumps(program) for program in hostile_program.PROGRAMS]
