"""A group of verbs that loads only the verb in use, so that `--help` is fast."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from ferryman.core.errors import ConfigError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ("VerbGroup",)


class VerbGroup(click.Group):
    """Finds a verb's `command` in the module of its name.

    Args:
        verbs: Each verb, with the summary that `--help` shows.
        package: The package of the verbs' modules.
    """

    def __init__(self, *args: Any, verbs: Mapping[str, str], package: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self._verbs = verbs
        self._package = package

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in their order."""
        return list(self._verbs)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import a verb's module and return its command."""
        if name not in self._verbs:
            return None
        command: click.Command = import_module(f"{self._package}.{name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the verb that the arguments name.

        Raises:
            ConfigError: No command has that name.
        """
        if args and args[0] not in self._verbs and not args[0].startswith("-"):
            from ferryman.records.suggestion import did_you_mean

            raise ConfigError(
                f"there is no command '{args[0]}'",
                hint=did_you_mean(args[0], self._verbs) or f"there are {', '.join(self._verbs)}",
            )
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a verb's name; click would import every verb for its help."""
        from click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [
            CompletionItem(verb, help=summary)
            for verb, summary in self._verbs.items()
            if verb.startswith(incomplete)
        ]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs; click would import every verb for its help."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._verbs.items()))
