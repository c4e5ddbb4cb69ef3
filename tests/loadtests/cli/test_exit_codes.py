"""What the exit code of `run` says, whatever a run came to."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from loadtests.cli import run as command
from loadtests.cli.app import app
from loadtests.experiment.measured import Measured, Outcomes, ScoredLoad, Skipped
from loadtests.measure.check import Check
from tests.loadtests.results import changed, measured, stop, voided

SLOW, FAST = measured("float32", size=4000), measured("int8", rows_per_s=2000)
FOUND = Check("batches", passed=False, detail="An answer depends on its batch.", voids=False)


def _ended(
    outcomes: Outcomes, models: Path, out: Path, monkeypatch: pytest.MonkeyPatch, *asked: str
) -> tuple[int, str]:
    """Return the exit code and what was printed of a run that came to this."""
    monkeypatch.setattr(command, "run", lambda *_: outcomes)
    monkeypatch.setattr("loadtests.report.samples_csv.write", lambda *_: None)
    base = ("run", "--models", str(models), "--model", "digits", "--rows", "1", "--out", str(out))
    ended = CliRunner().invoke(app, [*base, *asked])
    return ended.exit_code, ended.output


@pytest.mark.parametrize(
    ("loads", "asked", "code"),
    [
        ([SLOW, FAST], (), 0),
        ([SLOW, FAST], ("--p99-ms", "50"), 0),
        ([SLOW, FAST], ("--p99-ms", "1"), 1),
        ([SLOW, changed(FAST, checks=[FOUND])], (), 1),
        ([SLOW, measured("int8", failures={"status 500": 2})], (), 1),
        ([SLOW, voided(FAST)], (), 3),
        ([voided(SLOW), voided(FAST)], ("--p99-ms", "1"), 3),
    ],
)
def test_it_is_0_for_an_answer_1_for_a_gate_and_3_for_a_figure_that_is_wrong(
    loads: list[Measured],
    asked: tuple[str, ...],
    code: int,
    models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outcomes = Outcomes([ScoredLoad(one) for one in loads], stop=stop())
    found, printed = _ended(outcomes, models, tmp_path / "out", monkeypatch, *asked)
    assert found == code, printed


def test_it_is_1_where_a_variant_failed_and_130_where_the_run_was_interrupted(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = Skipped("int8", "its service did not start", failed=True)
    outcomes = Outcomes([ScoredLoad(SLOW)], [lost], stop=stop())
    assert _ended(outcomes, models, tmp_path / "a", monkeypatch)[0] == 1
    outcomes = Outcomes([ScoredLoad(SLOW)], is_partial=True)
    assert _ended(outcomes, models, tmp_path / "b", monkeypatch)[0] == 130
