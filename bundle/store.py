"""Bundles on disk: published whole or not at all, and never changed."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bundle.bundle import Bundle, open_bundle
from bundle.errors import BundleNotFoundError
from bundle.manifest import FILE_NAME, FileSpec, Manifest, Name, is_version
from bundle.reading import trouble

_PROBE_BYTES = 4096  # a block: a file of no bytes may be made on a full disk

_NAME: TypeAdapter[str] = TypeAdapter(Name)

Snapshot = tuple[tuple[str, int, int, int, int], ...]


class ModelStore:
    """A folder of models, each a folder of versions: `ROOT/NAME/VERSION/`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def models(self) -> list[str]:
        """Return the names that have at least one version, sorted; what cannot be read is passed over.

        Raises TransientError where the root cannot be read.
        """
        try:
            found = self.survey()
        except OSError as error:
            raise trouble(self.root, error) from error
        return [name for name, versions in found.items() if not isinstance(versions, OSError)]

    def survey(self) -> dict[str, list[int] | OSError]:
        """Return the versions of each model that has any, or why its folder cannot be read now.

        Raises OSError where the root cannot be read.
        """
        found: dict[str, list[int] | OSError] = {}
        try:
            names = sorted(entry.name for entry in self.root.iterdir() if _is_name(entry.name))
        except (FileNotFoundError, NotADirectoryError):
            return {}
        for name in names:
            try:
                versions = self.versions(name)
            except OSError as error:
                found[name] = error
            else:
                found |= {name: versions} if versions else {}
        return found

    def versions(self, name: str) -> list[int]:
        """Return the versions of a model, oldest first; what is not a folder with a number is none of ours.

        Raises OSError where the model's folder cannot be read.
        """
        folder = self.root / name
        try:
            entries = list(folder.iterdir())
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                return []
            raise
        return sorted(
            int(entry.name) for entry in entries if is_version(entry.name) and _may_be_folder(entry)
        )

    def snapshot(self, name: str, version: int) -> Snapshot:
        """Return what a version's folder looks like; it changes whenever anything in it is made anew."""
        folder = self.root / name / str(version)
        return tuple(_looks(folder, folder.name))

    def folder(self, name: str, version: int | None = None) -> Path:
        """Return a version's folder, the newest by default.

        Raises BundleNotFoundError where there is none, and TransientError where that cannot be told.
        """
        try:
            versions = self.versions(name) if _is_name(name) else []
        except OSError as error:
            raise trouble(self.root / name, error) from error
        if not versions:
            raise BundleNotFoundError(
                f"no model {name!r} in {self.root}; there are: {', '.join(self.models()) or 'none'}"
            )
        if version is None:
            version = versions[-1]
        if version not in versions:
            known = ", ".join(map(str, versions))
            raise BundleNotFoundError(f"model {name!r} has no version {version}; there are: {known}")
        return self.root / name / str(version)

    def open(self, name: str, version: int | None = None, *, held_out: bool = True) -> Bundle:
        """Open a version, the newest by default. Raises as `folder` and `open_bundle` do."""
        return open_bundle(self.folder(name, version), held_out=held_out)

    def require_writable(self, name: str, least_bytes: int = 2**20) -> None:
        """Raise OSError where no version of a model could be published, or not with so many bytes."""
        require_writable(self.root / name, least_bytes)

    def publish(self, name: str, fill: Callable[[Path], Manifest]) -> Bundle:
        """Add the next version of a model, or nothing.

        `fill` writes every file but the manifest into the folder it is given, and returns the manifest. The
        folder is then flushed to disk and renamed into place; a reader never sees half a bundle.
        Raises ValueError for a name that is not allowed, and whatever `fill` raises.
        """
        if not _is_name(name):
            raise ValueError(
                f"model name {name!r} is not allowed; use letters, digits, '.', '_' and '-', at most 64"
            )
        parent = self.root / name
        is_new = not parent.exists()
        staging = parent / f".staging-{secrets.token_hex(8)}"
        try:
            staging.mkdir(parents=True)
            manifest = fill(staging)
            (staging / FILE_NAME).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
            for path in _walk(staging):
                _flush(path)
            folder = self._rename_to_next_version(staging)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            if is_new:
                with suppress(OSError):  # somebody else is publishing the same model
                    parent.rmdir()
            raise
        _flush(parent)
        return open_bundle(folder)

    def _rename_to_next_version(self, staging: Path) -> Path:
        while True:
            target = staging.parent / str(max(self.versions(staging.parent.name), default=0) + 1)
            try:
                staging.rename(target)
            except OSError:
                if not target.exists():
                    raise
                continue  # another trainer published this version first: take the next
            return target


def require_writable(folder: Path, least_bytes: int = 0) -> None:
    """Raise OSError where no file could be written in `folder`, which need not be there yet; leave nothing.

    The error names the folder that refuses, or that has less than `least_bytes` to spare.
    """
    while not folder.exists():
        folder = folder.parent
    try:
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(_PROBE_BYTES))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:  # of a file whose name tells nobody anything
        raise OSError(error.errno, f"nothing can be written here: {error.strerror}", str(folder)) from error
    free = shutil.disk_usage(folder).free
    if free < least_bytes:
        reason = f"{os.strerror(errno.ENOSPC)}: {free:,} bytes are free, and at least {least_bytes:,} needed"
        raise OSError(errno.ENOSPC, reason, str(folder))


def describe(folder: Path, path: Path) -> FileSpec:
    """Describe the file at `path` as the manifest of the bundle in `folder` must."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return FileSpec(path=path.relative_to(folder).as_posix(), sha256=digest, bytes=path.stat().st_size)


def _is_name(name: str) -> bool:
    try:
        _NAME.validate_python(name)
    except ValidationError:
        return False
    return True


def _may_be_folder(path: Path) -> bool:
    """Whether a path is a folder, as far as can be told: whoever opens it hears what is wrong with it."""
    try:
        return path.is_dir()
    except OSError:
        return True


def _looks(path: Path, name: str) -> Iterator[tuple[str, int, int, int, int]]:
    """Yield what a folder and all in it look like; where that cannot be told, the reason is a part of it."""
    try:
        status = path.stat()
        yield name, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
        inner = sorted(path.iterdir()) if stat.S_ISDIR(status.st_mode) and _is_own(path, name) else ()
    except OSError as error:
        yield name, error.errno or 0, 0, 0, 0
        return
    for entry in inner:
        yield from _looks(entry, f"{name}/{entry.name}")


def _is_own(path: Path, name: str) -> bool:
    """Whether a folder lies where it is: a link may lead in a circle, but for the version's own."""
    return "/" not in name or not path.is_symlink()


def _walk(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.rglob("*"), reverse=True)
    yield folder


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
