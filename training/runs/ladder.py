"""The ladder of a bundle in the making: what a training and an import do alike once there is a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import thread_time
from typing import Literal, Protocol

from bundle.manifest import CASCADE, REFERENCE, CalibrationSpec, CascadeSpec, GraphSpec
from bundle.normalizer import FloatArray
from bundle.runtimes import Runtime
from evidence.cascades import Cascade
from evidence.paired import Truth, Yardstick
from training.config import MixedConfig
from training.data.prepare import Prepared
from training.errors import OptionError
from training.evaluation.evaluate import Answers, Evaluation, answer, evaluate
from training.evaluation.scoring import chunks, predict_all
from training.evaluation.tails import describe_tails, find_tails
from training.evaluation.timing import time_runtimes
from training.export import writer
from training.export.mixed.recipe import Recipe, Wish
from training.export.mixed.task import STEPS, Task
from training.export.probe import Probe
from training.export.worker import Outcome
from training.precisions import BY_NAME, CALIBRATED, MIXED, PLAIN_WIDTH, SAVED_MODEL, Rung
from training.progress import Progress
from training.runs.cascade import COST_BATCH, choice_of, in_words, spec_of

_PROBE_ROWS = 71


class Convert(Protocol):
    """Makes variants in a folder, as `worker.convert_all` does."""

    def __call__(
        self, folder: Path, variants: Sequence[str], *, on_done: Callable[[str], None]
    ) -> Outcome: ...


def wish_of(config: MixedConfig) -> Wish | None:
    """Return what is asked of the variant `mixed`; None where there is to be none. Raises OptionError."""
    if config.max_accuracy_drop is not None:
        return Wish(max_accuracy_drop=config.max_accuracy_drop, objective=config.objective or "bytes")
    if config.objective is not None:
        raise OptionError(f"--objective {config.objective} was given, and no --max-accuracy-drop to hold")
    return None


@dataclass(frozen=True)
class Network:
    """What every precision of one network is held against, and how its variants are named."""

    expected: FloatArray  # (n, classes): what it answers itself to the ladder's `probe` rows
    weights: int
    width: float = PLAIN_WIDTH
    name: str | None = None
    """Of one of several that were imported."""
    answers: Literal["probabilities", "logits"] = "probabilities"
    """What comes out of its graphs."""
    source: str = "Keras"
    """What `expected` is from, in words."""
    given_as: str = REFERENCE
    """The precision of a `.tflite` that was imported."""
    batch: Literal["any", "one"] = "any"
    """How many rows it takes in a call, as it came."""

    def rung(self, precision: str) -> Rung:
        return Rung(self.width, precision, self.name)


class Ladder:
    """The variants that could be made, by name: what each is, what runs it, and its bytes on disk.

    `calibration` holds the raw rows, (n, features), that ranges are taken from. Where there is a `wish`, each
    network in float32 gets the variant `mixed` as well.
    """

    def __init__(
        self,
        prepared: Prepared,
        calibration: FloatArray,
        progress: Progress,
        convert: Convert,
        wish: Wish | None = None,
        *,
        labelled: bool = True,
    ) -> None:
        self.rungs: dict[str, Rung] = {}
        self.runtimes: dict[str, Runtime] = {}
        self.sizes: dict[str, int] = {}
        self.graphs: dict[str, GraphSpec] = {}
        self.recipes: dict[str, Recipe] = {}
        self.cascade: CascadeSpec | None = None
        self._has_calibrated = False
        self.prepared = prepared
        self._rows = calibration
        self._progress = progress
        self._convert_all = convert
        self._wish = wish
        self._labelled = labelled

    @property
    def probe(self) -> FloatArray:
        """The raw rows, (n, features), on which what is made is held against its network."""
        return self.prepared.x_validation[:_PROBE_ROWS]

    def convert(self, network: Network, folder: Path, variants: Sequence[str]) -> dict[str, str]:
        """Make precisions of what lies in `folder`, into it; return why those that are not there failed."""
        normalize = self.prepared.normalizer.apply
        spec = self.prepared.input
        probe = Probe(
            calibration=normalize(self._rows),
            rows=normalize(self.probe),
            expected=network.expected,
            weights=network.weights,
            tokens=spec.tokens,
            shape=spec.graph_shape,
            answers=network.answers,
            source=network.source,
            given_as=network.given_as,
            batch=network.batch,
        )
        with probe.in_folder(folder):
            wanted = [name for name in variants if name != SAVED_MODEL]
            made = self._convert_all(folder, wanted, on_done=self._progress.advance)
            failures = dict(made.failures)
            asked = made.graphs.get(REFERENCE)
            if self._wish is not None and asked is not None:
                mixed = self._mix(network, folder, self._wish, asked)
                made.graphs.update(mixed.graphs)
                failures.update(mixed.failures)
        self.graphs |= {network.rung(precision).name: graph for precision, graph in made.graphs.items()}
        return {precision: self._explained(precision, reason) for precision, reason in failures.items()}

    def _mix(self, network: Network, folder: Path, wish: Wish, asked: GraphSpec) -> Outcome:
        """Search the variant `mixed` of what lies in `folder`, beside a `Probe`; `asked` is float32's."""
        rung, prepared = network.rung(MIXED.name), self.prepared
        self._progress.begin(f"mixing {rung.folder}".rstrip(), STEPS)
        rows = prepared.normalizer.apply(prepared.x_validation)
        y = prepared.y_validation if self._labelled else None
        with Task(rows, y, wish, asked).in_folder(folder):
            made = self._convert_all(folder, [MIXED.name], on_done=self._progress.advance)
            if MIXED.name in made.graphs:
                recipe = self.recipes[rung.name] = Task.recipe(folder)
                if not recipe.held:
                    self._progress.warn(f"variant {rung.name} is only the nearest: {recipe.in_words()}")
        return made

    def open(self, network: Network, folder: Path, precisions: Sequence[str]) -> None:
        """Take in the precisions that were made in `folder`, and what was mixed of them."""
        if network.rung(MIXED.name).name in self.recipes:
            precisions = [*precisions, MIXED.name]
        as_asked = GraphSpec(batch=network.batch, answers=network.answers)  # of a SavedModel
        graphs = {name: self.graphs.setdefault(network.rung(name).name, as_asked) for name in precisions}
        for precision, runtime in writer.open_exported(folder, graphs, self.prepared).items():
            rung = network.rung(precision)
            self.rungs[rung.name], self.runtimes[rung.name] = rung, runtime
            # One that came as it is was calibrated elsewhere, by nobody knows what.
            self._has_calibrated |= precision in CALIBRATED and precision != network.given_as
            files = writer.files_of(folder, precision)
            self.sizes[rung.name] = sum(path.stat().st_size for path in files)

    def take_for_truth(self, reference: str) -> None:
        """Take what the reference answers to validation and test rows for their labels."""
        prepared, runtime = self.prepared, self.runtimes[reference]
        validation, test = (
            predict_all(runtime, rows).argmax(axis=1) for rows in (prepared.x_validation, prepared.x_test)
        )
        self.prepared = replace(prepared, y_validation=validation, y_test=test)

    def score(
        self, reference: str = REFERENCE, truth: Truth = "labels", margin: float | None = None
    ) -> list[Evaluation]:
        """Answer validation and test rows with every variant, and hold all against the reference.

        With a `margin`, a cascade is looked for that is no worse than the reference at it.
        """
        prepared, tell = self.prepared, self._progress.advance
        x, other = prepared.x_test, prepared.x_validation
        self._progress.begin("validating", len(self.rungs) * chunks(len(other)))
        validation = answer(self.runtimes, other, prepared.y_validation, on_chunk=tell)
        cascade = None if margin is None else self._choose(validation, reference, margin)
        self._progress.begin("scoring", len(self.rungs) * chunks(len(x)))
        evaluations = evaluate(
            self.runtimes,
            self.sizes,
            x,
            prepared.y_test,
            validation=validation,
            yardstick=Yardstick(reference, truth),
            cascade=cascade,
            on_chunk=tell,
        )
        if margin is not None and cascade is not None:
            self.cascade = spec_of(evaluations[-1], margin)
        return evaluations

    def _choose(self, validation: dict[str, Answers], reference: str, margin: float) -> Cascade | None:
        """Choose a cascade by validation rows, and add to them what it answers; None where none pays.

        What counts is processor time: other programs that run meanwhile make long calls longer, and not short
        ones. TensorFlow takes no part, whose calls have all cores here.
        """
        self._progress.begin("timing in turns", 1)
        runtimes = {n: one for n, one in self.runtimes.items() if self.rungs[n].precision != SAVED_MODEL}
        rows = self.prepared.x_test[:COST_BATCH]
        times = time_runtimes(runtimes, rows, batches=(COST_BATCH,), clock=thread_time)
        self._progress.advance()
        choice = choice_of(validation, times, reference, margin)
        if choice is None:
            return None
        self._progress.tell([in_words(choice, reference, margin)])
        cascade = choice.cascade
        if cascade is None or not choice.pays:
            return None
        first, second = validation[cascade.first], validation[cascade.second]
        validation[CASCADE] = first.escalated(second, cascade)
        return cascade

    def calibrated(self) -> CalibrationSpec | None:
        """Describe what ranges were taken from; None where no precision that was made here has any."""
        if not self._has_calibrated and not any(recipe.calibrated for recipe in self.recipes.values()):
            return None
        return CalibrationSpec.of(self._rows, self.prepared.input.channels)

    def _explained(self, precision: str, reason: str) -> str:
        """Add to the reason why a variant could not be made what is usually behind it, where it is."""
        spec = self.prepared.input
        if precision not in CALIBRATED or spec.tokens:
            return reason
        normalized = self.prepared.normalizer.apply(self._rows)
        tails = find_tails(normalized.reshape(-1, spec.channels), BY_NAME[precision].activation_bits)
        return reason if tails is None else f"{reason}; heavy tails: {describe_tails(tails, spec)}"
