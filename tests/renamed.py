"""A bundle whose reference has another name than training gives it: what an import may come to."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bundle.bundle import Bundle
from bundle.manifest import Manifest, VariantSpec
from bundle.runtimes import open_runtime
from bundle.store import ModelStore, describe
from evidence.paired import Truth, Yardstick
from training.data.labels import class_indices
from training.evaluation.evaluate import answer, evaluate


def publish_renamed(
    whole: Bundle, store: Path, names: Mapping[str, str], *, truth: Truth = "labels"
) -> Bundle:
    """Publish some `.tflite` variants of a bundle by other names; the first of `names` is the reference.

    Where it is the `truth`, its answers are the labels, and each variant's accuracy is its agreement with it.
    """
    reference = next(iter(names.values()))
    x, labels = whole.test_set()
    kept = whole.predictions()
    assert kept is not None
    y, other = class_indices(labels, whole.manifest.labels), kept.validation_labels
    runtimes = {new: open_runtime(whole, old) for old, new in names.items()}
    if truth == "reference":
        y = answer({reference: runtimes[reference]}, x, y)[reference].predicted
        other = kept.validation[next(iter(names))]
    sizes = {new: whole.variant(old).bytes for old, new in names.items()}
    scored = evaluate(runtimes, sizes, x, y, yardstick=Yardstick(reference, truth))
    scores = {one.variant: one.scores for one in scored}

    def fill(folder: Path) -> Manifest:
        rows, _ = whole.golden(next(iter(names)))
        arrays = {
            "test_set": {"x": x, "y": np.array(whole.manifest.labels)[y]},
            "golden": {"x": rows, **{new: whole.golden(old)[1] for old, new in names.items()}},
            "predictions": {
                "validation_labels": other,
                **{f"validation/{new}": kept.validation[old] for old, new in names.items()},
                **{f"test/{new}": kept.test[old] for old, new in names.items()},
            },
        }
        for file, content in arrays.items():
            np.savez(folder / f"{file}.npz", **content)  # type: ignore[arg-type]
        return whole.manifest.model_copy(
            update={
                **{file: describe(folder, folder / f"{file}.npz") for file in arrays},
                "training_rows": None,
                "reference": reference,
                "truth": truth,
                "default_variant": reference,
                "cascade": None,
                "variants": tuple(variant(folder, old, new) for old, new in names.items()),
            }
        )

    def variant(folder: Path, old: str, new: str) -> VariantSpec:
        path = folder / f"{new}.tflite"
        shutil.copyfile(whole.path(whole.variant(old).files[0]), path)
        update = {"name": new, "precision": None, "files": (describe(folder, path),), "scores": scores[new]}
        return whole.variant(old).model_copy(update=update)

    return ModelStore(store).publish(whole.name, fill)
