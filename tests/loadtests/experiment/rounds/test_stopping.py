from __future__ import annotations

import numpy as np

from evidence import blocks as blocks_of
from loadtests.experiment.rounds.stopping import Figures, Rule, better, is_due, more_blocks


def _figures(seed: int = 0, blocks: int = 6, noise: float = 0.01, **speeds: float) -> Figures:
    """Return each variant with 1 row a request; a block is fast or slow for all of them."""
    random = np.random.default_rng(seed)
    machine = random.lognormal(0, 0.5, blocks)

    def by_block(speed: float) -> blocks_of.Figures:
        return dict(enumerate((speed * machine * random.lognormal(0, noise, blocks)).tolist()))

    return {name: {1: by_block(speed)} for name, speed in speeds.items()}


def test_pairs_that_are_told_apart_or_alike_leave_nothing_open() -> None:
    figures = _figures(float32=100.0, int8=160.0, float16=160.0)
    look = Rule(("float32", "int8", "float16"), {}).look([figures], share=1.0)
    assert look.open == ()


def test_a_pair_that_is_neither_told_apart_nor_alike_is_open_with_what_it_would_take() -> None:
    figures = _figures(noise=0.3, float32=100.0, int8=104.0)
    look = Rule(("float32", "int8"), {}).look([figures], share=1.0)
    (pair,) = look.open
    assert {pair.one, pair.other} == {"float32", "int8"}
    more = more_blocks(look, 6)
    assert more is not None
    assert more > 0


def test_only_pairs_with_the_leader_of_those_that_matter_count() -> None:
    noisy, calm = _figures(noise=0.5, int4=130.0), _figures(float32=100.0, int8=160.0)
    rule = Rule(("float32", "int8"), {})
    assert rule.look([{**noisy, **calm}], share=1.0).open == ()
    everyone = Rule(("float32", "int8", "int4"), {}).look([{**noisy, **calm}], share=1.0)
    assert {pair.other for pair in everyone.open} == {"int4"}


def test_where_there_is_nothing_to_choose_each_is_told_from_the_others_all_the_same() -> None:
    figures = _figures(noise=0.5, float32=100.0, int8=110.0)
    assert len(Rule(("float32",), {}).look([figures], share=1.0).open) == 1


def test_one_figure_that_tells_is_enough() -> None:
    cost, throughput = _figures(float32=100.0, int8=160.0), _figures(noise=0.5, float32=100.0, int8=101.0)
    assert Rule(("float32", "int8"), {}).look([cost, throughput], share=1.0).open == ()
    assert Rule(("float32", "int8"), {}).look([throughput, cost], share=1.0).open == ()


def test_loads_count_by_their_weights() -> None:
    """Twice as fast with one row and half as fast with 32 is nothing, unless one of them matters more."""
    one, many = _figures(float32=100.0, int8=200.0), _figures(1, float32=100.0, int8=50.0)
    both: Figures = {name: {1: one[name][1], 32: many[name][1]} for name in one}
    names = ("float32", "int8")
    equal = Rule(names, {}).look([both], share=1.0)
    assert all(pair.ratio is not None and 0.9 < pair.ratio.value < 1.1 for pair in equal.open)
    assert Rule(names, {1: 0.8, 32: 0.2}).look([both], share=1.0).open == ()


def test_a_variant_without_a_figure_stays_open_and_nobody_can_say_for_how_long() -> None:
    figures: Figures = {**_figures(float32=100.0), "int8": {1: {}}}
    look = Rule(("float32", "int8"), {}).look([figures], share=1.0)
    assert [pair.ratio for pair in look.open] == [None]
    assert more_blocks(look, 3) is None


def test_a_look_comes_when_there_are_three_blocks_and_a_third_of_the_budget_is_spent() -> None:
    assert not is_due(2, 0.9)
    assert not is_due(5, 0.2)
    assert is_due(3, 0.4)


def test_of_latencies_the_shortest_leads() -> None:
    slow, fast, as_fast = 20.0, 1.0, 1.1
    latencies = _figures(5, noise=0.2, slow=slow, fast=fast, as_fast=as_fast)
    turned = {name: {1: better("p50_ms", loads[1])} for name, loads in latencies.items()}
    look = Rule(("slow", "fast", "as_fast"), {}).look([turned], share=1.0)
    assert [(pair.one, pair.other) for pair in look.open] == [("fast", "as_fast")]
    assert better("rows_per_s", latencies["slow"][1]) is latencies["slow"][1]


def test_of_many_equal_variants_none_is_told_from_the_leader_more_often_than_of_two() -> None:
    """Each comparison has its part of what may be erred, and the leader is drawn from the same figures."""
    told = 0
    for seed in range(100):
        names = tuple("abcdefgh")
        figures = [_figures(2 * seed + way, 5, 0.03, **dict.fromkeys(names, 100.0)) for way in (0, 1)]
        look = Rule(names, {}, alike=1.0).look(figures, share=1.0)
        told += len(look.open) < len(names) - 1
    assert told / 100 < 0.08
