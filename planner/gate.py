"""The gate: which candidates are pictured, and by which tools, within the budget.

Left to itself a language model calls its tools always or never. So there are several gates,
by name, to be compared on the same budget: what can be afforded (`budget`, the default), what
is worth its seconds (`evoi`), what the language model says (`model`), and those that always
or never ask a tool, or draw lots. All are pure functions of a `Situation`.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

from mindseye.planner.candidates import Candidate
from mindseye.planner.config import Gate, Tools
from mindseye.planner.information import Expected, expected, knowledge_gradient, noise, shift
from mindseye.planner.trust import Trust
from mindseye.tools.errors import BadInput
from mindseye.tools.values import SceneGraph

Tool = str
SURE = 0.98
"""A single candidate with this prior is done without picturing, if the model says so too."""
LEAST_SHARE = 0.02
"""Candidates with less than this share of the best prior are not worth a picture."""

MOST: dict[str, int] = {"physics": 24, "video": 8}
"""Candidates that a tool pictures in one decision, at most; the likeliest go first."""
GATES: tuple[Gate, ...] = get_args(Gate)
ALWAYS: dict[str, tuple[Tool, ...]] = {
    "never": (), "simulate": ("physics",), "imagine": ("video",), "both": ("physics", "video"),
}  # fmt: skip
"""Gates that ask the same tools about every candidate -> those tools."""
ASKS_MODEL = frozenset({"budget", "model"})
"""Gates that need the language model's opinion."""


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Seconds that one picture takes, learned as they are made."""

    physics: float = 0.08
    video: float = 0.15

    def learned(self, tool: Tool, seconds: float) -> "Costs":
        """Return the estimate after one more measurement per picture."""
        old = self.physics if tool == "physics" else self.video
        new = 0.7 * old + 0.3 * seconds
        return replace(self, physics=new) if tool == "physics" else replace(self, video=new)

    def prices(self, samples: int) -> dict[Tool, float]:
        """Return tool -> seconds for a candidate of which so many samples are imagined."""
        return {"physics": self.physics, "video": self.video * samples}


@dataclass(frozen=True, kw_only=True)
class Gating:
    """The gate's word on one candidate."""

    candidate: Candidate
    tools: tuple[Tool, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What a gate decides from."""

    candidates: Sequence[Candidate]
    """In the order of their priors."""
    allowed: Sequence[Tool]
    """Tools that the run may use."""
    costs: Costs
    seconds: float
    """Left of the decision's budget."""
    samples: int
    """Clips imagined of a candidate."""
    scene: SceneGraph
    """Where the candidates would be done."""
    trust: Trust = field(default_factory=Trust)
    opinion: Mapping[str, float] = field(default_factory=dict)
    """The language model's probabilities of none, video, physics, both; see `ASKS_MODEL`."""
    best: float | None = None
    """Value of the best that was pictured before in this decision; None if nothing was."""
    floor: float = 0.0
    """Gain in value a second below which `evoi` asks nothing."""
    seed: int = 0
    """For `random`."""

    @property
    def prices(self) -> dict[Tool, float]:
        """Tool -> seconds for a candidate."""
        return self.costs.prices(self.samples)


def gate(name: Gate, at: Situation) -> list[Gating]:
    """Decide for each candidate which tools picture it.

    Args:
      name: `budget`: all tools, cheapest first, as far as the seconds go.
        `evoi`: see `information`; what gains most a second goes first.
        `model`: what the language model says of the likeliest candidate goes for all.
        `never`, `simulate`, `imagine`, `both`: the same for all, as far as the seconds go.
        `random`: one of these four drawn by lot for each.
      at: candidates, tools, budget and what is known.
    """
    if not at.candidates or not at.allowed:
        return [Gating(candidate=c, tools=(), reason="no tool allowed") for c in at.candidates]
    if name in ALWAYS:
        told = "always" if ALWAYS[name] else "never"
        return _afforded(at, dict.fromkeys(_ids(at), ALWAYS[name]), told)
    return _GATES[name](at)


def sketching(name: Gate, allowed: Sequence[Tool]) -> tuple[Tool, ...]:
    """Return the tool that sketches what lies further ahead: the cheapest that a gate asks."""
    return tuple(t for t in allowed if t in ALWAYS.get(name, allowed))[:1]


def fits(name: str, tools: str) -> bool:
    """Say whether a gate asks for no tools but those a run may use; without tools it never does."""
    there = {"physics", "video"} if tools == "both" else {tools}
    return tools == "none" or there >= {*ALWAYS.get(name, ())}


def check_gate(name: Gate, tools: Tools) -> None:
    """Refuse a gate that asks for a tool which the run may not use.

    Raises:
      BadInput: it does.
    """
    if not fits(name, tools):
        needed = " and ".join(ALWAYS[name])
        raise BadInput(f"gate = {name!r} asks {needed}, and tools = {tools!r} does not allow that")


def _budget(at: Situation) -> list[Gating]:
    best = max(c.prior for c in at.candidates)
    if best >= SURE and at.opinion.get("none", 0.0) >= SURE:
        return [Gating(candidate=c, tools=(), reason="nothing to find out") for c in at.candidates]
    unlikely = {c.id for c in at.candidates if c.prior < LEAST_SHARE * best}
    wanted = {c.id: () if c.id in unlikely else tuple(at.allowed) for c in at.candidates}
    found = _afforded(at, wanted, "within the budget", most=MOST)
    told = "too unlikely a proposal"
    return [replace(g, reason=told) if g.candidate.id in unlikely else g for g in found]


def _model(at: Situation) -> list[Gating]:
    chances = dict.fromkeys(("none", *at.allowed, "both"), 0.0)
    if len(at.allowed) < 2:
        del chances["both"]
    for option, chance in at.opinion.items():
        # Where there is one tool only, both means that one, and the other means none.
        known = option if option in chances else at.allowed[0] if option == "both" else "none"
        chances[known] += chance
    said = max(chances, key=lambda o: chances[o])
    named: dict[str, tuple[Tool, ...]] = {"none": (), "both": tuple(at.allowed)}
    tools = named.get(said, (said,))
    return _afforded(at, dict.fromkeys(_ids(at), tools), f"the language model says {said}")


def _random(at: Situation) -> list[Gating]:
    drawn = {
        key: ALWAYS[random.Random(f"{at.seed} {key}").choice(sorted(ALWAYS))] for key in _ids(at)
    }
    return _afforded(at, drawn, "drawn by lot")


def _ids(at: Situation) -> list[str]:
    return [c.id for c in at.candidates]


def _afforded(
    at: Situation,
    wanted: Mapping[str, Sequence[Tool]],
    reason: str,
    most: Mapping[Tool, int] | None = None,
) -> list[Gating]:
    """Grant what is wanted as far as the seconds go: the cheapest tool first, in order.

    Args:
      at: candidates, prices and seconds.
      wanted: id of a candidate -> tools.
      reason: why these.
      most: tool -> candidates that it may be asked about.
    """
    left, prices = at.seconds, at.prices
    granted: dict[str, list[Tool]] = {c.id: [] for c in at.candidates}
    reasons = dict.fromkeys(granted, reason)
    for tool in sorted(at.allowed, key=lambda t: prices[t]):
        asked = 0
        for key in granted:
            if tool not in wanted[key]:
                continue
            if most is not None and asked >= most[tool]:
                reasons[key] = f"enough for {tool}"
            elif left < prices[tool]:
                reasons[key] = f"no time left for {tool}"
            else:
                granted[key].append(tool)
                left -= prices[tool]
                asked += 1
    return [
        Gating(candidate=c, tools=tuple(granted[c.id]), reason=reasons[c.id]) for c in at.candidates
    ]


@dataclass(frozen=True, kw_only=True)
class _Option:
    """Some tools that may be asked about a candidate."""

    tools: tuple[Tool, ...] = ()
    gain: float = 0.0
    """Expected gain in value."""
    price: float = 0.0
    """Seconds, as if the tools took turns."""


NOTHING = _Option()


def _rate(before: _Option, after: _Option) -> float:
    """Return what asking more gains a second."""
    return (after.gain - before.gain) / max(1e-6, after.price - before.price)


def _options(at: Situation) -> tuple[list[list[_Option]], list[Expected]]:
    """Return for each candidate what could be asked and gained, and what is believed of it."""
    strongest = max(c.prior for c in at.candidates)
    beliefs = [expected(c, strongest, at.scene) for c in at.candidates]
    means = [b.mean for b in beliefs] + ([] if at.best is None else [at.best])
    sets = [(t,) for t in at.allowed] + ([tuple(at.allowed)] if len(at.allowed) > 1 else [])
    options = [
        [
            _Option(
                tools=tools, price=sum(at.prices[t] for t in tools),
                gain=knowledge_gradient(
                    means, i, shift(belief.spread, noise(tools, candidate, at.trust))
                ),
            )
            for tools in sets
        ]
        for i, (candidate, belief) in enumerate(zip(at.candidates, beliefs, strict=True))
    ]  # fmt: skip
    return options, beliefs


def _evoi(at: Situation) -> list[Gating]:
    """Ask what gains most value a second, again and again, above the floor, within the budget.

    What was not pictured is not compared with what was. So where anything is asked and nothing
    was pictured before, the two candidates with the best means are pictured first.
    """
    options, beliefs = _options(at)
    taken = [NOTHING] * len(options)
    everyone, left = range(len(options)), at.seconds

    def moves(rows: Iterable[int]) -> list[tuple[float, int, _Option]]:
        """Return what could be asked next about some candidates: rate, candidate, option."""
        return [
            (_rate(taken[i], o), i, o)
            for i in rows
            for o in options[i]
            if set(taken[i].tools) < set(o.tools) and o.price - taken[i].price <= left
        ]

    first = [] if at.best is not None else sorted(everyone, key=lambda i: -beliefs[i].mean)[:2]
    if not any(_worth(rate, at) for rate, _, _ in moves(everyone)):
        first = []
    while found := moves(first[:1] or everyone):
        rate, i, option = max(found, key=lambda m: (m[0], -m[1]))
        if not first and not _worth(rate, at):
            break
        left -= option.price - taken[i].price
        taken[i], first = option, first[1:]
    return [
        Gating(candidate=c, tools=o.tools, reason=_why(o, options[i], beliefs[i], at))
        for i, (c, o) in enumerate(zip(at.candidates, taken, strict=True))
    ]


def _worth(rate: float, at: Situation) -> bool:
    return rate > 0.0 and rate >= at.floor


def _why(taken: _Option, options: Sequence[_Option], belief: Expected, at: Situation) -> str:
    """Say what was expected of a candidate's pictures, and what makes it uncertain."""
    told = f" ({', '.join(belief.risks)})" if belief.risks else ""
    if taken.tools:
        return f"a gain of {taken.gain:.3f} is expected in {taken.price:.2f} s{told}"
    best = max(options, key=lambda o: _rate(NOTHING, o))
    rate = _rate(NOTHING, best)
    if _worth(rate, at):
        return f"no time left for a gain of {best.gain:.3f} in {best.price:.2f} s{told}"
    return f"not worth its time: a gain of {rate:.3f} a second is expected{told}"


_GATES: dict[str, Callable[[Situation], list[Gating]]] = {
    "budget": _budget, "evoi": _evoi, "model": _model, "random": _random,
}  # fmt: skip
