"""The program: `python -m training train`, `resume`, `tune`, `evaluate` and `diagnose`."""

from __future__ import annotations

import sys


def _run() -> int:
    try:
        from training.cli.app import main
    except KeyboardInterrupt:  # it takes most of a second until somebody listens
        sys.stderr.write("error: interrupted\n")
        return 130
    return main()


if __name__ == "__main__":
    raise SystemExit(_run())
