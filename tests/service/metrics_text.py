"""Reads what `GET /metrics` says."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import httpx


def sample(text: str, series: str) -> float:
    """Return the value of one series of a Prometheus exposition, 0 where it is not there."""
    found = re.search(rf"^{re.escape(series)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def scrape(client: httpx.Client, series: str) -> float:
    """Return the value of one series now."""
    return sample(client.get("/metrics").text, series)


def wait_for(client: httpx.Client, series: str, is_right: Callable[[float], bool]) -> float:
    """Return the value of a series as soon as it is right; fail where it never is."""
    deadline = time.monotonic() + 60
    while not is_right(value := scrape(client, series)):
        assert time.monotonic() < deadline, f"{series} is {value}"
    return value
