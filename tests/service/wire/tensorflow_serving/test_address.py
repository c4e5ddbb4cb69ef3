"""What an address says: which model, and what is wanted of it."""

from __future__ import annotations

import pytest

from service.errors import InvalidRequestError, UnknownTargetError
from service.wire.tensorflow_serving.address import address, owns, takes


@pytest.mark.parametrize(
    ("path", "model", "version", "variant", "asked"),
    [
        ("/v1/models/digits:predict", "digits", None, None, "predict"),
        ("/v1/models/digits:classify", "digits", None, None, "classify"),
        ("/v1/models/digits/versions/3:predict", "digits", 3, None, "predict"),
        ("/v1/models/digits/versions/0:predict", "digits", None, None, "predict"),
        ("/v1/models/digits/versions/0012", "digits", 12, None, "status"),
        ("/v1/models/digits/labels/int8:predict", "digits", None, "int8", "predict"),
        ("/v1/models/digits~int8:predict", "digits", None, "int8", "predict"),
        ("/v1/models/digits~int8/versions/2:regress", "digits", 2, "int8", "regress"),
        ("/v1/models/digits~int8/labels/int8", "digits", None, "int8", "status"),
        ("/v1/models/my model.v-1_x/metadata", "my model.v-1_x", None, None, "metadata"),
        ("/V1/Models/Digits/Versions/2:PREDICT", "Digits", 2, None, "predict"),
        ("/v1/models/m/LABELS/INT8/MetaData", "m", None, "INT8", "metadata"),
    ],
)
def test_an_address_names_what_is_meant(
    path: str, model: str, version: int | None, variant: str | None, asked: str
) -> None:
    target, found, name = address(path)
    assert (target.model, target.version, target.variant, found) == (model, version, variant, asked)
    assert name == ("digits~int8" if "~" in path else model)
    assert address(path).target is target
    assert owns(path)
    assert takes(path) == (asked in ("predict", "classify", "regress"))


@pytest.mark.parametrize(
    "path",
    [
        "/v1/",
        "/v1/models",
        "/v1/models/",
        "/v1/models/:predict",
        "/v1/models/m:guess",
        "/v1/models/m:predict/",
        "/v1/models/m:predict:predict",
        "/v1/models/m/versions/:predict",
        "/v1/models/m/versions/x:predict",
        "/v1/models/m/versions/-1:predict",
        "/v1/models/m/versions/٣:predict",
        "/v1/models/m/versions/1/labels/int8:predict",
        "/v1/models/m/labels/:predict",
        "/v1/models/m/metadata:predict",
        "/v1/models/m/versions/1/metadata/",
        "/v1/models/a/b:predict",
        "/v1/models/m\n:predict\n",
    ],
)
def test_a_malformed_address_is_refused_and_is_nobody_elses(path: str) -> None:
    with pytest.raises(InvalidRequestError, match="malformed request"):
        address(path)
    assert owns(path)
    assert not takes(path)


@pytest.mark.parametrize(
    "path", ["/predict", "/v2/models/m", "/v1", "/", "/v10/models/m:predict", "/x/v1/models/m"]
)
def test_other_addresses_are_not_of_this_protocol(path: str) -> None:
    assert not owns(path)
    assert not takes(path)


@pytest.mark.parametrize("digits", [str(2**63), "9" * 5000])
def test_a_version_beyond_64_bits_is_refused(digits: str) -> None:
    with pytest.raises(InvalidRequestError, match="must be at most 9223372036854775807"):
        address(f"/v1/models/m/versions/{digits}:predict")


def test_a_name_and_a_label_of_two_variants_contradict_each_other() -> None:
    with pytest.raises(InvalidRequestError, match="'m~int8' is one variant, and the label 'float32' another"):
        address("/v1/models/m~int8/labels/float32:predict")


@pytest.mark.parametrize("name", ["~int8", "digits~", "~"])
def test_half_a_name_is_of_no_model(name: str) -> None:
    with pytest.raises(UnknownTargetError, match=f"there is no model '{name}'"):
        address(f"/v1/models/{name}:predict")
