"""A bundle that is open: a folder whose every byte was checked against its manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from bundle.encoder import Encoder
from bundle.errors import BundleDamagedError, BundleNotFoundError, IncompleteError
from bundle.manifest import CASCADE, FILE_NAME, SCHEMA_VERSION, FileSpec, Manifest, VariantSpec, is_version
from bundle.normalizer import FloatArray
from bundle.reading import read_arrays, read_file, trouble
from bundle.vocabulary import Vocabulary

_MANIFEST_BYTES_MAX = 64 * 2**20
_LEFT_OUT = (
    "is not here: this is a copy to serve from, without the rows of the data; take a whole one for this"
)

Classes = npt.NDArray[np.int64]
Right = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Predictions:
    """The class of every row of two parts of the data, and the one that each variant predicted.

    A class is its position among the manifest's labels. Validation rows are to choose a variant by, test
    rows, in the order of the test set, to certify it on.
    """

    validation_labels: Classes  # (v,)
    test_labels: Classes  # (t,)
    validation: Mapping[str, Classes]  # by variant, each (v,)
    test: Mapping[str, Classes]  # by variant, each (t,)

    def right_on_validation(self, variant: str) -> Right:
        return np.equal(self.validation[variant], self.validation_labels)

    def right_on_test(self, variant: str) -> Right:
        return np.equal(self.test[variant], self.test_labels)


@dataclass(frozen=True)
class Bundle:
    """One immutable version of a model: a folder and its manifest. `open_bundle` makes it."""

    folder: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        return self.folder.parent.name

    @property
    def version(self) -> int:
        return int(self.folder.name)

    def variant(self, name: str) -> VariantSpec:
        """Raise BundleNotFoundError where the bundle has no variant of that name."""
        variant = self.manifest.variant(name)
        if variant is None:
            allowed = ", ".join(variant.name for variant in self.manifest.variants)
            raise BundleNotFoundError(f"{self.folder} has no variant {name!r}; it has {allowed}")
        return variant

    def holds(self, file: FileSpec) -> bool:
        """Tell whether a file is here: a copy to serve from need not have the rows of the data."""
        return (self.folder / file.path).exists()

    def read(self, file: FileSpec) -> bytes:
        """Return the bytes of one file. Raise BundleDamagedError where they are not those of the manifest."""
        path = self.path(file)
        rule = f"the manifest says {file.bytes}"
        try:
            content = read_file(path, least=file.bytes, most=file.bytes, rule=rule)
        except FileNotFoundError as error:
            if file not in self.manifest.held_out_files:
                raise trouble(path, error) from error
            raise IncompleteError(path, _LEFT_OUT) from error
        except OSError as error:
            raise trouble(path, error) from error
        digest = hashlib.sha256(content).hexdigest()
        if digest != file.sha256:
            raise BundleDamagedError(
                path, f"has sha256 {digest[:12]}…; the manifest says {file.sha256[:12]}…"
            )
        return content

    def path(self, file: FileSpec) -> Path:
        """Where a file is. Raise BundleDamagedError where a link leads out of the folder, or in a circle."""
        path = self.folder / file.path
        try:
            is_inside = path.resolve().is_relative_to(self.folder.resolve())
        except RuntimeError as error:  # so Python says "circle" before 3.13
            raise BundleDamagedError(path, "is a link that leads in a circle") from error
        except OSError as error:
            raise trouble(path, error) from error
        if not is_inside:
            raise BundleDamagedError(path, "leads out of the bundle's folder")
        return path

    def test_set(self) -> tuple[FloatArray, npt.NDArray[Any]]:
        """Return the held-out raw rows, shape (n, features), and their labels, shape (n,)."""
        x, y = self._arrays(self.manifest.test_set, "x", "y")
        if x.shape != (len(y), self.manifest.input.features) or x.dtype != np.float32 or y.ndim != 1:
            raise BundleDamagedError(
                self.path(self.manifest.test_set),
                f"holds x {x.dtype}{x.shape} and y {y.dtype}{y.shape}; "
                f"x must be float32 (n, {self.manifest.input.features}) and y (n,)",
            )
        self._check_ids(self.manifest.test_set, x)
        return x, y

    def encoder(self) -> Encoder | None:
        """Return what makes rows of instances; None where instances are rows already.

        Raises BundleDamagedError where the vocabulary is not the one that the manifest describes.
        """
        spec, file = self.manifest.input, self.manifest.vocabulary
        if spec.fields is None:
            return None
        words = Vocabulary(())
        if file is not None:
            try:
                words = Vocabulary.parse(self.read(file), spec.tokenizer)
            except ValueError as error:
                raise BundleDamagedError(self.path(file), f"is not a vocabulary: {error}") from error
            if words.size != spec.vocabulary:
                raise BundleDamagedError(
                    self.path(file), f"has {words.size} ids; the manifest says {spec.vocabulary}"
                )
        return Encoder(spec.fields, words, bare=spec.kind == "text")

    def test_instances(self) -> list[Any] | None:
        """Return the held-out rows as clients send them; None where clients send the rows themselves."""
        file = self.manifest.test_instances
        if file is None:
            return None
        try:
            instances = json.loads(self.read(file))
        except (ValueError, RecursionError) as error:
            raise BundleDamagedError(self.path(file), f"is not JSON ({error})") from error
        if not isinstance(instances, list) or len(instances) != len(self.test_set()[0]):
            raise BundleDamagedError(self.path(file), "does not hold one instance for each test row")
        return instances

    def training_rows(self) -> npt.NDArray[np.uint64] | None:
        """Return a number for each row that the model was fitted on, sorted; None where none was kept.

        `training.data.overlap` says how a row becomes its number.
        """
        file = self.manifest.training_rows
        if file is None:
            return None
        numbers = self._contents(file, ".npy").get("")
        if not isinstance(numbers, np.ndarray) or numbers.dtype != np.uint64 or numbers.ndim != 1:
            raise BundleDamagedError(self.path(file), "does not hold one number of 64 bits for each row")
        return numbers

    def predictions(self) -> Predictions | None:
        """Return what each variant, and the cascade, predicted when made; None of an older release."""
        file, names = self.manifest.predictions, [variant.name for variant in self.manifest.variants]
        if file is None:
            return None
        if self.manifest.cascade is not None:
            names.append(CASCADE)
        keys = [f"{part}/{name}" for part in ("validation", "test") for name in names]
        validated, *predicted = self._arrays(file, "validation_labels", *keys)
        places = {label: place for place, label in enumerate(self.manifest.labels)}
        tested = np.array([places.get(label, -1) for label in self.test_set()[1].tolist()])
        rows = [validated.size] * (1 + len(names)) + [len(tested)] * len(names)
        for array, count in zip([validated, *predicted], rows, strict=True):
            is_whole = array.shape == (count,) and array.dtype.kind in "iu"
            if not is_whole or not ((array >= 0) & (array < self.manifest.classes)).all():
                rule = f"does not hold a class, 0 to {self.manifest.classes - 1}, for each row"
                raise BundleDamagedError(self.path(file), rule)
        whole: list[Classes] = [array.astype(np.int64) for array in (validated, *predicted)]
        of_variants = whole[1 : 1 + len(names)], whole[1 + len(names) :]
        validation, test = (dict(zip(names, arrays, strict=True)) for arrays in of_variants)
        return Predictions(whole[0], tested, validation, test)

    def golden(self, variant: str) -> tuple[FloatArray, FloatArray]:
        """Return a few raw rows, shape (n, features), and what `variant` answers, shape (n, classes)."""
        x, expected = self._arrays(self.manifest.golden, "x", variant)
        shapes = (len(x), self.manifest.input.features), (len(x), self.manifest.classes)
        if (x.shape, expected.shape) != shapes or x.dtype != np.float32 or expected.dtype != np.float32:
            raise BundleDamagedError(self.path(self.manifest.golden), f"holds {variant} in the wrong shape")
        self._check_ids(self.manifest.golden, x)
        return x, expected

    def _check_ids(self, file: FileSpec, x: FloatArray) -> None:
        """Raise BundleDamagedError where rows hold a token id that there is not: a graph may crash of it."""
        spec = self.manifest.input
        ids = x[:, spec.features - spec.tokens :]
        if not ((ids >= 0) & (ids < max(1, spec.vocabulary)) & (ids == np.floor(ids))).all():
            raise BundleDamagedError(
                self.path(file), f"holds token ids other than 0 to {spec.vocabulary - 1}"
            )

    def _arrays(self, file: FileSpec, *names: str) -> list[npt.NDArray[Any]]:
        found = self._contents(file, ".npz")
        if missing := [name for name in names if name not in found]:
            raise BundleDamagedError(self.path(file), f"has no array {missing[0]!r}")
        return [found[name] for name in names]

    def _contents(self, file: FileSpec, kind: str) -> dict[str, npt.NDArray[Any]]:
        content = self.read(file)
        try:
            return read_arrays(content)
        except Exception as error:  # of whatever kind: zip files have many ways to be wrong
            raise BundleDamagedError(self.path(file), f"is not a readable {kind} ({error})") from error


def open_bundle(folder: Path, *, held_out: bool = True) -> Bundle:
    """Read the manifest in `folder` and check every file against it; without `held_out`, those for serving.

    Raises BundleNotFoundError where there is no bundle, and BundleDamagedError where there is one that is
    not as it should be: IncompleteError where it may be on its way, TransientError where that may pass.
    """
    path = folder / FILE_NAME
    if not is_version(folder.name):
        raise BundleNotFoundError(
            f"{folder} is not a version folder: its name must be a number, as in digits/1"
        )
    rule = f"at most {_MANIFEST_BYTES_MAX} are allowed"
    try:
        text = read_file(path, least=0, most=_MANIFEST_BYTES_MAX, rule=rule)
    except FileNotFoundError as error:
        raise BundleNotFoundError(f"{folder} is not a bundle: there is no {FILE_NAME} in it") from error
    except OSError as error:
        raise trouble(path, error) from error
    bundle = Bundle(folder, _parse(path, text))
    for file in bundle.manifest.files if held_out else bundle.manifest.serving_files:
        bundle.read(file)
    return bundle


def _parse(path: Path, text: bytes) -> Manifest:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise IncompleteError(path, f"is not JSON ({error})") from error
    version = fields.get("schema_version") if isinstance(fields, dict) else None
    if type(version) is not int or version != SCHEMA_VERSION:
        raise BundleDamagedError(path, f"has schema version {version!r}; this release reads {SCHEMA_VERSION}")
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "manifest"
        raise BundleDamagedError(path, f"{place}: {first['msg']}") from error
