"""What a run measures, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bundle.bundle import Bundle
from bundle.manifest import AUTO, CASCADE, RESERVED
from bundle.runtimes import is_available
from evidence.paired import Yardstick
from loadtests.protocol.dialects.system import System
from loadtests.rig.cores import Cores
from loadtests.workload.held_out import HeldOut
from loadtests.workload.order import Order
from loadtests.workload.scenarios import OPEN, SCENARIOS, SHAPED, STEPPED, Scenario
from loadtests.workload.target import Target

RATE = 100.0  # arrivals a second of `server`, where none is given and none is looked for
BOUND_MS = 10.0  # of p99, where a scenario needs one and none is given
DEADLINE_SHARE = 0.9  # of the bound
STEP_WARM_UP_S = 1.0  # before each rate: whoever chooses was idle, and is to come to rest


@dataclass(frozen=True)
class Schedule:
    """How many ask, and for how long."""

    users: int = 8
    """Enough to keep a service busy whose model is small, and too few for the generator to be the limit."""
    budget_s: float = 120.0
    """For all blocks together, starts of the services included: what is not decided by then stays open."""
    blocks: int = 8
    """That a budget is cut into, at the most."""
    turn_s: float = 0.1
    """The shortest turn of a closed loop."""
    warmup_s: float = 0.1
    """Of each load after each start of its service; thrown away."""
    duration_s: float = 20.0
    """Of a load that changes on purpose, which is one piece; of all steps of a variant, for each seed."""
    seeds: int = 3
    """Of steps: each draws other arrivals, and all variants are measured with each."""


@dataclass(frozen=True)
class Plan:
    """What is measured, and how."""

    asked: HeldOut
    """The rows that are sent."""
    variants: tuple[str, ...]
    """Of the bundle, each answered by a service of ours, or by the one at `host`."""
    rows: tuple[int, ...]
    schedule: Schedule
    out: Path
    cores: Cores
    models: Path = Path("models")
    bundle: Bundle | None = None
    """None where the rows are from a file, and systems alone are measured."""
    systems: tuple[System, ...] = ()
    """Servers that run already, each measured beside the variants like one of them."""
    rows_from: Path | None = None
    is_binary: bool = False
    """Rows are sent to variants as octets, not as JSON."""
    stays_awake: bool = False
    """The generator may keep its core busy while nothing is due: there is another for the service."""
    host: str | None = None
    """A service that is already running; otherwise one is started for each variant."""
    scenario_name: str = "users"
    think_s: float = 0.0
    rate: float | None = None
    """Arrivals a second of `server`."""
    connections: int = 0
    """The most that `server` may open; 0 for as many as it takes."""
    seed: int = 0
    p99_ms: float | None = None
    """The longest p99 that was asked for."""
    find_peak: bool = False
    profile: bool = False
    matter: tuple[str, ...] = ()
    """The variants among which is chosen; the run goes on until they are told apart. None: all."""
    weights: Mapping[int, float] = field(default_factory=dict)
    """Of the numbers of rows, where one matters more than another; 1 of those that are not named."""

    @property
    def names(self) -> tuple[str, ...]:
        """All that is measured, in its order."""
        return (*self.variants, *(one.name for one in self.systems))

    def behind(self, name: str) -> list[str]:
        """Return the variants that answer for a variant, the cascade or `auto`, those that can run here.

        The service chooses among those that are measured beside it, or where there are none, among all.
        """
        if self.bundle is None:
            return []
        manifest = self.bundle.manifest
        if name == AUTO:
            named = [one for one in self.variants if one not in RESERVED]
            if CASCADE in self.variants:
                named += self.behind(CASCADE)
            names = list(dict.fromkeys(named)) or [one.name for one in manifest.variants]
        elif name == CASCADE:
            names = [manifest.cascade.first, manifest.cascade.second] if manifest.cascade else []
        else:
            names = [name]
        return [one for one in names if is_available(self.bundle.variant(one))]

    def bytes_of(self, name: str) -> int | None:
        """Return the bytes of the files of all that answers for a variant; None of a system."""
        if self.bundle is None or name not in self.variants:
            return None
        return sum(self.bundle.variant(one).bytes for one in self.behind(name)) or None

    @property
    def hosts(self) -> list[str]:
        """The addresses of servers that run already."""
        named = [self.host, *(one.host for one in self.systems)]
        return list(dict.fromkeys(host for host in named if host))

    @property
    def yardstick(self) -> Yardstick:
        """What all are held to: the reference of the bundle, or the first where that is not measured."""
        if self.bundle is None:
            return Yardstick(self.names[0], noun="system")
        manifest = self.bundle.manifest
        if not self.systems:
            return Yardstick(manifest.reference, manifest.truth)
        is_there = manifest.reference in self.variants or manifest.truth == "reference"
        return Yardstick(manifest.reference if is_there else self.names[0], manifest.truth, "system")

    @property
    def scenario(self) -> Scenario:
        return SCENARIOS[self.scenario_name]

    @property
    def bound_ms(self) -> float | None:
        """Answers beyond it are late; None where everything is in time."""
        if self.p99_ms is not None:
            return self.p99_ms
        return BOUND_MS if self.scenario.kind in (SHAPED, STEPPED) or self.searches else None

    @property
    def deadline_ms(self) -> float:
        """What a request says about how long it may take: nearly the bound, the rest is for its way there
        and back. 0 where it says nothing."""
        return DEADLINE_SHARE * (self.bound_ms or 0.0) if self.scenario.kind == STEPPED else 0.0

    @property
    def searches(self) -> bool:
        """Tell whether every variant's peak is looked for before the blocks."""
        return self.find_peak or self.profile

    @property
    def arrivals(self) -> float | None:
        """Arrivals a second, or with which a search begins: None where that is up to it, or none is sent."""
        if self.scenario.kind == STEPPED:
            return self.rate
        if self.scenario.kind != OPEN:
            return None
        return self.rate if self.searches else self.rate or RATE

    @property
    def users(self) -> int:
        return self.scenario.users or self.schedule.users

    def seed_of(self, block: int) -> int:
        """Return the seed of what is drawn for a block."""
        return self.seed + 1000 * block

    def order(
        self,
        target: Target,
        host: str,
        rows: int,
        *,
        system: System | None = None,
        seconds: float = 0.0,
        rate: float = 0.0,
        seed: int = 0,
        offline: str = "",
    ) -> Order:
        """Return the order for a load of a variant, or of a `system`; seconds of turns are theirs to say."""
        return Order(
            host=host,
            models=str(self.models),
            model=self.bundle.name if self.bundle else "",
            version=self.bundle.version if self.bundle else None,
            variant=system.name if system else target.variant,
            rows=rows,
            scenario=self.scenario_name,
            users=self.users,
            think_s=self.think_s,
            warmup_s=self.schedule.warmup_s,
            duration_s=seconds,
            rate=rate,
            seed=seed,
            connections=self.connections,
            offline=offline,
            system=system.url if system else "",
            rows_from=str(self.rows_from) if self.rows_from else "",
            stays_awake=self.stays_awake,
            is_binary=self.is_binary,
            deadline_ms=self.deadline_ms,
        )
