"""Whoever starts the tests, from where and with whatever set: they ask the same of the programs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
INTERRUPTED = "loadtests/cli/test_run.py::test_an_interrupted_run_leaves_no_process_behind[SIGINT]"
# What a background job, and one that is to outlive its terminal, is started with.
IGNORING = ("sh", "-c", 'trap "" INT TERM HUP; exec "$@"', "sh")
SET = {
    "SERVICE_PORT": "no number",
    "SERVICE_MAX_ROWS": "0",
    "http_proxy": "http://127.0.0.1:1",
    "ALL_PROXY": "nonsense://127.0.0.1:1",
    "PYTHONWARNINGS": "error",
    "LANG": "C",
    "COLUMNS": "20",
    "MPLBACKEND": "nonsense",
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to ignore")
def test_a_run_is_interrupted_by_whomever_the_tests_are_started(
    trained_stores: Path, models: Path, tmp_path: Path
) -> None:
    started = os.environ.copy() | SET
    started.pop("HOME", None)
    folders = ("--basetemp", str(tmp_path / "inner"), "--trained", str(trained_stores))
    options = ("-p", "no:cacheprovider", *folders)
    done = subprocess.run(
        [*IGNORING, sys.executable, "-m", "pytest", *options, str(TESTS / INTERRUPTED)],
        cwd=tmp_path,
        env=started,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
