"""Language models by name: the embedded one, any LangChain provider, any endpoint, a script."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from langchain_core.language_models import BaseChatModel
from pydantic import ValidationError

from mindseye.tools.errors import BadInput, Unavailable, needs_extra

if TYPE_CHECKING:
    from mindseye.planner.language.smollm import SmolLM

TIMEOUT = 60.0
"""Seconds after which a remote model counts as not answering."""
QUESTIONS = "smollm2-questions"
"""The embedded model with the adapter for physics questions."""
CONVERSATION = "smollm2-conversation"
"""The embedded model with the adapter for the choice of tools."""
ADAPTER_OF = {"smollm2": "table", QUESTIONS: "questions", CONVERSATION: "conversation"}
OWN = tuple(ADAPTER_OF)
"""Names of the embedded model, each with another adapter; endpoints may serve them too."""
IN_PROCESS = "vllm:"
"""Stands before the name of what vLLM loads into this process."""
KNOWN = (
    f"smollm2, {QUESTIONS}, {CONVERSATION}, "
    "provider:name as LangChain spells it (anthropic:claude-sonnet-4-5), "
    "http://HOST:PORT/v1 (or with #MODEL behind it), vllm:FOLDER or vllm:smollm2 (vLLM in this "
    "process), scripted:FILE.json"
)


def load_language(name: str = "smollm2", options: Mapping[str, Any] | None = None) -> BaseChatModel:
    """Return the language model called `name`.

    Args:
      name: `smollm2`, `smollm2-questions` or `smollm2-conversation`; `provider:name`; the URL of an
        OpenAI-compatible endpoint, with `#MODEL` if it serves several; `vllm:` and a folder or one
        of the first three; `scripted:FILE.json`.
      options: keyword arguments for it, such as `device`, `timeout`, `temperature`.

    Raises:
      BadInput: no such model, or options it does not take.
      Unavailable: its weights, package or endpoint is not there.
    """
    given = dict(options or {})
    address = name.removeprefix("openai:")
    try:
        if name in OWN:
            return load_own(name, given)
        if name.startswith("scripted:"):
            from mindseye.planner.language.scripted import ScriptedModel

            return ScriptedModel(path=name.removeprefix("scripted:"), **given)
        if address.startswith(("http://", "https://")):
            return _endpoint(address, given)
        if name.startswith(IN_PROCESS):
            from mindseye.planner.language.vllm_local import load_local

            return load_local(name.removeprefix(IN_PROCESS), given)
        if ":" in name:
            return _provider(name, given)
    except (ValidationError, TypeError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        where = error.errors()[0]["loc"] if isinstance(error, ValidationError) else ()
        keys = ".".join(str(x) for x in where)
        raise BadInput(f"language model {name!r}: option {keys}: {reason}") from error
    raise BadInput(f"no language model called {name!r}; known: {KNOWN}")


def load_own(name: str, options: Mapping[str, Any] | None = None) -> "SmolLM":
    """Return the embedded model with one of its adapters; see `load_language`."""
    from mindseye.planner.language.smollm import SmolLM

    if name not in OWN:
        raise BadInput(f"no model of ours is called {name!r}; there are {', '.join(OWN)}")
    return SmolLM(**({"adapter": ADAPTER_OF[name]} | dict(options or {}))).load()


def _endpoint(address: str, options: dict[str, Any]) -> BaseChatModel:
    with needs_extra("an OpenAI-compatible endpoint", "openai"):
        from mindseye.planner.language.served import Served
        from mindseye.tools.endpoint import Endpoint, settings_of
    settings = settings_of(address, options)
    # Under such a name it is ours, and nothing has to be explained to it.
    return Served(**settings) if settings["model"] in OWN else Endpoint(**settings)


def _provider(name: str, options: dict[str, Any]) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    try:
        model = init_chat_model(name, **{"timeout": TIMEOUT, "max_retries": 1, **options})
    except ImportError as error:
        package = (
            "mindseye[openai]" if name.startswith("openai:") else f"langchain-{name.split(':')[0]}"
        )
        raise Unavailable(
            f'language model {name!r} needs a package: pip install "{package}"'
        ) from error
    except ValidationError:
        raise
    except ValueError as error:
        raise BadInput(f"no language model called {name!r}; known: {KNOWN}") from error
    except Exception as error:
        # A provider's own error, such as a missing key.
        line = " ".join(str(error).split())[:200]
        raise Unavailable(f"language model {name!r}: {line}") from error
    return cast(BaseChatModel, model)


def read_script(path: Path) -> dict[str, list[Any]]:
    """Read a script: `{"answers": {"goal": [...], "subgoal": [...], ...}}`.

    Raises:
      BadInput: the file is missing or is no script.
    """
    try:
        answers = json.loads(path.read_text(encoding="utf-8"))["answers"]
        return {str(kind): list(given) for kind, given in answers.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise BadInput(
            f'cannot read the script {path}: {error}; it is {{"answers": {{"goal": [...]}}}}'
        ) from error
