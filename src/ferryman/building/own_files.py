"""An artifact's files that do not come from wheels: ferryman's runtime, the app, settings."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import partial
from hashlib import sha256
from pathlib import Path

from ferryman.building.app_files import SourceFile, copy_files
from ferryman.building.bytecode import (
    Compilation,
    Deferral,
    Interpreter,
    cached_place,
    compile_files,
    compiler_digest,
)
from ferryman.building.cache import cached, digest_of
from ferryman.building.packages import files_in

__all__ = ("OwnFiles",)

_FERRYMAN = "ferryman"


class OwnFiles:
    """A directory of these files, compiled if this machine has a matching Python.

    Args:
        directory: The directory, which need not exist.
        interpreter: A Python of the runtime's minor version, if there is one.
        location: The directory they run from, for tracebacks.
    """

    def __init__(self, directory: Path, interpreter: Interpreter | None, location: str) -> None:
        self.directory = directory
        self.interpreter = interpreter
        self.owners: dict[str, str] = {}
        """The owner of each file, by its place: ferryman or the app."""
        self._location = location

    def add_runtime(self, files: Iterable[SourceFile], scratch: Path) -> None:
        """Add ferryman's own files as bytecode only, which is cached for all projects.

        Args:
            files: The files.
            scratch: A directory for files that cannot be cached.
        """
        self._add_made(tuple(files), _FERRYMAN, scratch, ours=True)

    def add_app(self, files: Iterable[SourceFile], name: str, scratch: Path) -> None:
        """Add the app's files, with bytecode beside the sources, which tracebacks show.

        Args:
            files: The files.
            name: The app's name.
            scratch: A directory for files that cannot be cached.
        """
        files = tuple(files)
        self.owners.update(dict.fromkeys(self._copy(files), name))
        sources = tuple(file for file in files if file.place.endswith(".py"))
        if self.interpreter and sources:
            self._add_made(sources, name, scratch, ours=False)

    def _add_made(
        self, sources: Sequence[SourceFile], owner: str, scratch: Path, *, ours: bool
    ) -> None:
        """Add the compiled form of sources, from the cache while they are unchanged."""
        contents = [(file.place, sha256(file.path.read_bytes()).hexdigest()) for file in sources]
        python = asdict(self.interpreter) if self.interpreter else None
        key = digest_of(compiler_digest(), contents, python, self._location)
        kind = "runtime" if ours else "bytecode"
        made = cached(kind, key, partial(self._make, sources, ours), scratch)
        for place, path in files_in(made).items():
            if place.endswith((".py", ".pyc")):
                (self.directory / place).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, self.directory / place)
                self.owners[place] = owner

    def _make(self, sources: Sequence[SourceFile], ours: bool, directory: Path) -> None:
        whole = OwnFiles(directory, self.interpreter, self._location)
        places = whole._copy(sources)
        tag = self.interpreter.tag if self.interpreter else ""
        targets = {place: f"{place}c" if ours else cached_place(place, tag) for place in places}
        compiled = whole._compile(targets, ours=ours)
        for place in compiled if ours else places:
            (directory / place).unlink()

    def add_text(self, place: str, text: str, *, executable: bool = False) -> None:
        """Add a small file of ferryman's own."""
        self.add_bytes(place, text.encode(), executable=executable)

    def add_bytes(self, place: str, content: bytes, *, executable: bool = False) -> None:
        """Add a file of ferryman's own."""
        path = self.directory / place
        path.write_bytes(content)
        path.chmod(0o755 if executable else 0o644)
        self.owners[place] = _FERRYMAN

    def _copy(self, files: Iterable[SourceFile]) -> tuple[str, ...]:
        files = tuple(files)
        copy_files(files, self.directory)
        return tuple(file.place for file in files)

    def _compile(self, targets: dict[str, str], *, ours: bool = False) -> tuple[str, ...]:
        """Compile sources to the given places, and return the sources that are valid Python.

        The app is compiled unchanged; definitions of ferryman may wait until they are used.
        """
        if self.interpreter is None:
            return ()
        invalid = compile_files(
            self.interpreter,
            [
                Compilation(
                    self.directory / place,
                    self.directory / target,
                    f"{self._location}/{place}",
                    Deferral() if ours else None,
                )
                for place, target in targets.items()
            ],
            columns=not ours,
        )
        return tuple(place for place in targets if self.directory / place not in invalid)
