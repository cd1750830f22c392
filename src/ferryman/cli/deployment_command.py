"""The verbs on a deployed project: common options, options of a target, the deployment.

A target adds options of its own to these verbs. They are known only once `-t` or the project names
the target, so the command finds the target before it reads its options. Without a target, `--help`
loads none.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.project_options import (
    open_target,
    project_options,
    project_target,
    target_option,
)
from ferryman.cli.terminal import announce, interruptible_progress
from ferryman.core.errors import ConfigError

if TYPE_CHECKING:
    from ferryman.targets.deployment import Deployable, Deployment, Dialogue, VerbOption

__all__ = ("DeploymentCommand", "deployable", "deployment_verb", "opened")

_OWN = "ferryman.own_options"


class DeploymentCommand(click.Command):
    """A command with the options of the target that `-t`, or the project, names."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Find the target, then read all options."""
        named = _given(args, "-t", "--target")
        if not named:
            directory = _given(args, "-C", "--project")
            with suppress(ConfigError):  # reported once the options are read, and not by --help
                named = project_target(Path(directory) if directory else None)
        ctx.meta[_OWN] = self.options_of(named) if named else ()
        rest = super().parse_args(ctx, args)
        names = [option.name for option in ctx.meta[_OWN]]
        ctx.params["own"] = {name: ctx.params.pop(name) for name in names if name in ctx.params}
        return rest

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the options that all targets share, and those of the target."""
        *shared, help_ = super().get_params(ctx)
        return [*shared, *(_click_option(option) for option in ctx.meta.get(_OWN, ())), help_]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Name the command that shows a target's options, if no target was named."""
        if not ctx.meta.get(_OWN):
            formatter.write_paragraph()
            formatter.write_text(
                f"`{ctx.command_path} -t TARGET --help` shows the target's own options."
            )

    def options_of(self, target: str) -> tuple[VerbOption, ...]:
        """Return a target's own options for this verb.

        Raises:
            ConfigError: There is no such target, or it cannot deploy.
        """
        options = deployable(target).verb_options
        return tuple(o for o in options if not o.verbs or self.name in o.verbs)


def deployment_verb(name: str) -> Callable[[Callable[..., Any]], DeploymentCommand]:
    """Return a decorator that makes a command with the options that all these verbs share."""

    def decorate(function: Callable[..., Any]) -> DeploymentCommand:
        for option in reversed(_shared_options()):
            function = option(function)
        return click.command(name, cls=DeploymentCommand)(function)

    return decorate


def _shared_options() -> tuple[Callable[[Any], Any], ...]:
    return (
        target_option,
        project_options,
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
        click.option("-y", "--yes", is_flag=True, help="Answer every question with yes."),
        click.option(
            "--wait/--no-wait",
            default=True,
            show_default=True,
            help="Wait until the operation is complete.",
        ),
        click.option(
            "--timeout",
            metavar="SECONDS",
            type=click.FloatRange(min=0, min_open=True),
            help="Seconds to wait; the default depends on the target.",
        ),
    )


def deployable(name: str) -> Deployable:
    """Return the deployable target of a name.

    Raises:
        ConfigError: There is no such target, or it cannot deploy.
    """
    from ferryman.targets.deployment import Deployable
    from ferryman.targets.registry import find_target, installed_targets

    target = find_target(name)
    if not isinstance(target, Deployable):
        able = [n for n, t in installed_targets().items() if isinstance(t, Deployable)]
        raise ConfigError(
            f"the target {name} does not deploy",
            hint=f"{', '.join(able)} do: `-t {able[0]}`" if able else None,
        )
    return target


@contextmanager
def opened(
    doing: str,
    *,
    target: str,
    own: dict[str, Any],
    yes: bool,
    wait: bool,
    timeout: float | None,
    dry_run: bool = False,
    **options: Any,
) -> Iterator[tuple[Deployment[Any], Dialogue]]:
    """Yield the deployment that a command's options name, and its dialogue with the user.

    The values of all options open it; `doing` is the first progress message.

    Raises:
        ConfigError: An option, a file, a key or a value is wrong.
    """
    from ferryman.targets.deployment import Choices, Dialogue

    _, project = open_target(target, **options)
    choices = Choices(wait, timeout, dry_run, own)
    with interruptible_progress(doing) as (progress, pause):
        dialogue = Dialogue(announce, partial(_ask, yes, pause), progress)
        yield deployable(target).deployment(project, choices, dialogue), dialogue


def _ask(yes: bool, pause: Callable[[], AbstractContextManager[None]], question: str) -> bool:
    """Ask the user; without a terminal the answer is no."""
    if yes:
        return True
    if sys.stdin.isatty():
        with pause():
            return click.confirm(question, err=True)
    announce(f"{question} No: there is no terminal to ask on. Pass --yes.")
    return False


def _given(args: Sequence[str], short: str, long: str) -> str | None:
    """Return the value of an option before the command line is parsed."""
    words: Iterator[str] = iter(args)
    for word in words:
        if word in (short, long):
            return next(words, None)
        if word.startswith(f"{long}="):
            return word.removeprefix(f"{long}=")
        if word.startswith(short) and len(word) > 2:
            return word[2:]
    return None


def _click_option(option: VerbOption) -> click.Option:
    kind = click.Choice(option.choices) if option.choices else None
    return click.Option(
        (*option.flags, option.name),
        help=option.help,
        is_flag=option.switch,
        metavar=option.metavar,
        type=None if option.switch else kind,
    )
