"""The options of `run`, with their help, and the plan and the bounds that they come to.

A default stands where the option means something, in `Plan`, `Schedule` or `Bounds`; here are only those of
which folder and which model, which mean something on a command line alone.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from pydantic import JsonValue
from typer import Option

from bundle.bundle import Bundle
from loadtests.cli.systems import systems_of
from loadtests.errors import LoadTestError
from loadtests.experiment.plan import BOUND_MS, STEP_WARM_UP_S, Plan, Schedule
from loadtests.generator.open_loop import CONNECTIONS_MAX
from loadtests.judge.bounds import Bounds, weights_of
from loadtests.judge.certificate import Accuracies, candidates
from loadtests.protocol.address import Address, without_secret
from loadtests.protocol.dialects.system import System
from loadtests.rig import cores
from loadtests.rig.cores import Cores
from loadtests.rig.ports import is_here
from loadtests.workload.held_out import HeldOut
from loadtests.workload.payloads import rows_within
from loadtests.workload.scenarios import OFFLINE_BODY_BYTES, OFFLINE_ROWS, SCENARIOS, SHAPED, STEPPED
from loadtests.workload.target import checked, choose_bundle


@dataclass(frozen=True)
class RunOptions:
    """What `python -m loadtests run` takes, as it was typed."""

    models: Annotated[Path, Option(help="Folder of the models.")] = Path("models")
    model: Annotated[str | None, Option(help="Model; not needed where there is only one.")] = None
    version: Annotated[int | None, Option(min=1, help="Version; by default the newest.")] = None
    variants: Annotated[
        str, Option(help="Variants, comma-separated; by default all there are, or with --system none.")
    ] = ""
    system: Annotated[
        list[str] | None,
        Option(
            metavar="NAME=PROTOCOL+URL",
            help="A server that is running, measured beside the others like a variant; may be given again. "
            "Protocols are predict (this project's), oip (Open Inference: Triton, KServe, MLServer; over "
            "http or grpc) and tfs (TensorFlow Serving). The URL ends with the model: "
            "a=predict+http://host:8000/digits~int8, b=oip+http://host:8000/digits/versions/2, "
            "c=oip+grpc://host:8001/digits, d=tfs+http://host:8501/digits/labels/stable. ?binary sends "
            "binary tensors (oip over http), ?output=NAME reads that output alone.",
        ),
    ] = None
    pid: Annotated[
        list[str] | None,
        Option(
            metavar="NAME=NUMBER",
            help="The process of a --system that runs on this machine: then what it and its children use of "
            "processor and memory is known. May be given again.",
        ),
    ] = None
    rows_from: Annotated[
        Path | None,
        Option(
            help="With --system: .npz file of the rows to send (x: numbers or texts), their labels (y), and "
            "perhaps all labels in the order of the classes (labels); instead of a model's test set."
        ),
    ] = None
    scenario: Annotated[str, Option(help=f"One of {', '.join(SCENARIOS)}.")] = Plan.scenario_name
    rows: Annotated[
        str | None,
        Option(
            help=f"Rows in a request, comma-separated; by default 1,32, or if offline {OFFLINE_ROWS}, fewer "
            "where they are long."
        ),
    ] = None
    users: Annotated[int, Option(min=1, help="Users, each with one connection.")] = Schedule.users
    think: Annotated[float, Option(min=0, help="Seconds that a user thinks between requests.")] = Plan.think_s
    rate: Annotated[
        float | None,
        Option(
            min=0.01,
            help="Arrivals a second of `server`; where --find-peak begins; of `ramp` and `bursts` what "
            "counts as full load, by default what the quickest variant bears.",
        ),
    ] = Plan.rate
    binary: Annotated[bool, Option(help="Send rows to the variants as octets (float32), not as JSON.")] = (
        Plan.is_binary
    )
    connections: Annotated[
        int, Option(min=0, help="The most that `server` may open; 0 for as many as it takes.")
    ] = Plan.connections
    find_peak: Annotated[
        bool, Option(help="With `server`: look for the highest rate that holds --p99-ms.")
    ] = Plan.find_peak
    profile: Annotated[
        bool, Option(help="With `server`: look for the peak, and draw the curve of rates up to beyond it.")
    ] = Plan.profile
    budget: Annotated[
        float,
        Option(
            min=0.1,
            help="Seconds for measuring, starts of the services included. It ends sooner where all that "
            "matters is decided.",
        ),
    ] = Schedule.budget_s
    blocks: Annotated[
        int,
        Option(
            min=1,
            help="Blocks that the budget is cut into, each with services started anew; one has no interval.",
        ),
    ] = Schedule.blocks
    duration: Annotated[
        float,
        Option(
            min=0.1,
            help="Seconds of a `rise` or a `spike`; of `ramp` and `bursts` those of all rates together, for "
            "each variant and seed.",
        ),
    ] = Schedule.duration_s
    seeds: Annotated[
        int,
        Option(min=1, help="Of `ramp` and `bursts`: draws of the arrivals, each sent to all variants."),
    ] = Schedule.seeds
    warmup: Annotated[
        float | None,
        Option(
            min=0,
            help=f"Seconds of each load thrown away after each start, by default {Schedule.warmup_s:g}; of "
            f"`ramp` and `bursts` before each rate, {STEP_WARM_UP_S:g}.",
        ),
    ] = None
    service_cores: Annotated[
        int, Option(min=1, help="Cores that the service has, a worker for each; the load has another.")
    ] = Cores.workers
    seed: Annotated[int, Option(min=0, help="Of what is drawn: arrivals, the order of turns, audits.")] = (
        Plan.seed
    )
    out: Annotated[Path, Option(help="Folder for the report; made if missing.")] = Path("reports/latest")
    host: Annotated[
        str | None, Option(help="A service that is running, instead of one started for each variant.")
    ] = Plan.host
    p99_ms: Annotated[
        float | None,
        Option(
            help="Bound: the longest p99, in milliseconds; later answers are late. Where lateness is part "
            f"of the figure (ramp, bursts, rise, spike, --find-peak, --profile), {BOUND_MS:g} if it is not "
            "given."
        ),
    ] = Bounds.p99_ms
    min_accuracy: Annotated[float | None, Option(help="Bound: the least accuracy, as 0.95.")] = (
        Bounds.min_accuracy
    )
    min_rps: Annotated[float | None, Option(help="Bound: the fewest requests a second.")] = Bounds.min_rps
    max_mb: Annotated[
        float | None, Option(help="Bound: the largest file of a variant, in MB; not its memory.")
    ] = Bounds.max_mb

    margin: Annotated[
        float,
        Option(
            help="Of accuracy, as a share: how much less than the model's reference, mostly float32, a "
            "variant may have on the test rows, where no --min-accuracy is given."
        ),
    ] = Bounds.margin
    weight: Annotated[
        str, Option(help="How much requests of each of --rows count, as 1:0.8,32:0.2; by default alike.")
    ] = ""

    def bounds(self, weights: Mapping[int, float]) -> Bounds:
        """What a variant must hold. Raises LoadTestError for a bound that nothing or everything holds."""
        bounds = self.p99_ms, self.min_accuracy, self.min_rps, self.max_mb
        return Bounds(*bounds, self.margin, weights)

    def plan(self) -> Plan:
        """Look the model up, and return what is to be measured. Raises LoadTestError or BundleError."""
        self._see_that_it_fits_systems()
        bundle = None if self.rows_from else choose_bundle(self.models, self.model, self.version)
        asked = HeldOut.of_bundle(bundle) if bundle else HeldOut.of_file(self.rows_from or Path())
        variants = self._variants(bundle) if bundle else []
        systems = systems_of(self.system or [], self.pid or [], asked, variants)
        rows = _row_counts(self.rows or _default_rows(asked, self.scenario))
        weights = weights_of(self.weight, rows)
        matter: list[str] = []
        if bundle and not systems:
            accuracies = Accuracies.of(bundle, margin=self.margin)
            matter = candidates(accuracies, bundle, self.bounds(weights), variants)
        return Plan(
            asked=asked,
            models=self.models,
            bundle=bundle,
            variants=tuple(variants),
            systems=systems,
            rows_from=self.rows_from,
            rows=rows,
            schedule=Schedule(
                self.users,
                self.budget,
                self.blocks,
                warmup_s=self._warmup_s,
                duration_s=self.duration,
                seeds=self.seeds,
            ),
            out=self.out,
            cores=self._cores(variants, systems),
            is_binary=self._checked_binary(asked),
            stays_awake=cores.usable() > 1,
            host=self.host,
            scenario_name=self._checked_scenario(),
            think_s=self.think,
            rate=self.rate,
            connections=self.connections,
            seed=self.seed,
            p99_ms=self.p99_ms,
            find_peak=self.find_peak,
            profile=self.profile,
            matter=tuple(matter),
            weights=weights,
        )

    def asked(self, plan: Plan) -> dict[str, JsonValue]:
        """Return every option as `plan` takes it, a default like the same value given; null without effect.

        An option that nothing is said of here stands as it was typed.
        """
        is_open, kind = plan.scenario.is_scheduled, plan.scenario.kind
        is_whole = kind in (SHAPED, STEPPED)
        typed = {name: str(value) if isinstance(value, Path) else value for name, value in vars(self).items()}
        return typed | {
            "models": str(self.models) if plan.bundle else None,
            "model": plan.bundle.name if plan.bundle else None,
            "version": plan.bundle.version if plan.bundle else None,
            "variants": list(plan.variants) or None,
            "system": [f"{one.name}={one.shown}" for one in plan.systems] or None,
            "rows": list(plan.rows),
            "users": None if is_open else plan.users,
            "think": None if is_open else plan.think_s,
            "rate": plan.arrivals,
            "connections": min(plan.connections or CONNECTIONS_MAX, CONNECTIONS_MAX) if is_open else None,
            "find_peak": plan.searches,
            "pid": self.pid or None,
            "service_cores": None if self.host or not plan.variants else self.service_cores,
            "host": None if self.host is None else without_secret(self.host),
            "blocks": None if is_whole else plan.schedule.blocks,
            "budget": None if is_whole else plan.schedule.budget_s,
            "duration": plan.schedule.duration_s if is_whole else None,
            "seeds": plan.schedule.seeds if kind == STEPPED else None,
            "binary": plan.is_binary if plan.variants else None,
            "p99_ms": plan.bound_ms,
            "weight": self.weight or None,
            "warmup": plan.schedule.warmup_s,
        }

    @property
    def _warmup_s(self) -> float:
        if self.warmup is not None:
            return self.warmup
        is_stepped = SCENARIOS[self._checked_scenario()].kind == STEPPED
        return STEP_WARM_UP_S if is_stepped else Schedule.warmup_s

    def _variants(self, bundle: Bundle) -> list[str]:
        """Return the variants to measure. Raises LoadTestError and BundleNotFoundError."""
        _see_that_accuracy_is_known(bundle, self.min_accuracy)
        names = _names(self.variants)
        if not names and not self.system:
            names = [variant.name for variant in bundle.manifest.variants]
        return [checked(bundle, name) for name in names]

    def _see_that_it_fits_systems(self) -> None:
        """Refuse options that mean nothing where systems are measured, or where none is."""
        if self.rows_from and not self.system:
            raise LoadTestError("--rows-from is for --system, which names the servers to send the rows to")
        given = {
            "--model": self.rows_from and self.model,
            "--version": self.rows_from and self.version,
            "--variants": self.rows_from and self.variants,
        }
        if found := [name for name, value in given.items() if value]:
            raise LoadTestError(f"{found[0]} is of a model with a test set; --rows-from brings other rows")
        if self.system and self.host:
            raise LoadTestError(
                "--host is for variants alone; give that service as a --system beside the others"
            )
        if self.system and self.max_mb is not None:
            raise LoadTestError("--max-mb is of the file of a variant; of a system none is known")

    def _cores(self, variants: Sequence[str], systems: Sequence[System]) -> Cores:
        if self.host is None and variants:
            return cores.choose(self.service_cores)
        if self.service_cores != Cores.workers:
            which = "--host" if self.host else "--system"
            raise LoadTestError(
                f"--service-cores is of a service that the run starts; {which} names one that runs"
            )
        chosen = cores.choose()
        hosts = [*([self.host] if self.host else []), *(one.host for one in systems)]
        shares = chosen.shared and any(is_here(Address.of(host).name) for host in hosts)
        return Cores(None, chosen.load, shared=shares)

    def _checked_binary(self, asked: HeldOut) -> bool:
        if self.binary and asked.x.dtype.kind == "O":
            raise LoadTestError("--binary is for rows of numbers; those of this model are texts or fields")
        return self.binary

    def _checked_scenario(self) -> str:
        name = self.scenario
        if name not in SCENARIOS:
            raise LoadTestError(f"--scenario is {name!r}; there are {', '.join(SCENARIOS)}")
        if (self.find_peak or self.profile) and name != "server":
            option = "--find-peak" if self.find_peak else "--profile"
            raise LoadTestError(f"{option} is for --scenario server, an open loop; the scenario is {name!r}")
        bounds = {
            "--min-accuracy": self.min_accuracy,
            "--min-rps": self.min_rps,
            "--max-mb": self.max_mb,
            "--weight": self.weight or None,
        }
        given = [option for option, value in bounds.items() if value is not None]
        if given and SCENARIOS[name].kind == STEPPED:
            raise LoadTestError(
                f"{given[0]} has no part in --scenario {name}: what answers most rows rightly and within "
                "--p99-ms is the answer, all rates and rows counting alike"
            )
        return name


def command(body: Callable[[RunOptions], None]) -> Callable[..., None]:
    """Return `body` as a command with the options' fields for its own, which is what typer reads."""

    def typed(**given: Any) -> None:
        body(RunOptions(**given))

    hints = get_type_hints(RunOptions, include_extras=True)
    signature = inspect.signature(RunOptions)
    options = [one.replace(annotation=hints[name]) for name, one in signature.parameters.items()]
    typed.__doc__ = body.__doc__
    typed.__annotations__ = hints
    vars(typed)["__signature__"] = signature.replace(parameters=options, return_annotation=None)
    return typed


def _see_that_accuracy_is_known(bundle: Bundle, least: float | None) -> None:
    """Refuse a bound that nobody can tell whether it is held: where the data had no labels."""
    manifest = bundle.manifest
    if least is not None and manifest.truth == "reference":
        raise LoadTestError(
            f"--min-accuracy is {least:g}, and the accuracy of {bundle.name}/{bundle.version} is unknown: "
            f"its data had no labels; --margin, as 0.01, bounds the share of rows in which a variant differs "
            f"from {manifest.reference}"
        )


def _names(text: str) -> Sequence[str]:
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _default_rows(asked: HeldOut, scenario: str) -> str:
    if scenario != "offline":
        return "1,32"
    return str(rows_within(asked.x, OFFLINE_ROWS, OFFLINE_BODY_BYTES))


def _row_counts(text: str) -> tuple[int, ...]:
    names = _names(text)
    if not names or not all(name.isdecimal() and int(name) > 0 for name in names):
        raise LoadTestError(f"--rows is {text!r}; give whole numbers from 1 on, comma-separated, as 1,32")
    return tuple(dict.fromkeys(map(int, names)))
