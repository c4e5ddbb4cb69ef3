"""A bundle of texts or objects is scored on other data as its own was read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.field_data import write_loans
from training.config import DataConfig
from training.errors import FeaturesError, OptionError
from training.pipeline import rescore
from training.progress import Silence


class Warnings(Silence):
    """Remembers what a job warned of."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def warn(self, message: str) -> None:
        self.said.append(message)


def loans(field_models: Path) -> Path:
    return field_models / "loans" / "1"


def test_new_rows_are_encoded_as_the_models_own(field_models: Path, tmp_path: Path) -> None:
    data = write_loans(tmp_path / "new.csv", rows=80, seed=99)
    evaluations = rescore(loans(field_models), DataConfig(data=str(data), label="decision"))
    assert evaluations[0].scores.rows == 80
    assert evaluations[0].scores.accuracy > 0.7
    assert all(row.scores.agreement > 0.95 for row in evaluations)


def test_a_split_column_chooses_the_rows(field_models: Path, field_data: Path) -> None:
    config = DataConfig(data=str(field_data / "codes.csv"), label="parity", split="part")
    evaluations = rescore(field_models / "codes" / "1", config)
    assert evaluations[0].scores.rows == 400
    assert evaluations[0].scores.accuracy > 0.99


def test_a_bundle_of_objects_scores_on_its_own_test_rows(field_models: Path) -> None:
    evaluations = rescore(loans(field_models))
    assert {row.variant for row in evaluations} >= {"float32", "int8"}


def test_scoring_on_the_training_data_warns_that_it_flatters(field_models: Path, field_data: Path) -> None:
    warned = Warnings()
    config = DataConfig(data=str(field_data / "loans.csv"), label="decision")
    rescore(loans(field_models), config, progress=warned)
    assert warned.said == ["the model was trained on most of these rows: the scores flatter it"]


def test_other_columns_are_refused_by_name(field_models: Path, models: Path, tmp_path: Path) -> None:
    text = write_loans(tmp_path / "new.csv", rows=20).read_text()
    (tmp_path / "more.csv").write_text(text.replace("\n", ",9\n").replace("decision,9", "decision,shoe"))
    with pytest.raises(FeaturesError, match=r"more has the column 'shoe', which .* does not take"):
        rescore(loans(field_models), DataConfig(data=str(tmp_path / "more.csv"), label="decision"))
    (tmp_path / "other.csv").write_text(text.replace("income", "salary"))
    with pytest.raises(FeaturesError, match="other has the column 'salary'"):
        rescore(loans(field_models), DataConfig(data=str(tmp_path / "other.csv"), label="decision"))
    (tmp_path / "less.csv").write_text(text.replace("note", "remark"))
    with pytest.raises(OptionError, match="no column 'note'"):
        rescore(loans(field_models), DataConfig(data=str(tmp_path / "less.csv"), label="decision"))


def test_rows_of_numbers_and_of_objects_are_not_confused(field_models: Path, models: Path) -> None:
    with pytest.raises(FeaturesError, match=r"digits has rows of numbers; .* takes texts or objects"):
        rescore(loans(field_models), DataConfig(data="digits"))
