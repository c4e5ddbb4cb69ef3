"""A folder of images by class is data: the folder's name is the label, the pixels are the row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from bundle.fields import word
from training.config import DataConfig
from training.data.dataset import Dataset
from training.data.files.columns import Known
from training.data.files.sources import load, load_rows, stem
from training.data.prepare import prepare
from training.errors import DataError, DataUnreadableError, FeaturesError, LabelsError, OptionError

ENDINGS = ("png", "jpg", "jpeg", "bmp", "gif", "webp")
CLASSES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=9)


def draw(file: Path, shade: int = 0, mode: str = "RGB", size: tuple[int, int] = (6, 4)) -> None:
    """Write an image of one shade; `size` is its width and height."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, shade).convert(mode).save(file)


def read(folder: Path, **options: Any) -> Dataset:
    return load(DataConfig(data=str(folder), **options))


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    folder = tmp_path / "pets.v1"
    for row in range(6):
        draw(folder / "dog" / f"{row}.png", 10 + row)
        draw(folder / "cat" / f"{row}.png", 100 + row)
    return folder


def test_the_name_of_a_folder_is_the_label_of_its_images(pets: Path) -> None:
    data = read(pets)
    assert (data.name, data.labels) == ("pets.v1", ("cat", "dog"))
    assert stem(pets) == "pets.v1"
    assert (data.input.kind, data.input.shape, data.stored) == ("image", (4, 6, 3), "uint8")
    assert data.y.tolist() == ["cat"] * 6 + ["dog"] * 6
    assert data.x[:, 0].tolist() == [*range(100, 106), *range(10, 16)]
    assert data.taken == (
        "pets.v1: 12 images, 4 high and 6 wide, of 3 channels, in 2 classes of words: 'cat', 'dog'",
    )
    assert data.notes == ()


def test_what_was_read_can_be_trained_on(pets: Path) -> None:
    prepared = prepare(read(pets), normalize="minmax", test_size=0.2, validation_size=0.2, seed=1)
    assert [len(part) for part in (prepared.x_train, prepared.x_validation, prepared.x_test)] == [8, 2, 2]


def test_the_same_images_are_the_same_data_and_others_are_not(pets: Path) -> None:
    digest = read(pets).sha256
    assert read(pets).sha256 == digest
    draw(pets / "dog" / "0.png", 77)
    assert read(pets).sha256 != digest


@pytest.mark.parametrize("ending", [*ENDINGS, "PNG"])
def test_every_format_is_read(tmp_path: Path, ending: str) -> None:
    for row, label in enumerate("ab"):
        draw(tmp_path / label / f"1.{ending}", 200 * row)
    assert read(tmp_path).x[:, 0].tolist() == pytest.approx([0, 200], abs=3)


def test_of_several_frames_the_first_is_read(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), (shade, shade, shade)) for shade in (50, 90)]
    (tmp_path / "a").mkdir()
    frames[0].save(tmp_path / "a" / "1.gif", save_all=True, append_images=frames[1:])
    draw(tmp_path / "b" / "1.png", 50, size=(4, 4))
    assert (read(tmp_path).x == 50).all()


@pytest.mark.parametrize(
    ("modes", "channels"),
    [(("L", "1"), 1), (("L", "LA"), 1), (("L", "RGB"), 3), (("RGBA", "P"), 3), (("CMYK", "L"), 3)],
)
def test_images_have_one_channel_where_all_are_grey(tmp_path: Path, modes: Any, channels: int) -> None:
    for label, mode in zip("ab", modes, strict=True):
        draw(tmp_path / label / f"1.{'jpg' if mode == 'CMYK' else 'png'}", 255, mode)
    data = read(tmp_path)
    assert data.input.shape == (4, 6, channels)
    assert (data.x == 255).all()


def test_transparent_images_are_told_of(tmp_path: Path) -> None:
    for label, mode in (("a", "RGBA"), ("b", "RGB")):
        draw(tmp_path / label / "1.png", 9, mode)
    assert read(tmp_path).notes == (
        f"1 of 2 images of {tmp_path} are transparent in places, where their colours were kept",
    )


def test_a_published_split_is_kept(tmp_path: Path) -> None:
    for part, shades in (("train", (1, 2, 3)), ("test", (4,))):
        for label in ("x", "y"):
            for shade in shades:
                draw(tmp_path / part / label / f"{shade}.png", shade)
    data = read(tmp_path)
    assert (data.test_rows, data.labels) == (2, ("x", "y"))
    assert data.x[:, 0].tolist() == [1, 2, 3, 1, 2, 3, 4, 4]
    draw(tmp_path / "val" / "x" / "1.png")
    with pytest.raises(DataUnreadableError, match="holds val beside train and test"):
        read(tmp_path)


def test_train_and_test_may_be_classes(tmp_path: Path) -> None:
    for label in ("train", "test"):
        draw(tmp_path / label / "1.png")
    assert (read(tmp_path).labels, read(tmp_path).test_rows) == (("test", "train"), 0)


def test_folders_that_are_named_by_whole_numbers_are_labels_of_that_type(tmp_path: Path) -> None:
    for label in ("0", "2", "10"):
        draw(tmp_path / label / "1.png")
    assert read(tmp_path).labels == (0, 2, 10)


@given(st.lists(CLASSES.filter(lambda name: word(name) not in ("", ".", "..")), min_size=2, max_size=4))
def test_a_class_may_have_any_name_that_a_folder_may_have(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("classes")
    shown = {name for name in names if not name.startswith((".", "__"))}
    for name in names:
        draw(folder / name / "1.png")
    if not shown:
        return
    data = read(folder)
    assert len(data.x) == len(shown)
    if isinstance(data.labels[0], str):
        assert set(data.labels) == {word(name) for name in shown}


def test_what_is_no_image_or_of_no_class_is_left_out_and_told_of(pets: Path) -> None:
    (pets / "cat" / "about.txt").write_text("cats")
    (pets / "cat" / ".DS_Store").write_text("")
    draw(pets / "loose.png")
    draw(pets / "__MACOSX" / "1.png")
    draw(pets / "cat" / "more" / "1.png")
    data = read(pets)
    assert len(data.x) == 12
    assert data.notes == (
        f"left out of {pets} what is no image, or of no class: cat/about.txt, cat/more, loose.png",
    )


def test_images_of_different_sizes_are_refused_with_two_of_them_or_resized(pets: Path) -> None:
    draw(pets / "dog" / "5.png", 15, size=(8, 8))
    with pytest.raises(
        FeaturesError, match=r"cat/0\.png of 4x6 and dog/5\.png of 8x8 .*give --image-size 4x6"
    ):
        read(pets)
    data = read(pets, image_size="8x8")
    assert data.input.shape == (8, 8, 3)
    assert data.x[11].tolist() == [15] * 192
    assert data.notes == (f"resized 11 of 12 images of {pets} to 8x8, height x width",)


@pytest.mark.parametrize("size", ["96", "0x4", "4x", "96 x 96", "4x99999", "x"])
def test_a_size_is_two_numbers(size: str) -> None:
    with pytest.raises(ValidationError, match="a height and a width of 1 to 9999 pixels, as in 96x96"):
        DataConfig(data="pets", image_size=size)


def test_a_size_is_for_images_in_folders() -> None:
    with pytest.raises(OptionError, match="--image-size was given, but digits is no folder"):
        load(DataConfig(data="digits", image_size="8x8"))


def test_a_table_s_options_are_not_for_folders(pets: Path) -> None:
    with pytest.raises(OptionError, match=r"--label animal was given, but .* is not a \.csv file"):
        read(pets, label="animal")


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_what_only_looks_like_an_image_is_named(pets: Path, content: bytes) -> None:
    (pets / "dog" / "6.png").write_bytes(content)
    with pytest.raises(DataUnreadableError, match=r"dog/6\.png is not an image, whatever its name says"):
        read(pets)


def test_an_image_that_breaks_off_is_named(pets: Path) -> None:
    file = pets / "dog" / "5.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (4, 6, 3), np.uint8)).save(file)
    file.write_bytes(file.read_bytes()[:70])
    with pytest.raises(DataUnreadableError, match=r"dog/5\.png is not a readable image"):
        read(pets)


@given(
    ending=st.sampled_from(ENDINGS),
    position=st.integers(0, 800),
    byte=st.integers(0, 255),
    whole=st.booleans(),
)
def test_a_damaged_image_is_read_or_refused_by_its_name(
    tmp_path_factory: pytest.TempPathFactory, ending: str, position: int, byte: int, whole: bool
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    for label in "ab":
        draw(folder / label / f"1.{ending}")
    content = bytearray((folder / "a" / f"1.{ending}").read_bytes())
    place = position % len(content)
    content[place] = byte
    (folder / "a" / f"1.{ending}").write_bytes(content if whole else content[:place])
    said = f"a/1.{ending}"
    try:
        read(folder)
    except DataError as error:
        said = str(error)
    assert f"a/1.{ending}" in said


def test_more_than_8_bits_are_not_cut_off_in_silence(pets: Path) -> None:
    Image.fromarray(np.full((4, 6), 40_000, np.uint16)).save(pets / "dog" / "5.png")
    with pytest.raises(DataUnreadableError, match=r"dog/5\.png has more than 8 bits a channel"):
        read(pets)


def test_folders_that_hold_no_images_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataUnreadableError, match=r"holds no images \(\.bmp, .*each class must have"):
        read(tmp_path)
    draw(tmp_path / "1.png")
    with pytest.raises(DataUnreadableError, match="holds 1 images and no folders; each class must have"):
        read(tmp_path)
    draw(tmp_path / "a" / "1.png")
    (tmp_path / "b").mkdir()
    with pytest.raises(DataUnreadableError, match=r"b holds no images \(.*\)$"):
        read(tmp_path)
    draw(tmp_path / "b" / "deep" / "1.png")
    with pytest.raises(DataUnreadableError, match=r"b holds no images .*, but folders, where only train"):
        read(tmp_path)
    for label in ("train", "test"):
        (tmp_path / "split" / label).mkdir(parents=True)
    draw(tmp_path / "split" / "train" / "a" / "1.png")
    with pytest.raises(DataUnreadableError, match="test holds no folders; each class must have one there"):
        read(tmp_path / "split")


def test_one_class_is_nothing_to_train_on(tmp_path: Path) -> None:
    for row in range(9):
        draw(tmp_path / "a" / f"{row}.png")
    with pytest.raises(LabelsError, match="has one class only, 'a'"):
        prepare(read(tmp_path), normalize="minmax", test_size=0.2, validation_size=0.2, seed=1)


def test_a_model_that_exists_has_its_own_size_and_channels(pets: Path) -> None:
    def loaded(*shape: int) -> Dataset:
        return load(DataConfig(data=str(pets)), Known(shape=shape))

    assert loaded(8, 8, 1).input.shape == (8, 8, 1)
    assert loaded(8, 8, 1).x[0].tolist() == [100] * 64
    assert loaded(8, 8).notes == (f"resized 12 of 12 images of {pets} to 8x8, height x width",)
    assert (loaded(4, 6, 3).notes, loaded(72).notes) == ((), ())
    with pytest.raises(
        FeaturesError, match=r"rows of shape \(4, 6, 3\), and the model takes \(3, 4, 6\): as many"
    ):
        loaded(3, 4, 6)


def test_images_of_no_class_are_rows_without_labels(pets: Path, tmp_path: Path) -> None:
    for row in range(3):
        draw(tmp_path / "loose" / f"{row}.png", row)
    loose = load_rows(DataConfig(data=str(tmp_path / "loose")), (4, 6, 3), "absent")
    assert (loose.name, loose.stored, loose.x[:, 0].tolist()) == ("loose", "uint8", [0, 1, 2])
    assert loose.taken == ("loose: 3 rows of 4 x 6 x 3 numbers, without labels",)
    with pytest.raises(
        OptionError, match="holds folders, cat, dog, and so has labels: leave --unlabelled away"
    ):
        load_rows(DataConfig(data=str(pets)), (4, 6, 3), "absent")
    assert len(load_rows(DataConfig(data=str(pets)), (4, 6, 3), "ignored").x) == 12
