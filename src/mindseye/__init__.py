"""A mind's eye for language models: imagine, simulate, look, plan, act.

>>> from mindseye import Agent, make_world   # doctest: +SKIP
>>> world = make_world(seed=7)               # doctest: +SKIP
>>> Agent.from_config().run("push the red cube next to the blue ball", world)  # doctest: +SKIP
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = [
    "Agent", "Conversation", "__version__", "ask", "make_world", "register_tool", "register_world",
]  # fmt: skip

if TYPE_CHECKING:
    from mindseye.planner.agent import Agent
    from mindseye.planner.ask import ask
    from mindseye.planner.chat.conversation import Conversation
    from mindseye.planner.registry import register_tool
    from mindseye.tools.contracts import register_world
    from mindseye.tools.world import make_world

_WHERE = {
    "Agent": "mindseye.planner.agent",
    "Conversation": "mindseye.planner.chat.conversation",
    "ask": "mindseye.planner.ask",
    "make_world": "mindseye.tools.world",
    "register_tool": "mindseye.planner.registry",
    "register_world": "mindseye.tools.contracts",
}


def __getattr__(name: str) -> Any:
    # Imported on use, so that `import mindseye` and `mindseye --help` stay fast.
    if name not in _WHERE:
        raise AttributeError(f"module 'mindseye' has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]), name)
