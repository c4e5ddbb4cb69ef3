"""Far more work than there is time for: some of it is done well, the rest refused at once."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from service.http.backoff import Backoff
from tests.running_service import RunningService, running_service
from tests.service.conftest import Hold
from tests.service.connection import Connection, request
from tests.service.load import OCTETS, Load, load, percentile
from tests.service.metrics_text import scrape, wait_for

SLOW = "?variant=int16x8"
ROWS = 128  # in a request, for a call of some 20 ms
MANY = 5000  # for a call of some 750 ms
BOUND = 2 * ROWS  # rows that may wait
PAUSE_S = 0.02  # of a client that was refused; it should be a second, and we have only two
CLIENTS = 16
HASTY = 32  # clients that retry at once
REFUSED_PER_S = 2 / Backoff().longest_s  # twice what is aimed at
TARGET = '{model="digits",variant="int16x8"}'
SHED = 'requests_total{model="digits",outcome="503",variant="int16x8"}'
EXPIRED = 'requests_total{model="digits",outcome="504",variant="int16x8"}'
GONE = 'requests_total{model="digits",outcome="disconnected",variant="int16x8"}'
CALLS = f"inference_seconds_count{TARGET}"


@contextmanager
def slow_service(
    slow_models: Path, log: Path, *arguments: str, hold: Hold | None = None
) -> Iterator[RunningService]:
    """A service with one lane, that takes large requests for the slowest variant."""
    common = ("--preload", "int16x8", "--threads", "1", "--max-rows", str(MANY))
    environment = None if hold is None else hold.environment
    with running_service(slow_models, log, *common, *arguments, environment=environment) as service:
        yield service


@pytest.fixture(scope="module")
def bounded(slow_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service in which at most BOUND rows may wait."""
    log = tmp_path_factory.mktemp("bounded") / "log"
    bounds = ("--max-waiting-rows", str(BOUND), "--max-wait-ms", "60000")  # however slow the machine is
    with slow_service(slow_models, log, *bounds) as service:
        yield service


@pytest.fixture(scope="module")
def impatient(
    slow_models: Path, call_hold: Hold, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """A service in which nobody may wait; a row is for the loop, 128 are for a thread."""
    log = tmp_path_factory.mktemp("impatient") / "log"
    bounds = ("--max-wait-ms", "1", "--inline-us", "5000")
    with slow_service(slow_models, log, *bounds, hold=call_hold) as service:
        yield service


@contextmanager
def overload(service: RunningService, *, clients: int = CLIENTS) -> Iterator[Load]:
    with load(
        service.client,
        f"/predict{SLOW}",
        bytes(256 * ROWS),
        connections=clients,
        headers=OCTETS,
        pause_s=PAUSE_S,
    ) as running:
        yield running


def goodput(running: Load, since: float, until: float) -> float:
    return sum(since <= sample.end < until for sample in running.of(200)) / (until - since)


def goodput_of_two(service: RunningService, seconds: float) -> float:
    """Return how many requests a second are answered while as many wait as one call takes."""
    with overload(service, clients=2) as calm:
        calm.wait_for(5)
        start = time.monotonic()
        time.sleep(seconds)  # how long the goodput is measured
        found = goodput(calm, start, time.monotonic())
    assert calm.failures() == []
    return found


@dataclass(frozen=True)
class Beyond:
    """What sixteen clients met, from `start` to `end`, and how long it took to look, in seconds."""

    load: Load
    start: float
    end: float
    looks: list[float]


def beyond_capacity(service: RunningService, seconds: float) -> Beyond:
    """Load a service in which at most BOUND rows may wait: the rest is refused, and nothing grows."""
    process, shed = psutil.Process(service.process.pid), scrape(service.client, SHED)
    with overload(service) as running:
        running.wait_for(20, status=503)
        running.wait_for(5)
        before = process.memory_info().rss
        start = time.monotonic()
        looks, waiting = [], []
        while time.monotonic() < start + seconds:
            look = time.monotonic()
            assert service.client.get("/health/live").status_code == 200
            assert service.client.get("/health/ready").status_code == 200
            waiting.append(scrape(service.client, "waiting_rows"))
            looks.append((time.monotonic() - look) / 3)
            time.sleep(PAUSE_S)  # for the looks not to be an overload of their own
        end = time.monotonic()
        wait_for(service.client, "waiting_rows", lambda rows: rows == BOUND)
        grown = process.memory_info().rss - before
    assert {sample.status for sample in running.samples} == {200, 503}
    for sample in running.of(503):
        assert sample.retry_after is not None
        assert int(sample.retry_after) >= 1
        assert sample.detail == f"{BOUND} rows are waiting; at most {BOUND} may"
    assert scrape(service.client, SHED) - shed == len(running.of(503))
    assert max(waiting) <= BOUND
    assert grown < 32 * 2**20
    assert wait_for(service.client, "waiting_rows", lambda rows: rows == 0) == 0
    return Beyond(running, start, end, looks)


def test_far_beyond_capacity_some_are_answered_the_rest_refused_and_nothing_grows(
    bounded: RunningService,
) -> None:
    beyond_capacity(bounded, seconds=0.5)


@pytest.mark.slow
def test_goodput_and_waits_hold_for_minutes(bounded: RunningService) -> None:
    calm = goodput_of_two(bounded, seconds=10.0)
    found = beyond_capacity(bounded, seconds=120.0)
    # Without the bound, each of the sixteen would wait for the fifteen others.
    admitted = [sample.end - sample.start for sample in found.load.of(200)]
    assert percentile(admitted, 0.5) < CLIENTS / 2 / calm
    assert goodput(found.load, found.start, found.end) > 0.4 * calm
    assert statistics.median(found.looks) < 0.1


def test_clients_that_retry_at_once_are_refused_no_oftener_for_it(bounded: RunningService) -> None:
    see_hasty_clients_held_back(bounded, ROWS)  # refused the short way


def test_clients_that_retry_at_once_with_a_row_are_refused_no_oftener_for_it(
    slow_models: Path, tmp_path: Path
) -> None:
    bounds = ("--max-waiting-rows", "2", "--inline-us", "0")
    with slow_service(slow_models, tmp_path / "log", *bounds) as service:
        see_hasty_clients_held_back(service, 1)  # refused the long way


def see_hasty_clients_held_back(service: RunningService, rows: int) -> None:
    """Load a service in which two requests of so many rows may wait."""
    with load(
        service.client, f"/predict{SLOW}", bytes(256 * rows), connections=HASTY, headers=OCTETS
    ) as running:
        running.wait_for(HASTY, status=503)
        before, start = len(running.of(503)), time.monotonic()
        running.wait_for(50, status=503)
        running.wait_for(20)
        refused, took_s = len(running.of(503)) - before, time.monotonic() - start
        running.stop()
        answer = service.client.post(f"/predict{SLOW}", content=bytes(256 * rows), headers=OCTETS)
    assert {sample.status for sample in running.samples} == {200, 503}
    assert refused < HASTY + REFUSED_PER_S * took_s
    assert answer.status_code == 200


def test_who_would_wait_too_long_is_refused_before_waiting(impatient: RunningService) -> None:
    with overload(impatient) as running:
        running.wait_for(20, status=503)
        running.wait_for(5)
        running.stop()
        assert {sample.status for sample in running.samples} == {200, 503}
        for sample in running.of(503):
            assert sample.detail.startswith("the wait would be ")
            assert sample.detail.endswith(" ms; at most 1 ms is allowed")


@pytest.fixture(scope="module")
def patient(
    slow_models: Path, call_hold: Hold, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """A service with one lane, in which everyone may wait."""
    log = tmp_path_factory.mktemp("patient") / "log"
    bounds = ("--max-waiting-rows", "1000000", "--max-wait-ms", "60000", "--inline-us", "0")
    with slow_service(slow_models, log, *bounds, hold=call_hold) as service:
        yield service


@contextmanager
def busy(service: RunningService, hold: Hold) -> Iterator[Connection]:
    """Keep the only lane busy with one call while the block runs; its answer has not come by then."""
    with Connection(service.client) as connection:
        with hold.of_calls():
            connection.send(request(bytes(256 * MANY), "content-type: application/octet-stream", query=SLOW))
            wait_for(service.client, "waiting_rows", lambda waiting: waiting == MANY)
            before = scrape(service.client, CALLS)
            yield connection
            assert scrape(service.client, CALLS) == before
        assert connection.read().status == 200


def test_health_is_answered_while_a_long_call_runs(patient: RunningService, call_hold: Hold) -> None:
    with busy(patient, call_hold):
        for _ in range(10):
            assert patient.client.get("/health/live").status_code == 200
            assert patient.client.get("/health/ready").status_code == 200


def test_what_has_expired_is_a_504_and_costs_no_inference(patient: RunningService, call_hold: Hold) -> None:
    client = patient.client
    octets = "content-type: application/octet-stream"
    before = scrape(client, CALLS), scrape(client, EXPIRED)
    with busy(patient, call_hold), Connection(client) as by_query, Connection(client) as by_header:
        by_query.send(request(bytes(256), octets, query=f"{SLOW}&timeout_ms=20"))
        by_header.send(request(bytes(256), octets, "x-timeout-ms: 20", query=SLOW))
        for connection in (by_query, by_header):
            answer = connection.read()
            assert answer.status == 504
            assert "the time that the request allows was over" in answer.detail
        assert scrape(client, "waiting_rows") == MANY  # their places are free
    assert scrape(client, EXPIRED) == before[1] + 2
    assert scrape(client, CALLS) == before[0] + 1
    generous = client.post(f"/predict{SLOW}&timeout_ms=60000", content=bytes(256), headers=OCTETS)
    assert generous.status_code == 200


def test_what_has_expired_on_arrival_is_a_504_too(patient: RunningService) -> None:
    before = scrape(patient.client, CALLS)
    for query, header in (("&timeout_ms=0.0001", {}), ("", {"x-timeout-ms": "0.0001"})):
        answer = patient.client.post(f"/predict{SLOW}{query}", content=bytes(256), headers=OCTETS | header)
        assert answer.status_code == 504, answer.text
    assert scrape(patient.client, CALLS) == before


@pytest.mark.parametrize("bad", ["0", "-1", "soon", "nan", "inf", "1e3", "3600001"])
def test_a_timeout_that_is_none_is_a_422(client: httpx.Client, bad: str) -> None:
    for query, header in ((f"?timeout_ms={bad}", {}), ("", {"x-timeout-ms": bad})):
        answer = client.post(f"/predict{query}", content=bytes(256), headers=OCTETS | header)
        assert answer.status_code == 422
        assert f"timeout_ms is '{bad}'; it must be above 0" in answer.json()["detail"]


def test_clients_that_go_away_free_their_places_and_strand_nobody(
    patient: RunningService, call_hold: Hold
) -> None:
    client = patient.client
    before = scrape(client, CALLS), scrape(client, GONE), scrape(client, f"batch_rows_sum{TARGET}")
    waiter = request(bytes(2560), "content-type: application/octet-stream", query=SLOW)
    with Connection(client) as stayer:
        with busy(patient, call_hold):
            leavers = [Connection(client) for _ in range(5)]
            for connection in [*leavers, stayer]:
                connection.send(waiter)
            wait_for(client, "waiting_rows", lambda rows: rows == MANY + 60)
            for leaver in leavers:
                leaver.close()
            wait_for(client, "waiting_rows", lambda rows: rows == MANY + 10)
            assert scrape(client, GONE) == before[1] + 5
        assert stayer.read().status == 200
    assert wait_for(client, "waiting_rows", lambda rows: rows == 0) == 0
    assert scrape(client, CALLS) == before[0] + 2
    assert scrape(client, f"batch_rows_sum{TARGET}") == before[2] + MANY + 10


@pytest.mark.parametrize(
    "body", [b"\xff" * 256 * ROWS, b'{"instances": [' + b"x" * 256 * 6 * ROWS], ids=["octets", "JSON"]
)
def test_what_must_wait_for_a_thread_that_has_no_time_is_refused_before_it_is_read(
    impatient: RunningService, call_hold: Hold, body: bytes
) -> None:
    headers, service = OCTETS if body[0] == 0xFF else {}, impatient
    wait_for(service.client, "waiting_rows", lambda rows: rows == 0)
    assert service.client.post(f"/predict{SLOW}", content=body, headers=headers).status_code in (400, 422)
    with call_hold.of_calls(), Connection(service.client) as busy, Connection(service.client) as waits:
        for connection in (busy, waits):
            octets = "content-type: application/octet-stream"
            connection.send(request(bytes(256 * MANY), octets, query=SLOW))
            wait_for(service.client, "waiting_rows", lambda rows: rows >= MANY)
        answer = service.client.post(f"/predict{SLOW}", content=body, headers=headers)
        assert answer.status_code == 503, answer.text  # and nobody has seen that it is wrong as well
        last = service.client.post(f"/predict{SLOW}", content=bytes(256), headers=OCTETS)
        assert last.status_code == 200, last.text
