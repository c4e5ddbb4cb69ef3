"""`python -m service`: serve the models of a folder."""

from __future__ import annotations

import logging
import logging.config
import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from copy import deepcopy
from importlib import import_module
from typing import Any

import uvicorn
from pydantic import ValidationError
from pydantic_settings import CliApp
from uvicorn.config import LOGGING_CONFIG

from service.http.uvicorn_internals import doubt_of_installed
from service.observe.metrics import MULTIPROCESS_VARIABLE
from service.repository.proof import VERDICTS_VARIABLE
from service.settings import PREFIX, Settings

logger = logging.getLogger("service")

_WARNING = (
    "requests are read by uvicorn's own protocol, for the service's is not known to work here: %s. "
    "Answers are the same, and slower. Not bounded are the size of a request's head and the time for it, and "
    "connections that ask nothing; what is not HTTP, or is a connection too many, is refused in plain text."
)


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop, and return the exit code."""
    try:
        settings = CliApp.run(Settings, cli_args=sys.argv[1:] if arguments is None else arguments)
    except ValidationError as error:
        first = error.errors()[0]
        option = str(first["loc"][0]).replace("_", "-") if first["loc"] else "settings"
        print(f"error: --{option} is {first['input']!r}: {first['msg']}", file=sys.stderr)
        return 2
    if not settings.models.is_dir():
        print(
            f"error: --models is {str(settings.models)!r}, which is not a folder; "
            "`python -m training train` makes one",
            file=sys.stderr,
        )
        return 2
    log_config = _log_config(settings.log_level)
    logging.config.dictConfig(log_config)
    os.environ.update(_environment(settings))  # from where every worker reads its settings
    # uvicorn stops in order on SIGTERM, and then raises it again for whoever was there before.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ExitStack() as cleanup:
        if settings.workers > 1:
            shared = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="service-workers-"))
            os.environ.setdefault(MULTIPROCESS_VARIABLE, shared)
            os.environ[VERDICTS_VARIABLE] = shared
        uvicorn.run(
            "service.app:create_app",
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
            timeout_graceful_shutdown=30,
            proxy_headers=False,
            **_protocol(settings),
        )
    return 0


def _protocol(settings: Settings) -> dict[str, Any]:
    """Return uvicorn's options for the protocol that reads requests: ours, unless that could go wrong."""
    doubt = doubt_of_installed()
    if doubt is None:
        # Imported only here: where uvicorn's internals are other ones, this import may fail.
        return {"http": import_module("service.http.protocol").GuardedProtocol}
    logger.warning(_WARNING, doubt)
    # uvicorn refuses from this many connections on, and ours is the number that are allowed.
    most = settings.max_connections + 1
    return {"limit_concurrency": most, "h11_max_incomplete_event_size": settings.max_head_bytes}


def _environment(settings: Settings) -> dict[str, str]:
    values = settings.model_dump(mode="json", exclude_none=True)
    return {
        PREFIX + name.upper(): ",".join(value) if isinstance(value, list) else str(value)
        for name, value in values.items()
    }


def _log_config(level: str) -> dict[str, Any]:
    config = deepcopy(LOGGING_CONFIG)
    config["loggers"]["service"] = {"handlers": ["default"], "level": level.upper(), "propagate": False}
    return config


if __name__ == "__main__":
    raise SystemExit(main())
