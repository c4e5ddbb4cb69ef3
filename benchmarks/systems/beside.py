"""Servers whose protocol the load tester speaks, running side by side with one and the same model."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.errors import BenchmarkError
from benchmarks.parts.peers import VARIANT, started
from benchmarks.peers.catalog import PEERS, Peer
from benchmarks.plan import Plan
from benchmarks.subjects import server
from benchmarks.subjects.server import Server
from bundle.bundle import Bundle

_OPEN_INFERENCE = "/v2/models/"
_BINARY = {"triton"}  # peers that offer binary tensors
_IDLE_S = 2.0


@dataclass(frozen=True)
class System:
    """One way of asking a server, as `python -m loadtests run --system` takes it."""

    name: str
    url: str

    def __str__(self) -> str:
        return f"{self.name}={self.url}"


@dataclass
class Beside:
    """What runs: ours asked in every protocol, and each peer; those that do not, with the reason."""

    systems: list[System]
    idle: dict[str, float]
    """Share of a core that each server uses while nobody asks it."""
    left_out: dict[str, str]


def speaks(peer: Peer) -> bool:
    """Tell whether the load tester has a protocol for it."""
    return peer.path.startswith(_OPEN_INFERENCE)


NAMES = tuple(peer.name for peer in PEERS if speaks(peer))


@contextmanager
def beside(bundle: Bundle, plan: Plan) -> Iterator[Beside]:
    """Start ours and the plan's peers, all on one core: they are asked in turn. Raises BenchmarkError."""
    with ExitStack() as stack:
        ours = stack.enter_context(
            server.service(
                plan.models.folder, bundle.name, [VARIANT], log=plan.logs / "ours", core=plan.cores.server
            )
        )
        servers = {"ours": ours}
        found = Beside(systems_of_ours(ours.host, bundle.name), {}, {})
        for peer in PEERS:
            if peer.name not in plan.peers or not speaks(peer):
                continue
            try:
                servers[peer.name] = stack.enter_context(started(peer, bundle, plan))
            except BenchmarkError as error:
                found.left_out[peer.name] = str(error)
            else:
                found.systems += systems_of(peer, servers[peer.name].host)
        plan.say("seeing what they do while nobody asks them")
        found.idle = _idle(servers)
        yield found


def systems_of_ours(host: str, model: str) -> list[System]:
    """Return ours in each protocol: the first is what the others are compared with."""
    place = f"{host}/{model}~{VARIANT}"
    return [
        System("ours", f"predict+{place}"),
        System("ours-oip", f"oip+{place}"),
        System("ours-oip-binary", f"oip+{place}?binary"),
        System("ours-tfs", f"tfs+{place}"),
    ]


def systems_of(peer: Peer, host: str) -> list[System]:
    """Return a peer in JSON, and where it has them in binary tensors as well."""
    model = urlsplit(peer.path).path.removeprefix(_OPEN_INFERENCE).partition("/")[0]
    place = f"oip+{host}/{model}"
    found = [System(peer.name, place)]
    return [*found, System(f"{peer.name}-binary", f"{place}?binary")] if peer.name in _BINARY else found


def _idle(servers: dict[str, Server]) -> dict[str, float]:
    before = _used(servers.values())
    time.sleep(_IDLE_S)  # there is nothing to wait for: it is what they do meanwhile
    after = _used(servers.values())
    return {name: (b - a) / _IDLE_S for name, a, b in zip(servers, before, after, strict=True)}


def _used(servers: Iterable[Server]) -> list[float]:
    return [one.process.processor_s() for one in servers]
