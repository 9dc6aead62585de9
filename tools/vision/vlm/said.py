"""What a vision-language model may say of pictures.

Its words are data: each is one of a few that the schema lists, and whatever else it writes is
an error that it is told.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mindseye.tools.errors import ToolError
from mindseye.tools.values import PatchKind

Form = TypeVar("Form", bound=BaseModel)
MOST = 20
"""Objects that may be listed."""
Colour = Literal["red", "green", "blue", "yellow", "purple"]
Shape = Literal["cube", "cylinder", "ball", "star"]
Fate = Literal["there", "hidden", "fell", "vanished"]
Number = Annotated[int, Field(ge=0, le=9999)]
Box = Annotated[list[Number], Field(min_length=4, max_length=4)]
Spot = Annotated[list[Number], Field(min_length=2, max_length=2)]


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SaidObject(_Said):
    """An object in a picture."""

    colour: Colour
    shape: Shape
    box: Box


class SaidPatch(_Said):
    """A patch on the table."""

    kind: PatchKind
    box: Box


class SaidScene(_Said):
    """What a picture shows."""

    objects: list[SaidObject] = Field(max_length=MOST)
    pusher: Spot | None
    patches: list[SaidPatch] = Field(max_length=4)


class SaidFate(_Said):
    """What became of an object."""

    fate: Fate
    box: Box | None


class SaidOutcome(_Said):
    """What a clip shows to have happened."""

    objects: dict[str, SaidFate]
    appeared: list[SaidObject] = Field(max_length=MOST)


def scene_schema(whole: int) -> dict[str, Any]:
    """Return the JSON schema of a scene in a picture that goes from 0 to `whole`."""
    bounded: dict[str, Any] = _bounded(SaidScene.model_json_schema(), whole)
    return bounded


def outcome_schema(names: Sequence[str], whole: int) -> dict[str, Any]:
    """Return the JSON schema of an outcome in which each of these objects has its fate."""
    schema: dict[str, Any] = _bounded(SaidOutcome.model_json_schema(), whole)
    fate = {"$ref": "#/$defs/SaidFate"}
    schema["properties"]["objects"] = {
        "type": "object", "properties": dict.fromkeys(names, fate),
        "required": list(dict.fromkeys(names)), "additionalProperties": False,
    }  # fmt: skip
    return schema


def _bounded(node: Any, whole: int) -> Any:
    if isinstance(node, list):
        return [_bounded(n, whole) for n in node]
    if not isinstance(node, dict):
        return node
    return {k: whole if k == "maximum" else _bounded(v, whole) for k, v in node.items()}


def parse(form: type[Form], text: str) -> Form:
    """Read what a model said under a form.

    Raises:
      ToolError: it is no JSON, or does not fit; the message says where.
    """
    bare = text.strip().removeprefix("```json").removeprefix("```").removesuffix("```")
    try:
        return form.model_validate_json(bare)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])[:80]
        raise ToolError(
            f"the answer does not fit: {where or 'it'}: {first['msg'][:200]}"
        ) from error
