"""How answers are written."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from bundle.bundle import Bundle
from bundle.normalizer import FloatArray
from service.wire.tensorflow_serving.codec import Form, bind
from tests.service.wire.native.test_native import signature


@dataclass
class Given:
    """The answer of a model."""

    probabilities: FloatArray
    id: str | None = None

    @property
    def best(self) -> list[int]:
        best: list[int] = self.probabilities.argmax(axis=1).tolist()
        return best

    @property
    def numbers(self) -> list[list[float]]:
        numbers: list[list[float]] = self.probabilities.tolist()
        return numbers


def test_answers_are_exact_and_named_as_they_were_asked_for(digits: Bundle) -> None:
    codec = bind(signature(digits), max_rows=9)
    scores = Given(np.random.default_rng(0).random((2, 10), np.float32))

    def answer(form: Form) -> dict[str, object]:
        headers, content = codec.encode(form, scores)
        assert headers == [(b"content-type", b"application/json"), (b"x-variant", b"int8")]
        found: dict[str, object] = json.loads(content)
        return found

    numbers, best = scores.numbers, scores.best
    assert answer(Form("predictions")) == {"predictions": numbers}
    assert answer(Form("outputs")) == {"outputs": numbers}
    assert answer(Form("outputs", is_labelled=True)) == {"outputs": {"label": best, "probabilities": numbers}}
    assert answer(Form("predictions", is_labelled=True)) == {
        "predictions": [
            {"label": label, "probabilities": row} for label, row in zip(best, numbers, strict=True)
        ]
    }
    assert answer(Form("results")) == {
        "results": [[[str(label), score] for label, score in enumerate(row)] for row in numbers]
    }
