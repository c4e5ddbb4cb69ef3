from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from training.data.cleaning import clean
from training.data.dataset import RawData, require_trainable
from training.errors import FeaturesError, LabelsError

X = np.arange(20.0).reshape(10, 2)
Y = np.array([0, 1] * 5)


def raw(x: Any = X, y: Any = Y, **more: Any) -> RawData:
    return RawData("toy", np.asarray(x), np.asarray(y), **more)


def test_one_class_is_refused() -> None:
    with pytest.raises(LabelsError, match="one class only, 4"):
        require_trainable(clean(raw(y=np.full(10, 4))))


def test_too_few_rows_of_a_class_are_refused_by_name() -> None:
    with pytest.raises(LabelsError, match=r"too few rows of class 'rare' \(2\)"):
        require_trainable(clean(raw(y=np.array(["rare"] * 2 + ["usual"] * 8))))


def test_features_that_never_vary_are_refused() -> None:
    with pytest.raises(FeaturesError, match="every feature is constant"):
        require_trainable(clean(raw(np.ones((10, 2)))))


def test_the_digest_tells_data_apart() -> None:
    base = clean(raw())
    changed = X.copy()
    changed[0, 0] = 0.5
    others = [clean(raw(changed)), clean(raw(y=1 - Y)), clean(raw(y=Y.astype(str))), clean(raw(test_rows=3))]
    assert len({data.sha256 for data in (base, *others)}) == 5
    assert clean(raw(X.astype(np.int32))).sha256 == base.sha256  # however it was stored
