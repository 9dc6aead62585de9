# ruff: noqa: E501
"""Questions that no rigid-body simulation of the six scenes answers.

Some are of other subjects; some are of physics but of another kind; some speak of
falling balls and carts and then ask for what has nothing to do with it.
"""

import re
from dataclasses import dataclass

from mindseye.planner.questions.picking import Picker
from mindseye.planner.questions.things import COLOURS, PEOPLE, american, with_an


@dataclass(frozen=True, kw_only=True)
class General:
    """A question with its choices and answer."""

    text: str
    choices: tuple[str, ...]
    answer: str


# fmt: off
_CAPITALS = {
    "France": "Paris", "Italy": "Rome", "Japan": "Tokyo", "Egypt": "Cairo", "Peru": "Lima", "Norway": "Oslo", "Spain": "Madrid",
    "Kenya": "Nairobi", "Greece": "Athens", "Austria": "Vienna", "Portugal": "Lisbon", "Cuba": "Havana", "Poland": "Warsaw",
    "Ireland": "Dublin", "Chile": "Santiago", "Hungary": "Budapest", "Finland": "Helsinki", "Ghana": "Accra", "Sweden": "Stockholm",
}
_SYMBOLS = {
    "iron": "Fe", "gold": "Au", "silver": "Ag", "sodium": "Na", "oxygen": "O", "carbon": "C", "lead": "Pb", "copper": "Cu", "tin": "Sn",
    "potassium": "K", "helium": "He", "zinc": "Zn", "nitrogen": "N", "mercury": "Hg", "calcium": "Ca",
}
_AUTHORS = {
    "Hamlet": "Shakespeare", "War and Peace": "Tolstoy", "Faust": "Goethe", "Emma": "Jane Austen", "The Odyssey": "Homer",
    "Don Quixote": "Cervantes", "Oliver Twist": "Dickens", "The Trial": "Kafka", "Dracula": "Bram Stoker", "Frankenstein": "Mary Shelley",
}
_YEARS = {
    "the French Revolution begin": "1789", "the First World War begin": "1914", "the Berlin Wall fall": "1989",
    "people first walk on the Moon": "1969", "the Second World War end": "1945", "Columbus reach America": "1492",
    "the Titanic sink": "1912", "the Soviet Union come to an end": "1991", "the Great Fire of London break out": "1666",
    "the Normans conquer England": "1066",
}
_LOOKUPS: tuple[tuple[dict[str, str], tuple[str, ...]], ...] = (
    (
        _CAPITALS,
        (
            "what is the capital of {k}?",
            "which city is the capital of {k}?",
            "name the capital of {k}.",
            "{k} has which capital?",
            "which city does {k} have as its capital?",
            "tell me the capital of {k}.",
            "of {k}, what is the capital?",
            "where does the government of {k} sit?",
        ),
    ),
    (
        _SYMBOLS,
        (
            "what is the chemical symbol of {k}?",
            "which symbol stands for {k} in the periodic table?",
            "how do chemists abbreviate {k}?",
            "give the chemical symbol for {k}.",
            "in chemistry, how is {k} written?",
            "what is {k} called in the periodic table?",
            "which letters denote the element {k}?",
        ),
    ),
    (
        _AUTHORS,
        (
            "who wrote {k}?",
            "who is the author of {k}?",
            "{k} was written by whom?",
            "name the author of {k}.",
            "by whom is {k}?",
            "which writer gave us {k}?",
            "whose work is {k}?",
        ),
    ),
    (
        _YEARS,
        (
            "in what year did {k}?",
            "when did {k}?",
            "what was the year: when did {k}?",
            "I forgot the year: when did {k}?",
            "history: what year did {k}?",
            "quiz: when did {k}?",
            "{P} asks: in which year did {k}?",
        ),
    ),
)
_FIXED: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("which of these is a mammal?", ("whale", "shark", "trout"), "whale"),
    ("what gas do plants take up to make sugar?", ("carbon dioxide", "oxygen", "helium"), "carbon dioxide"),
    ("which planet is the largest?", ("Jupiter", "Mars", "Earth"), "Jupiter"),
    ("two resistors of 10 and 20 ohms are connected in series to a battery. which one has the larger voltage across it?", ("the 10 ohm resistor", "the 20 ohm resistor", "same"), "the 20 ohm resistor"),
    ("two resistors are connected in parallel to the same battery. resistor A has 5 ohms and resistor B has 10 ohms. which one carries more current?", ("resistor A", "resistor B", "same"), "resistor A"),
    ("a bulb of 60 W and a bulb of 100 W burn for an hour. which one uses more electrical energy?", ("the 60 W bulb", "the 100 W bulb", "same"), "the 100 W bulb"),
    ("how many bits are in a byte?", ("4", "8", "16"), "8"),
    ("does ice float on water?", ("yes", "no"), "yes"),
    ("at what temperature does water boil at sea level?", ("50 degrees Celsius", "100 degrees Celsius", "150 degrees Celsius"), "100 degrees Celsius"),
    ("a litre of water is heated from 20 to 80 degrees. how much heat does that take?", ("about 25 kJ", "about 250 kJ", "about 2500 kJ"), "about 250 kJ"),
    ("two acids have pH 2 and pH 5. which one is stronger?", ("pH 2", "pH 5", "same"), "pH 2"),
    ("which colour of light has the longer wavelength, red or blue?", ("red", "blue", "same"), "red"),
    ("does sound travel faster in water or in air?", ("water", "air", "same"), "water"),
    ("which weighs more, a kilogram of feathers or a kilogram of lead?", ("feathers", "lead", "same"), "same"),
    ("how many legs does a spider have?", ("six", "eight", "ten"), "eight"),
    ("which metal is liquid at room temperature?", ("mercury", "iron", "tin"), "mercury"),
    ("a gas is squeezed to half its volume at the same temperature. does its pressure rise or fall?", ("rises", "falls", "same"), "rises"),
    ("a magnet is pushed into a coil faster than before. is the voltage larger or smaller?", ("larger", "smaller", "same"), "larger"),
    ("what charge does an electron have?", ("positive", "negative", "none"), "negative"),
    ("is a whale a fish?", ("yes", "no"), "no"),
    ("which is the longest river in Africa?", ("Nile", "Congo", "Niger"), "Nile"),
    ("how many players does a football team have on the pitch?", ("nine", "eleven", "fifteen"), "eleven"),
    ("which language do most people in Brazil speak?", ("Spanish", "Portuguese", "French"), "Portuguese"),
    ("what do bees make?", ("honey", "milk", "silk"), "honey"),
    ("two wires of the same copper are equally long, but wire A is thicker. which one has the larger resistance?", ("wire A", "wire B", "same"), "wire B"),
    ("two cups of tea stand in a cold room, one open and one covered. which one cools faster?", ("the open one", "the covered one", "same"), "the open one"),
    ("does salt make the freezing point of water higher or lower?", ("higher", "lower", "same"), "lower"),
    ("a metal rod and a wooden rod are held in a flame. which one carries the heat better?", ("the metal rod", "the wooden rod", "same"), "the metal rod"),
    ("the half-life of sample A is 3 days and that of sample B is 10 days. which one decays faster?", ("sample A", "sample B", "same"), "sample A"),
    ("two lenses have focal lengths of 10 cm and 50 cm. which one bends light more strongly?", ("the 10 cm lens", "the 50 cm lens", "same"), "the 10 cm lens"),
    ("a pendulum clock has its string lengthened. does it run faster or slower?", ("faster", "slower", "same"), "slower"),
    ("two planets orbit the Sun, one much farther out than the other. which one has the longer year?", ("the inner one", "the outer one", "same"), "the outer one"),
    ("a cork and a nail are put into water. which one floats?", ("cork", "nail", "both"), "cork"),
    ("a capacitor is charged to twice the voltage. how much more energy does it store?", ("twice as much", "four times as much", "the same"), "four times as much"),
    ("what is the square root of 81?", ("7", "8", "9"), "9"),
    ("which vitamin does sunlight help the body make?", ("A", "C", "D"), "D"),
    ("what is frozen water called?", ("ice", "steam", "dew"), "ice"),
    ("who painted the Mona Lisa?", ("Leonardo da Vinci", "Rembrandt", "Picasso"), "Leonardo da Vinci"),
    ("which ocean lies between Europe and America?", ("the Atlantic", "the Pacific", "the Indian Ocean"), "the Atlantic"),
    ("does a gas expand when it is heated at constant pressure?", ("yes", "no"), "yes"),
    ("which note is higher, one of 440 Hz or one of 880 Hz?", ("440 Hz", "880 Hz", "same"), "880 Hz"),
    ("is a tomato botanically a fruit?", ("yes", "no"), "yes"),
    ("two springs are stretched by 1 cm; spring A needs twice the force. which one is stiffer?", ("spring A", "spring B", "same"), "spring A"),
    ("which gas makes up most of the air?", ("nitrogen", "oxygen", "argon"), "nitrogen"),
    ("an ice cube melts in a glass of warm water. does the water get colder?", ("yes", "no"), "yes"),
    ("how many strings does a violin have?", ("four", "six", "eight"), "four"),
    ("what is 15 percent of 200?", ("15", "30", "45"), "30"),
    ("is mercury denser than water?", ("yes", "no"), "yes"),
    ("which is hotter, the surface of the Sun or a candle flame?", ("the surface of the Sun", "a candle flame", "same"), "the surface of the Sun"),
    ("how old was Mozart when he died: 35 or 65?", ("35", "65"), "35"),
    ("a transformer has 100 turns on one side and 500 on the other. does it raise or lower the voltage from the first side to the second?", ("raises", "lowers", "same"), "raises"),
    ("does a red apple reflect mostly red or mostly green light?", ("red", "green"), "red"),
    ("which is an acid, lemon juice or soap?", ("lemon juice", "soap"), "lemon juice"),
    ("what does a thermometer measure?", ("temperature", "pressure", "mass"), "temperature"),
    ("in which country is the city of Kyoto?", ("Japan", "China", "Korea"), "Japan"),
)
_NOUNS = (
    "ball",
    "cart",
    "box",
    "stone",
    "sledge",
    "crate",
    "puck",
    "car",
    "toy",
    "marble",
    "book",
    "apple",
)
_BESIDE: tuple[tuple[str, str], ...] = (
    # Set-ups with {x} and {y}, then what is asked, the first being the answer.
    ("{x} costs {b} euros and {y} costs {a} euros. both are dropped from the same height.", "which one is more expensive?"),
    ("{x} is {b} years old, {y} is {a}. {x} is twice as heavy.", "which one is older?"),
    ("{P} bought {x} for {b} dollars and {y} for {a} dollars. {y} slides faster.", "which one cost more?"),
    ("{x} has {b} scratches and {y} has {a}. they roll down the same slope.", "which one has more scratches?"),
    ("{x} was built in 20{b} and {y} in 20{a}. {y} weighs more.", "which one is newer?"),
    ("{P} threw {x} {b} times and {y} {a} times.", "which one was thrown more often?"),
    ("{x} belongs to {P}, {y} to somebody else. both are pushed with the same force.", "which one belongs to {P}?"),
    ("{x} is heated to {b} degrees Celsius, {y} to {a} degrees Celsius. then both are dropped.", "which one is hotter?"),
    ("{x} holds {b} litres and {y} holds {a} litres.", "which one holds more?"),
    ("{x} is {b} cm long and {y} is {a} cm long. {y} is thrown harder.", "which one is longer?"),
    ("{x} carries a charge of {b} nC, {y} one of {a} nC.", "which one carries the larger charge?"),
    ("{x} won {b} prizes, {y} won {a}. both slide on ice.", "which one won more prizes?"),
)

_PARTS: tuple[tuple[str, str, str], ...] = (
    # Text with two numbers, {b} larger than {a}; the right name, then the other.
    ("resistors of {a} and {b} ohms are connected in series to a battery. which one has the larger voltage across it?", "the {b} ohm resistor", "the {a} ohm resistor"),
    ("a lamp of {a} W and a lamp of {b} W are switched on. which one draws more current from the same socket?", "the {b} W lamp", "the {a} W lamp"),
    ("resistor 1 has {a} ohms, resistor 2 has {b} ohms. they are in parallel. which one carries more current?", "resistor 1", "resistor 2"),
    ("sample A is at {a} degrees and sample B at {b} degrees. they are brought together. which one loses heat?", "sample B", "sample A"),
    ("tone A has a frequency of {a} Hz and tone B one of {b} Hz. which one has the longer wavelength?", "tone A", "tone B"),
    ("lens P has a focal length of {a} cm, lens Q one of {b} cm. which one is the stronger lens?", "lens P", "lens Q"),
    ("spring 1 has a stiffness of {a} N/m and spring 2 one of {b} N/m. the same weight hangs on each. which one stretches more?", "spring 1", "spring 2"),
    ("a pendulum of {a} cm and a pendulum of {b} cm swing side by side. which one swings more slowly?", "the {b} cm pendulum", "the {a} cm pendulum"),
    ("a diver is {a} m deep and a fish is {b} m deep. which one is under the higher pressure?", "the fish", "the diver"),
    ("tank X holds {a} litres of water and tank Y {b} litres. both get the same heat. which one gets warmer?", "tank X", "tank Y"),
    ("wheel A turns {a} times a minute, wheel B {b} times. which one spins faster?", "wheel B", "wheel A"),
    ("a gas has a volume of {b} litres and is squeezed to {a} litres. what happens to its pressure?", "it rises", "it falls"),
    ("capacitor C holds {a} nC and capacitor D holds {b} nC at the same voltage. which one has the larger capacitance?", "capacitor D", "capacitor C"),
    ("seesaw: {P} sits {a} cm from the pivot on the left and a twin sits {b} cm from it on the right. which side goes down?", "the right side", "the left side"),
    ("isotope S has a half-life of {a} days and isotope T one of {b} days. which one decays faster?", "isotope S", "isotope T"),
    ("satellite A circles {a} hundred km above the Earth, satellite B {b} hundred km. which one takes longer for an orbit?", "satellite B", "satellite A"),
    ("a {a} g piece of ice and a {b} g piece of ice lie in the sun. which one melts later?", "the {b} g piece", "the {a} g piece"),
    ("a {a} V and a {b} V battery drive the same motor in turn. which one drives the larger current?", "the {b} V battery", "the {a} V battery"),
    ("a balloon of {a} litres and one of {b} litres are filled with helium. which one lifts more?", "the {b} litre balloon", "the {a} litre balloon"),
    ("train A is {a} minutes late and train B is {b} minutes late. which one is more delayed?", "train B", "train A"),
)
# fmt: on


def general(pick: Picker) -> General:
    """Return a question that a simulation does not help with."""
    pick.past = False
    roll = pick.rng.random()
    if roll < 0.25:
        return _finish(pick, *_lookup(pick))
    if roll < 0.45:
        return _finish(pick, *_parts(pick))
    if roll < 0.75:
        text = pick.frame(tuple(t for t, _, _ in _FIXED))
        return _finish(pick, *next(row for row in _FIXED if row[0] == text))
    return _finish(pick, *_beside(pick))


def _lookup(pick: Picker) -> tuple[str, tuple[str, ...], str]:
    table, forms = pick.rng.choice(_LOOKUPS)
    keys = pick.rng.sample(sorted(table), 3)
    text = pick.frame(forms).replace("{k}", keys[0]).replace("{P}", pick.word(PEOPLE))
    return text, tuple(table[k] for k in keys), table[keys[0]]


def _parts(pick: Picker) -> tuple[str, tuple[str, ...], str]:
    chosen = pick.frame(tuple(t for t, _, _ in _PARTS))
    low = pick.rng.randint(2, 40)
    high = low + pick.rng.randint(1, 50)
    row = next(r for r in _PARTS if r[0] == chosen)
    text, right, wrong = (
        part.replace("{a}", str(low)).replace("{b}", str(high)).replace("{P}", pick.word(PEOPLE))
        for part in row
    )
    return text, (right, wrong, "same"), right


def _beside(pick: Picker) -> tuple[str, tuple[str, ...], str]:
    noun, (one, two) = pick.word(_NOUNS), pick.rng.sample(COLOURS, 2)
    names = f"{one} {noun}", f"{two} {noun}"
    chosen = pick.frame(tuple(f"{s} {q}" for s, q in _BESIDE))
    low = pick.rng.randint(10, 50)
    text = (
        chosen.replace("{x}", f"the {names[0]}").replace("{y}", f"the {names[1]}")
        .replace("{a}", str(low)).replace("{b}", str(low + pick.rng.randint(2, 40)))
        .replace("{P}", pick.word(PEOPLE))
    )  # fmt: skip
    return text, (*names, "same"), names[0]


def _finish(pick: Picker, text: str, choices: tuple[str, ...], answer: str) -> General:
    said = re.sub(r"(^|[.?] )([a-z])", lambda m: m[1] + m[2].upper(), with_an(text))
    if pick.some(0.5):
        spelled = tuple(american(c) for c in choices)
        return General(text=american(said), choices=_order(pick, spelled), answer=american(answer))
    return General(text=said, choices=_order(pick, choices), answer=answer)


def _order(pick: Picker, choices: tuple[str, ...]) -> tuple[str, ...]:
    mixed = list(choices)
    if mixed != ["yes", "no"]:
        pick.rng.shuffle(mixed)
    return tuple(mixed)
