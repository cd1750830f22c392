"""The result of a build: files under `dist/<target>/`, and their description.

Files are staged beside their destination and moved there by a rename, so that a failed or
interrupted build leaves the earlier one intact.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ferryman.core.errors import BuildError, ConfigError
from ferryman.records.atomic_file import write_whole

__all__ = (
    "STAGING",
    "Artifact",
    "alone",
    "describe",
    "is_build",
    "read_description",
    "refuse_work_of_others",
    "staged",
    "tree_digest",
    "write_description",
)


STAGING = ".building"
"""The end of a staging directory's name; it begins with a dot."""

_LEFT_OVER_AFTER = 86400.0
"""Seconds after which a staging directory counts as abandoned."""

_TRIES = 100
"""How often to try to make a directory that concurrent builds may remove."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """The description of a build's result.

    Attributes:
        target: The target it was built for.
        name: The project's name.
        version: The project's version.
        path: The file or directory to deploy.
        digest: `sha256:` and the digest of its content, path by path.
        size: Bytes on disk, all files together.
        files: The number of its files.
        start: How it is started: a handler for Lambda, a command elsewhere.
        unpacked: Bytes before compression; None without compression.
        layers: The digests of an image's layers.
        lacks: Steps that the build could not do on this machine, in words.
        left_out: The project's files that do not ship, each as `place: reason`.
        tried: How far the app was tried, in words; empty without an app.
        runs_on: The Python and the processor that it is for, in words.
        next: The commands to type next, as lists of words; a word in capitals is to be filled in.
    """

    target: str
    name: str
    version: str
    path: str
    digest: str
    size: int
    files: int
    start: str
    unpacked: int | None = None
    layers: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    tried: str = ""
    runs_on: str = ""
    next: tuple[tuple[str, ...], ...] = ()

    def to_json(self) -> str:
        """Return the description as JSON."""
        return json.dumps(asdict(self), indent=2) + "\n"


def describe(
    *,
    target: str,
    name: str,
    version: str,
    path: Path,
    start: str,
    left_out: tuple[str, ...] = (),
) -> Artifact:
    """Describe the file or directory at a path."""
    files = [path] if path.is_file() else list(_files(path))
    return Artifact(
        target=target,
        name=name,
        version=version,
        path=str(path),
        digest=tree_digest(path),
        size=sum(file.stat().st_size for file in files),
        files=len(files),
        start=start,
        left_out=left_out,
    )


def write_description(artifact: Artifact, out: Path) -> Path:
    """Write the description beside the artifact's directory, as `<target>.json`.

    It lies beside and not inside: `kubectl apply -f dist/k8s` takes every JSON file
    in the directory for a manifest.

    Raises:
        BuildError: The description cannot be written.
    """
    path = out.with_name(f"{artifact.target}.json")
    try:
        write_whole(path, artifact.to_json())
    except OSError as error:
        raise BuildError(f"cannot write {path}", cause=error.strerror) from error
    return path


def read_description(target: str, out: Path) -> Artifact | None:
    """Return the description that an earlier build left beside a directory, or None."""
    try:
        fields = json.loads(out.with_name(f"{target}.json").read_bytes())
        lists = {name: tuple(fields.get(name, ())) for name in ("layers", "lacks", "left_out")}
        lists["next"] = tuple(map(tuple, fields.get("next", ())))
        return Artifact(**{**fields, **lists})
    except (OSError, ValueError, TypeError):
        return None  # missing, or written by another version


def is_build(path: Path) -> bool:
    """Return whether a path is a directory that a build left, or the description beside one."""
    directory = path.with_suffix("") if path.suffix == ".json" else path
    return directory.is_dir() and read_description(directory.name, directory) is not None


def refuse_work_of_others(out: Path, root: Path, target: str) -> None:
    """Refuse to replace a directory that is not an earlier build.

    Args:
        out: The output directory.
        root: The project's directory.
        target: The target's name.

    Raises:
        ConfigError: The directory holds the project or files of others.
    """
    if root.is_relative_to(out):
        cause = "the project lies in it"
    elif out.is_dir() and any(out.iterdir()) and not out.with_name(f"{target}.json").is_file():
        cause = "it holds files that no build of ferryman made"
    else:
        return
    raise ConfigError(
        f"--out {out}: a build would replace this directory whole",
        cause=cause,
        hint="name a new directory, or an empty one",
    )


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """Yield an empty directory that replaces `out` if the block succeeds.

    A directory at `out` is replaced completely. If the block raises, the new directory and its new
    parents are removed, and `out` stays unchanged.

    Raises:
        ConfigError: There is a file at `out`, or at one of its parents.
        BuildError: `out` cannot be written.
    """
    out = out.absolute()
    for path in (out, *out.parents):
        if os.path.exists(path) and not os.path.isdir(path):  # noqa: PTH110, PTH112 - never raise
            raise ConfigError(
                f"cannot build into {out}",
                cause=f"{path} is a file, not a directory",
                hint="move the file away, or name another directory by --out",
            )
    made = [parent for parent in out.parents if not parent.exists()]
    try:
        with _scratch(out) as scratch:
            stage = scratch / "new"
            stage.mkdir()
            yield stage
            _replace(out, stage, scratch / "old")
    except BaseException:
        for parent in made:
            with suppress(OSError):  # another process has put files into it
                parent.rmdir()
        raise


@contextmanager
def _scratch(out: Path) -> Iterator[Path]:
    """Yield a temporary directory beside `out`, on the same file system."""
    try:
        scratch = _make_scratch(out)
    except OSError as error:
        raise BuildError(f"cannot write to {out.parent}", cause=error.strerror) from error
    try:
        _remove_leftovers(out)
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _make_scratch(out: Path) -> Path:
    """Make a directory beside `out`, with its parents.

    A concurrent build of another target that fails may remove the common parent while it is empty;
    then this makes it again. If the parent goes just after `mkdir` found it, `mkdir` raises
    FileExistsError.
    """
    for _ in range(_TRIES):
        with suppress(FileNotFoundError, FileExistsError):
            return _make_beside(out)
    return _make_beside(out)


def _make_beside(out: Path) -> Path:
    out.parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f".{out.name}-", suffix=STAGING, dir=out.parent))


def _remove_leftovers(out: Path) -> None:
    """Remove the directories of builds that were killed and could not clean up."""
    for left in out.parent.glob(f".{out.name}-*{STAGING}"):
        with suppress(OSError):
            if left.stat().st_mtime < time.time() - _LEFT_OVER_AFTER:
                shutil.rmtree(left, ignore_errors=True)


def _replace(out: Path, new: Path, old: Path) -> None:
    try:
        if os.path.lexists(out):
            out.rename(old)
        new.rename(out)
    except BaseException as error:
        if os.path.lexists(old) and not os.path.lexists(out):
            old.rename(out)
        if isinstance(error, OSError):
            raise BuildError(f"cannot replace {out}", cause=error.strerror) from error
        raise


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Lock a directory for the block; other processes that ask for it wait."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        # Some network file systems cannot lock a directory: builds do not wait there.
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def tree_digest(path: Path) -> str:
    """Return `sha256:` and a digest of a file's bytes, or of a directory's files.

    A directory's digest covers each file's path, its owner's executable bit and its content,
    in the order of the paths, so it depends on nothing else.
    """
    if path.is_file():
        return f"sha256:{_sha256(path)}"
    digest = hashlib.sha256()
    for file in _files(path):
        executable = b"x" if file.stat().st_mode & 0o100 else b"-"
        name = os.fsencode(file.relative_to(path))
        digest.update(b"%b\0%b\0%b\n" % (name, executable, _sha256(file).encode()))
    return f"sha256:{digest.hexdigest()}"


def _files(directory: Path) -> Iterator[Path]:
    yield from sorted(path for path in directory.rglob("*") if path.is_file())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
