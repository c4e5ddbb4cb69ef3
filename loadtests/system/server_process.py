"""The service, started as a process on a free port and waited for until it is ready."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bundle.bundle import Bundle
from loadtests.errors import ServiceError
from loadtests.rig.child import Child, program
from loadtests.rig.cores import Bound
from loadtests.rig.family import Watched, pids_of, resident_bytes_of
from loadtests.rig.occupation import SCRATCH
from loadtests.rig.ports import free_port
from loadtests.system.client import ServiceClient

READY_DEADLINE_S = 120.0  # TensorFlow alone takes ten seconds to load, on a machine with nothing else to do
_POLL_S = 0.05
_MAX_WAIT_MS = 60_000


@dataclass(frozen=True)
class Server:
    """A running service: where it is, and its process if it is ours."""

    host: str
    process: Child | None = None
    workers: int = 1
    """Processes of ours that answer."""
    watched: Watched | None = None
    """The process of a server that is not ours, where somebody has told which it is."""

    def resident_bytes(self) -> int | None:
        if self.watched:
            return resident_bytes_of(self.watched.members())
        return self.process.resident_bytes() if self.process else None

    def pids(self) -> tuple[int, ...]:
        """Return the numbers of its process and its workers, as far as they run; none where nobody knows."""
        if self.watched:
            return pids_of(self.watched.members())
        return self.process.pids() if self.process else ()

    def has_ended(self) -> bool:
        """Tell whether our process is no longer there."""
        return self.process is not None and self.process.wait(0) is not None

    def wait_until_ready(self, *, deadline_s: float = READY_DEADLINE_S) -> None:
        """Wait for a process of ours and its workers. Raises ServiceError where it ends or is not in time."""
        if self.process is None:
            return
        deadline = time.monotonic() + deadline_s
        while not self._is_ready():
            code = self.process.wait(_POLL_S)
            if code is not None:
                raise ServiceError(f"the service ended with exit code {code}; {self._end_of_log()}")
            if time.monotonic() > deadline:
                raise ServiceError(
                    f"the service was not ready within {deadline_s:.0f} s; {self._end_of_log()}"
                )

    def _is_ready(self) -> bool:
        with ServiceClient(self.host) as client:
            return client.is_ready() and (self.workers == 1 or client.ready_workers() >= self.workers)

    def _end_of_log(self) -> str:
        return f"{self.process.log} ends:\n{self.process.tail()}" if self.process else ""


@contextmanager
def launched(
    bundle: Bundle, variants: Sequence[str], *, log: Path, core: Bound, workers: int = 1, waits: bool = False
) -> Iterator[Server]:
    """Start the service with some variants of one model loaded, wait for nothing, and stop it afterwards.

    It knows of no other model or version: it starts sooner, and its memory is of what is measured. One that
    `waits` keeps requests for up to a minute: users who wait for their answers bound the queue themselves,
    and a slow variant is to be measured, not shed. Otherwise it sheds as it does for anybody.
    """
    with TemporaryDirectory(prefix=SCRATCH, dir=log.parent) as folder:
        port = free_port()
        arguments = ["--models", str(_alone(bundle, Path(folder))), "--preload", ",".join(variants)]
        arguments += ["--host", "127.0.0.1", "--port", str(port)]
        arguments += ["--workers", str(workers)]
        arguments += ["--drain-s", "0"]  # when it is told to stop, nobody asks any more
        arguments += ["--audit", "false"]  # which would have a core while it is measured
        if waits:
            arguments += ["--max-wait-ms", str(_MAX_WAIT_MS)]
        with Child(program("service", *arguments), log=log, core=core) as process:
            yield Server(f"http://127.0.0.1:{port}", process, workers)


@contextmanager
def started(
    bundle: Bundle,
    variant: str,
    *,
    log: Path,
    core: Bound,
    workers: int = 1,
    deadline_s: float = READY_DEADLINE_S,
) -> Iterator[Server]:
    """Start the service with one variant loaded, wait until it is ready, and stop it afterwards.

    Raises ServiceError, with the last lines of its log, where it ends or is not ready in time.
    """
    with launched(bundle, [variant], log=log, core=core, workers=workers, waits=True) as server:
        server.wait_until_ready(deadline_s=deadline_s)
        yield server


def _alone(bundle: Bundle, folder: Path) -> Path:
    """Return a folder of models that has this bundle alone, made in `folder`; that of all if none can be."""
    link = folder / bundle.name / str(bundle.version)
    link.parent.mkdir()
    try:
        link.symlink_to(bundle.folder.resolve(), target_is_directory=True)
    except OSError:  # a file system without links
        return bundle.folder.parents[1]
    return folder
