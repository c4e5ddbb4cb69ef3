"""What a real run needs: cores where there are two, a client, a model, and servers that answer as told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.load import wrk
from benchmarks.load.client import Client
from benchmarks.load.own import Own
from benchmarks.plan import Plan
from benchmarks.subjects.models import Models
from bundle.bundle import Bundle
from bundle.store import ModelStore
from loadtests.rig import cores
from loadtests.rig.cores import Cores
from tests.loadtests.conftest import _signals_put_back, fake_service  # noqa: F401 - a fixture

WRK = wrk.find()
CLIENTS = ["ours", *(["wrk"] if WRK else [])]  # ours is tried everywhere, and wrk where it is


@pytest.fixture(scope="session")
def bound() -> Cores:
    return cores.choose()


@pytest.fixture(scope="session", params=CLIENTS)
def client(request: pytest.FixtureRequest, bound: Cores) -> Client:
    return wrk.Wrk(WRK, bound.load) if WRK and request.param == "wrk" else Own(bound.load)


@pytest.fixture(scope="session")
def bundle(models: Path) -> Bundle:
    return ModelStore(models).open("breast_cancer")


@pytest.fixture
def plan(models: Path, bound: Cores, tmp_path: Path) -> Plan:
    """One round of a third of a second, of the small model, with the client that there is everywhere."""
    return Plan(
        models=Models(models),
        rounds=1,
        seconds=0.3,
        cores=bound,
        client=Own(bound.load),
        logs=tmp_path,
        say=lambda _: None,
        peers=("tutorial",),
    )


@pytest.fixture
def start_fake(models: Path) -> Iterator[Callable[..., str]]:
    """Start a fake service of `digits` with some options; return its address. It is stopped in the end."""
    with ExitStack() as stack:
        yield lambda *options: stack.enter_context(fake_service(models, *options))


@pytest.fixture(scope="session")
def unused_address() -> str:
    """An address at which nobody answers: port 1 is not given out to anybody."""
    return "http://127.0.0.1:1"
