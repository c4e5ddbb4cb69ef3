"""A bundle is read with care: whatever is not as its manifest says is refused, and named."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bundle.bundle import Bundle, open_bundle
from bundle.errors import BundleDamagedError, BundleError, IncompleteError, TransientError
from bundle.manifest import FILE_NAME
from bundle.runtimes import open_runtime
from bundle.store import describe


def edit(bundle: Bundle, change: Callable[[dict[str, Any]], None]) -> None:
    path = bundle.folder / FILE_NAME
    fields = json.loads(path.read_text())
    change(fields)
    path.write_text(json.dumps(fields))


def every_file(bundle: Bundle) -> list[str]:
    return [FILE_NAME, *(file.path for file in bundle.manifest.files)]


def test_one_flipped_bit_in_any_file_is_found_and_the_file_is_named(damaged: Bundle) -> None:
    for name in every_file(damaged)[1:]:
        path = damaged.folder / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        with pytest.raises(BundleDamagedError, match="sha256") as caught:
            open_bundle(damaged.folder)
        assert caught.value.path == path
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    open_bundle(damaged.folder)


def test_a_missing_or_shortened_file_is_found_and_named(damaged: Bundle) -> None:
    for name in every_file(damaged)[1:]:
        path = damaged.folder / name
        content = path.read_bytes()
        path.write_bytes(content[:-1])
        with pytest.raises(BundleDamagedError, match="bytes long; the manifest says"):
            open_bundle(damaged.folder)
        path.unlink()
        with pytest.raises(BundleDamagedError, match=r"is not here|cannot be read \(No such file"):
            open_bundle(damaged.folder)
        path.write_bytes(content)


@pytest.mark.parametrize(
    "path", ["../1/golden.npz", "/etc/passwd", "a/../../x", "", "C:\\x", "..", "variants\\..\\x", "nul\0"]
)
def test_a_path_out_of_the_folder_is_refused(damaged: Bundle, path: str) -> None:
    edit(damaged, lambda fields: fields["golden"].update(path=path))
    with pytest.raises(BundleDamagedError, match=r"golden\.path: .*not a path inside"):
        open_bundle(damaged.folder)


def replace(path: Path, kind: str) -> None:
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to({"circle": path.name, "endless": "/dev/zero"}[kind])


@pytest.mark.parametrize("kind", ["pipe", "folder", "circle", "endless"])
@pytest.mark.parametrize("name", [FILE_NAME, "golden.npz"])
def test_what_is_no_file_is_refused_and_named_without_waiting_for_it(
    damaged: Bundle, name: str, kind: str
) -> None:
    path = damaged.folder / name
    replace(path, kind)
    with pytest.raises(BundleDamagedError) as caught:
        open_bundle(damaged.folder)
    assert caught.value.path == path
    assert not isinstance(caught.value, TransientError | IncompleteError)


@pytest.mark.parametrize("lost", ["test_set", "training_rows", "predictions"])
def test_a_bundle_serves_without_its_held_out_rows_and_what_needs_them_says_so(
    damaged: Bundle, lost: str
) -> None:
    file = getattr(damaged.manifest, lost)
    damaged.path(file).unlink()
    assert not damaged.holds(file)
    open_bundle(damaged.folder, held_out=False)
    with pytest.raises(IncompleteError, match=rf"{lost}\.\w+: is not here: this is a copy to serve from"):
        open_bundle(damaged.folder)
    with pytest.raises(IncompleteError, match=lost):
        getattr(damaged, lost)()


def test_a_link_out_of_the_folder_is_refused(damaged: Bundle, tmp_path: Path) -> None:
    path = damaged.path(damaged.manifest.golden)
    path.rename(tmp_path / "elsewhere.npz")
    path.symlink_to(tmp_path / "elsewhere.npz")
    with pytest.raises(BundleDamagedError, match="leads out"):
        open_bundle(damaged.folder)


@pytest.mark.parametrize("version", [0, 2, "1", None, True, [1]])
def test_an_unknown_schema_version_is_refused(damaged: Bundle, version: object) -> None:
    edit(damaged, lambda fields: fields.update(schema_version=version))
    with pytest.raises(BundleDamagedError, match=r"schema.version"):
        open_bundle(damaged.folder)


def test_a_field_that_nobody_knows_is_refused(damaged: Bundle) -> None:
    edit(damaged, lambda fields: fields["input"].update(shapes=[64]))
    with pytest.raises(BundleDamagedError, match=r"input\.shapes: Extra inputs are not permitted"):
        open_bundle(damaged.folder)


def test_calibrated_ranges_are_one_a_channel_or_not_known(damaged: Bundle) -> None:
    assert damaged.manifest.calibration is not None
    assert (damaged.manifest.calibration.low, damaged.manifest.calibration.high) == ((0.0,), (16.0,))
    edit(damaged, lambda fields: fields["calibration"].update(low=[0.0, 1.0]))
    with pytest.raises(BundleDamagedError, match=r"\(2, 1\) calibrated ranges for 1 channels"):
        open_bundle(damaged.folder)
    edit(damaged, lambda fields: fields.pop("calibration"))
    assert open_bundle(damaged.folder).manifest.calibration is None


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_a_manifest_that_is_no_json_object_is_refused(damaged: Bundle, text: bytes) -> None:
    (damaged.folder / FILE_NAME).write_bytes(text)
    with pytest.raises(BundleDamagedError, match=FILE_NAME):
        open_bundle(damaged.folder)


def rewrite(bundle: Bundle, key: str, write: Callable[[Path], object]) -> Bundle:
    """Replace a file and let the manifest vouch for it, as someone who tampers would."""
    path = bundle.folder / bundle.manifest.model_dump()[key]["path"]
    write(path)
    edit(bundle, lambda fields: fields.update({key: describe(bundle.folder, path).model_dump()}))
    return open_bundle(bundle.folder)


def test_a_pickle_in_an_array_file_is_never_loaded(damaged: Bundle, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
            return os.mkdir, (str(tmp_path / "exploded"),)

    bomb = np.array([Bomb()], dtype=object)
    bundle = rewrite(damaged, "test_set", lambda path: np.savez(path, allow_pickle=True, x=bomb, y=bomb))
    with pytest.raises(BundleDamagedError, match="not a readable"):
        bundle.test_set()
    assert not (tmp_path / "exploded").exists()


def encrypted_zip() -> bytes:
    """Return an archive that says of its one file that it is encrypted."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x.npy", b"secret")
    content = bytearray(buffer.getvalue())
    for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(mark) + place] |= 1
    return bytes(content)


@pytest.mark.parametrize("content", [b"", b"PK\3\4 and then nothing", b"\x93NUMPY garbage", encrypted_zip()])
def test_an_array_file_of_garbage_is_refused(damaged: Bundle, content: bytes) -> None:
    bundle = rewrite(damaged, "golden", lambda path: path.write_bytes(content))
    with pytest.raises(BundleDamagedError, match="golden"):
        bundle.golden("int8")


def test_arrays_of_the_wrong_shape_are_refused(damaged: Bundle) -> None:
    rows = np.zeros((3, 64), np.float32)
    bundle = rewrite(damaged, "test_set", lambda path: np.savez(path, x=rows[:, :5], y=np.zeros(3)))
    with pytest.raises(BundleDamagedError, match=r"x must be float32 \(n, 64\)"):
        bundle.test_set()
    bundle = rewrite(damaged, "golden", lambda path: np.savez(path, x=rows, int8=rows))
    with pytest.raises(BundleDamagedError, match="wrong shape"):
        bundle.golden("int8")
    with pytest.raises(BundleDamagedError, match="no array 'float32'"):
        bundle.golden("float32")


def test_a_bundle_knows_what_each_variant_predicted_for_the_rows_to_choose_and_to_certify_by(
    digits: Bundle,
) -> None:
    kept = digits.predictions()
    assert kept is not None
    names = [variant.name for variant in digits.manifest.variants]
    assert list(kept.test) == list(kept.validation) == names
    x, y = digits.test_set()
    assert (np.array(digits.manifest.labels)[kept.test_labels] == y).all()
    assert len(kept.validation_labels) == digits.manifest.provenance.validation_rows
    for variant in digits.manifest.variants:
        answers = open_runtime(digits, variant.name).predict(x)
        assert (kept.test[variant.name] == answers.argmax(axis=1)).all()
        assert kept.right_on_test(variant.name).mean() == pytest.approx(variant.scores.accuracy)
        assert kept.right_on_validation(variant.name).mean() > 0.8


def test_a_bundle_of_an_older_release_has_no_predictions_and_serves_and_so_does_one_whose_file_is_lost(
    damaged: Bundle,
) -> None:
    assert damaged.manifest.predictions is not None
    damaged.path(damaged.manifest.predictions).unlink()
    open_bundle(damaged.folder, held_out=False)
    with pytest.raises(IncompleteError, match="predictions"):
        open_bundle(damaged.folder)
    edit(damaged, lambda fields: fields.pop("predictions"))
    assert open_bundle(damaged.folder).predictions() is None


@pytest.mark.parametrize(
    ("key", "change", "reason"),
    [
        ("test/int8", lambda classes: classes[1:], "does not hold a class, 0 to 9, for each row"),
        ("validation/int8", lambda classes: classes[None], "for each row"),
        ("validation_labels", lambda classes: classes[1:], "for each row"),
        ("validation_labels", lambda classes: classes[0], "for each row"),
        ("test/int8", lambda classes: classes + 10, "for each row"),
        ("test/int8", lambda classes: classes.astype(float), "for each row"),
        ("test/int8", None, "has no array 'test/int8'"),
    ],
)
def test_predictions_that_do_not_fit_the_rows_are_refused(
    damaged: Bundle, key: str, change: Callable[[Any], Any] | None, reason: str
) -> None:
    assert damaged.manifest.predictions is not None
    with np.load(damaged.path(damaged.manifest.predictions)) as file:
        arrays = dict(file)
    array = arrays.pop(key)
    changed = {} if change is None else {key: change(array)}
    bundle = rewrite(damaged, "predictions", lambda path: np.savez(path, **arrays, **changed))
    with pytest.raises(BundleDamagedError, match=reason):
        bundle.predictions()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_manifest_with_any_byte_changed_is_refused_or_still_whole(
    damaged: Bundle, data: st.DataObject
) -> None:
    path = damaged.folder / FILE_NAME
    whole = path.read_bytes()
    position = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.binary(min_size=1, max_size=1))
    path.write_bytes(whole[:position] + byte + whole[position + 1 :])
    try:
        files = open_bundle(damaged.folder).manifest.files
    except BundleError as error:
        refusal = str(error)
    else:
        refusal = ""
    finally:
        path.write_bytes(whole)
    assert str(damaged.folder) in refusal if refusal else files == damaged.manifest.files
