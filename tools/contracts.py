"""What a tool must be able to do, and how a back-end is found by name.

Five protocols; everything else in the package depends on these and on
`mindseye.tools.values`. A back-end is a short name from the table below, a
dotted path `package.module:Attribute`, or an entry point in the group
`mindseye.<kind>`. It is imported only when chosen.
"""

import importlib
import importlib.metadata
import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.errors import BadInput, Unavailable
from mindseye.tools.goals import Goal
from mindseye.tools.values import (
    Carried,
    Clip,
    Decoded,
    Frames,
    ImagineRequest,
    Outcome,
    Push,
    Reward,
    Rollout,
    SceneGraph,
)

Wanted = TypeVar("Wanted", contravariant=True)
Now = TypeVar("Now", contravariant=True)
Kind = Literal["video", "physics", "vision", "world", "decoder"]

BACKENDS: dict[Kind, dict[str, str]] = {
    "video": {
        "ltx-tabletop": "mindseye.tools.video.generator:TabletopVideo",
        "ltx-screen": "mindseye.tools.video.screen.generator:ScreenVideo",
        "diffusers": "mindseye.tools.video.pipelines.generator:DiffusersVideo",
        "ltx-video": "mindseye.tools.video.pipelines.named:ltx_video",
        "wan-text": "mindseye.tools.video.pipelines.named:wan_text",
        "wan-image": "mindseye.tools.video.pipelines.named:wan_image",
        "wan-first-last": "mindseye.tools.video.pipelines.named:wan_first_last",
        "cogvideox-text": "mindseye.tools.video.pipelines.named:cogvideox_text",
        "cogvideox-image": "mindseye.tools.video.pipelines.named:cogvideox_image",
        "stable-video": "mindseye.tools.video.pipelines.named:stable_video",
    },
    "physics": {"mujoco": "mindseye.tools.physics.engine:MujocoPhysics"},
    "vision": {
        "segformer-tabletop": "mindseye.tools.vision.model:TabletopVision",
        "vlm": "mindseye.tools.vision.vlm.local:local_vision",
        "vlm-endpoint": "mindseye.tools.vision.vlm.endpoint:endpoint_vision",
    },
    "world": {"tabletop": "mindseye.tools.world.tabletop:Tabletop"},
    "decoder": {"closed-loop": "mindseye.planner.decode:ClosedLoopPush"},
}


@runtime_checkable
class VideoGenerator(Protocol):
    """Imagines what a clip that starts with this frame and follows these words looks like."""

    def imagine(self, requests: Sequence[ImagineRequest]) -> list[list[Clip]]:
        """Return `samples` clips for each request, all generated in one batch.

        Raises:
          ToolError: the request asks for what this generator cannot honour.
        """
        ...


@runtime_checkable
class TakesParts(Protocol):
    """A video generator that says whether it honours frames of which only a part is given."""

    takes_parts: bool


def takes_parts(video: object) -> bool:
    """Say whether a video generator honours `ImagineRequest.known`."""
    return isinstance(video, TakesParts) and video.takes_parts


@runtime_checkable
class KnowsRest(Protocol):
    """A video generator of screens that knows how usual it is to press nothing."""

    rest: float
    """See `mindseye.tools.games.overlay.Keyboard`."""


def rest_of(video: object) -> float:
    """Return how usual it is to press nothing in what a video generator has seen."""
    return video.rest if isinstance(video, KnowsRest) else 1.0


@runtime_checkable
class KnowsPast(Protocol):
    """A video generator of screens that has learned to go on from a past of a certain kind."""

    past: int
    """Frames, at most; 0 for as many as are given."""
    bare: bool
    """Whether they show no keys."""


def past_of(video: object) -> tuple[int, bool]:
    """Return from how many frames a video generator goes on, 0 for any, and whether bare ones."""
    return (video.past, video.bare) if isinstance(video, KnowsPast) else (0, False)


@runtime_checkable
class JudgesClips(Protocol):
    """A video generator that also says how likely it holds a clip to be."""

    def likelihoods(
        self, requests: Sequence[ImagineRequest], clips: Sequence[Frames]
    ) -> NDArray[np.float64]:
        """Return `[N]` log-likelihood proxies, at most 0: an error, negative.

        They are comparable between clips that go on from the same frames with the same seed.

        Args:
          requests: whose given frames and words each clip belongs to.
          clips: `[T, H, W, 3] uint8` each, what was given included.
        """
        ...


@runtime_checkable
class PhysicsEngine(Protocol):
    """Computes what happens in a scene under interventions."""

    def simulate(
        self,
        scene: SceneGraph,
        interventions: Sequence[Push],
        horizon: float,
        render: bool = False,
    ) -> list[Rollout]:
        """Simulate every intervention from the same scene, as one batch.

        Args:
          scene: what was seen; never the world's own state.
          interventions: one rollout each.
          horizon: seconds after which a rollout is cut.
          render: attach a clip of each rollout.
        """
        ...


@runtime_checkable
class ManyScenes(Protocol):
    """A physics engine that also takes a scene for each push: a wave of a search is one call."""

    def simulate_each(
        self,
        scenes: Sequence[SceneGraph],
        interventions: Sequence[Push],
        horizon: float,
        render: bool = False,
    ) -> list[Rollout]:
        """Simulate every intervention from its own scene; see `PhysicsEngine.simulate`."""
        ...


@runtime_checkable
class Learns(PhysicsEngine, Protocol):
    """A physics engine that learns from what really happened how things move here."""

    def learned(self, done: Sequence[Carried]) -> "Learns":
        """Return an engine that believes what explains pushes best; this one stays as it is."""
        ...

    def believes(self) -> Mapping[str, float]:
        """Return what it believes, each amount by its name."""
        ...


@runtime_checkable
class VisionModel(Protocol):
    """Reads frames and clips, the camera's and the generator's alike."""

    def look(self, frames: Sequence[Frames]) -> list[SceneGraph]:
        """Return the scene graph of each frame (`[H, W, 3] uint8`), read in one batch."""
        ...

    def outcome(self, clips: Sequence[Clip], before: SceneGraph) -> list[Outcome]:
        """Return what each clip shows to have happened to the scene `before`."""
        ...

    def reward(self, outcome: Outcome, goal: Goal) -> Reward:
        """Return how well the outcome serves the goal."""
        ...


@runtime_checkable
class ManyOutcomes(Protocol):
    """A vision model that also reads clips of different scenes in one call."""

    def outcome_each(self, clips: Sequence[Clip], befores: Sequence[SceneGraph]) -> list[Outcome]:
        """Return what each clip shows to have happened to its own scene before it."""
        ...


@runtime_checkable
class World(Protocol):
    """The Gymnasium API: pixels and proprioception out, actions in, nothing else."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Start an episode; the observation holds `frame` and `pusher`."""
        ...

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[dict[str, NDArray[Any]], float, bool, bool, dict[str, Any]]:
        """Act for a tenth of a second."""
        ...

    def close(self) -> None:
        """Free the world."""
        ...


@runtime_checkable
class ActionDecoder(Protocol[Wanted, Now]):
    """Turns what is wanted into motion: the next action, or the next few.

    One contract for whatever reads actions out of pictures. What may be wanted and what there is
    to go by differ: the table's pusher is told a push and steers by what vision sees
    (`mindseye.planner.decode`), a video model that plays is told words or a picture and goes by
    the last frames (`mindseye.planner.video_agent`).
    """

    def decode(self, wanted: Wanted, now: Now) -> Decoded | None:
        """Return what to do next, or None when what is wanted is done."""
        ...


def backend_path(kind: Kind, name: str) -> str:
    """Return the `package.module:Attribute` that `name` stands for, without importing it.

    Args:
      kind: which contract it fulfils.
      name: short name, entry point of the group `mindseye.<kind>`, or `package.module:Attribute`.

    Raises:
      BadInput: no back-end of that name.
    """
    table = dict(BACKENDS[kind])
    if name not in table and ":" not in name:
        table |= {
            e.name: e.value for e in importlib.metadata.entry_points(group=f"mindseye.{kind}")
        }
    path = table.get(name, name)
    if ":" not in path:
        known = ", ".join(sorted(table))
        raise BadInput(
            f"no {kind} back-end called {name!r}; known: {known}; or give package.module:Attribute"
        )
    return path


def register_world(name: str, path: str) -> None:
    """Let `make_world` and every command know a world by a short name.

    Args:
      name: short name.
      path: `package.module:Class` of a Gymnasium environment whose observation holds
        `frame` and `pusher`. A path, since the world runs in a process of its own.

    Raises:
      BadInput: no such path, or a name that another world has.
    """
    if not re.fullmatch(r"[\w.]+:\w+", path):
        raise BadInput(f"a world is registered as package.module:Class, not {path!r}")
    if BACKENDS["world"].get(name, path) != path:
        raise BadInput(f"a world called {name!r} is there already; choose another name")
    BACKENDS["world"][name] = path


def _parameters(factory: Any) -> frozenset[str]:
    try:
        return frozenset(inspect.signature(factory).parameters)
    except (TypeError, ValueError):
        # Written in C, or no constructor at all: calling it will say so better.
        return frozenset()


def load_backend(
    kind: Kind,
    name: str,
    options: Mapping[str, Any] | None = None,
    offered: Mapping[str, Any] | None = None,
) -> Any:
    """Build the back-end called `name`.

    Args:
      kind: which contract it fulfils.
      name: short name, entry point of the group `mindseye.<kind>`, or `package.module:Attribute`.
      options: keyword arguments for its constructor.
      offered: further ones, such as `device`, that are left out where it does not take them.

    Raises:
      BadInput: no back-end of that name, or options it does not take.
      Unavailable: it needs a package that is not installed.
    """
    module, _, attribute = backend_path(kind, name).partition(":")
    try:
        factory = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        raise Unavailable(
            f"{kind} back-end {name!r} needs the package {error.name!r}: pip install {error.name}"
        ) from error
    except AttributeError as error:
        raise BadInput(f"{kind} back-end {name!r}: {module} has no {attribute!r}") from error
    given = {k: v for k, v in (offered or {}).items() if k in _parameters(factory)}
    try:
        return factory(**{**given, **(options or {})})
    except TypeError as error:
        raise BadInput(f"{kind} back-end {name!r}: {error}") from error
