"""`python -m service`: serve the models of a folder."""

from __future__ import annotations

import os
import signal

if __name__ == "__main__":  # what is imported below takes a while, in which it may be told to stop
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))

import logging
import logging.config
import sys
import tempfile
from contextlib import ExitStack
from copy import deepcopy
from importlib import import_module
from math import ceil
from typing import Any

import uvicorn
from pydantic import ValidationError
from pydantic_settings import CliApp
from uvicorn.config import LOGGING_CONFIG

from service.http.drain import bound_end_of_workers
from service.http.uvicorn_internals import doubt_of_installed
from service.observe.workers import SHARED_VARIABLE
from service.observe.writer import let_drop
from service.repository.proof.findings import FINDINGS_VARIABLE
from service.rpc.door import DoorError, opened
from service.settings import PREFIX, Settings

logger = logging.getLogger("service")

_WARNING = (
    "requests are read by uvicorn's own protocol, for the service's is not known to work here: %s. "
    "Answers are the same, and slower. Not bounded are the size of a request's head and the time for it, and "
    "connections that ask nothing; what is not HTTP, or is a connection too many, is refused in plain text."
)


def main(arguments: list[str] | None = None, *, app: str = "service.app:create_app") -> int:
    """Serve until told to stop, and return the exit code; `app` names what builds the application."""
    try:
        settings = CliApp.run(Settings, cli_args=sys.argv[1:] if arguments is None else arguments)
    except ValidationError as error:
        first = error.errors()[0]
        option = str(first["loc"][0]).replace("_", "-") if first["loc"] else "settings"
        reason = first["msg"].removeprefix("Value error, ")
        print(f"error: --{option} is {first['input']!r}: {reason}", file=sys.stderr)
        return 2
    if not settings.models.is_dir():
        print(
            f"error: --models is {str(settings.models)!r}, which is not a folder; "
            "`python -m training train` makes one",
            file=sys.stderr,
        )
        return 2
    for stream in (1, 2):
        let_drop(stream)
    log_config = _log_config(settings.log_level)
    logging.config.dictConfig(log_config)
    os.environ.update(_environment(settings))  # from where every worker reads its settings
    with ExitStack() as cleanup:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            share = _share(settings.workers, cleanup)
            share |= _door(settings, cleanup)
        except (OSError, DoorError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        os.environ.update(share)
        if settings.workers == 1:
            # uvicorn stops in order, and then raises the signal again for whoever was there before. Python
            # would wait for threads that are held in a read of a disk, or in a call.
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: os._exit(0))
        else:
            bound_end_of_workers(drain_s=settings.drain_s, stop_s=settings.stop_s)
        _serve(
            settings,
            app=app,
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            log_config=log_config,
            log_level=settings.log_level,
            access_log=False,
            server_header=False,
            ws="none",
            timeout_keep_alive=settings.idle_timeout_s,
            timeout_graceful_shutdown=ceil(settings.stop_s),
            proxy_headers=False,
        )
    return 0


def _share(workers: int, cleanup: ExitStack) -> dict[str, str]:
    """Return the variables that tell workers which folders they share, if there are several.

    Raises OSError, with what is needed, where one cannot be written to.
    """
    given = os.environ.get(SHARED_VARIABLE)
    if given:
        try:
            tempfile.TemporaryFile(dir=given).close()
        except OSError as error:
            raise OSError(f"{SHARED_VARIABLE} is {given!r}: {error.strerror}; it needs a folder") from error
    if workers == 1:
        return {}
    try:
        folder = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="service-workers-"))
    except OSError as error:
        raise OSError(
            f"{workers} workers share a folder for temporary files, and none can be written to "
            f"({error.strerror}); set TMPDIR to one that can, such as a tmpfs"
        ) from error
    return {SHARED_VARIABLE: given or folder, FINDINGS_VARIABLE: folder}


def _door(settings: Settings, cleanup: ExitStack) -> dict[str, str]:
    """Return the variable that tells workers the port for gRPC, if there is one. Raises DoorError."""
    if settings.grpc_port is None:
        return {}
    if settings.grpc_port == settings.port != 0:
        raise DoorError(f"--grpc-port is {settings.port}, and so is --port; they must be two")
    port = cleanup.enter_context(opened(settings.host, settings.grpc_port, workers=settings.workers))
    return {f"{PREFIX}GRPC_PORT": str(port)}


def _serve(settings: Settings, **options: Any) -> None:
    """Let uvicorn serve with our protocol and our server, unless that could go wrong."""
    doubt = doubt_of_installed()
    if doubt is None:
        # Imported only here: where uvicorn's internals are other ones, this import may fail.
        protocol = import_module("service.http.protocol").GuardedProtocol
        import_module("service.http.server").run(uvicorn.Config(http=protocol, **options))
        return
    logger.warning(_WARNING, doubt)
    uvicorn.run(
        # uvicorn refuses from this many connections on, and ours is the number that are allowed.
        limit_concurrency=settings.max_connections + 1,
        h11_max_incomplete_event_size=settings.max_head_bytes,
        **options,
    )


def _environment(settings: Settings) -> dict[str, str]:
    values = settings.model_dump(mode="json", exclude_none=True)
    return {
        PREFIX + name.upper(): ",".join(value) if isinstance(value, list) else str(value)
        for name, value in values.items()
    }


def _log_config(level: str) -> dict[str, Any]:
    config = deepcopy(LOGGING_CONFIG)
    config["handlers"]["default"] = {"formatter": "default", "class": "service.observe.log.StderrHandler"}
    ours = {"handlers": ["default"], "level": level.upper(), "propagate": False}
    config["loggers"] |= {"service": ours, "asyncio": ours}
    return config


if __name__ == "__main__":
    raise SystemExit(main())
