"""What vLLM has there."""

from dataclasses import dataclass
from typing import Any


@dataclass
class StructuredOutputsParams:
    """Those of its fields that are used."""

    json: dict[str, Any] | None = None
    choice: list[str] | None = None
    disable_any_whitespace: bool = False
