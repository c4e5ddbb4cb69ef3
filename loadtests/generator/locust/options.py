"""What the locustfiles can be asked for, and the order that it comes to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bundle.errors import BundleError
from loadtests.errors import LoadTestError
from loadtests.protocol.dialects.dialects import OVER_HTTP
from loadtests.protocol.dialects.system import read_url
from loadtests.rig import cores
from loadtests.workload.order import Order
from loadtests.workload.scenarios import SCENARIOS, SHAPED
from loadtests.workload.target import PREDICT, choose_bundle

SHAPES = [one.name for one in SCENARIOS.values() if one.kind == SHAPED]


def add_options(parser: Any, **_: Any) -> None:
    """Add our options to Locust's command line and to the form of its web page."""
    parser.add_argument("--models", default="models", help="Folder of the bundles, whose test rows are sent.")
    parser.add_argument("--model", default="", help="Model to load; not needed where there is only one.")
    parser.add_argument(
        "--model-version", default="", help="Version of the model, a whole number; by default the newest."
    )
    parser.add_argument("--variant", default="", help="Variant to load; by default that of the bundle.")
    parser.add_argument(
        "--protocol",
        choices=[*OVER_HTTP],
        default=PREDICT,
        help="What the server at --host speaks: this project's, Open Inference (Triton, KServe, MLServer) or "
        "TensorFlow Serving. --host may end with the model and more, as http://host:8000/digits~int8 or "
        "http://host:8000/digits/versions/2?binary; by default it is the bundle's, with --variant if given.",
    )
    parser.add_argument(
        "--rows-from",
        default="",
        metavar="FILE",
        help="The .npz file of the rows to send (x), and their labels (y), instead of a bundle.",
    )
    parser.add_argument("--rows", type=int, default=1, help="Test rows in each request.")
    parser.add_argument(
        "--think", type=float, default=0.0, help="Seconds between an answer and the next request."
    )
    parser.add_argument("--rate", type=float, default=100.0, help="Arrivals a second of the open loop.")
    parser.add_argument(
        "--arrivals-for",
        type=float,
        default=0.0,
        help="Seconds of arrivals of the open loop; by default the run time.",
    )
    parser.add_argument(
        "--connections",
        type=int,
        default=0,
        help="The most that the open loop may open; 0 for what it takes.",
    )
    parser.add_argument("--seed", type=int, default=0, help="Of the arrivals of the open loop.")
    parser.add_argument("--shape", choices=SHAPES, default=SHAPES[0], help="Of users who come and go.")
    parser.add_argument(
        "--offline",
        default="",
        metavar="FILE",
        help="The variant's predictions of the test rows, to compare the answers with.",
        include_in_web_ui=False,
    )
    parser.add_argument(
        "--samples-out",
        default="",
        metavar="FILE",
        help="Write a raw sample of every request to this .npz file at the end.",
        include_in_web_ui=False,
    )


def order_of(environment: Any) -> Order:
    """Return what the options of this moment ask for.

    Empty texts, as a form sends them, are options not given. Raises LoadTestError where one makes no sense.
    """
    options = environment.parsed_options
    if options.model_version and not options.model_version.isdecimal():
        raise LoadTestError(f"--model-version is {options.model_version!r}; versions are whole numbers")
    system = _system(environment.host or "", options)
    return Order(
        host=read_url(system, ())[0] if system else environment.host or "",
        models=options.models,
        model=options.model,
        version=int(options.model_version) if options.model_version else None,
        variant="" if system else options.variant,
        rows=options.rows,
        scenario=_scenario(environment, options),
        users=int(options.num_users or 1),
        think_s=options.think,
        warmup_s=0.0,
        duration_s=float(options.arrivals_for or options.run_time or 60.0),
        rate=options.rate,
        seed=options.seed,
        connections=options.connections,
        offline=options.offline,
        system=system,
        rows_from=options.rows_from,
        stays_awake=cores.usable() > 1,
    )


def _system(host: str, options: Any) -> str:
    """Return what is asked for where it is not simply a variant at `/predict`; empty where it is.

    Raises LoadTestError where nothing names the model.
    """
    if (options.protocol == PREDICT and not options.rows_from) or not host:
        return ""
    path = host.partition("://")[2].partition("/")[2]  # of what may be no URL, which `read_url` tells
    if path.strip("/") or options.rows_from:
        return f"{options.protocol}+{host}"
    version = int(options.model_version) if options.model_version else None
    try:
        model = choose_bundle(Path(options.models), options.model or None, version).name
    except BundleError as error:
        raise LoadTestError(str(error)) from error
    variant = f"~{options.variant}" if options.variant else ""
    return f"{options.protocol}+{host.rstrip('/')}/{model}{variant}"


def check_places(options: Any) -> None:
    """See before the run that its samples can be written. Raises LoadTestError."""
    path = Path(options.samples_out)
    if options.samples_out and (path.is_dir() or not path.parent.is_dir()):
        raise LoadTestError(f"--samples-out is {str(path)!r}; give a file in a folder that exists")


def _scenario(environment: Any, options: Any) -> str:
    """Return what the chosen user class stands for."""
    scenarios = {getattr(one, "scenario", "users") for one in environment.user_classes}
    if len(scenarios) > 1:
        raise LoadTestError(
            f"users of several scenarios are chosen ({', '.join(sorted(scenarios))}); choose one class"
        )
    scenario = next(iter(scenarios), "users")
    return options.shape if scenario not in SCENARIOS else scenario
