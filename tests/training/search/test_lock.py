from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.training.cli.program import REPOSITORY
from training.cli.app import main
from training.errors import OptionError
from training.search.lock import sole_user

# Another search: it says when it has the study, and keeps it until its stdin ends.
OTHER = """
import sys
from training.search.lock import sole_user

with sole_user(sys.argv[1], "iris"):
    print("mine", flush=True)
    sys.stdin.read()
"""
DEMANDS = "--max-accuracy-drop 0.9 --max-row-us 1e6"


def other(place: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", OTHER, place]
    child = subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "mine\n"
    return child


def test_a_study_that_another_process_has_is_refused_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    place = f"sqlite:///{tmp_path}/study.db"
    with other(place) as child:
        arguments = ["tune", "--data", "iris", *DEMANDS.split(), "--study", place]
        assert main([*arguments, "--models", str(tmp_path), "--out", str(tmp_path)]) == 2
        told = capfd.readouterr().err
        assert told == (
            f"error: --study {place} is in use by another search (process {child.pid}); wait for its end, or "
            "name another study\n"
        )
        with sole_user(place, "wine"):  # another model's study in the same file
            pass
        child.communicate("")
    with sole_user(place, "iris"):
        pass
    assert [*tmp_path.iterdir()] == []


def test_a_process_that_was_killed_gives_its_study_back_and_is_not_named_again(tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path}/study.db"
    with other(place) as child:
        child.kill()
        child.communicate()
    with (
        other(place) as child,
        pytest.raises(OptionError, match=rf"another search \(process {child.pid}\)"),
        sole_user(place, "iris"),
    ):
        pass


@pytest.mark.parametrize("place", ["postgresql://somebody:secret@host/db", "sqlite:///./study.db"])
def test_the_same_place_is_the_same_however_it_is_written(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    same = place.replace("./", f"{tmp_path}/")
    with sole_user(place, "x"):
        with pytest.raises(OptionError, match="is in use by another search"), sole_user(same, "x"):
            pass
        assert "secret" not in "".join(path.name for path in tmp_path.iterdir())


@pytest.mark.parametrize("place", [None, "sqlite://", "sqlite:///:memory:", "sqlite:////no/such/folder/x.db"])
def test_what_no_other_process_can_have_is_not_locked(place: str | None) -> None:
    with sole_user(place, "x"), sole_user(place, "x"):
        pass
