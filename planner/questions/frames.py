# ruff: noqa: E501
"""Sentence templates. Each belongs to one split (`mindseye.planner.questions.picking`).

Set-ups: `{xy}` all bodies at first mention, `{the_xy}` with the definite article, `{e}` what
happens to them in the plural, `{i}` the same in the infinitive, `{n}` how many, `{nouns}`
their common noun, `{a3}` what a person does to them, `{a}` its infinitive, `{P}` a person.
Clauses: `{c}` and `{d}`. Questions: `{v}` a verb phrase in the third person, `{i}` its
infinitive, `{x}` and `{y}` the bodies. Sentences get their capitals later.
"""

# fmt: off
SETUP = (
    "{xy} {e}.", "{xy} both {e}.", "imagine that {xy} {e}.", "suppose {xy} {e}.", "in an experiment, {xy} {e}.", "picture this: {xy} {e}.",
    "{xy} are about to {i}.", "{xy} are going to {i}.", "let us say {xy} {e}.", "{P} watches while {xy} {e}.", "one afternoon {xy} {e}.",
    "in a video, {xy} {e}.", "for a school project, {xy} {e}.", "{P} sees that {xy} {e}.", "assume that {xy} {e}.",
    "a film shows how {xy} {e}.", "say {xy} {e}.", "in a physics lesson {xy} {e}.", "the situation is this: {xy} {e}.",
    "in a test, {xy} {e}.", "during a demonstration {xy} {e}.", "{P} wonders what happens when {xy} {e}.", "{xy} will {i}.",
    "as part of a game, {xy} {e}.", "on television, {xy} {e}.", "we are told that {xy} {e}.", "it happens that {xy} {e}.",
)
SETUP_FRESH = (
    "there are {xy}. they {e}.", "here are {xy}. both {e}.", "take {xy}. both {e}.", "think of {xy}; they {e}.",
    "consider {xy}, which {e}.", "a teacher shows {xy}. they {e}.", "we look at {xy}, and both {e}.", "{P} has {xy}. both {e}.",
    "{P} brings {xy}. they {e}.", "look at {xy}, which {e}.", "you see {xy}. they {e}.", "compare {xy}, which {e}.",
)
"""Only where nothing was said of the bodies before."""
SETUP_SAME = (
    "two {nouns}, {xy}, {e}.", "two {nouns} {e}: {xy}.", "there are two {nouns}, {xy}. both {e}.", "the two {nouns} {xy} {e}.",
    "a pair of {nouns}, {xy}, {e}.", "{P} has two {nouns}, {xy}. both {e}.", "two {nouns} called {xy} {e}.",
    "imagine two {nouns}, {xy}, that {e}.", "here are two {nouns}: {xy}. they {e}.", "{xy} are two {nouns} that {e}.",
    "of two {nouns}, {xy}, we know that they {e}.", "two {nouns} ({xy}) {e}.",
)
SETUP_ACTIVE = (
    "{P} {a3}.", "somebody {a3}.", "a student {a3}.", "we {a}.", "I {a}.", "you {a}.", "a machine {a3}.", "{P} wants to {a}.",
    "{P} is going to {a}.", "suppose you {a}.", "imagine that {P} {a3}.", "a child {a3}.", "in the lab, {P} {a3}.", "someone {a3}.",
    "a robot {a3}.", "{P} and {Q} {a}.", "my sister {a3}.", "the teacher {a3}.", "two friends {a}.", "let us {a}.", "{P} decides to {a}.",
    "an engineer {a3}.", "{P} plans to {a}.", "for a bet, {P} {a3}.", "my brother {a3}.", "a girl {a3}.", "{P} is about to {a}.",
    "when {P} {a3}, everyone watches.", "an astronaut {a3}.", "they {a}.",
)
CONNECTING = (
    "also", "moreover", "in addition", "and ", "but ", "however", "still", "mind you", "this time", "apart from",
    "besides", "furthermore", "what is more", "on top of", "likewise", "another", "yet ", "nevertheless", "nonetheless",
    "even so", "then again", "except", "one more", "additional", "ps:", "assume, too", "there is ", "there's ", "I forgot", "let us add",
    "let me add", "where they", "what sets", "what makes", "what distinguishes", "they are not", "not everything", "the difference", "here is where",
    "it should be added", "I should mention",
)
"""Beginnings of clauses that need something before them."""
SETUP_RELATIVE = (
    "{x}, which {vx}, and {y}, which {vy}, {e}.", "{x} {vx} and {y} {vy}; both {e}.", "{x} that {vx} and {y} that {vy} {e}.",
    "first there is {x}, which {vx}, then {y}, which {vy}. both {e}.", "{x} ({lx}) and {y} ({ly}) {e}.",
    "take {x} that {vx} and {y} that {vy}. they {e}.", "suppose {x}, which {vx}, and {y}, which {vy}, {e}.",
    "we compare {x}, which {vx}, with {y}, which {vy}, when both {e}.", "{x} ({lx}) and {y} ({ly}) are compared: they {e}.",
    "imagine {x} that {vx} and {y} that {vy}; they {e}.", "{P} has {x}, which {vx}, and {y}, which {vy}. they {e}.",
    "two things {e}: {x}, which {vx}, and {y}, which {vy}.", "{x} ({lx}) {e1}, and so {aux} {y} ({ly}).",
    "in one trial, {x} ({lx}) and {y} ({ly}) {e}.",
)
SETUP_ONE = (
    "{x} {e1}.", "suppose that {x} {e1}.", "imagine {x} that {e1}.", "consider this case: {x} {e1}.", "in a laboratory {x} {e1}.",
    "it is known that {x} {e1}.", "say that {x} {e1}.", "{P} sees how {x} {e1}.", "assume {x} {e1}.", "there is {x} that {e1}.",
    "here is {x} that {e1}.", "{x} is seen to {i}.", "take {x} that {e1}.", "one morning {x} {e1}.", "let {x} {i}.",
    "the following happens: {x} {e1}.", "at a fair, {x} {e1}.", "during a lesson, {x} {e1}.", "here is what happens: {x} {e1}.",
    "we watch {x} that {e1}.", "think of {x} that {e1}.",
)
"""One body; `{e1}` is what happens to it."""
WHERE = (
    "{x} {e1} {A} and {B}. where does it {i}?", "{x} {e1} first {A} and then {B}. where does it {i}?",
    "where does {x} {i} when it {e1}: {A} or {B}?", "if {x} {e1}, where does it {i}: {A} or {B}?",
    "{P} tries it twice: {x} {e1}, once {A} and once {B}. where will it {i}?", "the same {n} {e1} {A} and {B}. where will it {i}?",
    "in one case {x} {e1} {A}, in the other {B}. where would it {i}?", "suppose {x} {e1}. will it {i} {A} or {B}?",
    "does {x} {i} {A} or {B} when it {e1}?", "{x} {e1} {A}. another time it {e1} {B}. tell me where it {v}.",
    "compare two trials: {x} {e1} {A}; then it {e1} {B}. in which one does it {i}?", "would {x} that {e1} {i} {A} or {B}?",
    "{A} {x} {e1}. {B} it {e1} too. where is it that it {v}?", "{P} asks where {x} {v} if it {e1}: {A} or {B}.",
)
"""One thing in two places: `{A}` and `{B}` are "on the Moon", `{n}` its noun."""
WHERE_THREE = (
    "{x} {e1} {A}, {B} and {C}. where does it {i}?", "where does {x} {i} when it {e1}: {A}, {B} or {C}?", "{x} {e1} in three places: {A}, {B} and {C}. where will it {i}?",
    "{P} tries it three times: {x} {e1} {A}, then {B}, then {C}. tell me where it {v}.", "of three trials, one is {A}, one {B} and one {C}. {x} {e1}. where will it {i}?",
    "suppose {x} {e1} {A}, {B} or {C}. in which case does it {i}?", "{A}, {B} and {C}: {x} {e1} in each case. in which one will it {i}?", "name the place where {x} {v} if it {e1}: {A}, {B} or {C}.",
)
"""One thing in three places."""
DROPPED = (
    "{x} {e1}{s}. at the same moment {y} is dropped from the same height.", "{x} {e1}{s}, while {y} is simply dropped from the same height.",
    "from the same height {y} is let fall and {x} {e1}{s}.", "{y} is dropped from {h}. {x} {e1} from there{s}.", "{x} {e1}{s}. {y} just falls from the same edge.",
    "while {x} {e1}{s}, {y} is released from rest beside it.", "suppose {y} drops straight down as {x} {e1}{s} from the same height.", "{y} falls straight down and {x} {e1}{s}, both from {h}.",
    "a shooter lets {x} fly horizontally{s} just when {y} begins to fall beside it.", "imagine that {x} {e1}{s} and that {y} merely falls, from the same height.",
)
"""The first is thrown, `{s}` at some speed, the second dropped; `{h}` is how high."""
UP_DOWN = (
    "from {h}, {x} is thrown straight up at {w} and {y} straight down at the same speed.", "standing on {h}, {P} throws {x} upwards and {y} downwards, both at {w}.",
    "{x} is tossed straight up from {h} with {w}. {y} is tossed straight down with the same speed.", "at the edge of {h}, {P} throws {x} up and {y} down, each at {w}.",
    "two throws from {h}, both at {w}: {x} goes straight up, {y} straight down.", "{P} stands on {h} and throws {x} vertically up, then {y} vertically down, each time at {w}.",
    "suppose that from {h} {x} starts upwards and {y} downwards, both at {w}.", "imagine {x} being thrown up and {y} being thrown down from {h}, with {w} each.",
)
"""The first goes up, the second down, at speed `{w}`."""
CHANGE = (
    "if its {l} is {c}, what happens to the {noun}?", "what happens to the {noun} if its {l} is {c}?",
    "how does the {noun} change when its {l} is {c}?", "then its {l} is {c}. what becomes of the {noun}?",
    "now its {l} is {c}. how does the {noun} change?", "suppose its {l} is {c}. does the {noun} change?",
    "the trial is repeated, but the {l} is {c}. what about the {noun}?", "with its {l} {c}, how does the {noun} compare with before?",
    "next time the {l} is {c}. what does this do to the {noun}?", "{P} does it again with the {l} {c}. what happens to the {noun}?",
    "would the {noun} be different if the {l} were {c}?", "what effect does it have on the {noun} that the {l} is {c}?",
)
"""One thing before and after: its `{l}` is "doubled"."""
CHASE = (
    "{x} catches up with {y}, which moves ahead of it in the same direction at {w}, and {e2} it.",
    "{y} is moving along at {w} when {x} {e2} it from behind.", "{x} {e}, which is going the same way at only {w}.",
    "both move to the right: {x} {e} from behind, which goes at {w}.", "{x} comes from behind and {e}, which moves the same way at {w}.",
    "in front of it {y} rolls in the same direction at {w}; then {x} {e2} it from behind.",
    "{y} travels at {w}. {x}, coming from behind, {e2} it.", "suppose {x} {e}, which is moving away from it at {w}.",
)
"""The first body runs into the second, which moves away at `{w}`."""
AWAY = {
    "edge": (
        "the edge is {v} away.", "the floor ends after {v}.", "it starts {v} from the edge.", "there are {v} to the edge.",
        "the table is {v} long.", "after {v} comes a drop.", "from there it is {v} to the end of the table.",
        "the far edge is at a distance of {v}.", "the platform ends {v} further on.",
    ),
    "slide": (
        "the other side is {v} away.", "a line is drawn {v} ahead.", "the far wall is at a distance of {v}.",
        "the goal line is {v} further on.", "the room is {v} long.", "it is {v} to the finish.", "a mark on the floor is {v} off.",
        "the target lies {v} ahead.",
    ),
    "throw up": (
        "a branch hangs {v} above the ground.", "there is a window at a height of {v}.", "a balloon hovers at {v}.",
        "the ceiling is {v} high.", "a shelf is {v} up.", "a lamp hangs {v} above the ground.", "someone waits on a balcony {v} up.",
        "the top of the wall is at {v}.",
    ),
    "throw level": (
        "a target stands {v} away.", "the other bank is {v} away.", "a bucket stands at a distance of {v}.", "a wall is {v} off.",
        "there is a net {v} away.", "the ditch is {v} wide.", "the next roof is {v} away.", "a mark on the ground is {v} off.",
    ),
    "slope up": (
        "the slope is {v} long.", "the ramp has a length of {v}.", "the top is {v} away, measured along the slope.",
        "it is {v} to the top.", "the way to the top is {v}.", "the incline ends after {v}.", "the ramp measures {v} from foot to top.",
        "up to the top there are {v} of slope.",
    ),
}
"""How far away something is that may be reached."""
ASK_ALIKE = (
    "do they {i}?", "did they {i}?", "did both {i}?", "will they {i}?", "do both {i}?", "is it true that they {i}?", "will both {i}?",
    "would they {i}?", "can it be that they {i}?", "is {P} right to say that they {i}?", "{P} thinks that they {i}. is that so?",
    "so do they {i}?", "should they {i}?", "tell me whether they {i}.",
)
HIT = (
    "{x} {e}, which is at rest.", "{x} {e}, which is standing still.", "{y} stands still. {x} {e2} it.", "{x} {e}, which is not moving.",
    "{y} is at rest when {x} {e2} it.", "{x} is about to {inf}, which is at rest.", "{P} lets {x} {inf}, which stands still.",
    "{x} {e}, which was at rest before.", "suppose {x} {e}, which is stationary.", "{y} is parked on the track. {x} {e2} it.",
    "{x} is heading for {y}, which is at rest, and {e2} it.", "imagine that {x} {e}, which does not move at first.",
    "on a track {x} {e}, which is initially at rest.", "while {y} rests on the track, {x} {e2} it.",
    "{y} is waiting motionless. then {x} {e2} it.", "in a test {x} {e}, which is stationary at the start.",
)
"""The first body runs into the second: `{e}` holds the second, `{e2}` does not."""
CONTRAST = (
    "but {c}.", "however, {c}.", "the only difference: {c}.", "{c}; otherwise they are alike.", "{c}, everything else being equal.",
    "this time {c}.", "one thing is different: {c}.", "apart from that they are the same, but {c}.", "they differ in one way: {c}.",
    "{c}, though.", "mind you, {c}.", "still, {c}.",
)
"""Clauses that set bodies apart."""
CLAUSE = (
    "{c}.", "note that {c}.", "we know that {c}.", "it turns out that {c}.", "keep in mind that {c}.", "as it happens, {c}.", "and {c}.",
    "you are told that {c}.", "in addition, {c}.", "{P} notices that {c}.", "measurements show that {c}.", "also, {c}.", "moreover, {c}.",
    "remember: {c}.", "clearly, {c}.", "by the way, {c}.", "it is known that {c}.", "{c}, as {P} found out.", "the label says that {c}.",
    "according to {P}, {c}.", "here {c}.", "it is given that {c}.", "{c}, by the way.", "as a matter of fact, {c}.", "remember that {c}.",
    "all the while {c}.", "{P} makes sure that {c}.", "of course {c}.", "for certain, {c}.",
    *CONTRAST,
)
TWO_CLAUSES = (
    "{c} and {d}.", "{c}, {d}.", "{c}, while {d}.", "{c}; {d}.", "{c}, whereas {d}.", "{c}. {d}.", "{c}, but {d}.", "{c}, and {d}.",
    "{c}. in contrast, {d}.", "{c}, and on the other hand {d}.", "{c}. for comparison, {d}.", "in one case {c}, in the other {d}.",
    "while {c}, {d}.", "{c} - {d}.", "we know that {c} and that {d}.", "note that {c} and {d}.", "whereas {c}, {d}.",
    "{P} finds that {c}, and that {d}.", "on one side {c}; on the other {d}.", "{c}. meanwhile, {d}.", "first, {c}. second, {d}.",
    "{c}; at the same time {d}.", "{c}, yet {d}.", "suppose {c} and {d}.", "let's say {c} and {d}.", "imagine {c}, and {d}.",
)
COMPARED = (
    "compared with {y}, {x} {v}.", "compared to {y}, {x} {v}.", "of the two, {x} {v}.", "next to {y}, {x} {v}.",
    "in comparison with {y}, {x} {v}.", "relative to {y}, {x} {v}.", "when you put {y} beside it, {x} {v}.", "set against {y}, {x} {v}.",
    "as opposed to {y}, {x} {v}.", "between the two, {x} {v}.",
)
EQUAL = (
    "{they} {s}.", "both {s}.", "the two {s}.", "{the_xy} {s}.", "note that both {s}.", "in both cases they {s}.",
    "{they} {s}, by the way.", "each time, they {s}.", "we know that they {s}.", "it is given that both {s}.",
    "as a matter of fact, they {s}.", "{they} also {s}.", "moreover, they {s}.",
)
AIR = (
    "air resistance can be ignored.", "ignore air resistance.", "there is no air.", "assume that there is no drag.", "neglect the air.",
    "the air plays no part.", "leave the air out of account.", "there is no air resistance.", "take no account of the air.",
    "you may forget about the air.", "leave out air drag.",
)
FILLER = (
    "everything else is the same.", "otherwise they are identical.", "in all other respects they do not differ.", "nothing else differs.",
    "all other things are equal.", "apart from this there is no difference.", "they are alike in every other way.",
    "nothing else is different.",
)
IF_ASK = (
    "if {s}, {q}?", "when {s}, {q}?", "supposing {s}, {q}?", "{s}: {q}?", "given that {s}, {q}?", "{s} - {q}?", "assuming that {s}, {q}?",
    "say {s}. {q}?", "once {s}, {q}?", "{s}, so {q}?", "{s}; {q}?", "let's assume {s}. {q}?",
)
ASK = (
    "which one {v}?", "which {v}?", "which of them {v}?", "which of the two {v}?", "which {v}, {x} or {y}?", "{x} or {y}: which {v}?",
    "tell me which one {v}.", "what {v}: {x} or {y}?", "I wonder which one {v}.", "can you say which one {v}?", "which one will {i}?",
    "which of the two will {i}?", "which one do you expect to {i}?", "will it be {x} or {y} that {v}?", "is it {x} or {y} that {v}?",
    "which of these {v}?", "decide which one {v}.", "between {x} and {y}, which {v}?", "so which one {v}?",
    "do you know which of them {v}?", "which would {i}?", "which one would {i}, {x} or {y}?", "please say which {v}.",
    "{P} asks which one {v}.", "of {x} and {y}, which one {v}?", "now, which one {v}?", "name the one that {v}.",
    "which one is it that {v}?", "what do you think: which one {v}?", "neglecting air resistance, which one {v}?",
    "ignoring the air, which of the two {v}?", "without air resistance, which one {v}?", "in this case, which {v}?",
    "{x} and {y} - which of them {v}?", "guess which one {v}.", "which should {i}?", "and which one {v}?",
    "predict which of the two will {i}.",
)
ASK_FIRST = (
    "which one {v}? {s}", "which of the two {v}? {s}", "which {v}? {s}", "I would like to know which one {v}. {s}",
    "question: which one {v}? {s}", "here is the question which one {v}: {s}", "find out which one {v}. {s}", "which one will {i}? {s}",
    "tell me which one {v}: {s}", "which of the two is it that {v}? {s}",
)
ASK_BETWEEN = (
    "which {v}: {x} or {y}?", "what {v}, {x} or {y}?", "which one {v}: {x} or {y}?", "what will {i}: {x} or {y}?",
    "which of these {v}: {x} or {y}?", "does {x} or {y} {i}?", "compare {x} with {y}: which {v}?", "{x} or {y} - which {v}?",
    "would {x} or {y} {i}?", "take {x} and {y}. which one {v}?", "given {x} and {y}, which {v}?",
)
LISTED = (
    "{x}: {lx}. {y}: {ly}. {s} {q}", "{s} data: {x} {lx}; {y} {ly}. {q}", "{x} - {lx}; {y} - {ly}. {s} {q}",
    "{s} {x}: {lx}; {y}: {ly}. {q}", "{x} ({lx}) versus {y} ({ly}). {s} {q}", "{s} the figures: {x} {lx}, {y} {ly}. {q}",
    "{s} {x} has {lx}, {y} has {ly}. {q}", "1) {x}: {lx}. 2) {y}: {ly}. {s} {q}",
)
ASK_YESNO = (
    "does {x} {i}?", "did {x} {i}?", "was it the case that {x} {v}?", "will {x} {i}?", "is it true that {x} {v}?",
    "do you think {x} will {i}?", "would {x} {i}?", "can we say that {x} {v}?", "{x} {v}, right?", "am I right that {x} {v}?",
    "{P} says that {x} {v}. is that right?", "is {P} right to say that {x} {v}?", "should {x} {i}?", "tell me whether {x} {v}.",
    "does that mean that {x} {v}?", "I think that {x} {v}. do you agree?", "is {x} going to {i}?", "could it be that {x} {v}?",
)
ASK_NUMBER = (
    "{How} {does_i}?", "{How} will {x} {i}?", "work out {how} {x} {v}.", "can you tell me {how} {x} {v}?", "what is the {noun} of {x}?",
    "find the {noun} of {x}.", "calculate the {noun} of {x}.", "{P} wants to know {how} {x} {v}.", "{How} would {x} {i}?",
    "how large is the {noun} of {x}?", "determine the {noun} of {x}.", "please compute {how} {x} {v}.", "estimate {how} {x} {v}.",
    "I'd like to know {how} {x} {v}.", "say {how} {x} {v}.", "so {how} {does_i}?", "give the {noun} of {x}.", "do you know {how} {x} {v}?",
    "what will the {noun} of {x} be?", "and {how} {does_i}?",
)
IF_ONE = (
    "{q} if it {s}", "{q} when it {s}", "{q}, given that it {s}", "{q}, supposing it {s}", "{q} once it {s}", "{q} in case it {s}",
    "{q} provided that it {s}", "{q}, assuming it {s}",
)
"""One body: `{q}` the question without its stop, `{s}` what happens."""
ASK_ORDER = (
    "put them in order from {first} to {last}.", "rank them from {first} to {last}.", "order them: {first} to {last}.",
    "list them from {first} to {last}.", "what is the order from {first} to {last}?", "sort them from {first} to {last}.",
    "in what order do they come, from {first} to {last}?", "arrange them, starting with the {first} and ending with the {last}.",
    "from {first} to {last}, how do they rank?", "name them in order, from {first} to {last}.",
)
ASK_TOP = (
    "which of these {n} {v}?", "which of the {n} {v}?", "which {v}: {abc}?", "out of {abc}, which {v}?", "say which of the {n} {v}.",
    "tell me which of these {v}.", "of all {n}, which {v}?", "which of the {n} will {i}?", "among {abc}, which {v}?",
    "in the end, which {v}?",
)
IRRELEVANT = (
    "{x} cost {price}.", "{x} is {years} years old.", "{x} belongs to {P}.", "it is a {day}.", "{P} bought {x} last {day}.",
    "{x} was made in {place}.", "{P} painted {x} last week.", "{x} has a small scratch.", "a dog is watching.", "the weather is fine.",
    "{x} is {P}'s favourite.", "{x} costs {price} more than {y}.", "{x} is older than {y}.", "{P} likes {x} better than {y}.",
    "{x} smells of lavender.", "the floor was cleaned on {day}.", "{P} took {minutes} minutes to get there.", "{P} is {years} years old.",
    "{x} comes from {place}.", "there are {years} people in the audience.", "{x} has the number {years} written on it.",
    "{x} was a present from {P}.", "the room is lit by {years} lamps.", "{x} is prettier than {y}.", "{x} was on sale for {price}.",
    "{P} is taking notes.", "a clock on the wall shows {years} o'clock.", "{P} borrowed {x} from a neighbour.",
    "it all happens in {place}.", "{x} is cheaper than {y}.", "the colour of {x} is fading.", "{x} is newer than {y}.",
    "{P} has put a sticker on {x}.", "outside it is raining.", "{P} filmed everything for a programme about {place}.",
    "a cat sleeps in the corner.", "{x} won a prize in {place}.", "{P} paid {price} for {x}.", "{x} is wrapped in paper.",
)
"""Sentences that change nothing; `{x}` and `{y}` are bodies, the rest is drawn."""
ELASTIC = (
    "the collision is perfectly elastic.", "they bounce off each other without losing energy.", "no energy is lost in the crash.",
    "it is an elastic collision.", "they rebound like perfect springs.", "kinetic energy is conserved.",
    "the bumpers are perfectly springy.", "the impact is fully elastic.", "assume an elastic collision.", "they bounce perfectly.",
    "nothing of the energy is lost.",
)
STICKY = (
    "they stick together.", "after the crash they move on as one.", "they are coupled together by the impact.",
    "they stay together afterwards.", "the collision is perfectly inelastic.", "a lump of clay makes them stick.", "they lock together.",
    "when they meet they stick to each other.", "velcro holds them together after the impact.", "it is a completely inelastic collision.",
)
BOUNCY = (
    "the coefficient of restitution is {v}.", "the restitution is {v}.", "assume a restitution of {v}.",
    "their coefficient of restitution is {v}.", "the bounce has a restitution coefficient of {v}.",
    "with a coefficient of restitution of {v}, they bounce apart.",
)
