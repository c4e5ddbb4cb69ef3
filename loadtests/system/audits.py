"""Two audits of an idle service: that it does not cache, and that an answer does not depend on its batch.

After MLPerf's compliance tests TEST04 (caching) and TEST01 (accuracy).
"""

from __future__ import annotations

import time
from itertools import cycle
from typing import Any

import numpy as np

from loadtests.errors import UnexpectedAnswerError
from loadtests.measure.check import Check
from loadtests.protocol.answers import read
from loadtests.protocol.conversation import Conversation
from loadtests.protocol.endpoint import Endpoint
from loadtests.system.probe import TIMEOUT_S, exchange, timed
from loadtests.workload.arrays import Floats
from loadtests.workload.payloads import Instances, encode
from loadtests.workload.target import Target

FASTER_MAX = 0.1  # how much faster a row that is asked again may be
TOLERANCE = 1e-4  # of a probability: what the order of float32 additions may change, and no label with it
BATCHES = (1, 7, 32)
_ROWS = 64
_PAIRS = range(50, 301)  # as many as fit into the seconds
_SECONDS = 1.5
_WARM_UP_PAIRS = 5


def of_cache(endpoint: Endpoint, target: Target, x: Instances, *, seed: int) -> Check:
    """Time a row that is sent again and again against rows that nobody has sent before, in turn.

    The new rows are the first of `x`, shape (n, ...), with a little noise or a word before each text: as
    long to read, and as long to predict. Raises ServiceError where a request is not answered.
    """
    random = np.random.default_rng(seed)
    most = _PAIRS.stop - 1 + _WARM_UP_PAIRS
    # Encoded beforehand, and in turn the first of their pair: whatever comes after a pause is slower.
    same, *fresh = (
        endpoint.address.encode("POST", target.path, encode(_noisy(x[:1], random))) for _ in range(most + 1)
    )
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
            if len(old) == most or (spent > _SECONDS and len(old) >= _PAIRS.start):
                break
    return judge_cache(np.array(old[_WARM_UP_PAIRS:]), np.array(new[_WARM_UP_PAIRS:]))


def judge_cache(old: Floats, new: Floats) -> Check:
    """Compare the seconds of the repeated row with those of the new rows, both of shape (pairs,)."""
    again, fresh = float(np.median(old)), float(np.median(new))
    faster = 1 - again / fresh
    return Check(
        "cache",
        faster <= FASTER_MAX,
        f"A row that is asked again takes {again * 1000:.3f} ms and a new one {fresh * 1000:.3f} ms (medians "
        f"of {len(old)} pairs): {abs(faster):.1%} {'faster' if faster > 0 else 'slower'}; at most "
        f"{FASTER_MAX:.0%} faster is allowed.",
    )


def of_batches(endpoint: Endpoint, target: Target, x: Instances) -> Check:
    """Ask for the same rows alone and in batches of 7 and 32, and compare the answers.

    `x` holds test rows, shape (n, ...). Raises ServiceError where a request is not answered.
    """
    rows = x[:_ROWS]
    labels, probabilities = [], []
    try:
        with Conversation(endpoint, timeout_s=TIMEOUT_S, is_patient=True) as conversation:
            for size in BATCHES:
                found = [
                    read(*exchange(conversation, endpoint, request), len(part), target)
                    for part in (rows[start : start + size] for start in range(0, len(rows), size))
                    for request in [endpoint.address.encode("POST", target.path, encode(part))]
                ]
                labels.append([label for answer, _ in found for label in answer])
                probabilities.append(np.array([row for _, answer in found for row in answer]))
    except UnexpectedAnswerError as error:
        return Check("batches", None, f"An answer was not as promised: {error}.", voids=False)
    others = sum(len(set(row)) > 1 for row in zip(*labels, strict=True))
    apart = np.max([np.abs(one - probabilities[0]).max(axis=1) for one in probabilities[1:]], axis=0)
    beyond = int(np.count_nonzero(apart > TOLERANCE))
    return Check(
        "batches",
        not others and not beyond,
        f"Of {len(rows)} rows, asked in batches of {', '.join(map(str, BATCHES))}, {others} got different "
        f"labels and {beyond} probabilities more than {TOLERANCE:g} apart (at most {apart.max():.2g}).",
        voids=False,
    )


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
