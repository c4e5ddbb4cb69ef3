"""One service for all clients, with a model of each kind, and the questions that they ask it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bundle.store import ModelStore
from tests.clients.conversation import Said, converse
from tests.clients.questions import Question, table, texts, vectors
from tests.field_data import LOAN
from tests.running_service import RunningService, running_service

ROWS = 5
UNLOADED = "breast_cancer"
"""What clients unload, and load again."""
AUTO, CHOSEN = "digits~auto", "digits~int8"
"""What leaves the variant to the service, and the only one that its policy has it choose."""


@dataclass(frozen=True)
class Served:
    """A service, where it answers, and what it is asked."""

    service: RunningService
    http: str
    grpc: str
    questions: list[Question]

    def question(self, model: str) -> Question:
        return next(one for one in self.questions if one.model == model)

    def task(self, **more: Any) -> dict[str, Any]:
        """Return what a client's program is told: all but the answers."""
        questions = [
            {"model": one.model, "inputs": one.inputs, "instances": one.instances} for one in self.questions
        ]
        return {"http": self.http, "grpc": self.grpc, "unloaded": UNLOADED, "questions": questions} | more


@pytest.fixture(scope="session")
def served(models: Path, field_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("clients")
    store = folder / "models"
    for part in (models, field_models):
        shutil.copytree(part, store, dirs_exist_ok=True)
    policy = store / "digits" / "policy.toml"
    policy.write_text('variants = ["int8"]\n', encoding="utf-8")
    os.utime(policy, (0, 0))  # as if it had always been there
    log = folder / "log"
    arguments = "--default-model digits --max-rows 200 --grpc-port 0 --preload float32,int8"
    with running_service(store, log, *arguments.split()) as service:
        found = re.search(r"gRPC is answered on (\S+)", log.read_text(encoding="utf-8"))
        assert found, log.read_text(encoding="utf-8")
        yield Served(service, service.client.base_url.netloc.decode(), found[1], list(_asked(service, store)))


def _asked(service: RunningService, store: Path) -> Iterator[Question]:
    for model in ("digits", "digits~int8", AUTO, UNLOADED):
        rows, _ = ModelStore(store).open(model.partition("~")[0]).test_set()
        yield vectors(service.client, model, rows[:ROWS])
    images = ModelStore(store).open("digits").test_set()[0][:ROWS].reshape(ROWS, 8, 8)
    yield vectors(service.client, "digits~float32", images)
    yield texts(service.client, "codes~float32", ["w0001", "w0002", "kein W\u00f6rtchen", ""])
    yield table(
        service.client, "loans", [LOAN, LOAN | {"age": 33, "job": "student", "note": "no debts at all"}]
    )


Talk = Callable[..., Said]


@pytest.fixture(scope="session")
def talk(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Talk:
    """Have a client's program talk to the service, and return what was said."""

    def talk(client: str, program: str, **task: Any) -> Said:
        name = "-".join([program, *task.values()])
        return converse(client, program, served.task(**task), tmp_path_factory.mktemp(name), name=name)

    return talk
