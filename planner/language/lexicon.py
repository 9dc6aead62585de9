"""Words people use for the things on the table, and words for things that are not there."""

COLOUR_WORDS = {
    "red": "red", "crimson": "red", "scarlet": "red", "ruby": "red",
    "green": "green", "emerald": "green", "lime": "green",
    "blue": "blue", "navy": "blue", "azure": "blue", "cobalt": "blue",
    "yellow": "yellow", "gold": "yellow", "golden": "yellow", "lemon": "yellow",
    "purple": "purple", "violet": "purple", "lilac": "purple", "lavender": "purple",
    "mauve": "purple",
}  # fmt: skip
SHAPE_WORDS = {
    "cube": "cube", "block": "cube", "box": "cube", "square": "cube", "brick": "cube",
    "die": "cube", "dice": "cube",
    "cylinder": "cylinder", "can": "cylinder", "tube": "cylinder", "tin": "cylinder",
    "barrel": "cylinder", "drum": "cylinder", "canister": "cylinder", "disc": "cylinder",
    "disk": "cylinder", "puck": "cylinder",
    "ball": "ball", "sphere": "ball", "orb": "ball", "marble": "ball", "globe": "ball",
    "star": "star", "starfish": "star",
}  # fmt: skip
SHAPE_PLURALS = {
    "cubes": "cube", "boxes": "cube", "squares": "cube", "bricks": "cube",
    "cylinders": "cylinder", "cans": "cylinder", "tubes": "cylinder", "tins": "cylinder",
    "barrels": "cylinder", "discs": "cylinder", "disks": "cylinder", "pucks": "cylinder",
    "balls": "ball", "spheres": "ball", "orbs": "ball", "marbles": "ball",
    "stars": "star",
}  # fmt: skip
COLOUR_PLURALS = {f"{colour}s": colour for colour in ("red", "green", "blue", "yellow", "purple")}
"""All of a colour: "the reds to the left"."""
KINDS = frozenset({*COLOUR_WORDS, *SHAPE_WORDS, *SHAPE_PLURALS, *COLOUR_PLURALS})
"""Words that tell a colour or a shape, in the singular or the plural."""
THING = frozenset({"object", "thing", "one", "item", "piece", "toy", "shape", "body"})
THINGS = frozenset(
    {"objects", "things", "ones", "items", "pieces", "toys", "shapes", "bodies", "blocks", "stuff"}
)
FOREIGN_COLOURS = frozenset(
    {
        "orange", "pink", "white", "black", "grey", "gray", "brown", "cyan", "magenta",
        "turquoise", "teal", "silver", "beige", "indigo", "maroon", "transparent",
    }
)  # fmt: skip
FOREIGN_SHAPES = frozenset(
    {
        "pyramid", "cone", "triangle", "circle", "ring", "hexagon", "pentagon", "moon", "heart",
        "crescent", "torus", "prism", "wedge", "octagon", "diamond", "cross", "rectangle",
        "donut", "doughnut", "arch", "bridge", "tetrahedron", "plate", "mug", "cup", "bowl",
        "bottle", "peg", "pin", "rod", "spoon", "banana", "apple", "elephant", "duck", "robot",
    }
)  # fmt: skip
QUANTIFIERS = frozenset(
    {
        "all", "every", "everything", "each", "others", "other", "rest", "remaining", "anything",
        "nothing", "whole", "lot", "any", "none", "else", "them", "these", "those", "both", "two",
        "everybody", "everyone", "surround", "surrounded", "isolate", "huddle", "crowd", "cluster",
    }
)  # fmt: skip
"""Words by which a task may speak of objects that it does not name."""
DETERMINERS = frozenset(
    {"the", "a", "an", "that", "this", "each", "every", "any", "one", "only", "other", "our", "my"}
)
NOT_NOUNS = frozenset(
    {
        "and", "or", "but", "to", "of", "in", "on", "at", "by", "with", "from", "into", "onto",
        "next", "near", "left", "right", "above", "below", "behind", "beside", "besides", "under",
        "against", "away", "apart", "close", "closer", "far", "farther", "further", "between",
        "beyond", "past", "until", "till", "so", "then", "now", "please", "thanks", "is", "are",
        "be", "should", "must", "has", "goes", "go", "belongs", "stays", "stay", "touches",
        "touch", "touching", "not", "isn't", "isnt", "shouldn't", "mustn't", "sits", "stands",
        "over", "up", "down", "front", "back", "top", "bottom", "center", "centre", "middle",
        "corner", "side", "edge", "slightly", "a", "the", "it", "its", "while", "where", "when",
        "than", "as", "too", "also", "first", "second", "last", "together", "around", "round",
        "without", "for", "toward", "towards", "upper", "lower", "rear", "needs", "wants",
        "anywhere", "somewhere", "ends", "end", "out", "off", "alongside", "adjacent",
        "underneath", "beneath", "opposite", "via", "through", "across", "along", "there", "here",
        "just", "only", "will", "would", "can", "could", "may", "ought", "was", "were", "gets",
        "comes", "leaves", "and/or", "versus", "vs", "upwards", "downwards", "leftwards",
        "rightwards", "north", "south", "east", "west", "forward", "forwards", "backward",
        "backwards", "nearer", "nearest", "nearby", "south-west", "lies", "rests", "does",
        "doesn't", "don't", "wherever", "must've", "cannot", "can't", "mustnt", "keeps",
        "clear", "bit", "little", "upto", "making", "being", "that", "which", "whose", "who",
        "bumps", "hits", "meets", "abuts", "leans", "faces", "we", "i", "you", "they", "he",
    }
)  # fmt: skip
"""Words after a bare colour ("push red left") that show that no noun follows."""
