"""What answers without HTTP: of the variants of a run, and of what answers by one of several."""

from __future__ import annotations

from pathlib import Path

from bundle.bundle import Bundle
from bundle.manifest import RESERVED
from loadtests.experiment.plan import Plan
from loadtests.system.offline_predictions import OfflinePredictions, join, predict, read_predictions


class Predicted:
    """The predictions of a run, each made once: a file that an earlier run left behind is not trusted."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._known: dict[str, OfflinePredictions] = {}

    def of(self, bundle: Bundle, name: str) -> OfflinePredictions | None:
        """Predict with a variant, or with all that may answer in its place; None where none can run here.

        Raises GeneratorError.
        """
        behind = self._plan.behind(name)
        if not behind:
            return None
        if name not in RESERVED:
            return self._alone(bundle, name)
        shape = len(self._plan.asked.y), bundle.manifest.classes
        found = {one: read_predictions(self._alone(bundle, one).file, shape)[one] for one in behind}
        return join(found, bundle.manifest.cascade, self._file(name))

    def _alone(self, bundle: Bundle, name: str) -> OfflinePredictions:
        if name not in self._known:
            self._known[name] = predict(bundle, name, file=self._file(name), core=self._plan.cores.load)
        return self._known[name]

    def _file(self, name: str) -> Path:
        return self._plan.out / "samples" / f"offline-{name}.npz"
