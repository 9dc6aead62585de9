# ruff: noqa: E501
"""Ways of asking for a measure, by situation: "lands farther away", "how far does it fly"."""

from dataclasses import dataclass

from mindseye.tools.physics.lab.program import Measure


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Verb phrases in the infinitive."""

    most: tuple[str, ...]
    """Of two: "land farther away"."""
    least: tuple[str, ...]
    beats: tuple[str, ...]
    """In relation to the other: "fly farther than {Y}"."""
    trails: tuple[str, ...]
    how: tuple[tuple[str, str], ...]
    """Question word and verb phrase: ("how far", "fly")."""
    nouns: tuple[str, ...]
    """"range": "the range of the ball"."""
    over: tuple[str, ...]
    """More than a value: "fly farther than {v}"."""
    under: tuple[str, ...]
    units: tuple[str, ...]
    superlative: tuple[str, str] = ("largest", "smallest")
    """For an order: "from the largest to the smallest"."""


def _asked(
    most: str, least: str, beats: str, trails: str, how: str, nouns: str, over: str, under: str,
    units: str, ends: str = "largest|smallest",
) -> Asked:  # fmt: skip
    pairs = [h.split(":") for h in how.split("|")]
    first, last = ends.split("|")
    return Asked(
        most=tuple(most.split("|")), least=tuple(least.split("|")),
        beats=tuple(beats.split("|")), trails=tuple(trails.split("|")),
        how=tuple((word.strip(), verb.strip()) for word, verb in pairs),
        nouns=tuple(nouns.split("|")), over=tuple(over.split("|")), under=tuple(under.split("|")),
        units=tuple(units.split("|")), superlative=(first, last),
    )  # fmt: skip


_ACCELERATION = _asked(
    "accelerate more|have the greater acceleration|gain speed more quickly|pick up speed faster"
    "|have the larger acceleration|accelerate faster|speed up more quickly|have the bigger acceleration",
    "accelerate less|have the smaller acceleration|gain speed more slowly|pick up speed more slowly"
    "|have the lower acceleration|speed up more slowly",
    "accelerate more than {Y}|have a greater acceleration than {Y}|speed up more quickly than {Y}",
    "accelerate less than {Y}|have a smaller acceleration than {Y}|speed up more slowly than {Y}",
    "how strongly: accelerate|how fast: accelerate|how quickly: speed up",
    "acceleration|rate of acceleration",
    "accelerate at more than {v}|have an acceleration above {v}|accelerate faster than {v}",
    "accelerate at less than {v}|have an acceleration below {v}",
    "m/s2",
    "greatest acceleration|smallest acceleration",
)
_ENERGY = _asked(
    "have more kinetic energy{w}|have the greater kinetic energy{w}|carry more energy of motion{w}"
    "|end up with more kinetic energy|have the larger kinetic energy{w}|possess more kinetic energy{w}",
    "have less kinetic energy{w}|have the smaller kinetic energy{w}|carry less energy of motion{w}"
    "|end up with less kinetic energy|have the lower kinetic energy{w}",
    "have more kinetic energy than {Y}{w}|have a greater kinetic energy than {Y}{w}",
    "have less kinetic energy than {Y}{w}|have a smaller kinetic energy than {Y}{w}",
    "how much kinetic energy: have{w}|what kinetic energy: have{w}|how much energy of motion: carry{w}",
    "kinetic energy{w}",
    "have more than {v} of kinetic energy{w}|have a kinetic energy above {v}{w}",
    "have less than {v} of kinetic energy{w}|have a kinetic energy below {v}{w}",
    "J",
    "most kinetic energy|least kinetic energy",
)
_MOMENTUM = _asked(
    "have more momentum{w}|have the greater momentum{w}|carry more momentum{w}|end up with more momentum"
    "|have the larger momentum{w}|have the bigger momentum{w}",
    "have less momentum{w}|have the smaller momentum{w}|carry less momentum{w}|end up with less momentum",
    "have more momentum than {Y}{w}|have a greater momentum than {Y}{w}",
    "have less momentum than {Y}{w}|have a smaller momentum than {Y}{w}",
    "how much momentum: have{w}|what momentum: have{w}|how large a momentum: have{w}",
    "momentum{w}",
    "have more than {v} of momentum{w}|have a momentum above {v}{w}",
    "have less than {v} of momentum{w}|have a momentum below {v}{w}",
    "kg m/s",
    "most momentum|least momentum",
)


def _when(asked: Asked, words: str) -> Asked:
    """Return the same with the moment that is meant: " when it lands"."""

    def put(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(t.replace("{w}", words) for t in texts)

    return Asked(
        most=put(asked.most), least=put(asked.least), beats=put(asked.beats),
        trails=put(asked.trails), how=tuple((h, v.replace("{w}", words)) for h, v in asked.how),
        nouns=put(asked.nouns), over=put(asked.over), under=put(asked.under), units=asked.units,
        superlative=asked.superlative,
    )  # fmt: skip


_PUSH_SPEED = _asked(
    "be faster at the end|reach the higher speed|end up faster|reach the greater final speed"
    "|be moving faster at the end|get faster|have the higher final speed|gain more speed",
    "be slower at the end|reach the lower speed|end up slower|have the smaller final speed"
    "|be moving more slowly at the end|gain less speed|have the lower final speed",
    "end up faster than {Y}|reach a higher speed than {Y}|be faster than {Y} at the end"
    "|have a higher final speed than {Y}",
    "end up slower than {Y}|reach a lower speed than {Y}|be slower than {Y} at the end"
    "|have a lower final speed than {Y}",
    "how fast: be at the end|what speed: reach|how fast: get|what final speed: have|how fast: end up",
    "final speed|speed at the end|end speed|final velocity",
    "reach more than {v}|get faster than {v}|end up faster than {v}|have a final speed above {v}",
    "stay below {v}|end up slower than {v}|have a final speed below {v}",
    "m/s|m/s|km/h",
    "fastest|slowest",
)
_PUSH_TIME = _asked(
    "take longer|need more time|need longer to get there|take longer to get to the end"
    "|arrive later|be later at the end of the track|finish last|need the longer time",
    "arrive first|get there first|reach the end first|take less time|need less time|finish first"
    "|be the first to arrive|win the race|reach the end of the track sooner|arrive earlier|be there sooner",
    "take longer than {Y}|arrive later than {Y}|need more time than {Y}|get to the end after {Y}",
    "arrive before {Y}|get there before {Y}|need less time than {Y}|reach the end sooner than {Y}",
    "how long: take|how much time: need|how many seconds: need|how long: take to get there",
    "travel time|time needed to get to the end",
    "take longer than {v}|need more than {v}",
    "take less than {v}|need less than {v}|get there within {v}",
    "s",
    "slowest|quickest",
)
_WAY = _asked(
    "get farther|travel farther|go further|cover more distance|cover the greater distance"
    "|cover more ground",
    "get less far|travel less far|cover less distance|cover the smaller distance|cover less ground",
    "get farther than {Y}|travel farther than {Y}|cover more distance than {Y}|go further than {Y}",
    "get less far than {Y}|cover less distance than {Y}|travel less far than {Y}",
    "how far: get|how far: travel|what distance: cover|how far: move|how far: go",
    "distance covered|distance travelled",
    "get farther than {v}|cover more than {v}|travel more than {v}",
    "get less far than {v}|cover less than {v}|travel less than {v}",
    "m|m|cm",
    "farthest|least far",
)
_STOP_WAY = _asked(
    "slide farther|get farther before stopping|travel the greater distance before it stops"
    "|have the longer stopping distance|need more distance to stop|come to rest farther away"
    "|leave the longer skid mark|go further before it stops|stop after the longer distance"
    "|cover more ground before coming to rest|go farther",
    "slide less far|get less far before stopping|travel the smaller distance before it stops"
    "|have the shorter stopping distance|need less distance to stop|come to rest nearer"
    "|leave the shorter skid mark|stop after the shorter distance|go less far",
    "slide farther than {Y}|get farther than {Y}|need more distance to stop than {Y}"
    "|go further than {Y} before stopping|have a longer stopping distance than {Y}",
    "slide less far than {Y}|get less far than {Y}|need less distance to stop than {Y}"
    "|have a shorter stopping distance than {Y}",
    "how far: slide|how far: get before it stops|how far: travel before it comes to rest"
    "|what distance: need to stop|how far: go before stopping|how many metres: slide",
    "stopping distance|distance it slides|braking distance|sliding distance",
    "slide farther than {v}|get farther than {v}|need more than {v} to stop",
    "slide less than {v}|stop within {v}|need less than {v} to stop",
    "m|m|cm",
    "farthest|least far",
)
_STOP_TIME = _asked(
    "take longer to stop|slide for longer|stop later|need more time to stop|come to rest last"
    "|keep moving longer|be the last to stop|be in motion for the longer time|come to rest later",
    "stop first|come to rest first|stop sooner|slide for a shorter time|need less time to stop"
    "|be the first to stop|stop earlier|come to a halt sooner|come to rest earlier",
    "take longer to stop than {Y}|slide for longer than {Y}|stop after {Y}|keep moving longer than {Y}",
    "stop before {Y}|come to rest sooner than {Y}|need less time to stop than {Y}",
    "how long: slide|how long: take to stop|how much time: need to stop|after how many seconds: stop"
    "|how long: keep moving",
    "stopping time|time it takes to stop|time until it stops",
    "slide longer than {v}|take more than {v} to stop",
    "stop within {v}|take less than {v} to stop",
    "s",
    "longest time|shortest time",
)
_FRICTION = _asked(
    "meet more friction|feel the greater friction force|have the larger force of friction acting on it"
    "|experience more friction|be slowed by the greater friction force|feel more friction"
    "|rub with the greater force",
    "meet less friction|feel the smaller friction force|have the smaller force of friction acting on it"
    "|experience less friction|feel less friction",
    "meet more friction than {Y}|feel a greater friction force than {Y}",
    "meet less friction than {Y}|feel a smaller friction force than {Y}",
    "how much friction: meet|how large a friction force: feel|what force of friction: experience",
    "friction force|force of friction",
    "meet more than {v} of friction|feel a friction force above {v}",
    "meet less than {v} of friction|feel a friction force below {v}",
    "N",
    "most friction|least friction",
)
_BRAKING = _asked(
    "slow down more quickly|lose speed faster|have the greater deceleration|decelerate more"
    "|be braked more strongly",
    "slow down more gradually|lose speed more slowly|have the smaller deceleration|decelerate less",
    "slow down more quickly than {Y}|decelerate more than {Y}|lose speed faster than {Y}",
    "slow down less quickly than {Y}|decelerate less than {Y}|lose speed more slowly than {Y}",
    "how strongly: decelerate|how quickly: slow down",
    "deceleration|acceleration while it slides",
    "decelerate at more than {v}|slow down at more than {v}",
    "decelerate at less than {v}|slow down at less than {v}",
    "m/s2",
    "greatest deceleration|smallest deceleration",
)
_FALL_TIME = _asked(
    "take longer to fall|stay in the air longer|land last|land later|hit the ground last"
    "|need more time to reach the ground|be in the air for longer|take longer to hit the ground"
    "|touch down later|reach the ground later|fall for the longer time",
    "land first|hit the ground first|reach the ground first|take less time to fall|land sooner"
    "|touch down first|be the first to land|be on the ground sooner|need less time to reach the ground"
    "|arrive at the bottom first|land earlier|be first to hit the floor|get to the ground sooner",
    "take longer to fall than {Y}|stay in the air longer than {Y}|land after {Y}"
    "|hit the ground later than {Y}",
    "land before {Y}|hit the ground before {Y}|reach the ground sooner than {Y}|land earlier than {Y}",
    "how long: fall|how long: take to land|how long: take to hit the ground|how long: stay in the air"
    "|how much time: need to reach the ground|after how many seconds: land|after what time: hit the ground",
    "time of the fall|falling time|time in the air|time it takes to land",
    "fall for more than {v}|take longer than {v} to land|stay in the air for more than {v}",
    "land within {v}|take less than {v} to land|hit the ground in less than {v}",
    "s",
    "longest time in the air|shortest time in the air",
)
_LANDING = _asked(
    "land faster|hit the ground faster|have the higher speed when it lands|hit the ground at the higher speed"
    "|be faster when it hits the ground|reach the higher speed|have the greater landing speed"
    "|strike the ground with the greater speed|be moving faster just before it lands"
    "|have the higher impact speed",
    "land more slowly|hit the ground more slowly|have the lower speed when it lands"
    "|be slower when it hits the ground|hit the ground at the lower speed|have the smaller landing speed"
    "|be moving more slowly just before it lands|have the lower impact speed",
    "land faster than {Y}|hit the ground faster than {Y}|have a higher landing speed than {Y}"
    "|be faster than {Y} on landing",
    "land more slowly than {Y}|hit the ground more slowly than {Y}|have a lower landing speed than {Y}",
    "how fast: be when it lands|what speed: have when it hits the ground|how fast: hit the ground"
    "|at what speed: land|how fast: be moving just before it lands|with what speed: hit the ground",
    "landing speed|speed on impact|speed at the ground|impact speed|speed when it hits the ground",
    "land faster than {v}|hit the ground at more than {v}|reach more than {v}",
    "land slower than {v}|hit the ground at less than {v}|stay below {v}",
    "m/s|m/s|km/h",
    "fastest|slowest",
)
_HEIGHT = _asked(
    "fly higher|rise higher|get higher|reach the greater height|go higher|climb higher"
    "|reach the higher point|have the higher peak|get higher up in the air|reach the greater maximum height",
    "fly less high|rise less high|reach the smaller height|stay lower|reach the lower point"
    "|have the lower peak|get less high|reach the smaller maximum height",
    "fly higher than {Y}|rise higher than {Y}|reach a greater height than {Y}|get higher than {Y}",
    "fly less high than {Y}|rise less high than {Y}|reach a smaller height than {Y}|stay lower than {Y}",
    "how high: fly|how high: rise|how high: get|what height: reach|what maximum height: reach|how high: go"
    "|how many metres above the ground: get",
    "maximum height|greatest height|peak height|height it reaches",
    "rise higher than {v}|fly higher than {v}|get above {v}",
    "stay below {v}|rise less than {v}|get less high than {v}",
    "m|m|cm",
    "highest|lowest",
)
_RANGE = _asked(
    "land farther away|fly farther|land further away|have the greater range|travel farther before landing"
    "|cover the greater horizontal distance|land at the greater distance|go farther|get farther"
    "|have the longer flight distance|come down farther off|cover more ground in the air",
    "land nearer|fly less far|land closer|have the smaller range|cover the smaller horizontal distance"
    "|fall shorter|go less far|come down closer|land at the smaller distance",
    "fly farther than {Y}|land farther away than {Y}|have a greater range than {Y}|go further than {Y}",
    "fly less far than {Y}|land closer than {Y}|have a smaller range than {Y}|fall shorter than {Y}",
    "how far: fly|how far away: land|how far: get|what horizontal distance: cover|how far off: land"
    "|how far: travel horizontally|how far along the ground: land|how many metres away: land",
    "range|horizontal distance|flight distance|horizontal range|distance at which it lands",
    "fly farther than {v}|land more than {v} away|cover more than {v}",
    "fly less than {v}|land within {v}|land less than {v} away",
    "m|m|cm",
    "farthest|nearest",
)
_AFTER_SPEED = _asked(
    "be faster after the collision|move faster afterwards|have the higher speed after the crash"
    "|leave the collision faster|be faster afterwards|come out of the crash with the greater speed"
    "|move away faster|have the greater speed after they collide|be moving faster after the impact",
    "be slower after the collision|move more slowly afterwards|have the lower speed after the crash"
    "|leave the collision more slowly|be slower afterwards|move away more slowly"
    "|have the smaller speed after they collide|be moving more slowly after the impact",
    "be faster than {Y} after the collision|move faster than {Y} afterwards|leave the crash faster than {Y}",
    "be slower than {Y} after the collision|move more slowly than {Y} afterwards",
    "how fast: be after the collision|what speed: have after the crash|how fast: move afterwards"
    "|at what speed: leave the collision|how fast: travel after the impact",
    "speed after the collision|final speed|speed after the crash|speed after the impact",
    "move faster than {v} afterwards|leave the collision at more than {v}|be faster than {v} after the crash",
    "move slower than {v} afterwards|be slower than {v} after the crash",
    "m/s|m/s|km/h",
    "fastest|slowest",
)
_CHANGE = _asked(
    "change its velocity more|undergo the greater change in velocity|have its velocity changed more"
    "|feel the bigger change of speed|experience the greater change of velocity|be jolted more"
    "|have the larger change in velocity",
    "change its velocity less|undergo the smaller change in velocity|have its velocity changed less"
    "|experience the smaller change of velocity|be jolted less|have the smaller change in velocity",
    "change its velocity more than {Y}|undergo a greater change in velocity than {Y}",
    "change its velocity less than {Y}|undergo a smaller change in velocity than {Y}",
    "by how much: change its velocity|how much: change its velocity",
    "change in velocity|velocity change|change of velocity",
    "change its velocity by more than {v}|undergo a velocity change above {v}",
    "change its velocity by less than {v}|undergo a velocity change below {v}",
    "m/s",
    "greatest change in velocity|smallest change in velocity",
)
_IMPULSE = _asked(
    "receive the greater impulse|receive more impulse|get the larger impulse|feel the greater impulse",
    "receive the smaller impulse|receive less impulse|get the smaller impulse",
    "receive a greater impulse than {Y}|receive more impulse than {Y}",
    "receive a smaller impulse than {Y}|receive less impulse than {Y}",
    "how large an impulse: receive|what impulse: receive|how much impulse: get",
    "impulse received|impulse",
    "receive an impulse of more than {v}|get an impulse above {v}",
    "receive an impulse of less than {v}|get an impulse below {v}",
    "N s",
)
_BOTTOM_SPEED = _asked(
    "be faster at the bottom|reach the higher speed|reach the bottom at the higher speed"
    "|have the greater speed at the bottom|arrive at the bottom faster|get faster"
    "|be moving faster at the foot of the slope|have the higher final speed",
    "be slower at the bottom|reach the lower speed|reach the bottom at the lower speed"
    "|have the smaller speed at the bottom|be moving more slowly at the foot of the slope"
    "|have the lower final speed",
    "be faster than {Y} at the bottom|reach a higher speed than {Y}|have more speed than {Y} at the bottom",
    "be slower than {Y} at the bottom|reach a lower speed than {Y}|have less speed than {Y} at the bottom",
    "how fast: be at the bottom|what speed: have at the bottom|what speed: reach"
    "|how fast: be moving at the foot of the slope|at what speed: reach the bottom",
    "speed at the bottom|final speed|speed at the foot of the slope",
    "reach the bottom at more than {v}|be faster than {v} at the bottom|reach more than {v}",
    "reach the bottom at less than {v}|be slower than {v} at the bottom",
    "m/s|m/s|km/h",
    "fastest|slowest",
)
_BOTTOM_TIME = _asked(
    "take longer|need more time to reach the bottom|reach the bottom last|arrive later"
    "|take longer to slide down|get to the bottom later|be the last one down|need longer",
    "reach the bottom first|arrive first|get down first|take less time|be first at the bottom"
    "|get to the bottom sooner|need less time to slide down|win the race to the bottom|arrive earlier",
    "take longer than {Y}|reach the bottom after {Y}|need more time than {Y}",
    "reach the bottom before {Y}|get down sooner than {Y}|need less time than {Y}|be down before {Y}",
    "how long: take to reach the bottom|how long: take|how much time: need to slide down"
    "|after how many seconds: reach the bottom|how long: slide",
    "time to the bottom|sliding time|time it takes to get down",
    "take longer than {v}|need more than {v} to reach the bottom",
    "take less than {v}|reach the bottom within {v}",
    "s",
    "slowest|quickest",
)
_UP_WAY = _asked(
    "get farther up|slide farther up|get further up the slope|climb farther|travel farther up before it turns"
    "|cover the greater distance uphill|go farther up|reach the point farther up",
    "get less far up|slide less far up|climb less far|cover the smaller distance uphill"
    "|stop lower down|go less far up|turn back sooner along the slope",
    "get farther up than {Y}|slide farther up than {Y}|climb farther than {Y}",
    "get less far up than {Y}|slide less far up than {Y}|climb less far than {Y}",
    "how far up: get|how far: slide up the slope|how far along the slope: get|how far up: slide before it stops",
    "distance up the slope|way up the slope",
    "get farther up than {v}|slide more than {v} up the slope",
    "get less far up than {v}|slide less than {v} up the slope",
    "m|m|cm",
    "farthest up|least far up",
)
_UP_TIME = _asked(
    "take longer to come to a stop|rise for longer|keep going uphill longer|turn back later",
    "stop first|turn back first|come to a stop sooner|turn back sooner",
    "keep going uphill longer than {Y}|turn back after {Y}",
    "stop sooner than {Y}|turn back before {Y}",
    "how long: keep going uphill|how long: take to come to a stop|after how many seconds: turn back",
    "time until it turns back|time it moves uphill",
    "keep going uphill for more than {v}|take longer than {v} to come to a stop",
    "turn back within {v}|take less than {v} to come to a stop",
    "s",
    "longest time|shortest time",
)

ASKED: dict[tuple[str, Measure], Asked] = {
    ("push", "acceleration"): _ACCELERATION,
    ("push", "speed"): _PUSH_SPEED,
    ("push", "distance"): _WAY,
    ("push", "time"): _PUSH_TIME,
    ("push", "kinetic_energy"): _when(_ENERGY, " at the end"),
    ("push", "momentum"): _when(_MOMENTUM, " at the end"),
    ("glide", "distance"): _WAY,
    ("glide", "kinetic_energy"): _when(_ENERGY, ""),
    ("glide", "momentum"): _when(_MOMENTUM, ""),
    ("slide", "distance"): _STOP_WAY,
    ("slide", "time"): _STOP_TIME,
    ("slide", "friction_force"): _FRICTION,
    ("slide", "acceleration"): _BRAKING,
    ("brake", "distance"): _STOP_WAY,
    ("brake", "time"): _STOP_TIME,
    ("brake", "acceleration"): _BRAKING,
    ("pull", "acceleration"): _ACCELERATION,
    ("pull", "friction_force"): _FRICTION,
    ("drop", "time"): _FALL_TIME,
    ("drop", "speed"): _LANDING,
    ("drop", "acceleration"): _ACCELERATION,
    ("drop", "kinetic_energy"): _when(_ENERGY, " when it lands"),
    ("drop", "momentum"): _when(_MOMENTUM, " when it hits the ground"),
    ("throw down", "time"): _FALL_TIME,
    ("throw down", "speed"): _LANDING,
    ("throw up", "max_height"): _HEIGHT,
    ("throw up", "time"): _FALL_TIME,
    ("throw level", "range"): _RANGE,
    ("throw level", "time"): _FALL_TIME,
    ("throw level", "speed"): _LANDING,
    ("throw level", "kinetic_energy"): _when(_ENERGY, " when it lands"),
    ("throw angle", "range"): _RANGE,
    ("throw angle", "max_height"): _HEIGHT,
    ("throw angle", "time"): _FALL_TIME,
    ("crash", "speed"): _AFTER_SPEED,
    ("crash", "speed_change"): _CHANGE,
    ("crash", "momentum"): _when(_MOMENTUM, " after the collision"),
    ("crash", "kinetic_energy"): _when(_ENERGY, " after the collision"),
    ("crash", "impulse"): _IMPULSE,
    ("hit", "speed"): _AFTER_SPEED,
    ("hit", "speed_change"): _CHANGE,
    ("hit", "momentum"): _when(_MOMENTUM, " afterwards"),
    ("hit", "kinetic_energy"): _when(_ENERGY, " afterwards"),
    ("hit", "impulse"): _IMPULSE,
    ("slope down", "acceleration"): _ACCELERATION,
    ("slope down", "speed"): _BOTTOM_SPEED,
    ("slope down", "time"): _BOTTOM_TIME,
    ("slope down", "kinetic_energy"): _when(_ENERGY, " at the bottom"),
    ("slope up", "distance"): _UP_WAY,
    ("slope up", "time"): _UP_TIME,
}
"""By situation and measure."""

ALIKE: dict[Measure, tuple[str, ...]] = {
    "acceleration": ("accelerate equally", "have the same acceleration"),
    "speed": ("end up equally fast", "have the same final speed", "have the same speed in the end"),
    "distance": ("get equally far", "cover the same distance"),
    "time": ("need the same time", "take equally long", "take the same time"),
    "range": ("land at the same distance", "fly equally far", "have the same range"),
    "max_height": ("rise equally high", "reach the same height"),
    "kinetic_energy": ("have the same kinetic energy", "end up with equal kinetic energies"),
    "momentum": ("have the same momentum", "end up with equal momenta"),
    "friction_force": ("meet the same friction", "feel equal friction forces"),
    "speed_change": ("change their velocities equally", "undergo equal changes in velocity"),
    "impulse": ("receive the same impulse",),
    "energy_lost": ("lose the same energy",),
}
"""What several do that have the same."""
FALL_ALIKE = ("land at the same time", "hit the ground together", "reach the ground at the same time",
              "land at the same moment")  # fmt: skip
"""The same for times of falls."""
