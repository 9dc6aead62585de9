"""The one place that imports MuJoCo, after deciding that no GL is needed and no log is kept.

Without `MUJOCO_GL` MuJoCo looks for a window system and warns on machines that
have none. The renderer here casts rays, so GL is off unless the user asks for it.
Nor may a warning leave a `MUJOCO_LOG.TXT` in whatever folder somebody stands in.
"""

import os

os.environ.setdefault("MUJOCO_GL", "disable")

import mujoco
import mujoco.batch

_log = mujoco.MjLogConfig.get()
_log.logto_file = False
_log.set()

__all__ = ["mujoco"]
