"""Our generator and Locust's FastHttpUser are programs that carry out the same orders, and are compared."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest

from benchmarks.errors import ProcessError
from benchmarks.measure.sample import Sample
from benchmarks.parts.generator import SENDERS, figures, order_for, run, sender
from benchmarks.plan import Plan
from benchmarks.report.result import Result
from bundle.store import ModelStore
from tests.loadtests.conftest import counts_of, fake_service


@pytest.mark.parametrize(
    ("name", "told"),
    [("ours", "error: no service answers at"), ("FastHttpUser", "requests of FastHttpUser failed")],
)
def test_a_sender_sends_as_often_as_it_is_ordered_and_ends_with_one_line_where_nobody_answers(
    name: str, told: str, plan: Plan
) -> None:
    store = plan.models.folder
    with ExitStack() as stack:
        with fake_service(store) as host:
            order = order_for(host, store, ModelStore(store).open("digits")) | {"users": 2, "warmup_s": 0.2}
            subject = stack.enter_context(sender(name, order, plan))
            begun = time.monotonic()
            samples = [subject(0.4) for _ in range(2)]
            seconds = time.monotonic() - begun
            asked = counts_of(host)["requests"]
        for sample in samples:
            assert sample.count > 0
            assert 0.3 < sample.seconds < seconds
            # Locust counts in whole milliseconds, which on a fast machine are none.
            assert 0 <= sample.p50_us <= sample.p99_us
            assert sample.p50_us > 0 or name == "FastHttpUser"
            assert sample.load_cpu is not None
            assert 0 < sample.load_cpu <= 1
        assert asked > sum(sample.count for sample in samples)  # those of the warm-up do not count
        with pytest.raises(ProcessError, match=told) as error:
            subject(0.4)
    assert "Traceback" not in str(error.value)


def test_requests_a_second_are_compared_and_what_a_request_costs_is_told() -> None:
    samples = {
        "ours": [Sample(5000, 1.0, 1.0, 2.0, 0.5), Sample(6000, 1.0, 1.0, 2.0, 0.9)],
        "FastHttpUser": [Sample(1000, 1.0, 1.0, 2.0, 1.0), Sample(1000, 0.5, 1.0, 2.0, 1.0)],
    }
    found = {figure.name: figure for figure in figures(samples)}
    assert "requests/s, ours / wrk" not in found
    ratio = found["requests/s, ours / FastHttpUser"]
    assert (ratio.values, str(ratio.aim), ratio.is_met) == ((5.0, 3.0), "≥ 2", True)
    assert found["ours: processor time a request, µs"].values == pytest.approx((100.0, 150.0))
    assert found["FastHttpUser: share of its core"].values == (1.0, 1.0)
    samples["wrk"] = [Sample(8000, 1.0, 1.0, 2.0), Sample(8000, 1.0, 1.0, 2.0)]
    found = {figure.name: figure for figure in figures(samples)}
    ratio = found["requests/s, ours / wrk"]
    assert (ratio.values, str(ratio.aim), ratio.is_met) == ((0.625, 0.75), "≥ 0.7", False)


@pytest.mark.slow
def test_the_whole_part_measures_both_on_the_bare_application(plan: Plan) -> None:
    result = Result("generator", "")
    run(plan, result)
    [samples] = result.samples.values()
    ours, theirs = (samples[name][0].per_s for name in SENDERS)
    assert result.notes == ["wrk is not installed"]  # the client of this plan is ours
    [ratio] = [figure for figure in result.figures if figure.aim]
    assert ratio.values == (ours / theirs,)
    assert result.is_bad == (ours / theirs < 2.0)
