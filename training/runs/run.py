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
from evidence.paired import MARGIN
from training.config import TrainConfig
from training.data.split import calibration_sample
from training.errors import ConversionError
from training.evaluation.evaluate import Evaluation
from training.export import worker, writer
from training.export.worker import Outcome
from training.models import fit, widths
from training.models.kept import until_published
from training.models.widths import Fitted, Trained
from training.precisions import FOUR_BITS, PLAIN_WIDTH, SAVED_MODEL, folder_name, name_of
from training.progress import Progress
from training.runs.ladder import Convert, Ladder, Network, wish_of
from training.runs.learning import Learning, stage
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
        self._wish = wish_of(config)
        self.learning = Learning(config, material.prepared, progress)

    def train(self, on_epoch: Callable[[fit.Epoch], None] = lambda epoch: None) -> Trained:
        """Fit the model at every width; `on_epoch` hears of width 1. Raises DivergedError."""
        self.start()
        return widths.fit_widths(
            self._config,
            lambda width: self.learning.fit_model(on_epoch if width == PLAIN_WIDTH else _unheard, width),
        )

    def start(self) -> None:
        """Import TensorFlow, which takes seconds."""
        self._progress.begin("starting TensorFlow", 1)
        import_tensorflow()
        self._progress.advance()

    def publish(
        self,
        store: ModelStore,
        name: str,
        trained: Trained,
        default_variant: str = REFERENCE,
        inspect: Callable[[Mapping[str, Runtime]], None] = lambda runtimes: None,
        *,
        timed: bool = True,
        margin: float | None = MARGIN,
    ) -> Published:
        """Convert, score and publish; `default_variant` is what answers where nobody names a variant.

        A cascade may be less accurate than float32 by the `margin`; without one, none is looked for.

        Nothing is published where `inspect`, given the open variants by name, raises; weights that are kept
        stay so. Raises ConversionError, also where the default variant could not be made.
        """
        fitted, failures = trained.fitted, dict(trained.failures)
        evaluations: list[Evaluation] = []
        ladder = self._ladder()

        def fill(staging: Path) -> Manifest:
            self._convert_widths(ladder, fitted, staging / writer.VARIANTS_FOLDER, failures)
            if default_variant not in ladder.rungs:
                raise ConversionError(f"{default_variant} could not be made: {failures.get(default_variant)}")
            inspect(ladder.runtimes)
            evaluations.extend(ladder.score(margin=margin))
            plain = next(one for one in fitted if one.width == PLAIN_WIDTH)
            bundle_writer = writer.BundleWriter(
                staging,
                self._prepared,
                provenance(self._config, self._material, plain, self.learning.epochs_for_four_bits),
                ladder.rungs,
                ladder.calibrated(),
                default_variant,
                left_out=failures,
                graphs=ladder.graphs,
                recipes=ladder.recipes,
                cascade=ladder.cascade,
            )
            return bundle_writer.write(ladder.runtimes, evaluations)

        with until_published(trained.folder):
            bundle = store.publish(name, fill)
        if timed:
            evaluations = with_times(bundle, ladder.runtimes, evaluations, self._progress)
        return Published(bundle, evaluations, failures)

    def _ladder(self) -> Ladder:
        sample = calibration_sample(self._prepared.y_train, self._config.seed)
        rows = self._prepared.x_train[sample]
        return Ladder(self._prepared, rows, self._progress, self._convert_all, self._wish)

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
            network, failures = self._convert(ladder, one, folder)
        except ConversionError as error:
            if one.width == PLAIN_WIDTH:
                raise
            shutil.rmtree(folder)
            return None, dict.fromkeys(self._config.variants, str(error))
        if REFERENCE in failures and one.width == PLAIN_WIDTH:
            raise ConversionError(f"{REFERENCE} could not be made: {failures[REFERENCE]}")
        return network, failures

    def convert(self, model: Any, folder: Path, *, fine_tune: bool = True) -> Outcome:
        """Write every precision of a model of width 1 that can be made into `folder`."""
        ladder, one = self._ladder(), Fitted(PLAIN_WIDTH, model, [])
        failures = self._convert(ladder, one, folder, fine_tune=fine_tune)[1]
        return Outcome(failures, ladder.graphs)

    def _convert(
        self, ladder: Ladder, one: Fitted, folder: Path, *, fine_tune: bool = True
    ) -> tuple[Network, dict[str, str]]:
        wanted = [name for name in self._config.variants if name != SAVED_MODEL]
        tuned = self.learning.for_four_bits(one.model, one.width) if fine_tune else None
        self._progress.begin(stage("converting", one.width), 1 + len(wanted))
        network = self._save(ladder, one.model, folder, one.width)
        self._progress.advance(SAVED_MODEL)
        apart = {} if tuned is None else self._convert_apart(ladder, tuned, folder, one.width)
        plain = [name for name in wanted if name != FOUR_BITS or tuned is None]
        failures = apart | ladder.convert(network, folder, plain)
        if SAVED_MODEL in self._config.variants:
            as_it_is = {SAVED_MODEL: GraphSpec()}
            runtime = writer.open_exported(folder, as_it_is, self._prepared)[SAVED_MODEL]
            writer.require_same(SAVED_MODEL, runtime, ladder.probe, network.expected)
        else:
            shutil.rmtree(folder / SAVED_MODEL)
        return network, failures

    def _convert_apart(self, ladder: Ladder, tuned: Any, folder: Path, width: float) -> dict[str, str]:
        """Make the variant of 4 bits of a model of its own, which leaves nothing else in `folder`."""
        apart = folder / "tuned"
        apart.mkdir()
        failures = ladder.convert(self._save(ladder, tuned, apart, width), apart, [FOUR_BITS])
        if not failures:
            (made,) = writer.files_of(apart, FOUR_BITS)
            made.replace(folder / made.name)
        shutil.rmtree(apart)
        return failures

    def _save(self, ladder: Ladder, model: Any, folder: Path, width: float) -> Network:
        """Write a model into `folder` as what precisions are made of."""
        writer.save_graph(self.learning.exported(model, width), folder)
        # The trained model, not its unrolled twin: so the copy is proved as well.
        rows = self._prepared.normalizer.apply(ladder.probe)
        expected = writer.keras_probabilities(model, rows, len(self._prepared.labels))
        return Network(expected, model.count_params(), width)


def _unheard(_: fit.Epoch) -> None:
    """Take no notice: the history that is shown is that of width 1."""
