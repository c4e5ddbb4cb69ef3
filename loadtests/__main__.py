"""The load tests' command line: `python -m loadtests run --models models`."""

from loadtests.cli.app import app

if __name__ == "__main__":
    app()
