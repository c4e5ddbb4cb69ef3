"""What LoadGen says of a run is believed but where its client may have been the limit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.errors import VoidRunError
from benchmarks.load.request import json_request
from benchmarks.peers.environment import FOLDER
from benchmarks.referee.process import Verdict, loadgen
from tests.loadtests.conftest import counts_of


def verdict(*, is_valid: bool = True, failed: int = 0, cpu: float = 0.3) -> Verdict:
    return Verdict(1000.0, is_valid, 2000, 0, 5.0, failed, cpu)


def test_a_rate_is_held_where_the_run_is_valid_and_every_answer_a_success() -> None:
    assert verdict().holds
    assert verdict(cpu=0.99).holds  # all the more
    assert not verdict(is_valid=False).holds
    assert not verdict(failed=1).holds


def test_a_client_without_time_to_spare_says_nothing_of_the_service() -> None:
    with pytest.raises(
        VoidRunError, match="LoadGen and its client used 95% of their core at 1,000 requests/s"
    ):
        assert verdict(is_valid=False, cpu=0.95).holds


@pytest.mark.slow
@pytest.mark.skipif(not (FOLDER / "loadgen").is_dir(), reason="`make referee` installs LoadGen")
def test_loadgen_sends_at_a_rate_and_tells_late_from_in_time(
    start_fake: Callable[..., str], tmp_path: Path
) -> None:
    host = start_fake()
    request = json_request("/predict?model=digits&version=1&variant=int8", {"instances": [[0] * 64]})
    told = {"folder": tmp_path / "loadgen", "core": None, "seconds": 1.0, "queries": 1}
    with loadgen(host, [request.encoded(host)], late_ms=1e6, **told) as judge:  # type: ignore[arg-type]
        before = counts_of(host)["requests"]
        found = judge.at_rate(500.0, 1)
        assert counts_of(host)["requests"] - before == found.queries
        assert found.holds
        assert 400 < found.queries < 600
        assert (found.late, found.failed) == (0, 0)
        assert not judge.at_rate(100.0, 1).is_valid  # too few to prove it, however quick
