"""Where a scope's state holds what the connection has found out of a request that it hands on."""

from __future__ import annotations

ARRIVED = "arrived"
"""When the head was there, by `perf_counter`."""

EXCHANGE = "exchange"
"""The exchange that the connection has begun, with its body, for the application to finish."""
