"""The search's tree as the report and the live view tell it."""

from mindseye.planner.events import Abstained, Branch, Chosen, Happened, Searched
from mindseye.planner.report_map import View


def search_line(searched: Searched) -> str:
    """Return a search in one line."""
    pictured = sum(b.value is not None for b in searched.branches)
    depths: dict[str, int] = {}
    for branch in searched.branches:
        depths[branch.id] = 1 + depths.get(branch.parent, 0)
    deepest = max(depths.values(), default=0)
    parts = [
        f"{searched.search}: {pictured} of {len(searched.branches)} candidates pictured",
        f"{deepest} deep",
        _count(searched.waves, "wave"),
        _count(searched.clips, "clip"),
    ]
    parts += [f"{searched.reused} kept from before"] if searched.reused else []
    parts += [f"ended early, {searched.stopped}"] if searched.stopped else []
    return ", ".join(parts)


def tree_view(searched: Searched, chosen: Chosen | None) -> View:
    """Return what the template prints of a tree: rows, parents before what follows on them."""
    below: dict[str, list[Branch]] = {}
    for branch in searched.branches:
        below.setdefault(branch.parent, []).append(branch)
    words = {b.id: b.words for b in searched.branches}
    rows: list[View] = []

    def add(parent: str, depth: int) -> None:
        for branch in sorted(below.pop(parent, ()), key=lambda b: -(b.value or 0.0)):
            notes = [branch.pruned] if branch.pruned else []
            if branch.same and branch.same != branch.id:
                notes.append(f"leads where “{words.get(branch.same, branch.same)}” does")
            rows.append(
                {
                    "id": branch.id, "words": branch.words, "depth": depth, "prior": branch.prior,
                    "value": branch.value, "visits": branch.visits, "mean": branch.mean,
                    "notes": "; ".join(notes),
                    "chosen": chosen is not None and branch.id == chosen.candidate,
                }
            )  # fmt: skip
            add(branch.id, depth + 1)

    add("", 0)
    return {"line": search_line(searched), "rows": rows}


def abstained_line(event: Abstained) -> str:
    """Return in one line why a decision was put off, and what was pictured meanwhile."""
    who = "the simulator" if event.tool == "physics" else "the video generator"
    asked = f"{who} was asked {'again ' if event.again else ''}about "
    told = asked + _count(len(event.about), "candidate")
    return f"{percent(event.probability)} was too little to act on; {told}, then decided again"


def foretold_line(chosen: Chosen, happened: Happened | None) -> str:
    """Return how likely a push was to do what it says, and whether it did; "" if nobody knew."""
    if chosen.probability is None:
        return ""
    told = f"It was given {percent(chosen.probability)} to do what it says"
    if happened is None:
        return f"{told}."
    return f"{told}, and it {'did' if happened.happened else 'did not'}."


def percent(share: float) -> str:
    """Return a share as people read it."""
    return f"{100 * share:.0f} %"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
