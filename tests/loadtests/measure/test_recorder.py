from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from loadtests.errors import GeneratorError
from loadtests.measure.recorder import Recorder
from loadtests.measure.samples import Samples
from loadtests.protocol.marking import Mark

ORDER = np.array([2, 0, 1])  # three test rows; with two rows a body, body 1 holds rows 1 and 2


def _recorder() -> Recorder:
    recorder = Recorder(2, ORDER)
    recorder.add_answer(10.0, 10.5, 0, [])
    recorder.add_answer(10.5, 10.7, 1, [0, 1])
    recorder.add_failure(10.7, 10.8, 0, status=500, reason="status 500")
    recorder.add_failure(10.8, 11.0, 1, status=0, reason="no answer")
    recorder.add_failure(11.0, 11.1, 0, status=500, reason="status 500")
    recorder.add_answer(11.1, 11.9, 0, [1])
    recorder.add_usage(10.0, 3.0)
    recorder.spawned, recorder.ended = 10.1, 12.0
    return recorder


def test_every_request_leaves_one_sample() -> None:
    samples = _recorder().samples()
    assert samples.done.tolist() == [10.5, 10.7, 10.8, 11.0, 11.1, 11.9]
    assert samples.status.tolist() == [200, 200, 500, 0, 500, 200]
    assert samples.correct.tolist() == [2, 0, 0, 0, 0, 1]
    assert samples.error.tolist() == [-1, -1, 0, 1, 0, -1]
    assert samples.errors.tolist() == ["status 500", "no answer"]
    assert samples.ok.tolist() == [True, True, False, False, False, True]


def test_wrong_rows_are_those_of_the_test_set() -> None:
    samples = _recorder().samples()
    assert samples.wrong_sample.tolist() == [1, 1, 5]
    assert samples.wrong_row.tolist() == [1, 2, 0]


def test_answers_are_counted_for_each_test_row_and_failures_are_not() -> None:
    samples = _recorder().samples()
    answered, right = samples.answers_by_row(np.ones(6, bool))
    assert answered.tolist() == [2, 1, 3]
    assert right.tolist() == [1, 0, 2]
    answered, right = samples.answers_by_row(samples.between(10.6, 11.5))
    assert answered.tolist() == [0, 1, 1]
    assert right.tolist() == [0, 0, 0]


def test_a_row_that_comes_twice_in_a_request_is_counted_twice() -> None:
    recorder = Recorder(4, ORDER)
    recorder.add_answer(0.0, 1.0, 0, [3])
    answered, right = recorder.samples().answers_by_row(np.ones(1, bool))
    assert answered.tolist() == [1, 1, 2]
    assert right.tolist() == [1, 1, 1]


def test_the_window_holds_its_start_and_not_its_end() -> None:
    samples = _recorder().samples()
    assert samples.between(10.5, 11.9).tolist() == [True, True, True, True, True, False]


@pytest.mark.parametrize("recorder", [_recorder(), Recorder(2, ORDER)], ids=["filled", "empty"])
def test_samples_come_back_from_their_file_as_they_were(recorder: Recorder, tmp_path: Path) -> None:
    samples = recorder.samples()
    samples.save(tmp_path / "samples.npz")
    loaded = Samples.load(tmp_path / "samples.npz")
    for field in fields(Samples):
        np.testing.assert_array_equal(getattr(loaded, field.name), getattr(samples, field.name))


@pytest.mark.parametrize("content", [None, b"", b"no archive"])
def test_a_file_without_samples_is_refused_by_name(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "samples.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(GeneratorError, match=r"samples\.npz does not hold samples"):
        Samples.load(path)


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", rows=np.array(3))
    with pytest.raises(GeneratorError, match="does not hold samples"):
        Samples.load(tmp_path / "x.npz")


def test_what_was_chosen_and_why_is_kept_of_each_sample() -> None:
    recorder = Recorder(1, ORDER, lambda body, status, content: Mark(variant=content.decode()))
    for place, (variant, reason) in enumerate([("int8", "load"), ("", ""), ("int8", ""), ("int8", "load")]):
        recorder.add(place, place, place, place + 0.5, 0, 200, variant.encode(), reason)
    recorder.add_failure(9.0, 9.5, 0, status=503, reason="status 503")
    samples = recorder.samples()
    found = [samples.choices[one].tolist() if one >= 0 else None for one in samples.choice.tolist()]
    assert found == [["int8", "load"], None, ["int8", ""], ["int8", "load"], None]
    assert samples.trimmed(samples.choice == samples.choice[0]).choice.tolist() == [samples.choice[0]] * 2
