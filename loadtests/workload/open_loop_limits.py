"""How far the open loop goes, for those who must know it without loading gevent."""

from __future__ import annotations

CONNECTIONS_FIRST = 32
CONNECTIONS_MAX = 1024
GRACE_S = 10.0  # for answers that are still out when the last request is sent
