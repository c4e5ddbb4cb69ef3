from __future__ import annotations

import numpy as np

from bundle.manifest import InputSpec
from bundle.normalizer import FloatArray
from training.evaluation.tails import describe_tails, find_tails

SPEC = InputSpec(kind="vector", shape=(4,), feature_names=("age", "heat", "flow", "income"))


def rows(tail: float) -> FloatArray:
    values = np.random.default_rng(0).normal(size=(500, 4)).astype(np.float32)
    values[:3, 3] = tail
    return values


def test_a_feature_that_starves_the_others_is_named() -> None:
    tails = find_tails(rows(100), 8)
    assert tails is not None
    assert tails.channels == (3,)
    assert tails.starved == 4
    said = describe_tails(tails, SPEC)
    assert said.startswith("'income'; the first reaches from -")
    assert said.endswith("so that 4 of 4 features have less than 16 of the input's 256 steps")


def test_features_without_heavy_tails_and_integers_with_steps_for_all_have_none() -> None:
    assert find_tails(rows(3), 8) is None
    assert find_tails(rows(100), 16) is None
    assert find_tails(np.zeros((9, 4), np.float32), 8) is None
