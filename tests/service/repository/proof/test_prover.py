"""The same content is self-tested once, whichever worker of a service asks first."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bundle.bundle import Bundle, open_bundle
from bundle.errors import BundleDamagedError, BundleNotFoundError, IncompleteError, TransientError
from bundle.proof.selftest import check
from bundle.runtimes import open_runtime
from service.repository.proof import prover
from service.repository.proof.prover import Prover
from tests.bundle.proof.test_selftest import vouch


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Count the self-tests that are really made, and here: what is told is when, and not where."""
    made: list[str] = []

    def counted(bundle: Bundle, names: list[str]) -> None:
        made.append(bundle.name)
        for name in names:
            check(bundle, name, open_runtime(bundle, name))

    monkeypatch.setattr(prover, "check_apart", counted)
    return lambda: len(made)


def copied(bundle: Bundle, folder: Path) -> Bundle:
    return open_bundle(Path(shutil.copytree(bundle.folder, folder / "m" / "1")))


def test_workers_that_start_at_once_make_one_self_test(
    digits: Bundle, tmp_path: Path, count: Callable[[], int]
) -> None:
    workers = [Prover(tmp_path) for _ in range(4)]
    with ThreadPoolExecutor(len(workers)) as threads:
        list(threads.map(lambda worker: worker.prove(digits, ["int8"]), workers))
    assert count() == 1


def test_what_one_worker_refused_the_others_refuse_with_the_same_words(
    digits: Bundle, tmp_path: Path, count: Callable[[], int]
) -> None:
    bundle = vouch(copied(digits, tmp_path), "int8", b"garbage")
    for worker in (Prover(tmp_path), Prover(tmp_path)):
        for _ in range(2):
            with pytest.raises(BundleDamagedError, match=r"int8\.tflite: is not a graph"):
                worker.prove(bundle, ["int8"])
    assert count() == 1


def test_other_content_and_other_variants_are_tested_anew(
    digits: Bundle, tmp_path: Path, count: Callable[[], int]
) -> None:
    prover = Prover(tmp_path)
    prover.prove(digits, ["int8"])
    prover.prove(copied(digits, tmp_path), ["int8"])
    assert count() == 1
    prover.prove(digits, ["float32"])
    assert count() == 2
    prover.prove(digits, [])
    assert count() == 2


def test_what_may_go_better_another_time_is_no_verdict(
    digits: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prover = Prover(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("bundle.proof.apart.sys.executable", str(tmp_path))  # a folder is no program
        with pytest.raises(TransientError, match="cannot be self-tested now"):
            prover.prove(digits, ["int8"])
    prover.prove(digits, ["int8"])


@pytest.mark.parametrize(
    ("file", "content"), [("manifest.json", None), ("variants/int8.tflite", b"half of it")]
)
def test_what_is_changed_while_it_is_tested_is_no_verdict_on_what_it_was(
    digits: Bundle, tmp_path: Path, file: str, content: bytes | None
) -> None:
    bundle, prover = copied(digits, tmp_path), Prover(tmp_path)
    path = bundle.folder / file
    whole = path.read_bytes()
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises((BundleNotFoundError, IncompleteError)):
        prover.prove(bundle, ["int8"])
    path.write_bytes(whole)
    prover.prove(bundle, ["int8"])


def test_without_a_place_to_share_it_each_finds_out_for_itself(
    digits: Bundle, tmp_path: Path, count: Callable[[], int]
) -> None:
    for folder in (None, tmp_path / "gone"):
        Prover(folder).prove(digits, ["int8"])
    assert count() == 2
