"""What is measured on held-out play: how well the codec keeps screens, and who plays alike."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderTiny
from gymnasium import spaces

from mindseye.tools.games.overlay import Keyboard, keyboard_of
from mindseye.tools.games.worlds import game_spec
from mindseye.tools.values import Frames
from mindseye.tools.video.screen.codec import as_frames, as_pixels, decode, encode
from mindseye.tools.video.screen.pipeline import ScreenVideoPipeline
from mindseye.tools.video.screen.windows import Play, draw_pairs, same_action

PAST = 4
"""Frames that are given before the next action is asked for, where there are as many."""
SAMPLES = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Moment:
    """A moment at which a demonstrator acted."""

    shown: Frames
    """`[n, 64, 64, 3] uint8`: the last frames, keys and all."""
    bare: Frames
    """The same without keys pressed."""
    goal: str
    action: Any
    """What was done."""
    before: Any | None
    """What had been done just before; None at the beginning."""


def some_moments(play: Play, n: int, seed: int = 0) -> list[Moment]:
    """Return moments by chance, before actions that were meant.

    There were all frames of a past to look at, where the episode is long enough for that and
    something was meant so late in it.
    """
    rng, found = np.random.default_rng(seed), []
    keyboard = keyboard_of(game_spec(play.game))
    for k in rng.choice(len(play.episodes), n, p=play.share):
        episode = play.episodes[k]
        meant = np.flatnonzero(episode.meant)
        late = meant[meant >= PAST - 1]
        at = int(rng.choice(late if len(late) else meant[-1:]))
        start = max(0, at - PAST + 1)
        found.append(
            Moment(
                shown=episode.shown(slice(start, at + 1)),
                bare=np.stack([keyboard.draw(f, None) for f in episode.frames[start : at + 1]]),
                goal=episode.goal,
                action=episode.actions[at],
                before=episode.actions[at - 1] if at else None,
            )
        )
    return found


@torch.inference_mode()
def codec_figures(codec: AutoencoderTiny, play: Play, n: int) -> dict[str, float]:
    """Return `codec_psnr` (dB) and `codec_keys`, the share of actions read right once coded.

    Frames are held-out ones with keys by chance on them.
    """
    spec = game_spec(play.game)
    keyboard, space = keyboard_of(spec), spec.space
    before, _ = draw_pairs(play, keyboard, n, np.random.default_rng(0))
    pixels = as_pixels(torch.from_numpy(before))
    coded = as_frames(decode(codec, encode(codec, pixels))).numpy()
    error = np.square(coded.astype(float) - before).mean()
    read = [
        [keyboard.action(keyboard.read(f)) for f in pair]
        for pair in zip(before, coded, strict=True)
    ]
    return {
        "codec_psnr": float(10 * np.log10(255**2 / max(error, 1e-9))),
        "codec_keys": float(np.mean([same_action(space, *pair) for pair in read])),
    }


def action_figures(
    pipeline: ScreenVideoPipeline, play: Play, n: int, steps: int
) -> dict[str, float]:
    """Return shares of held-out moments at which an action is what the demonstrator did next.

    `next_one`: read off the first imagined frame of a single sample. `next_most`: what most of
    eight samples say. `next_mean`: of the one picture that a single step makes. `next_again`:
    of doing again what was done before, for comparison.
    """
    moments = some_moments(play, n)
    spec = game_spec(play.game)
    keyboard, space = keyboard_of(spec, pipeline.config.rest), spec.space
    again = [m.before is not None and same_action(space, m.before, m.action) for m in moments]
    one, most, mean = [], [], []
    for seed, moment in enumerate(moments):
        read = next_actions(pipeline, keyboard, moment, SAMPLES, steps, seed)
        one += [same_action(space, action, moment.action) for action in read]
        most.append(same_action(space, majority(space, read), moment.action))
        (sole,) = next_actions(pipeline, keyboard, moment, 1, 1, seed)
        mean.append(same_action(space, sole, moment.action))
    shares = {"next_one": one, "next_most": most, "next_mean": mean, "next_again": again}
    return {name: float(np.mean(right)) for name, right in shares.items()}


def as_learned(pipeline: ScreenVideoPipeline, moment: Moment) -> Frames:
    """Return the past of a moment as the pipeline has learned to go on from one."""
    shown = moment.bare if pipeline.config.bare else moment.shown
    return shown[-pipeline.config.past :] if pipeline.config.past else shown


def next_actions(
    pipeline: ScreenVideoPipeline, keyboard: Keyboard, moment: Moment, samples: int, steps: int,
    seed: int,
) -> list[Any]:  # fmt: skip
    """Return the actions read off the first frames that are imagined after a moment."""
    given = as_learned(pipeline, moment)
    past = len(given)
    clips = pipeline(
        frames=[dict(enumerate(given))] * samples,
        prompt=[moment.goal] * samples,
        generator=[torch.Generator().manual_seed(1000 * seed + i) for i in range(samples)],
        num_frames=past + 1,
        num_inference_steps=steps,
    ).frames
    return [keyboard.action(keyboard.read(clip[past])) for clip in clips]


def majority(space: spaces.Space[Any], actions: list[Any]) -> Any:
    """Return what most actions are; of a joystick, the median of each number."""
    if isinstance(space, spaces.Discrete):
        return Counter(int(a) for a in actions).most_common(1)[0][0]
    return np.median(np.stack(actions), axis=0)
