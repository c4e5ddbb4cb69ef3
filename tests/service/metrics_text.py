"""Reads what `GET /metrics` says."""

from __future__ import annotations

from collections.abc import Callable

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.patience import wait_until


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return the value of each series of a Prometheus exposition, by its name and labels."""
    return {
        (one.name, frozenset(one.labels.items())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def sample(text: str, series: str) -> float:
    """Return the value of one series, such as `rows_total{model="digits"}`, 0 where it is not there."""
    (key,) = samples(f"{series} 0\n")
    # Only what may be it: to read an exposition takes the time of several requests.
    lines = [line for line in text.splitlines(keepends=True) if line.startswith(key[0])]
    return samples("".join(lines)).get(key, 0.0)


def scrape(client: httpx.Client, series: str) -> float:
    """Return the value of one series now."""
    return sample(client.get("/metrics").text, series)


def wait_for(client: httpx.Client, series: str, is_right: Callable[[float], bool]) -> float:
    """Return the value of a series as soon as it is right; fail where it never is."""
    value = 0.0

    def is_so() -> bool:
        nonlocal value
        value = scrape(client, series)
        return is_right(value)

    wait_until(is_so, lambda: f"{series} is {value}")
    return value
