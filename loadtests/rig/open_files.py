"""How many files, and so connections, a process may have open at once."""

from __future__ import annotations

from contextlib import suppress

WANTED = 8192  # an open loop may open 1,024 connections, and so must the service


def allow_many() -> None:
    """Raise the limit of this process, and of all that it starts from now on, as far as it may itself.

    Systems begin with as few as 256, and the next connection would look like a service that fails.
    """
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # macOS may have a limit below the one that it names
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
