"""`mindseye trust`: how far runs have come to believe each tool, and how they forget it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mindseye.planner.cli_io import Json, print_json, say
from mindseye.planner.printable import printable
from mindseye.tools.errors import BadInput

if TYPE_CHECKING:
    from mindseye.planner.trust_store import Row

trust_app = typer.Typer(
    help="List and reset what runs learned of their tools.", invoke_without_command=True
)

DATABASE = Path("runs/trust.sqlite")
"""Where runs keep it that are told nothing better than the config's example."""
Database = Annotated[Path, typer.Option("--db", help="File that the config's `trust` names.")]
COLUMNS = ("tool", "skill", "right", "wrong", "mean", "95 %", "n")


@trust_app.callback()
def list_(context: typer.Context, db: Database = DATABASE, as_json: Json = False) -> None:
    """List how often each tool was right about each skill, and how far it is believed for that."""
    if context.invoked_subcommand is not None:
        return
    from mindseye.planner.trust_store import TrustStore

    # To look at what is not there must not make it.
    rows = TrustStore(db).rows() if db.exists() else []
    found = _told(rows)
    if as_json:
        print_json({"db": str(db), "trust": found})
    elif found:
        sys.stdout.write("\n".join(_table(found)) + "\n")
    else:
        say(f"nothing is kept in {str(db)!r}; runs with --set trust={db} learn")


@trust_app.command()
def reset(
    tool: Annotated[str | None, typer.Option(help="Only of this tool: physics or video.")] = None,
    skill: Annotated[str | None, typer.Option(help='Only of this skill: "push ball".')] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    db: Database = DATABASE,
    as_json: Json = False,
) -> None:
    """Forget what was learned: runs start from the prior again."""
    from mindseye.planner.trust_store import TrustStore

    if not yes:
        if not sys.stdin.isatty():
            raise BadInput("forgetting is for good: add --yes, or ask from a terminal")
        typer.confirm(f"forget what {db} keeps of {_which(tool, skill)}?", abort=True, err=True)
    gone = TrustStore(db).reset(tool, skill) if db.exists() else []
    if as_json:
        told = [{"tool": r.tool, "skill": r.skill, "n": sum(r.tally)} for r in gone]
        print_json({"db": str(db), "forgotten": told})
    else:
        count = sum(sum(r.tally) for r in gone)
        say(f"forgotten: {count} checked predictions, {len(gone)} rows of tool and skill")


def _which(tool: str | None, skill: str | None) -> str:
    return f"{tool or 'every tool'} about {repr(skill) if skill else 'every skill'}"


def _told(rows: "list[Row]") -> list[dict[str, Any]]:
    """Return what `--json` prints of each row; the interval is the middle 95 %."""
    from mindseye.planner.trust_store import trust_of

    trust = trust_of(rows)
    return [
        {
            "tool": row.tool, "skill": row.skill, "right": row.tally[0], "wrong": row.tally[1],
            "mean": trust.mean(row.tool, row.skill),
            "interval": list(trust.interval(row.tool, row.skill)), "n": sum(row.tally),
            "updated": row.updated, "run": row.run,
        }
        for row in rows
    ]  # fmt: skip


def _table(found: list[dict[str, Any]]) -> list[str]:
    rows = [COLUMNS]
    for one in found:
        low, high = one["interval"]
        rows.append(
            (
                one["tool"], printable(one["skill"]), str(one["right"]), str(one["wrong"]),
                f"{one['mean']:.2f}", f"[{low:.2f}, {high:.2f}]", str(one["n"]),
            )
        )  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            text.ljust(width) if k < 2 else text.rjust(width)
            for k, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
