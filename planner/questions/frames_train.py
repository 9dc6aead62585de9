"""More sentence templates of training: set-ups, facts, and what joins them.

Dev and test never see them, and keep the templates of `mindseye.planner.questions.frames`
that hashing gave them. Slots mean what they mean there.
"""

# fmt: off
_CONTRAST = (
    "there is one difference, though: {c}.", "where they part ways is here: {c}.",
)

MORE_TELLING: dict[str, tuple[str, ...]] = {
    "CONTRAST": _CONTRAST,
    "CLAUSE": (
        "one more fact: {c}.", "for the record: {c}.",
        *_CONTRAST,
    ),
    "SETUP": (
        "here is the set-up: {xy} {e}.", "somewhere, {xy} {e}.",
    ),
}
"""By the name of a bank in `mindseye.planner.questions.frames`; "AWAY edge" is one in `AWAY`."""
