"""The command `ferryman`: finds the verb's module, loads only that one, reports errors.

`--help` must answer at once, so nothing heavy is imported here or in a verb's module
before the verb runs.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import click

from ferryman.cli.terminal import report
from ferryman.cli.verb_group import VerbGroup
from ferryman.core.errors import FerrymanError

__all__ = ("cli", "main")

# Each verb, with the half sentence that `--help` shows: its module is loaded only when
# the verb is used.
_VERBS: Mapping[str, str] = {
    "build": "Build the app for a target, into dist/<target>.",
    "check": "Find what keeps the app from moving between targets, and errors in manifests.",
    "completion": "Print the script that completes the command line in bash, zsh or fish.",
    "config": "Show the resolved settings, and where each came from.",
    "cost": "Estimate the monthly bill on each platform, and when to cross over.",
    "delete": "Delete everything that ferryman made for the project, after asking.",
    "deploy": "Deploy the project, and wait until the rollout is complete.",
    "dev": "Run the app here, and restart it at each save.",
    "diff": "Show what a deploy would change.",
    "invoke": "Send one event to the app, here or on AWS, and print the answer.",
    "logs": "Print the last lines of the deployed app's log.",
    "measure": "Run the app here, and measure the time and memory that its requests take.",
    "migrate": "Move the traffic to another side, and back if the new side is worse.",
    "new": "Make a project: an app, its tests, and a pipeline.",
    "policy": "Print the least permissions that a deploy needs.",
    "rollback": "Roll back to an older release, and wait until it runs.",
    "serve": "Run the app here as a target would.",
    "status": "Show the running release, and the releases you can roll back to.",
    "targets": "List the targets, and what each offers the app.",
}


@click.group(
    cls=VerbGroup,
    verbs=_VERBS,
    package="ferryman.cli",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="ferryman", message="%(version)s")
def cli() -> None:
    """Run one aiohttp application, unchanged, wherever it is cheapest.

    \b
    Example:
      ferryman build -t lambda
    """


def main() -> None:
    """Run the command line, and exit with its status: 0, 1 failed, 2 usage, 3 the app.

    After Ctrl-C it is 130, and after SIGTERM 143.

    Raises:
        SystemExit: Always.
    """
    # click only checks for a terminal; https://no-color.org asks for more.
    colour = False if os.environ.get("NO_COLOR") else None
    with click.Context(cli, color=colour):
        _run(colour)


class _Terminated(KeyboardInterrupt):
    """Raised on SIGTERM, so that the command cleans up as after Ctrl-C."""


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
    except ModuleNotFoundError as error:
        from ferryman.cli.extras import missing_extra

        missing = missing_extra(error)
        if missing is None:
            raise
        report(missing)
        sys.exit(missing.exit_code)
    except click.ClickException as error:
        _report_usage(error)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort) as error:
        terminated = isinstance(error.__cause__ or error, _Terminated)
        sys.exit(128 + (signal.SIGTERM if terminated else signal.SIGINT))
    except BrokenPipeError:
        # The reader has closed the pipe; Python would complain as it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        parts = (error.filename, error.strerror or str(error))
        hint = "free some disk space" if error.errno == errno.ENOSPC else None
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
