"""Where a request asks, below whatever the application was put under."""

from __future__ import annotations

from starlette.types import Scope


def place(scope: Scope) -> str:
    """Return the path that routes know, percent-decoded: a scope's own begins with its `root_path`."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path[len(root) :] if root and path.startswith(root + "/") else path
