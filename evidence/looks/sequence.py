"""The interval of a share that may be looked at after every trial: a confidence sequence.

An interval such as Wilson's errs with a chance of 5% at one look, and sooner or later at some look for sure.
All intervals of a confidence sequence together hold the true share with a chance of 95%.

Were the share `p`, then the chance of what was seen, averaged over all shares that it could be (by the
distribution Beta(1/2, 1/2)), over the chance of it under `p`, would be a martingale that begins at 1. That it
ever exceeds 20 has a chance of at most 1 in 20 (Ville 1939), so every `p` for which it does is ruled out:
Robbins, "Statistical methods related to the law of the iterated logarithm", Annals of Mathematical Statistics
41, 1970; Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence
sequences", Annals of Statistics 49, 2021.

A trial may be a whole request, and the share of its rows its success: for what lies between 0 and 1 it is
a supermartingale, since the ratio is convex in it (Hoeffding 1963). So rows of one request may depend on each
other in any way, as frames of a film do. What must not change is the share that is expected of the next one,
given those before it; then the interval is of the mean over requests. It is as wide as if each had been one
row: a request of many rows tells more only if these are independent, which nobody knows.
"""

from __future__ import annotations

from math import inf, lgamma, log

from evidence.estimate import CONFIDENCE, Estimate

_PRIOR = 0.5  # of both ends: the narrowest near 0 and 1 of those that favour neither
_STEPS = 50  # of halving: until an end is known to the last digits


def confidence_sequence(successes: float, trials: int, *, confidence: float = CONFIDENCE) -> Estimate:
    """Return the share of successes in the trials so far, with an interval that is valid at every look.

    `successes` need not be whole. Raises ValueError unless there is a trial, and successes are from 0 to all.
    """
    if not 0 <= successes <= trials or trials < 1 or not 0 < confidence < 1:
        raise ValueError(f"no interval of {successes} successes in {trials} trials at {confidence}")
    share, failures = successes / trials, trials - successes
    least = _log_average(successes, failures) + log(1 - confidence)  # log-likelihood of what is not ruled out

    def end(out: float) -> float:
        """Return where shares begin to be ruled out between that of the successes and `out`."""
        if _log_likelihood(out, successes, failures) > least:
            return out
        inside = share
        for _ in range(_STEPS):
            middle = (out + inside) / 2
            if _log_likelihood(middle, successes, failures) > least:
                inside = middle
            else:
                out = middle
        return out

    return Estimate(share, end(0.0), end(1.0))


def evidence_against(share: float, successes: float, trials: int) -> float:
    """Return the logarithm of the martingale of a `share`: from log(20) on it is ruled out at 95%."""
    failures = trials - successes
    return _log_average(successes, failures) - _log_likelihood(share, successes, failures)


def _log_average(successes: float, failures: float) -> float:
    return _log_beta(successes + _PRIOR, failures + _PRIOR) - _log_beta(_PRIOR, _PRIOR)


def _log_likelihood(share: float, successes: float, failures: float) -> float:
    if (successes and share <= 0) or (failures and share >= 1):
        return -inf
    return (successes * log(share) if successes else 0.0) + (failures * log(1 - share) if failures else 0.0)


def _log_beta(one: float, other: float) -> float:
    return lgamma(one) + lgamma(other) - lgamma(one + other)
