"""A version whose files are gone serves on: all that it takes is in memory."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor

from bundle.bundle import Bundle
from bundle.store import ModelStore
from tests.running_service import RunningService
from tests.service.load import OCTETS
from tests.service.repository.moving import moving_model


def test_a_version_whose_files_are_gone_answers_every_request(
    watching: RunningService, moving_store: ModelStore, digits: Bundle
) -> None:
    """On the loop, where there is one row, and in threads, where there are many."""
    bodies = [bytes(256), bytes(256 * 200)] * 40
    with moving_model("default", digits, moving_store, watching) as moving, ThreadPoolExecutor(8) as clients:
        shutil.rmtree(moving.folder)
        answers = list(
            clients.map(
                lambda body: watching.client.post("/predict?variant=int8", content=body, headers=OCTETS),
                bodies,
            )
        )
        assert {answer.status_code for answer in answers} == {200}, {answer.text[:200] for answer in answers}
        assert watching.client.get("/openapi.json").status_code == 200
