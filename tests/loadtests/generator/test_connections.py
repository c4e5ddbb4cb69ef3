"""Loads of services that do with their connections, and with their answers, whatever HTTP allows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loadtests.generator.process import Generator
from loadtests.measure.summary import Window, summarise_windows
from tests.loadtests.conftest import plain_order
from tests.loadtests.fake_service import FRAMES


@pytest.fixture
def send(generator: Generator, models: Path, tmp_path: Path) -> Callable[..., Window]:
    """Send half a second of a load, fifty requests in an open loop, of the changes that are named."""

    def sent(host: str, **changes: Any) -> Window:
        wanted = {"warmup_s": 0.1, "duration_s": 0.4, "think_s": 0.005, **changes}
        return generator.send(plain_order(models, host, **wanted), tmp_path / "s.npz")

    return sent


@pytest.mark.parametrize(
    ("frame", "scenario"),
    [*((frame, "users") for frame in FRAMES), ("unsized", "server"), ("chunked", "server")],
)
def test_every_answer_is_read_however_it_is_framed(
    frame: str, scenario: str, send: Callable[..., Window], start_fake: Callable[..., str]
) -> None:
    summary = summarise_windows([send(start_fake("--frame", frame), scenario=scenario)])
    assert summary.failures == {}
    assert summary.answers > 10
    ends_with_connection = FRAMES[frame][2]
    assert (summary.reconnections > 0) == ends_with_connection


@pytest.mark.parametrize(
    ("announced", "answers", "scenario"),
    [
        (announced, answers, scenario)
        for announced in ((), ("--announces",))
        for answers in (1, 7)
        for scenario in ("users", "server")
    ],
)
def test_a_service_that_closes_after_some_answers_is_connected_to_again(
    announced: tuple[str, ...],
    answers: int,
    scenario: str,
    send: Callable[..., Window],
    start_fake: Callable[..., str],
) -> None:
    host = start_fake("--answers-a-connection", str(answers), *announced)
    summary = summarise_windows([send(host, scenario=scenario)])
    assert summary.failures == {}
    assert summary.answers > 10
    open_before = 40 if scenario == "server" else 4
    assert summary.reconnections >= summary.answers / answers - open_before


@pytest.mark.parametrize("changes", [{"think_s": 0.2}, {"scenario": "server", "rate": 12.0}])
def test_whoever_waits_longer_than_the_service_keeps_a_connection_fails_at_nothing(
    changes: dict[str, Any], send: Callable[..., Window], start_fake: Callable[..., str]
) -> None:
    window = send(start_fake("--idle-s", "0.05"), duration_s=1.0, **changes)
    assert len(window.samples) > 3
    assert window.samples.ok.all()
    assert len(window.samples.reconnected) > 0


@pytest.mark.parametrize("announced", [(), ("--announces",)])
def test_the_time_of_a_new_connection_is_part_of_the_latency_from_the_schedule(
    announced: tuple[str, ...], send: Callable[..., Window], start_fake: Callable[..., str]
) -> None:
    host = start_fake("--answers-a-connection", "1", *announced)
    samples = send(host, scenario="server", connections=1).samples
    assert samples.ok.all()
    assert (samples.sent > samples.scheduled).all()
    assert len(samples.reconnected) >= len(samples) - 1


def test_an_address_with_a_path_and_a_user_is_loaded(
    send: Callable[..., Window], start_fake: Callable[..., str]
) -> None:
    host = start_fake("--prefix", "/api/v1", "--user", "me:s cret")
    window = send(host.replace("http://", "http://me:s%20cret@") + "/api/v1/")
    assert window.samples.ok.all()
