"""`mindseye runs` and `mindseye export`: what is to be done with records."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from mindseye.planner.cli_io import Json, Runs, print_json, say
from mindseye.planner.printable import printable
from mindseye.tools.errors import BadInput

runs_app = typer.Typer(help="List, open and delete run records.", invoke_without_command=True)

RUNS = "runs"
"""The runs folder where none is named, as in the config."""
Name = Annotated[
    str, typer.Argument(help='Name of a run, the beginning of it, its path, or "last".')
]


@runs_app.callback()
def list_(
    context: typer.Context,
    words: Annotated[
        str, typer.Option("--match", "-m", help="Only runs with these words in task or result.")
    ] = "",
    state: Annotated[
        str | None, typer.Option(help="Only these: succeeded, failed or unfinished.")
    ] = None,
    n: Annotated[int | None, typer.Option("--n", min=1, help="At most so many.")] = None,
    runs: Runs = None,
    as_json: Json = False,
) -> None:
    """List runs, the newest first."""
    if context.invoked_subcommand is not None:
        return
    from mindseye.planner.runs import STATES, list_runs

    known = next((s for s in STATES if s == state), None)
    if state is not None and known is None:
        raise BadInput(f"--state {state!r} is not known; there are {', '.join(STATES)}")
    found = list_runs(Path(runs or RUNS), words, known)[:n]
    if as_json:
        print_json({"runs": [r.to_json() for r in found]})
        return
    for run in found:
        took = "" if run.seconds is None else f" {run.seconds:.1f} s"
        told = f"{run.name}  {run.state}{took}  {run.task}: {run.reason}"
        sys.stdout.write(printable(told).rstrip(": ") + "\n")
    if not found:
        say("no such runs" if words or state else f"no runs in {runs or RUNS!r} yet")


@runs_app.command("open")
def open_(
    run: Name,
    browser: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    runs: Runs = None,
    as_json: Json = False,
) -> None:
    """Print the path of a run's report, which is written if it is missing."""
    from mindseye.planner.report import write_report
    from mindseye.planner.runs import find_run

    folder = find_run(Path(runs or RUNS), run)
    path = folder / "report.html"
    if not path.is_file():
        path = write_report(folder)
    if as_json:
        print_json({"report": str(path)})
    else:
        sys.stdout.write(f"{path}\n")
    if browser:
        import webbrowser

        if not webbrowser.open(path.resolve().as_uri()):
            raise BadInput(f"no browser here; open {path} yourself")


@runs_app.command()
def delete(
    names: Annotated[list[str], typer.Argument(help="Runs, as `mindseye runs` lists them.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    runs: Runs = None,
    as_json: Json = False,
) -> None:
    """Delete runs for good."""
    from mindseye.planner.runs import delete_run, find_run

    root = Path(runs or RUNS)
    # All are found before the first is gone.
    folders = list(dict.fromkeys(find_run(root, name) for name in names))
    if not yes:
        if not sys.stdin.isatty():
            raise BadInput("deleting is for good: add --yes, or ask from a terminal")
        for folder in folders:
            say(str(folder))
        typer.confirm(f"delete {len(folders)} for good?", abort=True, err=True)
    gone = [str(delete_run(root, folder.name)) for folder in folders]
    if as_json:
        print_json({"deleted": gone})
    else:
        say(f"deleted: {', '.join(gone)}")


def export(
    run: Name,
    format: Annotated[str, typer.Option("--format", "-f", help="inspect, rerun or csv.")],
    out: Annotated[Path | None, typer.Option(help="File to write. Without: named as the run.")] = (
        None
    ),
    runs: Runs = None,
    as_json: Json = False,
) -> None:
    """Write a run for `inspect view`, the Rerun viewer, or a spreadsheet."""
    from mindseye.planner.export import FORMATS, export_run
    from mindseye.planner.runs import find_run

    known = next((f for f in FORMATS if f == format), None)
    if known is None:
        raise BadInput(f"--format {format!r} is not known; there are {', '.join(FORMATS)}")
    path = str(export_run(find_run(Path(runs or RUNS), run), known, out))
    if as_json:
        print_json({"export": path})
    else:
        sys.stdout.write(path + "\n")
