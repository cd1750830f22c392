"""What the verbs of `ferryman migrate` share: their options, the state, and the carrier."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ferryman.cli.project_options import project_options
from ferryman.cli.terminal import announce

if TYPE_CHECKING:
    from ferryman.migrate.book import Book
    from ferryman.migrate.carrying import Carrier
    from ferryman.migrate.options import MigrateOptions
    from ferryman.migrate.state import Migration
    from ferryman.project.project import Project
    from ferryman.records.progress import Progress

__all__ = (
    "GONE_BACK",
    "PASSED",
    "UNDECIDED",
    "Session",
    "exit_code",
    "open_session",
    "read_project",
    "side_options",
)

PASSED, GONE_BACK, UNDECIDED = 0, 1, 75
"""Exit codes; the last is EX_TEMPFAIL of sysexits.h: try again later."""

_Command = TypeVar("_Command", bound=Callable[..., Any])


def side_options(command: _Command) -> _Command:
    """Add `--from` and `--to` to a command."""
    options = (
        click.option(
            "--from", "old", metavar="TARGET", help="The old side, which the traffic leaves."
        ),
        click.option(
            "--to", "new", metavar="TARGET", help="The new side, to which the traffic moves."
        ),
        project_options,
    )
    for option in reversed(options):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Session:
    """A project's migration.

    Attributes:
        root: The project's directory.
        options: The migration's settings.
        book: The migration's state.
    """

    root: Path
    options: MigrateOptions
    book: Book

    @contextmanager
    def carrier(self, old: str, new: str, show: Progress = lambda _: None) -> Iterator[Carrier]:
        """Yield the carrier of a migration between two sides.

        Args:
            old: The old side.
            new: The new side.
            show: Takes the migration as one line, after each look.
        """
        from ferryman.migrate.carrying import Carrier
        from ferryman.migrate.opening import make_observer, make_shifter
        from ferryman.migrate.telling import one_line

        shifter = make_shifter(self.options, old, new)
        observer = make_observer(self.options, old, new)
        try:
            yield Carrier(
                *(self.book, shifter, observer, self.options.look),
                tell=announce,
                show=lambda migration: show(one_line(migration)),
            )
        finally:
            observer.close()

    def leave(self, migration: Migration) -> None:
        """Release the migration for another process, unless one has taken it already."""
        from ferryman.migrate.stores import Conflict

        with suppress(Conflict):
            found = self.book.read()
            if found and found.owner == self.book.owner:
                self.book.release(found)


def open_session(directory: Path | None, overlay: str | None, **options: Any) -> Session:
    """Return the migration of the project that a command's options name.

    Raises:
        ConfigError: A file, a key or a value is wrong.
    """
    from ferryman.migrate.book import Book
    from ferryman.migrate.opening import make_store

    project, section = read_project(directory, overlay, **options)
    return Session(project.root, section, Book(make_store(section, project.root)))


def read_project(
    directory: Path | None, overlay: str | None, **options: Any
) -> tuple[Project, MigrateOptions]:
    """Return the project that a command's options name, and the settings of its migration.

    Raises:
        ConfigError: A file, a key or a value is wrong.
    """
    from ferryman.cli.project_options import open_project
    from ferryman.migrate.options import MigrateOptions
    from ferryman.targets.registry import installed_targets

    project = open_project(
        directory,
        overlay,
        options["app"],
        options["python"],
        options["assignments"],
        installed_targets(),
        whole=True,
    )
    return project, project.section("migrate", MigrateOptions)


def exit_code(before: Migration, after: Migration) -> int:
    """Return the exit code for a scheduled job: step passed, rolled back, or undecided."""
    if after.phase == "returned":
        return GONE_BACK
    passed = after.weight > before.weight or after.phase in ("holding", "finished")
    return PASSED if passed else UNDECIDED


@contextmanager
def interruptible(session: Session) -> Iterator[None]:
    """Let Ctrl-C stop watching: the weight stays, and the next command resumes."""
    try:
        yield
    except KeyboardInterrupt:
        # A second signal must not interrupt the write that releases the migration.
        endings = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        held = {number: signal.signal(number, signal.SIG_IGN) for number in endings}
        found = session.book.read()
        if found:
            session.leave(found)
            announce(
                f"no process watches the migration now, and {found.new} keeps {found.weight:g} %: "
                "`ferryman migrate resume` continues it"
            )
        for number, handler in held.items():
            signal.signal(number, handler)
        raise
