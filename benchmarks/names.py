"""Names that are given to a program in one word, comma-separated."""

from __future__ import annotations

from benchmarks.errors import BenchmarkError


def chosen(option: str, text: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names in `text`, in the order of `allowed`. Raises BenchmarkError."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or not set(names) <= set(allowed):
        raise BenchmarkError(f"{option} is {text!r}; allowed are {', '.join(allowed)}, comma-separated")
    return tuple(name for name in allowed if name in names)
