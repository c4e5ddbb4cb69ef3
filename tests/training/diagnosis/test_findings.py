from __future__ import annotations

import pytest

from bundle.fields import CategoryField, NumberField
from bundle.manifest import InputSpec
from training.diagnosis.findings import find
from training.diagnosis.inputs import Coarse, Inputs


@pytest.mark.parametrize(("column", "name"), [(0, "age"), (1, "job"), (3, "job"), (4, "pay"), (5, "pay")])
def test_a_column_of_a_table_is_called_by_its_field(column: int, name: str) -> None:
    fields = (
        NumberField(name="age"),
        CategoryField(name="job", categories=("nurse", "smith")),
        NumberField(name="pay", missing="filled"),
    )
    spec = InputSpec(kind="table", shape=(6,), fields=fields)
    inputs = Inputs(6, None, (Coarse(column, 3.0),), ())
    assert find(inputs, [], spec)[0].text == (
        f"1 of 6 columns span less than 16 of the input's steps: '{name}' 3.0"
    )
