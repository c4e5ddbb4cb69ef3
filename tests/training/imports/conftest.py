"""The graphs that more than one test of imports opens, converted once."""

from __future__ import annotations

from functools import cache
from typing import Protocol

import pytest

from tests.training.imports import zoo


class Graphs(Protocol):
    def __call__(self, name: str) -> bytes: ...


@pytest.fixture(scope="session")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Graphs:
    """A classifier's `.tflite` at a precision, converted when it is asked for first."""

    classifier = cache(lambda: zoo.exported(zoo.classifier(), tmp_path_factory.mktemp("classifier")))

    @cache
    def graphs(name: str) -> bytes:
        if name == "whole":
            return zoo.converted_folder(classifier())
        if name == "float32":
            return zoo.stripped(graphs("whole"))
        if name.startswith("weight_int"):
            return zoo.quantised(graphs("whole"), weight_bits=int(name.removeprefix("weight_int")))
        return zoo.converted_folder(classifier(), getattr(zoo, name))

    return graphs
