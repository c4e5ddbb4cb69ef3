"""variant=cascade over real HTTP, in every wire protocol: each row is answered by the rung that is to."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
import pytest

from bundle.bundle import Bundle
from bundle.manifest import CascadeSpec
from bundle.normalizer import FloatArray
from bundle.runtimes import open_runtime
from tests.patience import PATIENCE_S
from tests.service.cascading import FIRST, SECOND
from tests.service.metrics_text import scrape, wait_for
from tests.service.routes.test_predict import OCTETS, problem
from tests.service.routes.within import within

SHIFTED = 'escalation_shifted{model="digits"}'


@pytest.fixture(scope="module")
def here(cascaded: Bundle) -> Iterator[httpx.Client]:
    with within(cascaded.folder.parents[1], preload=("cascade",)) as client:
        yield client


@pytest.fixture(scope="module")
def spec(cascaded: Bundle) -> CascadeSpec:
    assert cascaded.manifest.cascade is not None
    return cascaded.manifest.cascade


@pytest.fixture(scope="module")
def asked(cascaded: Bundle) -> FloatArray:
    """64 test rows."""
    return cascaded.test_set()[0][:64]


@pytest.fixture(scope="module")
def goes_on(cascaded: Bundle, spec: CascadeSpec, asked: FloatArray) -> npt.NDArray[np.bool_]:
    """Which of them the second rung answers."""
    found: npt.NDArray[np.bool_] = open_runtime(cascaded, FIRST).predict(asked).max(axis=1) < spec.threshold
    assert 5 < found.sum() < 30
    return found


@pytest.fixture(scope="module")
def right(cascaded: Bundle, asked: FloatArray, goes_on: npt.NDArray[np.bool_]) -> FloatArray:
    """What is to be answered to them."""
    first, second = (open_runtime(cascaded, name).predict(asked) for name in (FIRST, SECOND))
    return np.where(goes_on[:, None], second, first)


def native(rows: FloatArray) -> dict[str, Any]:
    return {"url": "/predict?variant=cascade", "json": {"instances": rows.tolist()}}


def octets(rows: FloatArray) -> dict[str, Any]:
    headers = {"content-type": OCTETS, "accept": "application/json"}
    content = rows.astype("<f4").tobytes()
    return {"url": "/predict?variant=cascade", "content": content, "headers": headers}


def open_inference(rows: FloatArray) -> dict[str, Any]:
    tensor = {"name": "x", "datatype": "FP32", "shape": list(rows.shape), "data": rows.ravel().tolist()}
    return {"url": "/v2/models/digits~cascade/infer", "json": {"inputs": [tensor]}}


def tensorflow_serving(rows: FloatArray) -> dict[str, Any]:
    return {"url": "/v1/models/digits~cascade:predict", "json": {"instances": rows.tolist()}}


def probabilities(answer: httpx.Response) -> FloatArray:
    """Return the probabilities of an answer in whichever of the protocols."""
    assert answer.status_code == 200, answer.text
    document = answer.json()
    if "outputs" in document:
        (of,) = (one for one in document["outputs"] if one["name"] == "probabilities")
        return np.reshape(of["data"], of["shape"])
    found = document.get("probabilities") or document["predictions"]
    return np.array([one["probabilities"] for one in found] if isinstance(found[0], dict) else found)


@pytest.mark.parametrize("count", [1, 9, 64])
@pytest.mark.parametrize("protocol", [native, octets, open_inference, tensorflow_serving])
def test_every_protocol_gets_each_row_from_the_rung_that_is_to_answer_it(
    here: httpx.Client,
    asked: FloatArray,
    right: FloatArray,
    goes_on: npt.NDArray[np.bool_],
    protocol: Callable[[FloatArray], dict[str, Any]],
    count: int,
) -> None:
    answer = here.post(**protocol(asked[:count]))
    np.testing.assert_allclose(probabilities(answer), right[:count], atol=1e-6)
    assert int(answer.headers["x-escalated-rows"]) == goes_on[:count].sum()


def test_it_says_its_name_and_what_answers_by_itself_tells_of_no_rows_that_went_on(
    here: httpx.Client, asked: FloatArray
) -> None:
    assert here.post(**native(asked)).json()["variant"] == "cascade"
    alone = here.post("/predict", params={"variant": SECOND}, json={"instances": asked.tolist()})
    assert "x-escalated-rows" not in alone.headers


def test_it_is_listed_with_its_rungs(here: httpx.Client, spec: CascadeSpec) -> None:
    listed = here.get("/variants").json()["cascade"]
    assert (listed["first"], listed["second"], listed["state"], listed["detail"]) == (
        *(FIRST, SECOND),
        *("loaded", None),
    )
    assert listed["accuracy"] == spec.scores.accuracy
    assert listed["escalated_low"] <= listed["escalated"] == spec.escalated <= listed["escalated_high"]


def test_its_name_is_known_where_models_are_listed(here: httpx.Client) -> None:
    listed = {one["name"]: one["state"] for one in here.post("/v2/repository/index").json()}
    assert listed["digits~cascade"] == "READY"
    assert here.get("/v2/models/digits~cascade/ready").status_code == 200
    assert here.get("/v2/models/digits~cascade").json()["platform"] == "ensemble"
    assert here.get("/v2/models/digits~cascade/config").json()["backend"] == "ensemble"
    status = here.get("/v1/models/digits~cascade").json()["model_version_status"]
    assert [one["state"] for one in status] == ["AVAILABLE"]


def test_a_model_without_one_is_a_404(client: httpx.Client) -> None:
    answer = client.post("/predict?variant=cascade", json={"instances": [[0.0] * 64]})
    assert "no variant 'cascade'" in problem(answer, 404)


def test_what_went_on_is_counted(
    here: httpx.Client, asked: FloatArray, goes_on: npt.NDArray[np.bool_]
) -> None:
    series = [
        *(f'{name}_total{{model="digits"}}' for name in ("cascade_rows", "escalated_rows")),
        'rows_total{model="digits",variant="cascade"}',
        'requests_total{model="digits",outcome="200",variant="cascade"}',
    ]
    before = [scrape(here, one) for one in series]
    here.post(**octets(asked))
    now = [scrape(here, one) for one in series]
    assert np.subtract(now, before).tolist() == [64, goes_on.sum(), 64, 1]


def test_clients_that_come_and_go_get_their_own_rows_or_nothing(
    here: httpx.Client, asked: FloatArray, right: FloatArray
) -> None:
    """1 to 64 rows each, on the event loop or in threads; a third hangs up as soon as all is sent."""
    host, port = here.base_url.host, here.base_url.port
    random = np.random.default_rng(7)
    spans = [(first, first + random.integers(1, 65 - first)) for first in random.integers(0, 64, 90)]

    def ask(span: tuple[int, int]) -> None:
        answer = here.post(**octets(asked[slice(*span)]))
        np.testing.assert_allclose(probabilities(answer), right[slice(*span)], atol=1e-6)

    def leave(span: tuple[int, int]) -> None:
        request = here.build_request("POST", **octets(asked[slice(*span)]))
        head = b"".join(b"%b: %b\r\n" % pair for pair in request.headers.raw)
        with socket.create_connection((host, port), PATIENCE_S) as connection:
            connection.sendall(
                b"POST /predict?variant=cascade HTTP/1.1\r\n" + head + b"\r\n" + request.read()
            )

    with ThreadPoolExecutor(8) as clients:
        told = [clients.submit(leave if i % 3 == 0 else ask, span) for i, span in enumerate(spans)]
        for one in told:
            one.result(PATIENCE_S)
    wait_for(here, "waiting_rows", lambda count: count == 0)


def test_darker_images_are_a_shift_and_those_as_they_were_are_none(
    cascaded: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    rows = cascaded.test_set()[0]
    order = np.random.default_rng(3)

    def send(client: httpx.Client, requests: int, brightness: float) -> None:
        for _ in range(requests):
            drawn = rows[order.integers(0, len(rows), 8)] * np.float32(brightness)
            assert client.post(**octets(drawn)).status_code == 200

    with (
        within(cascaded.folder.parents[1], preload=("cascade",)) as client,
        caplog.at_level(logging.WARNING, logger="service"),
    ):
        send(client, 300, 1.0)
        assert scrape(client, SHIFTED) == 0
        assert not caplog.records
        send(client, 300, 0.4)
        assert scrape(client, SHIFTED) == 1
    assert [record.getMessage()[:36] for record in caplog.records] == ["digits/1: the data have shifted: of "]
