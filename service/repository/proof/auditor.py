"""Has the test rows counted that this processor answers differently, in time that nobody else wants."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path

from bundle.bundle import Bundle
from bundle.proof.portability import Here, count_apart
from bundle.runtimes import is_available
from service.repository.proof.findings import Findings
from service.repository.thread import in_thread
from service.repository.version import Version

logger = logging.getLogger("service")

_LOOK_S = 1.0
_BUDGET_S = 10.0  # of processor time for a variant


class Auditor:
    """Counts for every version that is loaded, one after another, each content once."""

    def __init__(self, folder: Path | None = None) -> None:
        self._findings = Findings(folder)

    async def watch(self, models: Mapping[str, Mapping[int, Version]]) -> None:
        """Look for ever for versions that were loaded, and tell them what was found of them."""
        while True:
            versions = [version for versions in models.values() for version in versions.values()]
            for version in versions:
                if version.servables and version.here is None:
                    await self.audit(version)
            await asyncio.sleep(_LOOK_S)

    async def audit(self, version: Version) -> None:
        """Tell a version what this processor answers; nothing of variants of which that cannot be found."""
        bundle = version.bundle
        if bundle is None:
            return
        try:
            here = await in_thread(partial(self._count, bundle))
        except Exception as error:  # the edge of a background task: what serves goes on without
            here = {}
            logger.warning("could not count what %s/%d answers here: %s", bundle.name, bundle.version, error)
        if version.bundle is bundle:
            version.here = here
            _tell(version, here)

    def _count(self, bundle: Bundle) -> Mapping[str, Here]:
        manifest = bundle.manifest
        if manifest.predictions is None:
            return {}
        if not (bundle.holds(manifest.test_set) and bundle.holds(manifest.predictions)):
            logger.info(
                "%s/%d is here without its test rows: what this processor answers differently is not known",
                bundle.name,
                bundle.version,
            )
            return {}
        names = [v.name for v in manifest.variants if v.format == "tflite" and is_available(v)]

        def count() -> dict[str, dict[str, int]]:
            found = count_apart(bundle, names, budget_s=_BUDGET_S)
            return {name: asdict(here) for name, here in found.items()}

        content = ["here", manifest.model_dump_json()]
        return {name: Here(**fields) for name, fields in self._findings.of(content, count).items()}


def _tell(version: Version, here: Mapping[str, Here]) -> None:
    for name, found in here.items():
        if found.different:
            logger.info(
                "%s/%d %s: of %d test rows this processor answers %d differently than when they were scored",
                version.model,
                version.number,
                name,
                found.rows,
                found.different,
            )
