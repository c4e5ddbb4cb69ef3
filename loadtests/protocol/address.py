"""The address of a service, as somebody typed it."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Self
from urllib.parse import unquote

import httpx

from loadtests.errors import ServiceError
from loadtests.workload.payloads import Body

_PORTS = {"http": 80, "https": 443, "grpc": 80}
_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")
_SECRET = re.compile(r"(?<=://)[^/?#\s]*@")


@dataclass(frozen=True)
class Address:
    """Where a service is, and what each request to it begins with."""

    shown: str
    """As it was typed, without name and password: for whoever reads."""
    name: str
    """To connect to: a host in ASCII, or an IP address without brackets."""
    port: int
    is_secure: bool
    is_grpc: bool
    """Whether calls go over HTTP/2, each as gRPC's."""
    authority: str
    """What the `Host` field says."""
    prefix: str
    """The path below which the service is; it does not end with a slash."""
    authorization: str | None
    """What the field of that name says; None where nobody is named."""

    @classmethod
    def of(cls, text: str) -> Self:
        """Read an address such as `http://127.0.0.1:8000`, `https://me:secret@bücher.example/api`.

        Raises ServiceError where it is none.
        """
        shown = without_secret(text)
        try:
            url = httpx.URL(text)
            if url.scheme not in _PORTS or url.query or url.fragment:
                raise ValueError("it takes http:// or https://, a host, a port, and a path, and no more")
            name = unquote(url.raw_host.decode("ascii"))
            host = f"[{_ipv6(name)}]" if ":" in name else _checked(name)
            port = _PORTS[url.scheme] if url.port is None else url.port
            if not 0 < port < 2**16:
                raise ValueError(f"a port is a number from 1 to 65535, and not {port}")
        except (httpx.InvalidURL, ValueError) as error:
            raise ServiceError(
                f"host {shown!r} is not an address such as http://127.0.0.1:8000 ({error})"
            ) from None
        return cls(
            shown=shown,
            name=name,
            port=port,
            is_secure=url.scheme == "https",
            is_grpc=url.scheme == "grpc",
            authority=host if url.port is None else f"{host}:{port}",
            prefix=url.raw_path.decode("ascii").rstrip("/"),
            authorization=_basic(url.username, url.password),
        )

    def encode(self, method: str, path: str, body: Body | None = None) -> bytes:
        """Return the bytes of a request to `path` of the service, with `body` where there is one."""
        fields = [f"{method} {self.prefix}{path} HTTP/1.1", f"Host: {self.authority}"]
        if self.authorization:
            fields.append(f"Authorization: {self.authorization}")
        if body is not None:
            fields += [*(": ".join(field) for field in body.fields), f"Content-Length: {len(body)}"]
        return "\r\n".join([*fields, "", ""]).encode("ascii") + (body.content if body else b"")


def without_secret(text: str) -> str:
    """Return a text without the names and passwords of the addresses in it."""
    return _SECRET.sub("", text)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no host")
    return name


def _ipv6(name: str) -> IPv6Address:
    """Return the address of one that may name a zone (`fe80::1%eth0`), which is nobody else's business."""
    return IPv6Address(name.partition("%")[0])


def _basic(user: str, password: str) -> str | None:
    if not user and not password:
        return None
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode('ascii')}"
