"""A version whose files are gone serves on: all that it takes is in memory."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.running_service import running_service
from tests.service.load import OCTETS


@pytest.mark.parametrize("inline_us", ["0", "500"], ids=["in threads", "on the loop"])
def test_a_version_whose_files_are_gone_answers_every_request(
    models: Path, tmp_path: Path, inline_us: str
) -> None:
    store = tmp_path / "models"
    shutil.copytree(models / "digits", store / "digits")
    arguments = ("--preload", "int8", "--inline-us", inline_us, "--threads", "2", "--reload-s", "0.1")
    with running_service(store, tmp_path / "log", *arguments) as service:
        shutil.rmtree(store / "digits")
        body = bytes(4 * 64 * 200)
        with ThreadPoolExecutor(8) as clients:
            answers = list(
                clients.map(
                    lambda _: service.client.post("/predict?variant=int8", content=body, headers=OCTETS),
                    range(80),
                )
            )
        assert {answer.status_code for answer in answers} == {200}
        assert service.client.get("/openapi.json").status_code == 200
