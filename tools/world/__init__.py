"""Worlds: act and observe. `make_world` gives a sealed one, in a process of its own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mindseye.tools.world.sealed import SealedWorld

__all__ = ["make_world"]


def make_world(
    name: str = "tabletop",
    *,
    objects: Sequence[str] | None = None,
    seed: int = 0,
    **options: Any,
) -> "SealedWorld":
    """Open a world and lay the table.

    Args:
      name: `tabletop`, a Gymnasium id such as `mindseye/Tabletop-v0`, an entry
        point of the group `mindseye.world`, or `package.module:Class`.
      objects: names such as "red cube"; None lets the seed choose.
      seed: fixes everything by chance in the world.
      **options: see `mindseye.tools.world.tabletop.Tabletop`.

    Raises:
      BadInput: no such world, object or option.
    """
    from mindseye.tools.world.sealed import SealedWorld

    world = SealedWorld(name, options)
    reset_options = {} if objects is None else {"objects": list(objects)}
    world.prepare(seed=seed, options=reset_options)
    return world
