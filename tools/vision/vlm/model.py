"""`VisionLanguage`: a large vision-language model in the place of our own small eyes."""

import json
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from mindseye.tools.calibration import Calibration, read_map
from mindseye.tools.errors import BadInput, ToolError
from mindseye.tools.goals import COLOURS, SHAPES, Goal
from mindseye.tools.physics.camera import Camera
from mindseye.tools.prompting import render
from mindseye.tools.values import Clip, Frames, Outcome, Reward, SceneGraph
from mindseye.tools.vision.outcome import reward_of
from mindseye.tools.vision.vlm.asking import Answer, Answerer, Question
from mindseye.tools.vision.vlm.reading import Reader, Scale, counted, outcome_of
from mindseye.tools.vision.vlm.said import (
    Form,
    SaidOutcome,
    SaidScene,
    outcome_schema,
    parse,
    scene_schema,
)
from mindseye.tools.vision.vlm.showing import contact_sheet, enlarged

T = TypeVar("T")
TRIES = 3
"""Answers that the model may give before it is given up."""
_WHERE = {
    "pixels": "in pixels of a picture of {side} by {side}",
    "thousandths": "in thousandths of the picture's width and height",
}


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What a vision-language model is shown, and how it tells places."""

    frames: int = 6
    """Moments of a clip that it is shown, the first and the last among them."""
    sheet: bool = True
    """Show them on one contact sheet, and the last one by itself; else one by one."""
    side: int = 448
    """Of the pictures it is sent, pixels; small frames are enlarged."""
    scale: Scale = "pixels"
    """How it tells boxes: Qwen2.5-VL in pixels, Qwen3-VL and many others in thousandths."""
    calibration: str | Mapping[str, Any] = "none"
    """What its probability of yes is worth: a file, its content, or "none"."""

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
          BadInput: too few frames or pixels, an unknown scale, no calibration.
        """
        if self.frames < 2 or self.side < 32:
            raise BadInput(f"frames={self.frames} must be 2 or more, side={self.side} 32 or more")
        if self.scale not in _WHERE:
            raise BadInput(f"scale is pixels or thousandths, not {self.scale!r}")
        self.map()

    def map(self) -> Calibration:
        """Return the calibration.

        Raises:
          BadInput: it cannot be read.
        """
        if self.calibration == "none":
            return Calibration()
        if isinstance(self.calibration, str):
            return read_map(Path(self.calibration), self.calibration)
        try:
            return Calibration.model_validate(self.calibration)
        except ValueError as error:
            raise BadInput(f"vision_options.calibration is none: {error}") from error


class VisionLanguage:
    """Fulfils `VisionModel` with a vision-language model, wherever that runs."""

    def __init__(self, answerer: Answerer, sight: Sight, camera: Camera | None = None) -> None:
        """Say who answers.

        Args:
          answerer: the model.
          sight: what it is shown.
          camera: where the camera is believed to stand.
        """
        self.answerer, self.sight = answerer, sight
        self.camera = camera or Camera.nominal()
        self.calibration = sight.map()
        # Rewards are asked of the frames that an outcome was read off, while it is kept.
        self._shown: dict[int, tuple[Frames, ...]] = {}

    def look(self, frames: Sequence[Frames]) -> list[SceneGraph]:
        """Return the scene graph of each frame; see `VisionModel.look`.

        Raises:
          ToolError: the model gives no scene that can be used.
          BadInput: a frame is not a square `[H, W, 3] uint8` picture.
        """
        schema = scene_schema(self._whole)
        prompt = render(
            "vision_look", colours=COLOURS, shapes=SHAPES, scale=self._where(),
            schema=json.dumps(schema),
        )  # fmt: skip
        asked = [
            Question(prompt=prompt, pictures=(self._picture(f),), schema=schema) for f in frames
        ]

        def read(i: int, answer: Answer) -> SceneGraph:
            said = _parsed(SaidScene, answer)
            return self._reader(frames[i]).graph(said, answer.confidence)

        return self._read(asked, read)

    def outcome(self, clips: Sequence[Clip], before: SceneGraph) -> list[Outcome]:
        """Return what each clip shows to have happened; see `VisionModel.outcome`."""
        return self.outcome_each(clips, [before] * len(clips))

    def outcome_each(self, clips: Sequence[Clip], befores: Sequence[SceneGraph]) -> list[Outcome]:
        """Return what each clip shows to have happened; see `ManyOutcomes.outcome_each`.

        Raises:
          ToolError: the model gives no outcome that can be used.
        """
        chosen = [self._chosen(clip) for clip in clips]
        shown = [self._pictures(c, rows) for c, rows in zip(clips, chosen, strict=True)]
        asked = [
            self._outcome_question(pictures, len(rows), before)
            for pictures, rows, before in zip(shown, chosen, befores, strict=True)
        ]

        def read(i: int, answer: Answer) -> Outcome:
            said, reader = _parsed(SaidOutcome, answer), self._reader(clips[i].frames[-1])
            return outcome_of(said, befores[i], reader, answer.confidence, chosen[i])

        outcomes = self._read(asked, read)
        for outcome, pictures in zip(outcomes, shown, strict=True):
            self._keep(outcome, pictures)
        return outcomes

    def reward(self, outcome: Outcome, goal: Goal) -> Reward:
        """Return how well the outcome serves the goal; see `VisionModel.reward`.

        Of an outcome that was read off a clip the model is asked whether the goal holds in it,
        and the value is the calibrated probability of yes. A simulated one is known by its
        places, and needs nobody to look at it.

        Raises:
          ToolError: the model says neither yes nor no.
        """
        known = reward_of(outcome, goal)
        pictures = self._shown.get(id(outcome))
        if pictures is None:
            return known
        prompt = render(
            "vision_judge", sheet=self.sight.sheet, count=len(outcome.frames_read),
            goal=" ".join(goal.words().split()),
        )  # fmt: skip
        raw = self.answerer.yes([Question(prompt=prompt, pictures=pictures)])[0]
        return replace(
            known, value=self.calibration.probability(raw),
            reason=f"the model says yes with {raw:.2f}; by its boxes: {known.reason}",
        )  # fmt: skip

    def _read(self, asked: Sequence[Question], read: Callable[[int, Answer], T]) -> list[T]:
        """Ask all; ask again, with what was wrong, those whose answer does not fit."""
        found: dict[int, T] = {}
        wrong: dict[int, ToolError] = {}
        for _ in range(TRIES):
            open_ = [i for i in range(len(asked)) if i not in found]
            again = [_told(asked[i], wrong.get(i)) for i in open_]
            for i, answer in zip(open_, self.answerer.answers(again), strict=True):
                try:
                    found[i] = read(i, answer)
                except ToolError as error:
                    wrong[i] = error
            if len(found) == len(asked):
                return [found[i] for i in range(len(asked))]
        first = next(wrong[i] for i in range(len(asked)) if i not in found)
        raise ToolError(f"the vision model gave nothing usable in {TRIES} tries: {first}")

    def _outcome_question(
        self, pictures: tuple[Frames, ...], count: int, before: SceneGraph
    ) -> Question:
        schema = outcome_schema(before.names, self._whole)
        prompt = render(
            "vision_outcome", sheet=self.sight.sheet, count=count, names=before.names,
            colours=COLOURS, shapes=SHAPES, scale=self._where(), schema=json.dumps(schema),
        )  # fmt: skip
        return Question(prompt=prompt, pictures=pictures, schema=schema)

    @property
    def _whole(self) -> int:
        return counted(self.sight.scale, self.sight.side)

    def _where(self) -> str:
        return _WHERE[self.sight.scale].format(side=self.sight.side)

    def _picture(self, frame: Frames) -> Frames:
        square = (
            isinstance(frame, np.ndarray) and frame.ndim == 3 and len(set(frame.shape[:2])) == 1
        )
        if not square or frame.dtype != np.uint8 or frame.shape[2] != 3:
            raise BadInput(f"vision reads square [H, W, 3] uint8 frames, not {np.shape(frame)}")
        return enlarged(frame, self.sight.side)

    def _reader(self, frame: Frames) -> Reader:
        return Reader(
            camera=self.camera, scale=self.sight.scale, side=self.sight.side, size=len(frame)
        )

    def _chosen(self, clip: Clip) -> tuple[int, ...]:
        if not len(clip.frames):
            raise BadInput("vision: a clip without frames shows nothing")
        evenly = np.linspace(0, len(clip.frames) - 1, min(self.sight.frames, len(clip.frames)))
        return tuple(int(i) for i in evenly.round())

    def _pictures(self, clip: Clip, rows: Sequence[int]) -> tuple[Frames, ...]:
        frames = [clip.frames[i] for i in rows]
        if not self.sight.sheet:
            return tuple(self._picture(f) for f in frames)
        return contact_sheet(frames, self.sight.side // 2), self._picture(frames[-1])

    def _keep(self, outcome: Outcome, pictures: tuple[Frames, ...]) -> None:
        key = id(outcome)
        self._shown[key] = pictures
        weakref.finalize(outcome, self._shown.pop, key, None)


def _told(question: Question, error: ToolError | None) -> Question:
    if error is None:
        return question
    return replace(question, prompt=f"{question.prompt}\nYour last answer was refused: {error}")


def _parsed(form: type[Form], answer: Answer) -> Form:
    if not answer.whole:
        raise ToolError("the answer does not come to an end")
    return parse(form, answer.text)
