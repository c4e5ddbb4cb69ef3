"""The process that opens a model that others made, and may die of it.

`training.imports.opening` runs it: `python -m training.imports.child MODULE PATH FOLDER [--trust]`. Its
stdout has a line `facts JSON` each time that more is known, the last of which holds, or `refused REASON`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

from bundle.errors import RuntimeUnavailableError
from bundle.proof.apart import end_with_parent
from training.errors import TrainingError
from training.imports.facts import Facts

FACTS, REFUSED = "facts", "refused"

Opener: TypeAlias = Callable[..., Iterator[Facts]]


def _main(module: str, path: Path, folder: Path, trust: bool, report: Callable[[str], None]) -> int:
    try:
        opener: Opener = import_module(module).open_model
        for facts in opener(path, folder, trust=trust):
            report(f"{FACTS} {facts.to_json()}")
    except (TrainingError, RuntimeUnavailableError) as error:
        reason = str(error)
    except OSError as error:
        reason = f"cannot be opened ({error.strerror or error}: {error.filename})"
    except Exception as error:  # of whatever kind: it is another's code that meets files of unknown origin
        reason = f"cannot be opened ({type(error).__name__}: {error})"
    else:
        return 0
    report(f"{REFUSED} {' '.join(reason.split())}")
    return 1


if __name__ == "__main__":
    end_with_parent()
    raise SystemExit(
        _main(
            sys.argv[1],
            Path(sys.argv[2]),
            Path(sys.argv[3]),
            "--trust" in sys.argv[4:],
            lambda line: print(line, flush=True),  # noqa: T201 - its whole output
        )
    )
