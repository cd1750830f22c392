"""The command `ferryman`: finds the verb's module, loads that one alone, reports errors.

`--help` must answer at once, so nothing heavy is imported here or in a verb's module
before the verb runs.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NoReturn

import click

from ferryman.cli.talk import report
from ferryman.core.errors import ConfigError, FerrymanError

__all__ = ("cli", "main")

# Each verb, with the half sentence that `--help` shows: its module is loaded only when
# the verb is used.
_VERBS: Mapping[str, str] = {
    "build": "Build the app for a target, into dist/<target>.",
    "check": "Check Kubernetes manifests, or that targets answer requests alike.",
    "config": "Show the resolved settings, and where each came from.",
    "cost": "Estimate the monthly bill on each platform, and when to cross over.",
    "delete": "Delete from the cluster all that ferryman made for the project.",
    "deploy": "Apply the project to the cluster, and stay until it is good.",
    "dev": "Run the app here, and start it anew at each save.",
    "diff": "Show what a deploy would change in the cluster.",
    "invoke": "Bring one event to the app, here, and print the answer.",
    "logs": "Print the last lines of each pod of the newest release.",
    "measure": "Run the app here, and measure what its requests cost.",
    "new": "Make a project: an app, its tests, and a pipeline.",
    "rollback": "Go back to an older release, and stay until it is good.",
    "serve": "Run the app here, the way a target runs it.",
    "status": "Show what runs, and which releases can be gone back to.",
    "targets": "List the targets, and what each offers the app.",
}


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _VERBS:
            return None
        command: click.Command = import_module(f"ferryman.cli.{name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _VERBS and not args[0].startswith("-"):
            from ferryman.core.build.suggestion import did_you_mean

            raise ConfigError(
                f"there is no command '{args[0]}'",
                hint=did_you_mean(args[0], _VERBS) or f"there are {', '.join(_VERBS)}",
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # click would import every verb for its first line of help.
        with formatter.section("Commands"):
            formatter.write_dl(list(_VERBS.items()))


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ferryman", message="%(version)s")
def cli() -> None:
    """Run one aiohttp application, unchanged, wherever it is cheapest.

    \b
    Example:
      ferryman build -t lambda
    """


def main() -> None:
    """Run the command line, and end with its status: 0, 1 failed, 2 usage, 3 the app.

    After Ctrl-C it is 130, and after SIGTERM 143.

    Raises:
        SystemExit: Always.
    """
    # click looks at the terminal alone: https://no-color.org asks for more.
    colour = False if os.environ.get("NO_COLOR") else None
    with click.Context(cli, color=colour):
        _run(colour)


class _Terminated(KeyboardInterrupt):
    """The command was asked to end by SIGTERM: it clears up as after Ctrl-C."""


def _terminate(*_: object) -> NoReturn:
    raise _Terminated


def _run(colour: bool | None) -> None:
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminate)
    try:
        status: Any = cli.main(prog_name="ferryman", standalone_mode=False, color=colour)
        print(end="", flush=True)
    except FerrymanError as error:
        report(error)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _report_usage(error)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort) as error:
        terminated = isinstance(error.__cause__ or error, _Terminated)
        sys.exit(128 + (signal.SIGTERM if terminated else signal.SIGINT))
    except BrokenPipeError:
        # Whoever read our output has had enough; Python would complain as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        parts = (error.filename, error.strerror or str(error))
        hint = "make room on the disk" if error.errno == errno.ENOSPC else None
        report(FerrymanError(": ".join(str(part) for part in parts if part), hint=hint))
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)


def _report_usage(error: click.ClickException) -> None:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return
    message = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    hint = f"`{context.command_path} --help` shows how it is used" if context else None
    report(FerrymanError(message[:1].lower() + message[1:], hint=hint))
