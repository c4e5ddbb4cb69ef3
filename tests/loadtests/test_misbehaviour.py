"""The generator, and what a run checks, against a service that misbehaves in known ways."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from bundle.bundle import Bundle
from bundle.store import ModelStore
from loadtests.errors import GeneratorError
from loadtests.experiment import checks
from loadtests.generator.process import Generator
from loadtests.measure.samples import merge
from loadtests.measure.summary import summarise_windows
from loadtests.protocol.dialects.predict import Predict
from loadtests.protocol.endpoint import Endpoint
from loadtests.system import audits
from loadtests.system.offline_predictions import predict
from loadtests.workload.order import Order
from loadtests.workload.scenarios import SCENARIOS
from loadtests.workload.target import target_of
from tests.loadtests.conftest import counts_of, fake_service, plain_order
from tests.patience import wait_until

VARIANT = "int8"


@pytest.fixture(scope="module")
def bundle(models: Path) -> Bundle:
    return ModelStore(models).open("digits")


@pytest.fixture(scope="module")
def offline(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The variant's own predictions, from a process without HTTP."""
    file = tmp_path_factory.mktemp("offline") / "offline.npz"
    assert (predict(bundle, VARIANT, file=file, core=None).rows_per_s or 0.0) > 0
    return file


@pytest.fixture(scope="module")
def faithful(models: Path) -> Iterator[str]:
    """A service that answers as the variant does; who counts its requests, counts from where they begin."""
    with fake_service(models, "--as-model", VARIANT) as address:
        yield address


@pytest.fixture
def order(models: Path) -> Callable[..., Order]:
    """Make an order for a host, of the changes that are named."""

    def make(host: str, **changes: Any) -> Order:
        return plain_order(models, host, **{"variant": VARIANT, "rows": 2, **changes})

    return make


def test_stalls_show_in_the_latency_from_the_schedule_and_not_in_that_from_the_sending(
    start_fake: Callable[..., str], generator: Generator, order: Callable[..., Order], tmp_path: Path
) -> None:
    """One request in 150 stalls, so it is beyond p99; those that had to wait behind it are one in six."""
    host = start_fake("--stall-every", "150", "--stall-ms", "400")
    wanted = order(host, scenario="server", rows=1, rate=160.0, connections=1, duration_s=2.5)
    window = generator.send(wanted, tmp_path / "s.npz")
    summary = summarise_windows([window])
    assert summary.latency is not None
    assert summary.uncorrected is not None
    stalled = np.sort(window.samples.done - window.samples.sent)
    assert np.count_nonzero(stalled >= 0.4) == counts_of(host)["requests"] // 150
    assert summary.latency.p99_ms.value > 300
    assert summary.uncorrected.p99_ms.value < summary.latency.p99_ms.value / 2
    assert summary.sent_late_p99_ms is not None
    assert summary.sent_late_p99_ms < summary.latency.p99_ms.value / 2  # to wait is not to be sent late


def test_an_open_loop_sends_all_that_was_drawn_even_where_nothing_is_answered_in_time(
    start_fake: Callable[..., str], generator: Generator, order: Callable[..., Order], tmp_path: Path
) -> None:
    host = start_fake("--stall-every", "20", "--stall-ms", "500")
    window = generator.send(order(host, scenario="server", rate=60.0, duration_s=2.0), tmp_path / "s.npz")
    samples = window.samples
    asked = counts_of(host)["requests"]
    assert len(samples) == asked - 1  # the first was to see whether it knows the variant
    assert samples.ok.all()
    assert np.all(samples.sent >= samples.scheduled)
    in_flight = [np.count_nonzero((samples.sent < one) & (samples.done > one)) for one in samples.sent]
    assert max(in_flight) > 5  # a closed loop of so many connections would have had to be told how many


def test_connections_that_are_closed_without_an_answer_are_counted_and_replaced(
    start_fake: Callable[..., str], generator: Generator, order: Callable[..., Order], tmp_path: Path
) -> None:
    host = start_fake("--hang-up-every", "5")
    wanted = order(host, scenario="server", rate=200.0, connections=2, duration_s=1.5)
    samples = generator.send(wanted, tmp_path / "s.npz").samples
    did = counts_of(host)
    assert did["hang_ups"] > 20
    reasons = [str(samples.errors[one]) for one in samples.error[samples.error >= 0]]
    assert reasons == ["no answer (the connection was closed before an answer)"] * did["hang_ups"]
    assert len(samples) == did["requests"] - 1  # the first was to see whether it knows the variant


def test_connections_that_are_closed_before_the_first_request_lose_none(
    start_fake: Callable[..., str], generator: Generator, order: Callable[..., Order], tmp_path: Path
) -> None:
    host = start_fake("--close-first", "20")
    samples = generator.send(order(host, scenario="server", duration_s=0.5), tmp_path / "s.npz").samples
    assert len(samples) == counts_of(host)["requests"] - 1 > 20
    assert samples.ok.all()


def test_requests_and_answers_of_many_pieces_go_through_an_open_loop(
    start_fake: Callable[..., str], generator: Generator, order: Callable[..., Order], tmp_path: Path
) -> None:
    host = start_fake()  # it knows the true label of every row
    rows = 10_000  # the test rows again and again: megabytes, more than a socket takes at once
    wanted = order(host, scenario="server", rows=rows, rate=4.0, duration_s=1.0, seed=3)
    samples = generator.send(wanted, tmp_path / "s.npz").samples
    assert len(samples) == counts_of(host)["requests"] - 1 > 1
    assert samples.ok.all()
    assert samples.correct.tolist() == [rows] * len(samples)


def test_errors_and_wrong_answers_are_found_and_counted_exactly(
    start_fake: Callable[..., str],
    generator: Generator,
    order: Callable[..., Order],
    offline: Path,
    tmp_path: Path,
) -> None:
    host = start_fake("--error-every", "20", "--wrong-every", "100", "--as-model", VARIANT)
    wanted = order(host, scenario="server", rate=200.0, duration_s=2.0, offline=str(offline))
    window = generator.send(wanted, tmp_path / "s.npz")
    summary, did = summarise_windows([window], bound_ms=60_000), counts_of(host)
    assert did["errors"] > 5
    assert summary.failures == {"status 500": did["errors"]}
    assert did["wrong"] > 2
    rows = window.samples
    assert np.count_nonzero(rows.astray) == did["wrong"]  # each time another row
    assert checks.of_answers(summary, SCENARIOS["server"]).is_void
    assert summary.in_time == summary.offered - did["errors"]
    assert summary.effective_accuracy is not None
    asked, (_, right) = rows.asked_by_row(rows.ok | ~rows.ok), rows.answers_by_row(rows.ok)
    assert right.sum() == rows.correct.sum()
    assert summary.effective_accuracy.value == pytest.approx(np.mean(right[asked > 0] / asked[asked > 0]))


def test_a_faithful_service_agrees_with_its_predictions_offline(
    faithful: str,
    generator: Generator,
    order: Callable[..., Order],
    offline: Path,
    bundle: Bundle,
    tmp_path: Path,
) -> None:
    wanted = order(faithful, rows=40, think_s=0.01, offline=str(offline))
    samples = generator.send(wanted, tmp_path / "s.npz").samples
    assert len(samples) > 9
    assert not samples.astray.any()
    assert np.nanmax(samples.difference) < 1e-6
    x, _ = bundle.test_set()
    assert audits.of_batches(Endpoint(faithful), Predict(target_of(bundle, VARIANT)), x).passed


def test_a_cache_is_caught(start_fake: Callable[..., str], bundle: Bundle) -> None:
    x, _ = bundle.test_set()
    check = audits.of_cache(
        Endpoint(start_fake("--cache-ms", "20")), Predict(target_of(bundle, VARIANT)), x, seed=1
    )
    assert check.is_void
    assert re.search(r"% faster, .*; at most 10% faster is allowed", check.detail)


def test_what_may_be_the_machine_is_no_cache_and_nothing_is_said_where_nothing_is_sure() -> None:
    """Medians of a machine that has other things to do were 24% apart, of one service that has no cache."""
    random = np.random.default_rng(4)
    new = random.lognormal(-7, 0.1, 200)
    assert audits.judge_cache(new * random.lognormal(0, 1.0, 200), new).passed is None
    few = np.array([1.0, 1.1, 0.9])
    assert audits.judge_cache(few * [0.4, 1.2, 0.7], few).passed is None
    assert audits.judge_cache(new * random.lognormal(0, 0.1, 200), new).passed is True


def test_an_open_loop_in_which_too_many_are_late_is_given_up(
    start_fake: Callable[..., str], generator: Generator, order: Callable[..., Order], tmp_path: Path
) -> None:
    host = start_fake("--slow-ms", "100", "--one-at-a-time")
    wanted = order(host, scenario="server", rows=1, rate=40.0, duration_s=60.0, late_ms=300.0, late_max=5)
    window = generator.send(wanted, tmp_path / "s.npz")
    samples = window.samples
    assert window.end == samples.given_up < samples.scheduled[0] + 60.0
    assert samples.scheduled.max() <= samples.given_up
    late = (samples.done - samples.scheduled > 0.3) | ~samples.ok
    assert np.count_nonzero(late) > 5
    summary = summarise_windows([window], bound_ms=300.0)
    assert summary.offered == len(samples) < 40 * 60


def test_rows_that_are_as_fast_again_as_new_are_no_cache() -> None:
    random = np.random.default_rng(1)
    new = random.normal(1e-3, 1e-5, 200)
    assert audits.judge_cache(new * 0.95, new).passed
    assert not audits.judge_cache(new * 0.85, new).passed


@pytest.mark.skipif(sys.platform != "linux", reason="the process is found by its log, as /proc has it")
def test_a_generator_that_ended_is_a_failure_of_one_order_and_not_of_the_next(
    faithful: str, generator: Generator, order: Callable[..., Order], generator_log: Path, tmp_path: Path
) -> None:
    (child,) = _writing_to(generator_log)
    child.kill()
    with pytest.raises(GeneratorError, match=r"the load generator (had )?ended"):
        generator.send(order(faithful, duration_s=0.2), tmp_path / "s.npz")
    assert len(generator.send(order(faithful, think_s=0.01, duration_s=0.2), tmp_path / "s.npz").samples)
    (other,) = _writing_to(generator_log)
    assert other != child


@pytest.mark.skipif(sys.platform != "linux", reason="the process is found by its log, as /proc has it")
def test_a_generator_that_is_kept_from_its_core_is_void(
    faithful: str, generator: Generator, order: Callable[..., Order], generator_log: Path, tmp_path: Path
) -> None:
    (child,) = _writing_to(generator_log)
    before = counts_of(faithful)["requests"]

    def starve() -> None:
        wait_until(lambda: counts_of(faithful)["requests"] >= before + 20)
        child.suspend()
        time.sleep(0.6)  # so long it has no core
        child.resume()

    other = threading.Thread(target=starve)
    other.start()
    wanted = order(faithful, scenario="server", rate=100.0, duration_s=5.0)
    summary = summarise_windows([generator.send(wanted, tmp_path / "s.npz")])
    other.join()
    check = checks.of_schedule(summary, SCENARIOS["server"])
    assert check.is_void, check.detail


def _writing_to(log: Path) -> list[psutil.Process]:
    """Return the processes of ours that complain to a file."""
    return [
        one for one in psutil.Process().children() if Path(f"/proc/{one.pid}/fd/2").resolve() == log.resolve()
    ]


def test_the_rounds_of_a_run_are_merged_as_they_were(
    faithful: str, generator: Generator, order: Callable[..., Order], tmp_path: Path
) -> None:
    windows = [
        generator.send(order(faithful, scenario="server", seed=seed, duration_s=0.5), tmp_path / "s.npz")
        for seed in (1, 2)
    ]
    merged = merge([one.samples for one in windows])
    assert len(merged) == sum(len(one.samples) for one in windows)
    summary = summarise_windows(windows)
    assert summary.offered == len(merged)
    assert summary.seconds == pytest.approx(1.0)
