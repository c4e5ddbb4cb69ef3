"""The services of a run, one a variant: all run at once, and are started anew between two blocks.

Systems that somebody else runs stand beside them, and are left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from types import TracebackType
from typing import Self

from loadtests.experiment.plan import Plan
from loadtests.rig.family import Watched
from loadtests.system.server_process import Server, launched
from loadtests.workload.scenarios import CLOSED


class Fleet:
    """Starts services and stops them. Leaving the `with` block stops all."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._stack = ExitStack()
        self._servers: dict[str, Server] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def is_ours(self) -> bool:
        """Tell whether there are services that are started for the run, and can be anew."""
        return self._plan.host is None and bool(self._plan.variants)

    def start(self, names: Sequence[str]) -> dict[str, Server]:
        """Start a service for each variant, all at the same time, and wait for none; systems run already.

        Those that ran before are stopped first; so a service is never idle beside one that takes its place.
        """
        self.stop()
        for name in names:
            self._servers[name] = self._stack.enter_context(self._service(name))
        return dict(self._servers)

    def stop(self) -> None:
        """Let all services stop at the same time, and wait for them."""
        for server in self._servers.values():
            if server.process is not None:
                server.process.ask_to_end()
        self._servers.clear()
        self._stack.close()

    def _service(self, name: str) -> AbstractContextManager[Server]:
        plan = self._plan
        if system := next((one for one in plan.systems if one.name == name), None):
            return nullcontext(Server(system.host, watched=Watched(system.pid) if system.pid else None))
        if plan.host:
            return nullcontext(Server(plan.host))
        assert plan.bundle is not None  # noqa: S101 - variants are those of a bundle
        log = plan.out / f"service-{name}.log"
        waits, cores = plan.scenario.kind == CLOSED, plan.cores
        preload = plan.behind(name)
        return launched(plan.bundle, preload, log=log, core=cores.server, workers=cores.workers, waits=waits)
