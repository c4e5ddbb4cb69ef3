"""The whole job, from a config to a published bundle; and the scoring of a bundle that exists."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from pydantic import TypeAdapter, ValidationError

from bundle.manifest import REFERENCE, Manifest, Name, Provenance
from bundle.normalizer import FloatArray
from bundle.runtimes import is_available, open_runtime
from bundle.runtimes.tensorflow import import_tensorflow
from bundle.store import Bundle, ModelStore, open_bundle
from training import evaluate, export, fit, models, quantize
from training.config import DataConfig, TrainConfig
from training.converter import SAVED_MODEL
from training.errors import ConversionError, FeaturesError, OptionError
from training.evaluate import Evaluation
from training.files import stem
from training.preprocess import IntArray, class_weights, encode, prepare, stratified_sample
from training.progress import Progress, Silence
from training.rescoring import reading, rows_like
from training.sources import load

_NAME: TypeAdapter[str] = TypeAdapter(Name)
_CALIBRATION_ROWS = 500
_PROBE_ROWS = 71  # in batches of 64, 4, 2 and 1


class Convert(Protocol):
    """Makes variants in a folder, as `quantize.convert_all` does."""

    def __call__(
        self, folder: Path, variants: Sequence[str], *, on_done: Callable[[str], None]
    ) -> dict[str, str]: ...


@dataclass(frozen=True)
class Published:
    """What came of a training run."""

    bundle: Bundle
    evaluations: list[Evaluation]
    failures: Mapping[str, str] = field(default_factory=dict)
    """Why each variant that is not in the bundle could not be made."""


def train(
    config: TrainConfig,
    store: Path,
    *,
    progress: Progress | None = None,
    convert: Convert = quantize.convert_all,
) -> Published:
    """Train, convert, score and publish one model; its bundle is the next version in `store`.

    Raises DataError or OptionError before TensorFlow is imported, and ConversionError or DivergedError later.

    Example:
        train(TrainConfig(data="digits", model="cnn"), Path("models")).bundle.manifest
    """
    return _Run(config, progress or Silence(), convert).publish(ModelStore(store))


def rescore(
    folder: Path, config: DataConfig | None = None, *, progress: Progress | None = None
) -> list[Evaluation]:
    """Score and time the bundle in `folder` on its own test rows, or on the data of `config`.

    Raises BundleError, or DataError where the data is not of the bundle's kind.
    """
    progress = progress or Silence()
    bundle = open_bundle(folder)
    if config is None:
        x, labels = bundle.test_set()
        y = encode(labels, bundle.manifest.labels)
    else:
        x, y = _rows_for(bundle, config, progress)
    bundle.variant(REFERENCE)  # or there is nothing to agree with
    names = []
    for variant in bundle.manifest.variants:
        if is_available(variant):
            names.append(variant.name)
        else:
            progress.warn(f"variant {variant.name} is left out: the library that runs it is not installed")
    progress.begin("opening", len(names))
    runtimes = {}
    for name in names:
        runtimes[name] = open_runtime(bundle, name)
        progress.advance(name)
    sizes = {name: bundle.variant(name).bytes for name in names}
    progress.begin("scoring", len(names) * evaluate.chunks(len(x)))
    return evaluate.evaluate(runtimes, sizes, x, y, on_chunk=progress.advance)


class _Run:
    """One training run: the config, and what follows from it alone."""

    def __init__(self, config: TrainConfig, progress: Progress, convert: Convert) -> None:
        self._config = config
        self._convert_all = convert
        self._progress = progress
        self._name = _model_name(config)
        progress.begin("reading", 1)
        self._data = load(config)
        models.require_possible(config.model, self._data.input)
        self._prepared = prepare(
            self._data,
            normalize=config.normalize,
            test_size=config.test_size,
            validation_size=config.validation_size,
            seed=config.seed,
            tokens=config.tokens,
            vocabulary=config.vocabulary,
        )
        models.require_possible(config.model, self._prepared.input)
        for note in (*self._data.notes, *self._prepared.notes):
            progress.warn(note)
        progress.advance(f"{len(self._data.x):,} rows")

    def publish(self, store: ModelStore) -> Published:
        self._progress.begin("starting TensorFlow", 1)
        import_tensorflow()
        fit.make_repeatable(self._config.seed)
        self._progress.advance()
        model, history = self._fit()
        evaluations: list[Evaluation] = []
        failures: dict[str, str] = {}

        def fill(staging: Path) -> Manifest:
            folder = staging / export.VARIANTS_FOLDER
            folder.mkdir()
            failures.update(self._convert(model, folder))
            made: list[str] = [name for name in self._config.variants if name not in failures]
            runtimes = export.open_exported(folder, made, self._prepared)
            sizes = {
                name: sum(path.stat().st_size for path in export.files_of(folder, name)) for name in made
            }
            x, y = self._prepared.x_test, self._prepared.y_test
            self._progress.begin("scoring", len(made) * evaluate.chunks(len(x)))
            evaluations.extend(evaluate.evaluate(runtimes, sizes, x, y, on_chunk=self._progress.advance))
            writer = export.BundleWriter(staging, self._prepared, self._provenance(model, history))
            return writer.write(runtimes, evaluations)

        return Published(store.publish(self._name, fill), evaluations, failures)

    def _build(self, *, unroll: bool = False) -> Any:
        config = self._config
        return models.build(
            config.model,
            self._prepared.input,
            len(self._prepared.labels),
            hidden=config.hidden,
            cell=config.cell,
            unroll=unroll,
            embedding=config.embedding,
        )

    def _fit(self) -> tuple[Any, list[fit.Epoch]]:
        prepared, config = self._prepared, self._config
        normalize = prepared.normalizer.apply
        weights = class_weights(prepared.y_train, len(prepared.labels), wanted=config.class_weights)
        model = self._build()
        self._progress.begin("training", config.epochs)
        history = fit.fit(
            model,
            (normalize(prepared.x_train), prepared.y_train),
            (normalize(prepared.x_validation), prepared.y_validation),
            config,
            weights=weights,
            on_epoch=lambda epoch: self._progress.advance(
                f"epoch {epoch.number}, validation accuracy {epoch.validation_accuracy:.4f}"
            ),
        )
        return model, history

    def _convert(self, model: Any, folder: Path) -> dict[str, str]:
        """Write every variant into `folder`; return why those that are not there failed."""
        prepared, config = self._prepared, self._config
        normalize, classes = prepared.normalizer.apply, len(prepared.labels)
        wanted = [name for name in config.variants if name != SAVED_MODEL]
        self._progress.begin("converting", 1 + len(wanted))
        exported = model
        if models.needs_twin(config.model, prepared.input):
            exported = self._build(unroll=True)
            exported.set_weights(model.get_weights())
        export.save_graph(exported, folder)
        self._progress.advance(SAVED_MODEL)
        raw = prepared.x_validation[:_PROBE_ROWS]
        # The trained model, not its unrolled twin: so the copy is proved as well.
        expected = export.keras_probabilities(model, normalize(raw), classes)
        sample = stratified_sample(prepared.y_train, _CALIBRATION_ROWS, config.seed)
        probe = quantize.Probe(
            normalize(prepared.x_train[sample]),
            normalize(raw),
            expected,
            model.count_params(),
            prepared.input.tokens,
        )
        with probe.in_folder(folder):
            failures = self._convert_all(folder, wanted, on_done=self._progress.advance)
        if REFERENCE in failures:
            raise ConversionError(f"{REFERENCE} could not be made: {failures[REFERENCE]}")
        if SAVED_MODEL in config.variants:
            runtime = export.open_exported(folder, [SAVED_MODEL], prepared)[SAVED_MODEL]
            export.require_same(SAVED_MODEL, runtime, raw, expected)
        else:
            shutil.rmtree(folder / SAVED_MODEL)
        return failures

    def _provenance(self, model: Any, history: list[fit.Epoch]) -> Provenance:
        prepared, config = self._prepared, self._config
        chosen = config.model_dump(mode="json", exclude={"data", "data_dir", "name", "variants"})
        return Provenance(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            data=Path(config.data).name,  # where it lay on this machine is nobody else's business
            data_sha256=self._data.sha256,
            train_rows=len(prepared.x_train),
            validation_rows=len(prepared.x_validation),
            test_rows=len(prepared.x_test),
            hyperparameters=chosen
            | {
                "epochs_run": len(history),
                "best_epoch": fit.best(history).number,
                "weights": model.count_params(),
            },
            libraries=export.library_versions(),
        )


def _model_name(config: TrainConfig) -> str:
    name = stem(Path(config.data)) if config.name is None else config.name
    try:
        return _NAME.validate_python(name)
    except ValidationError as error:
        raise OptionError(
            f"{name!r} cannot name a model; give --name with letters, digits, '.', '_' and '-', at most 64"
        ) from error


def _rows_for(bundle: Bundle, config: DataConfig, progress: Progress) -> tuple[FloatArray, IntArray]:
    """Read rows to score a bundle on: those of the published test split where the data has one, else all."""
    expected = bundle.manifest.input
    data = rows_like(load(config.model_copy(update=reading(expected, config))), bundle)
    for note in data.notes:
        progress.warn(note)
    given = data.input
    if given.shape != expected.shape:
        raise FeaturesError(
            f"{data.name} has rows of shape {given.shape}; {bundle.folder} takes {expected.shape}"
        )
    if given.feature_names and expected.feature_names and given.feature_names != expected.feature_names:
        pairs = zip(given.feature_names, expected.feature_names, strict=True)
        here, there = next((a, b) for a, b in pairs if a != b)
        raise FeaturesError(f"{data.name} has the feature {here!r} where {bundle.folder} has {there!r}")
    if data.test_rows:
        data_x, data_y = data.x[-data.test_rows :], data.y[-data.test_rows :]
    else:
        data_x, data_y = data.x, data.y
        if data.sha256 == bundle.manifest.provenance.data_sha256:
            progress.warn("the model was trained on most of these rows: the scores flatter it")
    return np.ascontiguousarray(data_x), encode(data_y, bundle.manifest.labels)
