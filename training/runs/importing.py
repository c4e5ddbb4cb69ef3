"""From models that others made to a published bundle: every precision of them on one ladder."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue

from bundle.manifest import Manifest, Provenance
from bundle.store import ModelStore
from evidence.paired import MARGIN, Truth
from training.data.files.sources import stem
from training.data.split import calibration_sample
from training.errors import ConversionError, OptionError
from training.evaluation.evaluate import Evaluation
from training.export import worker, writer
from training.imports.config import MAIN, ImportConfig
from training.imports.imported import Imported, open_all
from training.precisions import PLAIN_WIDTH, SAVED_MODEL, Rung, folder_name
from training.progress import Progress, Silence
from training.runs.import_material import ImportMaterial, read
from training.runs.ladder import Convert, Ladder, Network, wish_of
from training.runs.pipeline import require_name
from training.runs.run import Published
from training.runs.times import with_times


def import_models(
    config: ImportConfig,
    store: Path,
    *,
    progress: Progress | None = None,
    convert: Convert = worker.convert_all,
    timed: bool = True,
    margin: float = MARGIN,
) -> Published:
    """Open models, make every precision of them, score each against the reference, publish and time them.

    A cascade may be less accurate than the reference by the `margin`; none is looked for where nothing is
    timed.

    Raises ImportedModelError, DataError, OptionError, or OSError where `store` cannot be written; and
    ConversionError where the reference cannot be made. Nothing is published then.

    Example:
        import_models(ImportConfig(model="resnet.tflite", data="cifar10.npz", scale=1), Path("models"))
    """
    progress = progress or Silence()
    name, published = require_name(config.name or stem(config.model)), ModelStore(store)
    published.require_writable(name)
    with tempfile.TemporaryDirectory(prefix="import-", ignore_cleanup_errors=True) as scratch:
        models = open_all(config, Path(scratch), progress)
        reference = _reference(config, models)
        material = read(config, models, progress)
        published.require_writable(name, material.least_bytes)
        material.tell(progress)
        run = _Import(config, material, reference, progress, convert)
        return run.publish(published, name, timed=timed, margin=margin if timed else None)


def _reference(config: ImportConfig, models: Sequence[Imported]) -> str:
    """Return the reference's name. Raise OptionError where it is a variant that will not be made."""
    names = [rung.name for model in models for rung in _rungs(config, model)]
    if config.reference is None:
        return names[0]
    if config.reference not in names:
        raise OptionError(f"--reference {config.reference} is no variant of these models: {', '.join(names)}")
    return config.reference


def _rungs(config: ImportConfig, model: Imported) -> Iterator[Rung]:
    """Yield the variants to make of a model, itself first; of one that is quantised already, what is left."""
    yield model.itself
    for precision in config.precisions:
        if precision != model.facts.precision and precision in model.precisions:
            yield replace(model.itself, precision=precision)


class _Import:
    """One import: the config, its material, and what follows from them alone."""

    def __init__(
        self,
        config: ImportConfig,
        material: ImportMaterial,
        reference: str,
        progress: Progress,
        convert: Convert,
    ) -> None:
        self._config = config
        self._material = material
        self._reference = reference
        self._progress = progress
        sample = calibration_sample(material.prepared.y_train, config.seed)
        rows = material.prepared.x_train[sample]
        wish, labelled = wish_of(config), not config.unlabelled
        self._ladder = Ladder(material.prepared, rows, progress, convert, wish, labelled=labelled)

    def publish(self, store: ModelStore, name: str, *, timed: bool, margin: float | None) -> Published:
        failures: dict[str, str] = {}
        evaluations: list[Evaluation] = []
        ladder = self._ladder
        truth: Truth = "reference" if self._config.unlabelled else "labels"

        def fill(staging: Path) -> Manifest:
            for model in self._material.models:
                failures.update(self._convert(model, staging / writer.VARIANTS_FOLDER))
            if self._reference not in ladder.rungs:
                raise ConversionError(
                    f"the reference, {self._reference}, could not be made: {failures[self._reference]}"
                )
            if self._config.unlabelled:
                ladder.take_for_truth(self._reference)
            evaluations.extend(ladder.score(self._reference, truth, margin))
            return writer.BundleWriter(
                staging,
                ladder.prepared,
                self._provenance(),
                ladder.rungs,
                ladder.calibrated(),
                default_variant=self._reference,
                left_out=failures,
                graphs=ladder.graphs,
                recipes=ladder.recipes,
                reference=self._reference,
                truth=truth,
                cascade=ladder.cascade,
            ).write(ladder.runtimes, evaluations)

        bundle = store.publish(name, fill)
        if timed:
            evaluations = with_times(bundle, ladder.runtimes, evaluations, self._progress)
        return Published(bundle, evaluations, failures)

    def _convert(self, model: Imported, variants: Path) -> dict[str, str]:
        """Make a model's variants below the folder `variants`; return by name why some are missing."""
        folder = variants / folder_name(PLAIN_WIDTH, model.name)
        folder.mkdir(parents=True, exist_ok=True)
        source = folder / model.source.name
        shutil.move(model.source, source)
        model = replace(model, folder=folder)
        wanted = [rung.precision for rung in _rungs(self._config, model)]
        self._progress.begin(f"converting {model.name or ''}".rstrip(), len(wanted))
        runtime = model.runtime(self._ladder.prepared.normalizer)
        network = Network(
            runtime.predict(self._ladder.probe),
            model.facts.weights,
            name=model.name,
            answers=model.graph.answers,
            source=model.path.name,
            given_as=model.facts.precision,
            batch=model.graph.batch,
        )
        failed = self._ladder.convert(network, folder, wanted)
        self._ladder.open(network, folder, [name for name in wanted if name not in failed])
        if source.is_file():
            source.unlink()
        elif SAVED_MODEL not in wanted:
            shutil.rmtree(source)
        return {replace(model.itself, precision=name).name: reason for name, reason in failed.items()}

    def _provenance(self) -> Provenance:
        config, prepared = self._config, self._ladder.prepared
        chosen = config.model_dump(
            mode="json",
            include={"scale", "offset", "normalizer", "logits", "test_size", "validation_size", "seed"},
        )
        networks: dict[str, JsonValue] = {
            model.name or MAIN: {
                "file": model.path.name,
                "format": model.facts.format,
                "precision": model.facts.precision,
                "weights": model.facts.weights,
                **({"sha256": _digest(model.path)} if model.path.is_file() else {}),
            }
            for model in self._material.models
        }
        return Provenance(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            data=Path(config.data).name,  # where it lay on this machine is nobody else's business
            data_sha256=self._material.data.sha256,
            train_rows=0,
            validation_rows=len(prepared.x_validation),
            test_rows=len(prepared.x_test),
            hyperparameters={**chosen, "imported": networks},
            libraries=writer.library_versions(),
        )


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
