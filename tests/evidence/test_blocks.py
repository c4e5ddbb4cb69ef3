"""The ratio of two figures from blocks of turns that stood side by side."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest

from evidence.blocks import over_loads, paired_logs, ratio_of_blocks


def _turns(values: list[list[float]]) -> dict[tuple[int, int], float]:
    return {(block, place): value for block, row in enumerate(values) for place, value in enumerate(row)}


def test_what_slows_a_whole_round_down_cancels() -> None:
    theirs = _turns([[100, 50, 200, 10], [300, 30, 3, 0.3]])
    ours = {place: 1.1 * value for place, value in theirs.items()}

    ratio = ratio_of_blocks(paired_logs(ours, theirs))

    assert ratio is not None
    assert ratio.value == pytest.approx(1.1)
    assert ratio.high - ratio.low == pytest.approx(0)


def test_a_few_turns_that_were_disturbed_leave_a_block_as_it_is() -> None:
    calm = [100.0] * 9
    disturbed = [100.0] * 8 + [1.0]

    assert exp(paired_logs(_turns([disturbed]), _turns([calm]))[0]) == pytest.approx(1)


def test_only_rounds_that_both_were_in_count() -> None:
    ours, theirs = {(0, 0): 2.0, (0, 1): 50.0, (1, 0): 3.0}, {(0, 0): 1.0, (0, 1): float("nan"), (2, 0): 1.0}

    assert paired_logs(ours, theirs) == {0: pytest.approx(log(2))}


def test_what_differs_from_start_to_start_is_in_the_interval() -> None:
    """A hundred turns within a block are no hundred pieces of evidence: all had the same start."""
    random = np.random.default_rng(1)
    starts = random.normal(0, 0.1, 5)
    theirs = _turns([[100.0] * 100] * 5)
    ours = _turns([list(100 * np.exp(start + random.normal(0, 0.01, 100))) for start in starts])

    ratio = ratio_of_blocks(paired_logs(ours, theirs))

    assert ratio is not None
    assert log(ratio.high / ratio.low) > 0.1


def test_one_block_has_no_interval_and_none_no_ratio() -> None:
    one = ratio_of_blocks({0: 0.0})

    assert one is not None
    assert not one.is_bounded
    assert ratio_of_blocks({}) is None


def test_several_loads_count_by_their_weights_where_a_block_has_them_all() -> None:
    both = over_loads({1: {0: 0.4, 1: 0.8}, 32: {0: 0.0, 2: 5.0}}, {1: 3.0})

    assert both == {0: pytest.approx(0.3)}
