"""Chooses the files that ship: the app's own, and the runtime half of ferryman.

If the app is a package, the package ships. If it is a single module, the files beside it ship,
except those that version control ignores or tools made. Modules that the app imports always ship.
Choosing only reads; one function at the end copies.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from ferryman.building.artifact import STAGING, is_build
from ferryman.building.file_access import check_readable
from ferryman.building.ignored_files import ignored_by_git
from ferryman.building.import_scan import imported_names
from ferryman.core.app_reference import AppModuleMissing
from ferryman.core.errors import ConfigError
from ferryman.project.app_module import check_reference, find_module, find_source, modules_like
from ferryman.project.project import DEFAULT, Project

__all__ = (
    "AppFiles",
    "SourceFile",
    "choose_app_files",
    "copy_files",
    "import_root",
    "runtime_files",
)

_FROM_BUILDS = ("__pycache__", "*.pyc", f".*{STAGING}")
"""Files that builds make and do not report: bytecode, and directories of builds that run now."""

# Files that mark the directory of a module as a project, whose files belong to the app.
_MARKS = (".git", "pyproject.toml", "requirements.txt", "setup.py", "Pipfile")

_SECRET = ("*.pem", "*.key", "*.p12", "*.pfx", "id_rsa*", "id_ed25519*", "*credentials*.json")

# Files that tools make or read, beside a module that is the app.
_MADE = ("node_modules", "venv", "env", "dist", "build", "*.egg-info", "cdk.out", "htmlcov")
_READ = (
    *("pyproject.toml", "setup.py", "setup.cfg", "requirements*.txt", "requirements*.in"),
    *("*.lock", "Pipfile", "pylock*.toml", "Dockerfile*", "*compose*.y*ml", "Makefile", "justfile"),
    *("tox.ini", "noxfile.py", "mypy.ini", "pytest.ini", "ruff.toml", "package*.json"),
    *("README*", "CHANGELOG*", "CONTRIBUTING*", "LICEN[CS]E*"),
)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that ships.

    Attributes:
        path: Its path now.
        place: Its path in the artifact, relative and with forward slashes.
    """

    path: Path
    place: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file or directory of the project that does not ship.

    Attributes:
        place: Its path in the artifact, if it had shipped.
        reason: Why it does not ship.
    """

    place: str
    reason: str

    def __str__(self) -> str:
        """Return the place and the reason, as a build prints them."""
        return f"{self.place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class AppFiles:
    """The files of an app.

    Attributes:
        files: The files that ship, by place.
        modules: The app's Python modules: all those of a package; for a single module, those that
            its imports reach.
        left_out: The files that do not ship, by place.
    """

    files: tuple[SourceFile, ...]
    modules: tuple[SourceFile, ...]
    left_out: tuple[LeftOut, ...]


def import_root(project: Project) -> Path:
    """Return the directory that the app is imported from: `src`, the project's own, or `source`.

    Raises:
        AppModuleMissing: None of these directories has the app's top-level module.
        ConfigError: `source` is not a directory of the project.
    """
    top = project.app.module.partition(".")[0]
    roots: tuple[Path, ...] = (project.root / "src", project.root)
    if project.fields.source:
        roots = (_source(project, project.fields.source),)
    for root in roots:
        if find_source(root, project.app.module):
            return root
    for root in roots:
        if find_module(root, top):
            return root
    raise AppModuleMissing(
        f"there is no module '{top}' for the app {project.app}",
        cause=f"it is not in {' nor in '.join(map(str, roots))}",
        hint=modules_like(top, roots),
    )


def _source(project: Project, source: str) -> Path:
    path = _included(source, project, "source")
    if path.is_dir():
        return path
    raise ConfigError(f"{project.origins['source']}: '{source}' is not a directory")


def choose_app_files(project: Project) -> AppFiles:
    """Choose the files of the app: its package or module, what it imports and what it includes.

    Raises:
        AppModuleMissing, AppModuleBroken, AppAttributeMissing: The reference cannot be resolved.
        AppFactoryFailed: The reference names a function that cannot be called without arguments.
        ConfigError: An included path does not exist, or lies outside the project.
    """
    root = import_root(project)
    if source := find_source(root, project.app.module):
        check_readable(source)
    check_reference(project.app, root, project.fields.python)
    package = find_module(root, project.app.module.partition(".")[0])
    assert package
    choice = _Choice(project, root)
    if project.fields.source:
        # Scripts that import their siblings find them in the same directory.
        choice.add(root, root)
        modules = choice.follow_imports(choice.modules())
    elif package.is_dir():
        choice.add(package, root)
        modules = choice.follow_imports(choice.modules())
    else:
        choice.add_beside(package)
        modules = choice.follow_imports((package.name,))
    for entry in project.fields.include:
        path = _included(entry, project)
        # Files in src are imported from there, so they go to the import root.
        choice.add(path, root if path.is_relative_to(root) else project.root)
    return choice.chosen(modules)


def runtime_files(target_package: str) -> tuple[SourceFile, ...]:
    """Return the runtime half of ferryman: core, the cache, and one target's `runtime` package.

    Args:
        target_package: The target's package under `ferryman.targets`, such as `lambda_`.
    """
    home = Path(__file__).parents[1]
    target = home / "targets" / target_package
    modules = [package / "__init__.py" for package in (home, home / "targets", target)]
    for shipped in (home / "core", home / "cache", target / "runtime"):
        modules += shipped.rglob("*.py")
    places = {path.relative_to(home.parent).as_posix(): path for path in modules}
    return tuple(SourceFile(path, place) for place, path in sorted(places.items()))


def copy_files(files: Iterable[SourceFile], into: Path) -> None:
    """Copy files to their places under a directory."""
    for file in files:
        place = into / file.place
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.path, place)
        place.chmod(0o755 if file.path.stat().st_mode & 0o100 else 0o644)


def _included(entry: str, project: Project, key: str = "include") -> Path:
    place = f"{project.origins[key]}: '{entry}'"
    parts = Path(entry).parts
    if not parts or ".." in parts or Path(entry).is_absolute():
        raise ConfigError(
            f"{place} is not a path inside the project",
            hint="paths are relative to the project's directory",
        )
    path = project.root / entry
    if not path.exists():
        raise ConfigError(
            f"{place} does not exist", hint="paths are relative to the project's directory"
        )
    return path


def _place(path: Path) -> str:
    """Return a path as in the artifact: in UTF-8, whatever the locale.

    Raises:
        ConfigError: Its name is in another encoding.
    """
    try:
        return os.fsencode(path).decode()
    except UnicodeDecodeError:
        raise ConfigError(
            f"the name of the file {os.fsencode(path)!r} is not UTF-8",
            cause="an artifact has its names in UTF-8, and this one would be another",
            hint="rename it, or add a pattern for it to exclude in [tool.ferryman]",
        ) from None


def _check_place(path: Path, project: Project) -> None:
    leads_to = Path(os.path.realpath(path))
    if not leads_to.is_relative_to(project.root):
        raise ConfigError(
            f"{path} leads outside the project, to {leads_to}",
            hint="copy what it leads to into the project, or add its name to exclude",
        )
    if path.is_symlink() and path.parent.resolve().is_relative_to(leads_to):
        raise ConfigError(
            f"{path} leads to {leads_to}, which holds it",
            hint="remove it, or add its name to exclude in [tool.ferryman]",
        )
    check_readable(path)


class _Choice:
    """Collects the files that ship.

    Args:
        project: The project.
        root: The directory that the app is imported from.
    """

    def __init__(self, project: Project, root: Path) -> None:
        self._project = project
        self._root = root
        self._found: dict[str, Path] = {}
        self._left: dict[str, str] = {}

    def add(self, path: Path, base: Path) -> None:
        """Add a file, or a directory without its excluded files."""
        for child in self._entries(path, base):
            reason = self._excluded(child.name)
            if reason is None:
                self.add(child, base)
            elif reason:
                self._left[_place(child.relative_to(base))] = reason

    def add_beside(self, module: Path) -> None:
        """Add a module and the files beside it that belong to the app."""
        self.add(module, self._root)
        if any((self._project.root / mark).exists() for mark in _MARKS):
            self._add_beside(self._root, ignored_by_git(self._root))

    def _add_beside(self, directory: Path, ignored: Container[Path]) -> None:
        for child in sorted(directory.iterdir()):
            reason = self._excluded(child.name)
            if reason is None:
                reason = _reason_beside(child, ignored)
            place = _place(child.relative_to(self._root))
            if reason:
                self._left[place] = reason
            elif reason is None and child.is_dir() and not child.is_symlink():
                self._add_beside(child, ignored)
            elif reason is None:
                self.add(child, self._root)

    def follow_imports(self, places: Iterable[str]) -> tuple[str, ...]:
        """Add what modules import from the app's own directory; return all of the modules."""
        waiting, seen = [*places], set[str]()
        own = {path.name.removesuffix(".py") for path in self._root.iterdir()}
        while waiting:
            place = waiting.pop()
            seen.add(place)
            package = place.rpartition("/")[0].replace("/", ".")
            for name in imported_names(self._found[place], package):
                here = name.partition(".")[0] in own
                source = find_source(self._root, name) if here else None
                if source and self._add_imported(source):
                    led_to = _place(source.relative_to(self._root))
                    above = (f"{p}/__init__.py" for p in _directories(led_to))
                    waiting += {led_to, *above} & self._found.keys() - seen
        return tuple(sorted(seen))

    def _add_imported(self, source: Path) -> bool:
        """Add a module's file, with its whole package; return whether it ships."""
        place = _place(source.relative_to(self._root))
        if place in self._found:
            return True
        if any(fnmatch(part, pattern) for part in place.split("/") for pattern in self._asked()):
            return False
        missing = (p for p in _directories(place) if not self._holds(p))
        entry = next(missing, place)
        self._left.pop(entry, None)
        self.add(self._root / entry, self._root)
        if place not in self._found:  # excluded by its own name, in a directory that is not
            self._left.pop(place, None)
            self.add(source, self._root)
        return True

    def _holds(self, directory: str) -> bool:
        return any(place.startswith(f"{directory}/") for place in self._found)

    def modules(self) -> tuple[str, ...]:
        """Return the places of the Python files."""
        return tuple(place for place in self._found if place.endswith(".py"))

    def chosen(self, modules: Iterable[str]) -> AppFiles:
        """Return the chosen files."""
        files = {place: SourceFile(path, place) for place, path in sorted(self._found.items())}
        left = sorted(self._left.items())
        return AppFiles(
            files=tuple(files.values()),
            modules=tuple(files[place] for place in modules),
            left_out=tuple(LeftOut(place, reason) for place, reason in left if place not in files),
        )

    def _entries(self, path: Path, base: Path) -> Iterable[Path]:
        """Return a directory's entries; a file is added, and has none."""
        _check_place(path, self._project)
        if path.is_dir():
            return sorted(path.iterdir())
        if not path.is_file():
            raise ConfigError(
                f"{path} is neither a file nor a directory",
                hint="remove it, or add its name to exclude in [tool.ferryman]",
            )
        self._found[_place(path.relative_to(base))] = path
        return ()

    def _excluded(self, name: str) -> str | None:
        """Return why a name does not ship, empty for files from builds; None if it ships."""
        if any(fnmatch(name, pattern) for pattern in _FROM_BUILDS):
            return ""
        if name.startswith("."):
            return "hidden"
        for pattern in self._project.fields.exclude:
            if fnmatch(name, pattern):
                return f"exclude = {pattern!r}"
        return None

    def _asked(self) -> tuple[str, ...]:
        """Return the project's own patterns: an imported module ships unless one matches it."""
        chosen = self._project.origins.get("exclude", DEFAULT) != DEFAULT
        return (".*", *(self._project.fields.exclude if chosen else ()))


def _reason_beside(path: Path, ignored: Container[Path]) -> str | None:
    if path in ignored:
        return "ignored by git"
    if not (path.is_file() or path.is_dir()) or path.resolve().parent != path.parent.resolve():
        return "a link, or no file"
    if any(fnmatch(path.name, pattern) for pattern in _SECRET):
        return "it may be a secret"
    if any(fnmatch(path.name, pattern) for pattern in _MADE) or (path / "pyvenv.cfg").is_file():
        return "made by a tool"
    if any((path / name).is_file() for name in ("pyproject.toml", "setup.py")):
        return "a project of its own"
    if is_build(path):
        return "an earlier build"
    if path.is_file() and any(fnmatch(path.name, pattern) for pattern in _READ):
        return "for tools and people"
    return None


def _directories(place: str) -> Iterator[str]:
    """Yield the directories above a place, the topmost first."""
    parts = place.split("/")[:-1]
    yield from ("/".join(parts[: count + 1]) for count in range(len(parts)))
