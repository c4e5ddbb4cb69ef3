"""The instance that is made up with a model is typical, is what the model takes, and is nobody's row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from bundle.example import middle
from bundle.manifest import CalibrationSpec, InputSpec, Manifest, NormalizerSpec
from bundle.normalizer import FloatArray
from training.data.dataset import Dataset
from training.data.prepare import Prepared, prepare
from training.data.records import FieldKind, Records
from training.errors import DataError
from training.export.example import typical

KINDS: dict[str, FieldKind] = {"age": "number", "member": "boolean", "job": "category", "note": "text"}


def prepared(x: FloatArray, spec: InputSpec, records: Records | None = None) -> Prepared:
    """Prepare rows of two classes that take turns. Raises DataError where nothing can be learnt of them."""
    rows = x.reshape(len(x), -1) if records is None else np.zeros((len(x), 0), np.float32)
    data = Dataset("toy", rows, np.arange(len(x)) % 2, spec, records=records)
    return prepare(data, normalize="standardize", test_size=0.2, validation_size=0.2, seed=1)


def vectors(x: Any) -> Prepared:
    rows = np.asarray(x, np.float32)
    return prepared(rows, InputSpec(kind="vector", shape=rows.shape[1:]))


def objects(instances: list[Any], kinds: dict[str, FieldKind] = KINDS, **options: Any) -> Prepared:
    spec = InputSpec(kind="vector", shape=(1,))  # until the encoder is fitted
    return prepared(np.zeros((len(instances), 0), np.float32), spec, Records(kinds, instances, **options))


def as_published(of: Prepared, one: Any, whole: Manifest) -> Any:
    """Return an example as a service reads it. Raises ValueError where the model does not take it."""
    fields = whole.model_dump() | {
        "input": of.input.model_dump(),
        "normalizer": NormalizerSpec.of(of.normalizer).model_dump(),
        "calibration": CalibrationSpec.of(of.x_train, len(of.normalizer.offset)).model_dump(),
        "vocabulary": whole.golden.model_dump() if of.input.tokens else None,
        "test_instances": whole.golden.model_dump() if of.input.fields else None,
        "example": one,
    }
    return Manifest.model_validate_json(Manifest.model_validate(fields).model_dump_json()).example


def row_of(of: Prepared, instance: Any) -> FloatArray:
    return np.array([instance], np.float32) if of.encoder is None else of.encoder.encode([instance])


def is_row(of: Prepared, instance: Any) -> bool:
    row = row_of(of, instance)
    return any((part == row).all(axis=1).any() for part in (of.x_train, of.x_validation, of.x_test))


def require_sound(of: Prepared, whole: Manifest) -> None:
    """The example is taken by the model; it is a row of the data only where their middle is one too."""
    made = typical(of)
    assert as_published(of, made, whole) == made
    assert np.isfinite(row_of(of, made)).all()
    assert not is_row(of, made) or is_row(of, middle(of.input, of.normalizer))


SHAPES: dict[str, tuple[int, int]] = {"vector": (1, 1), "image": (2, 3), "sequence": (2, 2), "tensor": (1, 4)}


@given(st.data())
def test_the_example_of_any_rows_is_taken_and_is_none_of_them(digits_manifest: Manifest, data: Any) -> None:
    kind = data.draw(st.sampled_from(sorted(SHAPES)))
    least, most = SHAPES[kind]
    shape = data.draw(array_shapes(min_dims=least, max_dims=most, max_side=3))
    numbers = st.one_of(
        st.sampled_from([0.0, 1.0, 0.1]), st.floats(width=32, allow_nan=False, allow_infinity=False)
    )
    x = data.draw(arrays(np.float32, (data.draw(st.integers(10, 60)), *shape), elements=numbers))
    padded = kind == "sequence" and data.draw(st.booleans())
    try:
        of = prepared(x, InputSpec(kind=kind, shape=shape, padded=padded))
    except DataError:
        reject()
    require_sound(of, digits_manifest)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "age": st.none() | st.integers(-9, 99) | st.floats(-1e30, 1e30),
                "member": st.none() | st.booleans(),
                "job": st.none() | st.sampled_from(["nurse", "smith", "judge", "東京"]),
                "note": st.none() | st.text("ab 東é!", max_size=9),
            }
        ),
        min_size=10,
        max_size=60,
    )
)
def test_the_example_of_any_table_is_taken_and_is_no_row_of_it(
    digits_manifest: Manifest, rows: list[Any]
) -> None:
    try:
        of = objects(rows, missing="filled")
    except DataError:
        reject()
    require_sound(of, digits_manifest)


@pytest.fixture(scope="module")
def digits_manifest(models: Path) -> Manifest:
    return Manifest.model_validate_json((models / "digits" / "1" / "manifest.json").read_bytes())


@pytest.mark.parametrize(
    "wrong",
    [[0.5] * 63, [0.5] * 65, [0.5] * 63 + [True], [0.5] * 63 + [10**400], [0.5] * 63 + ["0"], "text", 7, {}],
)
def test_an_example_that_the_model_does_not_take_is_refused(digits_manifest: Manifest, wrong: Any) -> None:
    with pytest.raises(ValueError, match="no row of 64 numbers"):
        Manifest.model_validate(digits_manifest.model_dump() | {"example": wrong})


@pytest.mark.parametrize("wrong", [[1.0], {"age": 1}, {"strange": 1}, "text"])
def test_an_example_of_a_table_that_lacks_a_field_is_refused(digits_manifest: Manifest, wrong: Any) -> None:
    rows = [{"age": n, "member": n > 3, "job": "nurse", "note": "oil rose"} for n in range(40)]
    with pytest.raises(ValueError, match=r"instances\[0\]"):
        as_published(objects(rows), wrong, digits_manifest)


def test_every_feature_is_a_value_that_it_had_and_of_whole_numbers_a_whole_one() -> None:
    random = np.random.default_rng(0)
    of = vectors(np.column_stack([random.integers(18, 90, 80), random.normal(size=80)]))
    made: Any = typical(of)
    age, other = made
    assert isinstance(age, int)
    assert age == np.sort(of.x_train[:, 0])[(len(of.x_train) - 1) // 2]
    assert np.float32(other) in of.x_train[:, 1]


def test_the_median_of_a_single_feature_is_a_row_and_so_it_is_not_the_example() -> None:
    of = vectors(np.random.default_rng(0).normal(size=(80, 1)))
    assert typical(of) == middle(of.input, of.normalizer)


def test_nothing_is_taken_of_a_few_rows() -> None:
    random = np.random.default_rng(0)
    few, many = (vectors(random.normal(size=(count, 9))) for count in (20, 60))
    assert typical(few) == middle(few.input, few.normalizer)
    assert typical(many) != middle(many.input, many.normalizer)


def test_the_example_of_images_is_one_of_medians_by_pixel() -> None:
    x = np.random.default_rng(0).normal(size=(80, 4, 4)).astype(np.float32) + np.eye(4, dtype=np.float32) * 9
    of = prepared(x, InputSpec(kind="image", shape=(4, 4)))
    image = row_of(of, typical(of)).reshape(4, 4)
    assert (np.diag(image) > 5).all()
    assert (image[~np.eye(4, dtype=bool)] < 5).all()


def test_a_padded_example_is_as_long_as_a_usual_row() -> None:
    x = np.random.default_rng(0).normal(5, 1, size=(90, 6, 2)).astype(np.float32)
    for row, steps in zip(x, [2, 3, 5] * 30, strict=True):
        row[steps:] = 0
    of = prepared(x, InputSpec(kind="sequence", shape=(6, 2), padded=True))
    example = row_of(of, typical(of)).reshape(6, 2)
    assert example.any(axis=1).tolist() == [True] * 3 + [False] * 3
    assert (np.abs(example[:3] - 5) < 1).all()


def test_the_example_of_a_table_has_what_is_common_in_each_field() -> None:
    random = np.random.default_rng(0)
    rows = [
        {
            "age": None if n % 3 == 0 else float(random.integers(30, 50)),
            "member": bool(random.random() < 0.8),
            "job": str(random.choice(["judge", "nurse", "smith"], p=[0.2, 0.2, 0.6])),
            "note": " ".join(random.choice(["oil", "rose", "fell", "rain"], 2, p=[0.5, 0.3, 0.1, 0.1])),
        }
        for n in range(200)
    ]
    example: Any = typical(objects(rows, missing="filled"))
    assert (example["member"], example["job"], example["note"]) == (True, "smith", "oil rose")
    assert isinstance(example["age"], int)
    assert 35 < example["age"] < 45


def test_the_example_of_texts_is_of_their_commonest_words_and_as_long_as_one() -> None:
    known = ["oil", "rose", "fell", "rain"]
    texts = [" ".join(np.random.default_rng(n).permutation([*known, f"w{n}"])) for n in range(90)]
    example: Any = typical(objects([f"{text} oil" for text in texts], {"t": "text"}))
    assert sorted(example.split()) == sorted(known)
    assert example.startswith("oil ")
