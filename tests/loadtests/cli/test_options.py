from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from loadtests.cli.app import app
from loadtests.cli.options import RunOptions, command
from loadtests.errors import LoadTestError
from loadtests.experiment.plan import Plan, Schedule
from loadtests.judge.budget import Budget
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


def test_what_is_not_typed_is_as_the_plan_the_schedule_and_the_budget_have_it() -> None:
    options = _typed()
    assert options == RunOptions()
    assert Schedule(options.users, options.warmup, options.duration) == Schedule()
    assert options.budget == Budget()
    for name in ("host", "rounds", "rate", "connections", "seed", "p99_ms", "find_peak", "profile"):
        assert getattr(options, name) == getattr(Plan, name)
    assert (options.scenario, options.think) == (Plan.scenario_name, Plan.think_s)


def test_what_is_typed_arrives_as_what_it_is() -> None:
    options = _typed(
        *("--models", "m", "--rows", "1,8", "--rate", "300", "--find-peak", "--p99-ms", "5", "--seed", "7")
    )
    assert options == RunOptions(models=Path("m"), rows="1,8", rate=300.0, find_peak=True, p99_ms=5.0, seed=7)
    assert options.budget == Budget(p99_ms=5.0)


@pytest.mark.skipif(sys.platform != "linux", reason="a process is kept to some cores on Linux only")
@pytest.mark.usefixtures("one_core")
def test_where_one_core_may_be_used_none_is_chosen_and_the_generator_lets_the_service_have_it(
    models: Path,
) -> None:
    plan = RunOptions(models=models, model="digits").plan()
    assert (plan.cores, plan.stays_awake) == (Cores(None, None, shared=True), False)


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
    assert shown.count("Example: python -m loadtests run") == 2
    assert "Exit code 0: measured." in shown
