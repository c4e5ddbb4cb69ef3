"""The commands of `python -m loadtests`, one a file."""
