from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.cascades.timing import time_all
from benchmarks.errors import ProcessError
from benchmarks.subjects.interpreter import alone
from bundle.bundle import Bundle
from bundle.manifest import CASCADE, FILE_NAME
from bundle.store import ModelStore
from loadtests.rig.cores import Cores
from tests.service.cascading import FIRST, SECOND, bring_with_cascade


@pytest.fixture
def small(models: Path, tmp_path: Path) -> Bundle:
    """Two variants of the digits, and their cascade."""
    folder = tmp_path / "models" / "digits" / "1"
    bring_with_cascade(ModelStore(models).open("digits"), folder)
    manifest = ModelStore(tmp_path / "models").open("digits").manifest
    two = [one for one in manifest.variants if one.name in (FIRST, SECOND)]
    content = manifest.model_copy(update={"variants": tuple(two), "default_variant": SECOND})
    (folder / FILE_NAME).write_text(content.model_dump_json(), encoding="utf-8")
    return ModelStore(tmp_path / "models").open("digits")


def test_rungs_and_the_cascade_are_called_in_turn(small: Bundle, bound: Cores, tmp_path: Path) -> None:
    said: list[str] = []
    samples = time_all(small, rows=100, rounds=2, core=bound.server, folder=tmp_path, say=said.append)
    assert set(samples) == {FIRST, SECOND, CASCADE}
    assert all(one.processor_us > 0 for of in samples.values() for one in of)
    assert sum(text.startswith("round 2 of 2: ") for text in said) == 3


def test_more_rows_in_a_call_than_there_are_is_all_of_them(
    small: Bundle, bound: Cores, tmp_path: Path
) -> None:
    with alone(small, CASCADE, rows=100_000, log=tmp_path / "log", core=bound.server) as cascade:
        assert cascade(0.01).count >= 2


def test_a_bundle_without_a_cascade_has_none_to_time(bundle: Bundle, bound: Cores, tmp_path: Path) -> None:
    with (
        alone(bundle, CASCADE, rows=1, log=tmp_path / "log", core=bound.server) as cascade,
        pytest.raises(ProcessError, match="has no cascade"),
    ):
        cascade(1)
