"""What CONTRIBUTING.md says of the code is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_architecture import ROOMS

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PLACES = re.findall(r"^\| (an? [^|]+?) \| (.+) \|$", TEXT, re.MULTILINE)
FILES = re.compile(r"`([a-z_]+/[a-z_/]+\.py)`")


@pytest.mark.parametrize(("what", "where"), PLACES)
def test_where_a_thing_is_changed_is_at_most_three_files_that_are_there(what: str, where: str) -> None:
    files = FILES.findall(where)
    assert 1 <= len(files) <= 3, what
    assert not [file for file in files if not (ROOT / file).is_file()]


def test_every_thing_that_people_change_has_its_place() -> None:
    told = [what for what, _ in PLACES]
    asked = "precision", "data format", "wire protocol", "scenario", "check that voids", "metric", "option"
    assert not [thing for thing in asked if not any(thing in what for what in told)]


@pytest.mark.parametrize("package", ["training", "service", "loadtests"])
def test_every_room_is_told_of_in_its_order(package: str) -> None:
    table = TEXT.partition(f"| `{package}/` | |")[2].partition("\n\n")[0]
    told = re.findall(r"`(\w+)`", " ".join(row.split("|")[1] for row in table.splitlines()[2:]))
    order = ROOMS[package].split()
    rooms = [name for name in order if name in told]
    assert set(order) - set(rooms) <= {"__main__"}
    assert [name for name in told if name != "__main__"] == [name for name in rooms if name != "__main__"]
