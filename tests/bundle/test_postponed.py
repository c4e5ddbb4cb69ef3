"""What must not be left half-way is not, whoever asks the process to end in the middle of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from types import FrameType

import pytest

from bundle.postponed import postponed

REQUESTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Asked(BaseException):
    """A handler of signals raises it."""


@pytest.fixture(autouse=True)
def _raising() -> Iterator[None]:
    """Every signal that asks to end raises Asked here."""

    def ask(number: int, frame: FrameType | None) -> None:
        raise Asked(signal.Signals(number).name)

    before = [signal.signal(number, ask) for number in REQUESTS]
    yield
    for number, handler in zip(REQUESTS, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", REQUESTS)
def test_what_is_asked_in_a_block_is_heard_at_its_end(number: signal.Signals) -> None:
    done = []

    def block() -> None:
        with postponed():
            signal.raise_signal(number)
            done.append(number)

    with pytest.raises(Asked, match=number.name):
        block()
    assert done == [number]
    with pytest.raises(Asked, match=number.name):  # as it was
        signal.raise_signal(number)


def test_it_is_heard_earlier_where_the_block_asks_for_that() -> None:
    passed = False
    with postponed() as hear:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(Asked, match="SIGINT"):
            hear()
        with pytest.raises(Asked, match="SIGTERM"):  # from here on as it was
            signal.raise_signal(signal.SIGTERM)
        passed = True
    assert passed


def test_a_block_within_another_leaves_it_to_that_one() -> None:
    done = []

    def block() -> None:
        with postponed():
            with postponed():
                signal.raise_signal(signal.SIGINT)
            done.append("the rest")

    with pytest.raises(Asked, match="SIGINT"):
        block()
    assert done == ["the rest"]


def test_a_block_that_fails_leaves_signals_as_they_were() -> None:
    with pytest.raises(ZeroDivisionError), postponed():
        raise ZeroDivisionError
    with pytest.raises(Asked, match="SIGINT"):
        signal.raise_signal(signal.SIGINT)


def test_what_is_ignored_stays_so() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with postponed():
        signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


def test_a_thread_that_hears_no_signals_may_do_the_same() -> None:
    passed: list[bool] = []

    def run() -> None:
        with postponed() as hear:
            hear()
            passed.append(True)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert passed == [True]
