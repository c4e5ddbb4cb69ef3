from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import typer
from typer.testing import CliRunner

from bundle.store import ModelStore
from loadtests.cli.app import app
from loadtests.cli.options import RunOptions, command
from loadtests.errors import LoadTestError
from loadtests.experiment.plan import STEP_WARM_UP_S, Plan, Schedule
from loadtests.judge.bounds import Bounds
from loadtests.rig.cores import Cores, choose


def _typed(*arguments: str) -> RunOptions:
    """Return the options as a command gets them that was called with these arguments."""
    seen: list[RunOptions] = []
    program = typer.Typer()
    program.command()(command(seen.append))
    ended = CliRunner().invoke(program, list(arguments))
    assert ended.exit_code == 0, ended.output
    (options,) = seen
    return options


def test_what_is_not_typed_is_as_the_plan_the_schedule_and_the_bounds_have_it() -> None:
    options = _typed()
    assert options == RunOptions()
    schedule = Schedule(
        options.users, options.budget, options.blocks, duration_s=options.duration, seeds=options.seeds
    )
    assert schedule == Schedule()
    assert options.bounds({}) == Bounds()
    for name in ("host", "rate", "connections", "seed", "p99_ms", "find_peak", "profile"):
        assert getattr(options, name) == getattr(Plan, name)
    assert (options.scenario, options.think) == (Plan.scenario_name, Plan.think_s)


def test_what_is_typed_arrives_as_what_it_is() -> None:
    options = _typed(
        *("--models", "m", "--rows", "1,8", "--rate", "300", "--find-peak", "--p99-ms", "5", "--seed", "7")
    )
    assert options == RunOptions(models=Path("m"), rows="1,8", rate=300.0, find_peak=True, p99_ms=5.0, seed=7)
    assert options.bounds({1: 2.0}) == Bounds(p99_ms=5.0, weights={1: 2.0})


@pytest.mark.skipif(sys.platform != "linux", reason="a process is kept to some cores on Linux only")
@pytest.mark.usefixtures("one_core")
def test_where_one_core_may_be_used_none_is_chosen_and_the_generator_lets_the_service_have_it(
    models: Path,
) -> None:
    plan = RunOptions(models=models, model="digits").plan()
    assert (plan.cores, plan.stays_awake) == (Cores(None, None, shared=True), False)


@pytest.mark.skipif(sys.platform != "linux", reason="a process is kept to some cores on Linux only")
@pytest.mark.usefixtures("one_core")
@pytest.mark.parametrize(("host", "shares"), [("http://127.0.0.1:1", True), ("http://192.0.2.1:1", False)])
def test_with_one_core_a_service_that_runs_on_this_machine_shares_it(
    models: Path, host: str, shares: bool
) -> None:
    system = [f"other=predict+{host}/digits"]
    for options in (
        RunOptions(models=models, model="digits", host=host),
        RunOptions(models=models, model="digits", system=system),
    ):
        assert options.plan().cores == Cores(None, None, shared=shares)


def test_which_core_a_running_service_has_is_not_known(models: Path) -> None:
    plan = RunOptions(models=models, model="digits", host="http://127.0.0.1:1").plan()
    assert plan.cores == Cores(None, choose().load)


def test_cores_for_the_service_are_refused_where_there_are_too_few_or_the_service_is_not_ours(
    models: Path,
) -> None:
    options = RunOptions(models=models, model="digits", service_cores=100_000)
    with pytest.raises(LoadTestError, match=r"--service-cores is 100000, .* may use \d"):
        options.plan()
    with pytest.raises(LoadTestError, match="--service-cores is of a service that the run starts"):
        replace(options, service_cores=2, host="http://127.0.0.1:1").plan()


def test_the_help_has_every_option_and_the_examples() -> None:
    shown = CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).stdout
    for name in RunOptions.__dataclass_fields__:
        assert f"--{name.replace('_', '-')} " in shown
    assert shown.count("Example: python -m loadtests run") == 3
    assert "Exit code 0: there is an answer." in shown


@pytest.mark.parametrize(
    ("command", "codes"), [("run", ["0", "1", "2", "3", "130"]), ("compare", ["0", "1", "2"])]
)
def test_on_80_columns_every_exit_code_has_one_line_which_is_a_whole_sentence(
    command: str, codes: list[str]
) -> None:
    shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "80", "TERM": "dumb"}).stdout
    told = shown[shown.index("Exit code ") : shown.index("╭")].split("\n")
    lines = [line.strip().removeprefix("Exit code ") for line in told if line.strip()]
    assert [line.split(":")[0] for line in lines] == codes
    assert all(line.endswith(".") for line in lines)


def test_a_budget_is_of_seconds_alone_and_what_a_variant_must_hold_is_a_bound() -> None:
    hints = get_type_hints(RunOptions, include_extras=True)
    helps = {name: hint.__metadata__[0].help for name, hint in hints.items()}
    assert {name for name, text in helps.items() if text.startswith("Bound: ")} == {
        *("p99_ms", "min_accuracy", "min_rps", "max_mb")
    }
    assert not any("budget" in text.lower() for text in helps.values() if text.startswith("Bound"))
    assert helps["budget"].startswith("Seconds ")


def test_a_weight_that_is_not_of_the_rows_is_a_mistake_and_says_what_is_allowed(models: Path) -> None:
    asked = ("run", "--models", str(models), "--model", "digits", "--rows", "1,8", "--weight", "1:1,32:1")
    ended = CliRunner().invoke(app, list(asked))
    assert ended.exit_code == 2
    assert "error: --weight is '1:1,32:1'; give a number above 0 for each of --rows" in ended.output


def test_a_run_goes_on_until_those_that_may_be_shipped_are_told_apart(models: Path) -> None:
    def matter(**bounds: float) -> tuple[str, ...]:
        asked: dict[str, Any] = {"model": "digits", "variants": "float32,int8", **bounds}
        return RunOptions(models=models, **asked).plan().matter

    large = ModelStore(models).open("digits").variant("float32").bytes / 1e6
    assert matter() == matter(max_mb=large) == ("float32", "int8")
    assert matter(max_mb=large - 0.001) == ("int8",)


def test_weights_are_those_of_the_plan(models: Path) -> None:
    options = RunOptions(models=models, model="digits", rows="1,8", weight="1:0.8,8:0.2")
    plan = options.plan()
    assert plan.weights == {1: 0.8, 8: 0.2}
    assert options.bounds(plan.weights).weights == plan.weights
    assert options.asked(plan)["weight"] == "1:0.8,8:0.2"
    assert RunOptions(models=models, model="digits").asked(plan)["weight"] is None


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({}, Schedule.warmup_s),
        ({"scenario": "ramp"}, STEP_WARM_UP_S),
        ({"scenario": "bursts", "warmup": 0.0}, 0.0),
    ],
)
def test_what_chooses_comes_to_rest_before_each_rate_unless_it_is_said_for_how_long(
    given: dict[str, Any], seconds: float, models: Path
) -> None:
    assert RunOptions(models=models, model="digits", **given).plan().schedule.warmup_s == seconds


def test_auto_and_the_cascade_of_a_bundle_are_measured_like_variants(models: Path) -> None:
    plan = RunOptions(models=models, model="digits", variants="auto,float32,int8").plan()
    assert plan.variants == ("auto", "float32", "int8")
    assert plan.behind("auto") == ["float32", "int8"]
    assert plan.bytes_of("auto") == sum(plan.bytes_of(name) or 0 for name in ("float32", "int8"))
    alone = RunOptions(models=models, model="digits", variants="auto").plan()
    assert len(alone.behind("auto")) > 2  # whatever the bundle has


@pytest.mark.parametrize(
    "given", [{"min_accuracy": 0.9}, {"min_rps": 10.0}, {"max_mb": 1.0}, {"weight": "1:1"}]
)
def test_a_bound_that_has_no_part_in_rising_rates_is_refused(given: dict[str, Any], models: Path) -> None:
    options = RunOptions(models=models, model="digits", scenario="bursts", p99_ms=20.0, rows="1")
    option = f"--{next(iter(given)).replace('_', '-')}"
    with pytest.raises(LoadTestError, match=f"{option} has no part in --scenario bursts"):
        replace(options, **given).plan()
    assert options.plan().scenario_name == "bursts"
