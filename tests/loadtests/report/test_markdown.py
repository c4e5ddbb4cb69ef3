from __future__ import annotations

from markdown_it import MarkdownIt

from loadtests.experiment.measured import Skipped
from loadtests.judge.bounds import Bounds
from loadtests.report.markdown import lines_as_table, markdown
from tests.loadtests.results import changed, complete, document, measured, voided


def test_the_answer_comes_first_and_everything_else_follows() -> None:
    report = document(complete())
    text = markdown(report, ["tradeoff.svg"])
    assert text.startswith("# digits/1: throughput and latency against accuracy\n\n- Ship `int8`: 2.70 times")
    assert all(f"- {sentence}" in text for sentence in report.verdict.sentences)
    assert "| int8 | 32 |" in text
    assert "![tradeoff](tradeoff.svg)" in text
    assert "Rows per core-second of the row's variant over the column's" in text
    for rows in ("1 row", "32 rows"):
        assert f"### {rows} a request\n\n| variant | / float32 | / int8 |" in text
    assert "| variant | / float32 | / int8 |" in text
    assert "| int8 | 32 | calm | 3.0% |" in text
    assert "6 of 6 checks passed; 0 could not be made." in text
    assert "- It was measured." in text
    assert "- Python 3.11.7; numpy 2.4.0" in text
    assert "`python -m loadtests run --models models`" in text


def test_a_void_run_has_it_as_a_heading() -> None:
    text = markdown(document([measured("float32"), voided(measured("int8"))]))
    assert "\n# VOID\n" in text
    assert "- VOID: `int8` with 1 row a request, generator: It used 97% of its core" in text
    assert "VOID" not in markdown(document([measured("float32")]))


def test_bounds_that_nothing_holds_are_the_answer() -> None:
    report = document([measured("float32")], Bounds(p99_ms=1))
    assert "\n\n- No variant meets p99 of 1 ms; the nearest is `float32`" in markdown(report)


def test_what_others_have_said_reads_as_it_stands_wherever_it_is_shown() -> None:
    odd = "<script>alert(1)</script> |*x*\n# y"
    known = document([changed(measured("a|b"), failures={odd: 1}), voided(measured("float32"))])
    skipped = [Skipped("c", odd, failed=True)]
    machine = {**known.machine, "cpu": odd}
    again = {
        "command": f"run '{odd}`'",
        "partial": odd,
        "method": [odd],
        "skipped": skipped,
        "machine": machine,
    }
    text = markdown(known.model_copy(update=again))
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    assert "<script>" not in shown
    assert "<em>" not in shown
    assert shown.count("&lt;script&gt;") >= 5
    assert shown.count("<h1>") == 3  # the title, void, and partial


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert lines_as_table([{"variant": "a|b"}]).splitlines()[-1] == "| a\\|b |"
    assert lines_as_table([]) == "Nothing was measured."
