"""The normaliser is one piece of code, exact where it was fitted and harmless where it was not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from bundle.manifest import NormalizerSpec
from bundle.normalizer import SATURATION, FloatArray, Normalizer

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)


def test_standardising_agrees_with_scikit_learn(rng: np.random.Generator) -> None:
    rows = rng.normal([5, -300, 1e5], [1, 20, 1e4], (500, 3)).astype(np.float32)
    normalized = Normalizer.fit("standardize", rows, channels=3).apply(rows)
    np.testing.assert_allclose(normalized, StandardScaler().fit_transform(rows.astype(float)), atol=1e-4)


def test_minmax_agrees_with_scikit_learn(rng: np.random.Generator) -> None:
    rows = rng.uniform(-7, 90, (500, 3)).astype(np.float32)
    normalized = Normalizer.fit("minmax", rows, channels=3).apply(rows)
    np.testing.assert_allclose(normalized, MinMaxScaler().fit_transform(rows.astype(float)), atol=1e-6)


def test_an_image_is_normalised_by_one_number_a_channel_and_not_one_a_pixel(rng: np.random.Generator) -> None:
    images = rng.uniform(0, 255, (50, 4 * 4 * 3)).astype(np.float32)
    normalizer = Normalizer.fit("standardize", images, channels=3)
    assert normalizer.offset.shape == (3,)
    red = normalizer.apply(images).reshape(50, 4, 4, 3)[..., 0]
    assert red.mean() == pytest.approx(0, abs=1e-5)
    assert red.std() == pytest.approx(1, abs=1e-5)


def test_a_constant_channel_is_ignored_whatever_arrives_there() -> None:
    rows = np.array([[0.1, 1], [0.1, 2], [0.1, 3]], np.float32)
    normalizer = Normalizer.fit("standardize", rows, channels=2)
    assert normalizer.constant_channels == [0]
    absurd = np.array([[3e38, 2], [-3e38, 2]], np.float32)
    assert normalizer.apply(absurd)[:, 0].tolist() == [0, 0]


@pytest.mark.filterwarnings("error")
@given(
    train=hnp.arrays(np.float32, (4, 3), elements=FINITE),
    rows=hnp.arrays(np.float32, (5, 3), elements=FINITE),
)
def test_no_finite_row_overflows(train: FloatArray, rows: FloatArray) -> None:
    normalized = Normalizer.fit("standardize", train, channels=3).apply(rows)
    assert normalized.dtype == np.float32
    assert (np.abs(normalized) <= SATURATION * 1.01).all()


def test_the_rows_that_come_in_are_left_as_they_are() -> None:
    rows = np.array([[1.0], [2.0]], np.float32)
    Normalizer.fit("minmax", rows, channels=1).apply(rows)
    assert rows.tolist() == [[1.0], [2.0]]


def test_the_manifest_gives_back_the_very_same_normaliser(rng: np.random.Generator) -> None:
    rows = rng.normal(size=(20, 6)).astype(np.float32)
    normalizer = Normalizer.fit("standardize", rows, channels=2)
    text = NormalizerSpec.of(normalizer).model_dump_json()
    again = NormalizerSpec.model_validate_json(text).build(6)
    assert again.apply(rows).tobytes() == normalizer.apply(rows).tobytes()


@pytest.mark.parametrize(
    ("features", "offset", "scale", "reason"),
    [
        (5, [0, 0], [1, 1], "do not divide"),
        (2, [0, 0], [1], "equal vectors"),
        (2, [], [], "equal vectors"),
        (2, [0, float("nan")], [1, 1], "finite"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(
    features: int, offset: list[float], scale: list[float], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        Normalizer("minmax", features, np.array(offset, np.float32), np.array(scale, np.float32))
