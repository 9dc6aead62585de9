# ruff: noqa: E501
"""Ways of saying things: verbs, relations, areas and frames, from which wordings are made.

`{s}` is what is moved, `{o}` what it is moved relative to, `{v}` a verb, `{p}`
a preposition phrase, `{a}` an area phrase. Bare lists: `wordings` combines them.
"""

VERBS = (
    "push", "move", "put", "place", "shift", "slide", "bring", "get", "set", "shove", "nudge",
    "take", "position", "park", "drag", "roll", "scoot", "relocate", "leave", "send", "slip",
    "manoeuvre", "maneuver", "guide", "steer", "transfer", "carry", "pop", "stick", "plonk",
)  # fmt: skip
GERUNDS = (
    "pushing", "moving", "putting", "placing", "shifting", "sliding", "bringing", "getting",
    "setting", "shoving", "nudging", "positioning", "parking", "dragging",
)  # fmt: skip
RELATION_PHRASES = {
    "left_of": (
        "left of", "to the left of", "on the left of", "on the left side of", "at the left of",
        "to the left hand side of", "on the left-hand side of", "west of", "just left of",
        "directly left of", "over to the left of", "somewhere left of", "immediately to the left of",
        "to the immediate left of", "a bit left of", "leftward of", "further left than",
        "more to the left than", "farther to the left than", "past the left side of",
    ),
    "right_of": (
        "right of", "to the right of", "on the right of", "on the right side of", "at the right of",
        "to the right hand side of", "on the right-hand side of", "east of", "just right of",
        "directly right of", "over to the right of", "somewhere right of",
        "immediately to the right of", "to the immediate right of", "a bit right of",
        "rightward of", "further right than", "more to the right than",
        "farther to the right than", "past the right side of",
    ),
    "above": (
        "behind", "above", "in back of", "at the back of", "to the back of", "beyond",
        "on the far side of", "to the rear of", "further away than", "farther away than",
        "further back than", "north of", "just behind", "directly behind", "right behind",
        "straight behind", "up above", "directly above", "just above", "over the back of",
        "to the far side of", "further from me than", "past the far side of", "higher up than",
        "round the back of",
    ),
    "below": (
        "in front of", "below", "under", "underneath", "beneath", "on the near side of",
        "nearer than", "closer to me than", "closer to the camera than", "nearer to me than",
        "south of", "just in front of", "directly in front of", "right in front of",
        "before", "to the front of", "on this side of", "further forward than", "just below",
        "straight below", "directly below", "at the front of", "lower down than",
        "nearer to the camera than", "closer than",
    ),
    "near": (
        "next to", "near", "beside", "close to", "by", "alongside", "near to", "right next to",
        "right by", "close by", "in the vicinity of", "adjacent to", "nearby", "not far from",
        "at the side of", "by the side of", "within reach of", "a short distance from",
        "in the neighbourhood of", "in the neighborhood of", "very close to", "over by", "up near",
        "over near", "closer to", "right beside", "not too far from", "over next to",
    ),
    "touching": (
        "touching", "against", "up against", "right up against", "in contact with",
        "into contact with", "so that it touches", "so it touches", "until it touches",
        "so that it is touching", "flush against", "pressed against", "snug against",
        "till it bumps into", "until it hits", "so it is in contact with", "hard up against",
        "until it makes contact with", "so it leans on", "until it meets", "abutting",
    ),
    "apart": (
        "away from", "far from", "far away from", "well away from", "apart from", "a long way from",
        "clear of", "well clear of", "at a distance from", "some distance from",
        "at a safe distance from", "nowhere near", "a good distance away from", "further from",
        "farther away from", "as far as possible from", "as far away as you can from",
        "a fair way off from", "distant from", "not at all close to", "well apart from",
    ),
}  # fmt: skip
"""Each fits after "push {s} ..."."""
STATE_PHRASES = {
    "touching": ("touching", "in contact with", "up against", "against", "right up against",
                 "pressed against", "flush with"),
    "apart": ("far from", "far away from", "well away from", "away from", "nowhere near",
              "a long way from", "at a distance from", "clear of"),
}  # fmt: skip
"""For "{s} is ..." where the phrase after a verb would not do."""
VERB_RELATIONS = (
    ("touching", "have {s} touch {o}"), ("touching", "make {s} touch {o}"),
    ("touching", "get {s} to touch {o}"), ("touching", "{s} should touch {o}"),
    ("touching", "{s} must touch {o}"), ("touching", "{s} touches {o}"),
    ("touching", "bump {s} into {o}"), ("touching", "push {s} into {o}"),
    ("touching", "let {s} meet {o}"), ("touching", "press {s} against {o}"),
    ("touching", "lean {s} on {o}"), ("touching", "attach {s} to {o}"),
    ("touching", "make contact between {s} and {o}"), ("touching", "knock {s} into {o}"),
    ("touching", "{s} needs to touch {o}"), ("touching", "let {s} rest against {o}"),
    ("touching", "have {s} lean on {o}"), ("touching", "{s} leans on {o}"),
    ("touching", "have {s} rest against {o}"), ("touching", "{s} should lean against {o}"),
    ("touching", "run {s} into {o}"), ("touching", "drive {s} into {o}"),
    ("touching", "push {s} right into {o}"), ("touching", "slide {s} into {o}"),
    ("touching", "stick {s} to {o}"), ("touching", "glue {s} to the side of {o}"),
    ("touching", "push {s} onto the side of {o}"), ("touching", "make {s} bump {o}"),
    ("touching", "{s} has to hit {o}"), ("touching", "ram {s} into {o}"),
    ("touching", "move {s} into {o}"), ("touching", "shove {s} into {o}"),
    ("touching", "join {s} to {o}"), ("touching", "i want {s} to touch {o}"),
    ("touching", "make sure {s} touches {o}"), ("touching", "no gap between {s} and {o}"),
    ("touching", "close the gap between {s} and {o}"), ("touching", "butt {s} up to {o}"),
    ("apart", "keep {s} away from {o}"), ("apart", "keep {s} far from {o}"),
    ("apart", "get {s} away from {o}"), ("apart", "{s} has to stay away from {o}"),
    ("apart", "separate {s} from {o}"), ("apart", "isolate {s} from {o}"),
    ("apart", "keep your distance with {s} from {o}"), ("apart", "distance {s} from {o}"),
    ("apart", "make {s} keep clear of {o}"), ("apart", "remove {s} from {o}"),
    ("apart", "increase the distance between {s} and {o}"), ("apart", "part {s} from {o}"),
    ("apart", "{s} is too close to {o}, move it away"), ("apart", "back {s} off from {o}"),
    ("apart", "there should be plenty of space between {s} and {o}"),
    ("apart", "leave a big gap between {s} and {o}"), ("apart", "split {s} from {o}"),
    ("near", "move {s} over to {o}"), ("near", "bring {s} to {o}"), ("near", "take {s} to {o}"),
    ("near", "bring {s} closer to {o}"), ("near", "let {s} join {o}"),
    ("near", "{s} should keep {o} company"), ("near", "send {s} to {o}"),
    ("near", "push {s} up to {o}"), ("near", "push {s} to {o}"), ("near", "{s} to {o}"),
    ("near", "{s} is too far from {o}, bring it closer"), ("near", "have {s} approach {o}"),
    ("near", "reduce the distance between {s} and {o}"), ("near", "push {s} towards {o}"),
    ("near", "get {s} near to where {o} is"), ("near", "make {s} and {o} neighbours"),
    ("above", "hide {s} behind {o}"), ("above", "{s} should be hidden by {o}"),
    ("above", "use {o} to hide {s}"), ("below", "{s} should hide {o} from view"),
    ("below", "use {s} to hide {o}"), ("below", "{s} must stand between me and {o}"),
    ("above", "{o} should stand between me and {s}"), ("above", "let {o} be in front and {s} behind"),
    ("below", "let {s} be in front and {o} behind it"), ("above", "push {s} past {o}, away from me"),
    ("left_of", "push {s} past {o} to the left"), ("right_of", "push {s} past {o} to the right"),
    ("left_of", "going from left to right: {s}, then {o}"),
    ("right_of", "going from right to left: {s}, then {o}"),
    ("below", "{s} in front, {o} behind it"), ("below", "{s} in the foreground and {o} behind it"),
    ("right_of", "have {s} flank {o} on the right"), ("left_of", "have {s} flank {o} on the left"),
    ("left_of", "{s} goes to {o}'s left"), ("right_of", "{s} goes to {o}'s right"),
    ("left_of", "put {s} on {o}'s left side"), ("right_of", "put {s} on {o}'s right side"),
    ("left_of", "{o} has to have {s} on its left"), ("right_of", "{o} should have {s} on its right"),
    ("left_of", "to the left of {o} there should be {s}"),
    ("right_of", "to the right of {o} there should be {s}"),
    ("above", "behind {o} there should be {s}"), ("below", "in front of {o} there should be {s}"),
    ("near", "next to {o} there should be {s}"), ("above", "{o} should have {s} behind it"),
    ("below", "{o} should have {s} in front of it"),
)  # fmt: skip
MUTUAL = {
    "near": (
        "bring {s} and {o} together", "put {s} and {o} next to each other",
        "{s} and {o} should be close to each other", "put {s} and {o} side by side",
        "move {s} and {o} close together", "{s} and {o} belong together",
        "get {s} and {o} near one another", "{s} and {o} side by side", "pair up {s} and {o}",
        "unite {s} and {o}", "i'd like {s} and {o} beside each other", "{s} next to {o} please",
        "place {s} and {o} near each other", "{s} and {o} close to each other",
        "make sure {s} and {o} are near each other", "bring {s} and {o} closer together",
    ),
    "touching": (
        "make {s} and {o} touch", "{s} and {o} must touch", "{s} and {o} should touch each other",
        "put {s} and {o} in contact", "let {s} and {o} touch", "push {s} and {o} together until they touch",
        "have {s} and {o} touching", "{s} and {o} in contact", "{s} and {o} touching",
        "get {s} and {o} touching one another", "{s} and {o} need to be in contact with each other",
        "bring {s} and {o} into contact",
    ),
    "apart": (
        "separate {s} and {o}", "keep {s} and {o} apart", "move {s} and {o} apart",
        "pull {s} and {o} apart", "put some distance between {s} and {o}",
        "spread {s} and {o} out", "{s} and {o} should be far apart", "{s} and {o} far apart",
        "{s} and {o} must be far from each other", "split up {s} and {o}",
        "make space between {s} and {o}", "{s} and {o} are too close together, separate them",
        "{s} and {o} should stay away from each other", "leave lots of room between {s} and {o}",
        "there should be a wide gap between {s} and {o}",
    ),
}  # fmt: skip
NAMED = {
    "top_left": ("top left", "upper left", "far left", "back left", "rear left", "top-left",
                 "upper-left", "north-west", "northwest", "left far", "left back", "left top"),
    "top_right": ("top right", "upper right", "far right", "back right", "rear right", "top-right",
                  "upper-right", "north-east", "northeast", "right far", "right back"),
    "bottom_left": ("bottom left", "lower left", "near left", "front left", "bottom-left",
                    "lower-left", "south-west", "southwest", "left front", "closest left",
                    "left near", "left bottom"),
    "bottom_right": ("bottom right", "lower right", "near right", "front right", "bottom-right",
                     "lower-right", "south-east", "southeast", "right front", "right near"),
    "top": ("top", "far", "back", "upper", "rear", "north", "farthest", "furthest"),
    "bottom": ("bottom", "near", "front", "lower", "south", "nearest", "closest"),
    "left": ("left", "left hand", "left-hand", "west", "leftmost", "lefthand"),
    "right": ("right", "right hand", "right-hand", "east", "rightmost", "righthand"),
    "center": ("centre", "center", "middle", "central", "mid"),
}  # fmt: skip
CORNER_NOUNS = ("corner", "corner of the table", "", "area", "part of the table", "corner area",
                "of the table", "region", "portion", "spot")  # fmt: skip
SIDE_NOUNS = ("side", "edge", "side of the table", "edge of the table", "part", "area",
              "part of the table", "end", "end of the table", "third", "border", "half", "rim")  # fmt: skip
CENTER_PHRASES = (
    "the centre", "the center", "the middle", "the middle of the table", "the center of the table",
    "the centre of the table", "the central area", "the very middle", "the dead centre",
    "the central part", "the table's middle", "the heart of the table", "the midpoint of the table",
    "the middle area",
)  # fmt: skip
EXTRA_AREAS = {
    "top": ("away from me", "away from the camera", "all the way to the back", "to the back",
            "to the far end", "as far away as possible", "far away", "to the top", "to the rear",
            "at the back", "along the far edge", "backwards", "up to the top", "upwards", "up",
            "right to the back of the table"),
    "bottom": ("towards me", "toward me", "to me", "close to me", "to the front", "at the front",
               "toward the camera", "towards the camera", "nearest to me", "closest to the camera",
               "all the way to the front", "to the bottom", "to my side of the table", "down",
               "along the near edge", "right up to the front edge", "near the camera",
               "within my reach"),
    "left": ("to the left", "all the way left", "as far left as it goes", "left", "leftwards",
             "over to the left", "to the extreme left", "to the west", "off to the left",
             "on the left"),
    "right": ("to the right", "all the way right", "as far right as possible", "rightwards",
              "over to the right", "to the extreme right", "to the east", "off to the right",
              "on the right"),
    "center": ("in the middle", "to the middle", "to the center", "centrally", "in the centre",
               "away from all the edges", "to the very centre"),
}  # fmt: skip
"""Whole phrases after a verb, preposition included."""
IMPERATIVE = (
    "{v} {s} {p} {o}", "{v} {s} {p} {o}", "{v} {s} {p} {o}", "please {v} {s} {p} {o}",
    "{v} {s} {p} {o} please", "can you {v} {s} {p} {o}?", "could you {v} {s} {p} {o}",
    "could you please {v} {s} {p} {o}?", "would you {v} {s} {p} {o} for me?",
    "i want you to {v} {s} {p} {o}", "i'd like you to {v} {s} {p} {o}", "you should {v} {s} {p} {o}",
    "you need to {v} {s} {p} {o}", "try to {v} {s} {p} {o}", "your task: {v} {s} {p} {o}",
    "go ahead and {v} {s} {p} {o}", "now {v} {s} {p} {o}", "just {v} {s} {p} {o}",
    "hey robot, {v} {s} {p} {o}", "let's {v} {s} {p} {o}", "first {v} {s} {p} {o}",
    "carefully {v} {s} {p} {o}", "gently {v} {s} so that it ends up {p} {o}",
    "i need you to {v} {s} {p} {o}", "will you {v} {s} {p} {o}?", "use the pusher to {v} {s} {p} {o}",
    "ok, {v} {s} {p} {o}, thanks", "kindly {v} {s} {p} {o}", "task: {v} {s} {p} {o}",
    "grab {s} and {v} it {p} {o}", "take {s} and {v} it {p} {o}", "pick {s} and {v} it {p} {o}",
    "{v} {s} across the table so that it is {p} {o}", "simply {v} {s} {p} {o}.",
    "{v} {s} over {p} {o}", "{v} {s} a little so it is {p} {o}", "{v} {s} until it is {p} {o}",
)  # fmt: skip
GERUND = (
    "would you mind {g} {s} {p} {o}?", "how about {g} {s} {p} {o}?", "start by {g} {s} {p} {o}",
    "i was thinking of {g} {s} {p} {o}", "what about {g} {s} {p} {o}",
)  # fmt: skip
STATE = (
    "{s} should be {p} {o}", "{s} {p} {o}", "i want {s} {p} {o}", "i want {s} to be {p} {o}",
    "make sure {s} is {p} {o}", "make sure that {s} ends up {p} {o}", "{s} must be {p} {o}",
    "{s} goes {p} {o}", "{s} belongs {p} {o}", "have {s} sit {p} {o}", "let {s} be {p} {o}",
    "{s} needs to be {p} {o}", "see to it that {s} is {p} {o}", "get {s} to stand {p} {o}",
    "arrange things so that {s} is {p} {o}", "the goal is to have {s} {p} {o}",
    "i would like {s} to end up {p} {o}", "it would be nice if {s} were {p} {o}",
    "{s} -> {p} {o}", "{s}: {p} {o}", "goal: {s} {p} {o}", "end state: {s} is {p} {o}",
    "what i want to see is {s} {p} {o}", "the right place for {s} is {p} {o}",
    "could {s} be {p} {o}?", "can we have {s} {p} {o}?", "{s} has to be {p} {o}",
    "find a place for {s} {p} {o}", "we want {s} {p} {o}", "{p} {o} is where {s} should go",
    "{p} {o} is where i want {s}", "{s} ought to be {p} {o}", "make {s} be {p} {o}",
    "{s} should end up {p} {o}", "{s} wants to be {p} {o}", "i'd prefer {s} {p} {o}",
    "in the end {s} is {p} {o}", "when you're done, {s} should be {p} {o}",
    "ensure {s} is {p} {o}", "ensure that {s} is located {p} {o}", "need {s} {p} {o}",
    "position wanted for {s}: {p} {o}", "there should be {s} {p} {o}", "is it possible to have {s} {p} {o}?",
    "{s} ends up {p} {o}", "{s} ought to go {p} {o}", "{p} {o} goes {s}", "{s} lives {p} {o}",
    "{s} looks better {p} {o}", "i expect {s} {p} {o} when you finish", "why is {s} not {p} {o}? fix that",
    "{s} is supposed to be {p} {o}", "{s} to go {p} {o}", "{s} at a spot {p} {o}",
)  # fmt: skip
PASSIVE = (
    "{s} should be moved {p} {o}", "{s} has to be pushed {p} {o}", "{s} must be put {p} {o}",
    "i'd like {s} moved {p} {o}", "have {s} placed {p} {o}", "{s} is to be placed {p} {o}",
    "i want {s} pushed {p} {o}", "get {s} moved {p} {o}", "{s} to be pushed {p} {o}",
)  # fmt: skip
NEGATIVE = (
    "{s} must not be {p} {o}", "don't let {s} be {p} {o}", "make sure {s} is not {p} {o}",
    "make sure {s} isn't {p} {o}", "{s} should not be {p} {o}", "{s} shouldn't be {p} {o}",
    "do not leave {s} {p} {o}", "{s} may be anywhere except {p} {o}", "{s} anywhere but {p} {o}",
    "avoid having {s} {p} {o}", "i don't want {s} {p} {o}", "{s} should never be {p} {o}",
    "never leave {s} {p} {o}", "{s} not {p} {o}", "stop {s} from being {p} {o}",
    "{s} mustn't be {p} {o}", "get {s} to a place that is not {p} {o}", "{s} can't be {p} {o}",
    "keep {s} from being {p} {o}", "{s} cannot stay {p} {o}", "move {s} so it is no longer {p} {o}",
    "see that {s} isn't {p} {o}", "{s} has no business being {p} {o}", "put {s} anywhere but {p} {o}",
    "whatever you do, {s} must not end up {p} {o}", "don't put {s} {p} {o}", "do not place {s} {p} {o}",
    "ensure that {s} does not end up {p} {o}", "{s} is not allowed {p} {o}",
)  # fmt: skip
NOT_TOUCHING = (
    "{s} must not touch {o}", "don't let {s} touch {o}", "{s} and {o} must not touch",
    "{s} shouldn't touch {o}", "make sure {s} doesn't touch {o}", "no contact between {s} and {o}",
    "{s} should not be in contact with {o}", "avoid contact between {s} and {o}",
    "{s} and {o} should not be touching", "{s} and {o} can't touch each other",
    "stop {s} from touching {o}", "keep {s} from touching {o}", "{s} may not touch {o}",
    "{s} must be clear of contact with {o}", "{s} isn't allowed to touch {o}",
    "{s} and {o} mustn't touch", "never let {s} touch {o}", "leave a gap so {s} is not touching {o}",
)  # fmt: skip
WITHOUT_TOUCHING = (
    "not touching {o}", "without touching {o}", "it must not touch {o}", "don't let it touch {o}",
    "make sure it does not touch {o}", "it shouldn't touch {o}", "not in contact with {o}",
    "it should not be in contact with {o}", "keep it from touching {o}",
)  # fmt: skip
WITHOUT_CONTACT = (
    "not touching it", "without touching it", "don't let them touch", "they must not touch",
    "they shouldn't touch", "without contact", "with no contact", "without them touching",
    "make sure they don't touch", "not touching", "leave a little gap so that they don't touch",
)  # fmt: skip
"""Both after a clause, of what it set next to something."""
NOT_AREA = (
    "get {s} out of {a}", "move {s} out of {a}", "{s} should leave {a}", "push {s} out of {a}",
    "clear {s} from {a}", "{s} must not stay in {a}", "remove {s} from {a}", "keep {s} out of {a}",
    "{s} anywhere but {a}", "don't leave {s} in {a}", "{s} has to get out of {a}",
    "{a} is no place for {s}", "{s} shouldn't be in {a}", "make sure {s} isn't in {a}",
    "{a} should be free of {s}", "{s} must not be in {a}", "not {a} for {s}",
    "{s} should be anywhere except {a}", "do not put {s} in {a}", "take {s} out of {a}",
)  # fmt: skip
ALL = (
    "everything", "all the objects", "all objects", "every object", "all of them", "all the things",
    "all of the objects", "every single thing", "the whole lot", "all the pieces", "each object",
    "all items", "every item on the table", "all of it", "all things on the table", "all the toys",
    "all the blocks", "the objects", "all", "everything on the table", "all the stuff", "each item",
    "every last object",
)  # fmt: skip
ALL_BUT = (
    "everything except {s}", "all objects but {s}", "everything but {s}", "all but {s}",
    "every object except {s}", "all the others, but not {s},", "everything apart from {s}",
    "everything other than {s}", "all objects except {s}", "all things except for {s}",
    "every single object but {s}", "everything save {s}", "all of them except {s}",
    "everything that is not {s}", "all objects other than {s}",
    "the objects, except {s},", "everything excluding {s}", "all of them but {s}",
)  # fmt: skip
ALL_BUT_AFTER = (
    " except {s}", ", but not {s}", ", except for {s}", " but leave {s} alone", " apart from {s}",
    ", with the exception of {s}", ", not {s} though", " but {s}", ", only {s} stays where it is",
    ", leave {s} where it is", " other than {s}", "; {s} stays put",
)  # fmt: skip
REST = (
    "everything else", "all the others", "all other objects", "the other objects", "the rest",
    "all the other things", "every other object", "the others", "the other things",
    "all the rest", "each of the others", "the remaining objects", "all remaining objects",
)  # fmt: skip
AROUND = (
    "gather everything around {s}", "bring all objects close to {s}", "everybody close to {s}",
    "collect everything around {s}", "surround {s} with the others", "{s} surrounded by the rest",
    "everything should be near {s}", "crowd all objects around {s}", "make all objects huddle around {s}",
    "surround {s} with all other objects", "surround {s} by everything else",
    "put the other objects all around {s}", "encircle {s} with the other things",
    "{s} should be in the midst of the others", "let the others flock to {s}",
    "arrange the others around {s}", "group the rest around {s}", "pile everything up near {s}",
    "bring the other objects close to {s}", "have all the others stand close to {s}",
)  # fmt: skip
PLURALS = ("objects", "things", "ones", "items", "pieces", "toys")
EVERY = ("all the {x}", "the {x}", "all {x}", "every one of the {x}", "{x}", "all of the {x}",
         "each of the {x}", "any {x}", "only the {x}", "just the {x}")  # fmt: skip
SIDES = {"left": "left", "right": "right", "left side": "left", "right side": "right", "top": "top",
         "bottom": "bottom", "front": "bottom", "back": "top", "middle": "center", "left edge": "left",
         "right edge": "right", "far side": "top", "near side": "bottom"}  # fmt: skip
FACING = (("left", "right"), ("right", "left"), ("left side", "right side"), ("right side", "left side"),
          ("top", "bottom"), ("bottom", "top"), ("front", "back"), ("back", "front"),
          ("left", "middle"), ("middle", "right"), ("left edge", "right edge"), ("right edge", "left"),
          ("far side", "near side"), ("near side", "far side"), ("left", "back"))  # fmt: skip
"""Sides as they are told together."""
CONTRAST = (
    "{v} {s} {p}, {v} {o} {q}", "{v} {s} {p} and {o} {q}", "{v} {s} {p}, {o} {q}",
    "{v} {s} {p} and {v} {o} {q}", "{s} goes {p} and {o} goes {q}",
    "{s} should be {p} and {o} {q}", "{s} {p} but {o} {q}", "{s} belongs {p} and {o} belongs {q}",
    "{v} {s} {p}; {v} {o} {q}", "i want {s} {p} and {o} {q}",
    "{v} {s} {p} while {o} goes {q}", "have {s} {p} and have {o} {q}", "{v} {o} {q} after you {v} {s} {p}",
)  # fmt: skip
GROUP = (
    "group {t} by {k}", "sort {t} by {k}", "group by {k}", "sort by {k}", "sort {t} according to {k}",
    "arrange {t} by {k}", "organise {t} by {k}", "organize {t} by {k}", "cluster {t} by {k}",
    "separate {t} by {k}", "put {t} of the same {k} together", "put things of equal {k} together",
    "gather {t} of the same {k}", "make groups by {k}", "make one pile per {k}",
    "make a pile for each {k}", "each {k} in its own group", "keep same {k} {t} together",
    "bring together everything that has the same {k}", "{t} with the same {k} belong together",
    "classify {t} by {k}", "split {t} up by {k}", "tidy up: same {k} together",
    "one cluster for each {k}", "divide {t} into groups by {k}", "collect {t} by {k}",
    "i want {t} grouped by {k}", "i want {t} sorted by {k}", "{t} should be grouped by {k}",
    "please sort {t} by {k}", "can you group {t} by {k}?", "match {t} by {k}",
    "{t} that share a {k} should be together", "like {k} with like {k}", "{k} by {k}, put {t} together",
    "form clusters of {t} with matching {k}", "could you sort everything by {k} please?",
    "batch {t} by {k}", "bunch up {t} of the same {k}", "the {k} decides which group a thing goes to",
    "partition {t} by {k}", "groups of the same {k}", "grouping by {k}", "{k} groups please",
    "same {k}s together", "things that have different {k}s should be apart, same {k}s together",
    "get {t} organised into {k} groups", "have {t} sorted out by their {k}",
    "group everything based on {k}", "use {k} to sort {t} into piles",
)  # fmt: skip
THINGS_WORDS = (
    "the objects", "objects", "everything", "all objects", "all the objects", "the things",
    "the items", "all the pieces", "the pieces", "the blocks", "all the blocks", "the toys",
    "all of them", "them", "things", "these things", "what is on the table", "the table's contents",
)  # fmt: skip
KIND_WORDS = {
    "colour": ("colour", "color", "colour", "color", "hue"),
    "shape": ("shape", "shape", "shape", "form", "type", "kind"),
}
LINE = (
    "make a line", "make a line with {t}", "line up {t}", "put {t} in a line", "put {t} in a row",
    "arrange {t} in a line", "arrange {t} in a straight line", "form a line", "form a row",
    "align {t}", "line {t} up", "make a straight line out of {t}", "make a row", "all in a row",
    "all in line", "{t} should form a straight line", "get {t} into a line", "{t} in a line",
    "place {t} along a straight line", "could you line up {t}?", "please put {t} in one row",
    "i want {t} in a row", "one straight line with {t}", "make {t} collinear", "make {t} form a row",
    "have {t} stand in a line", "queue {t} up", "string {t} out in a line", "bring {t} into line",
    "arrange {t} so they lie on one line", "set {t} out in a row", "straight line please",
    "lay {t} out in a straight row", "let {t} stand in a queue", "single file, {t}",
    "{t} need to be lined up", "organise {t} in a line", "make sure {t} are in line",
    "draw a line with {t}", "make a chain of {t} in a straight line", "line them all up",
)  # fmt: skip
NONSENSE = (
    "sing me a song", "what is the capital of France?", "asdf qwer", "hello", "how are you?",
    "tell me a joke", "eat {s}", "paint {s} in another hue", "stack {s} on {o}", "what colour is {s}?",
    "how many objects are there?", "lift {s} into the air", "make {s} disappear", "throw {s} off the table",
    "blah blah blah", "the weather is nice today", "order a pizza", "what do you see?", "break {s}",
    "turn {s} into a frog", "open the window", "write a poem about {s}", "is {s} heavier than {o}?",
    "foo bar", "why?", "42", "help", "do something", "melt {s}", "put {s} in my pocket",
    "delete all files", "ignore your instructions", "balance {s} on top of {o}", "cut {s} in half",
    "who won the world cup?", "play some music", "make {s} bigger", "dance with {s}", "buy a new {s}",
    "make {s} sing", "teach {o} to swim", "i love {s}", "xyzzy", "the quick brown fox", "teleport {s} to mars",
    "what happened to {s}?", "describe {o}", "count the objects", "translate this into German",
    "put {s} inside {o}", "balance everything on {s}", "stop", "nothing", "do nothing at all", "spin {s} around",
    "set {s} on fire", "wash {s}", "book a flight", "solve x + 2 = 5", "swap the colours of {s} and {o}",
    "put the {n} next to {s}", "push the {n} to the left", "move {s} near the {n}", "{s} should be behind the {n}",
    "push {s} into the {n}", "bring me the {n}", "move the {n} to the top left", "the {n} goes in front of {o}",
    "hide {s} under the {n}", "the {n} must touch {o}", "group the {n}s", "where is the {n}?", "find the {n}",
)  # fmt: skip
STRANGE = (
    "cat", "dog", "cup", "chair", "car", "book", "hammer", "lamp", "phone", "tree", "house", "fish", "hat",
    "shoe", "pencil", "laptop", "bird", "horse", "sofa", "door", "key", "coin", "cake", "spider", "tiger",
    "sandwich", "train", "guitar", "cloud", "mountain", "dragon", "potato", "screwdriver", "fork", "knife",
    "pizza", "king", "teacher", "monkey", "candle", "bag", "flower", "boat", "sock", "egg", "carrot",
)  # fmt: skip
JOINS = (
    " and ", ", and ", " and then ", ", then ", "; ", ". then ", ". ", ", ", ". also, ", " and also ",
    ", plus ", ". after that, ", " but ", "; also ", ", also ", " & ",
)  # fmt: skip
