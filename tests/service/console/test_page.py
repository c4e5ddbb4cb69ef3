"""The page asks nothing of anybody else, and its figures are there in the shape that its script reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic_settings import CliApp

from service.__main__ import _environment
from service.console import router
from service.settings import PREFIX, Settings
from tests.patience import wait_until
from tests.service.routes.within import within

PAGE = Path(router.__file__).parent / "page"


@pytest.fixture(scope="module")
def bare(digits_alone: Path) -> Iterator[httpx.Client]:
    """A service without the console."""
    with within(digits_alone, preload=("int8",), console=False) as client:
        yield client


def test_the_page_and_its_files_are_there_with_a_policy_that_lets_nothing_else_in(
    client: httpx.Client,
) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    files = [name for name in named if name.startswith("console/")]
    assert {f"console/{path.name}" for path in PAGE.iterdir()} >= set(files) != set()
    assert set(named) - set(files) <= {"docs", "metrics", "variants"}
    for path in ["/", *(f"/console/{path.name}" for path in PAGE.iterdir() if path.name != "index.html")]:
        answer = client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert client.head(path).status_code == 200


def test_no_file_of_the_page_names_another_host_or_makes_markup_of_text() -> None:
    for path in PAGE.iterdir():
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|[\"'(]//|@import|url\(", text), path
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", text), path
        assert not re.search(r" style=| on[a-z]+=\"", text), path  # which the policy would refuse


def test_every_module_of_the_script_is_a_file_that_is_there() -> None:
    for path in PAGE.glob("*.js"):
        for name in re.findall(r'from "\./([^"]+)"', path.read_text("utf-8")):
            assert (PAGE / name).is_file(), f"{path.name} imports {name}"


def test_the_figures_tell_the_ladder_and_what_it_costs(client: httpx.Client) -> None:
    figures = client.get("/console.json").json()
    listed = client.get("/variants").json()
    shown = figures["shown"]
    assert shown["catalogue"] == listed
    assert shown["policy"] == client.get("/models").json()["models"][1]["policy"]
    assert (figures["why_not_ready"], figures["why_not_shown"], figures["workers"]) == (None, None, 1)
    loaded = [one for one in listed["variants"] if one["state"] == "loaded"]
    costs = shown["costs"]
    assert costs.keys() == {one["name"] for one in loaded}
    assert all(0 < one["one_row_us"] < one["several_rows_us"] for one in costs.values())
    best = max(loaded, key=lambda one: (one["accuracy"], -costs[one["name"]]["several_rows_us"]))
    assert costs[best["name"]]["is_on_front"]
    assert {one["name"]: one["versions"] for one in figures["models"]} == {
        name: [{"version": 1, "state": "serving", "detail": None}] for name in ("breast_cancer", "digits")
    }


def test_the_figures_count_what_was_asked(client: httpx.Client) -> None:
    def counted() -> list[int]:
        figures = client.get("/console.json", params={"model": "breast_cancer"}).json()
        of = figures["counted"]
        found = of["traffic"]["int8"]
        assert len(found["within"]) == len(figures["bounds_s"])
        assert found["within"] == sorted(found["within"])
        assert (figures["bounds_s"][-1], found["within"][-1]) == (None, found["outcomes"]["200"])
        chosen = sum(count for one in of["traffic"].values() for count in one["choices"].values())
        outcomes = found["outcomes"]
        return [outcomes["200"], outcomes.get("422", 0), found["rows"], of["outcomes"]["200"], chosen]

    row = client.get("/console/form.json", params={"model": "breast_cancer"}).json()["instance"]
    asked = {"model": "breast_cancer", "variant": "int8"}
    assert client.post("/predict", params=asked, json={"instances": [row]}).status_code == 200
    before = counted()
    assert client.post("/predict", params=asked, json={"instances": [row] * 3}).status_code == 200
    assert client.post("/predict", params=asked, json={"instances": [[1]]}).status_code == 422
    pinned = [now - then for now, then in zip(counted(), before, strict=True)]
    assert pinned == [1, 1, 3, 1, 0]
    free = {"model": "breast_cancer", "variant": "auto"}
    assert client.post("/predict", params=free, json={"instances": [row]}).status_code == 200
    assert counted()[4] == before[4] + 1


def test_a_version_that_is_not_there_is_told_and_the_rest_is_shown(client: httpx.Client) -> None:
    figures = client.get("/console.json", params={"model": "digits", "version": 7}).json()
    assert (figures["shown"], len(figures["models"])) == (None, 2)
    assert figures["why_not_shown"] == "'digits' has no version 7; it has: 1"
    assert client.get("/console/form.json", params={"model": "none"}).status_code == 404
    assert client.get("/console.json", params={"version": "x"}).status_code == 422


def test_the_form_begins_with_an_instance_that_the_model_takes(
    client: httpx.Client, fields: httpx.Client
) -> None:
    for service, model in (
        (client, "digits"),
        (client, "breast_cancer"),
        (fields, "loans"),
        (fields, "codes"),
    ):
        form = service.get("/console/form.json", params={"model": model}).json()
        answer = service.post("/predict", params={"model": model}, json={"instances": [form["instance"]]})
        assert answer.status_code == 200, answer.text
        assert answer.json()["predictions"][0] in form["labels"]
        assert len(answer.json()["probabilities"][0]) == len(form["labels"])


def test_the_console_is_no_part_of_the_schema(client: httpx.Client) -> None:
    assert not [
        path for path in client.get("/openapi.json").json()["paths"] if "console" in path or path == "/"
    ]


def test_without_the_console_its_addresses_are_not_there(bare: httpx.Client) -> None:
    for path in ("/", "/console.json", "/console/form.json", "/console/console.js"):
        answer = bare.get(path)
        assert (answer.status_code, answer.json()["status"]) == (404, 404)
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("arguments", "is_there"), [([], True), (["--no-console"], False), (["--console"], True)]
)
def test_an_option_removes_the_console_in_each_worker(arguments: list[str], is_there: bool) -> None:
    settings = CliApp.run(Settings, cli_args=arguments)
    assert settings.console is is_there
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(f"{PREFIX}CONSOLE", _environment(settings)[f"{PREFIX}CONSOLE"])
        assert Settings().console is is_there


def test_the_page_is_there_before_any_model_is(tmp_path: Path) -> None:
    with within(tmp_path, ready=False) as client:
        assert client.get("/").status_code == 200
        figures = wait_until(lambda: _started(client))
        assert (figures["shown"], figures["models"], figures["workers"]) == (None, [], 0)
        assert "no model in" in figures["why_not_ready"]


def _started(client: httpx.Client) -> dict[str, Any] | None:
    figures: dict[str, Any] = client.get("/console.json").json()
    return None if figures["why_not_ready"] == "models are being loaded" else figures
