"""Keeps what a search has found, in memory or where `--study` says, and draws the next trial from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from evidence.estimate import Estimate
from training.errors import OptionError
from training.search.front import Candidate
from training.search.space import Suggests

_TOLD, _HISTORY, _WEIGHTS, _REFERENCE, _REASON = "told", "history", "weights", "reference", "reason"
_TIMES = "times on "  # of the study: each trial's, by the machine that they were taken on


class Study:
    """A study of two objectives: accuracy, to be high, and microseconds a row, to be few.

    `told` is what the results depend on: a study that was begun with something else is not gone on with.
    Times depend on the `machine` too: those of another are not believed, and can be taken anew. Raises
    OptionError where a study was begun with something else, and where the place cannot be used.
    """

    def __init__(
        self, place: str | None, name: str, told: Mapping[str, Any], seed: int, machine: str
    ) -> None:
        self._study = _open(place, name)
        self._require_same(place, json.loads(json.dumps(told)))
        self._times_key = _TIMES + machine
        self._asked: dict[int, Any] = {}
        for trial in self._study.get_trials(deepcopy=False):
            if trial.state.name == "RUNNING":
                self.abandon(trial.number)  # it was begun by a process that is no more: see `lock`
        import optuna

        # Seeded anew where the study goes on, or it would draw its first trials again.
        self._study.sampler = optuna.samplers.TPESampler(seed=(seed + self.finished) % 2**32)

    @property
    def finished(self) -> int:
        """How many trials have a result, those among them that were given up with a reason."""
        return sum(_has_result(trial) for trial in self._study.get_trials(deepcopy=False))

    @property
    def given_up(self) -> dict[int, str]:
        """Why each trial that was not trained to its end was not."""
        trials = self._study.get_trials(deepcopy=False)
        return {one.number: one.user_attrs[_REASON] for one in trials if _REASON in one.user_attrs}

    @property
    def candidates(self) -> list[Candidate]:
        """What was trained to its end; a time that was taken on another machine alone has no bounds."""
        times = self._times
        return [
            Candidate(
                one.number,
                one.params,
                one.values[0],
                times.get(one.number, Estimate.unbounded(one.values[1])),
                one.user_attrs[_WEIGHTS],
            )
            for one in self._complete()
        ]

    @property
    def untimed(self) -> list[Candidate]:
        """The candidates that were never timed on this machine, with these libraries."""
        times = self._times
        return [one for one in self.candidates if one.number not in times]

    def time(self, number: int, row_us: Estimate) -> None:
        """Keep what a row of a trial takes on this machine."""
        ends = {str(one): (time.value, time.low, time.high) for one, time in self._times.items()}
        ends[str(number)] = (row_us.value, row_us.low, row_us.high)
        self._study.set_user_attr(self._times_key, ends)

    @property
    def _times(self) -> dict[int, Estimate]:
        kept = self._study.user_attrs.get(self._times_key, {})
        return {int(number): Estimate(*ends) for number, ends in kept.items()}

    @property
    def reference(self) -> Candidate | None:
        """The untuned model, where it has been trained."""
        numbers = {one.number for one in self._complete() if one.user_attrs.get(_REFERENCE)}
        return next((one for one in self.candidates if one.number in numbers), None)

    @property
    def histories(self) -> list[list[float]]:
        """The validation accuracy by epoch of each trial that was trained to its end."""
        return [one.user_attrs[_HISTORY] for one in self._complete()]

    def ask(self) -> tuple[int, Suggests]:
        """Begin a trial: its number, and what draws its values."""
        trial = self._study.ask()
        self._asked[trial.number] = trial
        return trial.number, cast("Suggests", trial)

    def ask_for(self, reference: Mapping[str, Any]) -> tuple[int, Suggests]:
        """Begin the trial of the untuned model."""
        self._study.enqueue_trial(dict(reference), user_attrs={_REFERENCE: True})
        return self.ask()

    def keep(self, candidate: Candidate, history: list[float]) -> None:
        trial = self._asked.pop(candidate.number)
        trial.set_user_attr(_WEIGHTS, candidate.weights)
        trial.set_user_attr(_HISTORY, history)
        self.time(candidate.number, candidate.row_us)
        self._study.tell(trial, (candidate.accuracy, candidate.row_us.value))

    def give_up(self, number: int, reason: str) -> None:
        import optuna

        trial = self._asked.pop(number)
        trial.set_user_attr(_REASON, reason)
        self._study.tell(trial, state=optuna.trial.TrialState.PRUNED)

    def abandon(self, number: int) -> None:
        """Note that a trial was interrupted: it has no result, and counts for nothing."""
        import optuna

        self._study.tell(number, state=optuna.trial.TrialState.FAIL)

    def _complete(self) -> list[Any]:
        import optuna

        state = optuna.trial.TrialState.COMPLETE
        trials: list[Any] = self._study.get_trials(deepcopy=False, states=(state,))
        return trials

    def _require_same(self, place: str | None, told: dict[str, Any]) -> None:
        before = self._study.user_attrs.get(_TOLD)
        if before is None:
            self._study.set_user_attr(_TOLD, told)
            return
        other = next((key for key in told if told[key] != before.get(key)), None)
        if other is not None:
            raise OptionError(
                f"--study {place} was begun with {other} {before.get(other)!r}, and now it is "
                f"{told[other]!r}; name another study, or another --name"
            )


def require_usable(place: str | None, name: str) -> None:
    """Raise OptionError where no study can be kept at `place`."""
    if place is not None:
        _open(place, name)


@contextmanager
def usable(place: str | None) -> Iterator[None]:
    """Raise OptionError where the place of a study fails in the block: it may be none, or its disk full."""
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, ImportError, optuna.exceptions.OptunaError) as error:
        raise _unusable(place, error) from error


def _open(place: str | None, name: str) -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with usable(place):
        try:
            return optuna.create_study(
                storage=place, study_name=name, directions=["maximize", "minimize"], load_if_exists=True
            )
        except ValueError as error:  # of what is no address at all
            raise _unusable(place, error) from error


def _unusable(place: str | None, error: Exception) -> OptionError:
    reason = str(error).strip().splitlines()[0]
    return OptionError(
        f"--study was given {place!r}, which cannot be used ({reason}); one that can is sqlite:///tune.db"
    )


def _has_result(trial: Any) -> bool:
    return trial.state.name in ("COMPLETE", "PRUNED")
