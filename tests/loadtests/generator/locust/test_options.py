"""What the options come to, and which make no sense: asked without Locust, which takes seconds to start."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from loadtests.errors import LoadTestError
from loadtests.generator.locust.options import order_of


def _environment(*scenarios: str, **options: Any) -> SimpleNamespace:
    """Return as much of Locust's environment as is read, with users of these scenarios."""
    plain: dict[str, Any] = {
        "models": "models",
        "model": "digits",
        "model_version": "",
        "variant": "int8",
        "protocol": "predict",
        "rows_from": "",
        "rows": 2,
        "think": 0.0,
        "rate": 100.0,
        "arrivals_for": 0.0,
        "run_time": None,
        "connections": 0,
        "seed": 0,
        "shape": "spike",
        "offline": "",
        "num_users": 3,
    }
    users = [SimpleNamespace(scenario=one) for one in scenarios]
    return SimpleNamespace(parsed_options=Namespace(**(plain | options)), host="http://h", user_classes=users)


def test_empty_texts_as_a_form_sends_them_are_options_not_given() -> None:
    order = order_of(_environment("users"))
    assert (order.version, order.scenario, order.users, order.duration_s) == (None, "users", 3, 60.0)
    assert order_of(_environment("users", model_version="2")).version == 2


def test_users_who_come_and_go_do_so_as_the_chosen_shape_says() -> None:
    assert order_of(_environment("shaped", shape="rise")).scenario == "rise"


@pytest.mark.parametrize(
    ("host", "options", "asked"),
    [
        ("http://h:8000", {"protocol": "predict"}, ("http://h:8000", "")),
        ("http://h/below", {"protocol": "predict"}, ("http://h/below", "")),
        ("http://h:8000", {"protocol": "oip"}, ("http://h:8000", "oip+http://h:8000/digits~int8")),
        ("http://h/", {"protocol": "tfs", "variant": ""}, ("http://h", "tfs+http://h/digits")),
        ("http://h/a/m/versions/2?binary", {"protocol": "oip"}, ("http://h/a", None)),
        ("http://h", {"protocol": "predict", "rows_from": "x.npz"}, ("http://h", "predict+http://h")),
    ],
)
def test_the_host_may_name_the_model_and_without_it_is_asked_for_that_of_the_bundle(
    host: str, options: dict[str, str], asked: tuple[str, str | None], models: Path
) -> None:
    environment = _environment("users", models=str(models), **options)
    environment.host = host
    order = order_of(environment)
    system = f"{options['protocol']}+{host}" if asked[1] is None else asked[1]
    assert (order.host, order.system) == (asked[0], system)


@pytest.mark.parametrize("host", ["http://[::1:80/m", "http://[::1"])
def test_a_host_that_is_no_url_is_refused(host: str, models: Path) -> None:
    environment = _environment("users", models=str(models), protocol="oip")
    environment.host = host
    with pytest.raises(LoadTestError, match="is no URL"):
        order_of(environment)


def test_a_version_that_is_no_number_is_refused() -> None:
    with pytest.raises(LoadTestError, match="--model-version is 'new'; versions are whole numbers"):
        order_of(_environment("users", model_version="new"))


def test_users_of_two_scenarios_at_once_are_refused() -> None:
    with pytest.raises(LoadTestError, match=r"several scenarios are chosen \(server, users\)"):
        order_of(_environment("users", "server"))
