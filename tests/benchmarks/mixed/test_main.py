"""The command line of the comparison: errors are one line, and help shows examples."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.mixed.__main__ import app
from benchmarks.peers import environment
from loadtests.rig.occupation import occupied

ASKED = ("--model", "perceptron", "--data", "digits")


@pytest.mark.usefixtures("_signals_put_back")
def test_an_environment_that_cannot_be_built_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "FOLDER", tmp_path)
    (tmp_path / "nncf").write_text("no folder can be made here")
    done = CliRunner().invoke(app, [*ASKED, "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert done.stderr.startswith("error: its environment could not be built: ")
    assert done.stdout == "NNCF: its environment\n"


@pytest.mark.usefixtures("_signals_put_back")
def test_a_folder_that_another_program_writes_into_is_refused(tmp_path: Path) -> None:
    with occupied(tmp_path):
        done = CliRunner().invoke(app, [*ASKED, "--out", str(tmp_path)])
    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: --out is {str(tmp_path)!r}, into which process {os.getpid()} (")


def test_help_shows_examples() -> None:
    done = CliRunner(env={"COLUMNS": "120", "NO_COLOR": "1"}).invoke(app, ["--help"])
    assert done.exit_code == 0
    assert "python -m benchmarks.mixed --model cnn --data mnist1d" in done.stdout
