# ruff: noqa: E501
"""More verb phrases of training that say what is asked for: "touch down sooner".

Dev and test never see them. Most are put together, so that more and less have the same
phrases: verbs with adverbs ("land later"), nouns with adjectives ("have the longer flight
time"). What would be a phrase that is kept for dev or test is left out by
`mindseye.planner.questions.picking`.
"""

from collections.abc import Mapping

from mindseye.planner.questions.asked import ALIKE, ASKED, FALL_ALIKE

_GREATER, _SMALLER = "greater|larger|higher|bigger", "smaller|lower|lesser"
_LONGER, _SHORTER = "longer", "shorter"
_LATER, _SOONER = "later", "sooner|earlier"

Phrases = dict[str, tuple[str, ...]]
"""By field of `mindseye.planner.questions.asked.Asked`."""


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split("|")) if text else ()


def _phrases(
    *,
    verbs: tuple[tuple[str, str, str], ...] = (),
    nouns: tuple[str, str, str] = ("", "", ""),
    more: str = "", less: str = "", most: str = "", least: str = "",
    beats: str = "", trails: str = "", over: str = "", under: str = "",
) -> Phrases:  # fmt: skip
    """Return the phrases for both directions.

    Args:
      verbs: verbs with the adverbs of more and of less.
      nouns: nouns with the adjectives of more and of less.
      more, less: comparatives, which "than {Y}" may follow.
      most, least: what only one of them does.
      beats, trails: what one does in relation to the other.
      over, under: in relation to a value.
    """
    found: dict[str, list[str]] = {}
    ways = (("most", "beats", 1, more, most, beats), ("least", "trails", 2, less, least, trails))
    for alone, related, side, comparatives, own, relations in ways:
        adverbial = [f"{v} {a}" for row in verbs for v in _split(row[0]) for a in _split(row[side])]
        having = [(a, n) for a in _split(nouns[side]) for n in _split(nouns[0])]
        either = [*adverbial, *_split(comparatives)]
        found[alone] = [*either, *(f"have the {a} {n}" for a, n in having), *_split(own)]
        indefinite = [*either, *(f"have a {a} {n}" for a, n in having)]
        found[related] = [*(f"{p} than {{Y}}" for p in indefinite), *_split(relations)]
    found |= {"over": list(_split(over)), "under": list(_split(under))}
    return {field: tuple(dict.fromkeys(phrases)) for field, phrases in found.items()}


# fmt: off
_ACCELERATION = _phrases(
    verbs=(
        ("accelerate|gain speed|pick up speed|speed up|increase its speed|get up to speed",
         "more quickly|faster|more rapidly|at a higher rate", "more slowly|less quickly|less rapidly|at a lower rate"),
    ),
    nouns=("acceleration|rate of acceleration", _GREATER, _SMALLER),
    more="be accelerated more|be accelerated more strongly|gain more speed every second|gain more speed per second|have its speed grow faster",
    less="be accelerated less|be accelerated less strongly|gain less speed every second|gain less speed per second|have its speed grow more slowly",
    most="undergo the greater acceleration|show the larger acceleration|gain the most speed per second",
    least="undergo the smaller acceleration|show the lower acceleration|gain the least speed per second",
    over="gain more than {v} of acceleration|be accelerated at over {v}|have an acceleration of more than {v}",
    under="be accelerated at under {v}|accelerate more slowly than {v}|have an acceleration of less than {v}",
)
_ENERGY = _phrases(
    nouns=("kinetic energy{w}|energy of motion{w}|motion energy{w}", _GREATER, _SMALLER),
    more="carry more kinetic energy{w}|possess more kinetic energy{w}|have more energy of motion{w}|show more kinetic energy{w}|have more motion energy{w}"
         "|carry more motion energy{w}|possess more energy of motion{w}",
    less="carry less kinetic energy{w}|possess less kinetic energy{w}|have less energy of motion{w}|show less kinetic energy{w}|have less motion energy{w}"
         "|carry less motion energy{w}|possess less energy of motion{w}",
    most="carry the greater kinetic energy{w}|possess the larger kinetic energy{w}|have the most kinetic energy{w}|be the one with more kinetic energy{w}",
    least="carry the smaller kinetic energy{w}|possess the smaller kinetic energy{w}|have the least kinetic energy{w}|be the one with less kinetic energy{w}",
    over="carry more than {v} of kinetic energy{w}|have over {v} of kinetic energy{w}|possess more than {v} of energy of motion{w}",
    under="carry less than {v} of kinetic energy{w}|have under {v} of kinetic energy{w}|possess less than {v} of energy of motion{w}",
)
_MOMENTUM = _phrases(
    nouns=("momentum{w}|linear momentum{w}|amount of momentum{w}", _GREATER, _SMALLER),
    more="carry more momentum{w}|possess more momentum{w}|show more momentum{w}|carry a greater momentum{w}|possess a larger momentum{w}",
    less="carry less momentum{w}|possess less momentum{w}|show less momentum{w}|carry a smaller momentum{w}|possess a smaller momentum{w}",
    most="carry the greater momentum{w}|possess the larger momentum{w}|have the most momentum{w}|be the one with more momentum{w}",
    least="carry the smaller momentum{w}|possess the smaller momentum{w}|have the least momentum{w}|be the one with less momentum{w}",
    over="carry more than {v} of momentum{w}|have over {v} of momentum{w}|possess a momentum of more than {v}{w}",
    under="carry less than {v} of momentum{w}|have under {v} of momentum{w}|possess a momentum of less than {v}{w}",
)
_PUSH_SPEED = _phrases(
    verbs=(
        ("move|go|be moving|travel", "faster at the end|faster in the end|at a higher speed in the end|at a greater speed at the end",
         "more slowly at the end|slower in the end|less fast at the end|at a lower speed in the end|at a smaller speed at the end"),
    ),
    nouns=("final speed|end speed|speed at the end|final velocity|speed in the end", _GREATER, _SMALLER),
    more="be quicker at the end|end up with more speed|gain a greater speed|attain a higher speed|get up to a higher speed|reach a greater speed|achieve a higher speed",
    less="be less quick at the end|end up with less speed|gain a smaller speed|attain a lower speed|get up to a lower speed|reach a smaller speed|achieve a lower speed"
         "|get less fast|end up less fast|be less fast at the end",
    most="reach the greater speed|reach the larger final speed|attain the higher speed|achieve the greater final speed|end up as the faster one|be the faster one at the end",
    least="reach the smaller speed|reach the smaller final speed|attain the lower speed|achieve the smaller final speed|end up as the slower one|be the slower one at the end",
    over="get up to more than {v}|end up at over {v}|attain more than {v}|be faster than {v} at the end",
    under="end up at under {v}|get less fast than {v}|reach less than {v}|be slower than {v} at the end",
)
_PUSH_TIME = _phrases(
    verbs=(
        ("arrive|get there|reach the end|get to the end|be at the end|finish|come to the end of the track|cross the finish line", _LATER, _SOONER),
    ),
    nouns=("travel time|time on the way", _LONGER, _SHORTER),
    more="need more seconds|need a longer time|take more time|take more seconds|be on the way for longer|be on the way longer|require more time|use more time",
    less="need fewer seconds|need a shorter time|take fewer seconds|be on the way for less time|require less time|use less time|take a shorter time|be on the way for a shorter time",
    most="be the last to arrive|be the last to get there|come in last|get there last|be last at the end|take the longest",
    least="be the first to get there|be the first at the end|come in first|be the winner|be the quickest to get there|take the least time|be at the end first|cross the line first",
    beats="get there after {Y}|be there after {Y}|reach the end after {Y}|finish after {Y}|lose a race against {Y}|come in behind {Y}|arrive after {Y}",
    trails="get to the end before {Y}|be there before {Y}|reach the end before {Y}|finish before {Y}|win a race against {Y}|come in ahead of {Y}|reach the end ahead of {Y}",
    over="need more than {v}|need over {v} to get there|be on the way for more than {v}",
    under="need less than {v}|get there within {v}|be on the way for less than {v}|get there in under {v}",
)
_WAY = _phrases(
    verbs=(
        ("move|go|travel|come|advance|get on", "farther|further", "less far"),
        ("travel|go|move", "a longer way|a greater distance|a longer distance", "a shorter way|a smaller distance|a shorter distance"),
    ),
    more="cover a longer distance|cover a greater distance|cover a larger distance|pass over more ground|put more distance behind it|make more headway",
    less="cover a shorter distance|cover a smaller distance|pass over less ground|put less distance behind it|make less headway|be less far along",
    most="cover the longer distance|travel the greater distance|travel the longer way|end up farthest from the start|get the farthest|have the longer way behind it",
    least="cover the shorter distance|travel the smaller distance|travel the shorter way|end up nearest to the start|stay nearest to the start|get the least far"
          "|have the shorter way behind it|remain closest to the start",
    over="move farther than {v}|put more than {v} behind it|travel over {v}",
    under="move less far than {v}|put less than {v} behind it|travel under {v}",
)
_STOP_WAY = _phrases(
    verbs=(
        ("slide on|move on|skid|keep going|carry on|run on", "farther|further|for a longer distance", "less far|for a shorter distance"),
        ("stop|come to rest|come to a halt|come to a standstill", "farther away|farther off|farther from where it started|after a longer distance",
         "nearer|closer|closer by|closer to where it started|after a shorter distance|in a shorter distance"),
    ),
    nouns=("stopping distance|braking distance|sliding distance|way to a stop", "longer|greater|larger", "shorter|smaller"),
    more="need more room to stop|need a longer way to stop|take more distance to stop|get farther before it comes to rest|travel a greater distance before stopping"
         "|slide a longer way|cover a greater distance before it stops|require more distance to stop|use up more ground to stop",
    less="need less room to stop|need a shorter way to stop|take less distance to stop|get less far before it comes to rest|travel a smaller distance before stopping"
         "|slide a shorter way|cover a smaller distance before it stops|require less distance to stop|use up less ground to stop",
    most="slide the farthest|leave the longer trail|slide the greater distance|have the longer way to a stop|need the greater distance to stop|stop at the greater distance",
    least="slide the least far|leave the shorter trail|slide the smaller distance|have the shorter way to a stop|need the smaller distance to stop|stop at the smaller distance"
          "|stop nearest to where it started",
    over="slide more than {v}|slide over {v}|need over {v} to stop|get farther than {v} before it stops|move on for more than {v}",
    under="slide under {v}|stop in less than {v}|need under {v} to stop|get less far than {v} before it stops|come to rest within {v}",
)
_STOP_TIME = _phrases(
    verbs=(
        ("stop|come to rest|come to a halt|come to a standstill|be at rest|stand still|reach a standstill|finish sliding",
         f"{_LATER}|after a longer time", f"{_SOONER}|after a shorter time"),
    ),
    nouns=("stopping time|sliding time|time to a stop", _LONGER, _SHORTER),
    more="keep sliding longer|keep moving for longer|be in motion longer|stay in motion longer|slide for more seconds|take more time to stop|need longer to come to rest"
         "|require more time to stop|move for a longer time|take more seconds to stop|go on sliding for longer",
    less="keep sliding for a shorter time|keep moving for less time|be in motion for less time|stay in motion for a shorter time|slide for fewer seconds|take less time to stop"
         "|need less time to come to rest|require less time to stop|move for a shorter time|take fewer seconds to stop|slide for less time",
    most="be the last to come to rest|stop last|be the last one moving|slide the longest|need the longer time to stop|come to a halt last|take the longest to stop",
    least="be the first to come to rest|be the first one standing still|come to a halt first|be at rest first|need the shorter time to stop|take the least time to stop"
          "|slide for the shortest time",
    beats="come to rest after {Y}|be at rest after {Y}|be still moving when {Y} stops|come to a halt after {Y}|come to a standstill after {Y}",
    trails="come to rest before {Y}|be at rest before {Y}|come to a halt before {Y}|be at rest while {Y} still moves|come to a standstill before {Y}",
    over="slide for over {v}|need more than {v} to stop|keep moving for more than {v}|come to rest after more than {v}",
    under="slide for under {v}|need less than {v} to stop|keep moving for less than {v}|come to rest after less than {v}",
)
_FRICTION = _phrases(
    nouns=("friction force|force of friction|frictional force", "greater|larger|stronger|bigger", "smaller|weaker|lower|lesser"),
    more="feel more friction|experience more friction|encounter more friction|be slowed by a greater friction force|be subject to more friction|have more friction acting on it"
         "|rub with a greater force|face more friction|suffer more friction|be held back by a larger friction force",
    less="feel a weaker friction|experience less friction|encounter less friction|be slowed by a smaller friction force|be subject to less friction|have less friction acting on it"
         "|rub with a smaller force|face less friction|suffer less friction|be held back by a smaller friction force",
    most="feel the larger friction force|experience the greater friction|have the most friction acting on it|meet the stronger friction|encounter the larger friction force"
         "|face the greater friction|feel the stronger friction",
    least="feel the lower friction force|experience the smaller friction|have the least friction acting on it|meet the weaker friction|encounter the smaller friction force"
          "|face the smaller friction|feel the weaker friction",
    over="feel more than {v} of friction|feel a friction force of over {v}|have more than {v} of friction acting on it",
    under="feel less than {v} of friction|feel a friction force of under {v}|have less than {v} of friction acting on it",
)
_BRAKING = _phrases(
    verbs=(
        ("slow down|lose speed|decelerate|be slowed|lose its speed", "faster|more rapidly|at a higher rate|more abruptly",
         "less quickly|less rapidly|at a lower rate|more slowly|less abruptly"),
    ),
    nouns=("deceleration|rate of deceleration", _GREATER, _SMALLER),
    more="lose more speed every second|lose more speed per second|be braked more|be slowed down more every second|be decelerated more strongly",
    less="lose less speed every second|lose less speed per second|be braked less|be slowed down less every second|be decelerated less strongly",
    most="show the greater deceleration|undergo the larger deceleration|lose the most speed per second",
    least="show the smaller deceleration|undergo the smaller deceleration|lose the least speed per second",
    over="be slowed down at over {v}|have a deceleration of more than {v}|lose speed at more than {v}",
    under="be slowed down at under {v}|have a deceleration of less than {v}|lose speed at less than {v}",
)
_FALL_TIME = _phrases(
    verbs=(
        ("land|come down|hit the ground|reach the ground|touch down|arrive on the ground|strike the ground|get to the ground|be on the ground|be down|touch the ground|end its flight",
         f"{_LATER}|after a longer time", f"{_SOONER}|after a shorter time"),
    ),
    nouns=("flight time|time of flight|time of fall|time in the air", _LONGER, _SHORTER),
    more="stay up longer|remain in the air longer|be airborne longer|be airborne for longer|be in flight longer|need longer to land|need more time to land|take longer to come down"
         "|take more time to reach the ground|take more seconds to land|need more seconds to reach the ground|fly for longer|be in the air longer",
    less="stay up for less time|stay in the air for less time|stay in the air for a shorter time|remain in the air for less time|be airborne for a shorter time|be airborne for less time"
         "|be in flight for less time|need less time to land|need less time to come down|take less time to come down|take less time to reach the ground|take fewer seconds to land"
         "|need fewer seconds to reach the ground|be in the air for less time|fly for a shorter time",
    most="be the last to land|be the last to hit the ground|reach the ground last|touch down last|come down last|get to the ground last|stay up the longest|be in the air longest"
         "|be the last one in the air|be last on the ground|take the longest to land",
    least="be the first to hit the ground|be the first to reach the ground|be first on the ground|come down first|get down first|strike the ground first|get to the ground first"
          "|be down first|take the least time to land|win the race to the ground|be the first one down|be the first to touch down|stay up for the shortest time",
    beats="come down after {Y}|reach the ground after {Y}|touch down after {Y}|hit the ground after {Y}|be still in the air when {Y} lands|get to the ground after {Y}",
    trails="come down before {Y}|touch down before {Y}|reach the ground before {Y}|get to the ground before {Y}|be on the ground before {Y}|be down while {Y} is still in the air"
           "|strike the ground before {Y}|land ahead of {Y}|get to the ground ahead of {Y}",
    over="be in the air for over {v}|need more than {v} to land|land after more than {v}|stay up for more than {v}",
    under="be in the air for under {v}|need less than {v} to land|land after less than {v}|stay up for less than {v}",
)
_LANDING = _phrases(
    verbs=(
        ("land|hit the ground|come down|strike the ground|reach the ground|arrive at the ground|touch down", "at a higher speed|with more speed|with a greater speed|at a greater speed",
         "at a lower speed|with less speed|with a smaller speed|at a smaller speed|at a slower speed"),
        ("be|be moving", "faster on impact|faster on landing|faster just before the impact|faster at the moment of landing|faster as it lands",
         "slower on impact|slower on landing|slower just before the impact|less fast at the moment of landing|less fast on impact|slower as it lands"),
    ),
    nouns=("landing speed|impact speed|speed on landing|speed on impact|speed of impact|speed just before it lands|velocity on impact", _GREATER, _SMALLER),
    most="strike the ground fastest|have the most speed when it lands|be the faster one on landing|hit the ground with the greater speed|land at the higher speed|reach the ground with the larger speed",
    least="strike the ground slowest|have the least speed when it lands|be the slower one on landing|hit the ground with the smaller speed|land at the lower speed|reach the ground with the smaller speed",
    over="land at more than {v}|land at over {v}|strike the ground at more than {v}|have a landing speed of more than {v}|be faster than {v} on impact",
    under="land at less than {v}|land at under {v}|strike the ground at less than {v}|have a landing speed of less than {v}|be slower than {v} on impact",
)
_HEIGHT = _phrases(
    verbs=(
        ("fly|rise|go|get|shoot up", "higher up|to a greater height|to a higher point", "less high up|to a smaller height|to a lower point"),
        ("turn round|stop rising|begin to fall back|have its highest point", "higher up|at a greater height", "lower down|at a smaller height|less high up"),
    ),
    nouns=("peak height|maximum height|top height|height at the top", "greater|larger|bigger", _SMALLER),
    more="reach a greater height|attain a greater height|reach a higher point|have a higher turning point|gain more height|get farther up|reach farther up|be higher at the top of its flight",
    less="reach a lower height|attain a smaller height|reach a lower point|have a lower turning point|gain less height|get less far up|reach less far up|be lower at the top of its flight"
         "|climb less high|go less high",
    most="fly the highest|get the highest|rise to the greater height|reach the higher turning point|gain the most height|attain the greater height|be the higher one at its peak",
    least="fly the least high|get the least high|rise to the smaller height|reach the lower turning point|gain the least height|attain the smaller height|be the lower one at its peak",
    beats="rise above the peak of {Y}|fly above the highest point of {Y}",
    trails="turn round below the peak of {Y}|remain below the highest point of {Y}",
    over="reach more than {v}|get higher than {v}|rise to over {v}|reach a height of more than {v}",
    under="reach less than {v}|remain below {v}|rise to under {v}|reach a height of less than {v}",
)
_RANGE = _phrases(
    verbs=(
        ("fly|travel|carry", "a longer way|a greater distance|a longer distance", "a shorter way|a smaller distance|a shorter distance"),
        ("land|come down|touch down|hit the ground|strike the ground|end its flight",
         "farther away|further off|farther out|at a greater distance|farther from the start", "nearer|closer in|closer by|at a smaller distance|nearer to the start|less far away|less far out"),
    ),
    nouns=("range|flight distance|horizontal distance|horizontal range", "greater|longer|larger|bigger", "shorter|smaller|lesser"),
    more="cover a greater horizontal distance|get farther along the ground|be farther away when it lands",
    less="cover a smaller horizontal distance|get less far along the ground|be nearer when it lands|cover less ground in the air",
    most="fly the farthest|land at the farthest point|come down at the greater distance|reach the more distant spot|land farthest from the start|fly the longer way",
    least="fly the least far|land at the nearest point|come down at the smaller distance|reach the nearer spot|land closest to the start|land nearest to the start|fly the shorter way",
    beats="land beyond {Y}|come down beyond {Y}|fly past the spot where {Y} lands|hit the ground beyond {Y}",
    trails="come down short of {Y}|land short of {Y}|come down before the spot where {Y} lands|hit the ground short of {Y}",
    over="land farther away than {v}|come down more than {v} away|have a range of more than {v}|fly over {v} along the ground",
    under="land less far away than {v}|come down less than {v} away|have a range of less than {v}|come down within {v}",
)
_AFTER_SPEED = _phrases(
    verbs=(
        ("move|travel|be moving", "faster after the collision|faster after the crash|faster once they have collided|at a higher speed after the crash|at a greater speed after the impact",
         "slower after the collision|more slowly after the crash|slower once they have collided|at a lower speed after the crash|less fast after the impact|at a smaller speed after the impact"),
    ),
    nouns=("speed after the impact|speed after the collision|speed after the crash|speed once they have collided|speed afterwards", _GREATER, _SMALLER),
    more="come away from the crash faster|come out of the collision faster|be quicker after the crash|come out with more speed|be left with more speed|leave the impact at a higher speed"
         "|be left moving faster|end up faster after the crash|have more speed after the collision",
    less="come away from the crash more slowly|come out of the collision slower|be less fast after the crash|come out with less speed|be left with less speed|leave the impact at a lower speed"
         "|be left moving more slowly|end up slower after the crash|have less speed after the collision",
    most="be the faster one after the crash|come out as the faster one|end up as the faster one|move the fastest after the impact|leave with the higher speed",
    least="be the slower one after the crash|come out as the slower one|end up as the slower one|move the slowest after the impact|leave with the lower speed",
    over="come out of the crash at more than {v}|be left with more than {v}|move at over {v} after the impact",
    under="come out of the crash at less than {v}|be left with less than {v}|move at under {v} after the impact",
)
_CHANGE = _phrases(
    nouns=("change in velocity|velocity change|change of velocity", "greater|larger|bigger", "smaller|lesser"),
    more="undergo more change of velocity|suffer a greater change in velocity|see its velocity change more|experience a larger velocity change|show a greater change in velocity"
         "|have its velocity altered more|alter its velocity more|go through a larger change in velocity|have its motion changed more",
    less="undergo less change of velocity|suffer a smaller change in velocity|see its velocity change less|experience a smaller velocity change|show a smaller change in velocity"
         "|have its velocity altered less|alter its velocity less|go through a smaller change in velocity|have its motion changed less",
    most="suffer the larger change in velocity|go through the greater change of velocity|show the bigger velocity change|alter its velocity the most|see its velocity change the most",
    least="suffer the smaller change in velocity|go through the smaller change of velocity|show the smaller velocity change|alter its velocity the least|see its velocity change the least",
    over="have its velocity changed by over {v}|see its velocity change by more than {v}",
    under="have its velocity changed by under {v}|see its velocity change by less than {v}",
)
_IMPULSE = _phrases(
    nouns=("impulse", "greater|larger|bigger", "smaller|lesser"),
    more="receive a larger impulse|get a greater impulse|get more impulse|be given a larger impulse|take up more impulse|experience a greater impulse|take a bigger impulse|be given more impulse",
    less="receive a lesser impulse|get a smaller impulse|get less impulse|be given a smaller impulse|take up less impulse|experience a smaller impulse|take a smaller impulse|be given less impulse",
    most="be given the larger impulse|experience the greater impulse|receive the bigger impulse|receive the larger impulse|take the larger impulse|get the bigger impulse|receive the most impulse",
    least="be given the smaller impulse|experience the smaller impulse|receive the lesser impulse|take up the smaller impulse|take the smaller impulse|get the lesser impulse|receive the least impulse",
    over="be given more than {v} of impulse|receive over {v} of impulse",
    under="be given less than {v} of impulse|receive under {v} of impulse",
)
_BOTTOM_SPEED = _phrases(
    verbs=(
        ("arrive at the bottom|reach the bottom|get to the bottom|reach the foot of the slope|arrive at the foot of the slope",
         "at a higher speed|with more speed|with a greater speed", "at a lower speed|with less speed|with a smaller speed|at a slower speed"),
        ("be|be moving", "faster on reaching the bottom|faster at the foot of the slope|faster when it gets down",
         "slower on reaching the bottom|slower at the foot of the slope|less fast at the bottom|slower when it gets down"),
    ),
    nouns=("speed at the bottom|speed at the foot of the slope|speed on reaching the bottom|end speed|velocity at the bottom", _GREATER, _SMALLER),
    more="end up with more speed|gain more speed on the way down|attain a higher speed|reach a greater speed|be quicker at the bottom",
    less="end up with less speed|gain less speed on the way down|attain a lower speed|reach a smaller speed|be less quick at the bottom",
    most="be the faster one at the bottom|have the most speed at the bottom|attain the higher speed on the slope|end up as the faster one|reach the greater speed on the slope",
    least="be the slower one at the bottom|have the least speed at the bottom|attain the lower speed on the slope|end up as the slower one|reach the smaller speed on the slope",
    over="arrive at the bottom at more than {v}|get to the bottom at over {v}|have more than {v} at the bottom",
    under="arrive at the bottom at less than {v}|get to the bottom at under {v}|have less than {v} at the bottom",
)
_BOTTOM_TIME = _phrases(
    verbs=(
        ("reach the bottom|get to the bottom|arrive at the bottom|be at the bottom|get down|reach the foot of the slope|be down|finish its slide", _LATER, _SOONER),
    ),
    nouns=("sliding time|time to the bottom|time on the slope", _LONGER, _SHORTER),
    more="need longer to get down|need more time to slide down|need more seconds to reach the bottom|take more time to get down|take longer to reach the bottom|be on the slope longer"
         "|stay on the slope longer|be longer on the way down|require more time to get down|slide for longer|take more seconds to reach the bottom",
    less="need less time to get down|need fewer seconds to reach the bottom|take less time to get down|take less time to reach the bottom|be on the slope for less time"
         "|stay on the slope for a shorter time|be on the way down for less time|require less time to get down|slide for a shorter time|take fewer seconds to reach the bottom|slide for less time",
    most="be the last to reach the bottom|be the last to get down|get down last|arrive last|come in last|take the longest to get down|be last at the bottom",
    least="be the first to reach the bottom|be the first one down|come in first|be down first|be the first to get down|take the least time to get down|win the race|be the winner of the race down",
    beats="get down after {Y}|arrive after {Y}|be down after {Y}|come in behind {Y}|reach the bottom behind {Y}|finish after {Y}",
    trails="get down before {Y}|arrive before {Y}|come in ahead of {Y}|reach the bottom ahead of {Y}|finish before {Y}|get to the bottom before {Y}",
    over="need over {v} to get down|be on the slope for more than {v}|reach the bottom after more than {v}",
    under="need under {v} to get down|be on the slope for less than {v}|get down in less than {v}",
)
_UP_WAY = _phrases(
    verbs=(
        ("get|slide|go|climb|travel|come", "farther up the slope|further up the incline|farther uphill", "less far up the slope|less far up the incline|less far uphill"),
        ("stop|turn round|come to a stop|turn back", "farther up", "less far up"),
    ),
    nouns=("way up|path up the slope|distance uphill", "longer|greater", "shorter|smaller"),
    more="cover more of the slope|cover a greater distance uphill|make it farther up|travel a longer way uphill|travel a greater distance up the slope",
    less="cover less of the slope|cover a smaller distance uphill|make it less far up|travel a shorter way uphill|travel a smaller distance up the slope",
    most="get the farthest up the slope|come to rest at the point farthest up|reach the spot farthest up|slide the longer way up",
    least="get the least far up the slope|come to rest at the point least far up|slide the least far up|slide the shorter way up",
    over="get more than {v} up the slope|slide over {v} uphill|travel more than {v} uphill",
    under="get less than {v} up the slope|slide under {v} uphill|travel less than {v} uphill",
)
_UP_TIME = _phrases(
    verbs=(
        ("stop|turn back|come to a stop|turn round|come to rest|reverse its direction|start back down|end its climb",
         f"{_LATER}|after a longer time", f"{_SOONER}|after a shorter time"),
    ),
    more="move uphill for longer|keep moving up for longer|need more time to come to a stop|take more time to turn back|climb for longer|be on the way up longer|take longer to turn back"
         "|go uphill for a longer time|need longer to stop",
    less="move uphill for less time|keep moving up for less time|need less time to come to a stop|take less time to turn back|climb for a shorter time|be on the way up for less time"
         "|go uphill for a shorter time|need less time to stop",
    most="be the last to turn back|turn back last|come to a stop last|climb the longest|be the last to stop",
    least="be the first to turn back|be the first to stop|come to a stop first|turn round first|climb for the shortest time",
    beats="turn round after {Y}|be still rising when {Y} turns back|come to a stop after {Y}",
    trails="turn round before {Y}|come to a stop before {Y}|turn back while {Y} still climbs",
    over="move uphill for over {v}|turn back after more than {v}|need more than {v} to come to a stop",
    under="move uphill for under {v}|turn back after less than {v}|need less than {v} to come to a stop",
)

_MORE: Mapping[tuple[str, str], Phrases] = {
    ("push", "acceleration"): _ACCELERATION, ("push", "speed"): _PUSH_SPEED,
    ("push", "time"): _PUSH_TIME, ("push", "distance"): _WAY, ("slide", "distance"): _STOP_WAY,
    ("slide", "time"): _STOP_TIME, ("slide", "friction_force"): _FRICTION,
    ("slide", "acceleration"): _BRAKING, ("drop", "time"): _FALL_TIME,
    ("drop", "speed"): _LANDING, ("throw up", "max_height"): _HEIGHT,
    ("throw level", "range"): _RANGE, ("crash", "speed"): _AFTER_SPEED,
    ("crash", "speed_change"): _CHANGE, ("crash", "impulse"): _IMPULSE,
    ("slope down", "speed"): _BOTTOM_SPEED, ("slope down", "time"): _BOTTOM_TIME,
    ("slope up", "distance"): _UP_WAY, ("slope up", "time"): _UP_TIME,
}
"""By situation and measure; other situations with the same phrases have them too."""
_MOMENTS: Mapping[str, str] = {
    "push": " at the end", "glide": "", "drop": " when it lands", "throw level": " when it lands",
    "crash": " after the collision", "hit": " afterwards", "slope down": " at the bottom",
}
"""When kinetic energy and momentum are meant, by situation."""

_MORE_ALIKE: Mapping[str, str] = {
    "acceleration": "gain speed at the same rate|speed up equally|have equal accelerations|pick up speed equally quickly",
    "speed": "reach the same speed|have equal speeds in the end|end up with equal speeds|end up just as fast as each other",
    "distance": "cover equal distances|get just as far as each other|travel the same distance",
    "time": "need equal times|take just as long as each other|need equally long|take the same number of seconds",
    "range": "come down equally far away|cover the same horizontal distance|fly just as far as each other|have equal ranges",
    "max_height": "fly equally high|get just as high as each other|have the same maximum height|reach equal heights",
    "kinetic_energy": "carry the same kinetic energy|have equal kinetic energies|have the same energy of motion",
    "momentum": "carry the same momentum|have equal momenta|have equally large momenta",
    "friction_force": "feel the same friction|experience equal friction|have the same friction force",
    "speed_change": "have the same change in velocity|undergo the same change of velocity|change their velocities by the same amount",
    "impulse": "get the same impulse|receive equal impulses",
}
_MORE_FALL_ALIKE = (
    "come down at the same time|land simultaneously|reach the ground together|touch down at the same moment"
    "|hit the ground at the same instant|land together|need the same time to land|stay in the air equally long"
)

# fmt: on


def more_asked() -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return by list of phrases in `mindseye.planner.questions.asked` what training has besides."""
    found: dict[tuple[str, ...], tuple[str, ...]] = {FALL_ALIKE: _split(_MORE_FALL_ALIKE)}
    for (mode, measure), asked in ASKED.items():
        moved = {"kinetic_energy": _ENERGY, "momentum": _MOMENTUM}.get(measure)
        phrases = moved or _MORE.get((mode, measure), {})
        for field, more in phrases.items():
            when = _MOMENTS.get(mode, "")
            found[getattr(asked, field)] = tuple(p.replace("{w}", when) for p in more)
    return found | {ALIKE[m]: _split(_MORE_ALIKE[m]) for m in ALIKE if m in _MORE_ALIKE}
