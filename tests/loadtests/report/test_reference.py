"""A report of a reference of another name is that of float32, word for word, picture for picture."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from rich.console import Console

from loadtests.cli.terminal import show
from loadtests.judge.document import Document
from loadtests.report.markdown import markdown
from loadtests.report.page.render import render
from loadtests.report.pictures.sheets import curves_sheet, tradeoff_sheet
from tests.loadtests.judge.test_reference import OTHER, TRUE, renamed
from tests.loadtests.results import complete, document, measured


def _shown(report: Document, columns: int) -> str:
    stream = io.StringIO()
    show(report, Path("report.html"), Console(file=stream, width=columns))
    return stream.getvalue()


FORMS: Sequence[Callable[[Document], str]] = (
    markdown,
    render,
    tradeoff_sheet,
    curves_sheet,
    lambda one: _shown(one, 300),
)


@pytest.mark.parametrize("form", FORMS)
def test_a_reference_of_another_name_is_reported_as_float32_is(form: Callable[[Document], str]) -> None:
    usual = form(document(complete()))
    assert "float32" in usual
    assert form(document(renamed(complete()), yardstick=OTHER)) == usual.replace("float32", "foreign")


@pytest.fixture(scope="module")
def unlabelled() -> Document:
    loads = [*complete(), *(measured("int4", rows, 9000 * rows, accuracy=0.5) for rows in (1, 32))]
    return document(renamed(loads), yardstick=TRUE)


@pytest.mark.parametrize("form", FORMS)
def test_without_labels_a_report_says_agreement_and_that_accuracy_is_unknown(
    unlabelled: Document, form: Callable[[Document], str]
) -> None:
    told = re.sub(r"<(style|script)>.*?</\1>", "", form(unlabelled), flags=re.DOTALL)
    told = told.replace("accuracy is unknown", "")
    assert "agreement" in told
    assert "ccura" not in told


def test_without_labels_the_column_the_axis_and_the_notes_say_agreement(unlabelled: Document) -> None:
    text = markdown(unlabelled)
    assert "| agreement with foreign (95%) |" in text
    assert "points: agreement with foreign less 1, in hundredths" in text
    assert "agrees too little" in text
    assert "agreement with foreign on the test rows" in tradeoff_sheet(unlabelled)
    assert "<h2>Agreement with foreign against rows per core-second</h2>" in render(unlabelled)
    assert "agreement with foreign (95%)" in _shown(unlabelled, 300)
    assert "agrees too little with foreign" not in _shown(unlabelled, 300)  # the note in the table says it
