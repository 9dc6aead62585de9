"""`mindseye agent`: a video model plays an episode, which leaves a record and a film."""

import contextlib
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mindseye.planner.events import Continued, Finished, RunStarted
from mindseye.planner.media import contact_sheet, enlarge, write_clip
from mindseye.planner.record import Recorder, new_run_folder
from mindseye.planner.video_agent.decoders import DECODERS, Inverse, Overlay, Vote
from mindseye.planner.video_agent.imagination import Aim, Imagination, Past
from mindseye.planner.video_agent.likeliest import Likeliest
from mindseye.planner.video_agent.matching import Matching, possible_actions
from mindseye.planner.video_agent.policy import Thought, VideoPolicy
from mindseye.tools.contracts import ActionDecoder, VideoGenerator, load_backend
from mindseye.tools.errors import BadInput, MindseyeError, ToolError
from mindseye.tools.games.game import GameSpec, scaled, shows_same
from mindseye.tools.games.overlay import keyboard_of
from mindseye.tools.games.playing import Recording
from mindseye.tools.games.worlds import game_spec, make_game
from mindseye.tools.values import Clip, Frames

VIDEO = "ltx-screen"
"""The video back-end that plays by default."""
FUTURE = 4
"""Imagined frames that are shown in a film, at most."""
KEPT = 4
"""Futures of a decision that a record keeps, at most."""
SCALE = 3
"""A film shows each pixel so wide."""


@dataclass(frozen=True, kw_only=True)
class Playing:
    """How a video model plays; what is not said is the policy's own."""

    decoder: str = "overlay"
    """One of `DECODERS`."""
    video: str = VIDEO
    """Short name or `package.module:Attribute` of a video back-end."""
    weights: Path | None = None
    """Folder of the video model's weights, or of one such folder for each game; None for those in
    the package."""
    inverse: Path | None = None
    """Folder of an inverse dynamics model, for the decoder of that name."""
    overlay: bool = True
    """The model has seen keyboards in its frames."""
    context: int = 4
    """Real frames that a future begins with."""
    execute: int = 1
    """Actions that are done of each future."""
    rate: float | None = None
    """Actions a second at most; None does not wait."""


def load_video(playing: Playing, world: str) -> VideoGenerator:
    """Load the video model that plays a game.

    Raises:
      BadInput: no such back-end, one that takes no weights, or one that knows another game.
      Unavailable: its weights or a package are missing.
    """
    folder = playing.weights
    if playing.video == VIDEO:
        from mindseye.tools.video.screen.generator import WEIGHTS

        folder = folder or WEIGHTS / world
        folder = folder / world if (folder / world).is_dir() else folder
    options = {} if folder is None else {"weights": folder}
    video: VideoGenerator = load_backend("video", playing.video, options)
    known = getattr(video, "game", world)
    if known != world:
        raise BadInput(f"that video model plays {known}, not {world}: mindseye train screen")
    return video


def make_decoder(
    playing: Playing, imagination: Imagination, spec: GameSpec
) -> ActionDecoder[Aim, Past]:
    """Return the decoder that is asked for.

    Raises:
      BadInput: no such decoder, or one that this model does not allow.
    """
    if playing.decoder == "overlay":
        return Overlay(imagination, playing.execute)
    if playing.decoder == "vote":
        return Vote(imagination, playing.execute)
    if playing.decoder == "matching":
        actions = possible_actions(spec.space)
        told = imagination.takes_actions
        return Matching(imagination, actions) if told else Likeliest(imagination, actions)
    if playing.decoder != "inverse":
        raise BadInput(f"no decoder {playing.decoder!r}; known: {', '.join(DECODERS)}")
    if playing.inverse is None:
        raise BadInput(
            "the decoder inverse needs --inverse DIR: train it with "
            f"`mindseye train inverse --world {spec.name} --data DIR --out DIR`"
        )
    from mindseye.tools.games.inverse import ActionReader

    model = ActionReader.load(playing.inverse)
    if model.spec.name != spec.name:
        raise BadInput(f"that inverse model is of {model.spec.name}, not of {spec.name}")
    return Inverse(imagination, model, playing.execute)


def play(
    world: str, playing: Playing, runs: Path, *, goal: str | None, seed: int | None
) -> dict[str, Any]:
    """Play an episode.

    Args:
      world: name of the game.
      playing: how.
      runs: folder for the run's own folder, which holds the record and `play.mp4`.
      goal: words, or a PNG to end with; by default the seed chooses words.
      seed: fixes the episode and what is imagined; by default each is another.

    Returns:
      `world`, `goal`, `decoder`, `actions` (how many), `score`, `reached`, `frames` (generated),
      `seconds`, `run` and `video` (files).

    Raises:
      MindseyeError: no such game, goal, model or decoder, or something cannot be written.
    """
    spec, fixed = game_spec(world), secrets.randbelow(2**31) if seed is None else seed
    picture = read_picture(Path(goal)) if goal and goal.lower().endswith(".png") else None
    imagination = Imagination.of(load_video(playing, world), spec, overlay=playing.overlay)
    thoughts: list[Thought] = []
    policy = VideoPolicy(
        imagination, make_decoder(playing, imagination, spec), context=playing.context,
        execute=playing.execute, words=picture is None, frame=picture, rate=playing.rate,
        on_thought=thoughts.append,
    )  # fmt: skip
    words = goal if picture is None else None
    task = str(goal) if picture is not None else ""
    with contextlib.closing(make_game(world)) as game:
        recording = Recording(game, f"video-{playing.decoder}", fixed, words)
        folder = new_run_folder(runs, f"agent {world} {playing.decoder}", fixed)
        with Recorder(folder) as recorder:
            recorder.emit(
                RunStarted(task=task or recording.goal, seed=fixed, config=_settings(playing))
            )
            policy.start(recording.goal, fixed)
            told = _play(recording, policy, thoughts, recorder, playing, picture)
    film = folder / "play.mp4"
    _write(film, [pane(spec, t, f) for t, f in told.pop("shown")], spec.rate)
    about = {"world": world, "goal": task or recording.goal}
    return {**about, "decoder": playing.decoder, **told, "run": str(folder), "video": str(film)}


def _play(
    recording: Recording, policy: VideoPolicy, thoughts: list[Thought], recorder: Recorder,
    playing: Playing, picture: Frames | None,
) -> dict[str, Any]:  # fmt: skip
    """Play until the episode is over or the picture is seen; what is shown of it comes along."""
    started, done, shown = time.monotonic(), 0, list[tuple[Thought, Frames]]()
    seen = False
    while not recording.over and not seen:
        count = len(thoughts)
        try:
            action = policy.act(recording.frame)
        except ToolError as error:
            raise MindseyeError(f"the video model cannot go on from here: {error}") from error
        if len(thoughts) > count:
            recorder.emit(_event(recorder, thoughts[-1], policy, playing))
        # The film shows the frame that the decision was taken at.
        shown.append((thoughts[-1], policy.imagination.show(recording.frame, action)))
        recording.step(action)
        done += 1
        seen = picture is not None and shows_same(recording.frame, picture)
    episode = recording.episode()
    seconds = time.monotonic() - started
    reached = episode.reached if picture is None else seen
    reason = f"score {episode.score:g}, goal {'' if reached else 'not '}reached"
    recorder.emit(Finished(success=reached, reason=reason, steps=done, seconds=seconds))
    return {
        "actions": done, "score": episode.score, "reached": reached,
        "frames": sum(t.decoded.frames for t in thoughts), "seconds": seconds, "shown": shown,
    }  # fmt: skip


def _settings(playing: Playing) -> dict[str, Any]:
    return {k: str(v) if isinstance(v, Path) else v for k, v in vars(playing).items()}


def _event(
    recorder: Recorder, thought: Thought, policy: VideoPolicy, playing: Playing
) -> Continued:
    decoded, control = thought.decoded, policy.imagination.keyboard.control
    done = decoded.actions[: playing.execute]
    keys = [key for action in done for key in control.shown(action).down]
    return Continued(
        decision=thought.index, seen=recorder.frame(thought.seen),
        futures=tuple(recorder.media(clip) for clip in decoded.futures[:KEPT]),
        actions=list(done), keys=tuple(keys), confidence=decoded.confidence,
        frames=decoded.frames, seconds=thought.seconds,
    )  # fmt: skip


def read_picture(path: Path) -> Frames:
    """Return a PNG as a goal, `[64, 64, 3] uint8`.

    Raises:
      BadInput: it cannot be read.
    """
    found = cv2.imread(str(path)) if path.is_file() else None
    if found is None:
        raise BadInput(f"cannot read the picture {str(path)!r}")
    return scaled(np.asarray(cv2.cvtColor(found, cv2.COLOR_BGR2RGB), dtype=np.uint8))


def pane(spec: GameSpec, thought: Thought, shown: Frames) -> Frames:
    """Return one picture of a film: what is real, what is imagined, what is pressed.

    Args:
      spec: of the game.
      thought: the decision that the action was taken by.
      shown: `[64, 64, 3] uint8`, the real frame with the keys that are pressed now.
    """
    future: Clip = thought.decoded.futures[0]
    frames = [shown, *future.frames[:FUTURE]]
    blank = [np.full_like(shown, 255)] * (FUTURE + 1 - len(frames))
    large = enlarge(np.stack([*frames, *blank]), SCALE * len(shown))
    told = np.full_like(large[0], 255)
    control = keyboard_of(spec).control
    action = thought.decoded.actions[0]
    keys = control.shown(action).down or (() if spec.keys else (_numbers(action),))
    lines = [*(k.replace("_", " ") for k in keys or ("nothing",)),
             f"sure {thought.decoded.confidence:.2f}",
             f"{len(thought.decoded.futures)} futures"]  # fmt: skip
    for i, line in enumerate(lines):
        place = (8, 28 + 24 * i)
        cv2.putText(told, line, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    gap = np.full((len(told), 4, 3), 255, np.uint8)
    parts = [part for picture in (*large, told) for part in (picture, gap)]
    return np.concatenate(parts[:-1], axis=1)


def _numbers(action: Any) -> str:
    return " ".join(f"{float(x):+.1f}" for x in np.ravel(action))


def _write(film: Path, panes: list[Frames], rate: float) -> None:
    frames = np.stack(panes)
    try:
        write_clip(frames, 1 / rate, film)
        film.with_suffix(".png").write_bytes(contact_sheet(frames))
    except OSError as error:
        raise BadInput(f"cannot write the film {str(film)!r}: {error}") from error
