"""Blocks: closed loops that take turns, against real services."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from loadtests.generator.process import Generator
from loadtests.measure.samples import Samples
from loadtests.measure.turn import Taken, Turn
from loadtests.workload.block import Block
from loadtests.workload.order import Order
from tests.loadtests.conftest import certified, counts_of, plain_order
from tests.patience import PATIENCE_S

USERS = 4


@pytest.fixture
def order(models: Path) -> Callable[..., Order]:
    def make(host: str, **changes: Any) -> Order:
        wanted = {"users": USERS, "duration_s": 0.0, "rate": 0.0, "timeout_s": 20.0, **changes}
        return plain_order(models, host, **wanted)

    return make


@pytest.fixture
def take(generator: Generator, tmp_path: Path) -> Callable[..., Taken]:
    def taken(
        orders: Sequence[Order], turns: Sequence[tuple[int, float]], pids: Sequence[tuple[int, ...]] = ()
    ) -> Taken:
        return generator.take(
            Block(tuple(orders), tuple(pids) or ((),) * len(orders), tuple(turns)), tmp_path
        )

    return taken


@pytest.fixture(scope="module")
def trusting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Generator, Path]]:
    """A generator that trusts a certificate, and the file that a service needs to have it."""
    folder = tmp_path_factory.mktemp("certified")
    certificate, trusted = certified(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(trusted))
        with Generator(log=folder / "log", core=None) as generator:
            yield generator, certificate


def _of(taken: Taken, turn: Turn) -> Samples:
    """Return the samples of a turn."""
    samples = taken.samples[turn.load]
    assert samples is not None
    return samples.trimmed(samples.part == turn.place)


def _latency(samples: Samples) -> Any:
    return samples.done - samples.scheduled


def test_no_two_loads_send_at_the_same_time_and_what_is_out_is_finished_in_its_turn(
    take: Callable[..., Taken], order: Callable[..., Order], start_fake: Callable[..., str]
) -> None:
    quick, slow = order(start_fake()), order(start_fake("--slow-ms", "80"))
    taken = take([quick, slow], [(0, 0.1), (1, 0.1), (1, 0.1), (0, 0.1)])
    assert [turn.load for turn in taken.turns] == [0, 1, 1, 0]
    assert [turn.place for turn in taken.turns] == [0, 1, 2, 3]
    assert all(before.end <= after.start for before, after in pairwise(taken.turns))
    for turn in taken.turns:
        samples = _of(taken, turn)
        assert len(samples) >= USERS
        assert samples.ok.all()
        assert turn.start <= samples.scheduled.min()
        assert np.count_nonzero(samples.scheduled >= turn.start + 0.1) <= USERS  # begun a hair before
        assert samples.done.max() == turn.end
    assert sum(len(_of(taken, turn)) for turn in taken.turns) == sum(map(len, taken.samples))  # type: ignore[arg-type]
    assert taken.turns[1].seconds > 0.1  # what was out at its end is in


def test_an_answer_that_is_late_is_seen_and_is_its_turns(
    take: Callable[..., Taken], order: Callable[..., Order], start_fake: Callable[..., str]
) -> None:
    host = start_fake("--late-every", "50", "--late-ms", "1200")
    taken = take([order(host)], [(0, 0.2), (0, 0.2)])
    requests = counts_of(host)["requests"]
    (samples,) = taken.samples
    assert samples is not None
    assert samples.ok.all()
    assert len(samples) == requests - 1  # the first was to see whether the service knows the variant
    assert np.count_nonzero(_latency(samples) >= 1.2) == requests // 50 > 0
    late = [turn for turn in taken.turns if (_latency(_of(taken, turn)) >= 1.2).any()]
    assert all(turn.seconds >= 1.2 for turn in late)
    assert all(turn.unanswered == 0 for turn in taken.turns)


def test_a_request_that_is_never_answered_ends_the_turns_of_its_load_and_no_others(
    take: Callable[..., Taken], order: Callable[..., Order], start_fake: Callable[..., str]
) -> None:
    hangs = order(start_fake("--never-answers", "30"), timeout_s=1.0)
    taken = take([hangs, order(start_fake())], [(0, 0.2), (1, 0.1), (0, 0.1), (1, 0.1)])
    assert [(turn.load, turn.place, turn.unanswered) for turn in taken.turns] == [
        (0, 0, 1),
        (1, 1, 0),
        (1, 3, 0),
    ]
    samples = _of(taken, taken.turns[0])
    assert samples.errors.tolist() == ["no answer (TimeoutError)"]
    assert len(samples) > 30
    assert np.count_nonzero(~samples.ok) == 1
    assert _latency(samples)[~samples.ok] >= 1.0
    assert taken.turns[0].seconds >= 1.0
    assert taken.turns[0].worked_s >= 1.0


def test_answers_that_come_all_at_once_are_not_counted_by_the_length_of_the_turn(
    take: Callable[..., Taken], order: Callable[..., Order], start_fake: Callable[..., str]
) -> None:
    """Counted in windows of 0.84 s, services of 0.28, 0.36 and 0.42 s a request are 3, 2 and 2 a user."""
    slow_ms = (280, 360, 420)
    orders = [order(start_fake("--slow-ms", str(one)), users=16) for one in slow_ms]
    taken = take(orders, [(place, 0.5) for place in range(3)] * 2)
    rates = [16 * turn.answers / turn.worked_s for turn in taken.turns]
    for rate, one, turn in zip(rates, slow_ms * 2, taken.turns, strict=True):
        assert rate <= 16 / (one / 1000)
        latency = _latency(_of(taken, turn))[np.argsort(_of(taken, turn).scheduled)]
        assert rate == pytest.approx(16 / latency[16:].mean(), rel=0.02)  # the first ones found it idle
    best = [max(rates[place::3]) for place in range(3)]  # a busy machine makes them slower, and none faster
    assert best[0] > best[1] > best[2]


def test_a_short_turn_shows_a_service_no_faster_than_it_is(
    take: Callable[..., Taken], order: Callable[..., Order], start_fake: Callable[..., str]
) -> None:
    """Those who ask first find it idle. With them, requests of 5 ms one after the other seem 250 a second."""
    taken = take([order(start_fake("--slow-ms", "5", "--one-at-a-time"), users=16)], [(0, 0.1)] * 5)
    rate = 16 * sum(turn.answers for turn in taken.turns) / sum(turn.worked_s for turn in taken.turns)
    assert rate <= 1.1 / 0.005
    for turn in taken.turns:
        assert turn.answers == len(_of(taken, turn)) - 16


def test_a_turn_of_a_slow_service_that_answers_one_at_a_time_has_two_requests_of_each_user(
    take: Callable[..., Taken], order: Callable[..., Order], start_fake: Callable[..., str]
) -> None:
    """The first finds an idle service, and counts for nothing: the slower service seemed the faster one."""
    taken = take([order(start_fake("--slow-ms", "80", "--one-at-a-time"))], [(0, 0.1)])
    (turn,) = taken.turns
    samples = _of(taken, turn)
    assert len(samples) == 2 * USERS
    assert turn.answers == USERS
    assert 0.08 * USERS <= turn.worked_s < _latency(samples).sum()  # of the second requests alone


def test_think_time_and_failures_are_worked_through_and_no_answers(
    take: Callable[..., Taken], order: Callable[..., Order], start_fake: Callable[..., str]
) -> None:
    thinks, fails = order(start_fake(), think_s=0.1), order(start_fake("--error-every", "1"))
    taken = take([thinks, fails], [(0, 0.5)])
    (turn,) = taken.turns
    assert turn.worked_s / turn.answers >= 0.1
    assert _of(taken, turn).sent[USERS - 1] - turn.start >= 0.07  # they do not all send at once
    assert "answers 500" in taken.refusals[1] or "told to" in taken.refusals[1]


def test_of_a_service_that_fails_no_answer_is_counted_and_all_the_time(
    take: Callable[..., Taken], order: Callable[..., Order], start_fake: Callable[..., str]
) -> None:
    taken = take([order(start_fake("--hang-up-every", "3"), users=1)], [(0, 0.5)])
    (turn,) = taken.turns
    samples = _of(taken, turn)
    failed = np.count_nonzero(~samples.ok)
    assert failed > 1
    assert turn.answers <= np.count_nonzero(samples.ok)
    assert turn.worked_s >= 0.1 * (failed - 1)  # each is followed by a pause; the first may be left out


def test_a_variant_that_is_refused_is_named_and_the_others_have_their_turns(
    take: Callable[..., Taken],
    order: Callable[..., Order],
    start_fake: Callable[..., str],
    unused_address: str,
) -> None:
    orders = [order(start_fake("--without", "int8")), order(unused_address), order(start_fake())]
    taken = take(orders, [(0, 0.1), (1, 0.1), (2, 0.1)])
    assert "int8 cannot be loaded here" in taken.refusals[0]
    assert "no service answers at" in taken.refusals[1]
    assert taken.refusals[2] == ""
    assert taken.samples[:2] == (None, None)
    assert [turn.load for turn in taken.turns] == [2]


def test_a_connection_that_the_service_closed_between_turns_is_replaced_before_the_next(
    take: Callable[..., Taken], order: Callable[..., Order], start_fake: Callable[..., str]
) -> None:
    idle = order(start_fake("--idle-s", "0.4"))
    taken = take([idle, order(start_fake("--slow-ms", "900"))], [(0, 0.1), (1, 0.1), (0, 0.1)])
    samples = taken.samples[0]
    assert samples is not None
    assert samples.ok.all()
    assert len(samples.reconnected) >= USERS
    assert np.count_nonzero(samples.reconnected < taken.turns[-1].start) >= USERS


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
@pytest.mark.parametrize(
    "loses",
    [("--answers-a-connection", "10", "--announces"), ("--hang-up-every", "10")],
    ids=["closes", "hangs up"],
)
def test_what_it_takes_to_connect_is_part_of_the_latency_and_can_be_told_apart(
    loses: tuple[str, ...],
    trusting: tuple[Generator, Path],
    order: Callable[..., Order],
    start_fake: Callable[..., str],
    tmp_path: Path,
) -> None:
    """Every tenth request needs a new connection, of which every second takes a quarter of a second."""
    generator, certificate = trusting
    slow = ("--slow-handshake-every", "2", "--handshake-ms", "250")
    host = start_fake("--certificate", str(certificate), *slow, *loses)
    asked = order(host.replace("http://127.0.0.1", "https://localhost"), users=1)
    taken = generator.take(Block((asked,), ((),), ((0, 1.0),)), tmp_path)
    (samples,) = taken.samples
    assert samples is not None
    connected = np.count_nonzero(samples.sent > samples.scheduled)
    handshakes = np.count_nonzero(_latency(samples) >= 0.25)
    assert handshakes >= connected // 2 > 0
    assert np.count_nonzero(samples.sent - samples.scheduled >= 0.25) == handshakes


def test_the_processor_time_of_the_service_is_read_over_each_turn(
    take: Callable[..., Taken], order: Callable[..., Order], start_fake: Callable[..., str]
) -> None:
    host = start_fake("--busy-ms", "5")
    pid = int(httpx.get(f"{host}/pid", timeout=PATIENCE_S).text)
    taken = take([order(host), order(host)], [(0, 0.2), (1, 0.2), (0, 0.2)], [(pid,), ()])
    for turn in (taken.turns[0], taken.turns[2]):
        assert turn.processor_s is not None
        assert turn.processor_s >= 0.005 * len(_of(taken, turn))
        assert turn.processor_s < 0.02 * len(_of(taken, turn))
    assert (taken.turns[1].processor_s, taken.turns[1].service_waited_s) == (None, None)
    assert all(0 < turn.generator_s < turn.seconds for turn in taken.turns)


def test_many_loads_of_many_users_take_turns(
    take: Callable[..., Taken], order: Callable[..., Order], start_fake: Callable[..., str]
) -> None:
    host = start_fake()
    orders = [order(host, users=16, rows=1 + place % 2) for place in range(8)]
    taken = take(orders, [(place, 0.05) for place in (*range(8), *range(8))])
    assert [turn.load for turn in taken.turns] == [*range(8), *range(8)]
    assert all(turn.answers > 0 for turn in taken.turns)
    assert [samples.rows for samples in taken.samples if samples] == [1, 2] * 4
