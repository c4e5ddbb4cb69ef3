"""The variant left to the service where other servers' protocols are spoken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundle.bundle import Bundle
from tests.service.routes.test_open_inference import infer, refused
from tests.service.routes.test_predict import ROW
from tests.service.routes.within import within
from tests.service.wire.open_inference.requests import json_of, packed, vector

WISHES = {"max_latency_ms": 60_000, "min_accuracy": 0.25, "objective": "accuracy", "fallback": "best_effort"}
REASONS = {"accuracy", "deadline", "load", "floor", "pinned", "cascade", "fallback"}


@pytest.fixture(scope="module")
def here(digits_alone: Path) -> Iterator[httpx.Client]:
    """A service with two variants loaded, of which one is the default."""
    with within(digits_alone, preload=("float32", "int8")) as client:
        yield client


def oip(client: httpx.Client, model: str = "digits", **parameters: Any) -> httpx.Response:
    return infer(client, f"/v2/models/{model}", json_of(vector([1, 64], ROW), parameters=parameters))


def tfs(client: httpx.Client, model: str = "digits", **query: Any) -> httpx.Response:
    return client.post(f"/v1/models/{model}:predict", params=query, json={"instances": [ROW]})


PROTOCOLS = pytest.mark.parametrize("ask", [oip, tfs])


def chosen(response: httpx.Response, digits: Bundle) -> str:
    """Return the variant that the service chose, which an answer says."""
    assert response.status_code == 200, response.text
    assert response.headers["x-variant-reason"] in REASONS
    variant = response.headers["x-variant"]
    accuracy = digits.variant(variant).scores.accuracy
    assert float(response.headers["x-expected-accuracy"]) == pytest.approx(accuracy, abs=1e-4)
    return str(variant)


@PROTOCOLS
@pytest.mark.parametrize(
    ("model", "wishes"),
    [("digits~auto", {}), ("digits~auto", WISHES), ("digits", WISHES), ("digits", {"min_accuracy": 0.25})],
)
def test_a_name_or_a_wish_leaves_the_variant_to_the_service(
    here: httpx.Client, digits: Bundle, ask: Any, model: str, wishes: dict[str, Any]
) -> None:
    assert chosen(ask(here, model, **wishes), digits) in ("float32", "int8")


@PROTOCOLS
@pytest.mark.parametrize("model", ["digits", "digits~int8", "digits~float32"])
def test_a_variant_that_is_named_says_so_and_has_no_reason(here: httpx.Client, ask: Any, model: str) -> None:
    answer = ask(here, model)
    assert answer.headers["x-variant"] == (model.partition("~")[2] or "float32")
    assert "x-variant-reason" not in answer.headers


def test_a_model_is_named_as_it_was_asked_for_and_auto_as_what_answers(
    here: httpx.Client, digits: Bundle
) -> None:
    answer = oip(here, "digits~auto")
    assert answer.json()["model_name"] == f"digits~{chosen(answer, digits)}"
    assert oip(here, variant="auto").json()["model_name"] == "digits"
    blob, length = packed(({"name": "x", "shape": [1, 64], "datatype": "FP32"}, bytes(256)))
    binary = infer(here, "/v2/models/digits~auto/versions/1", blob, length)
    assert binary.headers["x-variant"] in ("float32", "int8")
    assert "x-variant-reason" in binary.headers


@PROTOCOLS
def test_an_id_may_be_asked_for_as_well(here: httpx.Client, ask: Any) -> None:
    assert ask(here, "digits~auto", ids="true").headers["x-prediction-id"]
    assert ask(here, "digits~int8", ids="true").headers["x-prediction-id"]
    assert "x-prediction-id" not in ask(here, "digits~int8", ids="false").headers
    assert "ids is 'perhaps'" in refused(ask(here, "digits~int8", ids="perhaps"), 400)


@pytest.mark.parametrize("place", ["labels/auto", "versions/1"])
def test_a_label_and_a_version_are_heeded(here: httpx.Client, digits: Bundle, place: str) -> None:
    chosen(tfs(here, f"digits/{place}", **WISHES), digits)


@PROTOCOLS
@pytest.mark.parametrize(
    ("model", "wishes", "said"),
    [
        ("digits~int8", {"max_latency_ms": 5}, "leaves it to the service"),
        ("digits", {"min_accuracy": 1}, "an accuracy of 1"),
        ("digits", {"max_latency_ms": 0}, "max_latency_ms is '0'; it must be above 0"),
        ("digits", {"max_latency_ms": "soon"}, "max_latency_ms is 'soon'; it must be above 0"),
        ("digits~auto", {"min_accuracy": "95%"}, "min_accuracy is '95%'; it must be a share from 0 to 1"),
        ("digits", {"objective": "fast"}, "objective is 'fast'; it must be accuracy or latency"),
        ("digits", {"fallback": "yes"}, "fallback is 'yes'; it must be best_effort"),
    ],
)
def test_what_cannot_be_is_refused_in_the_protocols_shape(
    here: httpx.Client, ask: Any, model: str, wishes: dict[str, Any], said: str
) -> None:
    assert said in refused(ask(here, model, **wishes), 400)


def test_a_wish_that_is_said_twice_is_refused(here: httpx.Client) -> None:
    address = "/v1/models/digits:predict?min_accuracy=0.5&min_accuracy=0.6"
    assert "given twice" in refused(here.post(address, json={"instances": [ROW]}), 400)


@PROTOCOLS
def test_what_there_is_not_is_not_found(here: httpx.Client, ask: Any) -> None:
    assert "digits" in refused(ask(here, "nobody~auto"), 404)
    assert "no version 9" in refused(ask(here, "digits~auto/versions/9"), 404)
    assert "it has: " in refused(ask(here, "digits~cascade"), 404)


@PROTOCOLS
def test_what_cannot_be_in_time_is_a_503_that_says_when_to_come_again(here: httpx.Client, ask: Any) -> None:
    answer = ask(here, "digits~auto", max_latency_ms=0.0001)
    assert answer.status_code in (400, 503), answer.text  # that it could never be, or not now
    assert ("retry-after" in answer.headers) == (answer.status_code == 503)
    answer = ask(here, "digits~auto", max_latency_ms=0.0001, fallback="best_effort")
    assert (answer.status_code, answer.headers["x-variant-reason"]) == (200, "fallback")


def test_a_number_may_have_as_many_digits_as_json_has(here: httpx.Client, digits: Bundle) -> None:
    chosen(oip(here, max_latency_ms=333333.3333333333, min_accuracy=1e-7), digits)
    for wrong in (True, 1e300, -1, 10**18, ""):
        refused(oip(here, max_latency_ms=wrong), 400)


_wishes = st.dictionaries(
    st.sampled_from([*WISHES, "variant"]),
    st.one_of(
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(["auto", "cascade", "int8", "latency", "best_effort", "", "1e9", "0.5"]),
        st.sampled_from([20, 0.5, 1000, 1]),
    ),
    max_size=4,
)


@given(wishes=_wishes, model=st.sampled_from(["digits", "digits~auto", "digits~int8"]))
def test_no_wish_whatever_it_is_is_an_error_of_ours(
    here: httpx.Client, wishes: dict[str, Any], model: str
) -> None:
    assert oip(here, model, **wishes).status_code in (200, 400, 404, 503, 504)
    assert tfs(here, model, **wishes).status_code in (200, 400, 404, 503, 504)
    native = here.post("/predict", params=wishes, json={"instances": [ROW]})
    assert native.status_code in (200, 404, 422, 503, 504)


@pytest.mark.parametrize("ending", ["", "/config", "/ready", "/stats", "/versions/1", "/versions/1/ready"])
def test_auto_is_described_as_a_variant_is(here: httpx.Client, ending: str) -> None:
    answer = here.get(f"/v2/models/digits~auto{ending}")
    assert answer.status_code == 200, answer.text
    text = answer.text
    assert '"digits~auto"' in text
    one = here.get(f"/v2/models/digits~int8{ending}").json()
    assert answer.json().keys() == one.keys()
    if "inputs" in one:
        assert answer.json()["inputs"] == one["inputs"]
        assert answer.json()["outputs"] == one["outputs"]


def test_the_statistics_of_auto_are_those_of_the_model(here: httpx.Client) -> None:
    def count(name: str) -> int:
        (told,) = here.get(f"/v2/models/{name}/stats").json()["model_stats"]
        return int(told["inference_stats"]["success"]["count"])

    before = count("digits~auto")
    tfs(here, "digits~auto")
    oip(here, "digits~int8")
    assert count("digits~auto") == before + 2


def test_auto_is_listed_and_ready_where_anything_is_loaded(here: httpx.Client) -> None:
    rows = {row["name"]: row["state"] for row in here.post("/v2/repository/index", json={}).json()}
    assert rows["digits~auto"] == rows["digits"] == "READY"
    assert rows["digits~float16"] == "UNAVAILABLE"
    assert "digits~cascade" not in rows


def test_auto_has_a_status_and_metadata_as_a_variant_has(here: httpx.Client) -> None:
    status = here.get("/v1/models/digits~auto").json()
    assert (status["name"], status["ready"]) == ("digits~auto", True)
    assert [one["state"] for one in status["model_version_status"]] == ["AVAILABLE"]
    told = here.get("/v1/models/digits~auto/metadata").json()
    assert told["model_spec"]["name"] == "digits~auto"
    assert told["metadata"] == here.get("/v1/models/digits~int8/metadata").json()["metadata"]


def test_a_model_may_mean_auto_by_default(digits_alone: Path, digits: Bundle) -> None:
    with within(digits_alone, preload=("int8",), default_variant="auto", auto_floor=0.25) as client:
        for ask in (oip, tfs):
            assert chosen(ask(client), digits) == "int8"
        assert client.get("/v2/models/digits").json()["name"] == "digits"
        assert client.get("/v2/models/digits/ready").json()["ready"] is True
        assert client.get("/v1/models/digits/metadata").status_code == 200
        said = refused(client.post("/v2/repository/models/digits/unload", json={}), 400)
        assert "unload one of: int8" in said
        assert client.post("/v2/repository/models/digits/load", json={}).status_code == 200
