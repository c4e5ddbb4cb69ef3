"""A variant that is loaded: all that it takes is in memory, and what it costs is known."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from bundle.bundle import Bundle
from bundle.normalizer import FloatArray
from bundle.store import ModelStore
from service.repository.servable import cost_of
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


class Slow:
    """A runtime that takes a second a row, of a clock of its own."""

    def __init__(self) -> None:
        self.now = 0.0

    def predict(self, rows: FloatArray) -> FloatArray:
        self.now += len(rows)
        return rows


def test_a_slow_variant_is_timed_with_few_rows() -> None:
    slow = Slow()
    cost = cost_of(slow, np.zeros((32, 1), np.float32), lambda: slow.now)
    assert (cost.call_us, cost.row_us) == (0.0, 1e6)
    assert slow.now == 3.0
