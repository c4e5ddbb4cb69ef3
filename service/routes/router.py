"""A router that answers HEAD wherever it answers GET, as HTTP has it and FastAPI does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class Router(APIRouter):
    """Registers what is for GET for HEAD as well; the server leaves the body out."""

    def get(self, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Take a function for GET, with FastAPI's options; they hold for HEAD too, which the schema omits."""

        def register(endpoint: Endpoint) -> Endpoint:
            self.add_api_route(path, endpoint, methods=["GET"], **options)
            self.add_api_route(path, endpoint, methods=["HEAD"], **(options | {"include_in_schema": False}))
            return endpoint

        return register
