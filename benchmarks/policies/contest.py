"""The servers of a contest of policies, each a process, and the load that all are sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.subjects import server
from benchmarks.subjects.server import Server
from bundle.bundle import Bundle
from bundle.manifest import AUTO
from loadtests.rig.child import Child, program
from loadtests.rig.cores import Bound
from loadtests.rig.ports import free_port

OURS = "auto"
POLICIES = ("slack_fit", "proteus")
_ANSWERED = {0, 1, 3}  # exit codes of a load test after which there is a report


@dataclass(frozen=True)
class Load:
    """What every server is sent."""

    scenario: str
    """`ramp` or `bursts`, of `python -m loadtests`."""
    rows: int
    p99_ms: float
    seconds: float
    """Of all rates together."""
    seed: int


@contextmanager
def servers(
    bundle: Bundle, singles: Sequence[str], *, logs: Path, core: Bound
) -> Iterator[dict[str, Server]]:
    """Start one for each policy, ours among them, and one for all single variants, on one core.

    Each has all variants loaded. Raises ProcessError.
    """
    models = bundle.folder.parents[1].resolve()
    with ExitStack() as stack:
        found = {}
        for name in (OURS, *POLICIES, "singles"):
            port = free_port()
            options = ("--models", str(models), "--default-model", bundle.name, "--port", str(port))
            more = ("--preload", ",".join(singles), "--audit", "false", "--threads", "1")
            is_other = name in POLICIES
            what = ("benchmarks.policies.served", name) if is_other else ("service",)
            command = program(*what, *options, *more)
            started = server.started(
                command, port=port, ready_path="/health/ready", log=logs / f"{name}.log", core=core
            )
            found[name] = stack.enter_context(started)
        yield found


def systems_of(bundle: Bundle, singles: Sequence[str], hosts: dict[str, str]) -> dict[str, str]:
    """Return by name the address at which each contender is asked, as the load tester takes it."""
    place = f"{bundle.name}~"
    found = {
        name: f"predict+{host}/{place}{AUTO}?binary" for name, host in hosts.items() if name != "singles"
    }
    return found | {name: f"predict+{hosts['singles']}/{place}{name}?binary" for name in singles}


def run(bundle: Bundle, systems: dict[str, str], load: Load, *, out: Path, log: Path) -> Path:
    """Have the load tester measure all systems side by side; return its report's folder.

    Raises BenchmarkError, with the last lines of its log, where there is none.
    """
    named = [word for name, url in systems.items() for word in ("--system", f"{name}={url}")]
    whom = ("--models", str(bundle.folder.parents[1].resolve()), "--model", bundle.name, *named)
    how = ("--scenario", load.scenario, "--rows", str(load.rows), "--p99-ms", f"{load.p99_ms:g}")
    when = ("--duration", f"{load.seconds:g}", "--seeds", "1", "--seed", str(load.seed))
    command = program("loadtests", "run", *whom, *how, *when, "--out", str(out.resolve()))
    with Child(command, log=log, core=None) as child:
        if child.wait(None) not in _ANSWERED:
            raise BenchmarkError(f"the load test failed; {log} ends:\n{child.tail()}")
    return out
