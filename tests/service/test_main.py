"""The program's own face: options, environment, mistakes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.settings import PREFIX, Settings
from tests.running_service import running_service


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "service", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_help_shows_every_option_with_its_variable_and_its_meaning() -> None:
    text = " ".join(run("--help").stdout.split())
    for name, field in Settings.model_fields.items():
        assert f"--{name.replace('_', '-')}" in text
        assert PREFIX + name.upper() in text
        assert field.description
        assert " ".join(field.description.split()[:4]) in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--models", "nowhere"], "error: --models is 'nowhere', which is not a folder"),
        (["--port", "99999"], "error: --port is '99999'"),
        (["--port", "http"], "error: --port is 'http'"),
        (["--max-rows", "0"], "error: --max-rows is '0'"),
        (["--log-level", "loud"], "loud"),
        (["--modles", "models"], "--modles"),
    ],
)
def test_a_mistake_is_told_in_a_line_and_ends_with_2(arguments: list[str], message: str) -> None:
    ended = run(*arguments)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_port_that_is_taken_is_told_and_ends_with_an_error(models: Path, tmp_path: Path) -> None:
    with running_service(models, tmp_path / "log", ready=False) as service:
        ended = run("--models", str(models), "--port", str(service.client.base_url.port))
    assert ended.returncode != 0
    assert "address already in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_every_option_is_an_environment_variable_too(models: Path, tmp_path: Path) -> None:
    environment = {"SERVICE_PRELOAD": "int8,float16", "SERVICE_DEFAULT_MODEL": "breast_cancer"}
    with running_service(models, tmp_path / "log", environment=environment) as service:
        answer = service.client.get("/variants").json()
        assert answer["model"] == "breast_cancer"
        loaded = [variant["name"] for variant in answer["variants"] if variant["state"] == "loaded"]
        assert loaded == ["float16", "int8"]


def test_uvicorn_can_start_the_application_by_its_factory(models: Path) -> None:
    code = (
        "import asyncio, httpx; from service.app import create_app\n"
        "async def main():\n"
        "    transport = httpx.ASGITransport(create_app())\n"
        "    async with httpx.AsyncClient(transport=transport, base_url='http://x') as client:\n"
        "        print((await client.get('/health/live')).json())\n"
        "asyncio.run(main())"
    )
    environment = os.environ | {"SERVICE_MODELS": str(models)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "{'status': 'live'}"
