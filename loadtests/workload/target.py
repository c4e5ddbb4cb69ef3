"""What a load is sent to: a variant of a bundle, or a model of whatever server somebody runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bundle.bundle import Bundle
from bundle.errors import BundleNotFoundError
from bundle.manifest import AUTO, RESERVED
from bundle.store import ModelStore
from loadtests.errors import LoadTestError
from loadtests.workload.payloads import Label

PREDICT = "predict"
_SEPARATOR = "~"  # between a model and its variant, where both are one name


@dataclass(frozen=True)
class Target:
    """What the requests ask for, and so what every answer must say it is from, if it says so."""

    model: str
    """Empty where the server is to choose, which only `predict` allows."""
    version: int | None
    variant: str
    labels: tuple[Label, ...]
    """Every label that the model can answer, one a class."""
    protocol: str = PREDICT
    """A name in `dialects.DIALECTS`."""
    version_label: str = ""
    """What TensorFlow Serving may have instead of a version, such as `stable`."""
    output: str = ""
    """The only output that is read; empty where the answer itself shows which is which."""
    is_binary: bool = False
    """Rows are sent, and answers asked for, as binary tensors where the protocol leaves the choice; `predict`
    has rows as octets."""
    deadline_ms: float = 0.0
    """What a request of `predict` says about how long it may take; 0 where it says nothing of that."""

    def __str__(self) -> str:
        if self.protocol == PREDICT and self.version is not None:
            return f"{self.model}/{self.version}/{self.variant}"
        return self.served + (f"/{self.version or self.version_label}" if self.has_version else "")

    @property
    def served(self) -> str:
        """The name of the model and its variant together: `digits~int8`."""
        return f"{self.model}{_SEPARATOR}{self.variant}" if self.variant else self.model

    @property
    def is_chosen(self) -> bool:
        """Tell whether the service is to choose the variant."""
        return self.variant == AUTO

    @property
    def has_version(self) -> bool:
        return self.version is not None or bool(self.version_label)


def parted(served: str) -> tuple[str, str]:
    """Return the model and the variant of a name such as `digits~int8`; no variant where it names none."""
    model, _, variant = served.partition(_SEPARATOR)
    return model, variant


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
    """Return the target of a load on one variant, `auto`, or the cascade.

    Raises BundleNotFoundError where there is none.
    """
    return Target(bundle.name, bundle.version, checked(bundle, variant), bundle.manifest.labels)


def checked(bundle: Bundle, variant: str) -> str:
    """Return the name of a variant, `auto`, or the cascade. Raises BundleNotFoundError where it has none."""
    if variant not in RESERVED:
        return bundle.variant(variant).name
    if variant != AUTO and bundle.manifest.cascade is None:
        raise BundleNotFoundError(
            f"{bundle.name}/{bundle.version} has no cascade: none that pays was found when it was published"
        )
    return variant
