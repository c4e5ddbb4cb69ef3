"""Which model, version and variant a load is sent to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from bundle.bundle import Bundle
from bundle.store import ModelStore
from loadtests.errors import LoadTestError
from loadtests.workload.payloads import Label


@dataclass(frozen=True)
class Target:
    """What the requests ask for, and so what every answer must say it is from."""

    model: str
    version: int
    variant: str
    labels: tuple[Label, ...]
    """Every label that the model can answer, one a class."""

    def __str__(self) -> str:
        return f"{self.model}/{self.version}/{self.variant}"

    @property
    def path(self) -> str:
        """The path to post to. Model and version are always named, so that no default can change under us."""
        query = urlencode({"model": self.model, "version": self.version, "variant": self.variant})
        return f"/predict?{query}"


def choose_bundle(models: Path, model: str | None, version: int | None) -> Bundle:
    """Open the bundle whose test rows are sent: by default the newest version of the only model there is.

    Raises LoadTestError where the choice is open, and BundleError where there is no such bundle or it is
    damaged.
    """
    store = ModelStore(models)
    if model is None:
        names = store.models()
        if not names:
            raise LoadTestError(f"there is no model in {models}; `python -m training train` makes one")
        if len(names) > 1:
            raise LoadTestError(
                f"there are several models in {models}; choose one of {', '.join(names)} with --model"
            )
        model = names[0]
    return store.open(model, version)


def target_of(bundle: Bundle, variant: str) -> Target:
    """Return the target of a load on one variant. Raises BundleNotFoundError where there is none."""
    return Target(bundle.name, bundle.version, bundle.variant(variant).name, bundle.manifest.labels)
