"""One training run: fits the model at every width, converts, scores and publishes it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bundle.bundle import Bundle
from bundle.manifest import REFERENCE, GraphSpec, Manifest
from bundle.runtimes import Runtime
from bundle.runtimes.tensorflow import import_tensorflow
from bundle.store import ModelStore
from training.config import TrainConfig
from training.data.labels import class_weights
from training.data.split import calibration_sample
from training.errors import ConversionError
from training.evaluation.evaluate import Evaluation
from training.export import worker, writer
from training.export.worker import Outcome
from training.models import architectures, fit, widths
from training.models.memory import in_memory
from training.models.widths import Fitted
from training.precisions import PLAIN_WIDTH, SAVED_MODEL, folder_name, name_of, scaled
from training.progress import Progress
from training.runs.ladder import Convert, Ladder, Network
from training.runs.material import Material
from training.runs.provenance import provenance
from training.runs.times import with_times


@dataclass(frozen=True)
class Published:
    """What came of a training run."""

    bundle: Bundle
    evaluations: list[Evaluation]
    failures: Mapping[str, str] = field(default_factory=dict)
    """Why each variant that is not in the bundle could not be made."""


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
            ladder = self._ladder()
            self._convert_widths(ladder, fitted, staging / writer.VARIANTS_FOLDER, failures)
            if default_variant not in ladder.rungs:
                raise ConversionError(f"{default_variant} could not be made: {failures.get(default_variant)}")
            inspect(ladder.runtimes)
            runtimes.update(ladder.runtimes)
            evaluations.extend(ladder.score())
            plain = next(one for one in fitted if one.width == PLAIN_WIDTH)
            bundle_writer = writer.BundleWriter(
                staging,
                self._prepared,
                provenance(self._config, self._material, plain),
                ladder.rungs,
                ladder.calibrated(),
                default_variant,
                left_out=failures,
                graphs=ladder.graphs,
            )
            return bundle_writer.write(ladder.runtimes, evaluations)

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

    def _ladder(self) -> Ladder:
        sample = calibration_sample(self._prepared.y_train, self._config.seed)
        return Ladder(self._prepared, self._prepared.x_train[sample], self._progress, self._convert_all)

    def _convert_widths(
        self, ladder: Ladder, fitted: Sequence[Fitted], variants: Path, failures: dict[str, str]
    ) -> None:
        """Convert and open every width below the folder `variants`; add to `failures` why one is missing."""
        for one in fitted:
            folder = variants / folder_name(one.width)
            folder.mkdir(parents=True, exist_ok=True)
            network, failed = self._convert_unless_broken(ladder, one, folder)
            failures.update({name_of(one.width, name): reason for name, reason in failed.items()})
            if network is not None:
                ladder.open(network, folder, [name for name in self._config.variants if name not in failed])

    def _convert_unless_broken(
        self, ladder: Ladder, one: Fitted, folder: Path
    ) -> tuple[Network | None, dict[str, str]]:
        """Convert one width. Only width 1, which the others are compared with, may fail the whole run."""
        try:
            network, failures = self._convert(ladder, one.model, folder, one.width)
        except ConversionError as error:
            if one.width == PLAIN_WIDTH:
                raise
            shutil.rmtree(folder)
            return None, dict.fromkeys(self._config.variants, str(error))
        if REFERENCE in failures and one.width == PLAIN_WIDTH:
            raise ConversionError(f"{REFERENCE} could not be made: {failures[REFERENCE]}")
        return network, failures

    def convert(self, model: Any, folder: Path) -> Outcome:
        """Write every precision of a model of width 1 that can be made into `folder`."""
        ladder = self._ladder()
        failures = self._convert(ladder, model, folder, PLAIN_WIDTH)[1]
        return Outcome(failures, ladder.graphs)

    def _convert(
        self, ladder: Ladder, model: Any, folder: Path, width: float
    ) -> tuple[Network, dict[str, str]]:
        prepared, config = self._prepared, self._config
        wanted = [name for name in config.variants if name != SAVED_MODEL]
        self._progress.begin(_stage("converting", width), 1 + len(wanted))
        exported = model
        if architectures.needs_twin(config.model, prepared.input):
            exported = self.build(width, unroll=True)
            exported.set_weights(model.get_weights())
        writer.save_graph(exported, folder)
        self._progress.advance(SAVED_MODEL)
        # The trained model, not its unrolled twin: so the copy is proved as well.
        rows = prepared.normalizer.apply(ladder.probe)
        expected = writer.keras_probabilities(model, rows, len(prepared.labels))
        network = Network(expected, model.count_params(), width)
        failures = ladder.convert(network, folder, wanted)
        if SAVED_MODEL in config.variants:
            runtime = writer.open_exported(folder, {SAVED_MODEL: GraphSpec()}, prepared)[SAVED_MODEL]
            writer.require_same(SAVED_MODEL, runtime, ladder.probe, expected)
        else:
            shutil.rmtree(folder / SAVED_MODEL)
        return network, failures


def _stage(name: str, width: float) -> str:
    return f"{name} {folder_name(width)}".rstrip()


def _unheard(_: fit.Epoch) -> None:
    """Take no notice: the history that is shown is that of width 1."""
