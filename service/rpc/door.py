"""What `--grpc-port` needs, looked into before anything is loaded: the packages, and the port."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

_PACKAGES = "grpc", "google.protobuf"


class DoorError(Exception):
    """gRPC cannot be answered. The message says what is in the way."""


@contextmanager
def opened(host: str, port: int, *, workers: int) -> Iterator[int]:
    """Yield the port to listen on; where it is 0 and several workers need the same, one that is free.

    One that they share is kept for them meanwhile. Raises DoorError where there can be no gRPC.
    """
    if not all(map(_is_installed, _PACKAGES)):
        raise DoorError(
            "--grpc-port needs what the extra `grpc` brings: pip install 'precision-ladder[grpc]'"
        )
    try:
        with _place(host, port) as alone:
            number: int = alone.getsockname()[1]
        kept = (
            None if workers == 1 else _place(host, number, is_shared=True)
        )  # nobody comes: it does not listen
    except OSError as error:
        raise DoorError(f"--grpc-port is {port}, and {host} does not give it: {error.strerror}") from error
    if kept is None:
        yield port
        return
    with kept:
        yield number


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # not even what it is in
        return False


def _place(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    """Return a socket that has the port, alone or with others who share it."""
    place = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        place.bind((host, port))
    except BaseException:
        place.close()
        raise
    return place
