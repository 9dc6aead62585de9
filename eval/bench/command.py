"""`mindseye bench`: the command that measures speed."""

import contextlib
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from mindseye.eval.showing import Json


def bench(
    part: Annotated[
        str,
        typer.Option(
            help="Parts, all by default: physics, language, planning, growth, scaling, memory, "
            "start."
        ),
    ] = "",
    rounds: Annotated[int, typer.Option(min=1, help="Times that all is measured in turn.")] = 5,
    runs: Annotated[int, typer.Option(min=1, help="Runs over which memory is followed.")] = 200,
    vllm: Annotated[
        str, typer.Option(metavar="URL", help="vLLM server with our weights, beside the others.")
    ] = "",
    keep: Annotated[bool, typer.Option("--keep", help="Store the ratios to compare with.")] = False,
    kept: Annotated[
        Path | None, typer.Option(help="File of stored ratios; the package's by default.")
    ] = None,
    brief: Annotated[
        bool, typer.Option("--brief", help="Print the change since they were kept alone.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Time the parts against what people would use instead, all in one run, and tell the change."""
    from mindseye.eval.bench import guard, parts
    from mindseye.eval.bench.measure import Asked

    wanted, path = parts.read_parts(part), kept or guard.package_file()
    before = guard.read_kept(path)
    # Standard output holds the result alone.
    with contextlib.redirect_stdout(sys.stderr):
        found = parts.run_bench(wanted, Asked(rounds=rounds, runs=runs, vllm=vllm))
    changes = guard.compare(before, found)
    if keep:
        guard.keep(path, found)
        sys.stderr.write(f"kept in {path}\n")
    if as_json:
        sys.stdout.write(json.dumps(parts.as_json(found) | {"change": changes}) + "\n")
        return
    told = [] if brief else [*parts.lines(found), ""]
    sys.stdout.write("\n".join([*told, *guard.lines(changes, before)]) + "\n")
