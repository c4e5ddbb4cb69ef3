"""Scores and times a bundle that exists."""

from __future__ import annotations

from pathlib import Path

from bundle.bundle import Bundle, open_bundle
from bundle.runtimes import is_available, open_runtime
from evidence.paired import Yardstick
from training.config import DataConfig
from training.data.rescoring import rows_to_score
from training.errors import OptionError
from training.evaluation.evaluate import Answers, Evaluation, evaluate
from training.evaluation.scoring import chunks
from training.evaluation.shift import shifts
from training.progress import Progress, Silence
from training.runs.cascade import cascade_of
from training.runs.times import with_times


def rescore(
    folder: Path, config: DataConfig | None = None, *, progress: Progress | None = None
) -> list[Evaluation]:
    """Score and time the bundle in `folder` on its own test rows, or on the data of `config`.

    Raises BundleError; DataError where the data is not of the bundle's kind; and OptionError where what runs
    the reference is not installed.
    """
    progress = progress or Silence()
    bundle = open_bundle(folder)
    x, y = rows_to_score(bundle, config, progress)
    for shift in shifts(x, bundle.test_set()[0], bundle.manifest.input, bundle.manifest.calibration):
        progress.warn(shift)
    _require_reference(bundle)
    names = runnable(bundle, progress)
    progress.begin("opening", len(names))
    runtimes = {}
    for name in names:
        runtimes[name] = open_runtime(bundle, name)
        progress.advance(name)
    sizes = {name: bundle.variant(name).bytes for name in names}
    progress.begin("scoring", len(names) * chunks(len(x)))
    validation = None
    if (kept := bundle.predictions()) is not None:
        of = kept.validation_labels
        validation = {name: Answers(of, classes) for name, classes in kept.validation.items()}
    cascade = cascade_of(bundle.manifest)
    evaluations = evaluate(
        runtimes,
        sizes,
        x,
        y,
        validation=validation,
        yardstick=Yardstick(bundle.manifest.reference, bundle.manifest.truth if config is None else "labels"),
        cascade=cascade if cascade and {cascade.first, cascade.second} <= runtimes.keys() else None,
        on_chunk=progress.advance,
    )
    return with_times(bundle, runtimes, evaluations, progress)


def runnable(bundle: Bundle, progress: Progress) -> list[str]:
    """Return the variants whose library is installed; warn of the others."""
    names = []
    for variant in bundle.manifest.variants:
        if is_available(variant):
            names.append(variant.name)
        else:
            progress.warn(f"variant {variant.name} is left out: the library that runs it is not installed")
    return names


def _require_reference(bundle: Bundle) -> None:
    """Raise OptionError where there is nothing here to compare the other variants with."""
    name = bundle.manifest.reference
    if not is_available(bundle.variant(name)):
        raise OptionError(
            f"{bundle.folder} compares its variants with {name}, and the library that runs it is not "
            "installed here: evaluate where it is"
        )
