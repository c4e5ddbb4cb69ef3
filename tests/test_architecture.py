"""The house stands as designed: which floor may import which, and no cycle anywhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

OURS = {"bundle", "evidence", "training", "service", "loadtests", "benchmarks"}
GROUND = {"bundle", "evidence"}
MAY_IMPORT: dict[str, set[str]] = {
    "bundle": set(),
    "evidence": set(),
    "training": GROUND,
    "service": GROUND,
    "loadtests": GROUND,
    "benchmarks": GROUND | {"loadtests.rig"},  # the rest is a black box, started as a process
}
# The rooms of each package, from the top down: a room imports only rooms that stand after it.
ROOMS = {
    "training": "__main__ cli report diagnosis search runs imports export models evaluation data "
    "config precisions progress errors",
    "service": "__main__ app rpc console routes http pipeline live repository engine wire "
    "observe settings errors",
    "loadtests": "__main__ cli report judge experiment generator system measure protocol workload rig errors",
    "benchmarks": "__main__ cascades ladders mixed policies systems parts plan referee peers subjects load "
    "report measure endings names errors",
}
PURE = {
    "numpy",
    "scipy",
    "statistics",
    "__future__",
    "bisect",
    "itertools",
    "collections",
    "dataclasses",
    "fractions",
    "functools",
    "math",
    "typing",
}
FILES_IN_A_FOLDER_MAX = 13
LINES_MAX = 400
LINES_USUAL = 250
NEVER: dict[str, set[str]] = {
    "bundle": {"fastapi", "starlette", "keras", "locust", "sklearn", "scipy"},
    "evidence": set(),  # what it may have is said below, not what it may not
    "training": {"fastapi", "starlette", "uvicorn", "locust"},
    "service": {"tensorflow", "keras", "sklearn", "scipy", "locust", "ai_edge_litert"},
    "loadtests": {"tensorflow", "keras", "sklearn", "fastapi", "starlette", "uvicorn"},
    "benchmarks": {"tensorflow", "keras", "sklearn", "locust"},
}
# A program in a file, started as a process and imported by nobody, may know what it is made of.
BLACK_BOXES = {
    "benchmarks.subjects.fits": {"training", "keras"},
    "benchmarks.subjects.reads": {"training", "sklearn"},
    "benchmarks.subjects.cuts": {"training"},
    "benchmarks.subjects.generator": {"loadtests"},
    "benchmarks.subjects.fast_http": {"loadtests", "locust"},
    "benchmarks.policies.served": {"service"},
}
BACKENDS = {"tensorflow", "ai_edge_litert"}


@cache
def modules(package: str) -> dict[str, Path]:
    """Return every module of a package by its dotted name."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> frozenset[str]:
    """Return the dotted names that a file imports anywhere in it, type-checking blocks included."""
    return frozenset(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively; say the whole name"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def top(name: str) -> str:
    return name.partition(".")[0]


def within(name: str, places: set[str]) -> bool:
    """Whether a module is one of these places, or stands in one."""
    return any(name == place or name.startswith(f"{place}.") for place in places)


@pytest.mark.parametrize("package", sorted(OURS))
def test_a_package_imports_only_the_floors_below_it(package: str) -> None:
    for name, path in modules(package).items():
        allowed = MAY_IMPORT[package] | {package} | BLACK_BOXES.get(name, set())
        # `from loadtests import rig` yields `loadtests` as well: the package alone, which holds nothing.
        above = {
            imported
            for imported in imports(path)
            if top(imported) in OURS and imported not in OURS and not within(imported, allowed)
        }
        assert not above, f"{name} imports {above}"


@pytest.mark.parametrize("package", sorted(ROOMS))
def test_a_room_imports_only_rooms_that_stand_after_it(package: str) -> None:
    order = ROOMS[package].split()
    for name, path in modules(package).items():
        if name == package:
            continue
        room = name.split(".")[1]
        assert room in order, f"{name} stands in no room"
        reached = {imported.split(".")[1] for imported in imports(path) if imported.startswith(f"{package}.")}
        above = {other for other in reached if other in order and order.index(other) < order.index(room)}
        assert not above, f"{name} imports from {above}, above {room}"


@pytest.mark.parametrize("package", sorted(OURS))
def test_a_folder_holds_no_more_files_than_a_reader_takes_in(package: str) -> None:
    folders = {path.parent for path in modules(package).values()}
    for folder in folders:
        files = [path.name for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(files) <= FILES_IN_A_FOLDER_MAX, f"{folder.relative_to(ROOT)} holds {len(files)}: {files}"


@pytest.mark.parametrize("package", sorted({*OURS, "tests"}))
def test_no_file_is_long_and_most_are_short(package: str) -> None:
    lines = {name: len(path.read_text("utf-8").splitlines()) for name, path in modules(package).items()}
    assert not {name: count for name, count in lines.items() if count > LINES_MAX}
    assert sum(count > LINES_USUAL for count in lines.values()) <= len(lines) / 10


@pytest.mark.parametrize("package", sorted(OURS))
def test_a_package_leaves_foreign_parts_to_the_room_they_belong_to(package: str) -> None:
    for name, path in modules(package).items():
        foreign = {top(imported) for imported in imports(path)} & NEVER[package] - BLACK_BOXES.get(
            name, set()
        )
        assert not foreign, f"{name} imports {foreign}"


def test_evidence_has_nothing_to_run_read_or_write_with() -> None:
    for name, path in modules("evidence").items():
        assert {top(imported) for imported in imports(path)} <= PURE | {"evidence"}, name


@pytest.mark.parametrize("package", sorted(OURS))
def test_nothing_imports_a_black_box(package: str) -> None:
    for name, path in modules(package).items():
        assert not imports(path) & set(BLACK_BOXES), f"{name} imports a program"


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
        assert ast.get_docstring(parsed(path)), f"{name} has no docstring"


def test_no_module_is_named_for_nothing_in_particular() -> None:
    names = {part for package in OURS for name in modules(package) for part in name.split(".")}
    assert not names & {"utils", "util", "common", "helpers", "helper", "misc"}
