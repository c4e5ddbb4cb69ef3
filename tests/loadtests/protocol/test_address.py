from __future__ import annotations

import pytest

from loadtests.errors import ServiceError
from loadtests.protocol.address import Address, without_secret
from loadtests.workload.payloads import Body


def test_a_request_goes_under_the_path_of_its_address() -> None:
    for text in ("http://there:81/under/", "http://there:81/under", "HTTP://There:81/under//"):
        assert Address.of(text).encode("POST", "/predict?x=1", Body(b"{}")) == (
            b"POST /under/predict?x=1 HTTP/1.1\r\nHost: there:81\r\n"
            b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        )
    assert Address.of("http://there").encode("GET", "/x") == b"GET /x HTTP/1.1\r\nHost: there\r\n\r\n"


@pytest.mark.parametrize(
    ("text", "name", "port", "authority"),
    [
        ("http://bücher.example:81", "xn--bcher-kva.example", 81, "xn--bcher-kva.example:81"),
        ("http://xn--bcher-kva.example", "xn--bcher-kva.example", 80, "xn--bcher-kva.example"),
        ("https://straße.de", "xn--strae-oqa.de", 443, "xn--strae-oqa.de"),
        ("https://some_service.local.:8443", "some_service.local.", 8443, "some_service.local.:8443"),
        ("http://[::1]:8000", "::1", 8000, "[::1]:8000"),
        ("http://[2001:DB8::1]", "2001:DB8::1", 80, "[2001:db8::1]"),
        ("http://[fe80::1%25eth0]:80", "fe80::1%eth0", 80, "[fe80::1]"),
        ("http://127.0.0.1:8000", "127.0.0.1", 8000, "127.0.0.1:8000"),
    ],
)
def test_hosts_of_every_kind_are_connected_to_and_named_as_http_has_it(
    text: str, name: str, port: int, authority: str
) -> None:
    address = Address.of(text)
    assert (address.name, address.port, address.authority) == (name, port, authority)


def test_name_and_password_go_with_each_request_and_are_shown_to_nobody() -> None:
    address = Address.of("http://m%40e:s%3Acret%20ü@there:81")
    assert address.shown == "http://there:81"
    assert address.encode("GET", "/").splitlines()[1:3] == [
        b"Host: there:81",
        b"Authorization: Basic bUBlOnM6Y3JldCDDvA==",
    ]
    assert (
        without_secret("run --host http://me:secret@there --out x@y") == "run --host http://there --out x@y"
    )


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1:8000",
        "there",
        "http://",
        "http://there:99999",
        "http://there:0",
        "http://there:port",
        "http://a b",
        "http://there?model=x",
        "http://there/#top",
        "ftp://there",
        "http://[::1",
        "http://[::g]",
        "http://me:secret@",
        "http://a..b",
    ],
)
def test_what_is_no_address_is_refused_without_its_secret(text: str) -> None:
    with pytest.raises(ServiceError, match="is not an address such as http://") as refusal:
        Address.of(text)
    assert "secret" not in str(refusal.value)
