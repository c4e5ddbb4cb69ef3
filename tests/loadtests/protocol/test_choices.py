"""Why a variant was chosen is read from the head of its answer."""

from __future__ import annotations

import pytest

from loadtests.protocol.choices import reason_of


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nx-variant-reason: load\r\n\r\n", "load"),
        (b"HTTP/1.1 200 OK\nX-Variant-Reason:deadline\n\n", "deadline"),
        (b"HTTP/1.1 200 OK\r\nx-variant: int8\r\n\r\n", ""),
        (b"HTTP/1.1 200 OK\r\nnot-x-variant-reason: load\r\n\r\n", ""),
        (b"", ""),
    ],
)
def test_the_reason_is_that_of_its_own_field(head: bytes, reason: str) -> None:
    assert reason_of(head) == reason
