# ruff: noqa: E501
"""What is spoken of, and in which words: mass, the speed of a throw, the height of a drop."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mindseye.planner.questions.lexemes import Lexeme
from mindseye.planner.questions.things import plural


def adjectival(
    verb: str, more: str, less: str, base: str, *values: str, **rest: str | bool | tuple[str, ...]
) -> Lexeme:
    """Return how one speaks of a quantity by an adjective or adverb: "is heavier"."""
    return Lexeme(
        verb=verb, more=tuple(more.split("|")), less=tuple(less.split("|")), base=base,
        values=values, **rest,  # type: ignore[arg-type]
    )  # fmt: skip


def nominal(
    verb: str, noun: str, more: str, less: str, *values: str, **rest: str | bool | tuple[str, ...]
) -> Lexeme:
    """Return how one speaks of a quantity by a noun: "has a greater mass"."""
    return Lexeme(
        verb=verb, more=tuple(more.split("|")), less=tuple(less.split("|")), noun=noun,
        values=values, **rest,  # type: ignore[arg-type]
    )  # fmt: skip


_BIG, _SMALL = "greater|larger|bigger|higher", "smaller|lower"
_UP = ("a height of {v}", "{v}", "{v} above the ground")
SIZES: dict[str, tuple[float, float]] = {
    "table": (0.4, 1.6), "desk": (0.4, 1.6), "bench": (0.3, 1.6), "shelf": (0.3, 3.0),
    "tower": (4.0, 1e3), "building": (4.0, 1e3), "bridge": (3.0, 1e3), "roof": (2.5, 1e2),
    "cliff": (3.0, 1e3), "window": (1.5, 60.0), "balcony": (2.0, 60.0), "branch": (1.0, 20.0),
    "wall": (0.6, 15.0),
}  # fmt: skip
"""Metres that suit what stands so high."""
_HIGH_THING = ("a {b} high {n}", "the top of a {b} {n}", "a {n} that is {v} high")
_SLOPE_VALUES = (
    "a slope of {v}",
    "a {b} slope",
    "a slope tilted at {v}",
    "a slope inclined at {v}",
)


def _place(verb: str, noun: str, more: str, less: str, adjunct: str) -> Lexeme:
    """Return how one speaks of a height by what stands so high: "from a taller tower"."""
    return Lexeme(
        verb=verb, noun=noun, more=tuple(more.split("|")), less=tuple(less.split("|")),
        values=tuple(v.replace("{n}", noun) for v in _HIGH_THING),
        times=(f"a {noun} {{as}} high as that of {{Y}}",), same=(f"the same {noun} as {{Y}}",),
        same_plural=(f"the same {noun}", f"{plural(noun)} of the same height",
                     f"equally high {plural(noun)}"),
        adjunct=adjunct,
    )  # fmt: skip


_PLACE_HEIGHTS = (
    "the {n} is {v} above the ground",
    "the {n} is {v} high",
    "the {n} has a height of {v}",
)


def _high_places(nouns: str) -> tuple[Lexeme, ...]:
    return tuple(
        _place("be {p} from", n, "higher|taller", "lower", "from") for n in nouns.split("|")
    )


def slopes(more: str, less: str, base: str, *values: str) -> tuple[Lexeme, ...]:
    """Return how one speaks of a slope by what it is like, whatever it is called."""
    return tuple(
        Lexeme(
            verb="be on", noun=n, more=tuple(more.split("|")), less=tuple(less.split("|")),
            values=tuple(v.replace("slope", n) for v in values),
            times=(f"a {n} {{as}} {base} as that of {{Y}}",),
            same=(f"a {n} just as {base} as that of {{Y}}",),
            same_plural=(f"equally {base} {n}s", f"{n}s that are equally {base}"),
            adjunct="down",
        )
        for n in ("slope", "ramp", "incline", "hill")
    )  # fmt: skip


_FLOOR_WORDS = ("{v}",)
_COEFFICIENTS = ("a friction coefficient of {v}", "a coefficient of friction of {v}")


def _floors(verb: str, adjunct: str, nouns: str) -> tuple[Lexeme, ...]:
    return tuple(
        Lexeme(
            verb=verb, noun=n, more=("rougher", "less slippery"),
            less=("smoother", "more slippery", "less rough"), words=_FLOOR_WORDS,
            values=(f"a {n} with a friction coefficient of {{v}}",
                    f"a {n} whose coefficient of friction is {{v}}"),
            times=(f"a {n} {{as}} rough as that of {{Y}}",),
            same=(f"a {n} just as rough as that of {{Y}}",),
            same_plural=(f"the same {n}", f"the same kind of {n}", f"equally rough {n}s"),
            adjunct=adjunct,
        )
        for n in nouns.split("|")
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Context:
    """All ways of speaking of one quantity in one kind of situation."""

    lexemes: tuple[Lexeme, ...]
    labels: tuple[str, ...] = ()
    """What a list calls it: "mass: 2 kg"."""
    words: Mapping[str, str] = field(default_factory=dict)
    """What is said, to what the program writes."""
    clauses: tuple[str, ...] = ()
    """Whole clauses for what all have in common, or the only one has: `{n}` is the
    place where it happens, `{z}` "it" or "each of them"."""
    word_clauses: tuple[str, ...] = ()


FLOORS = {
    "ice": "ice", "a wooden floor": "wood", "carpet": "carpet", "grass": "grass",
    "concrete": "concrete", "gravel": "gravel", "asphalt": "asphalt", "a sheet of glass": "glass",
    "a rubber mat": "rubber", "sandpaper": "sandpaper", "a sheet of ice": "ice",
    "a steel plate": "steel", "wood": "wood", "a carpet": "carpet", "a frozen lake": "ice",
    "a gravel path": "gravel", "a rough floor": "rough", "a smooth floor": "smooth",
    "a wooden board": "wood", "glass": "glass", "steel": "steel", "rubber": "rubber",
    "a concrete floor": "concrete", "an ice rink": "ice", "a carpeted floor": "carpet",
    "a grassy field": "grass",
}  # fmt: skip
WORLDS = {
    "the Moon": "moon", "Mars": "mars", "Earth": "earth", "Jupiter": "jupiter", "Venus": "venus",
    "the moon": "moon", "Mercury": "mercury", "Pluto": "pluto", "the Earth": "earth",
    "Saturn": "saturn", "Neptune": "neptune",
}  # fmt: skip

CONTEXTS: dict[str, Context] = {
    "mass": Context(
        lexemes=(
            adjectival("be", "heavier", "lighter|less heavy", "heavy"),
            adjectival("weigh", "more", "less", "much", "{v}", same=("the same as {Y}", "as much as {Y}"),
                 same_plural=("the same",)),
            nominal("have", "mass", _BIG, _SMALL,
                  "a mass of {v}"),
            nominal("have", "weight", "greater|larger|higher", _SMALL, "a weight of {v}"),
            adjectival("be", "more massive", "less massive", "massive"),
        ),
        labels=("mass", "weight"),
    ),
    "force": Context(
        lexemes=(
            adjectival("be {p}", "harder|more strongly", "less hard|more gently|less strongly", "hard",
                 adjunct=""),
            nominal("be {p} with", "force", "greater|larger|stronger|bigger",
                  "smaller|weaker", "a force of {v}", "{v}", "{v} of force", "a steady {v}",
                  adjunct="with"),
            nominal("feel", "force", "stronger|larger|greater|bigger", "weaker|smaller",
                  "a force of {v}", "a steady force of {v}"),
            nominal("be driven by", "force", "stronger|larger|greater", "weaker|smaller",
                  "a constant force of {v}", "a force of {v}", adjunct="by"),
        ),
        labels=("force", "pull", "push"),
        clauses=("a force of {v} acts on {z}", "a constant force of {v} acts on {z}", "the force on {z} is {v}"),
    ),
    "glide speed": Context(
        lexemes=(
            adjectival("move", "faster", "slower|more slowly", "fast"),
            adjectival("glide", "faster", "slower|more slowly", "fast"),
            adjectival("be", "faster", "slower|less fast", "fast"),
            nominal("have", "speed", "higher|greater|larger", "lower|smaller", "a speed of {v}"),
            nominal("glide at", "speed", "higher|greater", "lower|smaller", "{v}", "a speed of {v}",
                  "a constant {v}", adjunct="at"),
        ),
        labels=("speed", "velocity"),
    ),
    "slide speed": Context(
        lexemes=(
            adjectival("start", "faster", "slower|more slowly", "fast", "at {v}", "with {v}"),
            adjectival("set off", "faster", "slower|more slowly", "fast", "at {v}"),
            adjectival("be", "faster at first", "slower at first", "fast at the start", exact=False,
                 same_plural=("equally fast at the start",)),
            nominal("have", "initial speed", "higher|greater|larger", "lower|smaller",
                  "an initial speed of {v}", "a starting speed of {v}"),
            nominal("start with", "speed", "higher|greater|larger", "lower|smaller", "a speed of {v}",
                  "{v}", "an initial speed of {v}", adjunct="with"),
            nominal("set off at", "speed", "higher|greater", "lower|smaller", "{v}", "a speed of {v}",
                  adjunct="at"),
        ),
        labels=("initial speed", "speed", "starting speed"),
        clauses=("the initial speed is {v}", "the starting speed is {v}", "the speed at the start is {v}"),
    ),
    "brake speed": Context(
        lexemes=(
            adjectival("travel", "faster", "slower|more slowly", "fast", "at {v}"),
            adjectival("drive", "faster", "slower|more slowly", "fast", "at {v}"),
            adjectival("be", "faster", "slower", "fast"),
            nominal("have", "speed", "higher|greater", "lower|smaller", "a speed of {v}",
                  "an initial speed of {v}"),
            nominal("drive at", "speed", "higher|greater", "lower|smaller", "{v}", "a speed of {v}",
                  adjunct="at"),
            nominal("go at", "speed", "higher|greater", "lower|smaller", "{v}", adjunct="from"),
        ),
        labels=("speed", "initial speed"),
        clauses=("the speed is {v} at first", "the initial speed is {v}"),
    ),
    "throw speed": Context(
        lexemes=(
            adjectival("be {p}", "faster", "slower|more slowly|less fast", "fast", adjunct=""),
            adjectival("be {p}", "harder", "less hard|more gently|more softly", "hard", exact=False,
                 adjunct=""),
            nominal("be {p} at", "speed", "higher|greater|larger", "lower|smaller", "{v}",
                  "a speed of {v}", adjunct="at"),
            nominal("be {p} with", "speed", "higher|greater|larger", "lower|smaller",
                  "an initial speed of {v}", "a speed of {v}", "a velocity of {v}", "{v}",
                  adjunct="with"),
            nominal("have", "initial speed", "higher|greater|larger", "lower|smaller",
                  "an initial speed of {v}", "a launch speed of {v}"),
            adjectival("start", "faster", "slower|more slowly", "fast", "at {v}", "with {v}"),
        ),
        labels=("speed", "initial speed", "launch speed"),
        clauses=("the initial speed is {v}", "the launch speed is {v}", "the starting speed is {v}"),
    ),
    "crash speed": Context(
        lexemes=(
            adjectival("be", "faster", "slower|less fast", "fast"),
            adjectival("move", "faster", "slower|more slowly", "fast", "at {v}"),
            adjectival("travel", "faster", "slower|more slowly", "fast", "at {v}"),
            nominal("have", "speed", "higher|greater|larger", "lower|smaller", "a speed of {v}"),
            nominal("move at", "speed", "higher|greater", "lower|smaller", "{v}", "a speed of {v}",
                  adjunct="at"),
            adjectival("approach", "faster", "slower|more slowly", "fast", "at {v}"),
        ),
        labels=("speed", "velocity"),
    ),
    "uphill speed": Context(
        lexemes=(
            adjectival("start", "faster", "slower|more slowly", "fast", "at {v}", "with {v}"),
            nominal("have", "initial speed", "higher|greater|larger", "lower|smaller",
                  "an initial speed of {v}"),
            nominal("start with", "speed", "higher|greater|larger", "lower|smaller", "{v}",
                  "a speed of {v}", "an initial speed of {v}", adjunct="with"),
            nominal("set off at", "speed", "higher|greater", "lower|smaller", "{v}", "a speed of {v}",
                  adjunct="at"),
            adjectival("set off", "faster", "slower|more slowly", "fast", "at {v}"),
        ),
        labels=("initial speed", "speed"),
    ),
    "drop height": Context(
        lexemes=(
            nominal("be {p} from", "height", "greater|larger|bigger", "smaller|lower", *_UP,
                  adjunct="from"),
            adjectival("start", "higher up|higher", "lower down|lower", "high", "{v} above the ground",
                 "at a height of {v}", "{v} up", same_plural=("equally high", "equally high up")),
            adjectival("be {p} from", "higher up", "lower down", "high up", exact=False, adjunct="from",
                 same=("the same height as {Y}",), same_plural=("the same height",)),
            *_high_places("tower|balcony|window|bridge|roof|platform|branch|building"),
        ),
        labels=("height", "drop height"),
        clauses=_PLACE_HEIGHTS,
    ),
    "throw height": Context(
        lexemes=(
            nominal("be {p} from", "height", "greater|larger|bigger", "smaller|lower", *_UP,
                  adjunct="from"),
            adjectival("start", "higher up|higher", "lower down|lower", "high", "{v} above the ground",
                 "at a height of {v}", same_plural=("equally high",)),
            *_high_places("table|desk|cliff|roof|wall|platform|shelf|balcony"),
            *_high_places("table|tower|bench"),
        ),
        labels=("height", "starting height"),
        clauses=(*_PLACE_HEIGHTS, "the edge is {v} above the ground"),
    ),
    "slope height": Context(
        lexemes=(
            nominal("start from", "height", "greater|larger|bigger", "smaller|lower",
                  "a height of {v}", "{v} above the ground", adjunct="from"),
            adjectival("start", "higher up|higher", "lower down|lower", "high", "{v} above the bottom",
                 "at a height of {v}", same_plural=("equally high", "equally high up")),
            *slopes("higher|taller", "lower", "high", "a {b} high slope", "a slope {v} high",
                     "a slope with a height of {v}"),
        ),
        labels=("height", "starting height"),
        clauses=("the {n} is {v} high", "the {n} has a height of {v}", "the top of the {n} is {v} above its foot"),
    ),
    "throw angle": Context(
        lexemes=(
            adjectival("be {p}", "more steeply", "less steeply", "steeply", adjunct=""),
            nominal("be {p} at", "angle", "steeper|larger|greater|bigger",
                  "flatter|shallower|smaller", "{v}", "an angle of {v}",
                  "{v} above the horizontal", "{v} to the horizontal", "an angle of {v} to the ground",
                  adjunct="at"),
        ),
        labels=("angle", "launch angle"),
        clauses=("the launch angle is {v}", "the angle is {v} above the horizontal"),
    ),
    "slope angle": Context(
        lexemes=(
            *slopes("steeper", "gentler|shallower|less steep|flatter", "steep", *_SLOPE_VALUES,
                     "a slope that makes an angle of {v} with the ground", "a slope with an angle of {v}"),
        ),
        labels=("slope", "angle", "incline"),
        clauses=("the {n} is inclined at {v}", "the {n} makes an angle of {v} with the ground", "the angle of the {n} is {v}",
                 "the {n} is tilted by {v}"),
    ),
    "slope length": Context(
        lexemes=(
            *slopes("longer", "shorter", "long", "a {b} long slope", "a slope {v} long",
                     "a slope with a length of {v}"),
        ),
        labels=("length of the slope", "length"),
        clauses=("the {n} is {v} long", "the length of the {n} is {v}", "the {n} has a length of {v}"),
    ),
    "slide friction": Context(
        lexemes=(
            *_floors("be on", "over", "floor|surface"),
            *_floors("slide on", "on", "floor|surface"),
            *_floors("slide over", "across", "surface|floor"),
            nominal("have", "coefficient of friction", "higher|greater|larger", "lower|smaller",
                  *_COEFFICIENTS, adjunct="with"),
            nominal("meet", "friction", "more", "less", article="", times=("{of} the friction of {Y}",)),
        ),
        labels=("friction coefficient", "coefficient of friction", "friction"),
        words=FLOORS,
        clauses=("the coefficient of friction is {v}", "the friction coefficient is {v}",
                 "the floor has a friction coefficient of {v}", "between {z} and the floor the friction coefficient is {v}"),
        word_clauses=("this happens on {v}", "everything happens on {v}"),
    ),
    "slope friction": Context(
        lexemes=(
            *_floors("be on", "down", "slope|ramp"),
            nominal("have", "coefficient of friction", "higher|greater|larger", "lower|smaller",
                  *_COEFFICIENTS),
            nominal("meet", "friction", "more", "less", article="", times=("{of} the friction of {Y}",)),
        ),
        labels=("friction coefficient", "friction"),
        clauses=("the coefficient of friction is {v}", "the {n} has a friction coefficient of {v}",
                 "the friction coefficient of the {n} is {v}"),
        words={"ice": "ice", "wood": "wood", "grass": "grass", "glass": "glass", "steel": "steel"},
    ),
    "way": Context(
        lexemes=(
            nominal("be {p} over", "distance", "longer|greater", "shorter|smaller", "{v}",
                  "a distance of {v}", adjunct="over"),
            nominal("be {p} along", "track", "longer", "shorter", "a {b} track", "a track {v} long",
                  "a {b} long track", times=("a track {as} long as that of {Y}",),
                  same=("a track as long as that of {Y}",), same_plural=("equally long tracks",),
                  adjunct="along"),
            adjectival("be {p}", "farther|further", "less far", "far", adjunct=""),
        ),
        labels=("distance", "length of the track"),
        clauses=("the distance is {v}", "the way is {v} long"),
    ),
    "push time": Context(
        lexemes=(
            adjectival("be {p}", "longer|for longer", "for less time|less long", "long", "for {v}",
                 adjunct=""),
            nominal("be {p} for", "time", "longer", "shorter", "{v}", "a time of {v}",
                  times=("{as} long as {Y}", "{of} the time of {Y}"), adjunct="for"),
        ),
        labels=("time", "duration"),
        clauses=("this goes on for {v}", "the force acts for {v}"),
    ),
    "glide time": Context(
        lexemes=(
            adjectival("glide", "longer|for longer", "for less time", "long", "for {v}", adjunct=""),
            nominal("move for", "time", "longer", "shorter", "{v}",
                  times=("{as} long as {Y}", "{of} the time of {Y}"), adjunct="for"),
        ),
        labels=("time", "duration"),
    ),
    "road friction": Context(
        lexemes=(
            *_floors("be on", "on", "road|surface"),
            *_floors("drive on", "on", "road"),
            nominal("have", "friction", "more", "less", article="", times=("{of} the friction of {Y}",)),
            nominal("have", "coefficient of friction", "higher|greater", "lower|smaller",
                  *_COEFFICIENTS),
        ),
        labels=("friction coefficient",),
        clauses=("the coefficient of friction is {v}", "the road has a friction coefficient of {v}",
                 "between tyres and road the friction coefficient is {v}"),
        words={"ice": "ice", "an icy road": "ice", "dry asphalt": "asphalt", "asphalt": "asphalt",
               "gravel": "gravel", "concrete": "concrete", "a gravel road": "gravel",
               "a concrete road": "concrete", "grass": "grass", "an asphalt road": "asphalt"},
    ),
    "gravity": Context(
        lexemes=(
            Lexeme(
                verb="be on",
                more=("planet with stronger gravity", "world with more gravity"),
                less=("planet with weaker gravity", "world with less gravity"),
                words=("{v}",), values=("a planet where gravity is {v}",
                                        "a world with a gravity of {v}"),
                exact=False, same=("the same planet as {Y}",), same_plural=("the same planet",),
                adjunct="on",
            ),
        ),
        labels=("gravity",),
        clauses=("gravity there is {v}", "the acceleration of gravity is {v}"),
        word_clauses=("this happens on {v}", "everything happens on {v}"),
        words=WORLDS,
    ),
}  # fmt: skip
"""By what is spoken of, and in which situation."""
