"""What the whole suite shares: real data by path, and models that the project itself has published."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import pytest
from _pytest.assertion import rewrite
from filelock import FileLock
from hypothesis import settings
from hypothesis.internal import charmap

from bundle.store import ModelStore
from tests import surroundings
from tests.field_data import write_codes, write_loans
from tests.own_data import OwnModel
from tests.untraced import untraced
from training.config import TrainConfig
from training.evaluation import stopwatch
from training.evaluation.timing import time_runtimes
from training.export.worker import Worker
from training.runs.pipeline import train

_REPOSITORY = Path(__file__).parents[1]
_LONGEST = ("end_to_end", "training", "loadtests", "service")

# A machine that is busy elsewhere is no fault of what is tested: there is no deadline. `make soak` asks for
# the thorough profile.
settings.register_profile("quick", deadline=None, max_examples=25)
settings.register_profile("thorough", deadline=None, max_examples=500)
settings.load_profile("quick")

# pytest writes every file of tests anew before it runs it, which takes twice as long when it is traced.
rewrite._rewrite_test = untraced(rewrite._rewrite_test)
# So does Hypothesis look at every character that there is, once in a fresh clone, for seconds.
charmap.intervals_from_codec = lru_cache(untraced(charmap.intervals_from_codec))

TrainAll = Callable[[str, Mapping[str, TrainConfig]], Path]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--trained", type=Path, help="where another run of the tests keeps the models it trained"
    )


def pytest_configure() -> None:
    surroundings.put_aside()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what takes longest: then the processes that share the files end at about the same time."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    return _LONGEST.index(folder) if folder in _LONGEST else len(_LONGEST)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("SHARED_DATA", _REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"there is no {folder}; SHARED_DATA can name another")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _variants_timed_in_a_hurry() -> Iterator[None]:
    """Let what is trained here be timed for a moment: what a time is worth is for programs to find out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            time_runtimes, "__kwdefaults__", (time_runtimes.__kwdefaults__ or {}) | {"budget_s": 0.01}
        )
        # Nor is a process started, and TensorFlow imported in it, to time it on one thread.
        patch.setattr(stopwatch, "_is_bound", lambda: True)
        yield


@pytest.fixture(scope="session")
def convert() -> Iterator[Worker]:
    """One converter for every model that is trained here: it is seconds before it can make its first."""
    with Worker() as worker:
        yield worker


@pytest.fixture(scope="session")
def trained_stores(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str, pytestconfig: pytest.Config
) -> Path:
    """The folder of all stores that the tests train, which the processes of a run share."""
    base = tmp_path_factory.getbasetemp()
    given: Path | None = pytestconfig.getoption("--trained")
    return given or (base if worker_id == "master" else base.parent)


@pytest.fixture(scope="session")
def train_once(trained_stores: Path, convert: Worker) -> TrainAll:
    """Publish models in a store of that name. Of several test processes the first trains; the others wait."""

    def train_once(name: str, configs: Mapping[str, TrainConfig]) -> Path:
        store = trained_stores / name
        with FileLock(f"{store}.lock"):
            for model, config in configs.items():
                if not ModelStore(store).versions(model):
                    train(config, store, convert=convert)
        return store

    return train_once


@pytest.fixture(scope="session")
def models(train_once: TrainAll) -> Path:
    """A store with `digits` (images, ten int labels) and `breast_cancer` (vectors, two str labels)."""
    epochs = {"digits": 10, "breast_cancer": 15}
    return train_once("models", {name: TrainConfig(data=name, epochs=epochs[name]) for name in epochs})


@pytest.fixture(scope="session")
def own_model(trained_stores: Path) -> OwnModel:
    """A model of three int labels that the program trained, twice, of a file; see `tests.own_data`."""
    own = OwnModel(trained_stores / "own-model")
    with FileLock(f"{own.folder}.lock"):
        own.train()
    return own


@pytest.fixture(scope="session")
def field_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `loans.csv` and `codes.csv`; see `tests.field_data`."""
    folder = tmp_path_factory.mktemp("field-data")
    write_loans(folder / "loans.csv")
    write_codes(folder / "codes.csv")
    return folder


@pytest.fixture(scope="session")
def field_models(field_data: Path, train_once: TrainAll) -> Path:
    """A store with `loans` (objects of numbers, a category and a text) and `codes` (texts of one word)."""
    loans = TrainConfig(
        data=str(field_data / "loans.csv"),
        label="decision",
        text=("note",),
        missing="fill",
        model="cnn",
        hidden=(16,),
        epochs=20,
        variants=("float32", "float16", "dynamic_int8", "int8", "tensorflow"),
    )
    codes = TrainConfig(
        data=str(field_data / "codes.csv"),
        label="parity",
        text=("code",),
        split="part",
        hidden=(16, 16),
        epochs=8,
        learning_rate=0.02,
        variants=("float32", "float16", "dynamic_int8", "int8"),
    )
    return train_once("field-models", {"loans": loans, "codes": codes})
