"""The program `python -m training`: its commands, and what becomes of an error."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

import typer
from pydantic import ValidationError

from bundle.errors import BundleError
from training.cli import diagnose, evaluate, importing, resume, train, tune
from training.cli.endings import Stopped, stoppable
from training.errors import TrainingError

app = typer.Typer(
    help="Train a classifier, export it at every precision, and score each one through its runtime.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command(epilog=train.EXAMPLES)(train.train)
app.command("import", epilog=importing.EXAMPLES)(importing.import_)
app.command(epilog=resume.EXAMPLES)(resume.resume)
app.command(epilog=tune.EXAMPLES)(tune.tune)
app.command(epilog=evaluate.EXAMPLES)(evaluate.evaluate)
app.command(epilog=diagnose.EXAMPLES)(diagnose.diagnose)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code: 0 good, 1 what was asked for was not reached, 2 a mistake.

    Where a signal ends it, 128 and its number, as a shell has it: 130 after Ctrl-C.
    """
    try:
        with stoppable():
            code = app(arguments, prog_name="python -m training", standalone_mode=False) or 0
            sys.stdout.flush()  # a disk that is full is told of here, and not by Python on its way out
            return code
    except (typer.Abort, KeyboardInterrupt) as error:
        return _tell("interrupted", error, 128 + signal.SIGINT)
    except Stopped as stopped:
        return _tell(str(stopped), stopped, stopped.code)
    except MemoryError as error:
        return _tell(str(error) or "there is not enough memory for this", error)
    except (typer.TyperException, ValidationError, TrainingError, BundleError, OSError) as error:
        return _tell(_message(error), error)


def _message(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return _first_mistake(error)
    if isinstance(error, typer.TyperException):
        return error.format_message()
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _tell(message: str, error: BaseException, code: int = 2) -> int:
    """Say it in one line, and what else there is to know in one more each."""
    for line in (f"error: {message}", *getattr(error, "__notes__", ())):
        typer.echo(line, err=True)
    return code


def _first_mistake(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    option = "--" + str(first["loc"][0]).replace("_", "-")
    reason = first["msg"].removeprefix("Value error, ")  # which says nothing to its reader
    return f"{option} was given {first['input']!r}: {reason[0].lower()}{reason[1:]}"
