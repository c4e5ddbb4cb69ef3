"""Names that are given comma-separated come in the order of those that there are, each once."""

from __future__ import annotations

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.names import chosen


def test_names_come_once_each_in_the_order_of_those_that_there_are() -> None:
    assert chosen("--only", " c,a ,,c", ("a", "b", "c")) == ("a", "c")


@pytest.mark.parametrize("text", ["", ",", "a,d"])
def test_a_name_that_is_none_is_told_with_those_that_there_are(text: str) -> None:
    with pytest.raises(BenchmarkError, match=f"--only is '{text}'; allowed are a, b, c, comma-separated"):
        chosen("--only", text, ("a", "b", "c"))
