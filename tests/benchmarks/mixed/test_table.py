"""The table has a row for each graph, and says in words what was aimed at."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.mixed.contender import Contender
from benchmarks.mixed.table import markdown, sentences
from tests.benchmarks.mixed.conftest import Make

US = {1: 126.5, 32: 131.94}


def test_the_reference_has_microseconds_and_all_others_their_share_of_them(
    contenders: list[Contender],
) -> None:
    header, rule, reference, *others = markdown(contenders, 0.01, US)
    assert header.startswith(
        "|  | bytes | drop on validation | agreement | test accuracy | difference from float32 | at 0.01 |"
    )
    assert {line.count("|") for line in (header, rule, reference, *others)} == {12}
    assert "| 126.5 µs a row | 131.9 µs a row |" in reference
    assert others[0].startswith("| dynamic_int8 | 1,200 | +0.0010 | 0.8990 | 0.8990 | -0.0010 [")
    assert "| no worse | 0.50 [0.45, 0.55] | 0.50 [0.45, 0.55] |" in others[0]


def test_what_making_took_is_in_the_table_where_it_is_known(contenders: list[Contender]) -> None:
    known = replace(contenders[-1], seconds=8.84, memory_bytes=156 * 2**20, beside=31_998)
    *_, others, last = markdown([*contenders[:-1], known], 0.01, US)
    assert "| accuracy control | 2,000 + 31,998 |" in last
    assert last.endswith("| 8.8 | 156 |")
    assert others.endswith("|  |  |")


def test_words_say_which_aims_are_met(contenders: list[Contender]) -> None:
    text = "\n".join(sentences(contenders, 0.01))
    assert "accuracy control: kept in float32: Convolution_1." in text
    assert "bytes: 1.43 times less than int8: met." in text
    assert "time, batch 1: 1.11 times less than dynamic_int8: not met." in text
    assert "no worse at 0.01; 0.35 times the bytes." in text
    assert text.endswith("All that was aimed at: met.")


def test_without_a_mixed_rung_nothing_is_said_of_the_aims(contenders: list[Contender]) -> None:
    rest = [one for one in contenders if one.role != "mixed"]
    assert "aim" not in "\n".join(sentences(rest, 0.01)).lower()


def test_a_rung_that_would_be_harder_to_beat_is_named_with_what_is_not_known_of_it(
    contenders: list[Contender], make: Make
) -> None:
    text = "\n".join(sentences([*contenders, make("weight_int2", "uniform", 250, 1095, 0.2)], 0.01))
    assert "bytes: 0.36 times less than weight_int2, which may hold it, and is not proven to." in text
