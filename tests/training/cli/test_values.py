from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from training.cli.values import Value
from training.errors import OptionError


class Kinds(BaseModel):
    count: Annotated[int, Field(ge=1, le=4096)] = 7
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    rate: Annotated[float, Field(gt=0, le=10)] | None = None
    low: Annotated[int, Field(ge=1)] = 1
    sizes: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(max_length=3, examples=["1,2"])] = ()
    widths: Annotated[tuple[float, ...], Field(examples=["0.5,1"])] = (1.0, 0.25)
    name: str | None = None
    columns: Annotated[tuple[str, ...], Field(json_schema_extra={"metavar": "COLUMN"})] = ()
    colour: Literal["red", "blue"] = "red"
    colours: tuple[Literal["red", "blue"], ...] = ("red",)
    folder: Path | None = None
    sure: bool | None = None


FIELDS = Kinds.model_json_schema()["properties"]


def value(name: str) -> Value:
    return Value.of(FIELDS[name])


@pytest.mark.parametrize(
    ("name", "annotation", "metavar", "limits"),
    [
        ("count", int, None, "1 to 4,096"),
        ("share", float, None, "above 0, below 1"),
        ("rate", float, None, "above 0, at most 10"),
        ("low", int, None, "at least 1"),
        ("sizes", str, "N,N,...", "each at least 1, at most 3 of them"),
        ("widths", str, "N,N,...", ""),
        ("name", str, None, ""),
        ("columns", list[str], "COLUMN", ""),
        ("colour", Literal["red", "blue"], None, ""),
        ("colours", str, "NAME,NAME,...", ""),
        ("folder", Path, None, ""),
        ("sure", bool, None, ""),
    ],
)
def test_a_field_is_typed_as_its_schema_says(
    name: str, annotation: Any, metavar: str | None, limits: str
) -> None:
    one = value(name)
    assert (one.annotation, one.metavar, one.limits()) == (annotation, metavar, limits)


@pytest.mark.parametrize(
    ("name", "given", "read"),
    [
        ("count", 3, 3),
        ("sizes", "64, 32", (64, 32)),
        ("widths", "0.5,1", (0.5, 1.0)),
        ("columns", ["a, with a comma", "b"], ("a, with a comma", "b")),
        ("colours", "red, blue", ("red", "blue")),
    ],
)
def test_what_is_typed_is_read_as_the_field_takes_it(name: str, given: Any, read: object) -> None:
    assert value(name).read("--it", given) == read


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_default_is_shown_as_one_would_type_it(name: str) -> None:
    typed, default = value(name).typed(FIELDS[name]["default"]), getattr(Kinds(), name)
    if typed is None:
        assert not default
    else:
        assert value(name).read("--it", typed) == default


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("sizes", "1,x", "--it was given '1,x'; it takes whole numbers, as in 1,2"),
        ("widths", "", "--it was given ''; it takes numbers, as in 0.5,1"),
        ("colours", "red,green", "--it was given 'green'; there are red, blue, to be joined by commas"),
    ],
)
def test_a_list_that_is_none_is_told_of_with_what_is_allowed(name: str, given: str, said: str) -> None:
    with pytest.raises(OptionError) as error:
        value(name).read("--it", given)
    assert str(error.value) == said
