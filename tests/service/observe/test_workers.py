"""What the workers of a service know of each other, dead or alive, tried with processes that live and die."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from service.observe.metrics import Metrics
from service.observe.workers import SHARED_VARIABLE, Workers
from tests.service.metrics_text import sample
from tests.service.observe.living import worker

ANSWERED = 'requests_total{model="m",outcome="200",variant="v"}'
CALLS = 'batch_rows_bucket{le="2.0",model="m",variant="v"}'

Read = Callable[[], str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(SHARED_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.fixture
def read(folder: Path) -> Read:
    """Return what the worker that this process is answers to who asks for metrics."""
    metrics = Metrics(lambda: 0, workers=Workers(folder))
    return lambda: metrics.exposition().decode()


def counters(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.db") if not path.name.startswith("gauge")]


def test_counts_of_the_dead_are_kept_in_files_that_do_not_become_more(folder: Path, read: Read) -> None:
    lived = 0
    sizes = []
    for count in (1, 2, 4):
        with worker(folder, count):
            lived += count
            assert sample(read(), ANSWERED) == lived
            assert sample(read(), "waiting_rows") == 5
        text = read()
        assert sample(text, ANSWERED) == lived
        assert sample(text, "waiting_rows") == 0  # nothing waits in one that is dead
        assert "model_version" not in {line.split("{")[0] for line in text.splitlines()}
        sizes.append(len(list(folder.rglob("*"))))
    assert sample(read(), CALLS) == 3
    assert len(set(sizes)) == 1


def test_several_that_die_at_once_are_counted_once(folder: Path, read: Read) -> None:
    with ExitStack() as living:
        for count in (1, 2, 4):
            living.enter_context(worker(folder, count))
        assert sample(read(), ANSWERED) == 7
    for _ in range(2):
        assert sample(read(), ANSWERED) == 7
        assert sample(read(), CALLS) == 3


def test_a_burial_that_was_interrupted_counts_nobody_twice(folder: Path, read: Read) -> None:
    with worker(folder, 3):
        before = {path: path.read_bytes() for path in counters(folder)}
    assert sample(read(), ANSWERED) == 3
    for path, content in before.items():  # as if the grave-digger had died before it removed them
        if not path.exists():
            path.write_bytes(content)
    assert sample(read(), ANSWERED) == 3
    with worker(folder, 4):
        assert sample(read(), ANSWERED) == 7
    assert sample(read(), ANSWERED) == 7
    assert not [path for path in before if path.exists() and path.stat().st_size != len(before[path])]


def test_a_reader_that_sees_a_burial_half_done_looks_again(folder: Path, read: Read) -> None:
    with worker(folder, 3):
        living = {path: path.read_bytes() for path in counters(folder)}
    read()
    (buried,) = folder.glob("dead-*")
    shutil.copytree(buried, folder / "dead-7")
    (folder / "dead-7" / "names").unlink()
    with pytest.raises(RuntimeError, match="faster than"):
        read()
    shutil.rmtree(folder / "dead-7")
    assert sample(read(), ANSWERED) == 3
    assert living


def test_what_a_dead_one_has_left_damaged_costs_its_counts_and_no_more(folder: Path, read: Read) -> None:
    with worker(folder, 3), worker(folder, 4):
        damaged = next(path for path in folder.glob("counter_*.db") if b'"200"' in path.read_bytes())
        content = damaged.read_bytes()
    damaged.write_bytes(content[:4] + b"\xff" * 40)
    assert sample(read(), ANSWERED) in {3.0, 4.0}
    assert sample(read(), ANSWERED) in {3.0, 4.0}


@pytest.mark.parametrize("number", [1, os.getpid()], ids=["of somebody else", "of another of ours"])
def test_the_number_of_a_process_that_is_there_keeps_nobody_alive(
    folder: Path, read: Read, number: int
) -> None:
    with worker(folder, 3):
        for path in folder.glob("*_*.db"):
            shutil.copy(path, path.with_name(f"{path.stem.rpartition('_')[0]}_{number}.db"))
        assert sample(read(), "waiting_rows") == 5
    assert sample(read(), "waiting_rows") == 0
    assert not [*folder.glob(f"*_{number}.db")]


def test_another_is_ready_where_it_has_said_so_and_lives(folder: Path) -> None:
    workers = Workers(folder)
    assert not workers.is_another_ready()
    workers.announce_ready()
    with worker(folder, 1):
        assert not workers.is_another_ready()
        with worker(folder, 1, "ready"):
            assert workers.is_another_ready()
        assert not workers.is_another_ready()
