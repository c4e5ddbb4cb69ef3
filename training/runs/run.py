"""One training run: fits the model at every width, converts, scores and publishes it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bundle.bundle import Bundle
from bundle.manifest import REFERENCE, CalibrationSpec, Manifest
from bundle.normalizer import FloatArray
from bundle.runtimes import Runtime
from bundle.runtimes.tensorflow import import_tensorflow
from bundle.store import ModelStore
from training.config import TrainConfig
from training.data.labels import class_weights
from training.data.split import calibration_sample
from training.errors import ConversionError
from training.evaluation.evaluate import Evaluation, answer, evaluate
from training.evaluation.scoring import chunks
from training.evaluation.tails import describe_tails, find_tails
from training.export import worker, writer
from training.models import architectures, fit, widths
from training.models.memory import in_memory
from training.models.widths import Fitted
from training.precisions import (
    BY_NAME,
    CALIBRATED,
    PLAIN_WIDTH,
    SAVED_MODEL,
    Rung,
    folder_name,
    name_of,
    scaled,
)
from training.progress import Progress
from training.runs.material import Material
from training.runs.provenance import provenance
from training.runs.times import with_times

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


@dataclass(frozen=True)
class _Made:
    """The variants that could be made, by name: what each is, what runs it, and its bytes on disk."""

    rungs: dict[str, Rung] = field(default_factory=dict)
    runtimes: dict[str, Runtime] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)


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
        self._material = material
        self._prepared = material.prepared

    def publish(
        self,
        store: ModelStore,
        name: str,
        on_epoch: Callable[[fit.Epoch], None] = lambda epoch: None,
        default_variant: str = REFERENCE,
        inspect: Callable[[Mapping[str, Runtime]], None] = lambda runtimes: None,
        *,
        timed: bool = True,
    ) -> Published:
        """Do the whole job; `default_variant` is what answers where nobody names a variant.

        Nothing is published where `inspect`, given the open variants by name, raises.
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
        runtimes: dict[str, Runtime] = {}

        def fill(staging: Path) -> Manifest:
            made = self._convert_widths(fitted, staging / writer.VARIANTS_FOLDER, failures)
            if default_variant not in made.rungs:
                raise ConversionError(f"{default_variant} could not be made: {failures.get(default_variant)}")
            inspect(made.runtimes)
            runtimes.update(made.runtimes)
            evaluations.extend(self._score(made))
            plain = next(one for one in fitted if one.width == PLAIN_WIDTH)
            bundle_writer = writer.BundleWriter(
                staging,
                self._prepared,
                provenance(self._config, self._material, plain),
                made.rungs,
                self._calibration({rung.precision for rung in made.rungs.values()}),
                default_variant,
                failures,
            )
            return bundle_writer.write(made.runtimes, evaluations)

        bundle = store.publish(name, fill)
        if timed:
            evaluations = with_times(bundle, runtimes, evaluations, self._progress)
        return Published(bundle, evaluations, failures)

    def build(self, width: float = PLAIN_WIDTH, *, unroll: bool = False) -> Any:
        """Return the untrained model; one that is not unrolled is what `fit_model` begins with."""
        config = self._config
        with in_memory(f"layers of {', '.join(map(str, scaled(config.hidden, width)))}"):
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
        with in_memory(f"training in batches of {config.batch_size:,} rows"):
            history = fit.fit(
                model,
                (normalize(prepared.x_train), prepared.y_train),
                (normalize(prepared.x_validation), prepared.y_validation),
                config,
                weights=weights,
                on_epoch=watch,
            )
        return model, history

    def _convert_widths(self, fitted: Sequence[Fitted], variants: Path, failures: dict[str, str]) -> _Made:
        """Convert and open every width below the folder `variants`; add to `failures` why one is missing."""
        made = _Made()
        for one in fitted:
            folder = variants / folder_name(one.width)
            folder.mkdir(parents=True, exist_ok=True)
            failed = self._convert_unless_broken(one, folder)
            failures.update(
                {name_of(one.width, name): self._explained(name, reason) for name, reason in failed.items()}
            )
            converted = [name for name in self._config.variants if name not in failed]
            for precision, runtime in writer.open_exported(folder, converted, self._prepared).items():
                rung = Rung(one.width, precision)
                made.rungs[rung.name], made.runtimes[rung.name] = rung, runtime
                files = writer.files_of(folder, precision)
                made.sizes[rung.name] = sum(path.stat().st_size for path in files)
        return made

    def _score(self, made: _Made) -> list[Evaluation]:
        prepared, tell = self._prepared, self._progress.advance
        x, other = prepared.x_test, prepared.x_validation
        self._progress.begin("scoring", len(made.rungs) * (chunks(len(x)) + chunks(len(other))))
        validation = answer(made.runtimes, other, prepared.y_validation, on_chunk=tell)
        return evaluate(made.runtimes, made.sizes, x, prepared.y_test, validation=validation, on_chunk=tell)

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

    def _explained(self, precision: str, reason: str) -> str:
        """Add to the reason why a variant could not be made what is usually behind it, where it is."""
        spec = self._prepared.input
        if precision not in CALIBRATED or spec.tokens:
            return reason
        normalized = self._prepared.normalizer.apply(self._calibration_rows())
        bits = BY_NAME[precision].activation_bits
        tails = find_tails(normalized.reshape(-1, spec.channels), bits)
        return reason if tails is None else f"{reason}; heavy tails: {describe_tails(tails, spec)}"

    def _calibration_rows(self) -> FloatArray:
        """Return the raw training rows that ranges are taken from, (n, features)."""
        sample = calibration_sample(self._prepared.y_train, self._config.seed)
        return self._prepared.x_train[sample]

    def _calibration(self, made: set[str]) -> CalibrationSpec | None:
        """Describe what ranges were taken from; None where no precision that was made has any."""
        if made.isdisjoint(CALIBRATED):
            return None
        return CalibrationSpec.of(self._calibration_rows(), self._prepared.input.channels)


def _stage(name: str, width: float) -> str:
    return f"{name} {folder_name(width)}".rstrip()


def _unheard(_: fit.Epoch) -> None:
    """Take no notice: the history that is shown is that of width 1."""
