from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bundle.store import ModelStore
from loadtests.workload.payloads import Payloads, build, encode_instances, held_out, rows_of, rows_within


def _data(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(count * 2, dtype=np.float32).reshape(count, 2), np.array([f"l{i}" for i in range(count)])


@given(st.integers(1, 50), st.integers(1, 70))
def test_every_test_row_is_sent_with_its_own_label(count: int, rows: int) -> None:
    x, y = _data(count)
    payloads = build(x, y, rows)
    sent = set()
    for index, (body, labels) in enumerate(zip(payloads.bodies, payloads.labels, strict=True)):
        chosen = rows_of(np.array([index]), rows, payloads.order)[0]
        assert json.loads(body.content)["instances"] == x[chosen].tolist()
        assert labels == y[chosen].tolist()
        assert len(labels) == rows
        sent |= set(chosen.tolist())
    assert sent == set(range(count))


def test_the_order_is_shuffled_and_the_same_every_time() -> None:
    x, y = _data(100)
    assert build(x, y, 4).bodies == build(x, y, 4).bodies
    assert build(x, y, 4).order.tolist() != list(range(100))
    assert build(x, y, 4, seed=1).bodies != build(x, y, 4).bodies


@given(arrays(np.float32, (3, 4), elements=st.floats(allow_nan=False, allow_infinity=False, width=32)))
def test_a_body_gives_back_exactly_the_numbers_that_were_encoded(x: np.ndarray) -> None:
    instances = json.loads(encode_instances(x).content)["instances"]
    assert np.array_equal(np.array(instances, np.float64).astype(np.float32), x)


def test_numbers_are_sent_in_the_digits_they_were_read_with() -> None:
    assert encode_instances(np.array([[13.54, 0.1]], np.float32)).content == b'{"instances":[[13.54,0.1]]}'
    assert encode_instances(np.array([[0, 255]], np.float32)).content == b'{"instances":[[0,255]]}'


def test_the_bodies_of_a_huge_test_set_are_bounded() -> None:
    x, y = _data(1000)
    payloads = build(x, y, 10, bytes_max=2000)
    assert 1 < len(payloads.bodies) < 100
    assert sum(map(len, payloads.bodies)) <= 2000
    assert len(build(x, y, 10, bytes_max=1).bodies) == 1


@pytest.fixture(scope="module")
def thousand() -> Payloads:
    return build(*_data(1000), 1)


@given(users=st.integers(2, 64))
def test_users_start_far_from_each_other(users: int, thousand: Payloads) -> None:
    starts = sorted(thousand.start(user) for user in range(users))
    ring = [*starts, starts[0] + 1000]
    # Steps of the golden ratio leave gaps of at most three lengths, none less than 1 / 2.7 of an even one.
    assert min(later - earlier for earlier, later in pairwise(ring)) >= 1000 / users / 2.7 - 1


@pytest.mark.parametrize(("count", "rows"), [(5, 0), (0, 1)])
def test_there_must_be_something_to_send(count: int, rows: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        build(*_data(count), rows)


@pytest.mark.parametrize("name", ["loans", "codes"])
def test_models_of_texts_and_objects_are_sent_those_with_their_own_labels(
    field_models: Path, name: str
) -> None:
    bundle = ModelStore(field_models).open(name)
    encoder = bundle.encoder()
    assert encoder is not None
    x, y = bundle.test_set()
    payloads = build(*held_out(bundle), 3)
    for index, (body, labels) in enumerate(zip(payloads.bodies, payloads.labels, strict=True)):
        chosen = rows_of(np.array([index]), 3, payloads.order)[0]
        instances = json.loads(body.content)["instances"]
        assert isinstance(instances[0], dict if name == "loans" else str)
        np.testing.assert_array_equal(encoder.encode(instances), x[chosen])
        assert labels == y[chosen].tolist()


def test_models_of_vectors_are_sent_rows(models: Path) -> None:
    x, _ = held_out(ModelStore(models).open("digits"))
    assert x.shape[1] == 64


def test_rows_are_halved_until_a_body_is_short_enough_and_never_to_none() -> None:
    x = np.full((10, 100), 0.5, np.float32)  # 400 bytes a row
    assert rows_within(x, 512, 10**6) == 512  # the ten rows come round again
    assert rows_within(x, 512, 100_000) == 128
    assert (
        len(encode_instances(x[np.zeros(128, int)])) <= 100_000 < len(encode_instances(x[np.zeros(256, int)]))
    )
    assert rows_within(x, 512, 10) == 1
