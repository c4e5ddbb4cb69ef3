"""The program's own face: options, environment, mistakes."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from service.__main__ import main
from service.app import create_app
from service.observe.workers import SHARED_VARIABLE
from service.settings import FORMER_PREFIX, PREFIX, Settings
from tests.patience import PATIENCE_S
from tests.running_service import running_service

# What Kubernetes sets in each container for a Service, whose name begins with a letter and ends with no "-".
OF_A_SERVICE = re.compile(
    r"[A-Z]([A-Z0-9_]*[A-Z0-9])?"
    r"(_SERVICE_HOST|_SERVICE_PORT(_[A-Z0-9_]+)?|_PORT|_PORT_\d+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?)"
)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "service", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def test_the_help_shows_every_option_with_its_variable_and_its_meaning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for name, field in Settings.model_fields.items():
        assert f"--{name.replace('_', '-')}" in text
        assert PREFIX + name.upper() in text
        assert field.description
        assert " ".join(field.description.split()[:4]) in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "99999"], "error: --port is '99999'"),
        (["--port", "http"], "error: --port is 'http'"),
        (["--max-rows", "0"], "error: --max-rows is '0'"),
        (["--log-level", "loud"], "loud"),
        *(
            (["--shadow", shadow], f"error: --shadow is '{shadow}'")
            for shadow in (
                "int8",
                "int8=0",
                "int8=1.1",
                "int8=5%",
                "=0.1",
                "auto=0.1",
                "../x=0.1",
                "int8=nan",
            )
        ),
        (
            ["--default-variant", "int 8"],
            "error: --default-variant is 'int 8': must be the name of a variant, ",
        ),
        (["--default-variant", ""], "error: --default-variant is ''"),
        (["--auto-floor", "1.5"], "error: --auto-floor is '1.5'"),
        (["--auto-floor", "nan"], "error: --auto-floor is 'nan'"),
    ],
)
def test_a_wrong_option_is_told_in_a_line_and_ends_with_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1


def test_an_option_that_is_none_is_told_and_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--modles", "models"])
    assert ended.value.code == 2
    assert "--modles" in capsys.readouterr().err


def test_a_mistake_ends_the_program_with_2_and_no_traceback() -> None:
    ended = run("--models", "nowhere")
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: --models is 'nowhere', which is not a folder")
    assert "Traceback" not in ended.stderr


def test_several_workers_without_a_folder_to_share_are_told_what_is_needed_and_end_with_2(
    digits_alone: Path, tmp_path: Path
) -> None:
    program = tmp_path / "confined.py"
    program.write_text(
        "import runpy, tempfile\n"
        "tempfile._candidate_tempdir_list = lambda: ['/proc']\n"
        "runpy.run_module('service', run_name='__main__', alter_sys=True)\n"
    )
    options = ("--models", str(digits_alone), "--port", "0", "--preload", "int8", "--workers", "2")
    command = [sys.executable, str(program), *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: 2 workers ")
    assert "TMPDIR" in ended.stderr
    assert ended.stderr.count("\n") == 1
    with running_service(
        digits_alone, tmp_path / "log", "--preload", "int8", program=(str(program),)
    ) as service:
        assert service.client.get("/models").status_code == 200  # alone, it needs none


def test_a_folder_to_share_that_is_not_there_is_told_and_ends_with_2(
    digits_alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SHARED_VARIABLE, str(digits_alone / "nowhere"))
    ended = run("--models", str(digits_alone), "--port", "0")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert str(digits_alone / "nowhere") in ended.stderr


def test_a_port_that_is_taken_is_told_and_ends_with_an_error(digits_alone: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("--models", str(digits_alone), "--preload", "int8", "--port", str(port))
    assert ended.returncode != 0
    assert "address already in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_every_option_is_an_environment_variable_too(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "PRECISION_LADDER__PRELOAD": "int8,float16",
        "PRECISION_LADDER__DEFAULT_MODEL": "breast_cancer",
        "PRECISION_LADDER__PORT": "7",
        "PRECISION_LADDER__DEFAULT_VARIANT": "auto",
        "PRECISION_LADDER__AUTO_FLOOR": "0.9",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.preload == ("int8", "float16")
    assert settings.default_model == "breast_cancer"
    assert settings.port == 7
    assert (settings.default_variant, settings.auto_floor) == ("auto", 0.9)


def test_a_factory_makes_the_application_of_what_the_environment_says(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRECISION_LADDER__MODELS", str(models))

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(create_app())
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get("/health/live")

    assert asyncio.run(ask()).json() == {"status": "live"}


def test_no_option_is_set_by_the_variable_of_a_kubernetes_service_however_that_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert OF_A_SERVICE.fullmatch("SERVICE_PORT")
    assert OF_A_SERVICE.fullmatch("PRECISION_LADDER_PORT_8000_TCP_ADDR")
    alike = [name for name in Settings.model_fields if OF_A_SERVICE.fullmatch(PREFIX + name.upper())]
    assert alike == ["grpc_port"]  # where the Service's name is precision-ladder--grpc
    monkeypatch.setenv(f"{PREFIX}GRPC_PORT", "tcp://10.0.0.1:8001")
    assert Settings().grpc_port is None
    monkeypatch.setenv(f"{PREFIX}GRPC_PORT", "8001")
    assert Settings().grpc_port == 8001


def test_a_former_variable_counts_where_it_can_be_read_and_the_new_one_is_not_set(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    given = {"PORT": "tcp://10.0.0.1:8000", "MAX_ROWS": "7", "MAX_WAIT_MS": "-1", "HOST": "1.1.1.1"}
    for name, value in given.items():
        monkeypatch.setenv(FORMER_PREFIX + name, value)
    monkeypatch.setenv(f"{PREFIX}HOST", "2.2.2.2")
    settings = Settings()
    assert (settings.port, settings.max_wait_ms) == (8000, 250.0)
    assert (settings.max_rows, settings.host) == (7, "2.2.2.2")
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert told[0].startswith("ignored SERVICE_PORT=tcp://10.0.0.1:8000: ")
    assert told[1].startswith("ignored SERVICE_MAX_WAIT_MS=-1: ")


def test_the_service_starts_beside_a_kubernetes_service_named_service_or_like_the_project(
    digits_alone: Path, tmp_path: Path
) -> None:
    address = "tcp://10.0.0.1:8000"
    given = {"SERVICE_PORT": address, "PRECISION_LADDER_PORT": address, "SERVICE_PRELOAD": "float16"}
    with running_service(digits_alone, tmp_path / "log", environment=given) as service:
        variants = service.client.get("/variants").json()["variants"]
        assert [one["name"] for one in variants if one["state"] == "loaded"] == ["float16"]
        assert service.stop() == 0
