from __future__ import annotations

import socket

from loadtests.rig.ports import free_port


def test_somebody_can_listen_on_a_free_port() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as listener:
        assert listener.getsockname()[1] > 0
