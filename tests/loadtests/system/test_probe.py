from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bundle.store import ModelStore
from loadtests.protocol.conversation import Conversation
from loadtests.protocol.dialects.predict import Predict
from loadtests.system import audits
from loadtests.system.audits import seconds_for as audits_s
from loadtests.system.client import ServiceClient
from loadtests.system.probe import probe
from loadtests.system.probe import seconds_for as probe_s
from loadtests.workload.payloads import build
from loadtests.workload.target import target_of
from tests.loadtests.conftest import counts_of
from tests.loadtests.fake_service import INFERENCE_S
from tests.patience import PATIENCE_S


def test_the_models_own_time_is_that_of_the_metrics_over_the_same_requests(
    models: Path, start_fake: Callable[..., str]
) -> None:
    bundle = ModelStore(models).open("digits")
    payloads = build(*bundle.test_set(), 2)
    with ServiceClient(start_fake()) as client:
        unloaded = probe(client, Predict(target_of(bundle, "int8")), payloads)
        unknown = probe(client, Predict(target_of(bundle, "float32")), payloads)
    assert 50 <= unloaded.requests <= 1000
    assert unloaded.model_ms == pytest.approx(INFERENCE_S * 1000)
    assert unloaded.model_share == pytest.approx(INFERENCE_S * 1000 / unloaded.mean_ms)
    assert 0 < unloaded.p50_ms < 1000
    assert unknown.model_ms is None  # the fake has metrics for int8 only
    assert unknown.model_share is None


@pytest.mark.parametrize(
    "options",
    [
        ("--answers-a-connection", "1", "--announces"),
        ("--answers-a-connection", "7", "--frame", "chunked"),
        ("--frame", "http10"),
        ("--frame", "hinted"),
    ],
)
def test_a_service_is_probed_and_audited_whatever_it_does_with_its_connections(
    options: tuple[str, ...], models: Path, start_fake: Callable[..., str]
) -> None:
    bundle = ModelStore(models).open("digits")
    x, y = bundle.test_set()
    dialect = Predict(target_of(bundle, "int8"))
    with ServiceClient(start_fake(*options)) as client:
        assert client.is_ready()
        unloaded = probe(client, dialect, build(x, y, 2))
        cache = audits.of_cache(client.endpoint, dialect, x, seed=1)
        assert audits.of_batches(client.endpoint, dialect, x).passed
    assert cache.passed is not False
    assert re.search(r"medians of \d{2,} pairs", cache.detail)  # a busy machine may leave it at that
    assert unloaded.requests >= 50
    assert unloaded.model_ms == pytest.approx(INFERENCE_S * 1000)  # the metrics were read as well


@pytest.mark.slow
def test_a_slow_service_is_asked_for_seconds_and_not_for_hundreds_of_requests(
    models: Path, start_fake: Callable[..., str]
) -> None:
    bundle = ModelStore(models).open("digits")
    x, y = bundle.test_set()
    dialect, host = Predict(target_of(bundle, "int8")), start_fake("--slow-ms", "400")
    with ServiceClient(host) as client:
        unloaded = probe(client, dialect, build(x, y, 1))
        cache = audits.of_cache(client.endpoint, dialect, x, seed=1)
        batches = audits.of_batches(client.endpoint, dialect, x)
        asked = counts_of(host)["requests"]
    assert 3 <= unloaded.requests <= 8
    assert asked * 0.4 <= probe_s(0.4) + audits_s(0.4)
    assert cache.passed is not False  # a busy machine may leave it open
    assert "at most 10% faster is allowed" in cache.detail
    assert batches.passed is True
    assert "asked in batches of 1, 7" in batches.detail


def test_metrics_that_count_the_requests_of_others_are_not_used(
    models: Path, start_fake: Callable[..., str]
) -> None:
    bundle = ModelStore(models).open("digits")
    dialect, payloads = Predict(target_of(bundle, "int8")), build(*bundle.test_set(), 1)
    over = threading.Event()
    with ServiceClient(start_fake()) as client:

        def bother() -> None:
            with Conversation(client.endpoint, timeout_s=PATIENCE_S) as conversation:
                request = client.endpoint.address.encode("POST", dialect.path, payloads.bodies[0])
                while not over.is_set():
                    conversation.exchange(request)

        other = threading.Thread(target=bother)
        other.start()
        try:
            assert probe(client, dialect, payloads).model_ms is None
        finally:
            over.set()
            other.join()
