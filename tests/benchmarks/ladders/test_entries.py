"""Every ladder of the suite is one that can be made: its options are known, and what it lacks is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.ladders.entries import ENTRIES, Entry
from training.cli.app import main


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_its_options_are_those_of_the_program(entry: Entry, capsys: pytest.CaptureFixture[str]) -> None:
    main([entry.command, "--help"])
    known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    assert {word for word in entry.words(Path("data")) if word.startswith("--")} <= known


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_its_data_are_in_the_folder_of_shared_data(entry: Entry, shared_data: Path) -> None:
    assert entry.lacks(shared_data) is None
    paths = [word for word in entry.words(shared_data) if word.startswith(str(shared_data))]
    assert all(Path(path).exists() for path in paths)


def test_what_it_lacks_is_told_by_name(tmp_path: Path) -> None:
    entry = Entry("signals", "Signals", "CNN", ("--data", "{data}/a.npz"), files=("a.npz", "b"))
    assert entry.lacks(None) == "signals needs a.npz and b in a folder of data sets, and none was given"
    (tmp_path / "a.npz").touch()
    assert entry.lacks(tmp_path) == f"signals needs b, which {tmp_path} does not hold"
    (tmp_path / "b").mkdir()
    assert entry.lacks(tmp_path) is None
    assert entry.words(tmp_path) == ["train", "--data", f"{tmp_path}/a.npz"]


def test_one_of_them_can_always_be_made() -> None:
    assert [entry.name for entry in ENTRIES if entry.lacks(None) is None] == ["mnist1d"]
