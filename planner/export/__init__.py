"""A run in the formats of other tools: `inspect view`, the Rerun viewer, a spreadsheet.

Readers of the record only: whatever wrote it, and wherever, is not asked.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from mindseye.tools.errors import BadInput, needs_extra

if TYPE_CHECKING:
    from mindseye.planner.record import Record

Format = Literal["inspect", "rerun", "csv"]
FORMATS: tuple[Format, ...] = get_args(Format)
ENDINGS: dict[Format, tuple[str, ...]] = {
    "inspect": (".eval", ".json"), "rerun": (".rrd",), "csv": (".csv",),
}  # fmt: skip
"""What a file of each format may end in; the first is taken where none is given."""


def export_run(folder: Path, format: Format, out: Path | None = None) -> Path:
    """Write a run in another format and return the file.

    Args:
      folder: of the run.
      format: `inspect` for a log of inspect_ai, `rerun` for a recording of Rerun, `csv`
        for a table with a row for each event.
      out: file to write; None writes `<run>.<ending>` beside where the command runs.

    Raises:
      BadInput: no record there, or the file cannot be written.
      Unavailable: the format's package is not installed.
    """
    from mindseye.planner.record import read_record

    endings = ENDINGS[format]
    path = out or Path(folder.resolve().name + endings[0])
    if path.suffix not in endings:
        raise BadInput(f"{str(path)!r}: a file of {format} ends in {' or '.join(endings)}")
    record = read_record(folder)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with needs_extra(f"--format {format}", format):
            _write(record, format, path)
    except OSError as error:
        raise BadInput(f"cannot write {str(path)!r}: {error}") from error
    return path


def _write(record: "Record", format: Format, path: Path) -> None:
    match format:
        case "inspect":
            from mindseye.planner.export.inspect_log import write_inspect

            write_inspect(record, path)
        case "rerun":
            from mindseye.planner.export.recording import write_rerun

            write_rerun(record, path)
        case "csv":
            from mindseye.planner.export.table import write_csv

            write_csv(record, path)
