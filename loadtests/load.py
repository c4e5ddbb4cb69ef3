"""One load on one variant, as the locustfile drives it: what is sent, and the samples of what came back."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from bundle.errors import BundleError
from loadtests.answers import mark
from loadtests.client import ServiceClient
from loadtests.errors import LoadTestError, UnexpectedAnswerError
from loadtests.payloads import Payloads, build, held_out
from loadtests.recorder import Recorder
from loadtests.summary import Summary, summarise_all
from loadtests.target import Target, choose_bundle, target_of


class Load:
    """The bodies for a target and the recorder of its answers. `prepare` makes it."""

    def __init__(self, target: Target, payloads: Payloads) -> None:
        self.target = target
        self.payloads = payloads
        self.recorder = Recorder(payloads.rows, payloads.order)
        self._users = count()

    def reset(self) -> None:
        """Forget every answer so far. The users go on."""
        spawned = self.recorder.spawned
        self.recorder = Recorder(self.payloads.rows, self.payloads.order)
        self.recorder.spawned = spawned

    def next_start(self) -> int:
        """Return the body with which the next user begins."""
        return self.payloads.start(next(self._users))

    def receive(
        self, sent: float, done: float, body: int, status: int, content: bytes | None, cause: str
    ) -> str | None:
        """Mark and record one answer; return why it was unexpected, or None.

        `cause` is the reason where there is no answer, which is status 0.
        """
        try:
            if not status:
                raise UnexpectedAnswerError(f"no answer ({cause})")
            wrong = mark(status, content, self.payloads.labels[body], self.target)
        except UnexpectedAnswerError as error:
            self.recorder.add_failure(sent, done, body, status=status, reason=str(error))
            return str(error)
        self.recorder.add_answer(sent, done, body, wrong)
        return None

    def summary(self) -> Summary:
        """Summarise everything received so far."""
        return summarise_all(self.recorder.samples())


def prepare(
    host: str | None, models: Path, model: str | None, version: str | None, *, variant: str | None, rows: int
) -> Load:
    """Build the load that the options of the locustfile ask for, and see that the service knows its target.

    Empty texts, as a form sends them, are options not given. Raises LoadTestError, saying what was asked for
    and what there is.
    """
    if not host:
        raise LoadTestError("--host is missing; give the address of the service, as http://127.0.0.1:8000")
    if rows < 1:
        raise LoadTestError(f"--rows is {rows}; a request has at least 1 row")
    if version and not version.isdecimal():
        raise LoadTestError(f"--model-version is {version!r}; versions are whole numbers")
    try:
        bundle = choose_bundle(models, model or None, int(version) if version else None)
        target = target_of(bundle, variant or bundle.manifest.default_variant)
        payloads = build(*held_out(bundle), rows)
    except BundleError as error:
        raise LoadTestError(str(error)) from error
    with ServiceClient(host) as client:
        client.ask(target, payloads.bodies[0])
    return Load(target, payloads)
