from __future__ import annotations

import numpy as np
import pytest

from bundle.normalizer import FloatArray
from training.export.mixed.harm import Reference

RANDOM = np.random.default_rng(0)


def softmax(scores: FloatArray) -> FloatArray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: FloatArray = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


SCORES = RANDOM.normal(size=(8_000, 5)).astype(np.float32) * 2
TRUE = softmax(SCORES)
Y = np.array([RANDOM.choice(5, p=row / row.sum()) for row in TRUE.astype(np.float64)])
NOISE = RANDOM.normal(size=SCORES.shape).astype(np.float32)


def test_the_same_answers_lose_nothing_and_no_less_is_shown_than_rows_allow() -> None:
    drop = Reference(TRUE[:1000], Y[:1000]).drop(TRUE[:1000])
    assert (drop.seen, drop.expected, drop.divergence) == (0, 0, 0)
    assert drop.expected_high == drop.bound == pytest.approx(0.003, rel=0.01)  # the rule of three


def test_what_is_expected_of_a_few_rows_is_nearer_to_what_many_see_than_what_they_see() -> None:
    changed = softmax(SCORES + NOISE * 0.5)
    rows = np.arange(len(Y))
    truth = (TRUE.max(axis=1) - TRUE[rows, changed.argmax(axis=1)]).mean()
    parts = [slice(start, start + 500) for start in range(0, len(Y), 500)]
    drops = [Reference(TRUE[part], Y[part]).drop(changed[part]) for part in parts]
    off = {
        what: np.sqrt(np.mean([(getattr(drop, what) - truth) ** 2 for drop in drops]))
        for what in ("seen", "expected")
    }
    assert off["expected"] < off["seen"] / 2
    assert np.mean([drop.expected_high >= truth for drop in drops]) > 0.85


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_a_model_that_is_too_sure_or_too_unsure_is_put_right_by_the_labels(temperature: float) -> None:
    wrong, changed = (
        softmax((scores / np.float32(temperature)).astype(np.float32))
        for scores in (SCORES, SCORES + NOISE * 0.5)
    )
    found, right = Reference(wrong, Y).drop(changed), Reference(TRUE, Y).drop(softmax(SCORES + NOISE * 0.5))
    assert found.expected == pytest.approx(right.expected, rel=0.1)


def test_where_the_reference_is_the_truth_each_answer_that_changed_is_lost() -> None:
    changed = softmax(SCORES + NOISE * 0.1)
    drop = Reference(TRUE, TRUE.argmax(axis=1)).drop(changed)
    assert drop.seen == pytest.approx((changed.argmax(axis=1) != TRUE.argmax(axis=1)).mean())


def test_the_more_answers_change_the_more_they_diverge() -> None:
    reference = Reference(TRUE, Y)
    found = [reference.divergence(softmax(SCORES + NOISE * by)) for by in (0.01, 0.1, 1.0)]
    assert found == sorted(found)
    assert reference.divergence(TRUE[:10]) == 0
