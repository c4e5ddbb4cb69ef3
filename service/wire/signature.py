"""What a variant is to whoever asks it, in no protocol's words: its name, what it takes, what it answers."""

from __future__ import annotations

from dataclasses import dataclass

from bundle.encoder import Encoder
from bundle.manifest import InputSpec


@dataclass(frozen=True)
class Signature:
    """One variant of one version of a model."""

    model: str
    version: int
    variant: str
    input: InputSpec
    encoder: Encoder | None
    """Makes rows of texts or objects; None where instances are rows already."""
    labels: tuple[int, ...] | tuple[str, ...]


def variant_header(signature: Signature) -> tuple[bytes, bytes]:
    """Return how an answer says which variant it is of, where a protocol's body does not."""
    return b"x-variant", signature.variant.encode()
