"""What holds for each model where a request leaves the variant to the service, and what then chooses."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from bundle.bundle import Bundle
from bundle.manifest import Manifest
from service.engine.choice import Chooser, MakeChooser
from service.engine.ladder.ladder import Ladder
from service.engine.policy import Policy
from service.repository.policy.document import PolicyError, Words, check, check_floor, is_there
from service.repository.policy.file import FILE_NAME, Seen, look
from service.repository.thread import in_thread
from service.repository.version import Version

logger = logging.getLogger("service")


class Policies:
    """The policy of each model: its file's, key by key, and for the rest the one of all models."""

    def __init__(self, of_all: Policy | None = None, choose_among: MakeChooser = Ladder) -> None:
        self.of_all = of_all or Policy()
        self._choose_among = choose_among
        self._seen: dict[str, Seen] = {}
        self._kept: dict[str, Words] = {}  # what the file of each model said when its version could do it
        self._told: dict[str, tuple[str | None, Policy]] = {}

    @property
    def is_settled(self) -> bool:
        """Whether another look would tell nothing new, as long as nothing changes on disk."""
        return all(seen.is_settled for seen in self._seen.values())

    async def look(self, root: Path, now: float) -> list[str]:
        """Look at the file of each model in a folder; return the models for which something else holds now.

        Raises OSError where the folder cannot be read.
        """
        before = self._seen
        self._seen = await in_thread(partial(_look_at_all, root, before, now, time.time()))
        changed = [
            name for name in {**before, **self._seen} if _words(before, name) != _words(self._seen, name)
        ]
        for model in changed:
            if _words(self._seen, model) is None:
                self._kept.pop(model, None)
        return changed

    def note(self, serving: Iterable[Version]) -> dict[str, bool]:
        """Log what has changed for the versions that serve; tell of which models the policy is wrong."""
        wrong = {}
        for version in serving:
            if version.bundle is None:
                continue
            model, problem = version.model, self.problem(version)
            wrong[model] = problem is not None
            words = _words(self._seen, model)
            if problem is None and words is not None:
                self._kept[model] = words
            told = problem, self.of(version)
            if told != self._told.get(model, (None, self._base(version.bundle.manifest))):
                level = logging.INFO if problem is None else logging.WARNING
                logger.log(level, "%s; %s", problem or f"{model} has another policy", _followed(told[1]))
            self._told[model] = told
        return wrong

    def of(self, version: Version) -> Policy:
        """Return the policy of a version: what the file says, said before, or else what holds for all."""
        if version.bundle is None:
            return self.of_all
        manifest = version.bundle.manifest
        base = self._base(manifest)
        for words in (_words(self._seen, version.model), self._kept.get(version.model)):
            if words is not None and _why_not(base, words, manifest) is None:
                return replace(base, **words)
        return base

    def problem(self, version: Version) -> str | None:
        """Say what is wrong with a model's file, or with what holds for all, where a version has no such."""
        if version.bundle is None:
            return None
        manifest, seen = version.bundle.manifest, self._seen.get(version.model, Seen())
        base, place = self._base(manifest), f"{version.model}/{FILE_NAME}"
        problem = seen.problem or (seen.words and _why_not(base, seen.words, manifest))
        if problem:
            return f"{place}: {problem}"
        try:
            if not seen.words or not seen.words.keys() & {"min_accuracy", "variants"}:
                check_floor(f"for {version.model} --auto-floor", base, manifest)
        except PolicyError as error:
            return str(error)
        return None

    def default_variant(self, version: Version, bundle: Bundle) -> str:
        """Return what answers where a request names no variant: one, `auto` or `cascade`."""
        return self.of(version).default_variant or bundle.manifest.default_variant

    def chooser(self, version: Version) -> Chooser | None:
        """Return what chooses among the loaded variants of a version, made once; None where none may be."""
        if version.chooser is None and version.servables:
            policy, options = self.of(version), version.options()
            if any(policy.allows(one.variant) for one in options):
                version.chooser = self._choose_among(options, policy)
        return version.chooser

    def first(self, version: Version, bundle: Bundle) -> str:
        """Return the variant to load where none is loaded that may be chosen: the bundle's default first."""
        manifest = bundle.manifest
        allowed = self.of(version).variants or tuple(variant.name for variant in manifest.variants)
        states = {name: version.variant_state(name) for name in allowed}
        return min(
            allowed,
            key=lambda name: (states[name] in ("unavailable", "failed"), name != manifest.default_variant),
        )

    def _base(self, manifest: Manifest) -> Policy:
        """Return what holds for all, as far as a version has it: models differ in their variants."""
        default = self.of_all.default_variant
        is_known = default is None or is_there(default, manifest)
        return self.of_all if is_known else replace(self.of_all, default_variant=None)


def _look_at_all(root: Path, seen: dict[str, Seen], now: float, wall: float) -> dict[str, Seen]:
    try:
        names = {entry.name for entry in root.iterdir()}
    except (FileNotFoundError, NotADirectoryError):
        return seen
    looked = {
        n: look(root / n / FILE_NAME, seen.get(n, Seen()), now, wall) for n in sorted(names | seen.keys())
    }
    return {name: one for name, one in looked.items() if one != Seen()}


def _words(seen: dict[str, Seen], model: str) -> Words | None:
    return seen[model].words if model in seen else None


def _why_not(base: Policy, words: Words, manifest: Manifest) -> str | None:
    """Say what of a file's words a version cannot do; None where it can do all."""
    try:
        check(replace(base, **words), words.keys(), manifest)
    except PolicyError as error:
        return str(error)
    return None


def _followed(policy: Policy) -> str:
    """Say what holds."""
    said = ", ".join(f"{key} = {value}" for key, value in asdict(policy).items() if value is not None)
    return f"what holds is: {said}"
