"""Makes a bundle that remembers other answers than it gives, as one from another processor does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from bundle.bundle import Bundle, open_bundle
from bundle.manifest import FILE_NAME
from bundle.store import describe


def altered(bundle: Bundle, folder: Path, variant: str, rows: int) -> Bundle:
    """Copy a bundle to `folder`, and let it remember another class for the last test rows of a variant."""
    shutil.copytree(bundle.folder, folder)
    file = bundle.manifest.predictions
    assert file is not None
    with np.load(folder / file.path) as kept:
        arrays = dict(kept)
    last = arrays[f"test/{variant}"][-rows:]
    last[:] = (last + 1) % bundle.manifest.classes
    np.savez(folder / file.path, **arrays)
    return _with_predictions(folder, describe(folder, folder / file.path).model_dump())


def forgetful(bundle: Bundle, folder: Path) -> Bundle:
    """Copy a bundle to `folder` without what its variants predicted, as older releases made them."""
    shutil.copytree(bundle.folder, folder)
    return _with_predictions(folder, None)


def _with_predictions(folder: Path, file: dict[str, object] | None) -> Bundle:
    manifest = json.loads((folder / FILE_NAME).read_text())
    manifest["predictions"] = file
    (folder / FILE_NAME).write_text(json.dumps(manifest))
    return open_bundle(folder)
