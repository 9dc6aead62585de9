"""Ways to say a push that the video generator was never trained on, written by hand."""

import numpy as np

from mindseye.tools.subgoals import Subgoal

_SENTENCES = (
    "would you get the {move} {where}",
    "see to it that the {move} is {where}",
    "make the {move} stand {where}",
    "let the {move} come to rest {where}",
    "the {move} belongs {where}",
    "have the {move} {where}",
    "how about the {move} {where}",
    "kindly transfer the {move} {where}",
    "your job: the {move} {where}",
    "we need the {move} {where} now",
)
_PLACES = {
    "left_of": ("on the left of {object}", "left from the {object}", "at the {object}'s left"),
    "right_of": ("on the right of {object}", "right from {object}", "at the {object}'s right"),
    "above": ("at the back of the {object}", "beyond the {object}", "further back than {object}"),
    "below": ("before the {object}", "nearer than the {object}", "at the front of the {object}"),
    "near": ("in the neighbourhood of the {object}", "nearby the {object}", "around the {object}"),
    "touching": ("touching the {object}", "in contact with the {object}", "right at the {object}"),
    "apart": ("at a distance from {object}", "well clear of the {object}", "off from {object}"),
    "in_line": ("in one row with the others", "lined up with the rest"),
}  # fmt: skip
_AREAS = {
    "top_left": ("in the back left corner", "in the left corner at the top"),
    "top": ("at the back in the middle", "on the far edge"),
    "top_right": ("in the back right corner", "in the right corner at the top"),
    "left": ("at the left edge of the table", "over on the left"),
    "center": ("right in the middle", "at the center of it all"),
    "right": ("at the right edge of the table", "over on the right"),
    "bottom_left": ("in the front left corner", "in the left corner at the bottom"),
    "bottom": ("at the front in the middle", "on the near edge"),
    "bottom_right": ("in the front right corner", "in the right corner at the bottom"),
}


def held_out_wording(subgoal: Subgoal, rng: np.random.Generator) -> str:
    """Return words for a subgoal, of its relation or area, that training never showed."""
    places = _AREAS[subgoal.area] if subgoal.area is not None else _PLACES[subgoal.relation]
    where = str(rng.choice(places)).format(object=subgoal.object)
    return str(rng.choice(_SENTENCES)).format(move=subgoal.move, where=where)
