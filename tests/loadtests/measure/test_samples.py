from __future__ import annotations

import numpy as np
import pytest

from loadtests.measure.recorder import Recorder
from loadtests.measure.samples import Samples, merge
from loadtests.protocol.marking import Mark

ORDER = np.array([2, 0, 1])


def _load(part: int, *reasons: str, is_open: bool = False) -> Samples:
    recorder = Recorder(1, ORDER, part=part, is_open=is_open)
    recorder.add_answer(part + 0.1, part + 0.2, 0, [0])
    for reason in reasons:
        recorder.add_failure(part + 0.3, part + 0.4, 1, status=500, reason=reason)
    recorder.add_answer(part + 0.5, part + 0.6, 2, [0])
    recorder.spawned, recorder.ended = part, part + 1.0
    return recorder.samples()


def test_merging_changes_nothing_and_loses_nothing() -> None:
    loads = [_load(0, "a"), _load(1, "b", "a"), _load(2)]
    merged = merge(loads)
    for name in ("scheduled", "sent", "done", "status", "body", "correct", "part"):
        assert getattr(merged, name).tolist() == [x for one in loads for x in getattr(one, name).tolist()]
    assert [str(merged.errors[one]) if one >= 0 else "" for one in merged.error.tolist()] == [
        *("", "a", ""),
        *("", "b", "a", ""),
        *("", ""),
    ]
    wrong = list(zip(merged.wrong_sample.tolist(), merged.wrong_row.tolist(), strict=True))
    assert wrong == [(0, 2), (2, 1), (3, 2), (6, 1), (7, 2), (8, 1)]
    answered, right = merged.answers_by_row(merged.ok)
    assert (answered.tolist(), right.tolist()) == ([0, 3, 3], [0, 0, 0])


def test_loads_of_other_bodies_are_not_merged() -> None:
    with pytest.raises(ValueError, match="different bodies"):
        merge([_load(0), Recorder(2, ORDER).samples()])


def test_trimming_keeps_the_wrong_rows_of_what_is_kept() -> None:
    samples = _load(0, "a")
    kept = samples.trimmed(np.array([False, True, True]))
    assert (kept.done.tolist(), kept.error.tolist()) == ([0.4, 0.6], [0, -1])
    assert (kept.wrong_sample.tolist(), kept.wrong_row.tolist()) == ([1], [1])


def test_an_open_loop_measures_what_was_scheduled_and_a_closed_loop_what_was_answered() -> None:
    recorder = Recorder(1, ORDER, is_open=True)
    recorder.add(0.9, 0.9, 0.9, 1.5, 0, 200, b"")
    recorder.add(1.9, 1.9, 1.9, 7.0, 0, 200, b"")
    samples = recorder.samples()
    assert samples.measured(1.0, 2.0).tolist() == [False, True]
    assert samples.between(1.0, 2.0).tolist() == [True, False]


def test_each_different_answer_is_read_once_and_only_when_samples_are_asked_for() -> None:
    read: list[tuple[int, int, bytes]] = []

    def marker(body: int, status: int, content: bytes) -> Mark:
        read.append((body, status, content))
        return Mark((0,) if content == b"wrong" else ())

    recorder = Recorder(1, ORDER, marker)
    for index, content in enumerate([b"right", b"wrong", b"right", b"wrong"]):
        recorder.add(index, index, index, index + 0.5, 0, 200, content)
    recorder.add(9, 9, 9, 9.5, 0, 503, b"busy")
    assert read == []
    samples = recorder.samples()
    assert read == [(0, 200, b"right"), (0, 200, b"wrong")]
    assert samples.correct.tolist() == [1, 0, 1, 0, 0]
    assert samples.errors.tolist() == ["status 503"]
    assert samples.wrong_sample.tolist() == [1, 3]
    assert recorder.samples(3).correct.tolist() == [0, 0]
    assert len(read) == 2


def test_differences_from_offline_are_kept_by_row() -> None:
    def marker(body: int, status: int, content: bytes) -> Mark:
        return Mark((), None, (1,) if content == b"2" else (), (float(content) / 10, float("nan")))

    recorder = Recorder(2, ORDER, marker)
    for content in (b"1", b"2"):
        recorder.add(0, 0, 0, 1, 0, 200, content)  # body 0 holds the rows 2 and 0
    samples = recorder.samples()
    np.testing.assert_array_equal(samples.difference, [np.nan, np.nan, 0.2])
    assert samples.astray.tolist() == [True, False, False]


def test_merging_keeps_what_was_chosen_for_each_sample() -> None:
    loads = []
    for variants in (["int8", "float32"], [], ["float32", ""]):
        recorder = Recorder(1, ORDER, lambda body, status, content: Mark(variant=content.decode()))
        for variant in variants:
            recorder.add(0.0, 0.0, 0.0, 1.0, 0, 200, variant.encode(), "load" if variant else "")
        loads.append(recorder.samples())
    merged = merge(loads)
    found = [merged.choices[one].tolist() if one >= 0 else None for one in merged.choice.tolist()]
    assert found == [["int8", "load"], ["float32", "load"], ["float32", "load"], None]
