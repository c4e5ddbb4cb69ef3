"""The peaks of all variants: sends what their searches ask for, in turns, and more rates for a profile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadtests.errors import LoadTestError
from loadtests.experiment.measured import Skipped, rate_in_words, rows_in_words
from loadtests.experiment.peak import trial
from loadtests.experiment.peak.search import PASSES, Attempt, Search
from loadtests.experiment.peak.trial import Trial
from loadtests.experiment.record import Record, shared_rate
from loadtests.experiment.session import Session
from loadtests.rig.turns import turn

PROFILE = (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25)  # shares of the peak
_SEED_STEP = 1000  # from the seeds of one search to those of the next


def look_for_peaks(session: Session, records: Sequence[Record], bound_ms: float) -> Iterator[Skipped]:
    """Look for every variant's peak, several times, and try more rates for a profile.

    Then the blocks of all are given one rate. Yields the variants that failed.
    """
    for index in range(PASSES):
        for record in records:
            record.searches.append(_new_search(session, record, index, bound_ms))
        yield from _search_once(session, records, bound_ms)
    if session.plan.profile:
        yield from _profile(session, records, bound_ms)
    left = [one for one in records if session.has(one.subject)]
    for record in left:
        record.rate = shared_rate(left)


def _new_search(session: Session, record: Record, index: int, bound_ms: float) -> Search:
    """Begin where the last search ended; the first at the rate asked for, or at what is surely borne."""
    plan = session.plan
    found = record.searches[-1].peak().requests_per_s if record.searches else None
    start = found or plan.rate or record.bearable
    search = Search(start, bound_ms, plan.seed + _SEED_STEP * (index + 1), is_near=found is not None)
    alone_ms = record.unloaded.p50_ms
    if alone_ms > bound_ms:
        search.give_up(f"one request alone takes {alone_ms:.3g} ms, so that no rate can hold {bound_ms:g} ms")
    elif record.searches and record.searches[-1].is_hopeless:
        search.give_up(record.searches[-1].peak().why)
    return search


def _search_once(session: Session, records: Sequence[Record], bound_ms: float) -> Iterator[Skipped]:
    """Carry the last search of each variant through, one attempt of each in turn."""
    index = 0
    under_way = list(records)
    while under_way:
        for record in turn(under_way, index):
            search = record.searches[-1]
            attempt = search.next()
            if attempt is None or not session.has(record.subject):
                under_way.remove(record)
                continue
            try:
                search.take(_try(session, record, attempt, bound_ms))
            except LoadTestError as error:
                yield session.drop(record.subject, error)
        index += 1


def _profile(session: Session, records: Sequence[Record], bound_ms: float) -> Iterator[Skipped]:
    """Try shares of each variant's peak."""
    for index, share in enumerate(PROFILE):
        for record in turn(records, index):
            peak = record.peak
            if peak and peak.requests_per_s and session.has(record.subject):
                seed = session.plan.seed + _SEED_STEP * (PASSES + 1) + index
                attempt = Attempt(peak.requests_per_s * share, seed, is_confirming=False)
                try:
                    record.extra.append(_try(session, record, attempt, bound_ms, gives_up=False))
                except LoadTestError as error:
                    yield session.drop(record.subject, error)


def _try(
    session: Session, record: Record, attempt: Attempt, bound_ms: float, *, gives_up: bool = True
) -> Trial:
    """Send at a rate for as long as the proof takes, or until there is nothing left to prove."""
    subject = record.subject
    doing = "confirming" if attempt.is_confirming else "trying"
    session.progress.begin(
        subject.name, f"{doing} {rate_in_words(attempt.rate)}/s, {rows_in_words(record.rows)} a request"
    )
    plain = session.order(subject, record.rows, rate=attempt.rate, is_compared=False)
    order = trial.order_of(plain, attempt.rate, attempt.seed, bound_ms, gives_up=gives_up)
    session.progress.expect(order.seconds)
    return trial.judge(session.send(order), attempt.rate, bound_ms)
