"""Tests of health checking over gRPC."""

from __future__ import annotations

import signal
from pathlib import Path

import grpc
import pytest

from service.rpc.health import SERVICE
from tests.patience import wait_until
from tests.running_service import running_service
from tests.service.conftest import Hold
from tests.service.rpc.client import Client, connected

SERVING, NOT_SERVING, SERVICE_UNKNOWN = 1, 2, 3


@pytest.mark.parametrize("service", ["", "inference.GRPCInferenceService", SERVICE])
def test_what_is_here_serves_where_a_model_is_loaded(rpc: Client, service: str) -> None:
    assert rpc.ask("Check", SERVICE, service=service).status == SERVING


def test_a_service_that_is_not_here_is_not_found(rpc: Client) -> None:
    refused = rpc.refused("Check", SERVICE, service="inference.Nothing")
    assert refused.code() == grpc.StatusCode.NOT_FOUND
    assert "'inference.Nothing'; there are: grpc.health.v1.Health, " in refused.details()


def test_whoever_watches_a_service_that_is_not_here_is_told_so_and_may_watch_on(rpc: Client) -> None:
    answers = rpc.stream("Watch", SERVICE, service="inference.Nothing")
    assert next(answers).status == SERVICE_UNKNOWN
    assert answers.cancel()


def test_whoever_watches_hears_of_each_change_and_the_end(
    digits_alone: Path, tmp_path: Path, hold: Hold
) -> None:
    arguments = ("--grpc-port", "0", "--preload", "int8", "--reload-s", "0", "--stop-s", "1000")
    hold.begin()
    with (
        running_service(
            digits_alone, tmp_path / "log", *arguments, ready=False, environment=hold.environment
        ) as service,
        connected(service) as rpc,
    ):
        assert rpc.ask("Check", SERVICE).status == NOT_SERVING
        assert not rpc.ask("ServerReady").ready
        assert rpc.ask("ServerLive").live
        answers = rpc.stream("Watch", SERVICE)
        assert next(answers).status == NOT_SERVING
        hold.end()
        assert next(answers).status == SERVING
        assert rpc.ask("ServerReady").ready
        service.process.send_signal(signal.SIGTERM)
        assert [answer.status for answer in answers] == [
            NOT_SERVING
        ]  # and the stream ends, long before stop_s
        wait_until(lambda: service.process.poll() is not None)
        assert service.process.returncode == 0


def test_it_is_said_that_nothing_serves_before_calls_are_refused(digits_alone: Path, tmp_path: Path) -> None:
    arguments = ("--grpc-port", "0", "--preload", "int8", "--reload-s", "0", "--drain-s", "1000")
    with (
        running_service(digits_alone, tmp_path / "log", *arguments) as service,
        connected(service) as rpc,
    ):
        service.process.send_signal(signal.SIGTERM)
        wait_until(lambda: rpc.ask("Check", SERVICE).status == NOT_SERVING)
        assert rpc.ask("ServerLive").live
        service.process.kill()
