"""A mind's eye for language models: imagine, simulate, look, plan, act.

>>> from mindseye import Agent, make_world   # doctest: +SKIP
>>> world = make_world(seed=7)               # doctest: +SKIP
>>> Agent.from_config().run("push the red cube next to the blue ball", world)  # doctest: +SKIP
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Agent", "__version__", "make_world"]

if TYPE_CHECKING:
    from mindseye.planner.agent import Agent
    from mindseye.tools.world import make_world


def __getattr__(name: str) -> Any:
    # Imported on use, so that `import mindseye` and `mindseye --help` stay fast.
    if name == "Agent":
        from mindseye.planner.agent import Agent

        return Agent
    if name == "make_world":
        from mindseye.tools.world import make_world

        return make_world
    raise AttributeError(f"module 'mindseye' has no attribute {name!r}")
