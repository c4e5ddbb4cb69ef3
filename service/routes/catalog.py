"""`GET /models` and `GET /variants`: what there is, and in what state."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from bundle.manifest import CASCADE, VERSION_MAX, CascadeSpec, InputSpec, Scores
from bundle.proof.portability import Here
from service.errors import UnavailableError
from service.live.live import Live
from service.repository.policy.policies import Policies
from service.repository.registry import Registry, why_unavailable
from service.repository.version import State, Version, VersionState
from service.routes.router import Router
from service.routes.schemas.live import AccuracyInfo, AgreementInfo, accuracy_info, agreement_info
from service.routes.schemas.problems import PROBLEMS
from service.wire.wish import Objective


class VersionInfo(BaseModel):
    version: int
    state: VersionState
    """`settling`: it is not whole, and may still be on its way."""
    detail: str | None
    """What is wrong with its files."""


class PolicyInfo(BaseModel):
    """What holds where a request leaves the variant, or a bound, to the service."""

    default_variant: str
    """What answers where a request names no variant: one, `auto` or `cascade`."""
    variants: list[str] | None
    """Those that `auto` may choose; null for all that are loaded."""
    min_accuracy: float
    max_latency_ms: float | None
    objective: Objective
    problem: str | None
    """What is wrong with the model's policy.toml, which then does not hold, or with the service's options."""


class ModelInfo(BaseModel):
    name: str
    version: int | None
    """The version that answers where a request names none."""
    default_variant: str | None
    """What answers where a request names no variant: one, `auto` or `cascade`."""
    policy: PolicyInfo | None
    """Null while no version serves."""
    task: str | None
    input: InputSpec | None
    labels: list[int] | list[str] | None
    versions: list[VersionInfo]


class Models(BaseModel):
    default: str | None
    """The model that answers where a request names none."""
    models: list[ModelInfo]


class HereInfo(BaseModel):
    rows: int
    """That were looked at, of those `of` that there are: of a slow variant, some drawn at random."""
    of: int
    different: int


class VariantInfo(BaseModel):
    name: str
    format: str
    bytes: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    """Ends of the 95% interval (Wilson) on the held-out test rows. Where the `truth` of the variants is
    `reference`, an accuracy is agreement with that."""
    test_rows: int
    state: State
    detail: str | None
    here: HereInfo | None = Field(
        description="Of the test rows, how many this processor answers with another class than the one they "
        "were scored on; null while that is not known, and where it cannot be."
    )


class CascadeInfo(BaseModel):
    """Two of the variants that answer as one: rows on which the first is not sure go on to the second."""

    first: str
    second: str
    threshold: float
    """The first one's answer stands where its largest probability is at least this."""
    escalated: float
    escalated_low: float
    escalated_high: float
    """The share of rows that go on, and the band in which it stays while the data are as they were."""
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    state: State
    detail: str | None


class Variants(BaseModel):
    model: str
    version: int
    default: str
    """What answers where a request names no variant: one, `auto` or `cascade`."""
    reference: str
    """The variant that the others are compared with."""
    truth: Literal["labels", "reference"]
    """What is right: what the labels of the data say or, where it had none, what the reference answers."""
    variants: list[VariantInfo]
    shadow: list[AgreementInfo]
    """Of each variant that was asked, with the one of --shadow; none where there is none, or nothing yet."""
    feedback: list[AccuracyInfo]
    """Of each variant for whose answers labels were said."""
    cascade: CascadeInfo | None


def catalog_router(registry: Registry, live: Live) -> APIRouter:
    """Return the routes that describe what `registry` holds, and what live requests tell of it."""
    router = Router(tags=["catalogue"])

    @router.get("/models", summary="The models and their versions")
    async def models() -> Models:
        found = [_model_info(name, registry) for name in registry.models]
        return Models(default=registry.default_model, models=found)

    @router.get("/variants", summary="The variants of a model", responses=PROBLEMS)
    async def variants(
        model: Annotated[str | None, Query(description="Default: the default model.")] = None,
        version: Annotated[
            int | None, Query(description="Default: the newest.", ge=0, le=VERSION_MAX)
        ] = None,
    ) -> Variants:
        return variants_of(await registry.version(model, version), registry, live)

    return router


def variants_of(found: Version, registry: Registry, live: Live) -> Variants:
    """Describe the variants of a version. Raises UnavailableError where it has no bundle."""
    if found.bundle is None:
        raise UnavailableError(why_unavailable(found))
    manifest = found.bundle.manifest
    shares = live.shares(found.model, found.number, manifest)
    return Variants(
        model=found.model,
        version=found.number,
        default=registry.policies.default_variant(found, found.bundle),
        reference=manifest.reference,
        truth=manifest.truth,
        variants=[VariantInfo(**_variant_info(found, variant.name)) for variant in manifest.variants],
        shadow=[agreement_info(one) for one in shares.agreements],
        feedback=[accuracy_info(one) for one in shares.accuracies],
        cascade=None if manifest.cascade is None else _cascade_info(found, manifest.cascade),
    )


def _model_info(name: str, registry: Registry) -> ModelInfo:
    serving, versions = registry.serving.get(name), registry.models[name].values()
    manifest = serving.bundle.manifest if serving is not None and serving.bundle is not None else None
    policy = policy_info(serving, registry.policies) if serving is not None else None
    return ModelInfo(
        name=name,
        version=serving.number if serving else None,
        default_variant=policy.default_variant if policy else None,
        policy=policy,
        task=manifest.task if manifest else None,
        input=manifest.input if manifest else None,
        labels=list(manifest.labels) if manifest else None,
        versions=[VersionInfo(version=v.number, state=v.state, detail=v.detail) for v in versions],
    )


def policy_info(version: Version, policies: Policies) -> PolicyInfo | None:
    """Describe what holds for a version, if it has a bundle."""
    if version.bundle is None:
        return None
    policy = asdict(policies.of(version))
    default = policies.default_variant(version, version.bundle)
    return PolicyInfo(**policy | {"default_variant": default}, problem=policies.problem(version))


def _variant_info(version: Version, name: str) -> dict[str, Any]:
    assert version.bundle is not None  # noqa: S101 - the caller has seen it
    variant = version.bundle.variant(name)
    return {
        "name": name,
        "format": variant.format,
        "bytes": variant.bytes,
        "test_rows": variant.scores.rows,
        "here": _here_info((version.here or {}).get(name)),
        **_accuracy(variant.scores),
        **_state(version, name),
    }


def _cascade_info(version: Version, spec: CascadeSpec) -> CascadeInfo:
    shown = {"first", "second", "threshold", "escalated", "escalated_low", "escalated_high"}
    found = spec.model_dump(include=shown)
    return CascadeInfo(**found, **_accuracy(spec.scores), **_state(version, CASCADE))


def _accuracy(scores: Scores) -> dict[str, Any]:
    return scores.model_dump(include={"accuracy", "accuracy_low", "accuracy_high"})


def _state(version: Version, name: str) -> dict[str, Any]:
    state = version.variant_state(name)
    missing = "TensorFlow is not installed here" if state == "unavailable" else None
    return {"state": state, "detail": version.failure(name) or missing}


def _here_info(here: Here | None) -> HereInfo | None:
    return None if here is None else HereInfo(rows=here.rows, of=here.of, different=here.different)
