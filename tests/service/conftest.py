"""Services for all tests that do not need one of their own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import httpx
import numpy as np
import pytest

from bundle.bundle import Bundle
from bundle.normalizer import FloatArray
from bundle.runtimes import open_runtime
from bundle.store import ModelStore
from service.repository.proof.findings import FINDINGS_VARIABLE
from tests.conftest import TrainAll
from tests.running_service import RunningService, running_service
from tests.service.cascading import bring_with_cascade
from training.config import TrainConfig


@pytest.fixture(scope="session", autouse=True)
def _what_was_proven(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[None]:
    """Let services tell each other what they found: each self-test is a process that imports all anew."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "proven"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FINDINGS_VARIABLE, str(folder))
        yield


@pytest.fixture(scope="session")
def service(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    log = tmp_path_factory.mktemp("service") / "log"
    with running_service(models, log, "--default-model", "digits", "--max-rows", "200") as service:
        yield service


@pytest.fixture(scope="session")
def client(service: RunningService) -> httpx.Client:
    return service.client


@pytest.fixture(scope="session")
def fields(field_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service with a model of texts, `codes`, and one of tables, `loans`, which is its default."""
    log = tmp_path_factory.mktemp("fields") / "log"
    arguments = ("--default-model", "loans", "--max-rows", "200", "--preload", "float32,int8")
    with running_service(field_models, log, *arguments) as service:
        yield service.client
        assert "Traceback" not in log.read_text()


@pytest.fixture(scope="session")
def telling(digits_alone: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service that tells, unlike the other, where the time goes and who asks what."""
    log = tmp_path_factory.mktemp("telling") / "log"
    arguments = ("--preload", "int8,float32", "--server-timing", "true", "--access-log", "true")
    with running_service(digits_alone, log, *arguments) as service:
        yield service


@pytest.fixture(scope="session")
def digits_alone(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with nothing but `digits`: a second model would have to be proven at each start."""
    store = tmp_path_factory.mktemp("digits-alone")
    shutil.copytree(models / "digits", store / "digits")
    return store


@pytest.fixture(scope="session")
def slow_models(train_once: TrainAll) -> Path:
    """A store with a `digits` whose int16x8 takes some 150 microseconds for a row."""
    config = TrainConfig(data="digits", epochs=1, hidden=(512, 512), variants=("int16x8",))
    return train_once("slow-models", {"digits": config})


@dataclass(frozen=True)
class Hold:
    """Holds up whoever begins to load a model, in a self-test or after, for as long as a file is there.

    Another file holds up the calls of models that are made in threads, and nothing else.
    """

    file: Path
    calls: Path
    environment: dict[str, str]

    def begin(self) -> None:
        self.file.touch()

    def end(self) -> None:
        self.file.unlink()

    @contextmanager
    def of_calls(self) -> Iterator[None]:
        """Let no call in a thread end while the block runs: what is asked meanwhile waits, however quick."""
        self.calls.touch()
        try:
            yield
        finally:
            self.calls.unlink()


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Hold]:
    hold = hold_in(tmp_path)
    yield hold
    hold.file.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def call_hold(tmp_path_factory: pytest.TempPathFactory) -> Hold:
    """What holds up calls alone."""
    return hold_in(tmp_path_factory.mktemp("call-hold"), of_loading=False)


def hold_in(folder: Path, *, of_loading: bool = True) -> Hold:
    """Return what holds up services that are started with its environment, as soon as it begins."""
    package = folder / "held" / "ai_edge_litert"
    package.mkdir(parents=True)
    found = find_spec("ai_edge_litert")
    assert found is not None
    (package / "__init__.py").write_text(
        "import os, threading, time\n"
        "def hold(name):\n"
        "    while os.path.exists(os.environ[name]): time.sleep(0.02)\n"
        "hold('HELD')\n"
        f"__path__ = {found.submodule_search_locations!r}\n"
        "from ai_edge_litert.interpreter import Interpreter\n"
        "invoke = Interpreter.invoke\n"
        "def held(self):\n"
        "    if threading.current_thread().name.startswith('inference'): hold('HELD_CALLS')\n"
        "    invoke(self)\n"
        "Interpreter.invoke = held\n"
    )
    path = os.pathsep.join(filter(None, [str(package.parent), os.environ.get("PYTHONPATH")]))
    file, calls = folder / "hold", folder / "hold-calls"
    environment = {"PYTHONPATH": path, "HELD": str(file), "HELD_CALLS": str(calls)}
    if of_loading:
        # They find out for themselves: what holds up a self-test must hold up no service of another test.
        environment[FINDINGS_VARIABLE] = ""
    return Hold(file, calls, environment)


@pytest.fixture(scope="session")
def digits(models: Path) -> Bundle:
    return ModelStore(models).open("digits")


@pytest.fixture(scope="session")
def cascaded(digits: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The digits model with a cascade, alone in its store; see `tests.service.cascading`."""
    store = tmp_path_factory.mktemp("cascaded")
    bring_with_cascade(digits, store / "digits" / "1")
    return ModelStore(store).open("digits")


@pytest.fixture(scope="session")
def rows(digits: Bundle) -> FloatArray:
    """Nine raw test rows of the digits model."""
    return digits.test_set()[0][:9]


@pytest.fixture(scope="session")
def expected(digits: Bundle, rows: FloatArray) -> dict[str, FloatArray]:
    """What each variant answers to `rows`, computed in this process."""
    names = [variant.name for variant in digits.manifest.variants]
    return {name: np.asarray(open_runtime(digits, name).predict(rows)) for name in names}
