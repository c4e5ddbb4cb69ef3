"""What a policy.toml may say, and what is said of one that is wrong."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundle.bundle import Bundle
from service.engine.policy import Policy
from service.repository.policy.document import PolicyError, check, check_floor, read
from tests.service.cascading import a_cascade

WHOLE = b"""
default_variant = "auto"
variants = ["int8", "cascade"]
min_accuracy = 1
max_latency_ms = 12.5
objective = "latency"
"""


def test_a_file_says_what_is_a_policy() -> None:
    policy = Policy(**read(WHOLE))
    assert policy == Policy("auto", ("int8", "cascade"), 1.0, 12.5, "latency")


@pytest.mark.parametrize("content", [b"", b"# nothing yet\r\n", b"\xef\xbb\xbf"])
def test_a_file_may_say_nothing(content: bytes) -> None:
    assert read(content) == {}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("min_acuracy = 0.9", "key 'min_acuracy' is not known; allowed are default_variant, variants, "),
        ("[auto]\nmin_accuracy = 0.9", "key 'auto' is not known"),
        ("default_variant = 8", "default_variant is 8; it must be the name of a variant, auto or cascade"),
        ('default_variant = ""', "default_variant is ''; it must"),
        ('variants = "int8"', "variants is 'int8'; it must be the names of different variants"),
        ("variants = []", "variants is []; it must"),
        ('variants = ["int8", 8]', "variants is ['int8', 8]; it must"),
        ('variants = ["int8", "int8"]', "variants is ['int8', 'int8']; it must"),
        ('variants = ["auto"]', "variants is ['auto']; it must"),
        ("min_accuracy = 90", "min_accuracy is 90; it must be a share from 0 to 1, as in 0.95"),
        ('min_accuracy = "0.9"', "min_accuracy is '0.9'; it must"),
        ("min_accuracy = nan", "min_accuracy is nan; it must"),
        ("min_accuracy = true", "min_accuracy is True; it must"),
        ("max_latency_ms = 0", "max_latency_ms is 0; it must be a number above 0 and at most 3600000"),
        ("max_latency_ms = inf", "max_latency_ms is inf; it must"),
        ("max_latency_ms = 0x" + "f" * 5000, "max_latency_ms is a very large number; it must"),
        ("max_latency_ms = 2026-11-28", "max_latency_ms is datetime.date(2026, 11, 28); it must"),
        ('objective = "fast"', "objective is 'fast'; it must be accuracy or latency"),
        ("objective" + ".a" * 3000 + " = 1", "objective is {'a': {'a': "),
        ("min_accuracy 0.9", "it is not TOML: "),
        ("min_accuracy = 0.9\nmin_accuracy = 0.8", "it is not TOML: "),
        ("max_latency_ms = " + "9" * 5000, "it is not TOML: "),
        ("variants = " + "[" * 5000, "it is not TOML: "),
    ],
)
def test_a_wrong_file_is_told_with_its_key_what_was_given_and_what_is_allowed(
    content: str, said: str
) -> None:
    with pytest.raises(PolicyError) as refused:
        read(content.encode())
    assert str(refused.value).startswith(said)
    assert len(str(refused.value)) < 300


def test_a_file_that_is_no_text_is_told() -> None:
    with pytest.raises(PolicyError, match="it is not TOML: 'utf-8' codec"):
        read(b"\xff\xfe")


_scalars = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(['"auto"', '"int8"', '"latency"', "''", '["int8"]', "[[]]", "{a = 1}", "1979-05-27"]),
)
_keys = st.sampled_from(
    ["default_variant", "variants", "min_accuracy", "max_latency_ms", "objective", "other", "a.b"]
)
_lines = st.tuples(_keys, _scalars).map(lambda pair: f"{pair[0]} = {str(pair[1]).lower()}")


@given(st.one_of(st.binary(), st.lists(_lines).map("\n".join).map(str.encode)))
def test_whatever_a_file_holds_it_is_a_policy_or_refused(content: bytes) -> None:
    with suppress(PolicyError):
        words = read(content)
        policy = Policy(**words)
        assert 0 <= policy.min_accuracy <= 1
        assert policy.max_latency_ms is None or policy.max_latency_ms > 0
        assert policy.variants != ()


def misfit(digits: Bundle, **words: Any) -> str:
    with pytest.raises(PolicyError) as refused:
        check(Policy(**words), words.keys(), digits.manifest)
    return str(refused.value)


def test_a_variant_that_the_version_has_not_is_told_with_those_it_has(digits: Bundle) -> None:
    names = ", ".join(variant.name for variant in digits.manifest.variants)
    absent = "which the version that serves has not; it has: "
    assert misfit(digits, default_variant="int9") == f"default_variant is 'int9', {absent}{names}, auto"
    assert misfit(digits, variants=("int8", "int9")) == f"variants is 'int9', {absent}{names}"
    assert misfit(digits, default_variant="cascade").startswith("default_variant is 'cascade', which")


def test_a_floor_that_nothing_reaches_is_told_with_the_most_accurate(digits: Bundle) -> None:
    low = digits.variant("int8").scores.accuracy_low
    said = misfit(digits, min_accuracy=1.0, variants=("int8",))
    assert said.startswith("min_accuracy is 1.0; no variant that auto may choose reaches it: int8 has ")
    assert f"{low:.4f}" in said
    check(Policy(min_accuracy=low), {"min_accuracy"}, digits.manifest)
    with pytest.raises(PolicyError, match=r"^--auto-floor is 1\.0; no variant"):
        check_floor("--auto-floor", Policy(min_accuracy=1.0), digits.manifest)


def test_a_variant_whose_library_is_not_here_is_told(digits: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.repository.policy.document.is_available", lambda _: False)
    assert misfit(digits, default_variant="int8").endswith("that is not installed here")


def test_a_cascade_is_there_where_the_version_has_one(digits: Bundle) -> None:
    scores = digits.variant("float32").scores
    manifest = digits.manifest.model_copy(update={"cascade": a_cascade(scores)})
    policy = Policy("cascade", ("cascade",), scores.accuracy_low)
    check(policy, {"default_variant", "variants", "min_accuracy"}, manifest)
