from __future__ import annotations

import socket

import pytest

from loadtests.rig.ports import free_port, is_here


def test_somebody_can_listen_on_a_free_port() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as listener:
        assert listener.getsockname()[1] > 0


@pytest.mark.parametrize(
    ("name", "here"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("localhost", True),
        ("192.0.2.1", False),  # of documents, RFC 5737
        ("2001:db8::1", False),
        ("nobody.invalid", False),
        (f"{'long' * 20}.invalid", False),
    ],
)
def test_a_host_is_this_machine_where_a_socket_can_have_its_address(name: str, here: bool) -> None:
    assert is_here(name) is here
