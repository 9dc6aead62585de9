"""One video generator for many workers: a Ray actor that imagines for all of them in batches.

A worker's generator is then a `LentVideo`, which the config names as it would any other. Calls
that come while the generator is busy wait and are its next batch; a lone caller waits for nobody.
"""

import contextlib
import dataclasses
import threading
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from mindseye.planner.agent import load_tool, set_threads
from mindseye.planner.config import Config
from mindseye.planner.language.together import Together
from mindseye.tools.contracts import VideoGenerator
from mindseye.tools.spread.cluster import connected, unwrapped
from mindseye.tools.values import Clip, ImagineRequest

CALLS = 16
"""Calls that make one batch at most."""
AT_ONCE = 64
"""Calls that are listened to at a time; further ones queue up in Ray."""

Asked = Sequence[ImagineRequest]
Imagined = list[list[Clip]]


class BatchedVideo:
    """A video generator for callers in many threads; their calls are run as batches."""

    def __init__(self, video: VideoGenerator) -> None:
        """Take the generator that does the work."""
        self.video = video
        self.answered, self.batches = 0, 0
        """Calls so far, and the batches that they made."""
        self._together = Together(CALLS)

    def imagine(self, requests: Asked) -> Imagined:
        """Return the clips of this call; see `VideoGenerator.imagine`.

        Raises:
          ToolError: the generator cannot honour one of these requests.
        """
        return self._together.call(self._batch, requests)

    def _batch(self, asked: Sequence[Asked]) -> Sequence[Imagined]:
        made = iter(self.video.imagine([request for call in asked for request in call]))
        self.answered += len(asked)
        self.batches += 1
        return [[next(made) for _ in call] for call in asked]


class _Lender:
    """What runs in the actor's process: the generator that the config names, loaded when asked."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._loading = threading.Lock()
        self._loaded: BatchedVideo | None = None

    def video(self) -> BatchedVideo:
        # Not in the constructor: what is raised there Ray tells as the actor's death.
        with self._loading:
            if self._loaded is None:
                set_threads(self.config.threads)
                self._loaded = BatchedVideo(load_tool(self.config, "video"))
            return self._loaded

    def load(self) -> None:
        self.video()

    def imagine(self, requests: Asked) -> Imagined:
        return self.video().imagine(requests)


class LentVideo:
    """A video generator that is an actor elsewhere in the cluster."""

    def __init__(self, actor: str) -> None:
        """Find the actor by its name."""
        import ray

        self._ray, self._actor = ray, ray.get_actor(actor)

    def imagine(self, requests: Asked) -> Imagined:
        """Ask the actor; see `VideoGenerator.imagine`.

        Raises:
          ToolError: it cannot honour a request.
          Unavailable: it is gone.
        """
        try:
            made: Imagined = self._ray.get(self._actor.imagine.remote(list(requests)))
        except self._ray.exceptions.RayError as error:
            raise unwrapped(error) from None
        return made


@contextlib.contextmanager
def lent_video(config: Config, address: str, gpus: float) -> Iterator[Config]:
    """Load the config's video generator in an actor; yield the config of those who share it.

    The actor is started again if it dies, and asked again what it had not answered: imagining
    twice changes nothing, as a clip depends on its request alone.

    Args:
      config: names the generator; the actor holds as many CPUs as it has threads.
      address: of the Ray cluster.
      gpus: that the actor holds.

    Raises:
      Unavailable: no such cluster, or the generator cannot be loaded.
    """
    with connected(address) as ray:
        name = f"mindseye-video-{uuid.uuid4().hex[:8]}"
        actor: Any = ray.remote(_Lender).options(
            name=name, num_cpus=config.threads, num_gpus=gpus, max_concurrency=AT_ONCE,
            max_restarts=-1, max_task_retries=-1,
        ).remote(config)  # fmt: skip
        try:
            ray.get(actor.load.remote())
            path = f"{__name__}:{LentVideo.__name__}"
            yield dataclasses.replace(config, video=path, video_options={"actor": name})
        except ray.exceptions.RayError as error:
            raise unwrapped(error) from None
        finally:
            ray.kill(actor)
