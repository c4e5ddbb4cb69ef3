"""Whoever starts the tests, from where and with whatever set: they ask the same of the programs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from loadtests.rig import interruption
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to ignore")

TESTS = Path(__file__).parent
# What a background job, and one that is to outlive its terminal, is started with.
IGNORING = ("sh", "-c", 'trap "" INT TERM HUP; exec "$@"', "sh")
SET = {
    "PRECISION_LADDER__PORT": "no number",
    "PRECISION_LADDER__MAX_ROWS": "0",
    "http_proxy": "http://127.0.0.1:1",
    "ALL_PROXY": "nonsense://127.0.0.1:1",
    "PYTHONWARNINGS": "error",
    "LANG": "C",
    "COLUMNS": "20",
    "MPLBACKEND": "nonsense",
}
# Each starts a program and asks it over HTTP, or prints or draws in this process, or interrupts a program.
DEPENDENT = (
    "service/routes/test_health.py::test_a_service_with_a_model_is_live_and_ready",
    "training/cli/test_app.py::test_help_shows_examples[train]",
    "training/report/test_front_picture.py",
    "test_surroundings.py::test_a_program_can_be_interrupted",
)
# A signal that comes just before a system call is not seen before that ends: no call here waits for ever.
WAITING = """
import select
import sys
from loadtests.rig import interruption

interruption.heed()
try:
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 0.05)[0]:
        pass
except KeyboardInterrupt:
    sys.exit(interruption.CODE)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_program_can_be_interrupted(number: signal.Signals) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", WAITING], stdin=pipe, stdout=pipe, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        program.send_signal(number)
        assert program.wait(PATIENCE_S) == interruption.CODE


def test_the_tests_ask_the_same_by_whomever_they_are_started(
    trained_stores: Path, models: Path, tmp_path: Path
) -> None:
    started = os.environ.copy() | SET
    started.pop("HOME", None)
    folders = ("--basetemp", str(tmp_path / "inner"), "--trained", str(trained_stores))
    options = ("-p", "no:cacheprovider", *folders)
    done = subprocess.run(
        [*IGNORING, sys.executable, "-m", "pytest", *options, *(str(TESTS / one) for one in DEPENDENT)],
        cwd=tmp_path,
        env=started,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed in" in done.stdout  # and none was skipped
