"""The judge: two tools' pictures of one candidate become one value.

Both rewards are kept, each with its evidence. Where the tools disagree about an
object, the record names it and the value drops; the spread over imagined samples
counts against a candidate, since planning otherwise seeks out model errors.

Beside its value, which is about the goal, a candidate has a raw score for doing what its own
words say. Candidates are ranked by value, which falls where the score does; the score, once
calibrated (`calibration`), tells whether enough is known to act.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mindseye.planner.candidates import Candidate
from mindseye.planner.trust import Trust, skill_of
from mindseye.tools.goals import TABLE_HALF, Goal, Layout, satisfied
from mindseye.tools.subgoals import Subgoal
from mindseye.tools.values import Clip, Frames, Outcome, Plausibility, Point, Reward, Rollout

APART = 0.05
"""The tools disagree about an object when they put it this far apart, metres."""
AGREES = 0.99
"""Share of objects in the same place from which the tools are said to agree."""
DISAGREEMENT_COST = 0.25
"""Share of the value that is lost when they disagree about everything."""
SPREAD_COST = 0.5
"""How many standard deviations over samples are taken off an imagined reward."""
VAIN_COST = 0.6
"""What the simulated value of a push that moves nothing is multiplied by."""
STRAY_WORTH = 0.85
"""What a value is multiplied by for each other thing that is pushed along: where things touch,
pictures are least exact, and a search would choose just the pushes that only work in them."""
PLAUSIBLE = 0.05
"""Where every imagined clip of a candidate is less plausible than this, none is believed.
Of 164 development clips of world and simulator (`eval/plausibility.py`) none was."""
RIM, RIM_WORTH = 0.04, 0.9
"""What a value is multiplied by for each thing that is moved to this near the rim, metres: what
rolls a little further, or is touched again, falls."""
DOUBT_COST = 0.5
"""Share of the value that is lost where a push surely does not do what its words say: what comes
about otherwise than meant seldom comes about again."""
CARE_COST = 0.004
"""A slow or roundabout push must be worth this much more than a straight one."""
EVEN = 0.5
"""Chance of success so far as no tool is believed."""
NEAR = (0.015, 0.03)
"""Radii of the rings of places about the one shown that are tried as well, metres."""
RINGS = (0.73, 1.68, 3.24)
"""The same where a generator says how far off it may be, in scales of its doubt: radii within
which it is in a sixth, a half and five sixths of all cases (`mindseye.tools.video.network`)."""
LEAST_DOUBT = 0.008
"""Vision itself is off by so much, metres."""
CLEAR = 0.03
"""Expected error of an imagined place at which the picture counts half, metres."""
AROUND = 6
"""Places on a ring."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """What the tools showed of one candidate; empty where a tool was not asked."""

    candidate: Candidate
    rollout: Rollout | None = None
    computed: Outcome | None = None
    """Outcome read off the simulator's state."""
    computed_reward: Reward | None = None
    doubted: tuple[Outcome, ...] = ()
    """Outcomes of further simulations, each from places that vision may have misread."""
    watched: Outcome | None = None
    """Outcome that vision read off the simulated clip."""
    watched_reward: Reward | None = None
    clips: tuple[Clip, ...] = ()
    imagined: tuple[Outcome, ...] = ()
    imagined_rewards: tuple[Reward, ...] = ()

    @property
    def plausibility(self) -> tuple[Plausibility, ...]:
        """How plausible each imagined clip is; empty where vision does not tell it of all."""
        found = [o.plausibility for o in self.imagined]
        told = tuple(p for p in found if p is not None)
        return told if len(told) == len(found) else ()

    @property
    def doubts(self) -> tuple[float | None, ...]:
        """How far off each imagined end of the moved thing is expected to be, metres."""
        told = tuple(clip.doubt.get(self.candidate.subgoal.move) for clip in self.clips)
        return told if len(told) == len(self.imagined) else (None,) * len(self.imagined)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The value of a candidate and what it rests on."""

    candidate: Candidate
    value: float
    """In [0, 1]."""
    confidence: float
    agreement: float | None = None
    """Share of objects that both tools put in the same place; None with fewer than two tools."""
    disagreements: tuple[str, ...] = ()
    predicted: dict[str, Point] = field(default_factory=dict)
    """Name -> where it is expected to end."""
    target: Point = (0.0, 0.0)
    """Where the subject is to be pushed."""
    tool: str = "none"
    """Whose prediction `predicted` is: physics, video or none."""
    lost: tuple[str, ...] = ()
    """Objects expected to fall."""
    frame: Frames | None = field(default=None, compare=False, repr=False)
    """`[H, W, 3] uint8`, how it is imagined to end; None where nothing was imagined."""
    success: float | None = None
    """Raw score in [0, 1] for doing what its subgoal says; None where nothing was pictured."""


def compare(computed: Outcome, imagined: Outcome) -> tuple[float, tuple[str, ...]]:
    """Return the share of objects on which two outcomes agree, and a sentence for each other.

    An object that one tool lets fall and the other keeps is a disagreement too.
    """
    a, b = computed.after.layout, imagined.after.layout
    names = computed.before.names
    sentences = []
    for name in names:
        if (name in a) != (name in b):
            who = "simulation" if name in a else "imagination"
            sentences.append(f"only the {who} keeps the {name} on the table")
        elif name in a:
            gap = ((a[name][0] - b[name][0]) ** 2 + (a[name][1] - b[name][1]) ** 2) ** 0.5
            if gap > APART:
                sentences.append(f"the {name} ends {gap * 100:.0f} cm apart")
    share = 1.0 - len(sentences) / len(names) if names else 1.0
    return share, tuple(sentences)


def disbelief(picture: Picture) -> str:
    """Say why what was imagined of a candidate is not believed; empty where it is."""
    told = picture.plausibility
    if not told or max(p.score for p in told) >= PLAUSIBLE:
        return ""
    best = max(told, key=lambda p: p.score)
    return f"imagined what cannot happen ({best.violations[0].words})"


def believed(picture: Picture) -> Picture:
    """Return the picture without what was imagined, where that is not plausible."""
    if not disbelief(picture):
        return picture
    return replace(picture, clips=(), imagined=(), imagined_rewards=())


def _around(place: Point, doubt: float | None) -> list[Point]:
    """Return places that are as likely as each other; for no doubt those nearby."""
    radii = NEAR if doubt is None else [r * max(doubt, LEAST_DOUBT) / 2 for r in RINGS]
    x, y = place
    turns = [2 * math.pi * k / AROUND for k in range(AROUND)]
    found = [(x + r * math.cos(a), y + r * math.sin(a)) for r in radii for a in turns]
    return [place, *found] if doubt is None else found


def _clear(picture: Picture) -> float:
    """Return how much the place of the moved thing in the imagined end tells, in [0, 1]."""
    told = [1.0 if d is None else CLEAR**2 / (CLEAR**2 + d**2) for d in picture.doubts]
    return statistics.fmean(told)


def video_value(rewards: Sequence[Reward]) -> float:
    """Return the mean of the imagined rewards, less what their spread costs."""
    values = [r.value for r in rewards]
    return max(0.0, statistics.fmean(values) - SPREAD_COST * statistics.pstdev(values))


def mean_imagined(pictures: Sequence[Picture]) -> float | None:
    """Return the mean imagined value of those candidates that were imagined, or None."""
    rewards = (believed(p).imagined_rewards for p in pictures)
    values = [video_value(r) for r in rewards if r]
    return statistics.fmean(values) if values else None


def judge(picture: Picture, trust: Trust, unseen: float | None = None) -> Judgement:
    """Weigh what the tools showed of one candidate; what was imagined only if it is plausible.

    Args:
      picture: what was pictured of it.
      trust: how far each tool is believed; what it is worth for this skill counts.
      unseen: what the video generator showed of the other candidates on average.
        A candidate that was only simulated is weighed as if it had got that,
        else having been imagined would by itself count for or against it.
    """
    picture = believed(picture)
    candidate = picture.candidate
    weighted = _weighted(picture, trust, unseen)
    if not weighted:
        return Judgement(
            candidate=candidate, value=candidate.prior, confidence=0.0,
            target=candidate.push.target,
        )  # fmt: skip
    total = sum(w for _, _, w in weighted) or 1.0
    confidence = sum(c * w for _, c, w in weighted) / total
    agreement, sentences = _agreement(picture)
    done = _success(picture, trust, agreement)
    value = sum(v * w for v, _, w in weighted) / total * soundness(picture, done)
    if agreement is not None:
        video = trust.mean("video", skill_of(candidate.subgoal))
        value *= 1.0 - DISAGREEMENT_COST * (1.0 - agreement) * video
    if candidate.subgoal.manner != "straight":
        value -= CARE_COST
    predicted, target, tool, lost = _prediction(picture)
    return Judgement(
        candidate=candidate, value=max(0.0, min(1.0, value)), confidence=confidence,
        agreement=agreement, disagreements=sentences, predicted=predicted, target=target,
        tool=tool, lost=lost,
        frame=picture.clips[best_sample(picture)].frames[-1] if picture.clips else None,
        success=done,
    )  # fmt: skip


def _weighted(
    picture: Picture, trust: Trust, unseen: float | None
) -> list[tuple[float, float, float]]:
    """Return what each tool makes of a candidate: value, confidence and weight."""
    skill = skill_of(picture.candidate.subgoal)
    video = trust.mean("video", skill)
    weighted: list[tuple[float, float, float]] = []
    if picture.computed_reward is not None:
        reward = picture.computed_reward
        weighted.append((reward.value, reward.confidence, trust.mean("physics", skill)))
    if picture.imagined_rewards:
        confidence = statistics.fmean(r.confidence for r in picture.imagined_rewards)
        value = video_value(picture.imagined_rewards)
        # An imagined end that vision can hardly read, or may lie elsewhere, says little.
        weighted.append((value, confidence, video**2 * confidence * _clear(picture)))
    elif unseen is not None and weighted:
        weighted.append((unseen, 1.0, video**2))
    if weighted and picture.computed_reward is None:
        # The prior stands in for what an untrusted picture leaves open.
        weighted.append((picture.candidate.prior, 1.0, 1.0 - weighted[0][2]))
    return weighted


def soundness(picture: Picture, success: float | None = None) -> float:
    """Return what is left of a value where a push does little, or more than it says.

    Args:
      picture: what was pictured; something was.
      success: raw score for doing what it says; None where that is not known yet.
    """
    left: float = STRAY_WORTH ** _strays(picture) * RIM_WORTH ** _at_rim(picture)
    if picture.computed is not None and not {*picture.computed.moved, *picture.computed.fell}:
        # Nothing goes wrong where nothing moves: it would look good for ever.
        left *= VAIN_COST
    return left if success is None else left * (1.0 - DOUBT_COST * (1.0 - success))


def success(picture: Picture, trust: Trust) -> float | None:
    """Return the raw score for "this push will do what its subgoal says".

    Each tool says at what share of the places near the one it shows the subgoal would hold, on
    average over its samples or simulations, 0 where something falls. A tool weighs as much as
    it is trusted for the skill, imagination times vision's confidence in what was imagined;
    what no tool can be trusted for counts as even chances. Where the tools disagree about
    objects the score drops as the value does.

    Args:
      picture: what was pictured; what is not plausible does not count.
      trust: how far each tool is believed.

    Returns:
      In [0, 1], not calibrated; None where nothing that is believed was pictured.
    """
    picture = believed(picture)
    return _success(picture, trust, _agreement(picture)[0])


def _success(picture: Picture, trust: Trust, agreement: float | None) -> float | None:
    """Return what `success` does, of a picture that is believed and how far its tools agree."""
    skill = skill_of(picture.candidate.subgoal)
    video = trust.mean("video", skill)
    told: list[tuple[float, float]] = []
    if picture.computed is not None:
        computed = (picture.computed, *picture.doubted)
        told.append((_held(picture.candidate, computed), trust.mean("physics", skill)))
    if picture.imagined:
        confidence = statistics.fmean(r.confidence for r in picture.imagined_rewards)
        held = _held(picture.candidate, picture.imagined, picture.doubts)
        told.append((held, video * confidence))
    if not told:
        return None
    told.append((EVEN, math.prod(1.0 - weight for _, weight in told)))
    score = sum(s * w for s, w in told) / sum(w for _, w in told)
    if agreement is not None:
        score *= 1.0 - DISAGREEMENT_COST * (1.0 - agreement) * video
    return max(0.0, min(1.0, score))


def _held(
    candidate: Candidate, outcomes: Sequence[Outcome], doubts: Sequence[float | None] = ()
) -> float:
    """Return how clearly outcomes show a candidate's subgoal to hold, on average, in [0, 1]."""
    goal, subject = candidate.subgoal.goal(), candidate.subgoal.move
    return statistics.fmean(
        0.0 if o.fell else _clearness(goal, subject, o.after.layout, doubt)
        for o, doubt in zip(outcomes, doubts or [None] * len(outcomes), strict=True)
    )


def _clearness(goal: Goal, subject: str, layout: Layout, doubt: float | None) -> float:
    """Return the share of places where a subject may be at which a goal holds; 0 if it is gone."""
    if subject not in layout:
        return 0.0
    places = _around(layout[subject], doubt)
    return statistics.fmean(satisfied(goal, {**layout, subject: p}) for p in places)


def came_about(subgoal: Subgoal, before: Layout, seen: Layout) -> bool:
    """Say whether a subgoal is seen to hold after its push, and nothing is gone that was there."""
    return satisfied(subgoal.goal(), seen, tuple(before))


def _ends(picture: Picture) -> tuple[Outcome, ...]:
    """Return the outcomes that are most exact."""
    return (picture.computed, *picture.doubted) if picture.computed else picture.imagined


def _strays(picture: Picture) -> float:
    """Return how many other things are pushed along, on average over what was pictured."""
    subject = picture.candidate.subgoal.move
    return statistics.fmean(len({*o.moved} - {subject}) for o in _ends(picture))


def _at_rim(picture: Picture) -> float:
    """Return how many things are moved to the rim, on average over what was pictured."""
    inside = TABLE_HALF - RIM
    return statistics.fmean(
        sum(max(map(abs, o.after.layout[n])) > inside for n in o.moved if n in o.after.layout)
        for o in _ends(picture)
    )


def best_sample(picture: Picture) -> int:
    """Return the index of the imagined sample with the highest reward."""
    values = [r.value for r in picture.imagined_rewards]
    return values.index(max(values))


def _agreement(picture: Picture) -> tuple[float | None, tuple[str, ...]]:
    if picture.computed is None or not picture.imagined:
        return None, ()
    found = [compare(picture.computed, outcome) for outcome in picture.imagined]
    best = max(range(len(found)), key=lambda i: found[i][0])
    return statistics.fmean(share for share, _ in found), found[best][1]


def _prediction(picture: Picture) -> tuple[dict[str, Point], Point, str, tuple[str, ...]]:
    """Return whose picture is acted on: places, where to push, tool, what would fall."""
    push = picture.candidate.push
    if picture.computed is not None:
        after = picture.computed.after.layout
        return after, push.target, "physics", picture.computed.fell
    outcome = picture.imagined[best_sample(picture)]
    after = outcome.after.layout
    target = push.target
    if push.subject in after and satisfied(picture.candidate.subgoal.goal(), after):
        # It shows what was asked for, so its place is as good as geometry's, or better.
        target = after[push.subject]
    return after, target, "video", outcome.fell
