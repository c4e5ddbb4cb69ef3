"""A child process finds our packages, and what the user wants found besides."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import bundle
from bundle.child import environment, started

NOBODY_ENDS_IT = [sys.executable, "-c", "import signal; signal.pause()"]


def test_a_child_imports_our_packages_from_anywhere_and_before_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = tmp_path / "users"
    (users / "bundle").mkdir(parents=True)
    (users / "bundle" / "__init__.py").touch()
    (users / "shelf.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(users))
    code = "import bundle, shelf; print(bundle.__file__, shelf.__file__, sep='\\n')"
    child = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=environment(),
    )
    assert child.stdout.splitlines() == [str(bundle.__file__), str(users / "shelf.py")]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_ctrl_c_while_a_child_starts_ends_that_as_well(when: str) -> None:
    children: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        if when == "before":
            signal.raise_signal(signal.SIGINT)
        children.append(subprocess.Popen(NOBODY_ENDS_IT))
        if when == "after":
            signal.raise_signal(signal.SIGINT)
        return children[0]

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # as in a terminal
    try:
        with pytest.raises(KeyboardInterrupt), started(start):
            pytest.fail("it was not heard before the block")
    finally:
        signal.signal(signal.SIGINT, before)
    assert children[0].returncode == -signal.SIGKILL


def test_a_child_is_killed_whatever_it_still_has_to_read() -> None:
    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(NOBODY_ENDS_IT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    with started(start) as child:
        assert child.stdin is not None
        child.stdin.write("unread")
    assert child.returncode == -signal.SIGKILL
