from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import pytest
import typer
from pydantic import BaseModel, Field
from typer.testing import CliRunner

from training.cli import diagnose, evaluate, other_rows, resume, train, tune
from training.cli.app import app
from training.cli.options import Options, with_options
from training.config import TrainConfig
from training.data.files.sources import BUILT_IN, FORMATS
from training.search.config import SearchConfig

COMMANDS: list[tuple[str, Options]] = [
    ("train", train.OPTIONS),
    ("train", train.PROOF),
    ("resume", resume.PROOF),
    ("tune", tune.OPTIONS),
    ("evaluate", other_rows.OPTIONS),
    ("evaluate", evaluate.PROOF),
    ("diagnose", other_rows.OPTIONS),
    ("diagnose", diagnose.PROOF),
]
DEMANDS = {"data": "iris", "max_accuracy_drop": 0.1, "max_row_us": 5.0}


def fields(config: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in config.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from fields(field.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name


def flags_of(command: str) -> Mapping[str, Any]:
    """Return the options that the program itself has, by the name of the field."""
    commands: Mapping[str, Any] = vars(typer.main.get_command(app))["commands"]
    return {one.name: one for one in commands[command].params}


@pytest.mark.parametrize(("command", "options"), COMMANDS)
def test_every_field_is_an_option_or_left_out_for_a_reason(command: str, options: Options) -> None:
    places = set(fields(options.config))
    assert options.without.keys() <= places
    assert all(options.without.values())
    there = flags_of(command)
    flags = {option.place: option.flag for option in options}
    for place in places - options.without.keys():
        assert there[place.rpartition(".")[2]].opts == [flags[place]]


def test_tune_leaves_out_what_the_search_owns_and_nothing_else() -> None:
    assert tune.OPTIONS.without.keys() == {"base.variants", "base.widths", "base.max_accuracy_drop"}
    assert {"class_weights", "loss", "normalize", "hidden", "test_size", "validation_size"} < {
        option.name for option in tune.OPTIONS
    }


@pytest.mark.parametrize(("command", "options"), COMMANDS)
def test_every_default_that_the_program_shows_is_that_of_the_field(command: str, options: Options) -> None:
    there = flags_of(command)
    for option in options:
        shown, field = there[option.name].default, option.config.model_fields[option.name]
        if shown is None:
            assert field.is_required() or not field.default, option.name
        else:
            assert option.value.read(option.flag, shown) == field.default, option.name


def test_train_and_tune_say_the_same_of_what_both_have() -> None:
    of_train, of_tune = flags_of("train"), flags_of("tune")
    own = {option.name for option in tune.OPTIONS if option.config is SearchConfig}
    shared = {option.name for option in train.OPTIONS} & of_tune.keys() - own
    assert {"hidden", "epochs", "data", "seed", "split_seed"} < shared
    for name in shared:
        one, other = of_train[name], of_tune[name]
        assert one.default == other.default, name
        assert other.help.startswith(one.help.partition(" [")[0].removesuffix(".")), name


def test_the_help_tells_limits_choices_and_names() -> None:
    of_train, of_tune = flags_of("train"), flags_of("tune")
    assert of_train["epochs"].help.endswith("passes over the training rows. [1 to 100,000]")
    assert of_train["hidden"].help.endswith("[each at least 1, at most 16 of them]")
    assert "64,64" in of_train["hidden"].help
    assert of_train["text"].help == "A column of a table that is a text; repeatable."
    assert of_train["variants"].help.endswith("weight_int4, int16x8, tensorflow; all by default.")
    assert of_tune["variants"].help.endswith("by default float32, float16, dynamic_int8, int8.")
    assert "the untuned model's" in of_tune["hidden"].help
    endings = {f".{part}" for name in FORMATS for part in name.split(".")[1:]}
    assert all(name in of_train["data"].help for name in (*BUILT_IN, *endings))


class Longer(TrainConfig):
    """A config that somebody has added a field to."""

    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.25
    """How much of the last step is taken again."""


class Outer(BaseModel):
    """A config around it."""

    base: Longer
    rounds: int = Field(3, description="How often.")


def program(options: Options) -> tuple[typer.Typer, list[Any]]:
    """Return a program with such options, and what it was told."""
    built: list[Any] = []
    program = typer.Typer(rich_markup_mode="markdown")

    def command(config: BaseModel, *, other: str = "") -> None:
        built.extend([config, other])

    program.command()(with_options(options)(command))
    return program, built


def test_a_field_that_is_added_to_the_config_is_an_option_with_its_help_limits_and_default() -> None:
    once, built = program(Options(Longer))
    shown = CliRunner().invoke(once, ["--help"], env={"COLUMNS": "200"}).output
    assert "--momentum" in shown
    assert "How much of the last step is taken again. [at least 0, below 1]" in shown
    assert "[default: 0.25]" in shown
    assert CliRunner().invoke(once, ["--data", "iris", "--momentum", "0.5", "--other", "x"]).exit_code == 0
    assert built == [Longer(data="iris", momentum=0.5), "x"]


def test_what_is_not_given_is_left_to_the_config_and_what_is_given_counts_as_given() -> None:
    once, built = program(Options(TrainConfig))
    CliRunner().invoke(once, ["--data", "iris", "--epochs", "10", "--no-class-weights", "--text", "a"])
    assert built[0].model_fields_set == {"data", "epochs", "class_weights", "text"}
    assert (built[0].class_weights, built[0].text) == (False, ("a",))


def test_a_config_inside_a_config_gives_its_own_fields_but_those_left_out() -> None:
    once, built = program(Options(Outer, without={"base.hidden": "it is not to be said"}))
    assert CliRunner().invoke(once, ["--data", "iris", "--hidden", "3"]).exit_code == 2
    assert CliRunner().invoke(once, ["--data", "iris", "--momentum", "0", "--rounds", "4"]).exit_code == 0
    assert built[0] == Outer(base=Longer(data="iris", momentum=0), rounds=4)


def test_the_options_of_every_command_have_examples_that_they_understand() -> None:
    commands = {
        "train": train,
        "resume": resume,
        "tune": tune,
        "evaluate": evaluate,
        "diagnose": diagnose,
    }
    for name, module in commands.items():
        examples = " ".join(module.EXAMPLES.split()).split(f"python -m training {name} ")[1:]
        assert examples
        for example in examples:
            known = {flag for one in flags_of(name).values() for flag in (*one.opts, *one.secondary_opts)}
            assert {word for word in example.split() if word.startswith("--")} <= known, example
