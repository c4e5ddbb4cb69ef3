"""Who is measured when, and which samples belong together."""

from __future__ import annotations

import pytest

from benchmarks.errors import VoidRunError
from benchmarks.measure.rounds import WARM_UP_S, measure, paired
from benchmarks.measure.sample import Sample, Subject


def test_every_subject_is_warmed_up_and_then_measured_once_a_round_in_turn() -> None:
    calls: list[tuple[str, float]] = []

    def subject(name: str) -> Subject:
        def measured(seconds: float) -> Sample:
            calls.append((name, seconds))
            return Sample(len(calls), 1.0, 1.0, 1.0)

        return measured

    heard: list[str] = []
    samples = measure({"a": subject("a"), "b": subject("b")}, rounds=2, seconds=3, say=heard.append)
    assert calls == [("a", WARM_UP_S), ("b", WARM_UP_S), ("a", 3), ("b", 3), ("b", 3), ("a", 3)]
    assert [one.count for one in samples["a"]] == [3, 6]
    assert [one.count for one in samples["b"]] == [4, 5]
    assert heard[-1] == "round 2 of 2: a"


def test_a_void_run_says_whose_it_was() -> None:
    def unanswered(_: float) -> Sample:
        raise VoidRunError("not one request was answered")

    subjects = {"ours": lambda _: Sample(1, 1.0, 1.0, 1.0), "theirs": unanswered}
    with pytest.raises(VoidRunError, match=r"^theirs: not one request was answered$"):
        measure(subjects, rounds=1, seconds=1, say=lambda _: None)


def test_a_ratio_is_taken_within_each_round() -> None:
    samples = {
        "ours": [Sample(50, 1.0, 20.0, 0.0), Sample(300, 2.0, 10.0, 0.0)],
        "bare": [Sample(100, 1.0, 10.0, 0.0), Sample(200, 1.0, 5.0, 0.0)],
    }
    assert paired(lambda one, other: one.per_s / other.per_s, samples, "ours", "bare") == (0.5, 0.75)
    assert paired(lambda one: one.p50_us, samples, "ours") == (20.0, 10.0)


def test_samples_that_have_no_partner_are_refused() -> None:
    one = Sample(1, 1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="shorter"):
        paired(lambda *_: 0.0, {"a": [one, one], "b": [one]}, "a", "b")
