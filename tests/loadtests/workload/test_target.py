"""A load is sent to a variant, to whatever the service chooses, or to the cascade where there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from bundle.bundle import open_bundle
from bundle.errors import BundleNotFoundError
from bundle.manifest import FILE_NAME
from bundle.store import ModelStore
from loadtests.workload.target import target_of
from tests.service.cascading import bring_with_cascade


def test_a_bundle_has_a_target_for_what_it_has(models: Path, tmp_path: Path) -> None:
    bundle = ModelStore(models).open("digits")
    bring_with_cascade(bundle, tmp_path / "digits" / "1")
    cascaded = open_bundle(tmp_path / "digits" / "1")
    assert target_of(cascaded, "auto").is_chosen
    assert not target_of(cascaded, "int8").is_chosen
    assert target_of(cascaded, "cascade").variant == "cascade"
    manifest = cascaded.manifest.model_copy(update={"cascade": None})
    (tmp_path / "digits" / "1" / FILE_NAME).write_text(manifest.model_dump_json(), encoding="utf-8")
    with pytest.raises(BundleNotFoundError, match=r"digits/1 has no cascade"):
        target_of(open_bundle(tmp_path / "digits" / "1"), "cascade")
    with pytest.raises(BundleNotFoundError):
        target_of(bundle, "nope")
