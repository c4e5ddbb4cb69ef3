"""A child process finds our packages, and what the user wants found besides."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import bundle
from bundle.child import environment


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
