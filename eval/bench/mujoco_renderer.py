"""A process that draws with `mujoco.Renderer`: `python -m ... SIZE FRAMES`, with MUJOCO_GL=egl.

It says "ready" when it can. For each line that comes in it draws the frames and says how many
seconds that took.
"""

import sys
import time

from mindseye.eval.bench.physics import laid, table
from mindseye.tools.gl import mujoco


def main(size: int, frames: int) -> None:
    """Draw whenever asked, until standard input ends."""
    model, data = laid(table())
    renderer = mujoco.Renderer(model, size, size)
    renderer.update_scene(data)
    renderer.render()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for _ in sys.stdin:
        started = time.perf_counter()
        for _ in range(frames):
            renderer.update_scene(data)
            renderer.render()
        sys.stdout.write(f"{time.perf_counter() - started}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
