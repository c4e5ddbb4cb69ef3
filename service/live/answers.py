"""Gives answers their ids, and finds again what an id is of: in this worker or another."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from secrets import token_bytes
from weakref import WeakKeyDictionary

from service.errors import UnavailableError
from service.live import ring
from service.live.identity import TAG_BYTES, WORKER_BYTES, Identity, read
from service.live.ring import Ring
from service.observe.workers import Workers
from service.repository.registry import Registry
from service.repository.servable import Servable

_KEY_BYTES = 32
_ENDING = "answers"  # of the file that a worker's ring is


class Answers:
    """The answers that were given an id, as far as they are remembered: `rows` rows, the newest."""

    def __init__(self, registry: Registry, rows: int, workers: Workers | None) -> None:
        """`workers` is None where this is the only one. Raises OSError."""
        self._registry = registry
        self._rows = rows
        self._workers = workers
        self._worker = token_bytes(WORKER_BYTES) if workers is None else workers.token
        self._key = token_bytes(_KEY_BYTES) if workers is None else _shared_key(workers.folder)
        self._ring: Ring | None = None  # until an id is asked for
        self._tags: WeakKeyDictionary[Servable, bytes] = WeakKeyDictionary()

    def note(self, servable: Servable, columns: Sequence[int]) -> str:
        """Remember an answer, of each row the column of the largest probability; return its id.

        Raises UnavailableError where there is no room to.
        """
        if self._ring is None:
            self._ring = self._new_ring()
        first = self._ring.note(columns)
        return Identity(self._worker, self._tag(servable), first, len(columns)).signed(self._key)

    def _new_ring(self) -> Ring:
        if self._workers is None:
            return ring.in_memory(self._rows)
        try:
            return ring.in_file(self._workers.file(_ENDING), self._rows)
        except OSError as error:
            reason = f"answers can be given no id, for none can be remembered: {error.strerror}"
            raise UnavailableError(reason) from error

    def read(self, text: str) -> Identity | None:
        """Return what an id says, None where it is none of ours."""
        return read(text, self._key)

    def variant(self, tag: bytes) -> Servable | None:
        """Return the variant that answered, None where it is loaded no more."""
        for versions in self._registry.models.values():
            for version in versions.values():
                for servable in version.servables.values():
                    if self._tag(servable) == tag:
                        return servable
        return None

    @contextmanager
    def ring_of(self, worker: bytes) -> Iterator[Ring]:
        """Open the ring of a worker. Raises LookupError where there is none, or none any more."""
        if worker == self._worker:
            if self._ring is None:
                raise LookupError
            yield self._ring
            return
        path = None if self._workers is None else self._workers.file_of(worker, _ENDING)
        if path is None:
            raise LookupError
        with ring.opened(path) as found:
            yield found

    def _tag(self, servable: Servable) -> bytes:
        """Return a few bytes that tell a variant from all others, those of another content included."""
        tag = self._tags.get(servable)
        if tag is None:
            of = servable.signature
            version = self._registry.models.get(of.model, {}).get(of.version)
            if version is None or version.bundle is None or servable not in version.servables.values():
                return bytes(TAG_BYTES)  # it was replaced while it answered
            said = f"{of.model}/{of.version}/{of.variant}/{version.bundle.manifest.model_dump_json()}"
            tag = self._tags[servable] = blake2b(said.encode(), digest_size=TAG_BYTES).digest()
        return tag


def _shared_key(folder: Path) -> bytes:
    """Return the key of all workers, which the first makes. Raises OSError."""
    path, own = folder / "answers.key", folder / f"answers.key-{token_bytes(8).hex()}"
    own.touch(mode=0o600)
    own.write_bytes(token_bytes(_KEY_BYTES))
    try:
        os.link(own, path)  # whole, or not at all
    except FileExistsError:
        pass  # another was first
    finally:
        own.unlink()
    return path.read_bytes()
