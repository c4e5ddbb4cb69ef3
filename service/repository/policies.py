"""What holds for each model where a request leaves the variant to the service, and what then chooses."""

from __future__ import annotations

from service.engine.choice import Chooser, MakeChooser
from service.engine.ladder import Ladder
from service.engine.policy import Policy
from service.repository.version import Version


class Policies:
    """The policy of each model, and the one of all others."""

    def __init__(self, of_all: Policy | None = None, choose_among: MakeChooser = Ladder) -> None:
        self._of_all = of_all or Policy()
        self._choose_among = choose_among
        self._of_one: dict[str, Policy] = {}

    def of(self, model: str) -> Policy:
        """Return the policy of a model."""
        return self._of_one.get(model, self._of_all)

    def chooser(self, version: Version) -> Chooser | None:
        """Return what chooses among the loaded variants of a version, made once; None where none is."""
        if version.chooser is None and version.servables:
            version.chooser = self._choose_among(version.options(), self.of(version.model))
        return version.chooser
