"""The program `python -m loadtests run`, as a user runs it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import geometric_mean
from typing import Any
from xml.etree import ElementTree as ET

import psutil
import pytest
from typer.testing import CliRunner, Result

from bundle.store import ModelStore
from evidence.percentiles import percentile
from evidence.shares import wilson
from loadtests.cli.app import app
from loadtests.measure.samples import Samples
from loadtests.system.client import ServiceClient
from tests.loadtests.conftest import ROOT, is_alive, on_one_core, run_module
from tests.patience import PATIENCE_S, wait_until


@dataclass(frozen=True)
class Run:
    out: Path
    printed: str
    report: dict[str, Any]
    left: list[psutil.Process]
    """Processes that were left behind."""


_ENDING_S = 20.0  # for those that are about to end: one that is left behind does not
_MARK = "TESTED_RUN"


@pytest.fixture(scope="module")
def real_run(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of two variants, with 1 and with 8 rows a request, against the real service, on one core.

    There every turn counts. On two, a run is tested with systems.
    """
    out = tmp_path_factory.mktemp("run") / "report"
    load = ("--variants", "float32,int8", "--rows", "1,8", "--blocks", "2", "--out", str(out))
    with on_one_core(), pytest.MonkeyPatch.context() as patch:
        patch.setenv(_MARK, str(out))  # which all inherit that it starts
        ended = run_module("loadtests", "run", *_asked(models), *load)
    assert ended.returncode in {0, 1, 3}, ended.stderr + ended.stdout
    assert (ended.returncode == 0) == _is_without_fault(out), ended.stdout
    found = [
        one for one in psutil.process_iter(["environ"]) if (one.info["environ"] or {}).get(_MARK) == str(out)
    ]
    _, left = psutil.wait_procs(found, timeout=_ENDING_S)
    return Run(out, ended.stdout, json.loads((out / "report.json").read_text()), left)


_USERS = 4


def _asked(models: Path) -> tuple[str, ...]:
    load = ("--users", str(_USERS), "--think", "0.01", "--warmup", "0.1", "--budget", "2")
    return ("--models", str(models), "--model", "digits", *load)


def _run(models: Path, *arguments: str) -> Result:
    """Run it here: it is the program's work that is of interest, and not its process."""
    return CliRunner().invoke(app, ["run", *_asked(models), *arguments])


def _is_without_fault(out: Path) -> bool:
    """Tell whether every check passed. A busy machine may void a run, and nothing else may go wrong here."""
    results = json.loads((out / "report.json").read_text())["results"]
    failed = {check["name"] for one in results for check in one["checks"] if check["passed"] is False}
    assert failed <= {"generator", "core", "cache"}
    return not failed


def test_every_variant_is_measured_at_every_number_of_rows(real_run: Run) -> None:
    measured = [(one["variant"], one["rows_per_request"]) for one in real_run.report["results"]]
    assert measured == [("float32", 1), ("int8", 1), ("float32", 8), ("int8", 8)]
    for result in real_run.report["results"]:
        assert len(result["blocks"]) == real_run.report["stop"]["blocks"] >= 2
        assert result["grade"]["word"] in {"calm", "uneasy", "rough"}
    assert real_run.report["skipped"] == []
    assert real_run.report["model"] == "digits"


def test_the_figures_are_those_of_the_raw_samples(real_run: Run) -> None:
    for result in real_run.report["results"]:
        samples = Samples.load(real_run.out / result["samples"])
        latencies = (samples.done - samples.scheduled) * 1000
        turns = sum(block["turns"] for block in result["blocks"])
        assert len(latencies) >= _USERS * turns > 0  # however busy the machine is
        assert (samples.variant, samples.rows) == (result["variant"], result["rows_per_request"])
        assert result["answers"] == result["offered"] == len(latencies)
        rates = [block["requests_per_s"] for block in result["blocks"] if block["turns"]]
        assert result["requests_per_s"] == pytest.approx(geometric_mean(rates))
        assert result["rows_per_s"] == pytest.approx(result["rows_per_request"] * result["requests_per_s"])
        assert result["cost"]["value"] > result["rows_per_s"]  # users who think leave its core idle
        for percent in (50, 95, 99):
            assert result[f"p{percent}_ms"] == percentile(latencies, percent)
        assert (result["failed"], result["failures"]) == (0, {})


def test_every_answer_is_that_of_the_variant_without_http(real_run: Run) -> None:
    for result in real_run.report["results"]:
        agreement = result["agreement"]
        assert (agreement["labels_differ"], agreement["probabilities_differ"]) == (0, 0)
        assert agreement["rows"] >= result["accuracy"]["unique_rows"]
        assert result["effective_accuracy"]["value"] == pytest.approx(result["accuracy"]["value"], abs=0.05)


def test_every_check_has_a_result_and_a_sentence(real_run: Run) -> None:
    names = ["generator", "core", "schedule", "answers", "service", "cost", "agreement", "cache", "batches"]
    for result in real_run.report["results"]:
        assert [check["name"] for check in result["checks"]] == names
        assert all(check["detail"].endswith(".") for check in result["checks"])
        told = {check["name"]: check["passed"] for check in result["checks"]}
        assert told["answers"] is told["service"] is told["agreement"] is told["batches"] is True
        assert told["schedule"] is None


def test_live_accuracy_is_that_of_the_bundle_where_every_row_was_seen(real_run: Run, models: Path) -> None:
    bundle = ModelStore(models).open("digits")
    x, _ = bundle.test_set()
    for result in real_run.report["results"]:
        accuracy = result["accuracy"]
        interval = wilson(accuracy["value"], accuracy["unique_rows"])
        assert (accuracy["low"], accuracy["high"]) == (interval.low, interval.high)
        if accuracy["unique_rows"] == len(x):
            scored = bundle.variant(result["variant"]).scores.accuracy
            assert accuracy["value"] == pytest.approx(scored, abs=2 / len(x))


def test_time_and_memory_are_plausible(real_run: Run) -> None:
    for result in real_run.report["results"]:
        unloaded = result["unloaded"]
        assert 0 < unloaded["model_ms"] < unloaded["mean_ms"]
        assert unloaded["model_share"] == pytest.approx(unloaded["model_ms"] / unloaded["mean_ms"])
        stages = unloaded["stages_ms"]
        assert list(stages) == ["client", "http", "decode", "wait", "infer", "encode"]
        assert all(spent >= 0 for spent in stages.values())
        assert sum(stages.values()) == pytest.approx(unloaded["mean_ms"])
        assert 20e6 < result["resident_bytes"] < 2e9
        assert 0 < result["generator_cpu"] < 1.0
        assert result["generator_limited"] == (result["generator_cpu"] > 0.9)


def test_the_report_can_be_read_and_repeated(real_run: Run) -> None:
    text = (real_run.out / "report.md").read_text()
    assert "| float32 | 1 |" in text
    assert "| int8 | 8 |" in text
    assert "(tradeoff.svg)" in text
    assert "nearest rank" in text
    assert "unique rows" in text
    assert real_run.report["command"] in text
    assert real_run.report["command"].startswith("python -m loadtests run --models")
    assert all(sentence in text for sentence in real_run.report["verdict"]["sentences"])
    picture = ET.parse(real_run.out / "tradeoff.svg").getroot()  # noqa: S314 - it is our own
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"


def test_the_terminal_shows_the_table_and_names_the_report(real_run: Run) -> None:
    lines = real_run.printed.splitlines()
    assert f"report: {real_run.out / 'report.html'}" in lines
    for begin in (["float32", "1"], ["float32", "8"], ["int8", "1"], ["int8", "8"]):
        assert sum(line.split()[:2] == begin for line in lines) == 1
    assert "…" not in real_run.printed


@pytest.mark.skipif(sys.platform != "linux", reason="a process is kept to some cores on Linux only")
def test_on_one_core_every_turn_counts_and_it_says_who_shares_it(real_run: Run) -> None:
    assert "note: Service and load generator share one core" in real_run.printed
    assert real_run.report["cores"] == {"service": None, "generator": None}
    assert any("share one core" in sentence for sentence in real_run.report["method"])
    for result in real_run.report["results"]:
        assert all(block["turns"] > 0 and block["void_turns"] == 0 for block in result["blocks"])


def test_no_process_is_left_behind(real_run: Run) -> None:
    assert real_run.left == []


@pytest.mark.usefixtures("_signals_put_back", "every_turn_counts")
def test_failures_of_a_running_service_void_the_run_and_do_not_stop_the_rest(
    models: Path, start_fake: Callable[..., str], tmp_path: Path
) -> None:
    host = start_fake("--stranger-every", "50", "--error-every", "20", "--without", "float16")
    load = ("--variants", "float16,int8", "--rows", "1", "--host", host, "--out", str(tmp_path))
    ended = _run(models, *load)
    assert ended.exit_code == 3
    assert "VOID" in ended.stdout
    with ServiceClient(host) as client:
        assert client.is_ready()  # it was not ours to stop
    assert list(tmp_path.glob("service-*.log")) == []
    report, text = json.loads((tmp_path / "report.json").read_text()), (tmp_path / "report.md").read_text()
    (skipped,), (result,) = report["skipped"], report["results"]
    assert (report["host"], result["resident_bytes"]) == (host, None)

    assert (skipped["variant"], skipped["failed"]) == ("float16", True)
    assert "float16 cannot be loaded here" in skipped["reason"]
    assert f"not measured: `float16`: {skipped['reason']}" in text

    samples = Samples.load(tmp_path / result["samples"])
    counted = Counter(str(samples.errors[one]) for one in samples.error[samples.error >= 0])
    assert set(counted) == {"status 500", "the answer is not from variant 'int8'"}
    assert result["failures"] == counted
    assert result["failed"] == counted.total()
    assert "answers" in result["void"]
    assert result["accuracy"]["value"] == 1.0
    assert all(f"{count} x {reason}" in text for reason, count in counted.items())


@pytest.mark.usefixtures("_signals_put_back", "every_turn_counts")
def test_a_service_that_is_too_slow_for_ten_answers_a_turn_is_told_before_and_measured_all_the_same(
    models: Path, start_fake: Callable[..., str], tmp_path: Path
) -> None:
    host = start_fake("--slow-ms", "70", "--as-model", "int8")
    options = ("--variants", "int8", "--rows", "1", "--host", host, "--out", str(tmp_path))
    ended = _run(models, *options, "--warmup", "0", "--think", "0")
    assert ended.exit_code in {0, 3}, ended.output  # a busy machine may void it
    assert ended.stdout.startswith("expected to take about ")
    assert re.search(r"warning: int8: one request takes 0\.\d+ s, and 1 s is the longest turn", ended.stdout)
    assert "give a larger --budget" in " ".join(ended.stdout.split())
    (result,) = json.loads((tmp_path / "report.json").read_text())["results"]
    assert 1 < result["answers_per_user"] < 10
    assert 0.9 * 4000 / result["p99_ms"] < result["requests_per_s"] < 4 / 0.07
    assert result["cost"] is None


def _refused(*arguments: str) -> Result:
    """Run the command in this process: starting one takes most of the time that it needs to refuse."""
    return CliRunner().invoke(app, ["run", *arguments])


@pytest.mark.usefixtures("_signals_put_back")
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--variants", "int8,int3"), "has no variant 'int3'; it has float32"),
        (("--model", "nothing"), "no model 'nothing'"),
        (("--version", "99"), "has no version 99; there are: 1"),
        (("--rows", "1,0,x"), "--rows is '1,0,x'; give whole numbers"),
        (("--scenario", "flood"), "--scenario is 'flood'; there are users, single_stream, server"),
        (("--find-peak",), "--find-peak is for --scenario server"),
        (("--out", "pyproject.toml"), "--out is 'pyproject.toml', where no folder can be made"),
    ],
)
def test_a_mistake_is_one_clear_line_and_no_traceback(
    arguments: tuple[str, ...], complaint: str, models: Path, tmp_path: Path
) -> None:
    ended = _refused("--models", str(models), "--model", "digits", "--out", str(tmp_path), *arguments)
    assert ended.exit_code == 2
    assert ended.stderr.startswith("error: ")
    assert complaint in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.usefixtures("_signals_put_back")
def test_which_model_must_be_said_where_there_are_several(models: Path, tmp_path: Path) -> None:
    ended = _refused("--models", str(models), "--out", str(tmp_path))
    assert ended.exit_code == 2
    assert "several models" in ended.stderr
    assert "breast_cancer, digits" in ended.stderr


@pytest.mark.usefixtures("_signals_put_back")
def test_a_service_that_answers_nothing_as_promised_is_not_measured(
    models: Path, start_fake: Callable[..., str], tmp_path: Path
) -> None:
    host = start_fake("--error-every", "1")
    options = ("--model", "digits", "--variants", "int8", "--rows", "1", "--host", host)
    ended = _refused("--models", str(models), *options, "--out", str(tmp_path))
    assert ended.exit_code == 1  # not a mistake in what was asked
    assert "error: int8: " in ended.stderr


@pytest.mark.usefixtures("_signals_put_back")
def test_a_host_where_nobody_answers_is_an_error(models: Path, unused_address: str, tmp_path: Path) -> None:
    host = ("--host", unused_address)
    ended = _refused("--models", str(models), "--model", "digits", *host, "--out", str(tmp_path))
    assert ended.exit_code == 2
    assert f"no service answers at {unused_address}" in ended.stderr


@contextmanager
def _under_way(
    models: Path, out: Path, *load: str
) -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    """Start a run, of two variants where `load` names no others, and wait until its load has begun.

    Yield it and what it has started.
    """
    command = [
        *(sys.executable, "-m", "loadtests", "run", "--models", str(models), "--model", "digits"),
        *("--variants", "float32,int8", "--rows", "1", "--users", "2", *load, "--out", str(out)),
    ]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as run:
        try:
            children: list[psutil.Process] = []

            def has_begun() -> bool:
                children[:] = psutil.Process(run.pid).children(recursive=True)
                return _names(children) >= {"service", "loadtests.generator"}

            wait_until(has_begun)
            yield run, children
        finally:
            run.kill()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_process_behind(
    number: signal.Signals, models: Path, tmp_path: Path
) -> None:
    with _under_way(models, tmp_path, "--budget", "6000") as (run, children):
        run.send_signal(number)
        _, complaint = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 130
    assert complaint.startswith("interrupted: ")
    assert "Traceback" not in complaint
    assert not any(map(is_alive, children))
    assert not (tmp_path / "report.json").exists()


def test_an_interrupted_run_reports_the_blocks_that_were_finished_as_partial(
    models: Path, tmp_path: Path
) -> None:
    load = ("--variants", "int8", "--budget", "4", "--warmup", "0")
    with _under_way(models, tmp_path, *load) as (run, children):
        first = psutil.Process(next(one.pid for one in children if "service" in _names([one])))
        wait_until(lambda: not is_alive(first))  # it is started anew when the first block is over
        run.terminate()
        printed, complaint = run.communicate(timeout=PATIENCE_S)
    assert (run.returncode, complaint) == (130, "")
    assert not any(map(is_alive, children))
    report, text = json.loads((tmp_path / "report.json").read_text()), (tmp_path / "report.md").read_text()
    (result,) = report["results"]
    finished = len(result["blocks"])
    assert finished >= 1
    so_far = report["partial"]
    assert "The run was interrupted" in so_far
    assert f"PARTIAL: {so_far}" in " ".join(printed.split())
    assert f"# PARTIAL\n\n{so_far}" in text
    assert "<strong>PARTIAL</strong>" in (tmp_path / "report.html").read_text()
    samples = Samples.load(tmp_path / result["samples"])
    assert set(samples.part.tolist()) <= set(range(finished))  # none, where no turn counted
    assert list(tmp_path.glob(".*")) == []  # of what was for the run alone
    compared = CliRunner().invoke(app, ["compare", str(tmp_path), str(tmp_path)])
    assert compared.exit_code == 2
    assert f"error: the first report is partial: {so_far}" in compared.stderr


@pytest.mark.usefixtures("_signals_put_back")
@pytest.mark.slow
def test_a_folder_that_a_run_writes_into_is_refused_to_another_until_it_is_killed_and_nothing_of_it_runs_on(
    models: Path, tmp_path: Path
) -> None:
    with _under_way(models, tmp_path, "--budget", "6000") as (run, children):
        ended = _refused("--models", str(models), "--model", "digits", "--out", str(tmp_path))
        assert ended.exit_code == 2
        assert f"--out is {str(tmp_path)!r}, into which process {run.pid} (" in ended.stderr
        assert "-m loadtests run" in ended.stderr
        assert len(ended.stderr.splitlines()) == 1
        run.kill()
        psutil.wait_procs(children, timeout=PATIENCE_S)
        assert not any(map(is_alive, children))
    assert list(tmp_path.glob(".run-*"))
    host = ("--host", "http://127.0.0.1:1")
    ended = _refused("--models", str(models), "--model", "digits", "--out", str(tmp_path), *host)
    assert "no service answers" in ended.stderr
    assert not list(tmp_path.glob(".run-*"))


def _names(processes: list[psutil.Process]) -> set[str]:
    names: set[str] = set()
    for process in processes:
        try:
            names |= {name for name in ("service", "loadtests.generator") if name in process.cmdline()}
        except psutil.NoSuchProcess:
            continue
    return names
