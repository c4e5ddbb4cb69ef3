"""Labels are whole numbers to the last digit, or words, in the type that the model knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.data.files.tables import of_csv
from training.data.files.classes import read_labels
from training.data.files.columns import Known
from training.errors import LabelsError, MissingValuesError


def labels(folder: Path, *written: str, known: Any = None, **options: Any) -> list[Any]:
    rows = "".join(f'{row},"{label}"\n' for row, label in enumerate(written))
    read: list[Any] = of_csv(folder, f"a,y\n{rows}", Known(labels=known), **options).y.tolist()
    return read


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_any_whole_number_of_64_bits_comes_back_as_it_was(values: list[int]) -> None:
    assert read_labels([str(value) for value in values], "'y'").y.tolist() == values


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (("9007199254740992", "9007199254740993", "9007199254740994"), [2**53, 2**53 + 1, 2**53 + 2]),
        (("9007199254740993.0", "1e3"), [2**53 + 1, 1000]),
        (("9223372036854775808", "1"), ["9223372036854775808", "1"]),
        (("007", "120"), ["007", "120"]),
        ((" nurse", "nurse "), ["nurse", "nurse"]),
        (("caf\u00e9", "cafe\u0301"), ["caf\u00e9", "caf\u00e9"]),
        (("0x10", "0x11"), ["0x10", "0x11"]),
        (("NA", "DE"), ["NA", "DE"]),
    ],
)
def test_labels_never_pass_through_floats(tmp_path: Path, written: tuple[str, ...], expected: Any) -> None:
    assert labels(tmp_path, *written) == expected


@pytest.mark.parametrize("missing", ["NA", "nan", "", "?", " "])
@pytest.mark.parametrize("others", [("1", "2"), ("007", "120")])
def test_a_missing_cell_among_numbers_is_a_missing_label_and_no_class(
    tmp_path: Path, missing: str, others: tuple[str, str]
) -> None:
    with pytest.raises(MissingValuesError, match=r"row 1 .* in 'y'; a model cannot fill in labels"):
        labels(tmp_path, others[0], missing, others[1])
    kept = labels(tmp_path, others[0], missing, others[1], missing="drop")
    assert [str(label) for label in kept] == list(others)


def test_a_missing_value_taken_for_the_name_of_a_class_is_said(tmp_path: Path) -> None:
    data = of_csv(tmp_path, "a,y\n1,NA\n2,DE\n")
    assert data.notes == ("'y' has the label 'NA', taken for a class; an empty cell has no label",)


def test_labels_are_read_in_the_type_of_the_model_that_they_are_for(tmp_path: Path) -> None:
    assert labels(tmp_path, "120", "120", known=("007", "120")) == ["120", "120"]
    assert labels(tmp_path, "1", "2.0", known=(1, 2)) == [1, 2]
    assert labels(tmp_path, "NA", "1", known=("1", "NA")) == ["NA", "1"]
    with pytest.raises(LabelsError, match="'y' has the label 'b'; the model knows 1, 2"):
        labels(tmp_path, "1", "b", known=(1, 2))
    with pytest.raises(MissingValuesError):
        labels(tmp_path, "1", "NA", known=(1, 2))


def test_a_text_given_as_the_label_is_refused_before_it_takes_room(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match="a label of 5000 characters"):
        labels(tmp_path, "x" * 5000, "y")
