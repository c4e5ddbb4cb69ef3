"""What a service counts of its answers is read while it runs, and told by the second."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.errors import ProcessError
from benchmarks.load.counters import Answers, Readings, answers_in, reading
from benchmarks.load.request import octets_request
from benchmarks.subjects.server import service
from bundle.bundle import Bundle
from loadtests.rig.cores import Cores
from tests.loadtests.conftest import fake_service

PAGE = """\
# HELP requests_total Requests to /predict.
# TYPE requests_total counter
requests_total{model="m",outcome="200",variant="int8"} 5.0
requests_total{model="m",outcome="200",variant="float32"} 2.0
requests_total{model="m",outcome="503",variant="int8"} 11.0
requests_total{model="",outcome="400",variant=""} 1.0
requests_total{model="m",outcome="504",variant="int8"} 2.0
requests_total{model="m",outcome="disconnected",variant="int8"} 99.0
# HELP rows_total Rows answered.
# TYPE rows_total counter
rows_total{model="m",variant="int8"} 300.0
"""


def readings(*counted: tuple[float, float]) -> Readings:
    """Return what was read: at each moment so many were served, and twice as many refused."""
    return Readings([at for at, _ in counted], [Answers(count, 2 * count, 0.0) for _, count in counted])


def test_answers_are_added_up_whatever_they_are_of_and_a_client_that_is_gone_had_none() -> None:
    assert answers_in(PAGE) == Answers(served=7, refused=11, failed=3)


def test_a_rate_is_that_between_the_readings_within_its_time() -> None:
    found = readings((0.0, 0), (1.0, 50), (2.0, 150), (3.0, 250), (9.0, 250))
    assert found.per_s(0.5, 3.5) == Answers(100.0, 200.0, 0.0)


@pytest.mark.parametrize("end", [2.0, 4.0])
def test_of_a_server_that_hardly_answers_the_rate_is_that_between_the_readings_around(end: float) -> None:
    assert readings((0.0, 0), (3.0, 30), (6.0, 60)).per_s(1.0, end) == Answers(10.0, 20.0, 0.0)


def test_the_service_is_read_before_and_after_whatever_is_sent(
    bundle: Bundle, models: Path, bound: Cores, tmp_path: Path
) -> None:
    good = octets_request("/predict?variant=int8", bundle.test_set()[0][:2])
    bad = octets_request("/predict?variant=int8", bundle.test_set()[0][:1, 1:])
    with service(models, bundle.name, ["int8"], log=tmp_path / "log", core=bound.server) as ours:
        with reading(ours.host, ours.process.processor_s, pause_s=60) as found:
            for _ in range(3):
                good.send(ours.host)
            with pytest.raises(ProcessError, match="was answered 4"):
                bad.send(ours.host)
        first, last = found.counted
        assert (last.served - first.served, last.refused, last.failed - first.failed) == (3, 0, 1)
        assert found.at == sorted(found.at)
        assert last.processor_s >= first.processor_s > 0


def test_metrics_that_cannot_be_read_are_an_error(models: Path, unused_address: str) -> None:
    with ExitStack() as stack:
        host = stack.enter_context(fake_service(models))
        with (
            pytest.raises(ProcessError, match="the metrics could not be read"),
            reading(host, lambda: 0.0, pause_s=60),
        ):
            stack.close()
    with (
        pytest.raises(ProcessError, match="the metrics could not be read"),
        reading(unused_address, lambda: 0.0, pause_s=1),
    ):
        pass
