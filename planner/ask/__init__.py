"""Questions: simulate first, then let the language model answer from what was seen.

Liu et al., Mind's Eye: Grounded Language Model Reasoning through Simulation (2022).

>>> from mindseye.planner.ask import ask                              # doctest: +SKIP
>>> ask("Which lands first, a stone dropped from 5 m or one from 9 m?")  # doctest: +SKIP
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from mindseye.planner.ask.answer import Answer, Mode
    from mindseye.planner.config import Config

__all__ = ["ask"]


def ask(
    question: str,
    choices: Sequence[str] = (),
    *,
    model: "str | BaseChatModel | None" = None,
    mode: "Mode" = "program",
    samples: int = 1,
    tries: int = 3,
    config: "Config | None" = None,
    runs: str | None = None,
    on_event: Callable[[Any], None] | None = None,
) -> "Answer":
    """Answer a question about how things move, from a simulation of it.

    Loads the language model each time; `mindseye.planner.ask.asker.Asker` keeps it.

    Args:
      question: in plain words.
      choices: what may be answered; without, the question decides.
      model: name as `--model` takes it, or a chat model that is loaded; None
        takes the config's.
      mode: `program` lets the model write a typed scene program, `mjcf` MJCF
        text as in the paper, `none` does not simulate.
      samples: simulations that the model writes independently, and that vote.
      tries: times a model may write anew what cannot be simulated.
      config: other settings; where `objects` is set, the question is about that table.
      runs: folder for a record of it; None keeps none.
      on_event: called with every event.

    Raises:
      BadInput: no question, or choices that are none.
      Unavailable: the language model does not answer.
    """
    from mindseye.planner.ask.session import ask_once

    return ask_once(
        question, choices, model=model, mode=mode, samples=samples, tries=tries, config=config,
        runs=runs, on_event=on_event,
    )  # fmt: skip
