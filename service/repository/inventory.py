"""What there is, its state and its past, as the Open Inference Protocol has it, for any front to tell."""

from __future__ import annotations

from bundle.bundle import Bundle
from bundle.manifest import AUTO
from service.errors import UnsupportedError
from service.observe.metrics import Metrics
from service.observe.statistics import Totals, totals
from service.repository.registry import Registry
from service.repository.version import Version
from service.wire.open_inference import descriptions, target
from service.wire.open_inference.descriptions import Document, Durations
from service.wire.target import name_of


class Inventory:
    """Answers for the names of variants, as `digits~int8`, and for a version where one is named.

    `version` is the service's own. Unless a worker `is_alone`, what it loads is not loaded in the others.
    All that takes a name raises as `Registry.find` does, and as `open_inference.target`.
    """

    def __init__(
        self, registry: Registry, metrics: Metrics, *, version: str, max_rows: int, is_alone: bool
    ) -> None:
        self._registry = registry
        self._metrics = metrics
        self._version = version
        self._max_rows = max_rows
        self._is_alone = is_alone

    @property
    def why_not_ready(self) -> str | None:
        """Why nothing can be asked of the service, None where it can."""
        return self._registry.why_not_ready

    def server(self) -> Document:
        """Describe the service."""
        return descriptions.server(self._version)

    async def metadata(self, name: str, version: str | None) -> Document:
        """Describe what a variant takes and gives."""
        found, bundle, variant = await self._find(name, version)
        usable = [one.number for one in self._registry.models[found.model].values() if one.refusal is None]
        return descriptions.metadata(name, bundle.manifest, variant, usable)

    async def config(self, name: str, version: str | None) -> Document:
        """Describe a variant as the configuration of a model is."""
        _, bundle, variant = await self._find(name, version)
        return descriptions.config(name, bundle.manifest, variant, max_rows=self._max_rows)

    async def why_unloaded(self, name: str, version: str | None) -> str | None:
        """Say why a variant is not loaded, None where it is."""
        found, _, variant = await self._find(name, version)
        return self._why_unloaded(found, variant)

    async def statistics(self, name: str, version: str | None) -> Document:
        """Tell what a variant has done, whichever version it was."""
        found, _, variant = await self._find(name, version)
        return {"model_stats": [_statistics(name, found, variant, totals(self._metrics.samples()))]}

    def all_statistics(self) -> Document:
        """Tell what each variant of the versions that serve has done."""
        counted = totals(self._metrics.samples())
        return {
            "model_stats": [
                _statistics(name, version, variant, counted)
                for version in self._registry.serving.values()
                for name, variant in self._names(version)
            ]
        }

    def index(self, *, ready_only: bool) -> list[Document]:
        """List all variants of all versions, or those that are loaded, and the state of each."""
        rows = [
            row
            for versions in self._registry.models.values()
            for version in versions.values()
            for row in self._index_rows(version)
        ]
        return [row for row in rows if row["state"] == "READY"] if ready_only else rows

    async def load(self, name: str, *, has_parameters: bool) -> None:
        """Load a variant. Raises UnsupportedError for one that is to be another than was published."""
        if has_parameters:
            raise UnsupportedError("a variant is loaded as it was published, without parameters")
        self._require_alone()
        model = target(name, None)
        await self._registry.resolve(model.model, None, model.variant)

    async def unload(self, name: str) -> None:
        """Unload a variant, until it is asked for."""
        self._require_alone()
        model = target(name, None)
        await self._registry.unload(model.model, model.variant)

    def _require_alone(self) -> None:
        if not self._is_alone:
            raise UnsupportedError(
                "there are several workers, and each loads for itself what it is asked for"
            )

    async def _find(self, name: str, version: str | None) -> tuple[Version, Bundle, str]:
        asked = target(name, version)
        return await self._registry.find(asked.model, asked.version, asked.variant)

    def _names(self, version: Version) -> list[tuple[str, str]]:
        """Return each name that means something of a version, and what: what is meant by default has two."""
        if version.bundle is None:
            return []
        default = self._registry.policies.default_variant(version, version.bundle)
        return [
            (version.model, default),
            *((name_of(version.model, name), name) for name in [*version.names, AUTO]),
        ]

    def _why_unloaded(self, version: Version, variant: str) -> str | None:
        """Say why a variant is not loaded, None where it is."""
        match self._registry.state(version, variant):
            case "loaded":
                return None
            case "available":
                return "not loaded; it is when it is asked for"
            case "unavailable":
                return "TensorFlow is not installed here"
            case "failed":
                return version.failure(variant)

    def _index_rows(self, version: Version) -> list[Document]:
        number = str(version.number)
        if version.bundle is None:
            reason = version.detail or "not opened; it is when it is asked for"
            return [{"name": version.model, "version": number, "state": "UNAVAILABLE", "reason": reason}]
        reasons = [(name, self._why_unloaded(version, variant)) for name, variant in self._names(version)]
        return [
            {
                "name": name,
                "version": number,
                "state": "READY" if reason is None else "UNAVAILABLE",
                "reason": reason or "",
            }
            for name, reason in reasons
        ]


def _statistics(
    name: str, version: Version, variant: str, counted: dict[tuple[str, str], Totals]
) -> Document:
    """Tell what a variant has done; `auto` is all that the model has done, whichever variant was chosen."""
    model = version.model
    one = [counted.get((model, variant), Totals())]
    of = [found for (named, _), found in counted.items() if named == model] if variant == AUTO else one
    answered = sum(each.answered for each in of)
    parts = {"queue": "wait", "compute_input": "decode", "compute_infer": "infer", "compute_output": "encode"}
    durations = {
        part: Durations(answered, sum(each.stages_s[stage] for each in of)) for part, stage in parts.items()
    }
    durations["success"] = Durations(answered, sum(each.request_s for each in of))
    durations["fail"] = Durations(sum(each.failed for each in of))
    rows, calls = sum(each.rows for each in of), sum(each.calls for each in of)
    return descriptions.statistics(name, version.number, rows=rows, calls=calls, durations=durations)
