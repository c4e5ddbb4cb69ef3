"""`python -m service`: serve the models of a folder."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from copy import deepcopy

import uvicorn
from pydantic import ValidationError
from pydantic_settings import CliApp
from uvicorn.config import LOGGING_CONFIG

from service.http.protocol import GuardedProtocol
from service.observe.metrics import MULTIPROCESS_VARIABLE
from service.settings import PREFIX, Settings


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
    os.environ.update(_environment(settings))  # from where every worker reads its settings
    # uvicorn stops in order on SIGTERM, and then raises it again for whoever was there before.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ExitStack() as cleanup:
        if settings.workers > 1:
            shared = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="service-metrics-"))
            os.environ.setdefault(MULTIPROCESS_VARIABLE, shared)
        uvicorn.run(
            "service.app:create_app",
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            log_config=_log_config(settings.log_level),
            log_level=settings.log_level,
            access_log=False,
            server_header=False,
            http=GuardedProtocol,
            ws="none",
            timeout_keep_alive=settings.idle_timeout_s,
            timeout_graceful_shutdown=30,
            proxy_headers=False,
        )
    return 0


def _environment(settings: Settings) -> dict[str, str]:
    values = settings.model_dump(mode="json", exclude_none=True)
    return {
        PREFIX + name.upper(): ",".join(value) if isinstance(value, list) else str(value)
        for name, value in values.items()
    }


def _log_config(level: str) -> dict[str, object]:
    config = deepcopy(LOGGING_CONFIG)
    config["loggers"]["service"] = {"handlers": ["default"], "level": level.upper(), "propagate": False}
    return config


if __name__ == "__main__":
    raise SystemExit(main())
