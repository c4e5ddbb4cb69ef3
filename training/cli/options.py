"""Makes the fields of a config options of a command, so that each is written once: in the config.

A field's name, type, choices, limits and default become those of the option, and the text below the field its
help; a field that is a config itself gives its own fields.
"""

from __future__ import annotations

import inspect
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from training.cli.endings import Stopped
from training.cli.values import Schema, Value

Command = Callable[..., None]

_CONTEXT = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)


@dataclass(frozen=True)
class Option:
    """A field of a config, as an option of a command."""

    config: type[BaseModel]
    name: str
    place: str
    """Where it is from the outermost config: `base.epochs`."""
    schema: Schema
    required: bool
    note: str
    """What the command has to add to the help."""

    @property
    def flag(self) -> str:
        return "--" + (self.config.model_fields[self.name].alias or self.name).replace("_", "-")

    @property
    def value(self) -> Value:
        return Value.of(self.schema)

    @property
    def default(self) -> Any:
        """The field's default as one would type it; None where it has none, or nothing to type."""
        return self.value.typed(self.schema["default"]) if "default" in self.schema else None

    @property
    def _tells_default(self) -> bool:
        """Whether the default is a list of names, which typer would cut where a line ends."""
        return self.value.listed and bool(self.value.choices) and self.default is not None

    @property
    def help(self) -> str:
        """The field's own text, and what else there is to know before one types a value."""
        value = self.value
        parts = [self.schema["description"].removesuffix("."), self.note]
        if value.repeated:
            parts.append("repeatable")
        if self._tells_default:
            every = value.typed(value.choices) == self.default
            parts.append(f"of {', '.join(value.choices)}")
            parts.append("all by default" if every else f"by default {self.default.replace(',', ', ')}")
        text = "; ".join(part for part in parts if part) + "."
        return f"{text} [{limits}]" if (limits := value.limits()) else text

    @property
    def panel(self) -> str | None:
        """The group in the help: the config that declares the field. What must be given comes before all."""
        if self.required:
            return None
        configs = (one for one in self.config.__mro__ if issubclass(one, BaseModel))
        declares = next(one for one in configs if self.name in inspect.get_annotations(one))
        return declares.model_config.get("title")

    def parameter(self) -> inspect.Parameter:
        """Return it as a parameter that typer makes an option of."""
        value, default = self.value, self.default
        flags = f"{self.flag}/--no-{self.flag[2:]}" if value.switch else self.flag
        option = typer.Option(
            flags,
            help=self.help,
            metavar=value.metavar,
            rich_help_panel=self.panel,
            show_default=not self._tells_default,
        )
        kind = value.annotation if self.required or default is not None else value.annotation | None
        return inspect.Parameter(
            self.name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=Annotated[kind, option],
            default=inspect.Parameter.empty if self.required else default,
        )


@dataclass(frozen=True)
class Options:
    """The options of a config, and of each config that is a field of it.

    Unless `required`, every one of them may be left away.

    Example:
        Options(SearchConfig, without={"base.widths": "the search varies the width itself"})
    """

    config: type[BaseModel]
    without: Mapping[str, str] = field(default_factory=dict)
    """Places of fields that are no options of this command, each with why."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """What the command has to add to the help of others, by their places."""
    required: bool = True

    def __iter__(self) -> Iterator[Option]:
        return self._of(self.config, "")

    def _of(self, config: type[BaseModel], prefix: str) -> Iterator[Option]:
        schemas = config.model_json_schema(by_alias=False)["properties"]
        for name, inner in _fields(config).items():
            place = prefix + name
            if inner is not None:
                yield from self._of(inner, f"{place}.")
            elif place not in self.without:
                required = self.required and config.model_fields[name].is_required()
                yield Option(config, name, place, schemas[name], required, self.notes.get(place, ""))

    def build(self, given: Mapping[str, Any]) -> Any:
        """Return the config of values by their places; all others have their defaults.

        Raises ValidationError, which names the field of the innermost config alone.
        """
        return _build(self.config, "", given)


def with_options(*groups: Options) -> Callable[[Command], Command]:
    """Give a command the options of each group, in place of one parameter: the config that is built of them.

    Raises OptionError where a value cannot be read, and what the config raises.
    """
    known = [option for group in groups for option in group]

    def decorate(command: Command) -> Command:
        def call(*, context: typer.Context, **values: Any) -> None:
            configs = [group.build(_given(group, context, values)) for group in groups]
            try:
                command(*configs, **values)
            except KeyboardInterrupt as interrupt:  # typer would end without a word
                raise Stopped(signal.SIGINT).after(interrupt) from None

        own = [*inspect.signature(command, eval_str=True).parameters.values()][len(groups) :]
        first = [option.parameter() for option in known if option.required]
        others = [option.parameter() for option in known if not option.required]
        parameters = [_CONTEXT, *first, *own, *others]
        call.__dict__["__signature__"] = inspect.Signature(parameters)
        call.__annotations__ = {one.name: one.annotation for one in parameters}
        call.__name__, call.__doc__ = command.__name__, command.__doc__
        return call

    return decorate


def _given(group: Options, context: typer.Context, values: dict[str, Any]) -> dict[str, Any]:
    """Take the group's options out of `values`; return by their places those that the user gave."""
    given = {}
    for option in group:
        value, source = values.pop(option.name), context.get_parameter_source(option.name)
        if source is not None and source.name != "DEFAULT":
            given[option.place] = option.value.read(option.flag, value)
    return given


def _fields(config: type[BaseModel]) -> dict[str, type[BaseModel] | None]:
    """Return the fields of a config by name, each with the config that it is, or None."""
    kinds = {name: field.annotation for name, field in config.model_fields.items()}
    return {
        name: kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None
        for name, kind in kinds.items()
    }


def _build(config: type[BaseModel], prefix: str, given: Mapping[str, Any]) -> BaseModel:
    told: dict[str, Any] = {}
    for name, inner in _fields(config).items():
        place = prefix + name
        if inner is not None:
            told[name] = _build(inner, f"{place}.", given)
        elif place in given:
            told[name] = given[place]
    return config.model_validate(told)
