"""What the pixels of a frame may be of, and the grid that they are read on."""

from mindseye.tools.goals import COLOURS, SHAPES

SIZE = 128
"""Frames are brought to this many pixels a side before they are read."""
GRID = 64
"""Cells a side of the class map and of the votes."""
CELL = SIZE // GRID
BACKGROUND, TABLE, PUSHER, ICE, STICKY, FIRST_OBJECT = range(6)
CLASSES = FIRST_OBJECT + len(COLOURS) * len(SHAPES)


def class_names() -> tuple[str, ...]:
    """Return the name of every class, by class id."""
    objects = (f"{colour} {shape}" for colour in COLOURS for shape in SHAPES)
    return ("background", "table", "pusher", "ice", "sticky", *objects)
