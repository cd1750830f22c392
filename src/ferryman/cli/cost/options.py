"""Options declared once: a group is a frozen dataclass, an option a field of it.

From a field's declaration come the flag of the command line, its help, and the key of
`[tool.ferryman.cost]`. The code reads the field. This module knows no option by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import Field, dataclass, field, fields
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from ferryman.core.errors import ConfigError, FerrymanError

__all__ = (
    "Option",
    "Read",
    "about",
    "add_options",
    "check_needs",
    "declared",
    "naming_flags",
    "option",
    "read_group",
    "text",
    "whole",
)

Read = Callable[[str, str], Any]
"""Turns a flag, for errors, and an option's text into a value. It raises ConfigError."""

Group = TypeVar("Group")
Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Option:
    """The declaration of one option.

    Args:
        name: The field that it sets.
        flag: Its flag on the command line.
        help: One line for `--help`.
        read: Turns a text into the value.
        default: The text to use if the option is not given; ``None`` for no value, a bool for a
            switch.
        many: Whether the option may be repeated; its default is then a tuple.
        setting: Whether `[tool.ferryman.cost]` may hold it.
        needs: Fields of other options; this option has no effect unless one of them has a value.
        more: Further arguments for click.
    """

    name: str
    flag: str
    help: str
    read: Read
    default: str | bool | tuple[str, ...] | None
    many: bool
    setting: bool
    needs: tuple[str, ...]
    more: dict[str, Any]

    @property
    def key(self) -> str:
        """Its key in `[tool.ferryman.cost]`."""
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def is_switch(self) -> bool:
        """Whether it is on or off."""
        return isinstance(self.default, bool)

    def value(self, given: Any, place: str = "") -> Any:
        """Convert a given value: a text, several texts, a bool, or ``None``.

        Args:
            given: What was given.
            place: The place to name in errors; by default the flag.

        Raises:
            ConfigError: A text is not valid.
        """
        if given is None or self.is_switch:
            return given
        place = place or self.flag
        with about(place):
            if self.many:
                return tuple(self.read(place, str(each)) for each in given)
            return self.read(place, str(given))


def text(_: str, given: str) -> str:
    """Return the text as it is."""
    return given


def whole(flag: str, given: str) -> int:
    """Return a whole number.

    Raises:
        BadParameter: The text is not a whole number.
    """
    try:
        return int(given)
    except ValueError:
        raise click.BadParameter(f"{given!r} is not a whole number", param_hint=flag) from None


def option(
    help: str,
    default: str | bool | tuple[str, ...] | None = None,
    read: Read = text,
    *,
    flag: str = "",
    setting: bool = True,
    needs: tuple[str, ...] = (),
    **more: Any,
) -> Any:
    """Return a field of a group.

    Args:
        help: One line for `--help`.
        default: As `Option` has it.
        read: As `Option` has it.
        flag: By default ``--`` and the field's name with dashes.
        setting: As `Option` has it.
        needs: As `Option` has it.
        more: Further arguments for click, such as ``metavar``; and ``also``, further flags.
    """
    many = isinstance(default, tuple)
    told = {"help": help, "read": read, "flag": flag, "setting": setting, "needs": needs}
    return field(metadata={**told, "default": default, "many": many, "more": more})


def declared(*groups: type) -> Iterator[Option]:
    """Yield the options of some groups, in order of declaration."""
    for group in groups:
        for each in fields(group):
            if "help" in each.metadata:
                yield _option(each)


def _option(each: Field[Any]) -> Option:
    told = dict(each.metadata)
    flag = told.pop("flag") or f"--{each.name.replace('_', '-')}"
    return Option(name=each.name, flag=flag, **told)


def read_group(group: type[Group], values: dict[str, Any]) -> Group:
    """Return a group with the values that the command line gave its options."""
    return group(**{each.name: values[each.name] for each in declared(group)})


def check_needs(context: click.Context, *groups: type) -> None:
    """Refuse a typed option that has no effect without another. Settings are not checked.

    Args:
        context: The context of the command line.
        groups: The groups of options.

    Raises:
        ConfigError: An option was given without the option it needs.
    """
    known, values = {each.name: each for each in declared(*groups)}, context.params
    for each in known.values():
        typed = context.get_parameter_source(each.name) is ParameterSource.COMMANDLINE
        if typed and each.needs and not any(values[name] for name in each.needs):
            others = " or ".join(known[name].flag for name in each.needs)
            raise ConfigError(
                f"{each.flag} has no effect without {others}",
                hint=f"add {others}, or leave {each.flag} out",
            )


@contextmanager
def about(flag: str) -> Iterator[None]:
    """Put the flag in front of the block's errors, unless they begin with it already.

    Args:
        flag: The flag, or another source of a value.

    Raises:
        FerrymanError: The block's error, with the flag in front.
    """
    try:
        yield
    except FerrymanError as error:
        if flag in error.message:
            raise
        message = f"{flag}: {error.message}"
        raise type(error)(message, cause=error.cause, hint=error.hint) from error.__cause__


@contextmanager
def naming_flags(*groups: type, also: Mapping[str, str] | None = None) -> Iterator[None]:
    """Replace the field's name at the start of the block's errors by its flag.

    Args:
        groups: The groups whose fields are meant.
        also: Further flags, by the word that errors begin with.

    Raises:
        ConfigError: The block's error, naming the flag.
    """
    try:
        yield
    except ConfigError as error:
        name, colon, rest = error.message.partition(":")
        flags = {each.name: each.flag for each in declared(*groups)} | dict(also or {})
        flag = flags.get(name, name)
        message = f"{flag}{colon}{rest}"
        raise ConfigError(message, cause=error.cause, hint=error.hint) from None


def add_options(*groups: type) -> Callable[[Command], Command]:
    """Return a decorator that adds the options of some groups to a command."""

    def decorate(command: Command) -> Command:
        for each in reversed(list(declared(*groups))):
            command = _click_option(each)(command)
        return command

    return decorate


# The metavar of each reader, for the help.
_METAVARS = {
    "a_budget": "USD",
    "a_file": "FILE",
    "a_log_format": "FORMAT",
    "a_new_file": "FILE",
    "a_requests": "REQUESTS",
    "a_tax": "SHARE",
    "a_volume": "REQUESTS",
    "a_week": "WEEK",
    "parse_sizes": "SIZE:SHARE,...",
    "whole": "N",
}


def _told(each: Option) -> dict[str, Any]:
    return {name: value for name, value in each.more.items() if name != "also"}


def _click_option(each: Option) -> Callable[[Command], Command]:
    names = [each.flag, *each.more.get("also", ())]
    if each.is_switch and each.default:
        names = [f"{each.flag}/--no-{each.flag.removeprefix('--')}"]
    shown = each.default not in (None, False, ()) and "show_default" not in each.more
    metavar = _METAVARS.get(getattr(each.read, "__name__", "")) or getattr(each.read, "metavar", "")
    if "type" in each.more:  # a choice lists its own values
        metavar = "N" if isinstance(each.more["type"], click.IntRange) else ""
    told = {"metavar": metavar} if metavar else {}
    return click.option(
        *names,
        each.name,
        default=each.default,
        multiple=each.many,
        callback=lambda _context, _parameter, given: each.value(given),
        help=each.help,
        **{"show_default": shown, "is_flag": each.is_switch or None, **told, **_told(each)},
    )
