from __future__ import annotations

from loadtests.workload.block import Block
from loadtests.workload.order import Order

ORDER = Order("http://h", "models", "digits", 1, "int8", 1, "users", 16, 0.0, 0.0, 0.0, 0.0, 1, timeout_s=5.0)


def test_a_block_comes_back_from_its_json_as_it_was() -> None:
    block = Block((ORDER, ORDER), ((7, 8), ()), ((1, 0.1), (0, 0.25), (1, 0.1)))
    assert Block.from_json(block.as_json()) == block


def test_a_block_is_as_long_as_its_turns() -> None:
    assert Block((ORDER,), ((),), ((0, 0.5), (0, 0.25))).seconds == 0.75
