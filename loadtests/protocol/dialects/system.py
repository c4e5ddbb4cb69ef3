"""A system: a server that somebody runs, as it is named on the command line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from loadtests.errors import LoadTestError
from loadtests.protocol.address import Address, without_secret
from loadtests.protocol.dialects.dialects import DIALECTS, GRPC, OVER_HTTP
from loadtests.workload.payloads import Label
from loadtests.workload.target import PREDICT, Target, parted

EXAMPLE = "triton=oip+http://127.0.0.1:8000/digits"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*")  # it names files as well
_PATH = re.compile(
    r"(?P<prefix>(?:/[^/]+)*?)(?:/(?P<model>[^/]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/]+))?)?/?"
)


@dataclass(frozen=True)
class System:
    """A server, and what it is to be asked for."""

    name: str
    url: str
    """As it was typed: `oip+http://127.0.0.1:8000/digits~int8`."""
    host: str
    """The part of it that an `Address` takes."""
    target: Target
    pid: int | None = None
    """The number of its process, where it runs on this machine and somebody has told."""

    @property
    def shown(self) -> str:
        """The URL without name and password."""
        return without_secret(self.url)

    @classmethod
    def of(cls, text: str, labels: tuple[Label, ...]) -> Self:
        """Read `NAME=PROTOCOL+URL`, whose model answers these labels. Raises LoadTestError."""
        name, is_named, url = text.partition("=")
        if not is_named or not _NAME.fullmatch(name):
            raise LoadTestError(
                f"--system is {without_secret(text)!r}; give NAME=PROTOCOL+URL, as {EXAMPLE}, the name of "
                "letters, digits and . _ - ~"
            )
        host, target = read_url(url, labels)
        return cls(name, url, host, target)


def read_url(text: str, labels: tuple[Label, ...]) -> tuple[str, Target]:
    """Return the host and the target of a text such as `oip+http://127.0.0.1:8000/digits~int8?binary`.

    The last part of the path is the model, or its version behind it: what stands before is the path below
    which the server is. Raises LoadTestError.
    """
    shown = without_secret(text)
    protocol, is_joined, url = text.partition("+")
    if not is_joined or protocol not in OVER_HTTP:
        known = ", ".join(OVER_HTTP)
        raise LoadTestError(
            f"system {shown!r} names no protocol; give one of {known} before a +, as oip+http://"
        )
    try:
        parts = urlsplit(url)
    except ValueError as error:  # brackets that do not hold an IPv6 address
        raise LoadTestError(f"system {shown!r} is no URL ({error})") from None
    is_grpc = parts.scheme == GRPC
    if is_grpc and f"{protocol}+{GRPC}" not in DIALECTS:
        raise LoadTestError(f"system {shown!r} is asked by gRPC, which is for oip alone")
    found = _PATH.fullmatch(parts.path)
    if found is None or (not found["model"] and protocol != PREDICT):
        raise LoadTestError(f"system {shown!r} names no model; give it after the port, as :8000/digits")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if strange := options.keys() - {"binary", "output"}:
        raise LoadTestError(f"system {shown!r} has ?{min(strange)}; there are ?binary and ?output=NAME")
    for what, is_given, allowed in (
        ("?binary", "binary" in options, set() if is_grpc else {"oip", PREDICT}),
        ("?output", "output" in options, {"oip", "tfs"}),
        ("/labels/", found["label"], {"tfs"}),
    ):
        if is_given and protocol not in allowed:
            for_whom = " and ".join(sorted(allowed)) or "HTTP: gRPC is always so"
            raise LoadTestError(f"system {shown!r} has {what}, which is for {for_whom}")
    host = f"{parts.scheme}://{parts.netloc}{found['prefix']}"
    Address.of(host)
    model, variant = parted(unquote(found["model"] or ""))
    target = Target(
        model,
        int(found["version"]) if found["version"] else None,
        variant,
        labels,
        protocol=f"{protocol}+{GRPC}" if is_grpc else protocol,
        version_label=unquote(found["label"] or ""),
        output=options.get("output", ""),
        is_binary="binary" in options,
    )
    return host, target
