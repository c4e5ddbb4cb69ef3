from __future__ import annotations

import pytest

from loadtests.errors import LoadTestError
from loadtests.protocol.dialects.system import System, read_url
from loadtests.workload.target import Target

LABELS = ("a", "b")


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        ("predict+http://h:8000", "http://h:8000", Target("", None, "", LABELS)),
        ("predict+http://h:8000/digits~int8", "http://h:8000", Target("digits", None, "int8", LABELS)),
        ("predict+https://h/api/digits/versions/2", "https://h/api", Target("digits", 2, "", LABELS)),
        ("oip+http://h:8000/digits", "http://h:8000", Target("digits", None, "", LABELS, "oip")),
        (
            "oip+http://[::1]:80/a/b/digits~int8/versions/3?binary&output=p",
            "http://[::1]:80/a/b",
            Target("digits", 3, "int8", LABELS, "oip", output="p", is_binary=True),
        ),
        ("tfs+http://h:8501/m/labels/new", "http://h:8501", Target("m", None, "", LABELS, "tfs", "new")),
        ("oip+http://h/my%20model/", "http://h", Target("my model", None, "", LABELS, "oip")),
    ],
)
def test_a_url_says_the_protocol_the_server_and_the_model(url: str, host: str, target: Target) -> None:
    assert read_url(url, LABELS) == (host, target)


def test_a_system_has_a_name_and_shows_no_secret() -> None:
    system = System.of("triton=oip+http://me:secret@h:8000/digits", LABELS)
    assert (system.name, system.host) == ("triton", "http://me:secret@h:8000")
    assert system.shown == "oip+http://h:8000/digits"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("oip+http://h/m", "give NAME=PROTOCOL"),
        ("=oip+http://h/m", "give NAME=PROTOCOL"),
        ("a/b=oip+http://h/m", "give NAME=PROTOCOL"),
        ("a=http://h/m", "names no protocol; give one of predict, oip, tfs before a +"),
        ("a=grpc+http://h/m", "names no protocol"),
        ("a=oip+http://h", "names no model"),
        ("a=oip+http://h//", "names no model"),
        ("a=oip+ftp://h/m", "is not an address"),
        ("a=oip+http://h:99999/m", "is not an address"),
        ("a=oip+http://[::1:8000/m", r"system 'oip\+http://\[::1:8000/m' is no URL"),
        ("a=oip+http://h/m?model=x", r"has \?model; there are \?binary and \?output=NAME"),
        ("a=tfs+http://h/m?binary", r"has \?binary, which is for oip"),
        ("a=predict+http://h/m?output=x", r"has \?output, which is for oip and tfs"),
        ("a=oip+http://h/m/labels/x", "has /labels/, which is for tfs"),
        ("a=oip+http://me:secret@h", "system 'oip\\+http://h' names no model"),
    ],
)
def test_what_names_no_system_is_refused_with_what_is_allowed(text: str, complaint: str) -> None:
    with pytest.raises(LoadTestError, match=complaint) as refusal:
        System.of(text, LABELS)
    assert "secret" not in str(refusal.value)
