"""The chooser: what is chosen while the load, the costs and the wishes change, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from service.engine.choice import Option
from service.engine.ladder.ladder import Ladder
from service.engine.policy import Policy
from service.errors import ExpiredError, InvalidRequestError, OverloadedError
from service.wire.wish import NO_WISH, Wish
from tests.service.engine.options import Stated, ladder_of, options, stated

SOON = Wish(max_latency_ms=100)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def ladder(of: list[Option], clock: Clock | None = None, **policy: Any) -> Ladder:
    return Ladder(of, Policy(**policy), clock or Clock())


def chosen(of: Ladder, wish: Wish = SOON, *, rows: int = 64, waited_us: float = 0.0) -> tuple[str, str]:
    choice, _ = of.choose(rows, wish, waited_us)
    return choice.option.variant, choice.reason


def wait(of: list[Option], us: float) -> None:
    """Have that much wait for all."""
    for one in of:
        stated(one).waits_us = us


def test_what_waits_is_seen_at_each_request_and_so_is_that_it_waits_no_more() -> None:
    variants = ladder_of()
    choosing = ladder(variants)
    seen = []
    for us in (0, 9000, 19_000, 40_000, 5000):
        wait(variants, us)
        seen.append(chosen(choosing))
    assert seen == [
        ("v0", "accuracy"),
        ("v0", "accuracy"),
        ("v1", "load"),
        ("v2", "load"),
        ("v0", "accuracy"),
    ]


def test_requests_that_wish_different_things_get_different_variants_in_turn() -> None:
    choosing = ladder(ladder_of())
    tight, loose, fast = Wish(max_latency_ms=5), SOON, Wish(objective="latency", min_accuracy=0.925)
    for _ in range(3):
        assert chosen(choosing, tight) == ("v1", "deadline")
        assert chosen(choosing, loose) == ("v0", "accuracy")
        assert chosen(choosing, fast) == ("v1", "floor")
        assert chosen(choosing, loose, rows=65) == ("v0", "accuracy")


def test_the_time_that_a_slow_body_took_is_gone_for_that_request_alone() -> None:
    choosing = ladder(ladder_of())
    assert chosen(choosing, waited_us=95_000) == ("v1", "deadline")
    assert chosen(choosing) == ("v0", "accuracy")


def test_the_only_one_is_pinned() -> None:
    assert chosen(ladder(ladder_of([100]))) == ("v0", "pinned")
    assert chosen(ladder(ladder_of(), variants=("v1", "other"))) == ("v1", "pinned")


def test_a_variant_that_is_slower_and_no_more_accurate_is_never_chosen() -> None:
    variants = options(
        ("slow", 0.90, Stated(9000)), ("best", 0.91, Stated(300)), ("twin", 0.905, Stated(295))
    )
    choosing = ladder(variants)
    for us in (0, 20_000, 40_000, 49_000):
        wait(variants, us)
        assert chosen(choosing)[0] == "best"


def test_a_request_that_none_could_ever_answer_hears_why_of_each() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        chosen(ladder(ladder_of()), Wish(max_latency_ms=0.9, min_accuracy=0.925))
    assert str(refused.value) == (
        "no variant can answer 64 rows within 0.9 ms with an accuracy of 0.925 or more: v0: it takes 4 ms at "
        "the least; v1: it takes 1 ms at the least; v2: its accuracy may be as low as 0.9200"
    )


def test_a_request_that_none_can_answer_now_is_told_to_come_again() -> None:
    choosing = ladder(ladder_of(waits_us=3e6))
    with pytest.raises(
        OverloadedError, match=r"within 100 ms now: 0\.0 ms have gone by, and the soonest may wait 3000\.0"
    ) as refused:
        chosen(choosing)
    assert refused.value.retry_after_s == 3


def test_what_is_too_slow_only_as_things_are_is_not_refused_for_ever() -> None:
    assert chosen(ladder(ladder_of()), Wish(max_latency_ms=0.4)) == ("v2", "deadline")
    with pytest.raises(OverloadedError, match=r"1 row within 0\.4 ms now"):
        chosen(ladder(ladder_of(waits_us=90)), Wish(max_latency_ms=0.4), rows=1)


def test_a_request_whose_time_is_over_is_told_so() -> None:
    with pytest.raises(ExpiredError, match="before a variant was chosen"):
        chosen(ladder(ladder_of()), waited_us=100_001)


@pytest.mark.parametrize(
    ("wish", "waits_us", "variant"),
    [
        (Wish(max_latency_ms=0.1, best_effort=True), 0, "v2"),
        (Wish(max_latency_ms=100, best_effort=True), 99_900, "v2"),
        (Wish(max_latency_ms=100, min_accuracy=0.925, best_effort=True), 99_900, "v1"),
        (Wish(min_accuracy=0.99, best_effort=True), 0, "v0"),
        (Wish(max_latency_ms=5, min_accuracy=0.99, best_effort=True), 0, "v1"),
        (Wish(max_latency_ms=0.1, min_accuracy=0.99, best_effort=True), 0, "v2"),
    ],
)
def test_best_effort_answers_anyway_as_well_as_it_can_and_says_so(
    wish: Wish, waits_us: float, variant: str
) -> None:
    assert chosen(ladder(ladder_of(waits_us=waits_us)), wish) == (variant, "fallback")


def test_best_effort_says_nothing_of_it_where_the_bounds_are_held() -> None:
    assert chosen(ladder(ladder_of()), Wish(max_latency_ms=100, best_effort=True)) == ("v0", "accuracy")


def test_a_goal_of_the_policy_is_no_reason_to_refuse() -> None:
    choosing = ladder(ladder_of(waits_us=99_000), max_latency_ms=50, min_accuracy=0.925)
    assert chosen(choosing, NO_WISH) == ("v1", "load")


def test_a_floor_of_the_policy_is_one() -> None:
    with pytest.raises(InvalidRequestError, match=r"answer 64 rows with an accuracy of 0\.99"):
        chosen(ladder(ladder_of(), min_accuracy=0.99), NO_WISH)


def test_the_carrier_is_the_cheapest_so_that_auto_is_refused_only_where_that_is_full() -> None:
    assert ladder(ladder_of()).carrier.variant == "v2"
    assert ladder(ladder_of(), variants=("v0", "v1")).carrier.variant == "v1"


def test_costs_that_were_learned_since_are_believed_within_a_moment() -> None:
    variants, clock = ladder_of(), Clock()
    choosing = ladder(variants, clock)
    assert chosen(choosing) == ("v0", "accuracy")
    stated(variants[0]).us = 200_000
    clock.now = 0.2
    assert chosen(choosing) == ("v1", "deadline")


def test_what_nobody_calls_is_told_to_forget_what_contention_taught() -> None:
    variants, clock = ladder_of(), Clock()
    choosing = ladder(variants, clock)
    for look in range(1, 4):
        clock.now = look * 0.25
        stated(variants[1]).calls += 1
        choosing.choose(64, SOON, 0.0)
    assert [stated(one).quiet_s for one in variants] == pytest.approx([0.75, 0.0, 0.75])


def test_load_that_lasts_has_all_begin_further_down_and_the_end_of_it_further_up() -> None:
    variants, clock = ladder_of(), Clock()
    choosing = ladder(variants, clock)

    def ask_for(seconds: float, waits_us: float) -> str:
        wait(variants, waits_us)
        for _ in range(round(seconds * 100)):
            clock.now += 0.01
            choosing.choose(64, SOON, 0.0)
        return choosing.start.variant

    assert ask_for(0.3, 12_000) == "v0"
    assert ask_for(2.0, 12_000) == "v1"
    assert chosen(choosing) == ("v1", "load")
    assert ask_for(3.0, 100) == "v0"
    assert chosen(choosing) == ("v0", "accuracy")


def test_the_level_stays_with_its_variant_where_another_becomes_a_rung() -> None:
    variants = options(("a", 0.9, Stated(8000)), ("b", 0.8, Stated(8000)), ("c", 0.7, Stated(500)))
    clock = Clock()
    choosing = ladder(variants, clock)
    wait(variants, 45_000)
    for _ in range(200):
        clock.now += 0.01
        choosing.choose(64, SOON, 0.0)
    assert choosing.start.variant == "c"
    stated(variants[1]).us = 2000
    clock.now += 0.15
    choosing.choose(64, SOON, 0.0)
    assert choosing.start.variant == "c"


def test_of_two_that_are_as_accurate_the_quicker_is_the_better() -> None:
    assert chosen(ladder(options(("slow", 0.9, Stated(900)), ("quick", 0.9, Stated(300)))))[0] == "quick"
