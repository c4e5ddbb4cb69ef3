from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from loadtests.result import Result
from loadtests.verdict import judge
from tests.loadtests.results import result

NAMES = ["float32", "float16", "int8", "int16x8"]
FIGURES = st.tuples(st.floats(10, 1e5), st.integers(1, 10_000), st.floats(0.5, 1))


def _text(results: list[Result]) -> str:
    return "\n".join(judge(results).sentences)


def test_the_fastest_of_those_as_accurate_as_float32_is_recommended() -> None:
    results = [
        result("float32", rows_per_s=1000, size=4000, accuracy=0.98),
        result("int8", rows_per_s=2000, size=1000, accuracy=0.975),
        result("int4", rows_per_s=9000, size=500, accuracy=0.80),
    ]
    verdict = judge(results)
    assert verdict.recommended == "int8"
    assert "not told apart from that of `float32` on 360 rows" in verdict.sentences[0]
    assert "2.00 times `float32`, at 25% of the size" in verdict.sentences[0]
    assert "`int4` is less accurate than `float32`: 0.8000" in _text(results)


def test_the_most_rows_a_request_decide() -> None:
    results = [
        result("float32", 1, 100, 1000),
        result("float32", 32, 5000, 1000),
        result("int8", 1, 900, 2000),
        result("int8", 32, 1000, 2000),
    ]
    assert judge(results).recommended == "float32"


def test_a_difference_within_the_interval_is_never_called_an_improvement() -> None:
    text = _text([result("float32", size=4000, accuracy=0.975), result("int8", accuracy=0.985)])
    assert "not told apart" in text
    assert "more accurate" not in text


def test_a_variant_whose_whole_interval_lies_above_float32_may_be_recommended() -> None:
    verdict = judge([result("float32", accuracy=0.5), result("int8", rows_per_s=2000, accuracy=0.99)])
    assert verdict.recommended == "int8"
    assert "not below that of `float32`" in verdict.sentences[0]


def test_a_variant_with_failed_requests_is_not_recommended() -> None:
    results = [result("float32"), result("int8", rows_per_s=9000, failures={"status 500": 3})]
    assert judge(results).recommended == "float32"
    assert "`int8` with 1 row a request: 3 of 103 requests failed (3 x status 500)." in _text(results)
    assert judge([result("float32", failures={"status 500": 1})]).recommended is None


def test_without_float32_nothing_is_recommended() -> None:
    verdict = judge([result("int8"), result("float16")])
    assert verdict.recommended is None
    assert "`float32`" in verdict.sentences[0]


def test_a_gain_that_the_model_cannot_explain_is_doubted() -> None:
    small, large = result("float32", model_ms=0.1), result("float32", model_ms=0.5)
    gain = result("int8", rows_per_s=1700)
    assert "Doubt the throughput of `int8`: 1.70 times `float32`, where 1.11 can" in _text([small, gain])
    quick, slow = result("float32", rows_per_s=1700), result("int8", model_ms=0.1, size=900)
    assert "Doubt the throughput of `float32`: 1.70 times `int8`, where 1.11 can" in _text([quick, slow])
    assert "Doubt" not in _text([large, gain])
    assert "Doubt" not in _text(
        [result("float32", rows_per_s=1000, model_ms=0.87), result("int8", rows_per_s=13_000)]
    )
    assert "Doubt" not in _text([result("float32", model_ms=None), gain])


def test_http_is_said_to_dominate_where_the_model_is_a_small_share() -> None:
    small, large = result("float32", 1, model_ms=0.199), result("float32", 32, model_ms=0.2)
    assert "With 1 row a request HTTP dominates: the model takes 19.9%" in _text([small, large])
    assert "With 32 rows a request the model matters: the model takes 20.0%" in _text([small, large])
    assert "request HTTP" not in _text([result("float32", model_ms=None)])


def test_a_slower_variant_that_gains_nothing_is_dominated() -> None:
    results = [result("int8", rows_per_s=2000, size=900), result("int16x8", rows_per_s=100, size=950)]
    assert judge(results).dominated == {"int16x8": "int8"}


def test_a_variant_that_is_smaller_or_faster_anywhere_is_not_dominated() -> None:
    faster = [result("int8", 1, 1000), result("int8", 32, 9000)]
    assert judge([*faster, result("tiny", 1, 500, 10), result("tiny", 32, 500, 10)]).dominated == {}
    assert judge([*faster, result("odd", 1, 2000, 1500), result("odd", 32, 500, 1500)]).dominated == {}


def test_throughputs_within_five_per_cent_are_not_told_apart() -> None:
    results = [result("float32", rows_per_s=1000, size=2000), result("float16", rows_per_s=970, size=1000)]
    assert judge(results).dominated == {"float32": "float16"}
    close = [*results, result("int8", rows_per_s=1010, size=1500)]
    assert "does not tell it apart from" in _text(close) or judge(close).recommended == "float16"


def test_the_order_is_not_proven_where_the_generator_was_the_limit() -> None:
    results = [result("float32", size=2000), result("int8", rows_per_s=2000, cpu=0.91)]
    assert "the load generator was the limit for `int8`" in _text(results)
    assert "limit" not in _text([result("float32", cpu=0.9), result("int8", cpu=None)])


@given(st.lists(FIGURES, min_size=4, max_size=4))
def test_no_two_variants_dominate_each_other_and_the_advice_is_not_to_ship_a_dominated_candidate(
    figures: list[tuple[float, int, float]],
) -> None:
    results = [
        result(name, rows_per_s=speed, size=size, accuracy=accuracy)
        for name, (speed, size, accuracy) in zip(NAMES, figures, strict=True)
    ]
    verdict = judge(results)
    assert all(verdict.dominated.get(better) != worse for worse, better in verdict.dominated.items())
    assert verdict.recommended is not None
    by_name = {one.variant: one.summary.accuracy for one in results}
    reference, chosen = by_name["float32"], by_name[verdict.recommended]
    assert reference is not None
    assert chosen is not None
    assert chosen.high >= reference.value


def test_a_variant_without_a_single_answer_is_judged_by_its_failures_alone() -> None:
    dead = result("int8", accuracy=None, failures={"no answer (ConnectionRefusedError)": 9})
    verdict = judge([result("float32"), dead])
    assert verdict.recommended == "float32"
    assert any("ConnectionRefusedError" in sentence for sentence in verdict.sentences)
