"""Readjusts until accuracy and speed are both as demanded, or says how near it came, and publishes that.

The first trial is the untuned model in float32: the accuracy that may not be lost is its own. Trials are
compared on validation rows. The time of the chosen one is taken again, in turns with the untuned model's, and
another is chosen where that is too long after all. Only then are both scored on the test rows, which nothing
has seen. A demand counts as met if these figures say so: time by the upper end of its interval.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np

from bundle.runtimes import Runtime
from bundle.runtimes.tensorflow import import_tensorflow
from bundle.store import ModelStore
from evidence.paired import Pairs
from training.config import TrainConfig
from training.data.dataset import IntArray
from training.errors import DivergedError
from training.evaluation.baseline import Baseline
from training.evaluation.scoring import predict_all
from training.evaluation.timing import Timing, Timings, time_runtimes
from training.models.fit import Epoch
from training.progress import Progress
from training.runs.ladder import Convert
from training.runs.material import Material, read
from training.runs.pipeline import model_name
from training.runs.run import Published, Run
from training.search import space
from training.search.config import SearchConfig
from training.search.front import Candidate, Demand, choose, meeting, pareto
from training.search.machine import here
from training.search.pruning import is_hopeless, is_too_slow
from training.search.space import config_of
from training.search.study import Study, require_usable, usable
from training.search.trial import Bench, GivenUpError

_FINAL_BUDGET_S = 1.0
_NOT_OF_A_TRIAL = {"data", "data_dir", "name", "variants", "max_accuracy_drop", "objective"}


@dataclass(frozen=True)
class Found:
    """What the trials gave, all on validation rows."""

    reference: Candidate
    candidates: Sequence[Candidate]
    demand: Demand
    given_up: Sequence[str]
    """Why each trial that was not trained to its end was not."""
    interrupted: bool
    baseline: Baseline

    @property
    def front(self) -> list[Candidate]:
        return pareto(self.candidates)

    last_timed: Candidate | None = None
    """What was published: not the first choice where that was too slow when it was timed again."""

    @property
    def chosen(self) -> Candidate:
        return self.last_timed or choose(self.candidates, self.demand)


@dataclass(frozen=True)
class Final:
    """What was published, beside the untuned model, on the test rows and timed in turns with it."""

    candidate: Candidate
    published: Published
    accuracy: float
    reference_accuracy: float
    time: Timing
    reference_time: Timing
    pairs: Pairs
    """How the published model did on the test rows against the untuned one."""
    baseline: Baseline

    @property
    def drop(self) -> float:
        return self.reference_accuracy - self.accuracy


class _TooSlowError(Exception):
    """A model that met the demands in its trial does not in its last timing."""


class _OutOfTimeError(Exception):
    """No time is left, in the middle of a trial."""


class Tuning:
    """One search: what it was told, the study, and the bench.

    Raises DataError, OptionError, and DivergedError where the untuned model itself cannot be trained.
    """

    def __init__(
        self,
        config: SearchConfig,
        progress: Progress,
        convert: Convert,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._config = config
        self._progress = progress
        self._convert = convert
        self._clock = clock
        self._untuned = space.untuned(config.base)
        self._name = model_name(config.base)
        require_usable(config.study, self._name)
        self._material = read(config.base, progress)
        told = _told(config, self._material)
        self._study = Study(config.study, self._name, told, config.base.seed, here())
        self._bench = Bench(config.base, self._material, convert, config.rows)

    def require_room(self, store: Path) -> None:
        """Raise OSError where what will be found could not be published in `store`."""
        ModelStore(store).require_writable(self._name, self._material.least_bytes)

    def search(self) -> Found:
        """Try until the trials or the time are over; Ctrl-C ends the search too, once there is a trial."""
        self._material.tell(self._progress)
        self._progress.begin("starting TensorFlow", 1)
        import_tensorflow()
        self._progress.advance()
        self._progress.begin("tuning", self._config.trials)
        for _ in range(self._study.finished):  # of an earlier run of the study
            self._progress.advance(self._note())
        ends = self._clock() + (self._config.timeout or float("inf"))
        with usable(self._config.study):
            self._time_again()
            return self._found(self._interrupted(ends))

    def _time_again(self) -> None:
        """Time what an earlier run of the study timed on another machine, or with other libraries."""
        untimed = self._study.untimed
        if untimed:
            self._progress.begin("timing earlier trials", len(untimed))
        for one in untimed:
            try:
                self._study.time(one.number, self._bench.untrained_row_us(one.point))
            except GivenUpError as error:  # without a time, it meets no demand
                self._progress.warn(f"trial {one.number} could not be timed again: {error}")
            self._progress.advance()

    def _interrupted(self, ends: float) -> bool:
        """Try until the trials or the time are over; return whether that was by Ctrl-C."""
        try:
            if self._study.reference is None:
                self._try(*self._study.ask_for(self._untuned), None, float("inf"))
            while self._study.finished < self._config.trials and self._clock() < ends:
                self._try(*self._study.ask(), self._demand(), ends)
        except KeyboardInterrupt:
            if self._study.reference is None:
                raise
            return True
        except OSError as error:
            if self._study.reference is None:
                raise
            self._progress.warn(f"the search ends here: {error.strerror or error}")
        except _OutOfTimeError:
            pass
        return False

    def publish(self, found: Found, store: Path) -> Final:
        """Publish the chosen model at its precision, and set it against the untuned one on the test rows.

        It is timed again before it is published. Where it takes too long, the next that met both demands in
        its trial, and is faster, is tried; where each does, the first is published after all.
        """
        untuned = self._bench.runtime(self._untuned)
        left = meeting(found.candidates, found.demand)
        while left:
            candidate = left[0]
            try:
                return self._publish(candidate, untuned, store, limit_us=found.demand.row_us)
            except _TooSlowError as error:
                self._progress.warn(f"trial {candidate.number} is not published: {error}")
            left = [one for one in left if one.row_us.value < candidate.row_us.value]
        return self._publish(found.chosen, untuned, store, limit_us=float("inf"))

    def _publish(self, candidate: Candidate, untuned: Runtime, store: Path, limit_us: float) -> Final:
        """Raise _TooSlowError, and publish nothing, where a row may take longer than `limit_us`."""
        precision, prepared = candidate.point["precision"], self._material.prepared
        x, y, batch = prepared.x_test, prepared.y_test, self._config.rows
        times: dict[str, Timings] = {}

        def time(made: Mapping[str, Runtime]) -> None:
            self._progress.begin("comparing", 1)
            both = {"untuned": untuned, "tuned": made[precision]}
            times.update(time_runtimes(both, x, batches=(batch,), budget_s=_FINAL_BUDGET_S))
            self._progress.advance()
            row_us = times["tuned"][batch].row_us
            if row_us.high > limit_us:
                raise _TooSlowError(f"a row takes up to {row_us.high:,.2f} µs when it is timed again")

        run = Run(self._final(candidate), self._material, self._progress, self._convert)
        published = run.publish(
            ModelStore(store), self._name, run.train(), default_variant=precision, inspect=time, timed=False
        )
        tuned = next(one for one in published.evaluations if one.variant == precision).answers.right
        known = predict_all(untuned, x).argmax(axis=1) == y
        return Final(
            candidate,
            published,
            float(tuned.mean()),
            float(known.mean()),
            times["tuned"][batch],
            times["untuned"][batch],
            Pairs.of(tuned, known),
            self._baseline(y),
        )

    def _final(self, candidate: Candidate) -> TrainConfig:
        """Return the run that is published: with the variant `mixed` where an objective is named for it."""
        config = config_of(self._config.base, candidate.point)
        objective = self._config.base.objective
        if objective is None:
            return config
        drop = self._config.max_accuracy_drop
        return config.model_copy(update={"max_accuracy_drop": drop, "objective": objective})

    def _try(self, number: int, trial: space.Suggests, demand: Demand | None, ends: float) -> None:
        """Make one trial, and tell the study; without a `demand` it is the untuned model's, never pruned."""
        point = space.suggest(trial, self._config.base, self._config.variants)
        try:
            if demand is not None:
                self._require_fast(point, demand)
            self._study.keep(*self._bench.train(number, point, self._watch(demand, ends)))
        except (GivenUpError, DivergedError, MemoryError) as error:
            if demand is None:
                self._study.abandon(number)
                raise
            self._study.give_up(number, str(error))
        except BaseException:
            self._study.abandon(number)
            raise
        self._progress.advance(self._note())

    def _require_fast(self, point: space.Parameters, demand: Demand) -> None:
        row_us = self._bench.untrained_row_us(point).value
        fastest = min(one.row_us.value for one in self._study.candidates)
        if is_too_slow(row_us, demand.row_us, fastest):
            raise GivenUpError(f"too slow before training: {row_us:.1f} µs a row")

    def _watch(self, demand: Demand | None, ends: float) -> Callable[[Epoch], None]:
        earlier, passed = self._study.histories, []

        def watch(epoch: Epoch) -> None:
            passed.append(epoch.validation_accuracy)
            if self._clock() >= ends:
                raise _OutOfTimeError
            if demand is not None and is_hopeless(passed, earlier, demand.accuracy):
                raise GivenUpError(f"hopeless after epoch {epoch.number}: accuracy {max(passed):.4f}")

        return watch

    def _demand(self) -> Demand:
        reference = self._study.reference
        assert reference is not None  # noqa: S101 - it is the first trial
        rows = len(self._material.prepared.y_validation)
        return Demand(reference.accuracy - self._config.max_accuracy_drop, self._config.max_row_us, rows)

    def _found(self, interrupted: bool) -> Found:
        reference = self._study.reference
        assert reference is not None  # noqa: S101 - without it, the search has ended in an error
        given_up = list(self._study.given_up.values())
        baseline = self._baseline(self._material.prepared.y_validation)
        return Found(reference, self._study.candidates, self._demand(), given_up, interrupted, baseline)

    def _baseline(self, y: IntArray) -> Baseline:
        labels = self._material.prepared.labels
        return Baseline.of(np.bincount(y, minlength=len(labels)).tolist(), labels)

    def _note(self) -> str:
        if self._study.reference is None:
            return ""
        demand, best = self._demand(), choose(self._study.candidates, self._demand())
        kind = "best" if demand.is_met_by(best.accuracy, best.row_us) else "nearest"
        return (
            f"{kind}: {best.accuracy:.4f} at {best.row_us.value:,.1f} µs/row, {best.point['precision']}; "
            f"{len(self._study.given_up)} given up"
        )


def _told(config: SearchConfig, material: Material) -> dict[str, object]:
    """Return what a trial's result depends on, besides its point. The demands may change in a study."""
    base: TrainConfig = config.base
    left_alone = base.model_dump(mode="json", exclude=_NOT_OF_A_TRIAL)
    return left_alone | {
        "data": material.data.sha256,
        "rows": config.rows,
        "variants": list(config.variants),
    }
