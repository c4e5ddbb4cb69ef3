"""Two audits of an idle service: that it does not cache, and that an answer does not depend on its batch.

After MLPerf's compliance tests TEST04 (caching) and TEST01 (accuracy).
"""

from __future__ import annotations

import time
from itertools import cycle
from math import inf
from typing import Any, TypeAlias

import numpy as np

from evidence.ratios import level_of_logs
from loadtests.errors import RowsError, UnexpectedAnswerError
from loadtests.measure.check import Check
from loadtests.protocol.conversation import Conversation
from loadtests.protocol.dialects.dialect import Dialect
from loadtests.protocol.endpoint import Endpoint
from loadtests.system.probe import TIMEOUT_S, exchange, timed
from loadtests.workload.arrays import Floats
from loadtests.workload.payloads import Instances, Label

FASTER_MAX = 0.1  # how much faster a row that is asked again may be
TOLERANCE = 1e-4  # of a probability: what the order of float32 additions may change, and no label with it
BATCHES = (1, 7, 32)
_ROWS = 64
_PAIRS = range(50, 301)  # as many as fit into the seconds
_SECONDS = 1.5
_WARM_UP_PAIRS = 5
_PAIRS_FEW = 4  # are enough where more take longer than this, and the first warms up:
_SECONDS_MAX = 3.0
_SURE = 0.99  # that it is faster by more than that
_TRIM = 0.2  # of the pairs, at each end: those that something else disturbed


_Answer: TypeAlias = tuple[Label, list[float]]  # of one row: its label and its scores, if there are any


def of_cache(endpoint: Endpoint, dialect: Dialect, x: Instances, *, seed: int) -> Check:
    """Time a row that is sent again and again against rows that nobody has sent before, in turn.

    The new rows are the first of `x`, shape (n, ...), with a little noise or a word before each text: as
    long to read, and as long to predict. A slow service is asked for a few pairs only. Raises ServiceError
    where a request is not answered.
    """
    random = np.random.default_rng(seed)
    most = _PAIRS.stop - 1 + _WARM_UP_PAIRS
    # Encoded beforehand, and in turn the first of their pair: whatever comes after a pause is slower.
    try:
        bodies = [dialect.encode(_noisy(x[:1], random)) for _ in range(most + 1)]
    except RowsError:
        return Check("cache", None, "The model takes no rows that are not quite those of the test set.")
    same, *fresh = (endpoint.encode("POST", dialect.path, body) for body in bodies)
    old: list[float] = []
    new: list[float] = []
    with Conversation(endpoint, timeout_s=TIMEOUT_S, is_patient=True) as conversation:
        begun = time.perf_counter()
        for turn in cycle(range(most)):
            order = (same, fresh[turn]) if turn % 2 else (fresh[turn], same)
            pair = [timed(conversation, endpoint, request) for request in order]
            spent = time.perf_counter() - begun
            if all(status == 200 for _, _, status in pair):
                old.append(pair[0 if turn % 2 else 1][1])
                new.append(pair[1 if turn % 2 else 0][1])
            elif spent > 2 * _SECONDS:
                return Check("cache", None, "Too many requests were not answered with 200.")
            if len(old) == most or _is_enough(len(old), spent):
                break
    warm_up = min(_WARM_UP_PAIRS, len(old) // _PAIRS_FEW)
    return judge_cache(np.array(old[warm_up:]), np.array(new[warm_up:]))


def judge_cache(old: Floats, new: Floats) -> Check:
    """Compare the seconds of the repeated row and of the new rows, both of shape (pairs,), pair by pair.

    Only what is surely faster is a cache. On a machine that is disturbed it may be that nothing is sure.
    """
    ratio = level_of_logs(np.log(old / new).tolist(), _SURE, trim=_TRIM)
    faster, low, high = (100 * (1 - one) for one in (ratio.value, ratio.high, ratio.low))
    known = f", {low:.1f}% to {high:.1f}%" if ratio.is_bounded else ""
    return Check(
        "cache",
        False if low > 100 * FASTER_MAX else True if high <= 100 * FASTER_MAX else None,
        f"A row that is asked again takes {1000 * np.median(old):.3f} ms and a new one "
        f"{1000 * np.median(new):.3f} ms (medians of {len(old)} pairs): by pairs {abs(faster):.1f}% "
        f"{'faster' if faster > 0 else 'slower'}{known}; at most {FASTER_MAX:.0%} faster is allowed.",
    )


def of_batches(endpoint: Endpoint, dialect: Dialect, x: Instances) -> Check:
    """Ask for the same rows alone and in batches of 7 and 32, and compare the answers.

    A slow service is asked for fewer rows, and perhaps not in batches of 32. `x` holds test rows, shape
    (n, ...). Raises ServiceError where a request is not answered.
    """
    found: dict[int, list[_Answer]] = {}  # by the size of a batch, in the order of the rows
    begun, rows = time.perf_counter(), x[:_ROWS]
    try:
        with Conversation(endpoint, timeout_s=TIMEOUT_S, is_patient=True) as conversation:
            found[1] = _answers(conversation, endpoint, dialect, rows, until=begun + _SECONDS)
            rows = x[: len(found[1])]
            for size in BATCHES[1:]:
                if size == BATCHES[1] or time.perf_counter() - begun < _SECONDS_MAX:
                    found[size] = _answers(conversation, endpoint, dialect, x, size=size, enough=len(rows))
    except RowsError as error:
        return Check("batches", None, f"The rows were not asked for together: {error}.", voids=False)
    except UnexpectedAnswerError as error:
        return Check("batches", None, f"An answer was not as promised: {error}.", voids=False)
    together = [answered[: len(rows)] for answered in found.values()]
    if len({len(scores) for answered in together for _, scores in answered}) > 1:
        return Check(
            "batches", False, "Some of the rows were answered with scores, and others without.", voids=False
        )
    others = sum(len({label for label, _ in row}) > 1 for row in zip(*together, strict=True))
    numbers = np.array([[scores for _, scores in answered] for answered in together])
    # Scores need not be probabilities: of those beyond 1 it is the share that counts.
    apart = np.abs(numbers[1:] - numbers[0]) / np.maximum(np.abs(numbers[0]), 1.0)
    apart = apart.max(axis=(0, 2), initial=0.0)  # (rows,)
    beyond = int(np.count_nonzero(apart > TOLERANCE))
    return Check(
        "batches",
        not others and not beyond,
        f"Of {len(rows)} rows, asked in batches of {', '.join(map(str, found))}, {others} got different "
        f"labels and {beyond} probabilities more than {TOLERANCE:g} apart (at most {apart.max():.2g}).",
        voids=False,
    )


def _answers(
    conversation: Conversation,
    endpoint: Endpoint,
    dialect: Dialect,
    x: Instances,
    *,
    size: int = 1,
    enough: int = _ROWS,
    until: float = inf,
) -> list[_Answer]:
    """Ask for the first of `x` in batches until there are enough answers; by `until`, two are."""
    answers: list[_Answer] = []
    while len(answers) < min(enough, len(x)) and (len(answers) < 2 or time.perf_counter() < until):
        part = x[len(answers) : len(answers) + size]
        request = endpoint.encode("POST", dialect.path, dialect.encode(part))
        read = dialect.read(*exchange(conversation, endpoint, request), len(part))
        answers += zip(read.labels, read.scores, strict=True)
    return answers


def seconds_for(request_s: float) -> float:
    """Return how long both audits take about, where a request takes so many seconds."""
    pair = 2 * request_s
    cache = max(_SECONDS, min(_PAIRS.start * pair, max(_SECONDS_MAX + pair, _PAIRS_FEW * pair)))
    return cache + min(_ROWS * request_s, _SECONDS + 3 * request_s)


def _is_enough(pairs: int, spent_s: float) -> bool:
    if spent_s > _SECONDS_MAX:
        return pairs >= _PAIRS_FEW
    return spent_s > _SECONDS and pairs >= _PAIRS.start


def _noisy(row: Instances, random: np.random.Generator) -> Instances:
    """Return a row, shape (1, ...), that nobody has sent before."""
    if row.dtype.kind == "O":
        fresh = np.empty(1, object)
        fresh[0] = _reworded(row[0], random)
        return fresh
    scale = max(float(np.abs(row).max()), 1.0)
    return np.asarray(row + random.uniform(0, 1e-3 * scale, row.shape), np.float32)


def _reworded(instance: Any, random: np.random.Generator) -> Any:
    """Return a text or an object with another word before each text, and other digits in each number."""
    if isinstance(instance, dict):
        return {name: _reworded(value, random) for name, value in instance.items()}
    if isinstance(instance, str):
        return "".join(chr(ord("a") + letter) for letter in random.integers(0, 26, 10)) + " " + instance
    return instance + random.uniform(0, 1e-3) if isinstance(instance, int | float) else instance
