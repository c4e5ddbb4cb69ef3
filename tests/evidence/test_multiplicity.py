from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.multiplicity import holm

P_VALUES = st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.01, 0.5, 1.0])), max_size=7)

# Of 24 tests, as in the SAS/STAT user's guide, "The MULTTEST Procedure", example "Inputting raw p-values".
SAS = (
    *(0.28282, 0.30688, 0.71022, 0.77175, 0.78180, 0.88581, 0.54685, 0.84978, 0.24228, 0.58977, 0.03498),
    *(0.41607, 0.31631, 0.05254, 0.45061, 0.75758, 0.12496, 0.49485, 0.21572, 0.50505, 0.94372, 0.81260),
    *(0.77596, 0.36889),
)


def test_the_published_example_of_many_tests() -> None:
    adjusted = holm(SAS)
    assert [round(p, 4) for p in adjusted] == [0.8395 if raw == 0.03498 else 1.0 for raw in SAS]


def test_an_example_worked_by_hand() -> None:
    # In order: 4 x 0.005, 3 x 0.01, 2 x 0.03, and 1 x 0.04, which may not overtake the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(P_VALUES)
def test_a_hypothesis_is_refused_where_bonferroni_refuses_every_set_that_holds_it(raw: list[float]) -> None:
    """Holm's procedure is the closed test of Bonferroni's (Marcus, Peritz and Gabriel 1976)."""
    adjusted = holm(raw)
    for place in range(len(raw)):
        sets = (
            [raw[one] for one in chosen]
            for size in range(1, len(raw) + 1)
            for chosen in combinations(range(len(raw)), size)
            if place in chosen
        )
        assert adjusted[place] == pytest.approx(max(min(1.0, len(some) * min(some)) for some in sets))


@given(P_VALUES, st.floats(0.001, 0.999))
def test_stepping_down_by_hand_refuses_the_same(raw: list[float], alpha: float) -> None:
    refused = set()
    for step, place in enumerate(sorted(range(len(raw)), key=lambda place: raw[place])):
        if raw[place] * (len(raw) - step) > alpha:
            break
        refused.add(place)
    assert {place for place, p in enumerate(holm(raw)) if p <= alpha} == refused


@given(P_VALUES)
def test_no_less_is_found_than_by_bonferroni_and_no_more_than_without_a_correction(raw: list[float]) -> None:
    for one, adjusted in zip(raw, holm(raw), strict=True):
        assert one <= adjusted <= min(1.0, len(raw) * one)


def test_where_nothing_is_true_something_is_found_as_seldom_as_promised() -> None:
    random = np.random.default_rng(5)
    found = [min(holm(raw)) <= 0.05 for raw in random.random((2000, 10)).tolist()]
    assert 0.035 < np.mean(found) < 0.06


@pytest.mark.parametrize("raw", [[0.5, 1.1], [-0.1], [float("nan")]])
def test_what_is_no_p_value_is_refused(raw: list[float]) -> None:
    with pytest.raises(ValueError, match="not every p-value"):
        holm(raw)
