"""What the service's own protocol relies on inside uvicorn, and with which versions that was tested.

Nobody promises that these names stay, or keep their meaning. So `python -m service` asks here before it uses
them, and where there is a doubt it leaves the connections to uvicorn's own protocol: slower, and sound.
"""

from __future__ import annotations

import asyncio
import re
from importlib import import_module
from inspect import signature
from operator import attrgetter
from typing import Any

import uvicorn
from uvicorn.config import Config
from uvicorn.server import Server, ServerState
from uvicorn.supervisors import multiprocess

_IMPLEMENTATION = "uvicorn.protocols.http.httptools_impl"

# The first and the last minor version with which `tests/service/http` passes.
TESTED = {"uvicorn": ((0, 35), (0, 54)), "httptools": ((0, 6), (0, 9))}

# Where each name is looked for: in that module, in a protocol that has read a request, in what it holds, in
# how a server ends, and in what starts workers.
NAMES: dict[str, tuple[str, ...]] = {
    "module": ("HttpToolsProtocol", "STATUS_LINE"),
    "protocol": (
        *("app", "connections", "cycle", "expect_100_continue", "flow", "headers", "loop", "parser"),
        *("client", "pipeline", "root_path", "scope", "server_state", "transport", "url"),
        *("connection_lost", "connection_made", "data_received", "pause_writing", "resume_writing"),
        *("on_body", "on_headers_complete", "on_message_begin", "on_message_complete"),
        *("eof_received", "on_response_complete", "send_400_response", "shutdown", "timeout_keep_alive"),
        *("timeout_keep_alive_handler", "timeout_keep_alive_task", "_unset_keepalive_if_required"),
    ),
    "cycle": (
        *("disconnected", "keep_alive", "message_event", "more_body", "response_complete"),
        *("response_started", "scope"),
    ),
    "flow": ("pause_reading", "read_paused", "resume_reading", "write_paused"),
    "parser": ("feed_data", "get_http_version", "get_method", "should_keep_alive", "should_upgrade"),
    "server_state": ("default_headers", "total_requests"),
    "server": ("config", "lifespan", "server_state", "servers"),
    "workers": ("Multiprocess.terminate_all", "Process.target"),
}


def doubt_of_installed() -> str | None:
    """Return why the installed uvicorn and httptools cannot be relied on, None where they can."""
    try:
        httptools, implementation = import_module("httptools"), import_module(_IMPLEMENTATION)
    except ImportError as error:
        return str(error)
    return doubt(uvicorn.__version__, httptools.__version__, implementation)


def doubt(uvicorn_version: str, httptools_version: str, implementation: Any) -> str | None:
    """Return why these versions, and this module of uvicorn's, cannot be relied on; None where they can."""
    for name, version in (("uvicorn", uvicorn_version), ("httptools", httptools_version)):
        first, last = TESTED[name]
        given = re.match(r"(\d+)\.(\d+)", version)
        if given is None or not first <= (int(given[1]), int(given[2])) <= last:
            return f"{name} is {version}; tested are {_shown(first)} to {_shown(last)}"
    missing = [f"{_IMPLEMENTATION}.{name}" for name in NAMES["module"] if not hasattr(implementation, name)]
    missing += _missing_in_server()
    if not missing:
        try:
            missing = _missing_in(implementation.HttpToolsProtocol)
        except Exception as error:  # foreign code that is not known: whatever it raises is a doubt
            return f"uvicorn {uvicorn_version} cannot read a request ({type(error).__name__}: {error})"
    return f"uvicorn {uvicorn_version} lacks {', '.join(missing)}" if missing else None


def _missing_in(kind: type[Any]) -> list[str]:
    """Return which names are not there when a protocol of this kind has read a request, in memory."""
    loop = asyncio.new_event_loop()
    try:
        state = ServerState()
        config = Config(_nobody, log_config=None, lifespan="off", ws="none", http=kind)
        protocol = kind(config=config, server_state=state, app_state={}, _loop=loop)
        protocol.connection_made(_Nowhere())
        protocol.data_received(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        missing = [f"protocol.{name}" for name in NAMES["protocol"] if not hasattr(protocol, name)]
        for part in ("cycle", "flow", "parser", "server_state"):
            held = getattr(protocol, part, None)
            missing += [f"{part}.{name}" for name in NAMES[part] if not hasattr(held, name)]
        protocol.connection_lost(None)
        if state.tasks:
            loop.run_until_complete(asyncio.wait(state.tasks))
    finally:
        loop.close()
    return missing


def _missing_in_server() -> list[str]:
    """Return which names a server does not use where it ends, though ours does, and which workers lack."""
    used = Server.shutdown.__code__.co_names
    missing = [f"server.{name}" for name in NAMES["server"] if name not in used]
    for name in NAMES["workers"]:
        try:
            attrgetter(name)(multiprocess)
        except AttributeError:
            missing.append(f"workers.{name}")
    takes_target = "target" in signature(multiprocess.Multiprocess).parameters
    if not (takes_target or hasattr(multiprocess.Process, "server")):
        missing.append("workers.Process.server")
    if "sockets" not in multiprocess.Multiprocess.__init__.__code__.co_names:
        missing.append("workers.Multiprocess.sockets")
    return missing


async def _nobody(scope: Any, receive: Any, send: Any) -> None:
    """Answer nothing: whoever asked is gone by now."""


class _Nowhere(asyncio.Transport):
    """A connection to nobody."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send nothing."""

    def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def is_closing(self) -> bool:
        return False


def _shown(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
