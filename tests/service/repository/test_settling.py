"""A folder is looked at while it changes, until it was still, and again when it changes."""

from __future__ import annotations

from bundle.store import Snapshot
from service.repository.failure import Failure
from service.repository.settling import SETTLE_S, Settling

PARTIAL = Failure("a file is missing", is_whole=False)
WRONG = Failure("a hash is another")
TRANSIENT = Failure("too many open files", is_transient=True)


def looks(size: int) -> Snapshot:
    return (("1", 1, size, 0, 0),)


def test_what_is_not_whole_stands_when_it_was_still_and_not_before() -> None:
    settling = Settling()
    settling.see(looks(1), 0.0)
    assert settling.is_due(0.0)
    assert not settling.fail(0.0, PARTIAL)
    settling.see(looks(1), 1.0)
    assert not settling.is_due(1.0)
    settling.see(looks(2), 2.0)
    assert settling.is_due(2.0)
    assert not settling.fail(2.0, PARTIAL)
    settling.see(looks(2), 2.0 + SETTLE_S)
    assert settling.is_due(2.0 + SETTLE_S)
    assert settling.fail(2.0 + SETTLE_S, PARTIAL)
    assert not settling.is_open


def test_what_is_whole_and_wrong_stands_at_once_and_is_looked_at_when_it_changes() -> None:
    settling = Settling()
    settling.see(looks(1), 0.0)
    assert settling.fail(0.0, WRONG)
    settling.see(looks(1), 1e9)
    assert not settling.is_due(1e9)
    settling.see(looks(2), 1e9)
    assert settling.is_due(1e9)


def test_what_is_wrong_while_it_changes_stands_when_it_was_still() -> None:
    settling = Settling()
    settling.see(looks(1), 0.0)
    settling.fail(0.0, WRONG)
    settling.see(looks(2), 1.0)
    assert not settling.fail(1.0, WRONG)
    settling.see(looks(2), 1.0 + SETTLE_S)
    assert settling.is_due(1.0 + SETTLE_S)
    assert settling.fail(1.0 + SETTLE_S, WRONG)


def test_what_may_pass_is_looked_at_for_ever_and_less_and_less_often() -> None:
    settling, now, gaps = Settling(), 0.0, []
    settling.see(looks(1), now)
    for _ in range(9):
        stands = settling.fail(now, TRANSIENT)
        assert stands == (now >= SETTLE_S)
        gap = next(gap for gap in range(1, 1000) if settling.is_due(now + gap))
        gaps.append(gap)
        now += gap
    assert gaps == [1, 2, 4, 8, 16, 32, 60, 60, 60]
