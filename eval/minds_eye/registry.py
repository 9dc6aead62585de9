"""What `inspect eval` finds in this package: `mindseye/minds_eye` and the provider `mindseye`."""

from inspect_ai.model import ModelAPI, modelapi

from mindseye.eval.minds_eye.task import minds_eye

__all__ = ["minds_eye", "mindseye"]


@modelapi(name="mindseye")
def mindseye() -> type[ModelAPI]:
    """Return the provider of our language models."""
    from mindseye.eval.minds_eye.provider import MindseyeAPI

    return MindseyeAPI
