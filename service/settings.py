"""Everything that can be set, each as a command-line option and as an environment variable."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic_settings import (
    BaseSettings,
    CliImplicitFlag,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bundle.manifest import AUTO, CASCADE, Name

logger = logging.getLogger("service")

_NAME: TypeAdapter[str | None] = TypeAdapter(Name | None)

OLD_VERSIONS = 3

# Kubernetes sets NAME_PORT, NAME_SERVICE_HOST and more for each Service, and a name never ends with "_".
PREFIX = "PRECISION_LADDER__"

FORMER_PREFIX = "SERVICE_"
"""Read where the other is not set, and where it can be: SERVICE_PORT may be of a Service named `service`."""


def _split(value: object) -> object:
    return (
        tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
    )


def _unless_of_a_service(value: object) -> object:
    """Return a value, but None for what Kubernetes sets where there is a Service `precision-ladder--grpc`."""
    return None if isinstance(value, str) and value.startswith("tcp://") else value


def _variant(value: str | None) -> str | None:
    """Refuse what no variant can be named."""
    try:
        _NAME.validate_python(value)
    except ValidationError:
        raise ValueError(f"must be the name of a variant, {AUTO} or {CASCADE}") from None
    return value


def shadow_of(text: str) -> tuple[str, float]:
    """Return the variant and the share that `VARIANT=SHARE` says. Raises ValueError."""
    variant, _, share = text.partition("=")
    number = float(share) if re.fullmatch(r"[0-9](\.[0-9]{1,17})?", share) else 0.0
    if variant == AUTO or not 0 < number <= 1:
        raise ValueError("must be a variant and a share of the requests, above 0 and at most 1: int8=0.05")
    _variant(variant)
    return variant, number


def _shadow(text: str | None) -> str | None:
    if text is not None:
        shadow_of(text)
    return text


class Settings(BaseSettings):
    """Serve the models of a folder.

    Examples: `python -m service --models models`; `python -m service --preload int8 --port 9000`;
    `PRECISION_LADDER__MODELS=/models uvicorn service.app:create_app --factory`.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        cli_prog_name="python -m service",
        cli_kebab_case=True,
        cli_avoid_json=True,
        cli_hide_none_type=True,
        cli_show_env_vars=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _FormerVariables(settings_cls, env_prefix=FORMER_PREFIX)

    models: Path = Path("models")
    """Folder that holds the models, as NAME/VERSION/ in it."""

    default_model: str | None = None
    """Model that answers where a request names none. Needed only where there are several."""

    preload: Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(_split)] = None
    """Variants to load at the start, comma-separated; the others load when first asked for.
    By default every .tflite variant: they cost milliseconds, TensorFlow costs ten seconds and 600 MB."""

    default_variant: Annotated[str | None, AfterValidator(_variant)] = None
    """What answers where a request names no variant: one by its name, `auto` or `cascade`, as in
    `--default-variant auto`. A model's own policy.toml comes before it. By default it is the bundle's."""

    auto_floor: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0
    """The least accuracy, the lower end of its interval, of a variant that `auto` may choose, as in
    `--default-variant auto --auto-floor 0.9`. A request's own floor and policy.toml come before it."""

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 for all."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """Port to listen on; 0 takes a free one."""

    grpc_port: Annotated[
        Annotated[int, Field(ge=0, le=65535)] | None, BeforeValidator(_unless_of_a_service)
    ] = None
    """Port to answer gRPC on, for clients that speak nothing else; 0 takes a free one. By default there is no
    gRPC. Needs the extra `grpc`."""

    workers: Annotated[int, Field(ge=1, le=256)] = 1
    """Processes that share the port. More than there are cores slow each other down."""

    threads: Annotated[int, Field(ge=0, le=256)] = 0
    """Slow calls that a worker runs at once, each in a thread; 0 divides the cores among the workers."""

    inline_us: Annotated[float, Field(ge=0)] = 500.0
    """A call expected to take at most this long, in microseconds, runs on the event loop; a thread would cost
    more. Meanwhile the loop hears nobody, and between two calls it accepts a few new connections."""

    max_body_bytes: Annotated[int, Field(ge=1)] = 16 * 2**20
    """Largest request body. Beyond it: 413."""

    max_bodies_bytes: Annotated[int, Field(ge=1)] = 128 * 2**20
    """Most that all bodies together may take in a worker while they are received. Beyond it: 503 to the
    youngest. One body always has a place."""

    max_rows: Annotated[int, Field(ge=1)] = 1024
    """Most rows in a request. Beyond it: 413."""

    max_waiting_rows: Annotated[int, Field(ge=1)] = 16384
    """Most rows that may wait in a worker. Beyond it: 503 with Retry-After."""

    max_wait_ms: Annotated[float, Field(gt=0)] = 250.0
    """Longest time that a request may expect to wait. Beyond it: 503 with Retry-After."""

    max_connections: Annotated[int, Field(ge=1)] = 4096
    """Most connections to a worker. Beyond it: 503, and the connection is closed."""

    max_head_bytes: Annotated[int, Field(ge=1024)] = 32768
    """Largest request line with headers. Beyond it: 431, and the connection is closed."""

    head_timeout_s: Annotated[float, Field(gt=0)] = 10.0
    """Time for a request's headers to arrive, in seconds. Beyond it the connection is closed."""

    body_timeout_s: Annotated[float, Field(gt=0)] = 30.0
    """Time for a request's body to arrive, in seconds. Beyond it: 408."""

    idle_timeout_s: Annotated[int, Field(ge=1)] = 30
    """Time that a connection may stay idle between requests, in seconds."""

    reload_s: Annotated[float, Field(ge=0)] = 1.0
    """Seconds between two looks for new versions; 0 looks only until what is there at the start is whole."""

    old_versions: Annotated[int, Field(ge=1)] = OLD_VERSIONS
    """Versions of a model that stay loaded besides the newest: those that were asked for last."""

    audit: bool = True
    """Count, once models are loaded, the test rows that this processor answers differently from the one that
    they were scored on, for GET /variants: in the time that nobody else wants."""

    shadow: Annotated[str | None, AfterValidator(_shadow)] = None
    """A variant, and the share of requests that it answers as well after their answers are sent and while
    nobody waits, as in int8=0.05: how often both agree, GET /variants and /metrics tell."""

    feedback_rows: Annotated[int, Field(ge=1, le=2**26)] = 65536
    """Rows answered with an id, which ids=true asks for, of which each worker takes the labels at
    POST /feedback: the newest. A row takes 4 bytes."""

    console: CliImplicitFlag[bool] = True
    """Show at / what the service does: its ladder, its traffic, and a form to send a row with."""

    drain_s: Annotated[float, Field(ge=0)] = 1.0
    """Seconds between SIGTERM and the end, in which /health/ready says no and requests are still answered.
    Then connections that are idle have as long again, a second at most, for another request to begin."""

    stop_s: Annotated[float, Field(ge=0)] = 20.0
    """Seconds after those, in which requests that are in progress may end. What is left then is given up, and
    what hangs does not hold up the end."""

    server_timing: bool = False
    """Send a Server-Timing header with each answer: decode, wait, infer, encode."""

    access_log: bool = False
    """Write a line of JSON for each request to standard output; where that is not read, lines are dropped,
    and counted."""

    log_level: Literal["critical", "error", "warning", "info", "debug"] = "info"
    """What the log holds, at least."""


class _FormerVariables(EnvSettingsSource):
    """The variables by their former names, without those that hold something else."""

    def __call__(self) -> dict[str, Any]:
        found = super().__call__()
        return {
            name: value
            for name, value in found.items()
            if name not in self.current_state and self._is_ours(name, value)
        }

    def _is_ours(self, name: str, value: Any) -> bool:
        try:
            _FIELDS[name].validate_python(value)
        except ValidationError as error:
            variable, reason = FORMER_PREFIX + name.upper(), error.errors()[0]["msg"]
            logger.warning(
                "ignored %s=%s: %s; the option's variable is %s",
                variable,
                value,
                reason,
                PREFIX + name.upper(),
            )
            return False
        return True


_FIELDS: dict[str, TypeAdapter[Any]] = {
    name: TypeAdapter(Annotated[field.annotation, field])  # type: ignore[arg-type] # pydantic takes such a type
    for name, field in Settings.model_fields.items()
}
