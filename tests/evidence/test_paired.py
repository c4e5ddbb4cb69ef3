from __future__ import annotations

from itertools import product
from math import comb, isnan, log, nan

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binomtest

from evidence.paired import Pairs, clears, judge, rows_needed, tango
from evidence.shares import unpaired_difference

Z90 = 1.6448536269514722
Shares = npt.NDArray[np.float64]


@st.composite
def pairs(draw: st.DrawFn) -> Pairs:
    rows = draw(st.integers(1, 3000))
    lost = draw(st.integers(0, rows))
    return Pairs(rows, lost, draw(st.integers(0, rows - lost)))


def test_pairs_are_counted_from_what_each_got_right() -> None:
    variant, reference = np.array([1, 1, 0, 0, 0, 1], bool), np.array([1, 0, 1, 1, 0, 1], bool)
    counted = Pairs.of(variant, reference)
    assert counted == Pairs(6, lost=2, gained=1)
    assert counted.difference.value == pytest.approx(variant.mean() - reference.mean())


@pytest.mark.parametrize(("rows", "lost", "gained"), [(0, 0, 0), (5, -1, 0), (5, 3, 3)])
def test_counts_that_cannot_be_are_refused(rows: int, lost: int, gained: int) -> None:
    with pytest.raises(ValueError, match="rows lost and"):
        Pairs(rows, lost, gained)


def test_counts_that_are_not_whole_have_no_test_of_whole_rows() -> None:
    with pytest.raises(ValueError, match=r"whole rows, not of 0\.5 and 1"):
        _ = Pairs(3, lost=0.5, gained=1).p_value


# By hand: 1 of 10 gives 2 (1 + 10) / 1024; 1 of 8, the airway data below, 2 (1 + 8) / 256.
@pytest.mark.parametrize(
    ("lost", "gained", "p"), [(1, 9, 22 / 1024), (7, 1, 18 / 256), (5, 5, 1.0), (0, 0, 1.0), (0, 1, 1.0)]
)
def test_mcnemar_is_exact(lost: int, gained: int, p: float) -> None:
    assert Pairs(1000, lost, gained).p_value == pytest.approx(p)


@given(pairs())
def test_mcnemar_is_the_two_sided_binomial_test_summed_by_hand(some: Pairs) -> None:
    n, k = int(some.lost + some.gained), int(min(some.lost, some.gained))
    tail = sum(comb(n, i) for i in range(k + 1)) / 2**n
    assert some.p_value == pytest.approx(min(1.0, 2 * tail))
    assert some.p_value == pytest.approx(binomtest(int(some.gained), n).pvalue if n else 1.0)


# Tango 1998: disinfection of contact lenses, and its table of 32 pairs. Fagerland, Lydersen and Laake,
# "Statistical Analysis of Contingency Tables", chapter 8: Bentur et al. 2009, Cavo et al. 2012.
@pytest.mark.parametrize(
    ("gained", "lost", "rows", "z", "low", "high"),
    [
        (0, 1, 44, Z90, -0.096, 0.037),
        (9, 3, 32, 1.959964, -0.027, 0.390),
        (1, 7, 21, 1.959964, -0.517, -0.026),
        (6, 16, 161, 1.959964, -0.1240, -0.0054),
    ],
)
def test_the_interval_is_that_of_the_published_examples(
    gained: int, lost: int, rows: int, z: float, low: float, high: float
) -> None:
    digits = 5e-5 if rows == 161 else 5e-4
    found = tango(gained, lost, rows, z)
    assert (found.low, found.high) == pytest.approx((low, high), abs=digits)
    assert found.value == (gained - lost) / rows


def test_non_inferiority_of_the_published_example() -> None:
    # Tango 1998: Z = 1.709, P = 0.044, at a margin of 0.1.
    assert judge(Pairs(44, lost=1, gained=0), 0.1).p_value == pytest.approx(0.044, abs=5e-4)


def score(difference: float, rows: int, lost: float, gained: float) -> float:
    """Maximise the likelihood at this difference numerically, rather than by the quadratic."""
    same = rows - lost - gained

    def unlikeliness(p: float) -> float:
        return -(lost * log(p) + gained * log(p + difference) + same * log(1 - 2 * p - difference))

    low, high = max(0.0, -difference) + 1e-9, (1 - difference) / 2 - 1e-9
    fitted = minimize_scalar(unlikeliness, (low, high), bounds=(low, high))
    variance = (2 * float(fitted.x) + difference * (1 - difference)) / rows
    return float(((gained - lost) / rows - difference) / variance**0.5)


@pytest.mark.parametrize(
    ("rows", "lost", "gained"), [(30, 4, 1), (200, 3, 9), (50, 1, 2), (40, 2.75, 0.5), (9, 0.4, 6.3)]
)
def test_the_ends_are_where_a_score_test_by_brute_force_just_refuses(
    rows: int, lost: float, gained: float
) -> None:
    found = Pairs(rows, lost, gained).difference
    assert score(found.low, rows, lost, gained) == pytest.approx(1.959964, abs=2e-3)
    assert score(found.high, rows, lost, gained) == pytest.approx(-1.959964, abs=2e-3)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Over every outcome of 60 rows, with the rates of a variant that loses a little."""
    rows, lose, gain = 60, 0.05, 0.03
    covered = 0.0
    for lost, gained in product(range(rows + 1), repeat=2):
        same = rows - lost - gained
        if same < 0:
            continue
        ways = comb(rows, lost) * comb(rows - lost, gained)
        probability = ways * lose**lost * gain**gained * (1 - lose - gain) ** same
        if probability > 1e-9:
            covered += probability * (gain - lose in Pairs(rows, lost, gained).difference)
    assert 0.94 < covered < 0.97


@given(pairs())
def test_the_interval_holds_the_difference_and_is_mirrored_with_the_roles(some: Pairs) -> None:
    found = some.difference
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high
    mirrored = Pairs(some.rows, some.gained, some.lost).difference
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low), abs=1e-9)


@given(pairs(), st.floats(0.001, 0.5))
def test_the_verdict_the_interval_and_the_test_agree(some: Pairs, margin: float) -> None:
    verdict = judge(some, margin)
    low, high = some.difference.low, some.difference.high
    assert (verdict.judgement == "no worse") == (low > -margin)
    assert (verdict.judgement == "worse") == (high < -margin)
    if abs(low + margin) > 1e-6:
        assert (verdict.p_value < 0.025) == (low > -margin)
    if verdict.rows_needed is not None:
        assert verdict.judgement == "not enough rows to tell"
        assert verdict.rows_needed > some.rows


def test_verdicts_read_as_sentences() -> None:
    assert str(judge(Pairs(10_000, 50, 62), 0.005)) == "no worse"
    assert str(judge(Pairs(10_000, 200, 80), 0.005)) == "worse"
    assert str(judge(Pairs(359, 0, 0), 0.005)) == "not enough rows to tell: about 1,600 needed"
    assert (
        str(judge(Pairs(10_000, 150, 100), 0.005)) == "not enough rows to tell: the drop is about the margin"
    )


def test_rows_that_never_differ_still_have_to_be_many() -> None:
    # With none that differ the interval is z² / (n + z²) wide on each side; z = 1.96 + 0.84.
    z2 = (1.959964 + 0.841621) ** 2
    assert rows_needed(Pairs(100, 0, 0), 0.005) == pytest.approx(z2 * (1 - 0.005) / 0.005, rel=0.03)


def test_the_rows_that_are_needed_give_a_verdict_four_times_in_five() -> None:
    random = np.random.default_rng(7)
    some = Pairs(1000, 12, 12)
    needed = rows_needed(some, 0.005)
    assert needed is not None
    draws = random.multinomial(needed, [0.012, 0.012, 0.976], size=400)
    told = [judge(Pairs(needed, int(lost), int(gained)), 0.005).judgement for lost, gained, _ in draws]
    assert told.count("no worse") / len(told) == pytest.approx(0.8, abs=0.07)


@st.composite
def shares(draw: st.DrawFn) -> tuple[Shares, Shares]:
    """Draw, for two variants, how many of up to 9 answers to each row were right; NaN where there is none."""
    answers = st.integers(0, 9).flatmap(
        lambda count: st.integers(0, count).map(lambda right: right / count if count else nan)
    )
    rows = draw(st.lists(st.tuples(answers, answers), min_size=1, max_size=40))
    ours, theirs = zip(*rows, strict=True)
    return np.array(ours), np.array(theirs)


@given(shares())
def test_only_rows_that_both_have_answered_count_each_by_its_share_of_right_answers(
    drawn: tuple[Shares, Shares],
) -> None:
    ours, theirs = drawn
    changes = [one - other for one, other in zip(ours.tolist(), theirs.tolist(), strict=True)]
    seen = [change for change in changes if not isnan(change)]
    found, turned = Pairs.of_shares(ours, theirs), Pairs.of_shares(theirs, ours)
    assert (found is None) == (not seen)
    if found is not None:
        assert found.rows == len(seen)
        assert found.difference.value == pytest.approx(sum(seen) / len(seen), abs=1e-12)
        assert -1 <= found.difference.low < found.difference.high <= 1
        assert turned == Pairs(found.rows, found.gained, found.lost)


@given(pairs().filter(lambda some: some.rows < 500))
def test_rows_answered_once_are_counted_as_whole_rows_are(some: Pairs) -> None:
    counts = [int(some.lost), int(some.gained), some.rows - int(some.lost + some.gained)]
    ours, theirs = (np.repeat(right, counts) for right in ([0.0, 1.0, 1.0], [1.0, 0.0, 1.0]))
    assert Pairs.of_shares(ours, theirs) == some


@pytest.mark.parametrize("rows", [1, 2, 360, 10**6])
@pytest.mark.parametrize(
    ("lost", "gained"), [(0, 0), (1, 0), (0, 1), (0.5, 0.5), (1e-12, 0), (0, 1 - 1e-16), (1 - 1e-12, 0)]
)
def test_the_interval_is_finite_where_hardly_anything_is_known(rows: int, lost: float, gained: float) -> None:
    for found in (Pairs(rows, lost, gained), Pairs(rows, lost * rows, gained * rows)):
        difference = found.difference
        assert -1 <= difference.low < difference.high <= 1
        assert difference.value in difference


def test_where_no_row_differs_the_interval_is_as_wide_as_so_few_rows_make_it() -> None:
    # The likeliest rate of rows lost is then 0 above, so the end solves n d² = z² d (1 - d).
    z2 = 1.959964**2
    found = Pairs(360, 0, 0).difference
    end = z2 / (360 + z2)
    assert (found.value, found.low, found.high) == pytest.approx((0, -end, end))


def test_errors_on_the_same_rows_make_the_interval_narrower() -> None:
    paired = Pairs(1000, 5, 5).difference
    unpaired = unpaired_difference((0.895, 1000), (0.895, 1000))
    assert paired.high - paired.low < 0.6 * (unpaired.high - unpaired.low)


@pytest.mark.parametrize(("answers", "most"), [(1, 0.97), (4, 1.0)])
def test_the_interval_of_rows_answered_several_times_covers_the_truth_at_least_as_often(
    answers: int, most: float
) -> None:
    """Each row is got right with a chance of its own by each variant, and is asked about again and again."""
    random = np.random.default_rng(3)
    theirs = random.beta(6, 1, (800, 300))  # (runs, rows)
    ours = np.clip(theirs + random.normal(-0.02, 0.1, theirs.shape), 0, 1)
    truth = float(np.mean(ours - theirs))
    drawn = [random.binomial(answers, chance) / answers for chance in (ours, theirs)]
    counted = [Pairs.of_shares(one, other) for one, other in zip(*drawn, strict=True)]
    held = sum(truth in found.difference for found in counted if found is not None)
    assert 0.93 < held / len(counted) <= most


def test_the_surer_one_must_be_the_more_rows_it_takes() -> None:
    pairs = Pairs(400, 1, 0)
    usual, surer = rows_needed(pairs, 0.01), rows_needed(pairs, 0.01, confidence=0.99)
    assert usual is not None
    assert surer is not None
    assert 400 < usual < surer


@given(st.lists(pairs(), min_size=1, max_size=5), st.sampled_from([0.001, 0.01, 0.1]))
def test_many_counts_are_held_against_a_margin_as_each_by_its_interval(
    several: list[Pairs], margin: float
) -> None:
    rows = max(pairs.rows for pairs in several)
    lost, gained = (np.array([getattr(pairs, name) for pairs in several]) for name in ("lost", "gained"))
    each = [Pairs(rows, *both).difference.is_more_than(-margin) for both in zip(lost, gained, strict=True)]
    assert clears(margin, gained, lost, rows).tolist() == each
