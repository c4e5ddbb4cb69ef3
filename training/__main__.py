"""The program: `python -m training train`, `tune`, `evaluate` and `diagnose`."""

from __future__ import annotations

from training.cli.app import main

if __name__ == "__main__":
    raise SystemExit(main())
