"""What whoever starts the service asked for by name, and is not there: a misspelt name must not go unsaid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from bundle.manifest import AUTO, CASCADE, Manifest, VariantSpec
from bundle.runtimes import is_available


def missing_model(wanted: str | None, models: Collection[str]) -> str | None:
    """Say that the default model is not there, None where it is or none was set."""
    if wanted is None or wanted in models:
        return None
    return f"--default-model is {wanted!r}; there is: {', '.join(models) or 'no model'}"


def missing_variants(wanted: Collection[str] | None, manifests: Mapping[str, Manifest]) -> list[str]:
    """Say for each variant that is to be loaded at the start why no model can have it.

    Nothing is said where there are no models yet, of which `manifests` has those that serve, by name.
    """
    variants = _by_name(manifests.values())
    said = []
    for name in wanted or () if variants else ():
        found, known = variants.get(name), sorted(variants)
        if found is None:
            said.append(f"--preload names {name!r}, which no model has; there are: {', '.join(known)}")
        elif not any(map(is_available, found)):
            said.append(f"--preload names {name!r}, whose library is not installed here")
    return said


def missing_default(wanted: str | None, manifests: Mapping[str, Manifest]) -> str | None:
    """Say that no model has the default variant, None where one has it, or there are no models yet."""
    known = sorted(_by_name(manifests.values()))
    if not known or wanted in (None, AUTO, *known):
        return None
    return f"--default-variant is {wanted!r}, which no model has; there are: {', '.join([*known, AUTO])}"


def _by_name(manifests: Collection[Manifest]) -> dict[str, list[VariantSpec]]:
    """Return the variants of each name, and of `cascade` the second rungs."""
    found = defaultdict(list)
    for manifest in manifests:
        for variant in manifest.variants:
            found[variant.name].append(variant)
            if manifest.cascade and manifest.cascade.second == variant.name:
                found[CASCADE].append(variant)
    return found
