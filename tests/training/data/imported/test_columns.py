"""What the outputs of an imported model stand for: told in a file, or taken from the data, never guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundle.fields import word
from bundle.manifest import InputSpec
from training.data.dataset import Dataset
from training.data.imported.columns import as_columns, column_labels, name_columns, read_labels
from training.errors import DataUnreadableError, LabelsError

lines = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1).map(word).filter(bool)


def dataset(y: Any) -> Dataset:
    y = np.asarray(y)
    return Dataset("toy", np.zeros((len(y), 1), np.float32), y, InputSpec(kind="tensor", shape=(1,)))


@given(
    st.lists(lines, min_size=1, unique=True), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "\ufeff"])
)
def test_labels_come_back_in_the_order_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, labels: list[str], end: str, mark: str
) -> None:
    path = tmp_path_factory.mktemp("labels") / "labels.txt"
    path.write_bytes((mark + end.join([*labels, ""])).encode())
    assert read_labels(path) == tuple(labels)


@given(content=st.binary(max_size=60))
def test_whatever_a_file_holds_it_is_read_or_refused_by_its_name(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("labels") / "labels.txt"
    path.write_bytes(content)
    labels: tuple[str, ...] = ("one",)
    said = "labels.txt"
    try:
        labels = read_labels(path)
    except (DataUnreadableError, LabelsError) as error:
        said = str(error)
    assert "labels.txt" in said
    assert len(set(labels)) == len(labels)
    assert all(labels)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("cat\n\ndog\n", "no label in line 2"),
        ("", "no label in line 1"),
        ("cat\ndog\n cat\n", "more than once the label 'cat'"),
    ],
)
def test_a_blank_line_and_a_label_twice_are_refused(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "labels.txt").write_text(content)
    with pytest.raises(LabelsError, match=said):
        read_labels(tmp_path / "labels.txt")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataUnreadableError, match=r"none\.txt cannot be read \(No such file"):
        read_labels(tmp_path / "none.txt")


def test_whole_numbers_number_the_outputs_of_which_the_data_may_lack_some() -> None:
    named = name_columns(dataset([4, 0]), 6, None)
    assert (named.labels, named.notes) == ((0, 1, 2, 3, 4, 5), ())


def test_words_and_other_numbers_are_taken_in_their_order_and_told_of() -> None:
    named = name_columns(dataset(["dog", "cat"]), 2, None)
    assert named.labels == ("cat", "dog")
    assert named.notes == (
        "the model's outputs were taken for 'cat', 'dog', in this order; where it is another, give --labels",
    )
    assert name_columns(dataset([1, 2, 3]), 3, None).labels == (1, 2, 3)


@pytest.mark.parametrize("y", [["a", "b", "c"], [0, 1, 7], [-1, 0]])
def test_more_labels_than_outputs_are_refused_with_both(y: Any) -> None:
    with pytest.raises(
        LabelsError, match=rf"the model has 5 outputs, and toy has {len(y)} labels, .*--labels"
    ):
        name_columns(dataset(y), 5, None)


def test_names_call_what_the_data_number_and_are_in_the_order_of_the_model() -> None:
    named = name_columns(dataset([2, 0, 2]), 3, ("ship", "cat", "dog"))
    assert named.labels == ("ship", "cat", "dog")
    assert named.data.y.tolist() == ["dog", "ship", "dog"]
    assert as_columns(named.data.y, named.labels).tolist() == [2, 0, 2]
    assert as_columns(np.array([2, 0]), named.labels).tolist() == [2, 0]
    with pytest.raises(LabelsError, match="the label 3, and 3 outputs, from 0 to 2"):
        name_columns(dataset([0, 3]), 3, ("ship", "cat", "dog"))


def test_names_that_are_whole_numbers_are_labels_of_that_type() -> None:
    named = name_columns(dataset([10, 30]), 3, ("30", "10", "20"))
    assert named.labels == (30, 10, 20)
    assert as_columns(named.data.y, named.labels).tolist() == [1, 0]
    assert column_labels(2, ("007", "7")) == ("007", "7")


def test_names_are_as_many_as_the_outputs_and_know_every_label() -> None:
    with pytest.raises(LabelsError, match="the model has 10 outputs, and there are 2 labels: cat, dog"):
        name_columns(dataset(["cat"]), 10, ("cat", "dog"))
    with pytest.raises(LabelsError, match="the model does not know the label 'cow'; it knows 'cat', 'dog'"):
        name_columns(dataset(["cow", "cat"]), 2, ("cat", "dog"))


def test_without_data_outputs_are_called_by_their_names_or_numbers() -> None:
    assert column_labels(3, None) == (0, 1, 2)
    assert column_labels(2, ("yes", "no")) == ("yes", "no")
