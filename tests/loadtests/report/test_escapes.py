"""Whatever something is called, a report shows it as it is called."""

from __future__ import annotations

import csv
import io
from html import unescape
from re import sub

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from loadtests.report.escapes import code_in_markdown, in_csv, in_markdown, sentence_in_markdown
from loadtests.report.markdown import lines_as_table

RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
NASTY = (
    *("a|b", "`x`", "<script>alert(1)</script>", "*a* _b_ __c__", "~~a~~", "~a~", "[a](http://b)", "![a](b)"),
    *(
        "a\nb",
        "# a",
        "- a",
        "1. a",
        "+ a",
        "> a",
        "&lt;",
        "\\",
        "a\\|b",
        "$a$",
        "<http://a>",
        "---",
        "=",
        "``a`",
    ),
)
# Printable, because what is no text stands in no report.
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"), include_characters=" \n"), min_size=1
)


def _text(html: str) -> str:
    """Return what a reader sees; no element but those named may be there."""
    return unescape(sub(r"</?(?:p|table|thead|tbody|tr|th|td|code|ul|li)[^<>]*>", "", html))


def _line(text: str) -> str:
    return " ".join(text.split())


@given(texts)
def test_a_cell_of_a_table_reads_as_it_stands(text: str) -> None:
    shown = RENDERER.render(lines_as_table([{"variant": text, "rows": "1"}]))
    assert shown.count("<td") == 2
    assert _line(_text(shown)) == _line(f"variant rows {text} 1")


@given(texts)
def test_a_sentence_reads_as_it_stands_and_what_is_between_backticks_is_code(text: str) -> None:
    prose = text.replace("`", "'")
    shown = RENDERER.render(f"- {sentence_in_markdown(f'{prose} `{prose}` {prose}')}")
    assert _line(_text(shown)) == _line(f"{prose} {prose} {prose}")
    if prose.strip():
        assert shown.count("<code>") == 1
    assert "<script>" not in shown


@given(texts)
def test_code_reads_as_it_stands(text: str) -> None:
    shown = RENDERER.render(f"x {code_in_markdown(text)}")
    assert _line(_text(shown)) == _line(f"x {text}")


def test_plain_words_are_as_readable_as_before() -> None:
    for plain in (
        "dynamic_int8",
        "2.70 (2.61-2.79)",
        "~ 1.02",
        "1,000",
        "-",
        "> 5,000 (4,900-5,100)",
        "a/b: c",
    ):
        assert in_markdown(plain) == plain


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://a")'])
def test_no_cell_is_a_formula(text: str) -> None:
    written = io.StringIO()
    csv.writer(written).writerow([in_csv(text)])
    written.seek(0)
    ((cell,),) = csv.reader(written)
    assert cell == f"'{text}"


@pytest.mark.parametrize("text", ["", "-", "int8", "status 500", "a=b"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert in_csv(text) == text
