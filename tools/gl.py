"""The one place that imports MuJoCo, after deciding that no GL is needed.

Without `MUJOCO_GL` MuJoCo looks for a window system and warns on machines that
have none. The renderer here casts rays, so GL is off unless the user asks for it.
"""

import os

os.environ.setdefault("MUJOCO_GL", "disable")

import mujoco
import mujoco.batch

__all__ = ["mujoco"]
