"""More sentence templates of training: questions, comparisons of places, chance sentences."""

# fmt: off
MORE_ASKING: dict[str, tuple[str, ...]] = {}
"""By bank, as `mindseye.planner.questions.frames_train.MORE_TELLING`."""
