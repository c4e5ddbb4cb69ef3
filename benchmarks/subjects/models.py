"""The models that are served, trained where they are missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.errors import BenchmarkError
from bundle.bundle import Bundle
from bundle.store import ModelStore
from loadtests.rig.child import Child, program


@dataclass(frozen=True)
class Recipe:
    """What `python -m training train` is told, to make a model of this name."""

    name: str
    data: str
    architecture: str
    more: tuple[str, ...] = ()


SMALL = Recipe("breast_cancer", "breast_cancer", "mlp")  # 30 features
WIDE = Recipe("fashion_mnist", "fashion_mnist", "cnn")  # 784 features
# 784 features; a ladder of widths, of which two answer together.
WIDTHS = Recipe("fashion_widths", "fashion_mnist", "mlp", ("--widths", "0.25,0.5,1"))
QUICK = Recipe("digits_mlp", "digits", "mlp")  # 64 features
SLOW = Recipe("digits_cnn", "digits", "cnn")  # 64 features
# About as slow as a model can be that is trained in a minute: half a millisecond a row.
HEAVY = Recipe(
    "digits_heavy", "digits", "cnn", ("--hidden", "192,384", "--epochs", "2", "--variants", "float32")
)


@dataclass(frozen=True)
class Models:
    """The folder of the models, and that of the data sets to train on; without it they are downloaded."""

    folder: Path
    data_dir: Path | None = None

    def bundle(self, recipe: Recipe, say: Callable[[str], None]) -> Bundle:
        """Open a model, and train it before where there is none. Raises BenchmarkError and BundleError."""
        store = ModelStore(self.folder)
        if not store.versions(recipe.name):
            say(f"training {recipe.name}")
            self._train(recipe)
        return store.open(recipe.name)

    def _train(self, recipe: Recipe) -> None:
        if find_spec("training") is None:
            raise BenchmarkError(
                f"there is no model {recipe.name!r} in {str(self.folder)!r}, and no `training` to make it"
            )
        options = ("--data", recipe.data, "--model", recipe.architecture, "--name", recipe.name)
        command = program("training", "train", *options, *recipe.more, "--models", str(self.folder.resolve()))
        if self.data_dir is not None and recipe.data == WIDE.data:
            command += ["--data-dir", str(self.data_dir.resolve())]
        with (
            TemporaryDirectory(prefix="bench-") as folder,
            Child(command, log=Path(folder, "log"), core=None) as child,
        ):
            if code := child.wait(None):
                last = "\n".join(child.tail().strip().splitlines()[-5:])
                raise BenchmarkError(f"training {recipe.name} ended with exit code {code}: {last}")
