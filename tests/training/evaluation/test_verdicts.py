from __future__ import annotations

from dataclasses import replace

from evidence.cascades import Cascade
from evidence.estimate import Estimate
from evidence.paired import Yardstick, judge
from tests.training.evaluations import evaluation
from training.evaluation.verdicts import verdicts

Y = [0, 1] * 500


def kept(count: int) -> list[str]:
    """Return the judgements of float32 and so many variants that answer just as it does."""
    names = ["float32", *(f"w{n + 2}-int8" for n in range(count))]
    return [str(one) for one in verdicts([evaluation(name, Y, Y, Y) for name in names], 0.005).values()]


def test_the_more_variants_are_judged_the_more_rows_each_verdict_takes() -> None:
    assert kept(1) == ["no worse"]  # 1,000 rows of which none differs: p = 0.012
    assert kept(6) == ["not enough rows to tell: about 2,500 needed"] * 6


def test_the_reference_is_not_judged_whatever_it_is_called() -> None:
    rungs = [evaluation(name, Y, Y, Y, yardstick=Yardstick("given")) for name in ("float32", "given")]
    assert [one.is_reference for one in rungs] == [False, True]
    assert list(verdicts(rungs, 0.005)) == ["float32"]


def test_a_cascade_that_was_chosen_on_other_rows_is_judged_by_itself() -> None:
    rule = Cascade("small", "int8", 0.5, Estimate(0.2, 0.1, 0.3))
    rungs = [evaluation(name, Y, Y, Y) for name in ("float32", *(f"w{n + 2}-int8" for n in range(6)))]
    both = replace(evaluation("cascade", Y, Y, Y), cascade=rule)
    judged = verdicts([*rungs, both], 0.005)
    assert judged["cascade"].judgement == "no worse"
    assert {name: one for name, one in judged.items() if name != "cascade"} == verdicts(rungs, 0.005)


def test_a_variant_that_surely_lost_is_worse_among_many_too_and_one_alone_is_judged_as_before() -> None:
    lost = [1 - label for label in Y[:60]] + Y[60:]
    rungs = [evaluation("float32", Y, Y, Y), *(evaluation(f"w{n + 2}-int8", lost, Y, Y) for n in range(9))]
    assert {one.judgement for one in verdicts(rungs, 0.005).values()} == {"worse"}
    (alone,) = verdicts(rungs[:2], 0.005).values()
    assert alone == judge(rungs[1].tally.pairs, 0.005)
