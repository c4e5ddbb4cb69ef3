"""Test rows that a processor answers differently are counted, here or by a process that stands back."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from bundle.bundle import Bundle
from bundle.errors import BundleDamagedError, TransientError
from bundle.normalizer import FloatArray
from bundle.proof.portability import Audit, Here, count_apart
from bundle.runtimes import open_runtime
from bundle.runtimes.base import BATCH_MAX
from tests.bundle.proof.altered import altered, forgetful
from tests.bundle.proof.test_selftest import interpreter_that, vouch
from tests.patience import wait_until


def audit_of(bundle: Bundle) -> Audit:
    audit = Audit.of(bundle)
    assert audit is not None
    return audit


def right(bundle: Bundle, variant: str) -> int:
    kept = bundle.predictions()
    assert kept is not None
    return int(kept.right_on_test(variant).sum())


@pytest.mark.parametrize("variant", ["float32", "int8", "tensorflow"])
def test_the_processor_that_made_a_bundle_answers_as_it_did_then(digits: Bundle, variant: str) -> None:
    rows, same = len(digits.test_set()[0]), right(digits, variant)
    here = audit_of(digits).count(variant, open_runtime(digits, variant))
    assert here == Here(rows=rows, of=rows, different=0, right_then=same, right_here=same)


def test_each_row_that_was_answered_differently_then_is_counted(digits: Bundle, tmp_path: Path) -> None:
    bundle = altered(digits, tmp_path / "digits" / "1", "int8", 7)
    audit, rows = audit_of(bundle), len(digits.test_set()[0])
    here = audit.count("int8", open_runtime(bundle, "int8"))
    assert here == Here(rows, rows, 7, right_then=right(bundle, "int8"), right_here=right(digits, "int8"))
    assert audit.count("float32", open_runtime(bundle, "float32")).different == 0


class Slow:
    """A runtime that takes a second a row of a clock of its own."""

    def __init__(self, bundle: Bundle) -> None:
        self.batches: list[int] = []
        self._answers = open_runtime(bundle, "float32")

    def clock(self) -> float:
        return float(sum(self.batches))

    def predict(self, rows: FloatArray) -> FloatArray:
        self.batches.append(len(rows))
        return self._answers.predict(rows)


@pytest.mark.parametrize(("budget_s", "blocks"), [(0.0, 1), (BATCH_MAX + 1.0, 2), (1e9, 3)])
def test_of_a_slow_variant_the_rows_are_counted_for_which_there_is_time(
    digits: Bundle, budget_s: float, blocks: int
) -> None:
    slow, told = Slow(digits), list[int]()
    audit = audit_of(digits)
    here = audit.count(
        "float32", slow, budget_s=budget_s, clock=slow.clock, tell=lambda: told.append(len(slow.batches))
    )
    assert told == list(range(1, blocks + 1))
    assert (here.rows, here.of) == (sum(slow.batches), len(digits.test_set()[0]))
    assert here.different == 0
    assert (here.rows == here.of) == (blocks == audit.blocks)


def test_a_bundle_of_an_older_release_has_nothing_to_compare_with(digits: Bundle, tmp_path: Path) -> None:
    bundle = forgetful(digits, tmp_path / "digits" / "1")
    assert Audit.of(bundle) is None


def test_a_process_of_its_own_counts_the_same(digits: Bundle, tmp_path: Path) -> None:
    bundle = altered(digits, tmp_path / "digits" / "1", "int8", 3)
    found = count_apart(bundle, ["float32", "int8"], budget_s=1e9)
    assert found == {
        name: audit_of(bundle).count(name, open_runtime(bundle, name)) for name in ("float32", "int8")
    }
    assert found["int8"].different == 3


def test_what_was_counted_before_a_graph_ended_the_process_is_known(damaged: Bundle) -> None:
    bundle = vouch(damaged, "int8", b"\0\0\0\0TFL3" + b"\xff" * 500)
    assert count_apart(bundle, ["float32", "int8"], budget_s=1e9).keys() == {"float32"}


def test_rows_that_cannot_be_read_are_a_reason(damaged: Bundle) -> None:
    damaged.path(damaged.manifest.test_set).unlink()
    with pytest.raises(BundleDamagedError, match=r"test_set\.npz.*is not here"):
        count_apart(damaged, ["int8"], budget_s=1.0)


def test_a_process_that_cannot_be_started_may_be_another_time(
    digits: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bundle.proof.apart.sys.executable", str(tmp_path))  # a folder is no program
    with pytest.raises(TransientError, match="cannot be audited now"):
        count_apart(digits, ["int8"], budget_s=1.0)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such priority")
def test_the_process_stands_back_behind_all_others(
    digits: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(interpreter_that(tmp_path, "import time; time.sleep(1e6)")))
    with ThreadPoolExecutor() as threads:
        counting = threads.submit(count_apart, digits, ["int8"], budget_s=1.0)
        child = wait_until(lambda: _program(psutil.Process(), "bundle.proof.portability"))
        try:
            wait_until(lambda: child.nice() == 19)
            wait_until(lambda: os.sched_getscheduler(child.pid) == os.SCHED_IDLE)
            wait_until(lambda: Path(f"/proc/{child.pid}/oom_score_adj").read_text().strip() == "1000")
        finally:
            child.kill()
        assert counting.result() == {}


def _program(parent: psutil.Process, program: str) -> psutil.Process | None:
    return next((child for child in parent.children() if program in child.cmdline()), None)


def test_the_audit_is_a_program_that_says_what_it_found(digits: Bundle) -> None:
    command = [sys.executable, "-m", "bundle.proof.portability", str(digits.folder), "1e9", "float32"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr
    assert ended.stdout.startswith('here ["float32", {"rows": ')
