# ruff: noqa: E501
"""More ways of training to speak of a quantity: "on a coarser floor", "leaves at a higher speed".

Dev and test never hear of them.
"""

from mindseye.planner.questions.contexts import adjectival, nominal, slopes
from mindseye.planner.questions.lexemes import Lexeme

# fmt: off
_HIGHER, _LOWER = "higher|greater|larger|bigger", "lower|smaller|lesser"
_FASTER, _SLOWER = "faster|more quickly|at a higher speed", "slower|more slowly|less quickly|at a lower speed"


def _floors(verb: str, adjunct: str, nouns: str) -> tuple[Lexeme, ...]:
    return tuple(
        Lexeme(
            verb=verb, noun=n, more=("coarser", "grippier", "less slick"),
            less=("slicker", "slippier", "less grippy", "less coarse"), words=("{v}",),
            values=(f"a {n} with a friction coefficient equal to {{v}}",
                    f"a {n} that has a coefficient of friction of {{v}}"),
            times=(f"a {n} {{as}} grippy as that of {{Y}}",),
            same=(f"a {n} exactly as rough as that of {{Y}}",),
            same_plural=(f"{n}s of the same roughness", f"{n}s that are equally rough"),
            adjunct=adjunct,
        )
        for n in nouns.split("|")
    )


def _at_speed(*verbs: str) -> tuple[Lexeme, ...]:
    """Return verbs with how fast: "start out faster", "start out at a higher speed"."""
    return tuple(
        adjectival(v, _FASTER, _SLOWER, "fast", "at {v}", "at a speed of {v}", "with a speed of {v}")
        for v in verbs
    )


def _friction(*verbs: str) -> tuple[Lexeme, ...]:
    return tuple(
        nominal(v, "friction", "more|greater|stronger", "less|smaller|weaker", article="",
                times=("{of} the friction of {Y}",)) for v in verbs
    )


_COEFFICIENT = tuple(
    nominal("have", n, _HIGHER, _LOWER, f"a {n} of {{v}}")
    for n in ("friction coefficient", "friction number", "coefficient of sliding friction")
)
_LEDGES = tuple(
    Lexeme(
        verb="be {p} from", noun=n, more=("higher", "taller"), less=("lower", "less high"),
        values=(f"a {n} at a height of {{v}}", f"a {n} {{v}} up", f"a {n} that is {{v}} above the ground"),
        times=(f"a {n} {{as}} high as that of {{Y}}",), same=(f"the same {n} as {{Y}}",),
        same_plural=(f"the same {n}", f"{n}s of equal height"), adjunct="from",
    )
    for n in ("crane", "scaffold", "ledge", "mast", "lookout")
)
_HEIGHTS = (
    nominal("begin at", "height", _HIGHER, _LOWER, "a height of {v}", "{v} above the ground"),
    nominal("have", "starting height", _HIGHER, _LOWER, "a starting height of {v}"),
    adjectival("begin", "higher up|from higher up", "lower down|less high up|from lower down", "high up",
               "{v} up", "at a height of {v}", exact=False),
)
_TO_FALL = adjectival(
    "have", "farther to fall|a longer way to fall", "less far to fall|a shorter way to fall", "far",
    exact=False, same=("just as far to fall as {Y}",), same_plural=("equally far to fall", "the same way to fall"),
)

MORE_LEXEMES: dict[str, tuple[Lexeme, ...]] = {
    "mass": (
        adjectival("be", "weightier", "less weighty|less heavy", "heavy"),
        nominal("possess", "mass", _HIGHER, _LOWER, "a mass of {v}"),
        nominal("contain", "mass", "more", "less", "a mass of {v}", "{v} of mass", article="", times=("{of} the mass of {Y}",)),
        adjectival("bring", "more to the scales", "less to the scales", "much", "{v} to the scales",
                   exact=False, same=("the same to the scales as {Y}",), same_plural=("the same to the scales",)),
        nominal("come with", "mass", _HIGHER, _LOWER, "a mass of {v}"),
    ),
    "force": (
        adjectival("be {p}", "with more force|more forcefully|more powerfully", "with less force|less forcefully|less powerfully|more weakly",
                   "forcefully", adjunct=""),
        nominal("be {p} by", "force", "greater|larger|stronger|bigger", "smaller|weaker|lesser", "a force of {v}", "a constant {v}", adjunct="by"),
        nominal("be {p} using", "force", "greater|larger|stronger", "smaller|weaker|lesser", "a force of {v}", "{v}", adjunct="using"),
        nominal("experience", "force", "greater|larger|stronger", "smaller|weaker|lesser", "a force of {v}"),
        nominal("be subject to", "force", "greater|larger|stronger", "smaller|weaker|lesser", "a force of {v}", "a steady {v}"),
        nominal("be acted on by", "force", "greater|larger|stronger", "smaller|weaker|lesser", "a force of {v}"),
        nominal("be under", "force", "greater|larger|stronger", "smaller|weaker|lesser", "a force of {v}"),
    ),
    "glide speed": _at_speed("travel", "drift", "go", "coast along", "move along"),
    "slide speed": (
        *_at_speed("begin", "start out", "begin its slide", "be sent off"),
        nominal("have", "starting speed", _HIGHER, _LOWER, "a starting speed of {v}"),
        nominal("begin with", "speed", _HIGHER, _LOWER, "a speed of {v}", adjunct="with"),
    ),
    "brake speed": (
        *_at_speed("go", "move", "be driven", "come along", "go along"),
        nominal("brake from", "speed", _HIGHER, _LOWER, "a speed of {v}", "{v}", adjunct="from"),
        nominal("have", "velocity", _HIGHER, _LOWER, "a velocity of {v}"),
    ),
    "throw speed": (
        *_at_speed("set off", "be sent off", "begin", "start out"),
        nominal("have", "launch speed", _HIGHER, _LOWER, "a launch speed of {v}"),
        nominal("be {p} with", "velocity", _HIGHER, _LOWER, "a velocity of {v}", adjunct="with"),
        nominal("get", "starting speed", _HIGHER, _LOWER, "a starting speed of {v}"),
        nominal("be given", "speed", _HIGHER, _LOWER, "a speed of {v}", "{v} to start with"),
    ),
    "crash speed": (
        *_at_speed("go", "come along", "be moving", "come up"),
        nominal("have", "velocity", _HIGHER, _LOWER, "a velocity of {v}"),
        nominal("travel at", "speed", _HIGHER, _LOWER, "a speed of {v}", adjunct="at"),
    ),
    "uphill speed": (
        *_at_speed("begin", "start out", "start uphill", "be sent off"),
        nominal("have", "starting speed", _HIGHER, _LOWER, "a starting speed of {v}"),
        nominal("begin with", "speed", _HIGHER, _LOWER, "a speed of {v}", adjunct="with"),
    ),
    "drop height": (
        *_HEIGHTS, _TO_FALL, *_LEDGES,
        nominal("be {p} from", "altitude", "higher|greater", "lower|smaller", "an altitude of {v}", adjunct="from"),
        nominal("have", "drop height", _HIGHER, _LOWER, "a drop height of {v}"),
    ),
    "throw height": (*_HEIGHTS, _TO_FALL, *_LEDGES),
    "slope height": (
        nominal("begin at", "height", _HIGHER, _LOWER, "a height of {v}", "{v} above the foot"),
        nominal("have", "starting height", _HIGHER, _LOWER, "a starting height of {v}"),
        adjectival("begin", "higher up|farther above the foot", "lower down|less high up", "high up", "{v} above the foot",
                   "at a height of {v}", exact=False),
        *slopes("loftier", "less high", "high", "a slope that rises {v}", "a slope with its top {v} up"),
    ),
    "throw angle": (
        adjectival("start", "more steeply|at a steeper angle", "less steeply|at a flatter angle|more flatly", "steeply"),
        nominal("leave at", "angle", "steeper|larger|greater|bigger", "flatter|shallower|smaller", "an angle of {v}", "{v} to the horizontal"),
        nominal("have", "launch angle", "larger|greater|steeper|bigger", "smaller|flatter|shallower", "a launch angle of {v}"),
    ),
    "slope angle": slopes(
        "more inclined|more steeply tilted|more sloping", "less inclined|less steeply tilted|less sloping|more gentle|milder", "steep",
        "a slope rising at {v}", "a slope that is {v} steep", "a slope inclined by {v}", "a slope at {v} to the horizontal",
    ),
    "slope length": slopes(
        "more extended|lengthier", "less long|less extended|less lengthy", "long", "a slope {v} in length", "a slope that is {v} long",
    ),
    "slide friction": (
        *_floors("be on", "over", "floor|surface"), *_floors("move on", "on", "floor|surface"),
        *_floors("move over", "across", "surface|floor"), *_COEFFICIENT, *_friction("encounter", "face", "experience"),
    ),
    "slope friction": (
        *_floors("be on", "down", "slope|ramp"), *_COEFFICIENT, *_friction("encounter", "face", "experience"),
    ),
    "road friction": (
        *_floors("travel on", "on", "road|surface"), *_floors("be on", "on", "road"), *_COEFFICIENT, *_friction("find", "experience"),
    ),
    "way": (
        nominal("have to cover", "distance", "longer|greater|larger", "shorter|smaller", "a distance of {v}", "{v}"),
        nominal("be {p} along", "path", "longer|lengthier", "shorter|less long", "a {b} path", "a path {v} long",
                times=("a path {as} long as that of {Y}",), same=("a path just as long as that of {Y}",),
                same_plural=("equally long paths",), adjunct="along"),
        nominal("be {p} through", "distance", "longer|greater", "shorter|smaller", "a distance of {v}", adjunct="through"),
    ),
    "push time": (
        adjectival("be {p}", "for more time|for a longer time", "for a shorter time|more briefly", "long", "during {v}", "for {v} in all", adjunct=""),
        nominal("be {p} during", "time", "longer", "shorter", "{v}", times=("{as} long as {Y}",), adjunct="during"),
    ),
    "glide time": (
        adjectival("move", "longer|for more time|for a longer time", "for less time|for a shorter time", "long", "for {v}", adjunct=""),
        adjectival("be under way", "longer|for longer", "for less time|less long", "long", "for {v}", adjunct=""),
    ),
    "gravity": (
        Lexeme(
            verb="be on",
            more=("planet with a stronger pull", "planet with higher gravity", "world where gravity is stronger", "place with greater gravity"),
            less=("planet with a weaker pull", "planet with lower gravity", "world where gravity is weaker", "place with smaller gravity"),
            words=("{v}",), values=("a planet with a gravity of {v}", "a world whose gravity is {v}", "a place with {v} of gravity"),
            exact=False, same=("the very same planet as {Y}",), same_plural=("one and the same planet",), adjunct="on",
        ),
    ),
}
"""By key of `mindseye.planner.questions.contexts.CONTEXTS`."""
