"""A bundle is published whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bundle.bundle import Bundle, open_bundle
from bundle.errors import BundleNotFoundError, TransientError
from bundle.manifest import VERSION_MAX, Manifest
from bundle.store import ModelStore

_STRANGER = 65534


def refill(bundle: Bundle) -> Callable[[Path], Manifest]:
    """Return a `fill` for `ModelStore.publish` that writes a bundle's files again."""

    def fill(folder: Path) -> Manifest:
        for file in bundle.manifest.files:
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bundle.read(file))
        return bundle.manifest

    return fill


def test_what_was_published_is_what_is_opened(digits: Bundle, tmp_path: Path) -> None:
    published = ModelStore(tmp_path).publish("copy", refill(digits))
    assert (published.name, published.version) == ("copy", 1)
    assert ModelStore(tmp_path).open("copy").manifest == digits.manifest


def test_versions_count_up_and_the_newest_is_the_default(digits: Bundle, tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    for _ in range(11):
        store.publish("m", refill(digits))
    assert store.versions("m") == list(range(1, 12))
    assert store.open("m").version == 11
    assert store.open("m", 2).version == 2


def test_trainers_that_publish_at_once_get_a_version_each(digits: Bundle, tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    threads = [threading.Thread(target=store.publish, args=("m", refill(digits))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.versions("m") == list(range(1, 9))


def test_a_publication_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fill(folder: Path) -> Manifest:
        (folder / "half").write_text("written")
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="disk is full"):
        ModelStore(tmp_path).publish("m", fill)
    assert list(tmp_path.iterdir()) == []
    assert ModelStore(tmp_path).models() == []
    (tmp_path / "m").mkdir()
    with pytest.raises(RuntimeError, match="disk is full"):
        ModelStore(tmp_path).publish("m", fill)
    assert list(tmp_path.rglob("*")) == [tmp_path / "m"]  # what was there stays


def test_a_bundle_in_the_making_is_not_a_version(digits: Bundle, tmp_path: Path) -> None:
    store = ModelStore(tmp_path)

    def fill(folder: Path) -> Manifest:
        assert store.versions("m") == []
        assert store.models() == []
        return refill(digits)(folder)

    store.publish("m", fill)


def test_other_folders_than_versions_are_passed_over(digits: Bundle, tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    store.publish("m", refill(digits))
    for name in ("latest", "01", "-2", "0", ".staging-1", "٣"):
        (tmp_path / "m" / name).mkdir()
    (tmp_path / "m" / "7").write_text("a file, not a folder")
    (tmp_path / "lost+found").mkdir()
    assert store.versions("m") == [1]
    assert store.models() == ["m"]


def test_a_version_may_be_a_time_stamp_of_up_to_64_bits(digits: Bundle, tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    for number in (1732550000123, VERSION_MAX):
        shutil.copytree(digits.folder, tmp_path / "m" / str(number))
    (tmp_path / "m" / str(VERSION_MAX + 1)).mkdir()
    (tmp_path / "m" / ("9" * 200)).mkdir()
    assert store.versions("m") == [1732550000123, VERSION_MAX]
    assert store.open("m").version == VERSION_MAX


def test_entries_that_lead_in_a_circle_or_nowhere_hide_no_model(digits: Bundle, tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    (tmp_path / "a").symlink_to("a")
    (tmp_path / "b").symlink_to("nowhere")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "1").symlink_to("1")
    store.publish("m", refill(digits))
    (tmp_path / "n").symlink_to("m")
    assert store.survey() == {"m": [1], "n": [1]}


@pytest.fixture
def as_a_stranger(digits: Bundle) -> Iterator[ModelStore]:
    """A store with a model `m`, for whom no permission to read is due to being root."""
    is_root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as folder:
        store = ModelStore(Path(folder))
        store.publish("m", refill(digits))
        for path in (Path(folder), Path(folder) / "m"):
            path.chmod(0o755)
        if is_root:
            os.seteuid(_STRANGER)
        try:
            yield store
        finally:
            if is_root:
                os.seteuid(0)


def test_a_folder_that_may_not_be_read_is_told_and_hides_no_model(as_a_stranger: ModelStore) -> None:
    uid = os.geteuid()
    if uid == _STRANGER:
        os.seteuid(0)
    (as_a_stranger.root / "a" / "1").mkdir(parents=True)
    (as_a_stranger.root / "a").chmod(0)
    if uid == _STRANGER:
        os.seteuid(uid)
    found = as_a_stranger.survey()
    assert isinstance(found["a"], PermissionError)
    assert found["m"] == [1]
    assert as_a_stranger.models() == ["m"]
    with pytest.raises(TransientError, match=r"cannot be read \(Permission denied\)"):
        as_a_stranger.open("a")


def test_a_snapshot_changes_with_whatever_is_made_anew(digits: Bundle, tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    folder = store.publish("m", refill(digits)).folder
    seen = [store.snapshot("m", 1)]
    assert store.snapshot("m", 1) == seen[0]

    def changes() -> None:
        assert store.snapshot("m", 1) not in seen
        seen.append(store.snapshot("m", 1))

    variant = folder / digits.variant("int8").files[0].path
    shutil.copy2(variant, tmp_path / "copy")
    (tmp_path / "copy").rename(variant)  # the same bytes, of the same age
    changes()
    (folder / "more").symlink_to(".")  # a circle
    changes()
    shutil.copytree(folder, tmp_path / "m" / "2", symlinks=True)
    shutil.rmtree(folder)
    (tmp_path / "m" / "2").rename(folder)
    changes()


@pytest.mark.parametrize("name", ["", "..", "a/b", "../x", ".hidden", "a" * 65, "sp ace", "nul\0", "m~int8"])
def test_a_name_that_could_lead_elsewhere_or_mean_a_variant_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not allowed"):
        ModelStore(tmp_path).publish(name, lambda _: pytest.fail("it was filled"))
    with pytest.raises(BundleNotFoundError):
        ModelStore(tmp_path).open(name)


def test_what_is_not_there_is_named_with_what_is(models: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleNotFoundError, match=r"no model 'wine' in .*: breast_cancer, digits"):
        ModelStore(models).open("wine")
    with pytest.raises(BundleNotFoundError, match="no version 9; there are: 1"):
        ModelStore(models).open("digits", 9)
    (tmp_path / "1").mkdir()
    with pytest.raises(BundleNotFoundError, match=r"no manifest\.json"):
        open_bundle(tmp_path / "1")
    with pytest.raises(BundleNotFoundError, match="its name must be a number"):
        open_bundle(models / "digits")


def test_a_place_is_tried_before_the_work_and_left_as_it_was(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "not" / "yet")
    store.require_writable("digits")
    assert [*tmp_path.iterdir()] == []
    with pytest.raises(
        OSError, match=r"No space left on device: [\d,]+ bytes are free, and at least 1,000,000,"
    ):
        store.require_writable("digits", 10**18)
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="nothing can be written here: Not a directory"):
        ModelStore(tmp_path / "file").require_writable("digits")
