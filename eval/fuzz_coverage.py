"""Coverage-guided fuzzing of the parsers with atheris: `python -m mindseye.eval.fuzz_coverage`.

`mindseye eval fuzz --coverage` starts it; by hand, arguments are the target, a folder
for the corpus, then options of libFuzzer such as `-runs=100000`. Needs the extra
`fuzz`. Half of the changes are libFuzzer's own, half know the structure
(`mindseye.eval.hostile`). Parsers only, and what works a program's amounts out: no
simulation is run here.
"""

import importlib
import random
import sys
from pathlib import Path
from typing import Any

from mindseye.eval.hostile_text import cut_up
from mindseye.tools.errors import ToolError


def main(arguments: list[str]) -> None:
    """Run libFuzzer; it never returns, and ends the process with its own exit code."""
    atheris = importlib.import_module("atheris")
    target, folder, *options = arguments
    # Everything that is to be explored is imported in here, hence not at the top.
    with atheris.instrument_imports(include=["mindseye.tools.physics"]):
        hostile = importlib.import_module("mindseye.eval.hostile")
        if target == "mjcf":
            module = importlib.import_module("mindseye.tools.physics.mjcf.parse")
            parse = module.parse_mjcf
        else:
            program = importlib.import_module("mindseye.tools.physics.lab.program")
            resolve = importlib.import_module("mindseye.tools.physics.lab.resolve").resolve

            def parse(text: str) -> object:
                return resolve(program.parse_program(text))

    for k, text in enumerate(hostile.valid(target)):
        (Path(folder) / f"seed{k}").write_text(text, encoding="utf-8")

    def one(data: bytes) -> None:
        try:
            parse(data.decode("utf-8", "surrogateescape"))
        except ToolError:
            return

    def change(data: bytes, most: int, seed: int) -> bytes:
        if seed % 2:
            return bytes(atheris.Mutate(data, most))
        return _changed(data, random.Random(seed), target, hostile)[:most]

    def crossed(one: bytes, two: bytes, most: int, seed: int) -> bytes:
        at = seed % (min(len(one), len(two)) + 1)
        return (one[:at] + two[at:])[:most]

    settings: dict[str, Any] = {"custom_mutator": change, "custom_crossover": crossed}
    atheris.Setup([sys.argv[0], *options, folder], one, **settings)
    atheris.Fuzz()


def _changed(data: bytes, rng: random.Random, target: str, hostile: Any) -> bytes:
    text = data.decode("utf-8", "replace")
    if rng.random() < 0.5:
        made = str(cut_up(text, rng))
    else:
        made = str(hostile.hostile(target, rng.randrange(2**31), 0, "/nowhere"))
    return made.encode("utf-8", "replace")


if __name__ == "__main__":
    main(sys.argv[1:])
