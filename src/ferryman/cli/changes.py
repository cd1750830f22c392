"""Prints changes and releases for `deploy`, `diff`, `delete`, `rollback` and `status`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ferryman.targets.deployment import Change, Release

__all__ = ("change_data", "print_changes", "release_data", "release_line")

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}
_LOUD = "replace"


def print_changes(changes: Iterable[Change], *, err: bool = False) -> None:
    """Print each change with its diff, replacements highlighted.

    Args:
        changes: The changes.
        err: Whether they go to standard error, because they are not the requested data.
    """
    for change in changes:
        loud = change.action == _LOUD
        text = f"REPLACE {change.kind}/{change.name}" if loud else str(change)
        click.secho(text, bold=True, fg="red" if loud else None, err=err)
        for line in change.diff:
            click.secho(line, fg=_COLOURS.get(line[:1]), err=err)
        for field, owner in change.conflicts:
            click.echo(f"conflict: {field} is {owner}'s; `deploy --force` takes it over", err=True)


def change_data(change: Change) -> dict[str, Any]:
    """Return a change as JSON data."""
    return {
        "action": change.action,
        "kind": change.kind,
        "name": change.name,
        "diff": change.diff,
        "conflicts": [{"field": field, "owner": owner} for field, owner in change.conflicts],
    }


def release_line(release: Release) -> str:
    """Return a release as one line."""
    share = None if release.share is None else f"{release.share:.0%}"
    artifact = release.artifact
    if release.digest and release.digest not in artifact:
        artifact = f"{artifact}@{release.digest[:19]}"
    by = f"by {release.by}" if release.by else None
    restores = f"restores {release.restores}" if release.restores else None
    parts = (release.time, by, release.verdict, restores, share)
    return "  ".join((f"release {release.id}", release.version, artifact, *filter(None, parts)))


def release_data(release: Release) -> dict[str, Any]:
    """Return a release as JSON data."""
    return {
        "id": release.id,
        "version": release.version,
        "artifact": release.artifact,
        "share": release.share,
        "address": release.address,
        "digest": release.digest,
        "time": release.time,
        "by": release.by,
        "verdict": release.verdict,
        "restores": release.restores,
    }
