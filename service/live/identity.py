"""The id of an answer: which worker gave it and which of its rows they are, signed so that none is made up.

It says by itself all that is needed to find the rows, whichever worker is asked. Who has one can say nothing
of the answers to others: an id cannot be guessed from another.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import blake2b
from hmac import compare_digest

WORKER_BYTES = 4
TAG_BYTES = 4
_FIRST_BYTES = 6
_ROWS_BYTES = 3
_SIGNED_BYTES = WORKER_BYTES + TAG_BYTES + _FIRST_BYTES + _ROWS_BYTES
_SIGNATURE_BYTES = 10
_TEXT_LENGTH = 36  # of 27 bytes


@dataclass(frozen=True, slots=True)
class Identity:
    """What an id says."""

    worker: bytes
    tag: bytes
    """Of the variant that answered."""
    first: int
    """The number of its first row in the ring of the worker."""
    rows: int

    def signed(self, key: bytes) -> str:
        """Return the id."""
        first, rows = self.first.to_bytes(_FIRST_BYTES), self.rows.to_bytes(_ROWS_BYTES)
        said = b"".join((self.worker, self.tag, first, rows))
        return urlsafe_b64encode(said + _signature(key, said)).decode()


def read(text: str, key: bytes) -> Identity | None:
    """Return what an id says, None where it is none of ours."""
    try:
        content = urlsafe_b64decode(text.encode("ascii")) if len(text) == _TEXT_LENGTH else b""
    except (UnicodeEncodeError, binascii.Error):
        return None
    said, signature = content[:_SIGNED_BYTES], content[_SIGNED_BYTES:]
    if not compare_digest(signature, _signature(key, said)):
        return None
    tag_end, first_end = WORKER_BYTES + TAG_BYTES, WORKER_BYTES + TAG_BYTES + _FIRST_BYTES
    return Identity(
        said[:WORKER_BYTES],
        said[WORKER_BYTES:tag_end],
        int.from_bytes(said[tag_end:first_end]),
        int.from_bytes(said[first_end:]),
    )


def _signature(key: bytes, said: bytes) -> bytes:
    return blake2b(said, key=key, digest_size=_SIGNATURE_BYTES).digest()
