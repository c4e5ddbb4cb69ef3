"""The workers that share a port: which of them live and are ready, and what all have counted, the dead too.

Each has a name of its own, and holds a lock for as long as it lives, however it dies. The number of a process
would not do: it is given again, to another of ours or to one of somebody else.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import shutil
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from secrets import token_bytes
from typing import Any, NamedTuple

from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import MultiProcessValue

SHARED_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder, to prometheus_client as well, which has each worker's numbers in files there."""

logger = logging.getLogger("service")

_TRIES = 10
_merge: Any = MultiProcessCollector.merge  # the library's are not typed
_Numbers: Any = MmapedDict


class _Archive(NamedTuple):
    """What the dead had counted, as files, and whose counts are in it though their own files may be there."""

    folder: Path | None
    files: list[Path]
    names: set[str]


class Workers:
    """A worker's place in the folder that all workers share. Raises OSError where it cannot be written to."""

    def __init__(self, folder: Path) -> None:
        self.token = token_bytes(4)
        """Another for each worker that there ever was."""
        self.name = f"{os.getpid()}-{self.token.hex()}"
        self.folder = self._folder = folder
        lock = os.open(folder / f"{self.name}.lock", os.O_CREAT | os.O_WRONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)  # it is open, and locked, until the process ends

    def value_class(self) -> Any:
        """Return what keeps the library's numbers where all workers can read them, under this one's name."""
        return MultiProcessValue(lambda: self.name)  # type: ignore[no-untyped-call]

    def file(self, ending: str) -> Path:
        """Return where this worker keeps something until it dies."""
        return self._folder / f"{self.name}.{ending}"

    def file_of(self, token: bytes, ending: str) -> Path | None:
        """Return where the worker of this token keeps something, None where that is no more."""
        return next(self._folder.glob(f"*-{token.hex()}.{ending}"), None)

    def announce_ready(self) -> None:
        """Let the others know that this one answers requests."""
        self.file("ready").touch()

    def is_another_ready(self) -> bool:
        """Tell whether there is another worker that lives and answers requests."""
        return any(path.stem != self.name and self._lives(path.stem) for path in self._folder.glob("*.ready"))

    def families(self) -> Iterable[Metric]:
        """Return the series of all: gauges of those that live, counters and histograms of the dead too."""
        self.bury()
        for _ in range(_TRIES):
            try:
                archive = self._archive()
                files = [path for path in self._folder.glob("*.db") if self._counts(path, archive)]
                merged: Iterable[Metric] = _merge(map(str, files + archive.files))
                if self._archive().folder == archive.folder:
                    return merged
            except FileNotFoundError:
                continue  # another worker buries one that has died
        raise RuntimeError("workers die faster than they can be counted")

    def _counts(self, path: Path, archive: _Archive) -> bool:
        name = _owner(path)
        return name not in archive.names and (not path.name.startswith("gauge") or self._lives(name))

    def _lives(self, name: str) -> bool:
        if name == self.name:
            return True
        try:
            with (self._folder / f"{name}.lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    def _dead(self) -> set[str]:
        return {name for name in map(_owner, self._folder.glob("*.db")) if not self._lives(name)}

    def bury(self) -> None:
        """Add up what the dead have counted, so that their files do not become more and more.

        The new archive takes effect as a whole. So nobody counts a worker twice, or not at all, whenever he
        looks, and wherever this is interrupted. Where the disk has no room, the files stay.
        """
        if not self._dead():
            return
        try:
            with (self._folder / "burial.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._bury_all()
        except BlockingIOError:
            pass  # another worker is doing it
        except OSError:
            logger.exception("could not add up what workers that died had counted")

    def _bury_all(self) -> None:
        old, dead = self._archive(), self._dead()
        if not dead <= old.names:
            self._write_archive(old, dead)
        for name in dead:
            for path in [*self._folder.glob(f"*_{name}.db"), *self._folder.glob(f"{name}.*")]:
                path.unlink(missing_ok=True)

    def _write_archive(self, old: _Archive, dead: set[str]) -> None:
        staging = self._folder / f".staging-{self.name}"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        for kind in ("counter", "histogram"):
            totals: dict[str, float] = defaultdict(float)
            new = [self._folder / f"{kind}_{name}.db" for name in sorted(dead - old.names)]
            for path in [*(path for path in old.files if path.name.startswith(kind)), *new]:
                _add_up(path, totals)
            _write(staging / f"{kind}_dead.db", totals)
        (staging / "names").write_text("\n".join(sorted(dead)))
        number = _number(old.folder) + 1 if old.folder else 1
        staging.rename(self._folder / f"dead-{number}")
        for former in set(self._archives()) - {self._folder / f"dead-{number}"}:
            shutil.rmtree(former, ignore_errors=True)

    def _archives(self) -> list[Path]:
        return sorted(self._folder.glob("dead-*"), key=_number)

    def _archive(self) -> _Archive:
        """Return the newest archive. Raises FileNotFoundError where a newer one has just replaced it."""
        archives = self._archives()
        if not archives:
            return _Archive(None, [], set())
        newest = archives[-1]
        names = (newest / "names").read_text().split()
        return _Archive(newest, sorted(newest.glob("*.db")), set(names))


def _owner(path: Path) -> str:
    """Return the name of the worker to whom a file belongs, such as counter_NAME.db."""
    return path.stem.rpartition("_")[2]


def _number(archive: Path) -> int:
    return int(archive.name.removeprefix("dead-"))


def _add_up(path: Path, totals: dict[str, float]) -> None:
    try:
        found = [(key, value) for key, value, _, _ in _Numbers.read_all_values_from_file(str(path))]
        for key, _ in found:
            json.loads(key)
    except FileNotFoundError:
        return  # it had counted nothing of this kind
    except Exception:  # it may have died while it wrote
        logger.exception("could not read what a worker that died had counted")
        return
    for key, value in found:
        totals[key] += value


def _write(path: Path, totals: dict[str, float]) -> None:
    file = _Numbers(str(path))
    for key, value in totals.items():
        file.write_value(key, value, 0.0)
    file.close()
