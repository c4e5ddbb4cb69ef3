"""The search as a task for the process that converts: what is laid before it, and what it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bundle.manifest import GraphSpec
from bundle.normalizer import FloatArray
from training.export.mixed.graph import Graph
from training.export.mixed.making import Maker
from training.export.mixed.recipe import Recipe, Wish
from training.export.mixed.search import Search
from training.export.mixed.taps import Rows
from training.export.probe import Probe

STEPS = 100  # that are told of a search, at most

_TASK, _RECIPE = "mixed.npz", "mixed.json"


@dataclass(frozen=True)
class Task:
    """A search for the variant `mixed`; rows are normalised."""

    rows: FloatArray  # (n, features): validation rows
    y: npt.NDArray[np.integer] | None  # (n,); None where labels are not known
    wish: Wish
    asked: GraphSpec
    """How the float graph wants to be asked."""

    @contextmanager
    def in_folder(self, folder: Path) -> Iterator[None]:
        """Lay it where the converter looks for it, and take away after what is no part of a bundle."""
        arrays: dict[str, Any] = {"rows": self.rows} | ({} if self.y is None else {"y": self.y})
        rest = {"wish": self.wish.model_dump(), "asked": self.asked.model_dump()}
        np.savez(folder / _TASK, **arrays, rest=np.array(json.dumps(rest)))
        try:
            yield
        finally:
            (folder / _TASK).unlink()
            (folder / _RECIPE).unlink(missing_ok=True)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return what `in_folder` laid there."""
        with np.load(folder / _TASK, allow_pickle=False) as arrays:
            held: dict[str, Any] = dict(arrays)
        rest = json.loads(str(held["rest"]))
        wish, asked = Wish.model_validate(rest["wish"]), GraphSpec.model_validate(rest["asked"])
        return cls(held["rows"], held.get("y"), wish, asked)

    @staticmethod
    def recipe(folder: Path) -> Recipe:
        """Return the recipe that was left in the folder."""
        return Recipe.model_validate_json((folder / _RECIPE).read_text("utf-8"))

    def perform(self, folder: Path, graph: bytes, probe: Probe, on_step: Callable[[str], None]) -> bytes:
        """Return the best that is found of the float `graph`, and leave its recipe in `folder`."""
        opened = partial(probe.opened, graph=self.asked)
        told = 0

        def tell(note: str, share: float) -> None:
            nonlocal told
            for _ in range(told, int(share * STEPS)):
                on_step(note)
            told = max(told, int(share * STEPS))

        shown = Rows(probe.calibration, probe.tokens, probe.shape, self.asked.batch == "one")
        search = Search(Maker(Graph(graph), shown), opened, self.rows, self.y, self.wish, tell)
        content, recipe = search.run()
        (folder / _RECIPE).write_text(recipe.model_dump_json(), "utf-8")
        return content
