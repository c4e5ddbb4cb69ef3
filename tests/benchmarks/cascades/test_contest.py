from __future__ import annotations

import numpy as np
import pytest

from benchmarks.cascades.contest import Contest, contest
from benchmarks.cascades.table import sentences, table
from benchmarks.measure.sample import Sample
from bundle.bundle import Bundle, Predictions
from bundle.manifest import CASCADE
from evidence.paired import Pairs
from tests.service.cascading import a_cascade

ROWS = 10_000
WRONG = {"float32": 1000, "int8": 1010, "weight_int4": 1500, CASCADE: 1020}
US = {"float32": 20.0, "int8": 10.0, "weight_int4": 4.0, CASCADE: 5.0}


class MadeUp(Bundle):
    """A bundle whose variants got all but the first rows right, so many of them wrong."""

    def predictions(self) -> Predictions:
        labels = np.ones(ROWS, np.int64)
        classes = {name: (np.arange(ROWS) >= wrong).astype(np.int64) for name, wrong in WRONG.items()}
        return Predictions(labels, labels, classes, classes)


@pytest.fixture
def made_up(bundle: Bundle) -> Bundle:
    spec = a_cascade(bundle.manifest.variants[0].scores, threshold=0.75)
    spec = spec.model_copy(update={"first": "weight_int4", "second": "int8"})
    return MadeUp(bundle.folder, bundle.manifest.model_copy(update={"cascade": spec}))


def measured(bundle: Bundle, us: dict[str, float] = US) -> Contest:
    """Return the contest of turns whose speeds differ by what disturbed all of them."""
    samples = {
        name: [Sample(10, 1.0, 1.0, 1.0, server_s=10 * 32 * each * slow / 1e6) for slow in (1, 3, 2, 1)]
        for name, each in us.items()
    }
    return contest(bundle, 0.01, 32, samples)


def test_the_cascade_is_set_against_the_fastest_rung_that_is_proved_to_be_no_worse(made_up: Bundle) -> None:
    found = measured(made_up)
    assert (found.best, found.usual) == ("int8", "int8")
    assert found.ratios[CASCADE].value == pytest.approx(2)
    assert found.ratios["float32"].value == pytest.approx(0.5)
    assert found.ratios[CASCADE].high - found.ratios[CASCADE].low == pytest.approx(0)
    by_name = {one.name: one for one in found.contenders}
    assert by_name["float32"].verdict is None
    assert (by_name["weight_int4"].is_no_worse, by_name[CASCADE].is_no_worse) == (False, True)
    assert by_name[CASCADE].pairs == Pairs(ROWS, lost=20, gained=0)
    assert by_name["int8"].row_us.low < 10 < by_name["int8"].row_us.high * 2
    assert found.reaches(2.0 - 1e-9)
    assert not found.reaches(2.1)


def test_a_cascade_that_is_not_proved_reaches_no_aim(
    made_up: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WRONG, CASCADE, 1098)
    assert not measured(made_up).reaches(1.4)


def test_the_table_has_a_row_each_and_the_sentences_say_whether_the_aim_is_met(made_up: Bundle) -> None:
    found = measured(made_up)
    header, _, *rows = table(found)
    assert "as times those of int8 [95%]" in header
    assert [row.split("`")[1] for row in rows] == list(US)
    assert "| 0.9000 |  | the reference |" in rows[0]
    assert "| 0.8980 | -0.0020 [-0.0031, -0.0013] | no worse |" in rows[-1]
    pair, aim = sentences(found, 1.4)
    assert "less than 0.75 sure of goes on to `int8`: 25.0% of validation rows." in pair
    assert aim.endswith("2.00 [2.00, 2.00], and no worse: met.")


def test_without_a_cascade_the_aim_is_missed_and_said_so(bundle: Bundle) -> None:
    alone = MadeUp(bundle.folder, bundle.manifest)
    found = measured(alone, {name: us for name, us in US.items() if name != CASCADE})
    assert not found.reaches(0.1)
    assert list(sentences(found, 1.4)) == [
        "There is no cascade: none costs less than the best single rung. Aim, 1.4 times: not met."
    ]
