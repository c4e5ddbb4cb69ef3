"""The graphs that more than one test of imports opens, converted once."""

from __future__ import annotations

from functools import cache
from typing import Protocol

import pytest

from tests.training.imports import zoo


class Graphs(Protocol):
    def __call__(self, name: str) -> bytes: ...


@pytest.fixture(scope="session")
def graphs() -> Graphs:
    """A classifier's `.tflite` at a precision, converted when it is asked for first."""

    @cache
    def graphs(name: str) -> bytes:
        if name == "float32":
            return zoo.stripped(zoo.converted(zoo.classifier()))
        if name.startswith("weight_int"):
            whole = zoo.converted(zoo.classifier())
            return zoo.quantised(whole, weight_bits=int(name.removeprefix("weight_int")))
        return zoo.converted(zoo.classifier(), getattr(zoo, name))

    return graphs
