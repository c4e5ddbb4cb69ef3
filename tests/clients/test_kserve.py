"""KServe's clients of both protocols, and over gRPC, are answered as they expect."""

from __future__ import annotations

import pytest

from tests.clients.conftest import Served, Talk
from tests.clients.conversation import Said, answers, infers
from tests.clients.questions import is_same

pytestmark = pytest.mark.clients

FORMS = 2 + 2 * 2 + 2
"""Rows with labels and without; tensors as JSON and as octets, both ways; typed and raw over gRPC."""


@pytest.fixture(scope="module")
def said(talk: Talk) -> Said:
    return talk("kserve", "kserve")


def test_it_is_answered_as_predict_answers_in_every_form(said: Said, served: Served) -> None:
    for question in served.questions:
        asked = infers(said, question.model)
        assert len(asked) == FORMS
        for name, answered in asked:
            assert is_same(answered, question.answer), (name, answered, question.answer)


def test_it_finds_the_server_and_its_models(said: Said, served: Served) -> None:
    for protocol in ("v2", "grpc"):
        assert answers(said, f"{protocol} server live") == [True]
        assert answers(said, f"{protocol} server ready") == [True]
    for question in served.questions:
        for protocol in ("v1", "v2", "grpc"):
            assert answers(said, f"{protocol} ready {question.model}") == [True]
    assert answers(said, "v2 ready of an unknown model") == [False]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("v1 ready of an unknown model", "404 Not Found"),
        ("v1 infer of a wrong width", "400 Bad Request"),
        ("v2 infer of an unknown model", "404 Not Found"),
        ("grpc infer of an unknown model", "StatusCode.NOT_FOUND"),
    ],
)
def test_what_is_refused_comes_with_our_words(said: Said, asked: str, status: str) -> None:
    (answered,) = answers(said, asked)
    assert status in answered["refused"]
    # It shows what a refusal says only where it finds it: "HTTPStatusError: , '404 Not Found' for ..."
    assert "Error: , '" not in answered["refused"]
