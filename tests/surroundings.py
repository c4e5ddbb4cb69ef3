"""What whoever starts the tests may have set, and they put aside, so that they ask the same everywhere."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import MutableMapping
from pathlib import Path

_REPOSITORY = Path(__file__).parents[1]

# What a program of ours, or a library under it, takes for an option of its user's.
_PREFIXES = ("PRECISION_LADDER__", "SERVICE_", "LOCUST_", "KERAS_", "TF_")
_NAMES = frozenset(
    {
        *("PYTHONWARNINGS", "PYTHONIOENCODING", "PYTHONUTF8", "LANG", "LC_ALL", "LC_CTYPE", "LANGUAGE"),
        *("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "CLICOLOR_FORCE", "PY_COLORS", "MPLBACKEND"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS"),
        "PROMETHEUS_MULTIPROC_DIR",
        "PYTHONDONTWRITEBYTECODE",  # or every program that is started compiles our sources anew
    }
)
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP


def put_aside() -> None:
    """Make this process, and whatever it starts, independent of where and by whom it was started."""
    os.chdir(_REPOSITORY)
    _forget(os.environ)
    sys.dont_write_bytecode = False
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        # What is ignored is inherited, as `nohup` and a background job mean it; what is caught is not. So we
        # ignore it as before, and a program that we start can be asked to end.
        if number is not None and signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def _forget(environment: MutableMapping[str, str]) -> None:
    for name in [one for one in environment if one.upper() in _NAMES or one.upper().startswith(_PREFIXES)]:
        del environment[name]
