"""Hints: what was pictured of a candidate, in one sentence for the language model.

Liu et al., Mind's Eye (2022): what a simulation showed is put into the prompt,
and the model answers from it.
"""

from mindseye.planner.judge import AGREES, Judgement, Picture, believed, best_sample
from mindseye.planner.language.asking import hint_words
from mindseye.tools.values import Outcome, Reward


def hint(judgement: Judgement, picture: Picture | None) -> str:
    """Return what the tools showed of a candidate; a few words where nothing was pictured."""
    if picture is None:
        return "not pictured"
    picture = believed(picture)
    subject = judgement.candidate.push.subject
    told = []
    if picture.computed is not None and picture.computed_reward is not None:
        told.append(_sentence("simulation", subject, picture.computed, picture.computed_reward))
    if picture.imagined:
        best = best_sample(picture)
        if told and judgement.agreement is not None and judgement.agreement >= AGREES:
            told.append("video: agrees")
        else:
            sample = picture.imagined[best], picture.imagined_rewards[best]
            told.append(_sentence("video", subject, *sample))
    return "; ".join(told) or "not pictured"


def _sentence(source: str, subject: str, outcome: Outcome, reward: Reward) -> str:
    return hint_words(source, subject, outcome.after.layout, outcome.fell, reward.value).strip()
