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

from bundle.manifest import REFERENCE, CalibrationSpec, Manifest, Name, Provenance
from bundle.normalizer import FloatArray
from bundle.runtimes import Runtime, is_available, open_runtime
from bundle.runtimes.tensorflow import import_tensorflow
from bundle.store import Bundle, ModelStore, open_bundle
from training.config import DataConfig, TrainConfig
from training.data.dataset import Dataset
from training.data.files import stem
from training.data.preprocess import IntArray, Prepared, class_weights, encode, prepare, stratified_sample
from training.data.rescoring import load_like, rows_like
from training.data.sources import load
from training.errors import ConversionError, FeaturesError, OptionError
from training.evaluation import evaluate
from training.evaluation.evaluate import Evaluation
from training.export import worker, writer
from training.models import architectures, fit, widths
from training.models.widths import Fitted
from training.precisions import CALIBRATED, PLAIN_WIDTH, SAVED_MODEL, Rung, folder_name, name_of
from training.progress import Progress, Silence

_NAME: TypeAdapter[str] = TypeAdapter(Name)
_CALIBRATION_ROWS = 500
_PROBE_ROWS = 71  # in batches of 64, 4, 2 and 1


class Convert(Protocol):
    """Makes variants in a folder, as `worker.convert_all` does."""

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
    convert: Convert = worker.convert_all,
    on_epoch: Callable[[fit.Epoch], None] = lambda epoch: None,
) -> Published:
    """Train, convert, score and publish one model; its bundle is the next version in `store`.

    Raises DataError or OptionError before TensorFlow is imported, and ConversionError or DivergedError later.

    Example:
        train(TrainConfig(data="digits", model="cnn"), Path("models")).bundle.manifest
    """
    progress = progress or Silence()
    name = model_name(config)
    run = Run(config, read(config, progress), progress, convert)
    return run.publish(ModelStore(store), name, on_epoch)


def rescore(
    folder: Path, config: DataConfig | None = None, *, progress: Progress | None = None
) -> list[Evaluation]:
    """Score and time the bundle in `folder` on its own test rows, or on the data of `config`.

    Raises BundleError, or DataError where the data is not of the bundle's kind.
    """
    progress = progress or Silence()
    bundle = open_bundle(folder)
    x, y = rows_to_score(bundle, config, progress)
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


def rows_to_score(
    bundle: Bundle, config: DataConfig | None, progress: Progress
) -> tuple[FloatArray, IntArray]:
    """Return raw rows (n, features) and class indices (n,): the bundle's test rows, or those of `config`."""
    if config is not None:
        return _rows_for(bundle, config, progress)
    x, labels = bundle.test_set()
    return x, encode(labels, bundle.manifest.labels)


@dataclass(frozen=True)
class Material:
    """What is trained on: the data as they were read, and as they were split and prepared."""

    data: Dataset
    prepared: Prepared


def read(config: TrainConfig, progress: Progress) -> Material:
    """Read and prepare the data of a run, and tell of what was left out. Raises DataError or OptionError."""
    progress.begin("reading", 1)
    data = load(config)
    architectures.require_possible(config.model, data.input)
    prepared = prepare(
        data,
        normalize=config.normalize,
        test_size=config.test_size,
        validation_size=config.validation_size,
        seed=config.seed if config.split_seed is None else config.split_seed,
        tokens=config.tokens,
        vocabulary=config.vocabulary,
    )
    architectures.require_possible(config.model, prepared.input)
    for note in (*data.notes, *prepared.notes):
        progress.warn(note)
    progress.advance(f"{len(data.x):,} rows")
    return Material(data, prepared)


class Run:
    """One training run: the config, its material, and what follows from them alone."""

    def __init__(
        self,
        config: TrainConfig,
        material: Material,
        progress: Progress,
        convert: Convert = worker.convert_all,
    ) -> None:
        self._config = config
        self._convert_all = convert
        self._progress = progress
        self._data = material.data
        self._prepared = material.prepared

    def publish(
        self,
        store: ModelStore,
        name: str,
        on_epoch: Callable[[fit.Epoch], None] = lambda epoch: None,
        default_variant: str = REFERENCE,
    ) -> Published:
        """Do the whole job; `default_variant` is what answers where nobody names a variant.

        Raises ConversionError, also where that one could not be made, and DivergedError.
        """
        self._progress.begin("starting TensorFlow", 1)
        import_tensorflow()
        self._progress.advance()
        fitted, failures = widths.fit_widths(
            self._config,
            lambda width: self.fit_model(on_epoch if width == PLAIN_WIDTH else _unheard, width),
        )
        evaluations: list[Evaluation] = []

        def fill(staging: Path) -> Manifest:
            runtimes: dict[str, Runtime] = {}
            rungs: dict[str, Rung] = {}
            sizes: dict[str, int] = {}
            for one in fitted:
                folder = staging / writer.VARIANTS_FOLDER / folder_name(one.width)
                folder.mkdir(parents=True, exist_ok=True)
                failed = self._convert_unless_broken(one, folder)
                failures.update({name_of(one.width, name): reason for name, reason in failed.items()})
                made = [name for name in self._config.variants if name not in failed]
                for precision, runtime in writer.open_exported(folder, made, self._prepared).items():
                    rung = Rung(one.width, precision)
                    rungs[rung.name], runtimes[rung.name] = rung, runtime
                    files = writer.files_of(folder, precision)
                    sizes[rung.name] = sum(path.stat().st_size for path in files)
            x, y = self._prepared.x_test, self._prepared.y_test
            self._progress.begin("scoring", len(rungs) * evaluate.chunks(len(x)))
            evaluations.extend(evaluate.evaluate(runtimes, sizes, x, y, on_chunk=self._progress.advance))
            if default_variant not in runtimes:
                raise ConversionError(f"{default_variant} could not be made: {failures.get(default_variant)}")
            plain = next(one for one in fitted if one.width == PLAIN_WIDTH)
            bundle_writer = writer.BundleWriter(
                staging,
                self._prepared,
                self._provenance(plain.model, plain.history),
                rungs,
                self._calibration({rung.precision for rung in rungs.values()}),
                default_variant,
            )
            return bundle_writer.write(runtimes, evaluations)

        return Published(store.publish(name, fill), evaluations, failures)

    def build(self, width: float = PLAIN_WIDTH, *, unroll: bool = False) -> Any:
        """Return the untrained model; one that is not unrolled is what `fit_model` begins with."""
        config = self._config
        return architectures.build(
            config.model,
            self._prepared.input,
            len(self._prepared.labels),
            hidden=config.hidden,
            cell=config.cell,
            unroll=unroll,
            width=width,
            embedding=config.embedding,
        )

    def fit_model(
        self, on_epoch: Callable[[fit.Epoch], None], width: float = PLAIN_WIDTH
    ) -> tuple[Any, list[fit.Epoch]]:
        """Train a model by the config's seed, whatever was trained in this process before."""
        prepared, config = self._prepared, self._config
        fit.make_repeatable(config.seed)  # anew: a model comes out the same whatever was fitted before it
        normalize = prepared.normalizer.apply
        weights = class_weights(prepared.y_train, len(prepared.labels), wanted=config.class_weights)
        model = self.build(width)

        def watch(epoch: fit.Epoch) -> None:
            self._progress.advance(
                f"epoch {epoch.number}, validation accuracy {epoch.validation_accuracy:.4f}"
            )
            on_epoch(epoch)

        self._progress.begin(_stage("training", width), config.epochs)
        history = fit.fit(
            model,
            (normalize(prepared.x_train), prepared.y_train),
            (normalize(prepared.x_validation), prepared.y_validation),
            config,
            weights=weights,
            on_epoch=watch,
        )
        return model, history

    def _convert_unless_broken(self, one: Fitted, folder: Path) -> dict[str, str]:
        """Convert one width. Only width 1, which the others are compared with, may fail the whole run."""
        try:
            failures = self.convert(one.model, folder, one.width)
        except ConversionError as error:
            if one.width == PLAIN_WIDTH:
                raise
            shutil.rmtree(folder)
            return dict.fromkeys(self._config.variants, str(error))
        if REFERENCE in failures and one.width == PLAIN_WIDTH:
            raise ConversionError(f"{REFERENCE} could not be made: {failures[REFERENCE]}")
        return failures

    def convert(self, model: Any, folder: Path, width: float = PLAIN_WIDTH) -> dict[str, str]:
        """Write every precision into `folder`; return why those that are not there failed."""
        prepared, config = self._prepared, self._config
        normalize, classes = prepared.normalizer.apply, len(prepared.labels)
        wanted = [name for name in config.variants if name != SAVED_MODEL]
        self._progress.begin(_stage("converting", width), 1 + len(wanted))
        exported = model
        if architectures.needs_twin(config.model, prepared.input):
            exported = self.build(width, unroll=True)
            exported.set_weights(model.get_weights())
        writer.save_graph(exported, folder)
        self._progress.advance(SAVED_MODEL)
        raw = prepared.x_validation[:_PROBE_ROWS]
        # The trained model, not its unrolled twin: so the copy is proved as well.
        expected = writer.keras_probabilities(model, normalize(raw), classes)
        probe = worker.Probe(
            normalize(self._calibration_rows()),
            normalize(raw),
            expected,
            model.count_params(),
            prepared.input.tokens,
        )
        with probe.in_folder(folder):
            failures = self._convert_all(folder, wanted, on_done=self._progress.advance)
        if SAVED_MODEL in config.variants:
            runtime = writer.open_exported(folder, [SAVED_MODEL], prepared)[SAVED_MODEL]
            writer.require_same(SAVED_MODEL, runtime, raw, expected)
        else:
            shutil.rmtree(folder / SAVED_MODEL)
        return failures

    def _calibration_rows(self) -> FloatArray:
        """Return the raw training rows that ranges are taken from, (n, features)."""
        sample = stratified_sample(self._prepared.y_train, _CALIBRATION_ROWS, self._config.seed)
        return self._prepared.x_train[sample]

    def _calibration(self, made: set[str]) -> CalibrationSpec | None:
        """Describe what ranges were taken from; None where no precision that was made has any."""
        if made.isdisjoint(CALIBRATED):
            return None
        return CalibrationSpec.of(self._calibration_rows(), self._prepared.input.channels)

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
            libraries=writer.library_versions(),
        )


def _stage(name: str, width: float) -> str:
    return f"{name} {folder_name(width)}".rstrip()


def _unheard(_: fit.Epoch) -> None:
    """Take no notice: the history that is shown is that of width 1."""


def model_name(config: TrainConfig) -> str:
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
    found = load_like(config, bundle)
    data = rows_like(found, bundle)
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
        if found.sha256 == bundle.manifest.provenance.data_sha256:
            progress.warn("the model was trained on most of these rows: the scores flatter it")
    return np.ascontiguousarray(data_x), encode(data_y, bundle.manifest.labels)
