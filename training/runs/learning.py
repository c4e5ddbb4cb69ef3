"""How a run's models come about: built as the config says, trained, and fine-tuned for 4 bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from bundle.normalizer import FloatArray
from bundle.postponed import postponed
from training.config import TrainConfig
from training.data.dataset import IntArray
from training.data.labels import class_weights
from training.data.prepare import Prepared
from training.models import architectures, fine_tune, fit
from training.models.memory import in_memory
from training.precisions import FOUR_BITS, PLAIN_WIDTH, folder_name, scaled
from training.progress import Progress

Outcome_co = TypeVar("Outcome_co", covariant=True)


class Learn(Protocol[Outcome_co]):
    """Changes a model by rows, as `fit.fit` does."""

    def __call__(
        self,
        model: Any,
        train: tuple[FloatArray, IntArray],
        validation: tuple[FloatArray, IntArray],
        config: TrainConfig,
        weights: FloatArray | None,
        on_epoch: Callable[[fit.Epoch], None],
    ) -> Outcome_co: ...


class Learning:
    """Makes the models of one config of the rows that were prepared for it."""

    def __init__(self, config: TrainConfig, prepared: Prepared, progress: Progress) -> None:
        self._config = config
        self._prepared = prepared
        self._progress = progress
        self.epochs_for_four_bits: dict[float, int] = {}
        """By width, from which epoch of fine-tuning the weights of 4 bits are; 0 where it was no use."""

    def build(self, width: float = PLAIN_WIDTH, *, unroll: bool = False) -> Any:
        """Return the untrained model; one that is not unrolled is what `fit_model` begins with."""
        config = self._config
        with postponed(), in_memory(f"layers of {', '.join(map(str, scaled(config.hidden, width)))}"):
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

    def exported(self, model: Any, width: float) -> Any:
        """Return what is exported of a trained model: itself, or an unrolled twin with its weights."""
        if not architectures.needs_twin(self._config.model, self._prepared.input):
            return model
        return self._copy(model, width, unroll=True)

    def fit_model(
        self, on_epoch: Callable[[fit.Epoch], None], width: float = PLAIN_WIDTH
    ) -> tuple[Any, list[fit.Epoch]]:
        """Train a model by the config's seed, whatever was trained in this process before."""
        self._progress.begin(stage("training", width), self._config.epochs)
        return self._learn(fit.fit, lambda: self.build(width), on_epoch)

    def for_four_bits(self, model: Any, width: float) -> Any | None:
        """Return a fine-tuned copy of a model whose weights lie where 4 bits can have them.

        None where nobody asked for that, and where the weights of the model itself, rounded, are as good.
        """
        config = self._config
        if FOUR_BITS not in config.variants or not config.fine_tune_epochs:
            return None
        self._progress.begin(stage("fine-tuning 4 bits", width), config.fine_tune_epochs)
        copy, epoch = self._learn(fine_tune.fine_tune, lambda: self._copy(model, width), lambda epoch: None)
        self.epochs_for_four_bits[width] = epoch
        return copy if epoch else None

    def _copy(self, model: Any, width: float, *, unroll: bool = False) -> Any:
        copied = self.build(width, unroll=unroll)
        copied.set_weights(model.get_weights())
        return copied

    def _learn(
        self, learn: Learn[Outcome_co], begin: Callable[[], Any], on_epoch: Callable[[fit.Epoch], None]
    ) -> tuple[Any, Outcome_co]:
        """Have what `begin` returns learn; return it, and what came of it."""
        prepared, config = self._prepared, self._config
        fit.make_repeatable(config.seed)  # anew: a model comes out the same whatever was fitted before it
        normalize = prepared.normalizer.apply
        weights = class_weights(prepared.y_train, len(prepared.labels), wanted=config.class_weights)
        model = begin()

        def watch(epoch: fit.Epoch) -> None:
            self._progress.advance(
                f"epoch {epoch.number}, validation accuracy {epoch.validation_accuracy:.4f}"
            )
            on_epoch(epoch)

        with in_memory(f"training in batches of {config.batch_size:,} rows"):
            outcome = learn(
                model,
                (normalize(prepared.x_train), prepared.y_train),
                (normalize(prepared.x_validation), prepared.y_validation),
                config,
                weights,
                watch,
            )
        return model, outcome


def stage(name: str, width: float) -> str:
    return f"{name} {folder_name(width)}".rstrip()
