"""Keeps what a search has found, in memory or where `--study` says, and draws the next trial from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from training.errors import OptionError
from training.search.front import Candidate
from training.search.space import Suggests

_TOLD, _HISTORY, _WEIGHTS, _REFERENCE, _REASON = "told", "history", "weights", "reference", "reason"


class Study:
    """A study of two objectives: accuracy, to be high, and microseconds a row, to be few.

    `told` is what the results depend on: a study that was begun with something else is not gone on with.
    Raises OptionError there, and where the place cannot be used.
    """

    def __init__(self, place: str | None, name: str, told: Mapping[str, Any], seed: int) -> None:
        self._study = _open(place, name)
        self._require_same(place, json.loads(json.dumps(told)))
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
        return [
            Candidate(one.number, one.params, one.values[0], one.values[1], one.user_attrs[_WEIGHTS])
            for one in self._complete()
        ]

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
        self._study.tell(trial, (candidate.accuracy, candidate.row_us))

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
