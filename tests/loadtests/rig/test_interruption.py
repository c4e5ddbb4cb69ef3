from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from loadtests.rig import interruption

ASKED = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    """Leave the signals of the test program as they were."""
    before = [(number, signal.getsignal(number)) for number in ASKED]
    yield
    for number, handler in before:
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ASKED)
def test_whoever_asks_for_the_end_it_is_as_ctrl_c(number: signal.Signals) -> None:
    interruption.heed()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)


@pytest.mark.parametrize("number", ASKED)
def test_what_the_caller_ignores_stays_ignored(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_IGN)
    interruption.heed()
    signal.raise_signal(number)
    assert signal.getsignal(number) == signal.SIG_IGN
