"""Puts a situation with one body into words."""

import re
from collections.abc import Callable

from mindseye.planner.questions import frames
from mindseye.planner.questions.facts import Common, Fact
from mindseye.planner.questions.layouts import Written, beside_the_point, finish
from mindseye.planner.questions.pairs import Case, suitable
from mindseye.planner.questions.picking import Picker, contrasts
from mindseye.planner.questions.telling import Teller, fill


class Single:
    """Tells of one body in one of several manners."""

    def __init__(self, pick: Picker, case: Case) -> None:
        self.pick, self.case = pick, case
        event = pick.rng.choice(suitable(case))
        self.teller = Teller(pick, case.name, case.mode, case.things, event)
        self.teller.plan(case.facts)
        self.quantities = [f.quantity for f in case.facts]

    def write(self, asking: Callable[[Teller, str], str]) -> Written:
        """Return the question; `asking` gets what stands for the body."""
        adjuncts, intro, left = self._sorted()
        if self.pick.some(0.25) and not self.case.sentences and not left:
            written = self._conditional(asking, adjuncts, intro)
            if written is not None:
                return written
        parts = [self._setup(adjuncts, intro), *(self._sentence(f) for f in left)]
        parts += self.case.sentences
        if self.pick.some(0.2):
            parts.insert(self.pick.rng.randint(1, len(parts)), beside_the_point(self.teller))
        if self.pick.some(0.08):
            parts.append(self.pick.frame(frames.AIR))
        body = "it" if self.pick.some(0.6) else self.teller.np(0)
        return finish(self.teller, " ".join([*parts, asking(self.teller, body)]))

    def _sorted(self) -> tuple[list[str], str, list[Fact]]:
        """Return what joins the event, what stands before the noun, and what is left."""
        adjuncts: list[str] = []
        left: list[Fact] = []
        intro = ""
        thing = self.case.things[0]
        for fact in self.case.facts:
            assert isinstance(fact, Common)
            plain = not thing.proper and not thing.definite
            if fact.quantity == "mass" and plain and self.pick.some(0.65):
                intro = fact.amount.before or fact.amount.said
                continue
            found = self.teller.adjuncts(fact) if self.pick.some(0.75) else None
            if found and self.teller.fits([*adjuncts, found[-1]]):
                adjuncts.append(found[-1])
            else:
                left.append(fact)
        return adjuncts, intro, left

    def _setup(self, adjuncts: list[str], intro: str) -> str:
        teller = self.teller
        thing = teller.np(0, intro=intro)
        if teller.event.active and self.pick.some(0.35):
            act = teller.doing(adjuncts, self.quantities, thing)
            frame = self.pick.frame(frames.SETUP_ACTIVE)
            return fill(frame, a=act, a3=self.pick.third(act), P=teller.person(), Q=teller.person())
        event = teller.happens(adjuncts, self.quantities)
        frame = self.pick.frame(frames.SETUP_ONE)
        return fill(frame, x=thing, e1=self.pick.third(event), i=event, P=teller.person())

    def _sentence(self, fact: Fact) -> str:
        clause = self.teller.clauses(fact)[0]
        frame = self.pick.frame(frames.CLAUSE, contrasts)
        return fill(frame, c=clause, P=self.teller.person())

    def _conditional(
        self, asking: Callable[[Teller, str], str], adjuncts: list[str], intro: str
    ) -> Written | None:
        """Return "how far does a ball fly if it is thrown at 3 m/s?"."""
        teller = self.teller
        question = asking(teller, teller.np(0, intro=intro))
        if re.search("[,(:]", question) or ". " in question:
            teller.known.clear()
            return None
        event = teller.happens(adjuncts, self.quantities)
        stop = question[-1] if question[-1] in "?." else ""
        said = fill(
            self.pick.frame(frames.IF_ONE), q=question.rstrip("?."), s=self.pick.third(event)
        )
        return finish(teller, said + stop)
