"""The page in a real browser: what somebody sees who opens it, asks with its form, and leaves it open."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator

import httpx
import pytest

from bundle.bundle import Bundle
from bundle.manifest import FILE_NAME
from bundle.normalizer import FloatArray
from tests.browser import CHROMIUM, Browser, Page, browser
from tests.running_service import running_service

IS_REQUIRED = os.environ.get("CHROMIUM") == "required"
HOSTILE = '<img src=x onerror="window.harmed=1">'
ANSWERED = "[...document.querySelectorAll('#answers tbody tr')].map((row) => row.innerText)"
ANSWERED_BY_INT8 = """Number([...document.querySelectorAll('#traffic tbody tr')]
  .find((row) => row.cells[0].innerText === 'int8').cells[7].innerText.replaceAll(',', ''))"""
COLOURS = """
[...document.querySelectorAll('h1, h2, a, dt, dd, th, td, caption, small, legend, label, button, p')]
  .filter((one) => one.getClientRects().length)
  .map((one) => {
    let paper = 'rgba(0, 0, 0, 0)';
    for (let at = one; at && paper === 'rgba(0, 0, 0, 0)'; at = at.parentElement) {
      paper = getComputedStyle(at).backgroundColor;
    }
    return [one.tagName, getComputedStyle(one).color, paper];
  })"""

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not IS_REQUIRED, reason="there is no chromium; Debian has it under that name"
)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="module")
def choosing(cascaded: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service with a cascade and a shadow, and with labels that mean no good."""
    store = tmp_path_factory.mktemp("hostile")
    shutil.copytree(cascaded.folder.parent, store / "digits")
    path = store / "digits" / "1" / FILE_NAME
    labels = [f"{HOSTILE}{number}" for number in range(10)]
    path.write_text(json.dumps(json.loads(path.read_text()) | {"labels": labels}))
    options = ("--preload", "cascade", "--shadow", "int8=1", "--audit", "false")
    with running_service(store, store.with_suffix(".log"), *options) as service:
        yield service.client


def opened(chromium: Browser, client: httpx.Client, **looks: int | str) -> Page:
    """Open the page and wait until all of it is there."""
    page = chromium.page(f"{client.base_url}/", **looks)  # type: ignore[arg-type]
    page.wait_for("document.querySelectorAll('#ladder tbody tr').length")
    page.wait_for("document.getElementById('instance').value")
    return page


def test_the_page_shows_the_ladder_and_the_traffic_as_it_comes(
    chromium: Browser, client: httpx.Client
) -> None:
    page = opened(chromium, client)
    listed = client.get("/variants").json()["variants"]
    rungs = page.find("[...document.querySelectorAll('#ladder tbody th')].map((one) => one.innerText)")
    assert [name.split("\n")[0] for name in rungs] == [one["name"] for one in listed]
    loaded = [one["name"] for one in listed if one["state"] == "loaded"]
    assert page.find("document.querySelectorAll('#ladder-picture circle').length") == len(loaded)
    before = page.find(ANSWERED_BY_INT8)
    row = client.get("/console/form.json").json()["instance"]
    for _ in range(3):
        client.post("/predict", params={"variant": "int8"}, json={"instances": [row] * 2})
    page.wait_for(f"{ANSWERED_BY_INT8} === {before + 3}")
    assert page.problems() == []
    assert {httpx.URL(address).netloc for address in page.asked_for() if address != "about:blank"} == {
        client.base_url.netloc
    }


def test_the_form_sends_a_row_to_each_variant_and_shows_the_answers_side_by_side(
    chromium: Browser, client: httpx.Client
) -> None:
    page = opened(chromium, client)
    page.find("document.getElementById('send').click()")
    page.wait_for("document.getElementById('answers-note').textContent")
    body = {"instances": [json.loads(page.find("document.getElementById('instance').value"))]}
    answers = [line.split("\t") for line in page.find(ANSWERED)]
    assert {"float32", "int8", "auto"} <= {answer[0] for answer in answers}
    for asked, label, _, probability, *_, by in answers:
        said = client.post("/predict", params={"variant": asked}, json=body).json()
        assert label == str(said["predictions"][0])
        assert probability.strip() == f"{max(said['probabilities'][0]):.1%}"
        assert by.split()[0] == said["variant"]


def test_what_the_service_chose_and_what_live_requests_tell_of_it_are_shown(
    chromium: Browser, choosing: httpx.Client, rows: FloatArray
) -> None:
    page = opened(chromium, choosing)
    for part in ("reasons-region", "cascade-part", "shadow-region", "feedback-region"):
        assert page.find(f"document.getElementById('{part}').hidden") == (part != "cascade-part")
    for variant in ("auto", "float32", "cascade"):
        asked = {"variant": variant, "ids": "true"}
        answer = choosing.post("/predict", params=asked, json={"instances": rows.tolist()}).json()
        feedback = {"id": f"{answer['id']}.0", "label": answer["predictions"][0]}
        assert choosing.post("/feedback", json=feedback).status_code == 200
    page.wait_for("document.querySelectorAll('#reasons tbody tr').length === 1")
    page.wait_for("document.querySelectorAll('#shadow tbody tr').length")
    page.wait_for("document.querySelectorAll('#feedback tbody tr').length >= 2")
    page.wait_for("document.getElementById('cascade').innerText.includes('of 9 rows went on')")
    assert page.find("[...document.querySelectorAll('input[name=target]')].at(-2).value") == "cascade"
    assert page.find("document.querySelector('#ladder tbody tr:last-child').innerText").startswith("cascade")
    assert page.problems() == []


def test_what_is_wrong_with_a_row_is_told_where_it_was_given(chromium: Browser, client: httpx.Client) -> None:
    page = opened(chromium, client)
    page.find("document.getElementById('instance').value = '[1, 2'; document.getElementById('send').click()")
    assert "This is not JSON" in page.find("document.getElementById('form-error').innerText")
    page.find(f"document.getElementById('instance').value = {json.dumps(json.dumps([HOSTILE]))}")
    page.find("document.getElementById('send').click()")
    page.wait_for("document.getElementById('answers-note').textContent")
    refused = client.post("/predict", params={"variant": "int8"}, json={"instances": [[HOSTILE]]})
    assert refused.status_code == 422
    assert all(refused.json()["detail"] in line for line in page.find(ANSWERED))


def test_another_model_can_be_selected(chromium: Browser, client: httpx.Client) -> None:
    page = opened(chromium, client)
    page.find(
        "document.getElementById('model').value = 'breast_cancer';"
        "document.getElementById('model').dispatchEvent(new Event('change'))"
    )
    page.wait_for("document.querySelector('#ladder caption').innerText.includes('breast_cancer')")
    page.wait_for("document.getElementById('instance').value.split(',').length === 30")


def test_labels_are_text_whatever_they_hold(chromium: Browser, choosing: httpx.Client) -> None:
    page = opened(chromium, choosing)
    page.find("document.getElementById('send').click()")
    page.wait_for("document.getElementById('answers-note').textContent")
    assert all(HOSTILE in line for line in page.find(ANSWERED))
    assert page.find("document.images.length") == 0
    assert page.find("window.harmed === undefined")
    assert page.problems() == []


def test_it_says_that_the_server_cannot_be_reached_and_recovers_by_itself(
    chromium: Browser, client: httpx.Client
) -> None:
    page = opened(chromium, client)
    _cut_off(page, is_off=True)
    page.wait_for("document.getElementById('alarm').innerText.includes('has not answered since')")
    assert "int8" in page.text()  # what was there is there still
    _cut_off(page, is_off=False)
    page.wait_for("document.getElementById('alarm').hidden")
    assert page.find("document.getElementById('status-text').innerText") == "Ready"


def test_a_page_that_nobody_sees_asks_nothing_until_it_is_seen_again(
    chromium: Browser, client: httpx.Client
) -> None:
    page = opened(chromium, client)
    page.find("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.find("document.dispatchEvent(new Event('visibilitychange'))")
    asked = (
        "performance.getEntriesByType('resource').filter((one) => one.name.includes('console.json')).length"
    )
    at_rest = page.find(asked)
    page.find("new Promise((done) => setTimeout(done, 2500))")  # longer than between two looks
    assert page.find(asked) == at_rest
    page.find("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for(f"{asked} > {at_rest}")


def _cut_off(page: Page, *, is_off: bool) -> None:
    page.send(
        "Network.emulateNetworkConditions",
        offline=is_off,
        latency=0,
        downloadThroughput=-1,
        uploadThroughput=-1,
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_all_of_it_is_legible_on_a_phone_and_a_desk_by_day_and_by_night(
    chromium: Browser, client: httpx.Client, scheme: str, width: int
) -> None:
    page = opened(chromium, client, width=width, scheme=scheme)
    assert page.find("document.documentElement.scrollWidth") <= width
    pale = {(tag, ink, paper) for tag, ink, paper in page.find(COLOURS) if _contrast(ink, paper) < 4.5}
    assert not pale  # WCAG 2.2, 1.4.3
    assert (_luminance(page.find("getComputedStyle(document.body).backgroundColor")) > 0.5) == (
        scheme == "light"
    )


def test_every_control_has_a_name_and_every_table_heads_its_rows_and_columns(
    chromium: Browser, client: httpx.Client
) -> None:
    page = opened(chromium, client)
    nodes = page.send("Accessibility.getFullAXTree")["nodes"]
    controls = {"button", "checkbox", "textbox", "combobox", "link", "region", "table", "image", "img"}
    found = [node for node in nodes if not node["ignored"] and node["role"]["value"] in controls]
    assert {node["role"]["value"] for node in found} >= controls - {"img", "image"}
    assert not [node for node in found if not node["name"]["value"]]
    assert page.find(
        "[...document.querySelectorAll('table[id]')].every((one) => !one.rows.length || one.caption)"
    )
    assert page.find("[...document.querySelectorAll('th')].every((one) => one.scope)")
    assert page.find("[...document.querySelectorAll('.scroll')].every((one) => one.tabIndex === 0)")


def _contrast(one: str, other: str) -> float:
    """Return the ratio of two colours' luminances, as WCAG 2.2 defines it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
