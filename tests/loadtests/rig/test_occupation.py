"""One program at a time writes into a folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from loadtests.rig.occupation import InUseError, occupied
from tests.loadtests.conftest import ROOT
from tests.patience import PATIENCE_S

HOLDER = """
import sys
from pathlib import Path
from loadtests.rig.occupation import occupied

with occupied(Path(sys.argv[1])):
    print("ready", flush=True)
    sys.stdin.readline()
"""


def _holder(folder: Path) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], cwd=ROOT, stdin=pipe, stdout=pipe, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "ready\n"
    return holder


def test_whoever_has_the_folder_is_named_in_one_line_and_when_it_is_done_the_next_may_have_it(
    tmp_path: Path,
) -> None:
    with _holder(tmp_path) as holder:
        with (
            pytest.raises(InUseError, match=rf"^process {holder.pid} \(.*\)$") as refusal,
            occupied(tmp_path),
        ):
            pytest.fail("it is in use")
        assert "\n" not in str(refusal.value)
        holder.communicate("\n", timeout=PATIENCE_S)
    assert list(tmp_path.iterdir()) == []
    with occupied(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_whoever_was_killed_has_it_no_more(tmp_path: Path) -> None:
    with _holder(tmp_path) as holder:
        holder.kill()
    with occupied(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_given_back_after_a_failure_too(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), occupied(tmp_path):
        raise RuntimeError
    with occupied(tmp_path):
        pass


def test_where_nothing_can_be_written_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), occupied(tmp_path / "nothing"):
        pytest.fail("there is no such folder")
