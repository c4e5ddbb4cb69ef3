from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.loadtests.conftest import run_module


def test_both_contenders_are_sent_to_the_server_and_compared(
    models: Path, start_fake: Callable[..., str]
) -> None:
    host = start_fake()
    options = ("--models", str(models), "--model", "digits", "--users", "2", "--rounds", "1")
    ended = run_module("benchmarks.generator_speed", *options, "--seconds", "0.5", "--host", host)
    assert ended.returncode in {0, 1}, ended.stderr
    told = re.search(r"ratio of requests a second: ([\d.]+) ", ended.stdout)
    assert told is not None, ended.stdout
    assert (ended.returncode == 0) == (float(told[1]) >= 2.0)
    assert ended.stdout.startswith("round 1: ours ")
    assert httpx.get(f"{host}/counts").json()["requests"] > 10


def test_a_server_that_is_not_there_is_a_mistake(models: Path, unused_address: str) -> None:
    options = ("--models", str(models), "--model", "digits", "--rounds", "1", "--host", unused_address)
    ended = run_module("benchmarks.generator_speed", *options)
    assert ended.returncode == 2
    assert f"error: no service answers at {unused_address}" in ended.stderr
    assert "Traceback" not in ended.stderr
