"""The command line of the comparison of servers: errors are one line, and what disturbs is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.peers.environment import FOLDER
from benchmarks.systems.__main__ import app, tell
from benchmarks.systems.beside import NAMES, Beside


@pytest.mark.usefixtures("_signals_put_back")
@pytest.mark.parametrize("peers", ["tutorial", "kserve,nginx", ","])
def test_a_peer_that_the_load_tester_does_not_speak_with_is_refused(peers: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["--peers", peers, "--out", str(tmp_path)])
    assert done.exit_code == 2
    assert done.stderr == f"error: --peers is {peers!r}; allowed are {', '.join(NAMES)}, comma-separated\n"


def test_who_is_left_out_and_who_takes_from_the_others_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    tell(Beside([], {"ours": 0.001, "kserve": 0.2}, {"triton": "it did not start"}))
    assert capsys.readouterr().out.splitlines() == [
        "left out: triton: it did not start",
        "of a core, while nobody asks: ours 0.1%, kserve 20.0%",
        "note: kserve had work to do all the time, which the others wait for",
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("_signals_put_back")
@pytest.mark.skipif(not (FOLDER / "kserve").is_dir(), reason="`make peers` installs KServe")
def test_the_load_tester_compares_a_peer_with_ours_on_one_model(models: Path, tmp_path: Path) -> None:
    options = ["--peers", "kserve", "--budget", "5", "--models", str(models), "--out", str(tmp_path)]
    done = CliRunner().invoke(app, options)
    assert done.exit_code in {0, 3}, done.output  # 3: a busy machine
    assert (tmp_path / "report.json").is_file()
    assert "ours-tfs" in done.output
