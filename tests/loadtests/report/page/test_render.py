from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from loadtests.experiment.blocks import Grade
from loadtests.experiment.measured import Measured
from loadtests.judge.bounds import Bounds
from loadtests.judge.document import Document
from loadtests.report.page.render import render, words
from tests.loadtests.results import changed, complete, document, measured, voided

VOID_TAGS = {"meta", "link", "br", "img", "input", "hr"}


class _Page(HTMLParser):
    """Reads a page as a browser does, and keeps what the tests ask about."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.labels: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.addresses += [value for name in ("src", "href", "action") if (value := known.get(name))]
        if "touch" in (known.get("class") or "").split():
            self.labels.append(known.get("aria-label") or "")
        if tag not in VOID_TAGS:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID_TAGS:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def _read(report: Document) -> _Page:
    page = _Page(render(report, ["tradeoff.svg"]))
    assert page.open == []
    return page


@pytest.fixture(scope="module")
def whole() -> str:
    return render(document(complete(), Bounds(p99_ms=9000)), ["tradeoff.svg"])


def test_the_page_asks_for_nothing_from_anywhere(whole: str) -> None:
    page = _Page(whole)
    assert set(page.addresses) == {"report.json", "report.md", "turns.csv", "samples.csv.gz", "tradeoff.svg"}
    assert set(re.findall(r"https?://[^/?\s]*", whole)) == {"http://localhost:8000"}  # what to ask next
    assert not re.search(r"@import|url\(", whole)
    assert "default-src 'none'" in whole


def test_the_answer_comes_first_then_picture_table_stages_curves_checks_and_method(whole: str) -> None:
    places = [
        whole.index(words)
        for words in (
            '<h1 class="answer">Ship <code>int8</code>',
            "What to do next",
            "python -m service --models models",
            "Accuracy against rows per core-second",
            "Against throughput, rows/s",
            "Against p99 latency, ms",
            "Every figure",
            "Told apart?",
            "How calm the machine was",
            "Where the time goes",
            "Curves:",
            "Over time",
            "<h2>Checks",
            "<h2>Method",
            "<h2>Machine",
            "python -m loadtests run --models models",
        )
    ]
    assert places == sorted(places)


def test_every_picture_is_well_formed_and_says_what_it_shows(whole: str) -> None:
    pictures = re.findall(r"<svg.*?</svg>", whole, re.DOTALL)
    # For each number of rows three of the trade-off and one of the stages; two of a curve, one of a time.
    named = [one for one in pictures if 'role="img"' in one]
    assert len(named) == 2 * 4 + 6 * 3
    for picture in pictures:
        ET.fromstring(picture)  # noqa: S314 - it is our own
    assert all('aria-label="' in one for one in named)
    assert "nan" not in " ".join(pictures).lower()


def test_whatever_can_be_pointed_at_shows_its_figures(whole: str) -> None:
    labels = _Page(whole).labels
    (float32, *_) = [one for one in labels if one.startswith("float32\nrows: 32\n")]
    assert "\naccuracy (95%): 0.9700 (0.9" in float32
    assert "\np99 ms: 9" in float32
    assert any(one.startswith("int8: infer\nthe model itself: 0.5 ms, 50%") for one in labels)
    assert any(one.startswith("offered 400 requests/s\n") and "p99: 5 ms" in one for one in labels)
    assert any(one.startswith("1 to 2 s\nusers: 20\noffered: 450/s") for one in labels)


def test_a_void_run_says_so_in_a_large_word_and_why() -> None:
    page = _read(document([measured("float32"), voided(measured("int8"))]))
    assert "VOID int8 with 1 row a request: It used 97% of its core; 90% is allowed." in page.text
    assert "VOID" not in _read(document([measured("float32")])).text


def test_the_grade_of_each_load_has_its_figures_with_what_was_stolen_and_what_others_took() -> None:
    rough = Grade("rough", 0.21, 0.2, None, 0.12, 0.3)
    page = _read(document([changed(measured("float32"), grade=rough), measured("int8")]))
    titles = "variant rows grade scatter of turns turns thrown away ready, no core stolen others on its core"
    assert f"{titles} float32 1 rough 21.0% 20.0% - 12.0% 30.0% int8 1 calm 3.0%" in page.text
    assert "How calm" not in _read(document([changed(measured("float32"), grade=None)])).text


def test_where_nothing_holds_the_bounds_the_page_begins_with_that() -> None:
    page = render(document([measured("float32", p99_ms=9.0)], Bounds(p99_ms=2)))
    assert '<h1 class="answer none">No variant meets p99 of 2 ms; the nearest is <code>float32</code>' in page


def test_what_is_dominated_is_grey_and_what_is_recommended_stands_out() -> None:
    report = document([measured("float32", size=9000), measured("int8", rows_per_s=3000)])
    page = render(
        report.model_copy(update={"verdict": replace(report.verdict, dominated={"float32": "int8"})})
    )
    assert page.count('class="mark grey"') == 3
    assert page.count('class="mark v1"') == 3
    assert '<tr class="dominated"><th scope="row" class="left">float32' in page
    assert '<tr class="best"><th scope="row" class="left">int8' in page


@pytest.mark.parametrize(
    "results",
    [
        [measured("float32", accuracy=None, failures={"no answer": 5})],
        [measured("float32", model_ms=None)],
        [measured("int8", scatter=(1.0,))],
        [changed(measured("float32"), checks=(), blocks=(), cost=None, throughput=None, resident_bytes=None)],
        [measured("float32", 1), measured("int8", 32)],
        [measured(f"v{number}", rows_per_s=100.0 * number) for number in range(1, 12)],
        [measured("float32", accuracy=1.0, unique=1)],
    ],
    ids=[
        "unanswered",
        "unknown stages",
        "one round",
        "bare",
        "nothing in common",
        "eleven variants",
        "one row",
    ],
)
def test_a_run_that_came_to_little_or_much_still_makes_a_page(results: list[Measured]) -> None:
    _read(document(results))


def test_nothing_that_a_name_or_a_reason_holds_is_taken_for_html() -> None:
    evil = '<script>alert("x")</script>'
    results = [measured("float32"), measured("int8", failures={evil: 2})]
    report = document(results).model_copy(update={"model": evil, "method": [f"`{evil}`"]})
    page = render(report)
    assert evil not in page
    assert "&lt;script&gt;" in page
    assert str(words("a < `b & c`")) == "a &lt; <code>b &amp; c</code>"
