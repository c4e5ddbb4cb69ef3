"""What a processor answers differently is counted once for all workers, and stands in no one's way."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
import pytest

from bundle.bundle import Bundle, open_bundle
from bundle.proof import apart
from bundle.proof.portability import Here, count_apart
from service.repository.proof import auditor
from service.repository.proof.auditor import Auditor
from service.repository.proof.findings import FINDINGS_VARIABLE
from service.repository.version import Version
from tests.bundle.proof.altered import altered, forgetful
from tests.patience import wait_until
from tests.running_service import running_service
from tests.service.routes.within import within


@pytest.fixture(autouse=True)
def _in_time_that_others_want(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let who counts have its turn: beside other tests there may be none that nobody wants, for minutes."""
    monkeypatch.setattr(apart, "_stand_back", lambda _: None)


@pytest.fixture(scope="module")
def other(digits: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle of which three rows are answered differently here by int8."""
    return altered(digits, tmp_path_factory.mktemp("store") / "other" / "1", "int8", 3)


@pytest.fixture
def found_before() -> Path:
    """A folder of what was found: who has it counts no content twice."""
    return Path(os.environ[FINDINGS_VARIABLE])


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The bundles for which a process was really started."""
    made: list[str] = []

    def counted(bundle: Bundle, names: Sequence[str], *, budget_s: float) -> dict[str, Here]:
        made.append(bundle.name)
        return count_apart(bundle, names, budget_s=budget_s)

    monkeypatch.setattr(auditor, "count_apart", counted)
    return made


def version_of(bundle: Bundle) -> Version:
    version = Version(bundle.name, bundle.version)
    version.trust(bundle)
    return version


def audited(bundle: Bundle, *auditors: Auditor) -> list[Mapping[str, Here] | None]:
    """Return what each of these tells of a bundle, all at the same time."""
    versions = [version_of(bundle) for _ in auditors]

    async def go() -> None:
        await asyncio.gather(*(one.audit(v) for one, v in zip(auditors, versions, strict=True)))

    asyncio.run(go())
    return [version.here for version in versions]


def test_workers_that_start_at_once_count_once(digits: Bundle, tmp_path: Path, counts: list[str]) -> None:
    found = audited(digits, *(Auditor(tmp_path) for _ in range(4)))
    assert counts == ["digits"]
    assert found[0]
    assert "tensorflow" not in found[0]  # for which a process would need TensorFlow
    assert {one.different for one in found[0].values()} == {0}
    assert found[1:] == found[:1] * 3


def test_a_bundle_that_keeps_no_predictions_costs_no_process(
    digits: Bundle, tmp_path: Path, counts: list[str]
) -> None:
    assert audited(forgetful(digits, tmp_path / "digits" / "1"), Auditor()) == [{}]
    assert counts == []


@pytest.mark.parametrize("lost", ["test_set", "predictions"])
def test_of_a_bundle_without_its_rows_nothing_is_known_and_no_process_is_started(
    digits: Bundle, tmp_path: Path, counts: list[str], caplog: pytest.LogCaptureFixture, lost: str
) -> None:
    bundle = open_bundle(Path(shutil.copytree(digits.folder, tmp_path / "digits" / "1")))
    bundle.path(getattr(bundle.manifest, lost)).unlink()
    with caplog.at_level(logging.INFO, "service"):
        assert audited(bundle, Auditor()) == [{}]
    assert "digits/1 is here without its test rows" in caplog.text
    assert counts == []


def test_altered_test_rows_are_not_counted_with_and_are_told_of(
    digits: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = open_bundle(Path(shutil.copytree(digits.folder, tmp_path / "digits" / "1")))
    path = bundle.path(bundle.manifest.test_set)
    path.write_bytes(bytes(reversed(path.read_bytes())))
    assert audited(bundle, Auditor()) == [{}]
    assert "could not count what digits/1 answers here" in caplog.text


def test_what_is_answered_differently_is_told_of(
    other: Bundle, found_before: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "service"):
        audited(other, Auditor(found_before))
    rows = len(other.test_set()[0])
    assert f"other/1 int8: of {rows} test rows this processor answers 3 differently" in caplog.text


def test_what_was_found_of_a_bundle_is_not_told_of_another_in_its_place(
    digits: Bundle, other: Bundle, found_before: Path
) -> None:
    version = version_of(other)

    async def go() -> None:
        auditing = asyncio.create_task(Auditor(found_before).audit(version))
        await asyncio.sleep(0)  # it has begun
        version.trust(open_bundle(digits.folder))
        await auditing

    asyncio.run(go())
    assert version.here is None


def store_of(other: Bundle) -> Path:
    """Return the store of that bundle, to which one is brought that keeps no predictions."""
    store = other.folder.parents[1]
    if not (store / "old").exists():
        forgetful(other, store / "old" / "1")
    return store


def test_a_service_tells_what_its_processor_answers_differently(other: Bundle) -> None:
    with within(store_of(other), audit=True, preload=("int8",)) as client:
        tells_of(client, other)


@pytest.mark.slow
def test_each_of_several_workers_tells_what_its_processor_answers_differently(
    other: Bundle, tmp_path: Path
) -> None:
    options = ("--audit", "true", "--preload", "int8", "--workers", "2")
    with running_service(store_of(other), tmp_path / "log", *options) as service:
        tells_of(service.client, other)


def tells_of(client: httpx.Client, other: Bundle) -> None:
    found = wait_until(lambda: told(client, "other"))
    rows = len(other.test_set()[0])
    assert found["int8"] == {"rows": rows, "of": rows, "different": 3}
    assert found["float32"] == {"rows": rows, "of": rows, "different": 0}
    assert found["tensorflow"] is None
    assert told(client, "old") is None


def test_a_service_that_is_not_to_count_says_that_it_does_not_know(client: httpx.Client) -> None:
    assert told(client, "digits") is None


def told(client: httpx.Client, model: str) -> dict[str, dict[str, int] | None] | None:
    """Return what is told of each variant; None where nothing is."""
    variants = client.get("/variants", params={"model": model}).json()["variants"]
    here = {variant["name"]: variant["here"] for variant in variants}
    return here if any(here.values()) else None
