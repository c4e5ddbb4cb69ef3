"""In which format an answer is written follows what the client says it takes, and likes more."""

from __future__ import annotations

import pytest

from service.wire.native.accept import takes_octets

OCTETS, JSON = b"application/octet-stream", b"application/json"


@pytest.mark.parametrize(
    "accept",
    [
        OCTETS,
        b"Application/Octet-Stream",
        b"text/plain, " + OCTETS,
        OCTETS + b", " + JSON,
        JSON + b";q=0.5, " + OCTETS,
        JSON + b";q=0.5," + OCTETS + b";q=0.5",
        OCTETS + b";q=0.001",
        OCTETS + b" ; version=1 ; Q=0.9, */*;q=0.8",
        JSON + b";q=0, */*",
        JSON + b";q=0.1, application/*;q=0.2",
        OCTETS + b";q=high",
        OCTETS + b";q=nan",
        OCTETS + b";q=",
        OCTETS + b";q=\xff",
    ],
)
def test_octets_are_given_to_whoever_takes_them_and_likes_nothing_more(accept: bytes) -> None:
    assert takes_octets(accept)


@pytest.mark.parametrize(
    "accept",
    [
        b"",
        b"*/*",
        b"application/*;q=0.5",
        JSON,
        b"text/html, image/gif, *; q=.2, */*; q=.2",
        *(OCTETS + b";q=" + zero for zero in (b"0", b"0.0", b"0.000")),
        OCTETS + b" ; Q = 0",
        OCTETS + b";q=0, */*",
        OCTETS + b";q=0, " + JSON + b";q=0",  # who takes neither is answered all the same (RFC 9110, 12.5.1)
        OCTETS + b";q=0.1, " + JSON + b";q=0.9",
        OCTETS + b";q=0.5, " + JSON,
        OCTETS + b";q=0.5, */*;q=0.8",
        b"text/plain;q=0.5",
        b";",
        b",;q=0,",
    ],
)
def test_json_is_given_to_everyone_else(accept: bytes) -> None:
    assert not takes_octets(accept)
