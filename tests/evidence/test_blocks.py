"""The ratio of two figures from blocks in which both were measured side by side."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from scipy import stats

from evidence.blocks import logs_of, noise_of, over_loads, ratio_of_blocks

Logs = dict[int, float]


def _variants(count: int, blocks: int, seed: int, *, noise: float = 0.03) -> list[Logs]:
    """Return equal variants on a machine that is now fast and now slow."""
    random = np.random.default_rng(seed)
    machine = random.normal(0, 0.5, blocks)
    return [dict(enumerate(machine + random.normal(0, noise, blocks))) for _ in range(count)]


def test_what_slows_a_whole_block_down_cancels() -> None:
    theirs = logs_of({0: 100.0, 1: 50.0, 2: 0.3})
    ours = logs_of({0: 110.0, 1: 55.0, 2: 0.33})

    ratio = ratio_of_blocks(ours, theirs)

    assert ratio is not None
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((1.1, 1.1, 1.1))


def test_without_other_variants_the_interval_is_students() -> None:
    ours, theirs = _variants(2, 6, 3)
    expected = stats.ttest_1samp([ours[block] - theirs[block] for block in ours], 0).confidence_interval(0.99)

    ratio = ratio_of_blocks(ours, theirs, 0.99)

    assert ratio is not None
    assert (log(ratio.low), log(ratio.high)) == pytest.approx((expected.low, expected.high))


def test_the_scatter_of_all_variants_makes_the_interval_of_few_blocks_narrower() -> None:
    alone, among = [], []
    for seed in range(200):
        variants = _variants(8, 3, seed)
        alone.append(ratio_of_blocks(variants[0], variants[1]))
        among.append(ratio_of_blocks(variants[0], variants[1], among=variants))

    def width(ratios: list) -> float:  # type: ignore[type-arg]
        return float(np.median([log(one.high / one.low) for one in ratios]))

    assert width(among) < 0.75 * width(alone)
    assert sum(1 not in one for one in among if one) / 200 < 0.07  # it errs no more often for it


def test_two_that_scatter_more_than_the_rest_have_their_own_scatter() -> None:
    variants = _variants(6, 5, 1, noise=0.001)
    wild = {block: value + 0.5 * (-1) ** block for block, value in variants[0].items()}

    ratio = ratio_of_blocks(wild, variants[1], among=[wild, *variants[1:]])

    assert ratio is not None
    assert log(ratio.high / ratio.low) > 0.5


def test_one_variant_that_scatters_by_itself_does_not_blur_the_rest() -> None:
    variants = _variants(6, 5, 1, noise=0.01)
    wild = {block: value + 2.0 * (-1) ** block for block, value in variants[0].items()}
    calm, beside = noise_of(variants[1:], range(5)), noise_of([wild, *variants[1:]], range(5))
    assert calm is not None
    assert beside is not None
    assert beside.variance < 4 * calm.variance


def test_a_variant_that_was_not_in_every_block_says_nothing_of_the_scatter() -> None:
    variants = _variants(5, 4, 1)
    part = {0: 9.0, 1: -9.0}
    assert noise_of([*variants, part], range(4)) == noise_of(variants, range(4))
    assert noise_of(variants[:4], range(4)) is None
    assert noise_of(variants, [0]) is None


def test_one_block_has_no_interval_and_none_no_ratio() -> None:
    one = ratio_of_blocks({0: 0.0}, {0: 0.0, 1: 5.0})

    assert one is not None
    assert not one.is_bounded
    assert ratio_of_blocks({0: 1.0}, {1: 1.0}) is None


def test_several_loads_count_by_their_weights_where_a_block_has_them_all() -> None:
    one, other = {0: exp(0.4), 1: exp(0.8), 3: None}, {0: 1.0, 2: 5.0, 3: 1.0}
    assert over_loads({1: one, 32: other}, {1: 3.0}) == {0: pytest.approx(0.3)}
    assert over_loads({}, {}) == {}
