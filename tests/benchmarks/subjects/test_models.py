"""A model that is missing is made, or missed by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.subjects.models import SLOW, SMALL, Models


def test_a_model_that_is_missing_and_cannot_be_made_is_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.subjects.models.find_spec", lambda _: None)
    with pytest.raises(BenchmarkError, match="no model 'breast_cancer'"):
        Models(tmp_path).bundle(SMALL, lambda _: None)


@pytest.mark.slow
def test_a_model_is_made_of_the_data_that_its_recipe_names(tmp_path: Path) -> None:
    bundle = Models(tmp_path).bundle(SLOW, lambda _: None)
    assert bundle.name == "digits_cnn"
    assert bundle.manifest.input.features == 64
