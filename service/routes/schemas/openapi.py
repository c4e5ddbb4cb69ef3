"""The schema of the service: what FastAPI knows of its routes, and the predictions of every protocol."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service.repository.registry import Registry
from service.routes.feedback import Labelled
from service.routes.schemas import native, open_inference, tensorflow_serving
from service.routes.schemas.example import example_of
from service.routes.schemas.problems import REFERENCE, Problem

_MODELS: tuple[type[BaseModel], ...] = (
    *native.MODELS,
    *open_inference.MODELS,
    *tensorflow_serving.MODELS,
    Labelled,
    Problem,
)


def openapi(app: FastAPI, registry: Registry) -> dict[str, Any]:
    """Return the schema; the examples are for the default model, and run."""
    schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    _, definitions = models_json_schema([(model, "validation") for model in _MODELS], ref_template=REFERENCE)
    schema.setdefault("components", {}).setdefault("schemas", {}).update(definitions["$defs"])
    example = example_of(registry)
    for protocol in (native, open_inference, tensorflow_serving):
        schema["paths"] |= protocol.paths(example)
    return schema
