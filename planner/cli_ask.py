"""`mindseye ask`: a question in, an answer out, and what was simulated for it."""

import contextlib
import sys
from typing import Annotated

import typer

from mindseye.planner.cli_io import (
    Assignments,
    ConfigFile,
    Json,
    Model,
    Objects,
    Quiet,
    Runs,
    Seed,
    fail,
    object_names,
    print_json,
    read_config,
    say,
)


def ask(
    question: Annotated[str, typer.Argument(help="A question about how things move.")],
    choice: Annotated[
        list[str] | None, typer.Option(help="What may be answered. Repeatable.")
    ] = None,
    mode: Annotated[
        str, typer.Option(help="How the simulation is written: program, mjcf, or none.")
    ] = "program",
    samples: Annotated[int, typer.Option(help="Simulations that vote.")] = 1,
    tries: Annotated[int, typer.Option(help="Times a model may mend what it wrote.")] = 3,
    objects: Objects = None,
    seed: Seed = None,
    model: Model = None,
    runs: Runs = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Answer a physics question from a simulation of it.

    With --objects, or when it speaks of a push, it is about what stands on the table.
    """
    settings = read_config(
        config, assignments, objects=object_names(objects), seed=seed, model=model, runs=runs
    )
    from mindseye.planner.ask.session import ask_recorded, lines

    with contextlib.redirect_stdout(sys.stderr):
        done = ask_recorded(
            question, choice or (), settings, mode=mode, samples=samples, tries=tries, quiet=quiet
        )
    if done.answer is None or done.error:
        raise typer.Exit(fail(done.error, done.exit_code, as_json=as_json))
    if as_json:
        print_json(done.answer.to_json())
    else:
        sys.stdout.write("\n".join(lines(done.answer)) + "\n")
    if done.report:
        say(f"report: {done.report}")
