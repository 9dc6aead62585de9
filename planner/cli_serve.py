"""`mindseye serve`: a vLLM server for a model folder, ready when its address is printed."""

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mindseye.planner.cli_io import Json, print_json, say
from mindseye.tools.errors import MindseyeError

if TYPE_CHECKING:
    from mindseye.planner.serving import Served


def serve(
    folder: Annotated[
        Path, typer.Argument(help="A model's folder, or an adapter's that names its base.")
    ],
    arguments: Annotated[
        list[str] | None, typer.Argument(help="After --: further arguments for vLLM.")
    ] = None,
    adapter: Annotated[
        list[str] | None,
        typer.Option(help="A LoRA adapter, NAME=FOLDER or FOLDER. Repeatable."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What clients call the model; the folder's name.")
    ] = None,
    python: Annotated[
        str, typer.Option(help="Interpreter of an environment that has vLLM.")
    ] = sys.executable,
    host: Annotated[
        str, typer.Option(help="Where to listen; beyond this machine a key is demanded.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    deadline: Annotated[
        float, typer.Option(min=1, help="Seconds the server may take to start.")
    ] = 900.0,
    log: Annotated[Path | None, typer.Option(help="File for what the server prints.")] = None,
    as_json: Json = False,
) -> None:
    """Serve a model folder with vLLM, print the URL for --model, stop it with Ctrl-C."""
    from mindseye.planner.serving import to_serve

    served = to_serve(
        folder, adapter or [], name, host=host, port=port, python=python,
        more=tuple(arguments or ()),
    )  # fmt: skip
    file = log or _new_log()
    try:
        _serve(served, file, deadline, as_json=as_json)
    except MindseyeError:
        # What a server said before it ended is kept for who looks for the reason.
        if log is None and not file.stat().st_size:
            file.unlink()
        raise
    if log is None:
        file.unlink()


def _serve(served: "Served", log: Path, deadline: float, *, as_json: bool) -> None:
    """Serve until Ctrl-C."""
    from mindseye.planner.serving import ended, running

    say(f"starting vLLM for {served.model}; what it prints goes to {log}")
    with running(served, log, deadline, say) as process:
        try:
            _tell(served, process.pid, log, as_json=as_json)
            process.wait()
        except KeyboardInterrupt:
            say("stopping vLLM")
        else:
            raise ended(process, log, "while it served")


def _tell(served: "Served", pid: int, log: Path, *, as_json: bool) -> None:
    if as_json:
        models = [served.name, *(a.name for a in served.adapters)]
        print_json({"url": served.url, "models": models, "pid": pid, "log": str(log)})
    else:
        sys.stdout.write(f"{served.url}\n")
    sys.stdout.flush()
    say(f"ready: mindseye run ... --model '{served.url}'; Ctrl-C stops it")


def _new_log() -> Path:
    with tempfile.NamedTemporaryFile(prefix="mindseye-serve-", suffix=".log", delete=False) as made:
        return Path(made.name)
