"""OpenVINO's client of TensorFlow Serving's REST is answered as it expects."""

from __future__ import annotations

import pytest

from tests.clients.conftest import Served, Talk
from tests.clients.conversation import Said, answers, infers
from tests.clients.questions import is_same


@pytest.fixture(scope="module")
def said(talk: Talk) -> Said:
    return talk("ovmsclient", "ovmsclient")


def test_it_is_answered_as_predict_answers(said: Said, served: Served) -> None:
    for question in served.questions:
        asked = infers(said, question.model)
        # Without a version, with it, and texts as octets.
        assert len(asked) == (3 if question.model.startswith("codes") else 2)
        for name, answered in asked:
            assert is_same(answered, question.answer), (name, answered, question.answer)


def test_it_finds_the_models(said: Said, served: Served) -> None:
    for question in served.questions:
        for asked in (question.model, f"{question.model} version 1"):
            (status,) = answers(said, f"status {asked}")
            assert status["1"]["state"] == "AVAILABLE"
        (metadata,) = answers(said, f"metadata {question.model}")
        signature = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"]
        assert set(signature["inputs"]) == {one["name"] for one in question.inputs}
        assert set(signature["outputs"]) == {"probabilities"}


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ("status of an unknown model", "ModelNotFoundError: "),
        ("status of an unknown version", "ModelNotFoundError: "),
        ("infer of an unknown model", "ModelNotFoundError: "),
        ("infer of a wrong width", "InvalidInputError: "),
    ],
)
def test_what_is_refused_becomes_its_own_exception(said: Said, asked: str, error: str) -> None:
    assert answers(said, asked)[0]["refused"].startswith(error)
