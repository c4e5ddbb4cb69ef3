"""What is on disk is what serves, however it came there, and whatever else lies about."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from bundle.bundle import Bundle, open_bundle
from bundle.errors import BundleDamagedError, TransientError
from bundle.manifest import FILE_NAME
from bundle.store import ModelStore
from service.errors import UnavailableError, UnknownTargetError
from service.repository.proof.prover import Prover
from service.repository.settling import SETTLE_S
from tests.bundle.proof.test_selftest import truncate_variables
from tests.patience import PATIENCE_S
from tests.service.repository.deployed import Deployed, deployed, until


@pytest.fixture(scope="session")
def cancer(models: Path) -> Bundle:
    return ModelStore(models).open("breast_cancer")


def pieces(bundle: Bundle, *, manifest_first: bool) -> list[str]:
    files = [file.path for file in bundle.manifest.files]
    return [FILE_NAME, *files] if manifest_first else [*files, FILE_NAME]


def copy_half(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    content = source.read_bytes()
    target.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("manifest_first", [True, False])
def test_a_version_that_is_copied_file_by_file_serves_when_it_is_whole(
    digits: Bundle, tmp_path: Path, manifest_first: bool
) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            there.bring(digits, "m", 1)
            await there.look()
            folder = tmp_path / "m" / "2"
            folder.mkdir()
            await there.look(after_s=1.0)
            for piece in pieces(digits, manifest_first=manifest_first):
                copy_half(digits.folder / piece, folder / piece)
                await there.look(after_s=SETTLE_S / 2)
                assert there.state("m", 2) in ("settling", "serving")
                shutil.copy2(digits.folder / piece, folder / piece)
                await there.look(after_s=SETTLE_S / 2)
            assert await there.answers() == "m/2"
            assert there.metric('refused_version{model="m"}') == 0

    asyncio.run(go())


def test_a_copy_without_the_rows_of_the_data_waits_for_nothing_and_is_served_on_when_they_go(
    digits: Bundle, tmp_path: Path
) -> None:
    lean = open_bundle(Path(shutil.copytree(digits.folder, tmp_path / "lean" / "1")))
    for file in lean.manifest.held_out_files:
        lean.path(file).unlink()

    async def go() -> None:
        async with deployed(tmp_path / "store") as there:
            there.bring(lean, "m", 2)
            whole = there.bring(digits, "m", 1)
            await there.look()
            assert await there.answers() == "m/2"
            for file in digits.manifest.held_out_files:
                (whole / file.path).unlink()
            await there.look(after_s=1.0)
            assert await there.answers("m", 1) == "m/1"
            assert not [detail for v in there.registry.models["m"].values() if (detail := v.detail)]

    asyncio.run(go())


def test_what_stays_incomplete_is_refused_and_serves_when_it_is_completed(
    digits: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            folder = there.bring(digits, "m", 1)
            (folder / FILE_NAME).rename(tmp_path / FILE_NAME)
            await there.look()
            assert there.state("m", 1) == "settling"
            with pytest.raises(UnavailableError, match=r"not whole yet: .* no manifest\.json"):
                await there.answers("m", 1)
            await there.look(after_s=SETTLE_S)
            assert there.state("m", 1) == "refused"
            assert any(line.startswith("refused m/1") for line in caplog.messages)
            assert there.metric('refused_version{model="m"}') == 1
            (tmp_path / FILE_NAME).rename(folder / FILE_NAME)
            await there.look(after_s=1.0)
            assert await there.answers() == "m/1"
            assert there.metric('refused_version{model="m"}') == 0

    asyncio.run(go())


def test_a_number_that_is_deleted_and_made_anew_is_read_anew(
    digits: Bundle, cancer: Bundle, tmp_path: Path
) -> None:
    """The one that serves, and an older one that was asked for."""

    async def go() -> None:
        async with deployed(tmp_path) as there:
            there.bring(digits, "m", 1)
            there.bring(digits, "m", 2)
            await there.look()
            assert await there.answers("m", 1) == "m/1"
            for number in (1, 2):
                shutil.rmtree(tmp_path / "m" / str(number))
                there.bring(cancer, "m", number)
            await there.look(after_s=1.0)
            for asked in (None, 1, 2):
                labels = (await there.registry.resolve("m", asked, "int8")).servable.signature.labels
                assert labels == cancer.manifest.labels

    asyncio.run(go())


def test_the_same_files_made_anew_change_nothing(digits: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            there.bring(digits, "m", 1)
            await there.look()
            before = (await there.registry.resolve(None, None, "int8")).servable
            shutil.rmtree(tmp_path / "m" / "1")
            there.bring(digits, "m", 1)
            await there.look(after_s=1.0)
            assert (await there.registry.resolve(None, None, "int8")).servable is before

    asyncio.run(go())


def test_what_serves_answers_on_while_its_files_are_made_anew_badly(
    digits: Bundle, cancer: Bundle, tmp_path: Path
) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            folder = there.bring(digits, "m", 1)
            await there.look()
            (folder / FILE_NAME).write_text("{}")
            await there.look(after_s=1.0)
            assert there.metric('refused_version{model="m"}') == 0
            await there.look(after_s=SETTLE_S)
            assert await there.answers("m", 1) == "m/1"
            assert there.metric('refused_version{model="m"}') == 1
            detail = there.registry.models["m"][1].detail
            assert detail is not None
            assert "has changed since" in detail
            shutil.rmtree(folder)
            there.bring(cancer, "m", 1)
            await there.look(after_s=1.0)
            servable = (await there.registry.resolve("m", None, "int8")).servable
            assert servable.signature.labels == cancer.manifest.labels
            assert there.metric('refused_version{model="m"}') == 0

    asyncio.run(go())


def test_a_deleted_model_goes_and_the_one_in_its_place_needs_no_name(digits: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            there.bring(digits, "old", 1)
            await there.look()
            shutil.rmtree(tmp_path / "old")
            await there.look(after_s=1e6)
            assert await there.answers() == "old/1"  # an empty store may be a disk that was taken away
            there.bring(digits, "new", 1)
            await there.look(after_s=1.0)
            assert await there.answers() == "new/1"
            await there.look(after_s=SETTLE_S)
            assert list(there.registry.models) == ["new"]
            with pytest.raises(UnknownTargetError, match="no model 'old'; there are: new"):
                await there.answers("old")
            exposition = there.metrics.exposition().decode()
            for name in ("model_version", "refused_version", "variant_loaded"):
                assert f'{name}{{model="new"' in exposition
                assert f'{name}{{model="old"' not in exposition

    asyncio.run(go())


def test_a_model_that_is_away_for_a_moment_stays(digits: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            there.bring(digits, "a", 1)
            there.bring(digits, "b", 1)
            await there.look()
            loads = len(there.loads)
            (tmp_path / "a").rename(tmp_path / ".a")
            await there.look(after_s=1.0)
            assert await there.answers("a") == "a/1"
            (tmp_path / ".a").rename(tmp_path / "a")
            await there.look(after_s=SETTLE_S)
            await there.look(after_s=SETTLE_S)
            assert await there.answers("a") == "a/1"
            assert len(there.loads) == loads

    asyncio.run(go())


def test_the_metric_of_a_variant_ends_with_the_version_that_had_it(
    digits: Bundle, cancer: Bundle, tmp_path: Path
) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            there.metrics.serve("m", 1, {"float32": True, "exotic": True})
            there.bring(digits, "m", 2)
            await there.look()
            assert 'variant="int8"' in there.metrics.exposition().decode()
            assert "exotic" not in there.metrics.exposition().decode()

    asyncio.run(go())


def lie_about(root: Path) -> None:
    """Put into the store what is none of a store's: before, between and after its models."""
    (root / "a").symlink_to("a")
    (root / "b").write_text("a file")
    (root / "c").mkdir()
    (root / "c" / "1").symlink_to("1")
    (root / "d" / "1").mkdir(parents=True)
    os.mkfifo(root / "d" / "1" / FILE_NAME)
    (root / "e" / "1").mkdir(parents=True)
    (root / "e" / "1" / FILE_NAME).symlink_to("/dev/zero")
    (root / "f" / "1" / FILE_NAME).mkdir(parents=True)
    (root / "g" / "1").mkdir(parents=True)
    (root / "g" / "1" / FILE_NAME).symlink_to(FILE_NAME)


def test_entries_that_loop_or_are_foreign_hide_no_model(digits: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        async with deployed(tmp_path) as there:
            lie_about(tmp_path)
            bad = there.bring(digits, "h", 1) / digits.manifest.golden.path
            bad.unlink()
            bad.symlink_to(bad.name)
            there.bring(digits, "m", 1)
            await there.look()
            await there.look(after_s=SETTLE_S)
            assert await there.answers("m") == "m/1"
            refused = {model: there.state(model, 1) for model in "defgh"}
            assert set(refused.values()) == {"refused"}
            assert {"a", "b"}.isdisjoint(there.registry.models)

    asyncio.run(go())


class Hiccup(ModelStore):
    """A store that cannot be read at first, and one of whose models never can."""

    is_over = False

    def versions(self, name: str) -> list[int]:
        if name == "bad":
            raise PermissionError(13, "Permission denied")
        return super().versions(name)

    def survey(self) -> dict[str, list[int] | OSError]:
        if not self.is_over:
            raise OSError(5, "Input/output error")
        return super().survey()


def test_a_store_that_cannot_be_read_at_first_is_read_later(digits: Bundle, tmp_path: Path) -> None:
    async def go() -> None:
        store = Hiccup(tmp_path)
        async with deployed(tmp_path, store=store) as there:
            there.bring(digits, "bad", 1)
            there.bring(digits, "m", 1)
            await there.registry.start()
            assert "Input/output error" in str(there.registry.why_not_ready)
            watching = asyncio.create_task(there.registry.watch(0))
            store.is_over = True
            await until(lambda: there.registry.why_not_ready is None)
            watching.cancel()
            assert await there.answers("m") == "m/1"

    asyncio.run(go())


def test_what_may_pass_is_tried_again(digits: Bundle, tmp_path: Path) -> None:
    """At the start, where a new version is loaded, and where a client asks for a variant."""
    trouble = TransientError(Path("int8.tflite"), "cannot be read (Too many open files)")
    troubles = [trouble] * 2  # for what is to be loaded, and for what is loaded in its place

    def before_load(_: Bundle, __: str) -> None:
        if troubles:
            raise troubles.pop()

    async def go() -> None:
        async with deployed(tmp_path, before_load=before_load) as there:
            there.bring(digits, "m", 1)
            await there.look()
            assert there.registry.loaded("m", None, "int8") is None
            await there.look(after_s=1.0)
            assert there.registry.loaded("m", None, "int8") is not None
            troubles.append(trouble)
            there.bring(digits, "m", 2)
            await there.look(after_s=1.0)
            assert await there.answers() == "m/1"
            assert there.state("m", 2) == "settling"
            await there.look(after_s=1.0)
            assert await there.answers() == "m/2"
            troubles.append(trouble)
            with pytest.raises(UnavailableError, match="Too many open files"):
                await there.registry.resolve(None, None, "int16x8")
            assert (
                await there.registry.resolve(None, None, "int16x8")
            ).servable.signature.variant == "int16x8"

    asyncio.run(go())


def refused_in_part(bad: Bundle, root: Path) -> None:
    """See what becomes of a version whose SavedModel cannot be loaded, alone and as a new one."""
    variants = tuple(variant for variant in bad.manifest.variants if variant.format == "tflite")
    manifest = bad.manifest.model_copy(update={"variants": variants})

    async def go() -> None:
        async with deployed(root, preload=("int8", "tensorflow")) as there:
            there.bring(bad, "a", 1)
            (there.bring(bad, "b", 1) / FILE_NAME).write_text(manifest.model_dump_json())
            await there.look()
            assert await there.answers("a") == "a/1"
            assert await there.answers("b") == "b/1"
            with pytest.raises(UnavailableError, match=r"'tensorflow' could not be loaded: .*saved_model\."):
                await there.registry.resolve("a", None, "tensorflow")
            there.bring(bad, "b", 2)
            for _ in range(3):
                await there.look(after_s=1.0)
            assert there.state("b", 2) == "refused"
            assert there.registry.serving["b"].number == 1
            assert there.metric('refused_version{model="b"}') == 2
            assert there.loads.count("b/2") == 1  # int8, once: what was refused is left alone

    asyncio.run(go())


def test_a_saved_model_that_cannot_be_loaded_takes_nothing_sound_along(
    digits: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prove = Prover.prove

    def prove_lite(prover: Prover, bundle: Bundle, names: Sequence[str]) -> None:
        if "tensorflow" in names:  # which takes ten seconds to import, to say as much
            raise BundleDamagedError(bundle.folder / "variants" / "saved_model.pb", "fails")
        prove(prover, bundle, names)

    monkeypatch.setattr(Prover, "prove", prove_lite)
    refused_in_part(digits, tmp_path)


@pytest.mark.slow
def test_a_saved_model_that_is_cut_in_half_takes_nothing_sound_along(digits: Bundle, tmp_path: Path) -> None:
    bad = truncate_variables(open_bundle(Path(shutil.copytree(digits.folder, tmp_path / "m" / "1"))))
    refused_in_part(bad, tmp_path / "store")


def test_a_model_that_takes_long_to_load_holds_up_no_other(digits: Bundle, tmp_path: Path) -> None:
    may_go_on = threading.Event()

    def before_load(bundle: Bundle, _: str) -> None:
        if bundle.name == "heavy":
            assert may_go_on.wait(PATIENCE_S)

    async def loaded(there: Deployed, model: str) -> None:
        await until(lambda: there.registry.loaded(model, None, "int8") is not None)

    async def go() -> None:
        async with deployed(tmp_path, before_load=before_load) as there:
            there.bring(digits, "heavy", 1)
            there.bring(digits, "light", 1)
            starting = asyncio.create_task(there.registry.start())
            await loaded(there, "light")
            there.bring(digits, "light", 2)
            watching = asyncio.create_task(there.registry.watch(0.01))
            assert await there.answers("light") == "light/1"
            there.bring(digits, "another", 1)
            may_go_on.set()
            await starting
            await loaded(there, "another")
            watching.cancel()

    asyncio.run(go())
