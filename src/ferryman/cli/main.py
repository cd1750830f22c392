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
from contextlib import suppress
from typing import Any, NoReturn

import click

from ferryman.cli.standard_streams import abandon_unwritable, open_missing, stdout_fault
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
    "dev": "Run the app on this machine, and restart it at each save.",
    "diff": "Show what a deploy would change.",
    "invoke": "Send one event to the app, on this machine or on AWS, and print the result.",
    "logs": "Print the last lines of the deployed app's log.",
    "measure": "Run the app on this machine, and measure the time and memory of its requests.",
    "migrate": "Move traffic to another deployment step by step, and back if that one is worse.",
    "new": "Make a project: an app, its tests, and a pipeline.",
    "policy": "Print the permissions that a deploy needs, and no more.",
    "rollback": "Roll back to an older release, and wait until it runs.",
    "serve": "Run the app on this machine as a target would.",
    "status": "Show the running release, and the releases you can roll back to.",
    "targets": "List the installed targets and what each supports.",
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

    After Ctrl-C it is 130, after SIGTERM 143, and after the terminal has closed 129.

    Raises:
        SystemExit: Always.
    """
    open_missing()
    # click checks only whether there is a terminal; https://no-color.org asks for this too.
    colour = False if os.environ.get("NO_COLOR") else None
    with click.Context(cli, color=colour):
        status = _run(colour)
    abandon_unwritable()
    sys.exit(status)


class _Terminated(KeyboardInterrupt):
    """Raised on SIGTERM and SIGHUP, so that the command cleans up as after Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def _terminate(number: int, _: object) -> NoReturn:
    raise _Terminated(number)


def _run(colour: bool | None) -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # `nohup` has SIGHUP ignored
            signal.signal(number, _terminate)
    try:
        status: Any = cli.main(prog_name="ferryman", standalone_mode=False, color=colour)
        sys.stdout.flush()
    except FerrymanError as error:
        return _report(error)
    except ModuleNotFoundError as error:
        from ferryman.cli.extras import missing_extra

        missing = missing_extra(error)
        if missing is None:
            raise
        return _report(missing)
    except click.ClickException as error:
        _report_usage(error)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort) as error:
        cause = error.__cause__ or error
        _end_at_next_signal()
        return 128 + (cause.number if isinstance(cause, _Terminated) else signal.SIGINT)
    except BrokenPipeError:
        return 1
    except OSError as error:
        return _report(_of_system(error))
    return status if isinstance(status, int) else 0


def _end_at_next_signal() -> None:
    """Let a further signal end the process without a traceback: all is cleaned up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def _of_system(error: OSError) -> FerrymanError:
    """Return an error of the operating system in words: of a file, or of the standard output."""
    hint = "free some disk space" if error.errno == errno.ENOSPC else None
    if not error.filename and (fault := stdout_fault()):
        return FerrymanError(
            "the standard output cannot be written", cause=fault.strerror, hint=hint
        )
    parts = (error.filename, error.strerror or str(error))
    return FerrymanError(": ".join(str(part) for part in parts if part), hint=hint)


def _report(error: FerrymanError) -> int:
    """Print an error, if there is still a reader, and return its exit status."""
    with suppress(OSError):
        report(error)
    return error.exit_code


def _report_usage(error: click.ClickException) -> None:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        with suppress(OSError):
            error.show()
        return
    message = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    hint = f"`{context.command_path} --help` shows how it is used" if context else None
    _report(FerrymanError(message[:1].lower() + message[1:], hint=hint))
