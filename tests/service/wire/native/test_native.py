"""What a request of the service's own protocol asks for, and how the answer is written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bundle.bundle import Bundle
from bundle.normalizer import FloatArray
from bundle.store import ModelStore
from service.engine.job import Answer, Call
from service.errors import InvalidRequestError, TooLargeError, UnsupportedEncodingError, UnsupportedTypeError
from service.wire import native
from service.wire.native import Form, ask
from service.wire.native.query import ask_query
from service.wire.protocol import Asked
from service.wire.signature import Signature
from service.wire.target import Target, named

JSON, OCTETS = Form(), Form(octets_in=True, octets_out=True)


def asked(form: Form) -> Asked:
    return Asked(Target(), form=form)


def scores(probabilities: FloatArray) -> Answer:
    return Answer(Call(probabilities, 0.0, 0.0), 0, len(probabilities))


def signature(bundle: Bundle) -> Signature:
    return Signature(
        model=bundle.name,
        version=bundle.version,
        variant="int8",
        input=bundle.manifest.input,
        encoder=bundle.encoder(),
        labels=bundle.manifest.labels,
    )


def test_a_query_that_came_before_means_the_very_same_target() -> None:
    first = ask_query(b"model=digits&version=2&variant=int8&timeout_ms=1.5")
    target = first.target
    assert (target.model, target.version, target.variant) == ("digits", 2, "int8")
    assert first.timeout_ms == 1.5
    assert ask_query(b"model=digits&version=2&variant=int8&timeout_ms=1.5").target is target


def test_what_a_query_does_not_say_is_left_to_the_service() -> None:
    nothing = ask_query(b"")
    assert (nothing.target.model, nothing.target.version, nothing.target.variant) == (None, None, None)
    assert nothing.timeout_ms is None


@pytest.mark.parametrize("value", ["0", "-1", "soon", "1e3", "3600001", "1.", "nan", "1" * 20])
def test_a_time_out_that_is_none_is_refused_wherever_it_stands(value: str) -> None:
    with pytest.raises(InvalidRequestError, match="above 0 and at most 3600000"):
        ask_query(f"timeout_ms={value}".encode())
    with pytest.raises(InvalidRequestError, match="above 0 and at most 3600000"):
        ask("/predict", b"", [(b"x-timeout-ms", value.encode())])


@pytest.mark.parametrize("number", [0, 1732550000123, 2**63 - 1])
def test_a_version_may_be_a_time_stamp(number: int) -> None:
    assert ask_query(f"version={number}".encode()).target.version == number


@pytest.mark.parametrize("value", [str(2**63), "1" * 5000, "-1", "1.0", "x", "%D9%A3"])
def test_a_version_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(InvalidRequestError, match="must be a whole number up to 9223372036854775807"):
        ask_query(f"version={value}".encode())


def test_headers_say_which_way_numbers_are_written() -> None:
    said = ask(
        "/predict",
        b"",
        [
            (b"host", b"x"),
            (b"content-type", b"Application/Octet-Stream; charset=x"),
            (b"accept", b"text/plain, application/octet-stream"),
            (b"content-length", b"256"),
            (b"x-timeout-ms", b"20"),
            (b"content-encoding", b"identity"),
        ],
    )
    assert (said.form, said.length, said.timeout_ms) == (OCTETS, 256, 20.0)
    assert ask("/predict", b"", [(b"content-type", b"text/plain"), (b"accept", b"*/*")]).form == JSON
    assert ask("/predict", b"", [(b"accept", b"application/octet-stream;q=0")]).form == JSON
    with pytest.raises(UnsupportedEncodingError, match="'br'"):
        ask("/predict", b"", [(b"content-encoding", b"br")])


def test_rows_are_the_same_in_json_and_octets(digits: Bundle) -> None:
    codec = native.bind(signature(digits), max_rows=3)
    rows = digits.test_set()[0][:3]
    text = json.dumps({"instances": rows.tolist()}).encode()
    np.testing.assert_array_equal(codec.decode(asked(JSON), text).rows, rows)
    np.testing.assert_array_equal(codec.decode(asked(OCTETS), rows.astype("<f4").tobytes()).rows, rows)
    assert len(text) >= 3 * codec.row_bytes == 3 * 256
    assert codec.least_rows(asked(OCTETS), 3 * 256) == 3 > codec.least_rows(asked(JSON), 3 * 256)
    for form, body in ((JSON, json.dumps({"instances": [[0] * 64] * 4})), (OCTETS, "\0" * 1024)):
        with pytest.raises(TooLargeError, match="there are 4 rows; at most 3"):
            codec.decode(asked(form), body.encode())


def test_texts_are_rows_in_json_alone(field_models: Path) -> None:
    bundle = ModelStore(field_models).open("codes")
    codec = native.bind(signature(bundle), max_rows=9)
    texts = bundle.test_instances()
    assert texts is not None
    body = json.dumps({"instances": texts[:5]}).encode()
    np.testing.assert_array_equal(codec.decode(asked(JSON), body).rows, bundle.test_set()[0][:5])
    with pytest.raises(UnsupportedTypeError, match="this model takes JSON"):
        codec.decode(asked(OCTETS), body)


def test_an_answer_names_the_variant_and_its_numbers_are_exact(digits: Bundle) -> None:
    codec = native.bind(signature(digits), max_rows=9)
    probabilities = np.random.default_rng(0).random((2, 10), np.float32)
    best = probabilities.argmax(axis=1).tolist()
    headers, content = codec.encode(JSON, scores(probabilities))
    answer = json.loads(content)
    assert headers == [(b"content-type", b"application/json")]
    assert list(answer) == ["model", "version", "variant", "predictions", "probabilities"]
    assert (answer["model"], answer["version"], answer["variant"]) == ("digits", 1, "int8")
    assert answer["predictions"] == best
    np.testing.assert_array_equal(np.array(answer["probabilities"], np.float32), probabilities)
    headers, content = codec.encode(OCTETS, scores(probabilities))
    assert dict(headers) == {
        b"content-type": b"application/octet-stream",
        b"x-model": b"digits",
        b"x-version": b"1",
        b"x-variant": b"int8",
    }
    np.testing.assert_array_equal(np.frombuffer(content, "<f4").reshape(2, 10), probabilities)


def test_the_headers_of_one_answer_are_not_those_of_the_next(digits: Bundle) -> None:
    codec = native.bind(signature(digits), max_rows=9)
    row = np.zeros((1, 10), np.float32)
    for form in (JSON, OCTETS):
        first, _ = codec.encode(form, scores(row))
        count = len(first)
        first.append((b"server-timing", b"x"))
        assert len(codec.encode(form, scores(row))[0]) == count


@pytest.mark.parametrize(
    ("name", "meant"),
    [("digits", ("digits", None)), ("digits~int8", ("digits", "int8")), ("digits~", ("digits", ""))],
)
def test_a_name_may_say_the_variant_as_well(name: str, meant: tuple[str, str | None]) -> None:
    assert named(name) == meant
