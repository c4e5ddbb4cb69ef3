"""The program `python -m loadtests compare`, as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from loadtests.cli.app import app
from tests.loadtests.results import changed, document, measured, peak


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """A folder with three reports: before, the same again in a folder of its own, and 15% slower."""
    (tmp_path / "again").mkdir()
    for name, speed in (("before.json", 1000), ("again/report.json", 1003), ("slower.json", 850)):
        text = document([measured("float32", 32, speed), measured("int8", 32, 2 * speed)]).as_json()
        (tmp_path / name).write_text(text)
    return tmp_path


def _compare(*arguments: str) -> Result:
    """Run the command in this process: starting one takes most of the time that it needs."""
    return CliRunner().invoke(app, ["compare", *arguments])


def test_the_same_service_again_is_not_told_apart(reports: Path) -> None:
    ended = _compare(str(reports / "before.json"), str(reports / "again"))
    assert ended.exit_code == 0, ended.stderr
    assert "Not told apart: no figure differs" in ended.stdout
    lines = [line.split() for line in ended.stdout.splitlines()]
    assert ["int8", "32", "throughput", "2,000/s", "2,006/s", "1.003"] in [line[:6] for line in lines]


def test_a_slower_service_fails_the_build_and_the_file_says_why(reports: Path) -> None:
    out = reports / "comparison.json"
    files = str(reports / "before.json"), str(reports / "slower.json")
    ended = _compare(*files, "--out", str(out))
    assert ended.exit_code == 1
    assert "Worse: throughput of all (0.85 times" in ended.stdout
    written = json.loads(out.read_text())
    assert written["is_worse"] is True
    assert {one["variant"] for one in written["changes"] if one["finding"] == "worse"} == {
        "all",
        "float32",
        "int8",
    }
    assert _compare(*files, "--tolerance", "0.3").exit_code == 0


def test_a_peak_is_a_rate_and_the_column_says_how_sure_it_is(reports: Path) -> None:
    load = changed(measured("int8"), scenario="server", peak=peak(5000.0, 5100.0))
    (reports / "peak.json").write_text(document([load]).as_json())
    file = str(reports / "peak.json")
    ended = _compare(file, file, "--confidence", "0.9")
    assert ended.exit_code == 0
    assert "after / before (90% over all)" in ended.stdout
    lines = [line.split() for line in ended.stdout.splitlines()]
    assert ["int8", "1", "peak", "5,000/s", "5,000/s"] in [line[:5] for line in lines]


def test_a_variant_that_is_gone_fails_the_build(reports: Path) -> None:
    (reports / "less.json").write_text(document([measured("int8", 32, 2000)]).as_json())
    ended = _compare(str(reports / "before.json"), str(reports / "less.json"))
    assert ended.exit_code == 1
    assert "Worse: float32 with 32 rows a request is only in the first report." in ended.stdout


def test_one_round_cannot_gate_a_build(reports: Path) -> None:
    (reports / "once.json").write_text(document([measured("int8", 32, 2000, scatter=(1.0,))]).as_json())
    ended = _compare(str(reports / "once.json"), str(reports / "once.json"))
    assert ended.exit_code == 2
    assert "Nothing can be told of speed" in ended.stdout


def test_a_name_is_shown_as_it_is_whatever_it_holds(reports: Path) -> None:
    (reports / "odd.json").write_text(document([measured("[/red] [b]a|b`")]).as_json())
    ended = _compare(str(reports / "odd.json"), str(reports / "odd.json"))
    assert ended.exit_code == 0, ended.output
    assert "[/red] [b]a|b`" in ended.stdout


def test_a_mistake_is_one_clear_line_and_no_traceback(reports: Path) -> None:
    (reports / "old.json").write_text('{"schema_version": 1}')
    before = str(reports / "before.json")
    for arguments, complaint in (
        ((before, str(reports / "none.json")), "cannot be read"),
        ((before, str(reports / "old.json")), "its schema_version is 1"),
        ((before, before, "--tolerance", "2"), "--tolerance is 2; give a share"),
    ):
        ended = _compare(*arguments)
        assert ended.exit_code == 2
        assert ended.stderr.startswith("error: ")
        assert complaint in ended.stderr
        assert len(ended.stderr.splitlines()) == 1
