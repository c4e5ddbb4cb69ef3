"""What a run measures, and how."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bundle.bundle import Bundle
from loadtests.rig.cores import Cores
from loadtests.workload.order import Order
from loadtests.workload.scenarios import OPEN, SCENARIOS, SHAPED, Scenario
from loadtests.workload.target import Target

ROUNDS = 9  # thrice three: few show no small difference, and one that was disturbed decides much
RATE = 100.0  # arrivals a second of `server`, where none is given and none is looked for
BOUND_MS = 10.0  # of p99, where a scenario needs one and none is given


@dataclass(frozen=True)
class Schedule:
    """How long one load is: `duration_s` that is measured, shared out over the rounds.

    Each round is preceded by `warmup_s` that is thrown away.
    """

    users: int = 16
    warmup_s: float = 0.5
    duration_s: float = 20.0


@dataclass(frozen=True)
class Plan:
    """What is measured, and how."""

    models: Path
    bundle: Bundle
    variants: tuple[str, ...]
    rows: tuple[int, ...]
    schedule: Schedule
    out: Path
    cores: Cores
    stays_awake: bool = False
    """The generator may keep its core busy while nothing is due: there is another for the service."""
    host: str | None = None
    """A service that is already running; otherwise one is started for each variant."""
    scenario_name: str = "users"
    rounds: int = ROUNDS
    """Turns that each variant has: A B C, C B A, A B C."""
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

    @property
    def scenario(self) -> Scenario:
        return SCENARIOS[self.scenario_name]

    @property
    def bound_ms(self) -> float | None:
        """Answers beyond it are late; None where everything is in time."""
        if self.p99_ms is not None:
            return self.p99_ms
        return BOUND_MS if self.scenario.kind == SHAPED or self.searches else None

    @property
    def searches(self) -> bool:
        """Tell whether every variant's peak is looked for before the rounds."""
        return self.find_peak or self.profile

    @property
    def arrivals(self) -> float | None:
        """Arrivals a second, or with which a search begins: None where that is up to it, or none is sent."""
        if self.scenario.kind != OPEN:
            return None
        return self.rate if self.searches else self.rate or RATE

    @property
    def turns(self) -> int:
        """How many rounds there are at least; a load that changes on purpose is one piece."""
        return 1 if self.scenario.kind == SHAPED else self.rounds

    @property
    def users(self) -> int:
        return self.scenario.users or self.schedule.users

    @property
    def seconds(self) -> float:
        """How long the loads take at least in all, without what lies between them."""
        once = self.schedule.duration_s + self.turns * self.schedule.warmup_s
        return len(self.variants) * len(self.rows) * once

    def order(self, target: Target, host: str, rows: int, *, turn: int, rate: float, offline: str) -> Order:
        """Return the order for one round of a variant."""
        return Order(
            host=host,
            models=str(self.models),
            model=target.model,
            version=target.version,
            variant=target.variant,
            rows=rows,
            scenario=self.scenario_name,
            users=self.users,
            think_s=self.think_s,
            warmup_s=self.schedule.warmup_s,
            duration_s=self.schedule.duration_s / self.turns,
            rate=rate,
            seed=self.seed + turn,
            connections=self.connections,
            offline=offline,
            stays_awake=self.stays_awake,
        )
