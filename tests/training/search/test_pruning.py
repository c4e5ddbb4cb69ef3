from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.search.pruning import is_hopeless, is_too_slow

USUAL = [[0.5, 0.9, 0.96], [0.6, 0.92, 0.97], [0.55, 0.91, 0.95], [0.5, 0.93]]
SHARES = st.floats(0, 1)
HISTORIES = st.lists(SHARES, min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("passed", "verdict"),
    [
        ([0.1], False),  # half is wrong for others too, and nine tenths are not thrice that
        ([0.1, 0.5], True),
        ([0.1, 0.75], False),  # 0.25 against 0.085: not thrice
        ([0.1, 0.74], True),
        ([0.1, 0.95, 0.2], False),  # its best counts, as early stopping keeps it
        ([0.1, 0.2, 0.75], True),  # others have gone on meanwhile
    ],
)
def test_a_trial_is_hopeless_that_errs_thrice_as_often_as_is_usual_after_as_many_epochs(
    passed: list[float], verdict: bool
) -> None:
    assert is_hopeless(passed, USUAL, 0.99) is verdict


def test_nothing_is_hopeless_before_four_trials_say_what_is_usual() -> None:
    assert not is_hopeless([0.0, 0.0], USUAL[:3], 0.99)


@given(HISTORIES, st.lists(HISTORIES, max_size=6), SHARES)
def test_what_is_as_accurate_as_demanded_is_never_hopeless(
    passed: list[float], earlier: list[list[float]], floor: float
) -> None:
    if max(passed) >= floor:
        assert not is_hopeless(passed, earlier, floor)


@given(HISTORIES, st.lists(HISTORIES, max_size=6), SHARES, SHARES)
def test_a_better_epoch_never_makes_a_trial_hopeless(
    passed: list[float], earlier: list[list[float]], floor: float, share: float
) -> None:
    better = [*passed[:-1], max(passed[-1], share)]
    assert is_hopeless(passed, earlier, floor) or not is_hopeless(better, earlier, floor)


@pytest.mark.parametrize(
    ("row_us", "fastest_us", "verdict"),
    [(5.9, 1.0, False), (6.1, 1.0, True), (6.1, 5.2, False), (6.3, 5.2, True)],
)
def test_a_graph_is_too_slow_beyond_the_limit_and_its_slack_or_the_fastest_where_none_is_within(
    row_us: float, fastest_us: float, verdict: bool
) -> None:
    assert is_too_slow(row_us, 5.0, fastest_us) is verdict
