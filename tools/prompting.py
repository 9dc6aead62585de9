"""Prompts: Jinja templates in files, in which nothing may be missing."""

import functools
import importlib.resources
from typing import Any

import jinja2


@functools.cache
def _environment() -> jinja2.Environment:
    # Prompts are plain text for a model, never markup: there is nothing to escape.
    return jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)


@functools.cache
def _template(name: str, package: str) -> jinja2.Template:
    source = importlib.resources.files(package).joinpath(f"{name}.jinja")
    return _environment().from_string(source.read_text(encoding="utf-8"))


def render(name: str, package: str = "mindseye.prompts", **values: Any) -> str:
    """Fill in the template `name` of a package; a value that is missing is an error."""
    return _template(name, package).render(**values)
