"""The command line. Heavy imports happen inside commands, so that `--help` stays fast.

With `--json` standard output holds exactly one object; all text for people goes
to standard error. Exit codes: 0 done and succeeded, 1 done and did not succeed,
2 wrong use or bad input, 3 a model or tool could not be reached, 130 interrupted.
"""

import contextlib
import importlib.metadata
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mindseye.planner.cli_agent import agent
from mindseye.planner.cli_ask import ask
from mindseye.planner.cli_chat import chat
from mindseye.planner.cli_dream import dream
from mindseye.planner.cli_io import (
    Assignments,
    Budget,
    ConfigFile,
    Json,
    Model,
    Objects,
    Quiet,
    RunFolder,
    Runs,
    SearchName,
    Seed,
    Task,
    ToolNames,
    fail,
    object_names,
    print_json,
    read_config,
    say,
)
from mindseye.planner.cli_mcp import mcp
from mindseye.planner.cli_play import play
from mindseye.planner.cli_runs import export, runs_app
from mindseye.planner.cli_serve import serve
from mindseye.planner.cli_training import data_app, train_app
from mindseye.planner.cli_trust import trust_app
from mindseye.planner.cli_web import web
from mindseye.tools import cpu
from mindseye.tools.errors import BadInput, MindseyeError, Unavailable

if TYPE_CHECKING:
    from mindseye.planner.config import Config

DEMO_TASK = "push the red cube next to the blue ball"
DEMO_OBJECTS = "red cube, blue ball, green cylinder, yellow star"

app = typer.Typer(
    name="mindseye",
    help="A mind's eye for language models: picture an action, read the picture, then act.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data_app, name="data")
app.add_typer(train_app, name="train")
app.add_typer(runs_app, name="runs")
app.add_typer(trust_app, name="trust")


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(importlib.metadata.version("mindseye") + "\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def _checked_task(task: str) -> str:
    words = " ".join(task.split())
    if not any(c.isalnum() for c in words):
        raise BadInput('the task is empty: say what is to be done, as in "push the cube left"')
    if len(words) > 2000:
        raise BadInput(f"the task has {len(words)} characters; 2000 are enough for a table")
    try:
        words.encode()
    except UnicodeEncodeError:
        raise BadInput("the task is not valid text in this terminal's encoding") from None
    return words


@app.command()
def run(
    task: Task,
    objects: Objects = None,
    seed: Seed = None,
    search: SearchName = None,
    tools: ToolNames = None,
    budget: Budget = None,
    model: Model = None,
    runs: Runs = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Solve a task on the table: picture, judge, act, look again."""
    settings = read_config(
        config, assignments, objects=object_names(objects), seed=seed, search=search, tools=tools,
        budget=budget, model=model, runs=runs,
    )  # fmt: skip
    _run(_checked_task(task), settings, as_json=as_json, quiet=quiet)


@app.command()
def demo(as_json: Json = False, quiet: Quiet = False) -> None:
    """Get the language weights if they are missing, then solve the showpiece task."""
    from mindseye.planner.language.weights import ensure_weights

    ensure_weights()
    settings = read_config(None, None, objects=object_names(DEMO_OBJECTS), seed=7)
    _run(DEMO_TASK, settings, as_json=as_json, quiet=quiet)


def _run(task: str, config: "Config", *, as_json: bool, quiet: bool) -> None:
    from mindseye.planner.session import run_recorded

    # Whatever a plug-in prints must not get between the reader and the JSON.
    with contextlib.redirect_stdout(sys.stderr):
        done = run_recorded(task, config, quiet=quiet)
    if as_json:
        keys = ("success", "reason", "steps", "seconds", "run")
        print_json({k: getattr(done.result, k) for k in keys} | done.extra)
    if done.error:
        say(f"mindseye: {done.error}")
    tell = say if as_json else lambda text: sys.stdout.write(text + "\n")
    if not done.error:
        tell(f"{'solved' if done.result.success else 'not solved'}: {done.result.reason}")
    if done.report:
        tell(f"report: {done.report}")
    raise typer.Exit(done.exit_code)


@app.command()
def goal(
    text: Task,
    objects: Annotated[str, typer.Option(help='What stands on the table: "red cube, blue ball".')],
    model: Model = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    as_json: Json = False,
) -> None:
    """Show how a task is understood, without a world."""
    names = object_names(objects) or ()
    settings = read_config(config, assignments, objects=names, model=model)
    from mindseye.planner.session import understand_only

    with contextlib.redirect_stdout(sys.stderr):
        found = understand_only(_checked_task(text), names, settings)
    if as_json:
        print_json({"goal": found.to_json()})
    else:
        sys.stdout.write(f"{found.words()}\n{json.dumps(found.to_json())}\n")


app.command()(agent)
app.command()(ask)
app.command()(chat)
app.command()(dream)
app.command()(export)
app.command()(mcp)
app.command()(play)
app.command()(serve)
app.command()(web)


@app.command()
def plan(
    task: Task,
    frame: Annotated[
        Path | None, typer.Option(help="A picture of the table. Without: a world's first frame.")
    ] = None,
    objects: Objects = None,
    seed: Seed = None,
    tools: ToolNames = None,
    budget: Budget = None,
    model: Model = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    as_json: Json = False,
) -> None:
    """Say what would be done next, without doing it."""
    settings = read_config(
        config, assignments, objects=object_names(objects), seed=seed, tools=tools, budget=budget,
        model=model,
    )  # fmt: skip
    from mindseye.planner.session import plan_once

    with contextlib.redirect_stdout(sys.stderr):
        planned = plan_once(_checked_task(task), settings, frame)
    answer: dict[str, Any] = {"goal": planned.goal.to_json(), "next": None}
    if planned.decision is not None:
        best = planned.decision.judgement
        answer["next"] = {
            "words": best.candidate.words,
            "subgoal": best.candidate.subgoal.to_json(),
            "target": list(best.target),
            "value": best.value,
            "confidence": best.confidence,
            "tool": best.tool,
        }
    if as_json:
        print_json(answer)
    else:
        following = answer["next"]
        text = f"{following['words']} ({following['value']:.2f})" if following else "nothing to do"
        sys.stdout.write(f"{planned.goal.words()}\n{text}\n")
    raise typer.Exit(0 if answer["next"] else 1)


@app.command()
def report(
    run: RunFolder,
    beside: Annotated[
        list[Path] | None,
        typer.Option(help="Run, or folder of runs, that the reliability plot counts too."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a run's report.html again."""
    from mindseye.planner.report import write_report

    path = str(write_report(run, beside or ()))
    if as_json:
        print_json({"report": path})
    else:
        sys.stdout.write(path + "\n")


@app.command()
def replay(run: RunFolder, as_json: Json = False, quiet: Quiet = False) -> None:
    """Run a recorded run again and check that nothing differs; exit code 1 if it does."""
    import dataclasses

    from mindseye.planner.live import LiveView
    from mindseye.planner.replay import replay as replay_run

    view = None if quiet else LiveView()
    try:
        result = replay_run(run, on_event=view)
    finally:
        if view is not None:
            view.close()
    if as_json:
        print_json(dataclasses.asdict(result))
    elif result.same:
        sys.stdout.write(f"the same: {result.compared} decisions, every action, the result\n")
    else:
        sys.stdout.write(f"differs at {result.divergence}\n")
    for change in result.changed:
        say(f"other version than recorded: {change}")
    raise typer.Exit(0 if result.same else 1)


@app.command()
def doctor(
    as_json: Json = False, config: ConfigFile = None, assignments: Assignments = None
) -> None:
    """Say what is installed, which back-ends answer, what is missing and what mends it."""
    from mindseye.planner.doctor import examine, lines

    checks = examine(read_config(config, assignments))
    if as_json:
        print_json(
            {"ok": all(c.ok for c in checks if c.needed), "checks": [c.to_json() for c in checks]}
        )
    else:
        sys.stdout.write("\n".join(lines(checks)) + "\n")
    raise typer.Exit(0 if all(c.ok for c in checks if c.needed) else 3)


@app.command()
def weights(
    merged: Annotated[
        str | None,
        typer.Option(help="Write a model whole, for any server: smollm2, smollm2-questions, ..."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the model that is written.")] = None,
) -> None:
    """Get the language weights into the user's cache, checked and resumable."""
    from mindseye.planner.language.weights import ensure_weights

    if merged is None:
        sys.stdout.write(f"{ensure_weights()}\n")
        return
    from mindseye.planner.language.models import load_own

    folder = out or Path(merged)
    load_own(merged).save(folder)
    sys.stdout.write(f"{folder}\n")


def _above(name: str, arguments: list[str]) -> None:
    """Run a command that lives above the planner.

    The planner may not import `mindseye.eval`. Whoever lives above registers a
    Typer app under the entry point group `mindseye.commands` (see
    pyproject.toml); it is found by name alone, and imported only now.
    """
    found = [
        e for e in importlib.metadata.entry_points(group="mindseye.commands") if e.name == name
    ]
    if not found:
        raise Unavailable(
            f"no command {name!r} is installed: pip install --force-reinstall mindseye"
        )
    try:
        command = found[0].load()
    except (ModuleNotFoundError, AttributeError) as error:
        raise Unavailable(f"the command {name!r} cannot be loaded: {error}") from error
    code = command(args=arguments, prog_name=f"mindseye {name}", standalone_mode=False)
    raise typer.Exit(code if isinstance(code, int) else 0)


_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.command("eval", context_settings=_PASS_ON, add_help_option=False)
def evaluate(context: typer.Context) -> None:
    """Measure: eval tabletop|minds-eye|conversation|vision|video|video-agent|vpt|poking|..."""
    _above("eval", context.args or ["--help"])


@app.command(context_settings=_PASS_ON, add_help_option=False)
def bench(context: typer.Context) -> None:
    """Time the parts against what people would use instead, and tell what changed."""
    _above("bench", context.args)


def _fail(message: str, code: int, arguments: list[str]) -> int:
    ran = arguments[:1] in (["run"], ["demo"])
    return fail(message, code, as_json="--json" in arguments, ran=ran)


def _interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


def invoke(arguments: list[str]) -> int:
    """Run one command line and return its exit code; errors become one line each."""
    try:
        code = app(args=arguments or ["--help"], prog_name="mindseye", standalone_mode=False)
    except MindseyeError as error:
        return _fail(str(error), error.exit_code, arguments)
    except typer.TyperException as error:
        return _fail(f"{error.format_message()} (see --help)", 2, arguments)
    except (KeyboardInterrupt, typer.Abort):
        return _fail("interrupted", 130, arguments)
    except BrokenPipeError:
        # The reader went away; without this, Python complains once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        # A plug-in's or our own bug. One line for people, the whole story for developers.
        if os.environ.get("MINDSEYE_TRACEBACK"):
            raise
        text = f"{type(error).__name__}: {error} (MINDSEYE_TRACEBACK=1 shows where)"
        return _fail(text, 3, arguments)
    return code if isinstance(code, int) else 0


def main() -> None:
    """Run the command line."""
    cpu.settle()
    # A run that is asked to stop leaves a whole record, as with Ctrl-C.
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(invoke(sys.argv[1:]))


if __name__ == "__main__":
    main()
