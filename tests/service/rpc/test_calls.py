"""Tests of calls that wait: for their turn, in vain, or until the service ends."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import psutil
import pytest

from service.rpc.messages import message
from tests.patience import wait_until
from tests.running_service import RunningService, running_service
from tests.service.conftest import Hold
from tests.service.metrics_text import scrape, wait_for
from tests.service.rpc.client import Client, address_of, connected
from tests.service.test_workers import workers_of

MANY = 3000  # rows, for a call of some 450 ms
NAME = "digits~int16x8"
ONE_THREAD = ("--threads", "1", "--preload", "int16x8", "--reload-s", "0")
ARGUMENTS = ("--grpc-port", "0", *ONE_THREAD, "--max-rows", str(MANY))
PATIENT = (*ARGUMENTS, "--max-waiting-rows", "100000", "--max-wait-ms", "1000000", "--stop-s", "1000")


def rows(count: int = MANY) -> dict[str, Any]:
    inputs = [{"name": "x", "datatype": "FP32", "shape": [count, 64]}]
    content = np.zeros((count, 64), "<f4").tobytes()
    return {"model_name": NAME, "inputs": inputs, "raw_input_contents": [content]}


@pytest.fixture(scope="module")
def patient(
    slow_models: Path, call_hold: Hold, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """A service with one thread, in which everyone may wait, and which tells who asks what."""
    log = tmp_path_factory.mktemp("patient") / "log"
    arguments = (*PATIENT, "--access-log", "true")
    with running_service(slow_models, log, *arguments, environment=call_hold.environment) as service:
        yield service


@pytest.fixture(scope="module")
def calls(patient: RunningService) -> Iterator[Client]:
    with connected(patient) as client:
        yield client


def outcome(of: str) -> str:
    return f'requests_total{{model="digits",outcome="{of}",variant="int16x8"}}'


def wait_for_rows(service: RunningService, count: int) -> None:
    """Wait until so many rows wait, those in a call with them."""
    wait_for(service.client, "waiting_rows", lambda waiting: waiting == count)


def test_a_call_that_is_cancelled_gives_its_place_up(
    patient: RunningService, calls: Client, call_hold: Hold
) -> None:
    before = scrape(patient.client, outcome("disconnected"))
    with call_hold.of_calls():
        first = calls.begin("ModelInfer", **rows())
        wait_for_rows(patient, MANY)
        second = calls.begin("ModelInfer", **rows())
        third = calls.begin("ModelInfer", **rows())
        wait_for_rows(patient, 3 * MANY)
        third.cancel()
        assert wait_for(patient.client, outcome("disconnected"), lambda count: count > before) == before + 1
        wait_for_rows(patient, 2 * MANY)
    assert len(first.result().outputs) == len(second.result().outputs) == 2
    wait_for_rows(patient, 0)


def test_a_call_whose_deadline_is_over_gives_its_place_up(
    patient: RunningService, calls: Client, call_hold: Hold
) -> None:
    with call_hold.of_calls():
        first = calls.begin("ModelInfer", **rows())
        wait_for_rows(patient, MANY)
        refused = calls.refused("ModelInfer", options={"timeout": 0.05}, **rows())
        assert refused.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        wait_for_rows(patient, MANY)
    assert len(first.result().outputs) == 2
    wait_for_rows(patient, 0)


def test_the_time_that_a_parameter_allows_is_told_by_the_service(calls: Client) -> None:
    given = rows() | {"parameters": {"timeout": {"int64_param": 1}}}
    refused = calls.refused("ModelInfer", **given)
    assert refused.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert "was over before" in refused.details()


def test_the_access_log_has_a_line_for_each_call(patient: RunningService, calls: Client) -> None:
    calls.ask("ModelInfer", **rows(2))
    calls.refused("ModelInfer", model_name="nothing")
    calls.ask("ServerLive")

    def lines(method: str, of: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in patient.log.read_text().splitlines() if line.startswith("{")]
        path = f"/inference.GRPCInferenceService/{method}"
        return [line for line in found if (line["path"], line["outcome"]) == (path, of)]

    answered = wait_until(lambda: [line for line in lines("ModelInfer", "200") if line["rows"] == 2])[-1]
    told = {name: answered[name] for name in ("method", "client", "model", "version", "variant")}
    assert told == {
        "method": "POST",
        "client": "127.0.0.1",
        "model": "digits",
        "version": 1,
        "variant": "int16x8",
    }
    assert answered["ms"] > 0
    assert wait_until(lambda: lines("ModelInfer", "404"))[-1]["model"] is None
    assert wait_until(lambda: lines("ServerLive", "200"))[-1]["variant"] is None


def test_one_too_many_is_told_when_to_come_again(slow_models: Path, tmp_path: Path) -> None:
    with (
        running_service(slow_models, tmp_path / "log", *ARGUMENTS, "--max-waiting-rows", "1") as service,
        connected(service) as calls,
    ):
        while True:  # until one comes while another is under way
            first = calls.begin("ModelInfer", **rows())
            second = calls.begin("ModelInfer", **rows())
            refused = next((call.exception() for call in (first, second) if call.exception()), None)
            if refused is not None:
                break
    assert refused.code() == grpc.StatusCode.UNAVAILABLE
    assert f"{MANY} rows are waiting; at most 1 may" in refused.details()
    trailer = {item.key: item.value for item in refused.trailing_metadata()}
    seconds = int(trailer["grpc-retry-pushback-ms"]) / 1000
    assert seconds >= 1
    status = message("google.rpc.Status").FromString(trailer["grpc-status-details-bin"])
    assert (status.code, status.message) == (grpc.StatusCode.UNAVAILABLE.value[0], refused.details())
    info = message("google.rpc.RetryInfo")()
    assert status.details[0].Unpack(info)
    assert status.details[0].type_url == "type.googleapis.com/google.rpc.RetryInfo"
    assert info.retry_delay.seconds == seconds


def test_calls_that_are_in_progress_are_answered_when_the_service_ends(
    slow_models: Path, tmp_path: Path, call_hold: Hold
) -> None:
    log, states = tmp_path / "log", [grpc.ChannelConnectivity.IDLE]
    with (
        running_service(slow_models, log, *PATIENT, environment=call_hold.environment) as service,
        connected(service) as calls,
    ):
        with call_hold.of_calls():
            under_way = [calls.begin("ModelInfer", **rows()) for _ in range(4)]
            wait_for_rows(service, 4 * MANY)
            calls.channel.subscribe(states.append)
            wait_until(lambda: states[-1] is grpc.ChannelConnectivity.READY)
            service.process.send_signal(signal.SIGTERM)
            # A call that is on its way when the server closes is CANCELLED by gRPC: no handler has seen it.
            wait_until(lambda: states[-1] is not grpc.ChannelConnectivity.READY)
            assert calls.refused("ServerLive").code() == grpc.StatusCode.UNAVAILABLE
        assert [len(call.result().outputs) for call in under_way] == [2] * 4
        wait_until(lambda: service.process.poll() is not None)
        assert service.process.returncode == 0


def test_several_workers_share_the_port_and_the_calls(digits_alone: Path, tmp_path: Path) -> None:
    arguments = ("--workers", "2", "--grpc-port", "0", "--preload", "int8", "--reload-s", "0")
    with running_service(digits_alone, tmp_path / "log", *arguments) as service:
        service.wait_for_log("gRPC is answered on", 2)
        address = address_of(service)
        port = int(address.rpartition(":")[2])

        def connections(worker: int) -> int:
            there = psutil.Process(worker).net_connections("tcp")
            return sum(one.status == psutil.CONN_ESTABLISHED and one.laddr.port == port for one in there)

        with ExitStack() as stack:
            for _ in range(32):  # each with a connection of its own, to whichever worker
                alone = (("grpc.use_local_subchannel_pool", 1),)
                channel = stack.enter_context(grpc.insecure_channel(address, options=alone))
                assert Client(channel).ask("ServerReady").ready
            counts = [connections(worker) for worker in workers_of(service)]
        assert len(counts) == 2
        assert min(counts) > 0, counts
        assert sum(counts) == 32
        assert service.stop() == 0
