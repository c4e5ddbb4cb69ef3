from __future__ import annotations

from dataclasses import replace

from benchmarks.ladders.table import page, table
from evidence.paired import Yardstick
from tests.benchmarks.ladders.made_up import ladder


def test_each_variant_has_a_row_with_its_verdict_under_its_data_and_model() -> None:
    head, rule, first, *others = table([ladder()])
    assert head.count("|") == rule.count("|") == 9
    assert first == (
        "| **Signals: of something**, CNN; 2,000 test rows | `float32` | 0.9000 [0.880, 0.920] |  "
        "| the reference | 100,000 | 412 (400 to 420) | 0.12 (0.12 to 0.13) |"
    )
    second, third = others
    assert second == (
        "|  | `int8` | 0.8990 [0.870, 0.920] | -0.0010 [-0.0040, +0.0020] | no worse "
        "| 30,000 | 412 (400 to 420) | 0.12 (0.12 to 0.13) |"
    )
    assert third == (
        "|  | `v-int8` | 0.8500 [0.830, 0.870] | -0.0500 [-0.0700, -0.0300] | worse | 25,000 |  |  |"
    )


def test_the_page_says_what_a_verdict_means_and_what_is_not_there() -> None:
    rungs = [replace(rung, remark="2 in 4 bits" if rung.name == "int8" else "") for rung in ladder().rungs]
    partial = ladder("signals", rungs=tuple(rungs), left_out={"int16x8": "it takes no whole numbers"})
    text = page([partial], "On a machine.", ["Left out: clinc150 needs a file."])
    assert text.startswith("# Ladders\n\nOn a machine.\n\n| data, model |")
    assert "proved to have lost less than 0.01 of the rows" in text
    assert "- signals, `int8`: 2 in 4 bits.\n" in text
    assert "- signals: `int16x8` was left out (it takes no whole numbers).\n" in text
    assert "- Left out: clinc150 needs a file.\n" in text


def test_of_data_without_labels_it_is_said_that_accuracy_is_unknown() -> None:
    unlabelled = ladder(yardstick=Yardstick("float32", "reference"))
    assert "- signals: The data had no labels: accuracy is unknown" in page([unlabelled], "", [])
    assert "unknown" not in page([ladder()], "", [])
