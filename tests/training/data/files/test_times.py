"""A column tells when rows came about, or which of them belong together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.training.data.files.tables import of_csv
from training.data.prepare import prepare
from training.errors import FeaturesError, LabelsError, MissingValuesError


def ranks(folder: Path, *times: str) -> list[int]:
    rows = "".join(f'1,"{time}",{row % 2}\n' for row, time in enumerate(times))
    data = of_csv(folder, f"a,when,y\n{rows}", time="when")
    assert data.times is not None
    assert data.input.feature_names == ("a",)
    return list(map(int, data.times))


@pytest.mark.parametrize(
    "times",
    [
        ("10", "9.5", "1e2", "9.5"),
        ("2024-01-10", "2024-01-09", "2024-02-01", "2024-01-09"),
        ("2024-01-10T00:00Z", "2024-01-10T00:30+01:00", "2024-01-10 12:00:00", "2024-01-09T23:30"),
        ("9007199254740993", "9007199254740992", "9007199254740994", "9007199254740992"),
    ],
)
def test_times_are_numbers_or_dates_in_their_order(tmp_path: Path, times: tuple[str, ...]) -> None:
    assert ranks(tmp_path, *times) == [1, 0, 2, 0]


def test_dates_that_can_be_read_in_two_ways_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FeaturesError, match=r"'01/02/2024' in column 'when', row 0 .* such as 2024-01-31"):
        ranks(tmp_path, "01/02/2024", "03/04/2024")


@pytest.mark.parametrize(("option", "nothing"), [("time", ""), ("time", "NA"), ("group", "")])
def test_a_row_without_a_time_or_a_group_is_refused_or_dropped(
    tmp_path: Path, option: str, nothing: str
) -> None:
    text = f"a,of,y\n1,1,0\n2,{nothing},1\n3,2,1\n"
    given: dict[str, Any] = {option: "of"}
    with pytest.raises(MissingValuesError, match=r"row 1 .* 'of'; rows are split by it"):
        of_csv(tmp_path, text, missing="fill", **given)
    kept = of_csv(tmp_path, text, missing="drop", **given)
    assert kept.x.tolist() == [[1], [3]]
    assert (kept.times if option == "time" else kept.groups) is not None


def test_a_class_that_only_the_future_has_cannot_be_learnt(tmp_path: Path) -> None:
    rows = "".join(f"{row % 3},2024-01-{row + 1:02},{int(row > 23)}\n" for row in range(30))
    data = of_csv(tmp_path, f"a,when,y\n{rows}", time="when")
    with pytest.raises(LabelsError, match="no row of class 1 in the train split, as --time cuts it"):
        prepare(data, normalize="standardize", test_size=0.2, validation_size=0.1, seed=1)


def test_rows_of_one_patient_are_all_in_the_same_part(tmp_path: Path) -> None:
    rows = "".join(f"{row % 10},p{row % 10},{row % 2}\n" for row in range(200))
    data = of_csv(tmp_path, f"a,patient,y\n{rows}", group="patient")
    parts = prepare(data, normalize="standardize", test_size=0.2, validation_size=0.1, seed=1)
    held = [set(x[:, 0].tolist()) for x in (parts.x_train, parts.x_validation, parts.x_test)]
    assert sum(map(len, held)) == 10
    assert all(held)
