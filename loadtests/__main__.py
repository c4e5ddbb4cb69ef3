"""The load tests' command line: `python -m loadtests run --models models`."""

from loadtests.cli.run import app

if __name__ == "__main__":
    app()
