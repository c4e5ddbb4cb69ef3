"""ModelInfer with the variant left to the service."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from bundle.bundle import Bundle
from bundle.normalizer import FloatArray
from tests.service.rpc.client import Client
from tests.service.rpc.test_infer import INVALID, NOT_FOUND, raw, typed


def values(**wishes: Any) -> dict[str, Any]:
    """Return parameters as messages have them."""
    kinds = {str: "string_param", float: "double_param", int: "int64_param", bool: "bool_param"}
    return {name: {kinds[type(value)]: value} for name, value in wishes.items()}


@pytest.mark.parametrize("form", [raw, typed])
@pytest.mark.parametrize(
    ("name", "wishes"),
    [
        ("digits~auto", {}),
        ("digits", {"variant": "auto"}),
        ("digits", {"max_latency_ms": 60_000, "min_accuracy": 0.25, "objective": "accuracy"}),
        ("digits~auto", {"max_latency_ms": "60000", "min_accuracy": "0.25", "fallback": "best_effort"}),
    ],
)
def test_the_answer_says_which_variant_was_chosen_why_and_how_accurate_it_is(
    rpc: Client, rows: FloatArray, digits: Bundle, form: Any, name: str, wishes: dict[str, Any]
) -> None:
    answer = rpc.ask("ModelInfer", **form(rows, name=name, parameters=values(**wishes)))
    said = {key: one.string_param for key, one in answer.parameters.items()}
    assert {"variant", "variant_reason", "expected_accuracy"} <= said.keys()
    accuracy = digits.variant(said["variant"]).scores.accuracy
    assert float(said["expected_accuracy"]) == pytest.approx(accuracy, abs=1e-4)
    assert answer.model_name == (f"digits~{said['variant']}" if "~" in name else "digits")


def test_an_answer_of_a_variant_that_was_named_has_no_reason(rpc: Client, rows: FloatArray) -> None:
    answer = rpc.ask("ModelInfer", **raw(rows, name="digits~int8"))
    assert {key: one.string_param for key, one in answer.parameters.items()} == {"variant": "int8"}


def test_an_id_may_be_asked_for_as_well(rpc: Client, rows: FloatArray) -> None:
    answer = rpc.ask("ModelInfer", **raw(rows, name="digits~auto", parameters=values(ids=True)))
    assert answer.parameters["prediction_id"].string_param


@pytest.mark.parametrize(
    ("name", "wishes", "said"),
    [
        ("digits~int8", {"max_latency_ms": 5}, "leaves it to the service"),
        ("digits~auto", {"variant": "int8"}, "the model's name says 'auto'"),
        ("digits", {"min_accuracy": 1}, "an accuracy of 1"),
        ("digits", {"max_latency_ms": True}, "max_latency_ms is 'True'; it must be above 0"),
        ("digits", {"min_accuracy": float("nan")}, "min_accuracy is 'nan'; it must be a share"),
        ("digits", {"objective": "fast"}, "objective is 'fast'; it must be accuracy or latency"),
    ],
)
def test_what_cannot_be_is_an_invalid_argument(
    rpc: Client, rows: FloatArray, name: str, wishes: dict[str, Any], said: str
) -> None:
    refused = rpc.refused("ModelInfer", **raw(rows, name=name, parameters=values(**wishes)))
    assert refused.code() == INVALID
    assert said in refused.details()


def test_what_cannot_be_in_time_now_is_unavailable_and_says_when_to_come_again(
    rpc: Client, rows: FloatArray
) -> None:
    wishes = values(max_latency_ms=0.0001)
    refused = rpc.refused("ModelInfer", **raw(rows, name="digits~auto", parameters=wishes))
    assert refused.code() in (INVALID, grpc.StatusCode.UNAVAILABLE)  # that it could never be, or not now
    trailer = dict(refused.trailing_metadata())
    assert ("grpc-retry-pushback-ms" in trailer) == (refused.code() == grpc.StatusCode.UNAVAILABLE)


def test_what_there_is_not_is_not_found(rpc: Client, rows: FloatArray) -> None:
    for asked in ({"name": "nobody~auto"}, {"name": "digits~auto", "model_version": "9"}):
        assert rpc.refused("ModelInfer", **raw(rows, **asked)).code() == NOT_FOUND


def test_auto_is_described_as_a_variant_is(rpc: Client) -> None:
    assert rpc.ask("ModelReady", name="digits~auto").ready
    told = rpc.ask("ModelMetadata", name="digits~auto")
    assert told.name == "digits~auto"
    assert told.inputs == rpc.ask("ModelMetadata", name="digits~int8").inputs
    assert rpc.ask("ModelConfig", name="digits~auto").config.name == "digits~auto"
    (counted,) = rpc.ask("ModelStatistics", name="digits~auto").model_stats
    assert counted.name == "digits~auto"
    names = {one.name: one.state for one in rpc.ask("RepositoryIndex").models}
    assert names["digits~auto"] == "READY"
