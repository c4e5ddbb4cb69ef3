"""Servers of every protocol, compared with each other like variants, over real HTTP."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from bundle.store import ModelStore
from loadtests.cli.app import app
from loadtests.errors import LoadTestError
from loadtests.generator.load import Preparer
from loadtests.generator.process import Generator
from loadtests.measure.summary import summarise_windows
from loadtests.protocol.dialects.system import System
from loadtests.rig.cores import usable
from loadtests.system import audits
from loadtests.system.client import ServiceClient
from loadtests.workload.held_out import HeldOut
from tests.loadtests.conftest import counts_of, plain_order
from tests.patience import PATIENCE_S

PROTOCOLS = (
    "predict+{}/digits~int8",
    "oip+{}/digits~int8",
    "oip+{}/digits~int8?binary",
    "tfs+{}/digits~int8",
    "oip+{grpc}/digits~int8",
)


@pytest.fixture(scope="module")
def rows_file(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test set of the bundle, as somebody would keep it who has no bundle."""
    file = tmp_path_factory.mktemp("rows") / "digits.npz"
    x, y = ModelStore(models).open("digits").test_set()
    np.savez(file, x=x, y=y)
    return file


@pytest.mark.parametrize("url", PROTOCOLS)
@pytest.mark.parametrize("scenario", ["users", "server"])
def test_misbehaviour_is_counted_exactly_in_every_protocol(
    url: str,
    scenario: str,
    models: Path,
    start_fake: Callable[..., str],
    generator: Generator,
    tmp_path: Path,
) -> None:
    host = start_fake("--error-every", "5", "--wrong-every", "3")
    wanted: dict[str, Any] = {
        "variant": "one",
        "scenario": scenario,
        "rows": 2,
        "think_s": 0.01,
        "duration_s": 0.6,
    }
    order = plain_order(models, **_asked(url, host), **wanted)
    samples, did = generator.send(order, tmp_path / "s.npz").samples, counts_of(host)
    assert samples.variant == "one"
    assert did["errors"] > 0
    failures = [str(samples.errors[one]) for one in samples.error[samples.error >= 0]]
    assert failures == ["status 500"] * did["errors"]
    assert did["wrong"] > 0
    assert len(samples.wrong_sample) == did["wrong"]


@pytest.mark.parametrize("answers", ["labels", "places", "scores"])
@pytest.mark.parametrize("url", PROTOCOLS[1:])
def test_whatever_a_model_answers_its_labels_are_found(
    url: str,
    answers: str,
    models: Path,
    rows_file: Path,
    start_fake: Callable[..., str],
    generator: Generator,
    tmp_path: Path,
) -> None:
    host = start_fake("--answers", answers)
    wanted: dict[str, Any] = {
        "variant": "one",
        "think_s": 0.01,
        "rows_from": str(rows_file),
        "model": "",
        "rows": 3,
        "duration_s": 0.3,
    }
    window = generator.send(plain_order(models, **_asked(url, host), **wanted), tmp_path / "s.npz")
    summary = summarise_windows([window])
    assert (summary.failures, len(window.samples.wrong_sample)) == ({}, 0)
    assert summary.answers > 1


@pytest.mark.parametrize("url", PROTOCOLS)
def test_a_system_is_audited_as_a_variant_is(url: str, models: Path, start_fake: Callable[..., str]) -> None:
    held_out = HeldOut.of_bundle(ModelStore(models).open("digits"))
    system = System.of(f"a={_asked(url, start_fake())['system']}", held_out.labels)
    with ServiceClient(system.host) as client:
        assert client.is_ready_for(system.target)
        dialect = client.meet(system.target)
        check = audits.of_batches(client.endpoint, dialect, held_out.x)
    assert check.passed
    assert "asked in batches of 1, 7" in check.detail  # and of 32, where the machine has time
    assert ", 0 got different labels" in check.detail


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("oip+{}/wine", "does not serve wine: /v2/models/wine answers 404: there is no /v2/models/wine"),
        ("tfs+{}/wine", "does not serve wine: there is no model wine"),
        ("oip+{grpc}/wine", "does not serve wine: ModelMetadata answers 404: there is no model wine: ü%"),
        ("predict+{}/digits~int3", "does not serve digits~int3: no variant 'int3'"),
    ],
)
def test_what_a_system_does_not_have_is_told_in_its_own_words(
    url: str, complaint: str, models: Path, start_fake: Callable[..., str]
) -> None:
    host = start_fake()
    with pytest.raises(LoadTestError, match=complaint):
        Preparer().prepare(plain_order(models, **_asked(url, host)))


def _asked(url: str, host: str) -> dict[str, Any]:
    """Return the part of an order that asks the fake service at `host` for what a URL says."""
    if "{grpc}" not in url:
        return {"host": host, "system": url.format(host)}
    grpc = f"grpc://127.0.0.1:{httpx.get(f'{host}/grpc', timeout=PATIENCE_S).text}"
    return {"host": grpc, "system": url.format(grpc=grpc)}


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["run", *arguments])


@pytest.mark.usefixtures("_signals_put_back", "every_turn_counts")
def test_systems_are_compared_with_each_other_in_one_table_and_one_picture(
    models: Path, rows_file: Path, start_fake: Callable[..., str], tmp_path: Path
) -> None:
    slow, quick = start_fake("--slow-ms", "10"), start_fake("--slow-ms", "2")
    load = ("--rows", "2", "--users", "2", "--budget", "4", "--warmup", "0.1", "--margin", "0.5")
    systems = ("--system", f"slow=oip+{slow}/digits", "--system", f"quick=tfs+{quick}/digits")
    arguments = ("--rows-from", str(rows_file), *systems, *load, "--out", str(tmp_path))
    ended = _run(*arguments)
    assert ended.exit_code in {0, 3}, ended.output  # a busy machine may void it
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["model"], report["version"], report["noun"]) == ("digits.npz", None, "system")
    assert report["reference"] == "slow"
    assert [(one["name"], one["form"]) for one in report["systems"]] == [
        ("slow", "JSON tensors (x FP32 [-1, 64])"),
        ("quick", "JSON instances of shape [64]"),
    ]
    for result in report["results"]:
        unknown = ("cost", "resident_bytes", "variant_bytes", "offline_accuracy", "agreement")
        assert [result[name] for name in unknown] == [None] * len(unknown)
        assert result["accuracy"]["value"] == 1.0
        assert result["unloaded"]["model_ms"] is None or result["unloaded"]["model_ms"] > 0
    text = (tmp_path / "report.md").read_text()
    if ended.exit_code == 0:  # which of the two to take is for a quiet machine to say
        told = report["verdict"]["sentences"][0]
        assert "`quick`" in told
        assert told in text
        assert report["verdict"]["certificates"]["quick"]["judgement"] == "no worse"
    assert "| system | rows |" in text
    method = " ".join(report["method"])
    assert f"`quick` at tfs+{quick}/digits, JSON instances of shape [64]" in method
    assert not (tmp_path / "request.json").exists()
    assert not list(tmp_path.glob("service-*.log"))
    assert {"tradeoff.svg", "report.html"} <= {file.name for file in tmp_path.iterdir()}


@pytest.mark.usefixtures("_signals_put_back")
def test_a_system_is_compared_with_a_variant_that_is_served_here(
    models: Path, start_fake: Callable[..., str], tmp_path: Path
) -> None:
    host = start_fake("--slow-ms", "20", "--as-model", "int8")
    load = ("--rows", "2", "--users", "2", "--budget", "1", "--blocks", "1", "--warmup", "0.1")
    pid = ("--pid", f"theirs={httpx.get(f'{host}/pid', timeout=PATIENCE_S).text}")
    data = ("--models", str(models), "--model", "digits", "--variants", "int8")
    arguments = (*data, "--system", f"theirs=oip+{host}/digits~int8", *pid, *load, "--out", str(tmp_path))
    ended = _run(*arguments)
    assert ended.exit_code in {0, 1, 3}, ended.output
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["noun"], report["reference"], report["model"]) == ("system", "int8", "digits")
    ours, theirs = report["results"]
    assert (ours["variant"], theirs["variant"]) == ("int8", "theirs")
    if sys.platform == "linux" and usable() > 1:  # each has its own, whether or not it had it to itself
        cores = report["cores"]
        assert len({*cores["service"], *cores["generator"]}) == 2
    for one in (ours, theirs):  # whose processes are known
        assert one["cost"] is not None
        assert one["resident_bytes"] > 10e6
    assert (tmp_path / "service-int8.log").exists()


@pytest.mark.usefixtures("_signals_put_back")
@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("--system", "a=oip+http://127.0.0.1:1/m"), 2, "no service answers at http://127.0.0.1:1"),
        (("--system", "a=http://h/m"), 2, "names no protocol"),
        (("--system", "a=predict+http://h", "--system", "a=oip+http://h/m"), 2, "'a' is the name of two"),
        (("--system", "a=predict+http://h", "--variants", "int3"), 2, "has no variant 'int3'"),
        (("--system", "int8=predict+http://h", "--variants", "int8"), 2, "'int8' is the name of two"),
        (("--system", "a=predict+http://h", "--host", "http://h"), 2, "--host is for variants alone"),
        (("--system", "a=predict+http://h", "--max-mb", "1"), 2, "--max-mb is of the file of a variant"),
        (("--system", "a=predict+http://h", "--service-cores", "2"), 2, "--system names one that runs"),
        (("--system", "a=predict+http://h", "--pid", "b=1"), 2, "give the name of a --system and a number"),
        (("--system", "a=predict+http://h", "--pid", "a=x"), 2, "--pid is 'a=x'; give the name"),
        (("--system", "a=predict+http://h", "--pid", "a=99999999"), 2, "no process here has that number"),
        (("--rows-from", "x.npz"), 2, "--rows-from is for --system"),
        (("--rows-from", "x.npz", "--system", "a=predict+http://h"), 2, "--model is of a model with a test"),
    ],
)
def test_a_mistake_is_one_clear_line(
    arguments: tuple[str, ...], code: int, complaint: str, models: Path, tmp_path: Path
) -> None:
    ended = _run("--models", str(models), "--model", "digits", "--out", str(tmp_path), *arguments)
    assert ended.exit_code == code, ended.output
    assert complaint in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.usefixtures("_signals_put_back")
@pytest.mark.parametrize(
    ("options", "url", "complaint"),
    [
        (("--not-ready", "--error-every", "1"), "oip+{}/digits", "error: a: {} is not ready for digits"),
        (("--not-ready", "--error-every", "1"), "tfs+{}/digits", "error: a: {} is not ready for digits"),
        ((), "oip+{}/wine", "error: a: {} is not ready for wine, even when it is asked"),
        (("--error-every", "1"), "tfs+{}/digits", "error: a: {} does not serve digits: told to"),
    ],
)
def test_a_system_that_does_not_answer_as_it_should_is_not_measured(
    options: tuple[str, ...],
    url: str,
    complaint: str,
    models: Path,
    start_fake: Callable[..., str],
    tmp_path: Path,
) -> None:
    host = start_fake(*options)
    data = ("--models", str(models), "--model", "digits", "--out", str(tmp_path))
    ended = _run(*data, "--system", f"a={url.format(host)}", "--rows", "1", "--budget", "1")
    assert ended.exit_code == 1, ended.output  # not a mistake in what was asked
    assert complaint.format(host) in ended.stderr
