"""NVIDIA's own client is answered as it expects: over HTTP, its aio kind, and gRPC."""

from __future__ import annotations

import pytest

from tests.clients.conftest import AUTO, CHOSEN, UNLOADED, Served, Talk
from tests.clients.conversation import Said, answers, infers
from tests.clients.questions import is_same

CLASSES = 2

WAYS = {"http": 2 * 3 * 3, "aio": 2 * 3 * 3, "grpc": 3 * 2}
"""With in how many forms, codings and ways to list outputs the same is asked."""


@pytest.fixture(scope="module", params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def said(way: str, talk: Talk) -> Said:
    return talk("tritonclient", "tritonclient", way=way)


def test_it_is_answered_as_predict_answers_in_every_form(said: Said, way: str, served: Served) -> None:
    at_once = 32 if way == "aio" else 0
    for question in served.questions:
        asked = infers(said, question.model)
        assert len(asked) == WAYS[way] + (at_once if question is served.questions[0] else 0)
        for name, answered in asked:
            assert is_same(answered, question.answer), (name, answered, question.answer)


def test_the_likeliest_classes_come_with_their_labels(said: Said, served: Served) -> None:
    for question in served.questions:
        (rows,) = answers(said, f"classify {question.model}")
        for row, label, probabilities in zip(
            rows, question.answer["predictions"], question.answer["probabilities"], strict=True
        ):
            best = sorted(range(len(probabilities)), key=lambda one: -probabilities[one])[:CLASSES]
            parts = [one.split(":", 2) for one in row]
            assert [float(part[0]) for part in parts] == pytest.approx(
                [probabilities[one] for one in best], abs=1e-6
            )
            assert int(parts[0][1]) == best[0]
            assert parts[0][2] == str(label)


def test_it_finds_the_server_and_its_models(said: Said, served: Served) -> None:
    assert answers(said, "server live") == answers(said, "server ready") == [True]
    (server,) = answers(said, "server metadata")
    assert {"classification", "binary_tensor_data", "statistics"} <= set(server["extensions"])
    for question in served.questions:
        model = question.model
        assert answers(said, f"ready {model}") == [True]
        (metadata,) = answers(said, f"metadata {model}")
        assert metadata["name"] == model
        given = [(one["name"], one["datatype"]) for one in question.inputs]
        assert [(one["name"], one["datatype"]) for one in metadata["inputs"]] == given
        assert [one["name"] for one in metadata["outputs"]] == ["label", "probabilities"]
        (config,) = answers(said, f"config {model}")
        assert config.get("config", config)["name"] == model
        (statistics,) = answers(said, f"statistics {model}")
        (counted,) = statistics["model_stats"]
        assert counted["name"] == model
        assert int(counted["inference_count"]) >= len(question.instances) * WAYS["grpc"]
        assert int(counted["inference_stats"]["success"]["count"]) >= WAYS["grpc"]
    (index,) = answers(said, "index")
    rows = index if isinstance(index, list) else index["models"]
    assert {question.model for question in served.questions} <= {row["name"] for row in rows}


def test_a_wish_is_answered_by_the_variant_that_is_chosen(said: Said, way: str, served: Served) -> None:
    (answered,) = answers(said, "wish a floor of 0.25")
    told = answered.pop("said", None)
    assert is_same(answered, served.question(AUTO).answer)
    assert (told is None) == (way != "grpc")
    if told is not None:
        assert told["variant"] == CHOSEN.partition("~")[2]
        assert told["variant_reason"]
        assert 0.25 < float(told["expected_accuracy"]) <= 1


REFUSED = {
    "wish a floor of 1": ("400", "StatusCode.INVALID_ARGUMENT"),
    "metadata of an unknown model": ("404", "StatusCode.NOT_FOUND"),
    "infer of an unknown model": ("404", "StatusCode.NOT_FOUND"),
    "infer of an unknown version": ("404", "StatusCode.NOT_FOUND"),
    "infer of an unknown input": ("400", "StatusCode.INVALID_ARGUMENT"),
    "infer of a wrong width": ("400", "StatusCode.INVALID_ARGUMENT"),
    "infer of an unknown output": ("400", "StatusCode.INVALID_ARGUMENT"),
    "classify a label": ("400", "StatusCode.INVALID_ARGUMENT"),
}


@pytest.mark.parametrize("asked", REFUSED)
def test_what_is_refused_becomes_its_own_exception(said: Said, way: str, asked: str) -> None:
    (answered,) = answers(said, asked)
    status = REFUSED[asked][way == "grpc"]
    opening = f"InferenceServerException: [{status}] "
    assert answered["refused"].startswith(opening)
    assert len(answered["refused"]) > len(opening) + 10  # our words, and none of its own


def test_an_unknown_model_is_not_ready(said: Said) -> None:
    assert answers(said, "ready of an unknown model") == [False]


def test_a_model_is_gone_while_it_is_unloaded(said: Said) -> None:
    assert answers(said, f"unload_model {UNLOADED}") == answers(said, f"load_model {UNLOADED}") == [None]
    assert answers(said, f"ready {UNLOADED} after unload_model") == [False]
    assert answers(said, f"ready {UNLOADED} after load_model") == [True]
