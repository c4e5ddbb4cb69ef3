"""The load tests' command line: `python -m loadtests run --models models`."""

from __future__ import annotations

import typer

from loadtests.cli import compare, run

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Measure throughput and latency against accuracy, under real HTTP load."""


app.command("run", epilog=run.EPILOG)(run.run_command)
app.command("compare", epilog=compare.EPILOG)(compare.compare_command)
