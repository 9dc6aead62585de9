"""Verb forms: verb phrases are stored in the infinitive and conjugated here."""

import re

_PARTICIPLES = {
    "throw": "thrown", "drop": "dropped", "let": "let", "hit": "hit", "shoot": "shot",
    "drag": "dragged", "fling": "flung", "send": "sent", "flick": "flicked", "tug": "tugged",
    "slide": "slid", "leave": "left", "put": "put", "set": "set",
}  # fmt: skip
_THIRD = {"be": "is", "have": "has", "do": "does", "go": "goes"}
_PAST = {
    "have": "had", "do": "did", "go": "went", "get": "got", "take": "took", "fall": "fell",
    "fly": "flew", "throw": "threw", "drop": "dropped", "hit": "hit", "shoot": "shot",
    "run": "ran", "slide": "slid", "stand": "stood", "set": "set", "let": "let", "feel": "felt",
    "meet": "met", "leave": "left", "lie": "lay", "come": "came", "rise": "rose", "win": "won",
    "undergo": "underwent", "keep": "kept", "fling": "flung", "speed": "sped", "lose": "lost",
    "strike": "struck", "drive": "drove", "begin": "began", "stick": "stuck", "rub": "rubbed",
    "slip": "slipped", "skid": "skidded", "stop": "stopped", "tug": "tugged", "send": "sent",
    "put": "put", "slam": "slammed", "drag": "dragged", "make": "made", "think": "thought",
    "travel": "travelled", "find": "found", "see": "saw", "bring": "brought",
}  # fmt: skip
_PRESENT_ONLY = re.compile(
    r"\b(will|would|should|does|do|can|could|are about|are going|is about|is going|let|imagine"
    r"|suppose|supposing|assume|assuming|say|is seen|wants|plans|decides|predict|expect|wonders"
    r"|watches|sees|asks|picture|think|watch|take|look|compare|consider|once"
    r"|blows|gives|looks|takes|measures|films|study|studies|examine|observe|observes|pretend"
    r"|visualise|shall|might|are set|are supposed|is supposed|should happen)\b"
    r"|\{a\}|\{aux\}"
)


def third(infinitive: str, past: bool = False) -> str:
    """Return "is dropped" for "be dropped", "flies off" (or "flew off") for "fly off"."""
    verb, _, rest = infinitive.partition(" ")
    if past:
        verb = "was" if verb == "be" else _past(verb)
    elif verb in _THIRD:
        verb = _THIRD[verb]
    elif verb.endswith(("s", "x", "z", "ch", "sh", "o")):
        verb += "es"
    else:
        verb = verb[:-1] + "ies" if _in_y(verb) else verb + "s"
    return f"{verb} {rest}".rstrip()


def conjugated(infinitive: str, past: bool = False) -> str:
    """Return "are dropped" (or "were dropped") for "be dropped"."""
    if infinitive.startswith("be "):
        return f"{'were' if past else 'are'}{infinitive[2:]}"
    return third(infinitive, past=True) if past else infinitive


def participle(verb: str) -> str:
    """Return "thrown" for "throw"."""
    return _PARTICIPLES.get(verb) or _regular(verb)


def present_only(frame: str) -> bool:
    """Say whether a sentence template cannot stand in the past tense."""
    return bool(_PRESENT_ONLY.search(frame))


def past_only(frame: str) -> bool:
    """Say whether a sentence template can stand in the past tense only."""
    return bool(re.search(r"\b(did|was it)\b", frame)) and "{k}" not in frame


def _in_y(verb: str) -> bool:
    return verb.endswith("y") and verb[-2] not in "aeiou"


def _past(verb: str) -> str:
    return _PAST.get(verb) or _regular(verb)


def _regular(verb: str) -> str:
    if _in_y(verb):
        return f"{verb[:-1]}ied"
    return f"{verb}d" if verb.endswith("e") else f"{verb}ed"
