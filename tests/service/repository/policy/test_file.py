"""When a policy.toml is taken that comes, changes and goes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from service.repository.policy.file import BYTES_MAX, FILE_NAME, Seen, look
from service.repository.settling import SETTLE_S

NOW = 1e9  # by either clock, in seconds


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "m" / FILE_NAME


def write(path: Path, content: str, *, at: float = NOW) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    os.utime(path, (at, at))


def looked(path: Path, seen: Seen, *, after_s: float = 0.0) -> Seen:
    return look(path, seen, NOW + after_s, NOW + after_s)


def taken(path: Path, content: str) -> Seen:
    write(path, content, at=NOW - 60)
    return looked(path, Seen())


def test_a_file_that_was_there_before_is_taken_at_once(path: Path) -> None:
    seen = taken(path, "min_accuracy = 0.9")
    assert seen.words == {"min_accuracy": 0.9}
    assert seen.is_settled


def test_a_file_that_is_being_written_is_not_taken_until_it_was_still_for_a_while(path: Path) -> None:
    write(path, "min_accuracy = 0.9")
    seen = looked(path, Seen())
    write(path, "min_accuracy = 0.95\nvar", at=NOW + SETTLE_S)
    seen = looked(path, seen, after_s=SETTLE_S)
    assert (seen.words, seen.problem) == (None, None)
    write(path, "min_accuracy = 0.95\nvariants = ['int8']", at=NOW + SETTLE_S)
    seen = looked(path, seen, after_s=SETTLE_S)
    seen = looked(path, seen, after_s=2 * SETTLE_S - 0.1)
    assert seen.words is None
    assert not seen.is_settled
    seen = looked(path, seen, after_s=2 * SETTLE_S)
    assert seen.words == {"min_accuracy": 0.95, "variants": ("int8",)}


def test_a_file_with_a_time_to_come_is_taken_all_the_same(path: Path) -> None:
    write(path, "min_accuracy = 0.9", at=NOW + 86_400)
    seen = looked(path, looked(path, Seen()), after_s=SETTLE_S)
    assert seen.words == {"min_accuracy": 0.9}


def test_what_a_file_said_last_is_kept_while_it_is_wrong(path: Path) -> None:
    seen = taken(path, "min_accuracy = 0.9")
    write(path, "min_accuracy = 2")
    seen = looked(path, looked(path, seen), after_s=SETTLE_S)
    assert seen.words == {"min_accuracy": 0.9}
    assert (seen.problem or "").startswith("min_accuracy is 2; it must be")
    assert seen.is_settled
    write(path, "min_accuracy = 0.8", at=NOW - 60)
    seen = looked(path, seen)
    assert (seen.words, seen.problem) == ({"min_accuracy": 0.8}, None)


def test_a_file_that_is_gone_is_forgotten_when_that_lasts(path: Path) -> None:
    seen = taken(path, "min_accuracy = 0.9")
    path.unlink()
    seen = looked(path, seen)
    assert seen.words == {"min_accuracy": 0.9}  # some editors take a file away to write it anew
    assert looked(path, seen, after_s=SETTLE_S).words is None


def test_a_folder_that_is_gone_with_the_file_changes_nothing(path: Path) -> None:
    seen = taken(path, "min_accuracy = 0.9")
    path.unlink()
    path.parent.rmdir()
    assert looked(path, looked(path, seen), after_s=2 * SETTLE_S) == seen


def test_what_can_be_no_policy_is_told(path: Path) -> None:
    assert taken(path, "#" * (BYTES_MAX + 1)).problem == f"it has more than {BYTES_MAX} bytes"
    path.unlink()
    path.mkdir()
    os.utime(path, (NOW - 60, NOW - 60))
    assert looked(path, Seen()).problem == "it is not a file"
    path.rmdir()
    os.mkfifo(path)  # which nobody writes to
    os.utime(path, (NOW - 60, NOW - 60))
    assert looked(path, Seen()).problem == "it is not a file"


def test_a_file_that_cannot_be_read_is_told_and_looked_at_again(path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(path)
    seen = looked(path, Seen(words={"min_accuracy": 0.9}))
    assert (seen.problem or "").startswith("it cannot be read (")
    assert seen.words == {"min_accuracy": 0.9}
    assert not seen.is_settled
    path.unlink()
    assert taken(path, "min_accuracy = 0.8").problem is None
