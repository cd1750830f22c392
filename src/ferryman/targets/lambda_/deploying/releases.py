"""The versions of a function as releases: the serving one, and the one to roll back to."""

from __future__ import annotations

from ferryman.aws.change_set import ChangeSet
from ferryman.aws.stack import Stack
from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.targets.deployment import Change, Release
from ferryman.targets.lambda_.deploying.function import LIVE, Alias, Version

__all__ = ("alias_changes", "as_release", "log_source", "shift_under_way", "version_to_serve")


def alias_changes(
    alias: Alias | None, stack: Stack | None, change_set: ChangeSet | None
) -> list[Change]:
    """Return a deploy's changes of the alias `live`."""
    if alias is None or stack is None:
        return []
    made = [c for c in change_set.changes if c.kind == "AWS::Lambda::Version"] if change_set else []
    if any(change.action == "create" for change in made):
        return [Change("change", "alias", LIVE, (f"-version {alias.version}", "+the new version"))]
    wanted = stack.outputs.get("Version", alias.version)
    if wanted == alias.version:
        return []
    return [Change("change", "alias", LIVE, (f"-version {alias.version}", f"+version {wanted}"))]


def shift_under_way(alias: Alias) -> FerrymanError:
    """Return the error for a deploy while the alias has weights."""
    shares = ", ".join(f"{share:.0%} to version {n}" for n, share in alias.weights.items())
    return FerrymanError(
        f"a shift is under way: `{LIVE}` sends {shares}",
        cause="a deploy would undo it",
        hint="wait for its end, or end it with `ferryman rollback -t lambda`",
    )


def version_to_serve(found: list[Version], alias: Alias, wanted: str | None) -> Version:
    """Return the version that a rollback serves: the wanted one, or the one before.

    Raises:
        ConfigError: There is no such version.
        FerrymanError: No older version is left.
    """
    by_number = {version.number: version for version in found}
    if wanted is not None:
        if wanted not in by_number:
            raise ConfigError(
                f"--to {wanted}: there is no such version",
                cause=f"the versions are {', '.join(by_number)}",
            )
        return by_number[wanted]
    if alias.weights:
        return by_number.get(alias.version, Version(alias.version, ""))
    older = [version for version in found if int(version.number) < int(alias.version)]
    if not older:
        raise FerrymanError(
            "there is no version to go back to", cause=f"{alias.version} is the oldest"
        )
    return older[0]


def as_release(version: Version, alias: Alias, address: str | None) -> Release:
    """Return a version as a release, with its share of the requests."""
    share = alias.share(version.number)
    return Release(
        version.number,
        version.project_version,
        version.digest,
        share,
        address if share else None,
    )


def log_source(stream: str) -> str:
    """Return the writer of a log stream, whose name is `DATE/[VERSION]ENVIRONMENT`."""
    version, _, environment = stream.partition("[")[2].partition("]")
    return f"[{version}]{environment[:6]}"
