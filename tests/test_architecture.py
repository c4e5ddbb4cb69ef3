"""The house stands as designed: which floor may import which, and no cycle anywhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

OURS = {"bundle", "training", "service", "loadtests", "benchmarks"}
MAY_IMPORT = {
    "bundle": set(),
    "training": {"bundle"},
    "service": {"bundle"},
    "loadtests": {"bundle"},
    "benchmarks": {"bundle"},  # everything else is a black box, started as a process
}
NEVER = {
    "bundle": {"fastapi", "starlette", "keras", "locust", "sklearn", "scipy"},
    "training": {"fastapi", "starlette", "uvicorn", "locust"},
    "service": {"tensorflow", "keras", "sklearn", "scipy", "locust", "ai_edge_litert"},
    "loadtests": {"tensorflow", "keras", "sklearn", "fastapi", "starlette", "uvicorn"},
    "benchmarks": {"tensorflow", "keras", "sklearn", "locust"},
}
# A program in a file, started as a process and imported by nobody, may know what it is made of.
BLACK_BOXES = {"benchmarks.fits": {"training", "keras"}}
BACKENDS = {"tensorflow", "ai_edge_litert"}


def modules(package: str) -> dict[str, Path]:
    """Return every module of a package by its dotted name."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted names that a file imports anywhere in it, type-checking blocks included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively; say the whole name"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def top(name: str) -> str:
    return name.partition(".")[0]


@pytest.mark.parametrize("package", sorted(OURS))
def test_a_package_imports_only_the_floors_below_it(package: str) -> None:
    for name, path in modules(package).items():
        allowed = MAY_IMPORT[package] | {package} | BLACK_BOXES.get(name, set())
        above = {top(imported) for imported in imports(path)} & (OURS - allowed)
        assert not above, f"{name} imports {above}"


@pytest.mark.parametrize("package", sorted(OURS))
def test_a_package_leaves_foreign_parts_to_the_room_they_belong_to(package: str) -> None:
    for name, path in modules(package).items():
        foreign = {top(imported) for imported in imports(path)} & NEVER[package] - BLACK_BOXES.get(
            name, set()
        )
        assert not foreign, f"{name} imports {foreign}"


@pytest.mark.parametrize("package", sorted(OURS))
def test_nothing_imports_a_black_box(package: str) -> None:
    for name, path in modules(package).items():
        assert not set(imports(path)) & set(BLACK_BOXES), f"{name} imports a program"


def test_the_bundle_imports_its_backends_only_inside_runtimes() -> None:
    for name, path in modules("bundle").items():
        if not name.startswith("bundle.runtimes."):
            assert not {top(imported) for imported in imports(path)} & BACKENDS, f"{name} imports a backend"


@pytest.mark.parametrize("package", sorted(OURS))
def test_no_modules_import_each_other_in_a_circle(package: str) -> None:
    known = modules(package)
    graph = {
        name: {imported for imported in imports(path) if imported in known and imported != name}
        for name, path in known.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("package", sorted(OURS))
def test_every_module_opens_with_a_sentence_of_purpose(package: str) -> None:
    for name, path in modules(package).items():
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{name} has no docstring"


def test_no_module_is_named_for_nothing_in_particular() -> None:
    names = {part for package in OURS for name in modules(package) for part in name.split(".")}
    assert not names & {"utils", "util", "common", "helpers", "helper", "misc"}
