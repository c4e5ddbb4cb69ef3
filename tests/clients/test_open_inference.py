"""The client generated from the Open Inference Protocol's OpenAPI is answered as it expects."""

from __future__ import annotations

import pytest

from tests.clients.conftest import AUTO, CHOSEN, Served, Talk
from tests.clients.conversation import Said, answers, infers
from tests.clients.questions import is_same


@pytest.fixture(scope="module")
def said(talk: Talk) -> Said:
    return talk("open-inference-openapi", "open_inference")


def test_it_is_answered_as_predict_answers(said: Said, served: Served) -> None:
    for question in served.questions:
        asked = infers(said, question.model)
        assert len(asked) == 2  # without a version, and with it
        for name, answered in asked:
            assert is_same(answered, question.answer), (name, answered, question.answer)
            named = CHOSEN if question.model == AUTO else question.model
            assert (answered["id"], answered["model"]) == ("7", named)


def test_it_finds_the_server_and_its_models(said: Said, served: Served) -> None:
    # It returns nothing where all is well, and raises where it is not.
    assert answers(said, "server live") == answers(said, "server ready") == [None]
    assert answers(said, "server metadata")[0]["name"]
    for question in served.questions:
        for asked in (question.model, f"{question.model} 1"):
            assert answers(said, f"ready {asked}") == [None]
            (metadata,) = answers(said, f"metadata {asked}")
            assert [one["name"] for one in metadata["inputs"]] == [one["name"] for one in question.inputs]
            assert metadata["versions"] == ["1"]


def test_what_is_refused_becomes_its_own_exception(said: Said) -> None:
    assert answers(said, "ready of an unknown model")[0]["refused"].startswith(
        "NotFoundError: status_code: 404"
    )
    assert answers(said, "infer of no input")[0]["refused"].startswith("BadRequestError: status_code: 400")
