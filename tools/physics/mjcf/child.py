"""The process that simulates what a model wrote, and holds itself to its limits first.

`python -m mindseye.tools.physics.mjcf.child` loads MuJoCo once, then forks a child
for every request on its standard input: a child costs milliseconds, inherits
nothing of an earlier simulation, and can be killed. Before it looks at the request a
child gives up opening files and sockets, writing, starting processes, and more than
its memory and processor time. Nobody but root can raise such a limit again.

Frames on the pipe are `[length of head, length of body]` as two little-endian
unsigned 32-bit numbers, then a JSON head, then raw bytes. Never a pickle: what comes
from a child is read as distrustfully as what went in.
"""

import json
import math
import os
import resource
import select
import signal
import struct
import sys
import time
import traceback
from typing import IO, Any

import numpy as np

from mindseye.tools.errors import ToolError
from mindseye.tools.physics.mjcf.motion import Motion, Request, simulate

LENGTHS = struct.Struct("<II")
LARGEST = 64 * 2**20
"""A longer frame is refused, bytes."""
MEGABYTE = 2**20


def write_frame(stream: IO[bytes], head: dict[str, Any], body: bytes = b"") -> None:
    """Write one frame."""
    raw = json.dumps(head).encode()
    stream.write(LENGTHS.pack(len(raw), len(body)) + raw + body)
    stream.flush()


def read_frame(stream: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """Read one frame.

    Raises:
      EOFError: the other end is closed.
      ValueError: it is longer than `LARGEST`, or no frame.
    """
    head, body = LENGTHS.unpack(_exactly(stream, LENGTHS.size))
    if head + body > LARGEST:
        raise ValueError(f"a frame of {head + body} bytes; at most {LARGEST}")
    decoded = json.loads(_exactly(stream, head))
    if not isinstance(decoded, dict):
        raise ValueError("a frame's head must be a JSON object")
    return decoded, _exactly(stream, body)


def _exactly(stream: IO[bytes], n: int) -> bytes:
    parts = []
    while n:
        part = stream.read(n)
        if not part:
            raise EOFError("the other end is closed")
        parts.append(part)
        n -= len(part)
    return b"".join(parts)


def pack(motion: Motion) -> tuple[dict[str, Any], bytes]:
    """Return a motion as head and body of a frame."""
    head = {
        "status": "done", "names": motion.names, "contacts": motion.contacts,
        "states": motion.states.shape, "frames": motion.frames.shape,
    }  # fmt: skip
    return head, motion.times.tobytes() + motion.states.tobytes() + motion.frames.tobytes()


def unpack(head: dict[str, Any], body: bytes) -> Motion:
    """Return the motion that `pack` made a frame of.

    Raises:
      ValueError: lengths and shapes do not agree.
    """
    t, n, width = (int(x) for x in head["states"])
    first, second = t * 8, t * 8 + t * n * width * 8
    return Motion(
        names=tuple(str(x) for x in head["names"]),
        times=np.frombuffer(body[:first], dtype="<f8"),
        states=np.frombuffer(body[first:second], dtype="<f8").reshape(t, n, width),
        contacts=tuple((float(t), str(a), str(b)) for t, a, b in head["contacts"]),
        frames=np.frombuffer(body[second:], dtype=np.uint8).reshape(head["frames"]),
    )


def confine(wall: float, memory: int) -> None:
    """Give up everything that a simulation does not need, for good.

    Args:
      wall: seconds; the limit of processor time is a little above it.
      memory: megabytes of address space beyond what the process has now. Held on Linux only.
    """
    space = None
    if os.path.exists("/proc/self/statm"):
        with open("/proc/self/statm", encoding="ascii") as file:
            space = int(file.read().split()[0]) * resource.getpagesize() + memory * MEGABYTE
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    limits = {
        # No file, socket or pipe can be opened, by Python or by MuJoCo's own log.
        resource.RLIMIT_NOFILE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_CPU: math.ceil(wall) + 1,
    }
    if space is not None:
        limits[resource.RLIMIT_AS] = space
    for which, most in limits.items():
        resource.setrlimit(which, (most, most))


def _in_child(request: Request, out: int) -> None:
    """Answer into the pipe `out`; whatever happens, end here."""
    try:
        with os.fdopen(out, "wb") as pipe:
            try:
                confine(request.wall, request.memory)
                head, body = pack(simulate(request))
            except ToolError as error:
                head, body = {"status": "refused", "why": str(error)}, b""
            except MemoryError:
                head, body = {"status": "memory"}, b""
            except Exception:
                # Carried to the parent, which raises it: a mistake of ours is not the model's.
                head, body = {"status": "bug", "why": traceback.format_exc()}, b""
            write_frame(pipe, head, body)
    finally:
        os._exit(0)


def _collect(source: int, until: float) -> bytes | None:
    """Return what the pipe holds up to its end, or None when it is late or too much."""
    parts: list[bytes] = []
    length = 0
    while True:
        left = until - time.monotonic()
        if left <= 0 or not select.select([source], [], [], left)[0]:
            return None
        part = os.read(source, MEGABYTE)
        if not part:
            return b"".join(parts)
        parts.append(part)
        length += len(part)
        if length > LARGEST:
            return None


def run_forked(request: Request) -> tuple[dict[str, Any], bytes]:
    """Simulate in a child; return head and body of its answer.

    The head says `status`: done, refused, memory, killed (at a limit), crashed, or bug; and
    `seconds` and `megabytes` (above the parent's own) that it took.
    """
    started = time.monotonic()
    source, sink = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(source)
        _in_child(request, sink)
    os.close(sink)
    answer = _collect(source, started + request.wall)
    os.close(source)
    if answer is None:
        os.kill(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    head, body = _judge(answer, status)
    head["seconds"] = time.monotonic() - started
    # Linux counts kilobytes.
    head["megabytes"] = max(0.0, (usage.ru_maxrss - own) / 1024)
    return head, body


def _judge(answer: bytes | None, status: int) -> tuple[dict[str, Any], bytes]:
    if answer is None or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU):
        return {"status": "killed"}, b""
    if len(answer) < LENGTHS.size:
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        return {"status": "crashed", "signal": number}, b""
    head, body = LENGTHS.unpack_from(answer)
    if LENGTHS.size + head + body != len(answer):
        return {"status": "crashed", "signal": 0}, b""
    try:
        decoded = json.loads(answer[LENGTHS.size : LENGTHS.size + head])
        return {**decoded, "status": str(decoded["status"])}, answer[LENGTHS.size + head :]
    except (ValueError, KeyError, TypeError):
        return {"status": "crashed", "signal": 0}, b""


_REHEARSAL = """<mujoco><worldbody><geom type="plane" size="1 1 1"/><body pos="0 0 0.09">
<freejoint/><geom size="0.1"/></body></worldbody></mujoco>"""


def rehearse() -> None:
    """Do once what a child does, so that nothing is left to be imported where no file opens."""
    request = Request(
        xml=_REHEARSAL, seconds=0.02, rate=100, picture=8, steps=100, total_mass=1e4, wall=5,
        memory=64,
    )  # fmt: skip
    json.dumps(pack(simulate(request))[0])


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer requests one after the other until the other end closes."""
    rehearse()
    while True:
        try:
            head, _ = read_frame(requests)
        except EOFError:
            return
        write_frame(answers, *run_forked(Request(**head)))


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
