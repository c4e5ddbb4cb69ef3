"""What can be wrong with a bundle; every message names the place and the reason."""

from __future__ import annotations

from pathlib import Path


class BundleError(Exception):
    """A bundle, or a variant in it, that cannot be used."""


class BundleNotFoundError(BundleError):
    """There is no such model, version or variant."""


class BundleDamagedError(BundleError):
    """A file of a bundle is not what its manifest says it is."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class IncompleteError(BundleDamagedError):
    """A file is missing, or not of its length, as it is while a bundle is being copied."""


class TransientError(BundleDamagedError):
    """What stands in the way may pass: too many open files, an I/O error, a permission, no memory."""


class RuntimeUnavailableError(BundleError):
    """The library that runs this variant's format is not installed here."""
