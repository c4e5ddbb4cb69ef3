"""A search for the peak, the highest rate that holds a bound: it says what to try next, and sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import median_low
from typing import Literal

from loadtests.experiment.peak.trial import Trial

RESOLUTION = 1.05  # the rate that failed over the rate that held, where the search ends
RATE_MIN = 0.1  # below it, a trial takes minutes
PASSES = 3  # searches of each variant
_DOUBLE = 2.0  # the step of a search that knows nothing yet
_NEAR = 1.15  # that of one that begins at the peak of the search before
_CONFIRMATIONS = 5
_STEP_DOWN = 0.95  # after a peak that did not hold again; each further step is twice as long


@dataclass(frozen=True)
class Peak:
    """The highest rate that was shown to hold the bound: the median of several searches.

    A search whose rate was not confirmed counts as one that found none. So there is a peak only where more
    than half of the searches were confirmed: one that was lucky once is no evidence.
    """

    bound_ms: float
    """Of p99."""
    requests_per_s: float | None
    """None where in half of the searches, or more, no rate held twice."""
    confirmed: bool
    """In every search a fresh run at its rate, drawn from another seed, held the bound too."""
    limited_by: str
    """`service`, or `generator` where the next higher rate was void: then the peak is a lower bound."""
    trials: tuple[Trial, ...]
    """Every rate tried, in the order of trying. A search that found its peak ends with the confirming run."""
    passes: tuple[float | None, ...] = ()
    """What each search found that was confirmed. Those of equal place stood side by side with others'."""
    why: str = ""
    """Why there is no peak; empty where there is one."""

    @property
    def held(self) -> dict[int, float]:
        """The rates that were confirmed, by the place of their search: the evidence that there is."""
        return {place: rate for place, rate in enumerate(self.passes) if rate}


@dataclass(frozen=True)
class Attempt:
    """What to try next."""

    rate: float
    seed: int
    is_confirming: bool


class Search:
    """Says what to try next, and is told what came of it. Two searches may go on in turn.

    It doubles the rate until one fails, and bisects. The best of many noisy trials is a lucky one; so the
    peak counts only once a fresh run, of another seed, has held at that rate. Where it does not, the rate is
    lowered, by 5% and then by ever more, and confirmed again.
    """

    def __init__(self, start: float, bound_ms: float, seed: int, *, is_near: bool = False) -> None:
        """Begin at `start`; with small steps where the peak `is_near`."""
        self._rate = max(start, RATE_MIN)
        self._bound_ms = bound_ms
        self._seed = seed
        self._factor = _NEAR if is_near else _DOUBLE
        self._lower = _STEP_DOWN
        self._low: float | None = None  # the highest rate that held
        self._high: float | None = None  # the lowest that did not
        self._phase: Literal["search", "confirm", "over"] = "search"
        self._confirmations = 0
        self._is_confirmed = False
        self._why = ""  # there is nothing to find
        self._generator_failed = False
        self._is_repeated = False  # the present rate, after a trial that was void
        self._trials: list[Trial] = []

    def next(self) -> Attempt | None:
        """Return the next rate to try, or None where the search is over."""
        if self._phase == "over":
            return None
        return Attempt(self._rate, self._seed + len(self._trials), self._phase == "confirm")

    @property
    def is_hopeless(self) -> bool:
        """Tell whether the search is over because there is nothing to find, for another one either."""
        return bool(self._why)

    def give_up(self, why: str) -> None:
        """End the search: there is nothing to find."""
        self._phase, self._why = "over", why

    def take(self, trial: Trial) -> None:
        """Take in what came of the attempt that `next` named."""
        self._trials.append(trial)
        if trial.is_void and not self._is_repeated:
            self._is_repeated = True  # something may have disturbed the generator, and is over
            return
        self._is_repeated = False
        held = trial.holds and not trial.is_void
        if self._phase == "confirm":
            self._confirm(held)
        else:
            self._narrow(held, trial)

    def peak(self) -> Peak:
        """Return what is known by now."""
        return Peak(
            bound_ms=self._bound_ms,
            requests_per_s=self._rate if self._is_confirmed else None,
            confirmed=self._is_confirmed,
            limited_by="generator" if self._generator_failed else "service",
            trials=tuple(self._trials),
            passes=(self._rate if self._is_confirmed else None,),
            why="" if self._is_confirmed else self._why or "no rate held twice",
        )

    def _narrow(self, held: bool, trial: Trial) -> None:
        if held:
            self._low = self._rate
        else:
            self._high = self._rate
            self._generator_failed = trial.is_void
        if self._high is None:
            self._rate *= self._factor
        elif self._low is None:
            if self._rate <= RATE_MIN:
                self.give_up(f"not even {RATE_MIN:g} requests a second held")
            self._rate = max(self._rate / self._factor, RATE_MIN)
        elif self._high / self._low <= RESOLUTION:
            self._rate, self._phase = self._low, "confirm"
        else:
            self._rate = (self._low * self._high) ** 0.5

    def _confirm(self, held: bool) -> None:
        self._confirmations += 1
        if held:
            self._is_confirmed, self._phase = True, "over"
        elif self._confirmations >= _CONFIRMATIONS:
            self._phase = "over"
        else:
            self._rate *= self._lower
            self._lower **= 2


def peak_of(passes: Sequence[Search]) -> Peak:
    """Return the median of what several searches found, at least one.

    A machine is now quicker and now slower, so that two searches of one service seldom agree; what their
    peaks scatter by is what can be known of them. The lower of two that are in the middle is the median.
    """
    found = [one.peak() for one in passes]
    rates = tuple(one.requests_per_s for one in found)
    middle = median_low(rate or 0.0 for rate in rates) or None
    return Peak(
        bound_ms=found[0].bound_ms,
        requests_per_s=middle,
        confirmed=all(one.confirmed for one in found),
        limited_by="generator" if any(one.limited_by == "generator" for one in found) else "service",
        trials=tuple(chain.from_iterable(one.trials for one in found)),
        passes=rates,
        why="" if middle else _why_none(found),
    )


def _why_none(found: Sequence[Peak]) -> str:
    confirmed = sum(one.confirmed for one in found)
    if not confirmed:
        return found[0].why
    return f"a rate held twice in {confirmed} of {len(found)} searches only"
