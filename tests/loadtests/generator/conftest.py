"""A load generator, which the tests of a module share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from loadtests.generator.process import Generator


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generator]:
    with Generator(log=tmp_path_factory.mktemp("generator") / "log", core=None) as running:
        yield running
