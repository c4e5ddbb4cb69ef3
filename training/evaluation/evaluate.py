"""Scores variants on test rows, through the runtimes that serve them, and times them here and now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from time import perf_counter

import numpy as np

from bundle.manifest import REFERENCE, Scores
from bundle.normalizer import FloatArray
from bundle.runtimes import Runtime
from evidence.estimate import Estimate
from evidence.shares import wilson
from training.data.preprocess import IntArray
from training.evaluation.losses import binary_cross_entropy, cross_entropy
from training.evaluation.reliability import as_shares
from training.evaluation.tally import Tally, tally

TIMED_BATCHES = (1, 32)

_CHUNK_ROWS = 1024  # how often a watcher hears of a long evaluation; a multiple of every batch size
_WARM_UP_CALLS = 3
_TURN_S = 0.01  # a variant's turn, before the next one is timed


@dataclass(frozen=True)
class Evaluation:
    """One row of the table: what a variant gets right, and what it costs."""

    variant: str
    scores: Scores
    bytes: int
    microseconds: Mapping[int, float]
    """Time of one row by batch size: that of the call, divided by the rows in it."""
    tally: Tally
    """How it did against float32 on the same rows."""

    @property
    def accuracy(self) -> Estimate:
        """The share of test rows that are right, with its 95% interval."""
        return Estimate(self.scores.accuracy, self.scores.accuracy_low, self.scores.accuracy_high)


def predict_all(
    runtime: Runtime, rows: FloatArray, on_chunk: Callable[[], None] = lambda: None
) -> FloatArray:
    """Answer all rows, (n, classes), calling `on_chunk` after each of `chunks(len(rows))` parts."""
    parts = []
    for start in range(0, len(rows), _CHUNK_ROWS):
        parts.append(runtime.predict(rows[start : start + _CHUNK_ROWS]))
        on_chunk()
    return np.concatenate(parts)


def chunks(rows: int) -> int:
    return -(-rows // _CHUNK_ROWS)


def score(y: IntArray, probabilities: FloatArray, reference: FloatArray) -> Scores:
    """Compare probabilities (n, classes) with class indices `y` (n,), and with what float32 answered.

    Precision, recall and F1 are averages over the classes that occur in `y`, each class counting alike; a
    class that is never predicted has precision 0. The log-loss takes a probability of 0 as 1e-7.
    """
    from sklearn.metrics import precision_recall_fscore_support

    predicted = probabilities.argmax(axis=1)
    correct = int((predicted == y).sum())
    accuracy = wilson(correct / len(y), len(y))
    precision, recall, f1, _ = precision_recall_fscore_support(
        y, predicted, labels=np.unique(y), average="macro", zero_division=0.0
    )
    return Scores(
        rows=len(y),
        accuracy=accuracy.value,
        accuracy_low=accuracy.low,
        accuracy_high=accuracy.high,
        precision=float(precision),
        recall=float(recall),
        f1=float(f1),
        log_loss=log_loss(y, probabilities),
        agreement=float((predicted == reference.argmax(axis=1)).mean()),
    )


def log_loss(y: IntArray, probabilities: FloatArray) -> float:
    """Return the mean of -ln p of the true class, in nats. Rows are first made to sum to 1: int8's do not."""
    shares = as_shares(probabilities)
    if shares.shape[1] == 2:
        return binary_cross_entropy(y, shares[:, 1])
    return cross_entropy(np.eye(shares.shape[1])[y], shares)


def evaluate(
    runtimes: Mapping[str, Runtime],
    sizes: Mapping[str, int],
    x: FloatArray,
    y: IntArray,
    *,
    on_chunk: Callable[[str], None] = lambda variant: None,
) -> list[Evaluation]:
    """Score and time every runtime on raw rows `x` (n, features) and class indices `y` (n,).

    `runtimes` must have `float32`, with which the others are compared; `sizes` are bytes on disk.
    """
    answers = {name: predict_all(runtime, x, partial(on_chunk, name)) for name, runtime in runtimes.items()}
    times = time_runtimes(runtimes, x)
    expected = answers[REFERENCE]
    return [
        Evaluation(
            name,
            score(y, answers[name], expected),
            sizes[name],
            times[name],
            tally(y, answers[name], expected),
        )
        for name in runtimes
    ]


def time_runtimes(
    runtimes: Mapping[str, Runtime],
    x: FloatArray,
    *,
    batches: Sequence[int] = TIMED_BATCHES,
    budget_s: float = 0.15,
) -> dict[str, dict[int, float]]:
    """Return microseconds a row, by variant and batch size: medians of about `budget_s` of calls each.

    Runtimes take turns of a few milliseconds, so that whatever else the machine does hits all alike.
    """
    times: dict[str, dict[int, float]] = {name: {} for name in runtimes}
    for batch in batches:
        rows = np.resize(x, (batch, x.shape[1]))
        calls = {name: partial(runtime.predict, rows) for name, runtime in runtimes.items()}
        for name, seconds in interleave(calls, budget_s=budget_s).items():
            times[name][batch] = median(seconds) * 1e6 / batch
    return times


def interleave(
    calls: Mapping[str, Callable[[], object]],
    *,
    budget_s: float,
    turn_s: float = _TURN_S,
    clock: Callable[[], float] = perf_counter,
) -> dict[str, list[float]]:
    """Time each call again and again, in turns, until it has used its budget; at least three times each."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        for _ in range(_WARM_UP_CALLS):
            call()
    running = dict(calls)
    while running:
        for name, call in list(running.items()):
            turn_ends = clock() + turn_s
            while True:
                start = clock()
                call()
                end = clock()
                seconds[name].append(end - start)
                if end >= turn_ends:
                    break
            if len(seconds[name]) >= 3 and sum(seconds[name]) >= budget_s:
                del running[name]
    return seconds
