from __future__ import annotations

import pytest

from loadtests.system.identity import Identity
from loadtests.system.metrics import Metrics

METRICS = """\
model_version{model="digits"} 2.0
requests_created{model="digits",outcome="200",variant="int8"} 1.5e+09
requests_created{model="other",outcome="200",variant="int8"} 1.6e+09
"""
KNOWN = Identity(2.0, 1.5e9, 40.0)


def test_it_is_read_from_the_metrics_of_the_target() -> None:
    assert Identity.of(Metrics.of(METRICS), "digits", "int8", 40.0) == KNOWN
    assert Identity.of(Metrics.of(""), "digits", "int8", None) == Identity(None, None, None)


@pytest.mark.parametrize(
    ("later", "happened"),
    [
        (Identity(2.0, 1.5e9, 41.0), None),
        (Identity(3.0, 1.5e9, 41.0), "another version"),
        (Identity(None, 1.5e9, 41.0), "another version"),
        (Identity(2.0, 1.7e9, 41.0), "started again"),
        (Identity(2.0, 1.5e9, 3.0), "fewer requests"),
    ],
)
def test_a_swap_and_a_restart_are_told(later: Identity, happened: str | None) -> None:
    told = KNOWN.became(later)
    assert told is None if happened is None else happened in (told or "")


def test_a_service_without_metrics_tells_nothing() -> None:
    nothing = Identity(None, None, None)
    assert nothing.became(nothing) is None
