"""Chooses the files that ship: the app's own, and the runtime half of ferryman.

Choosing is pure but for reading directories; copying is one function at the end.
"""

from __future__ import annotations

import ast
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from ferryman.core.app_reference import AppAttributeMissing, AppModuleBroken, AppModuleMissing
from ferryman.core.build.project import Project
from ferryman.core.build.suggestion import did_you_mean
from ferryman.core.errors import ConfigError

__all__ = ("SourceFile", "app_files", "copy_files", "import_root", "runtime_files")

_NEVER = ("__pycache__", "*.pyc", ".*")

# A module that uses one of these may bind names that its source does not show.
_BINDERS = {"exec", "globals", "locals", "vars"}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that ships.

    Attributes:
        path: Where it lies now.
        place: Where it goes in the artifact, relative and with forward slashes.
    """

    path: Path
    place: str


def import_root(project: Project) -> Path:
    """Return the directory that the app is imported from: `src`, or the project's own.

    Raises:
        AppModuleMissing: The app's top-level module is in neither.
    """
    top = project.app.module.partition(".")[0]
    roots = (project.root / "src", project.root)
    for root in roots:
        if _find_source(root, project.app.module):
            return root
    for root in roots:
        if _find_module(root, top):
            return root
    raise AppModuleMissing(
        f"there is no module '{top}' for the app {project.app}",
        cause=f"neither {project.root.name}/{top} nor {project.root.name}/src/{top} exists",
        hint="check app in [tool.ferryman] of pyproject.toml",
    )


def app_files(project: Project) -> tuple[SourceFile, ...]:
    """Return the files of the app: its top-level package or module, and what it includes.

    Raises:
        AppModuleMissing, AppModuleBroken, AppAttributeMissing: The reference leads nowhere.
        ConfigError: An included path does not exist, or lies outside the project.
    """
    root = import_root(project)
    _check_attribute(project, root)
    package = _find_module(root, project.app.module.partition(".")[0])
    assert package
    found = dict(_walk(package, root, project))
    for entry in project.fields.include:
        path = _included(entry, project)
        # What lies in src is imported from there, so it goes where imports look.
        base = root if path.is_relative_to(root) else project.root
        found.update(_walk(path, base, project))
    return tuple(SourceFile(path, place) for place, path in sorted(found.items()))


def runtime_files(target_package: str) -> tuple[SourceFile, ...]:
    """Return the runtime half of ferryman: core's, and one target's `runtime` package.

    Args:
        target_package: The target's package under `ferryman.targets`, such as `lambda_`.
    """
    home = Path(__file__).parents[2]
    target = home / "targets" / target_package
    packages = [home, home / "core", home / "targets", target]
    modules = [package / "__init__.py" for package in packages]
    modules += (home / "core").glob("*.py")
    modules += (target / "runtime").rglob("*.py")
    places = {path.relative_to(home.parent).as_posix(): path for path in modules}
    return tuple(SourceFile(path, place) for place, path in sorted(places.items()))


def copy_files(files: Iterable[SourceFile], into: Path) -> None:
    """Copy files to their places under a directory."""
    for file in files:
        place = into / file.place
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.path, place)
        place.chmod(0o755 if file.path.stat().st_mode & 0o100 else 0o644)


def _find_module(root: Path, name: str) -> Path | None:
    """Return the package's directory or the module's file that an import from `root` finds."""
    package, module = root / name, root / f"{name}.py"
    if (package / "__init__.py").is_file():
        return package
    if module.is_file():
        return module
    return package if package.is_dir() else None


def _find_source(root: Path, module: str) -> Path | None:
    """Return the file that an import of a dotted module from `root` runs last."""
    *parents, name = module.split(".")
    found = _find_module(root.joinpath(*parents), name)
    source = found / "__init__.py" if found and found.is_dir() else found
    return source if source and source.is_file() else None


def _included(entry: str, project: Project) -> Path:
    place = f"{project.origins['include']}: '{entry}'"
    parts = Path(entry).parts
    if not parts or ".." in parts or Path(entry).is_absolute():
        raise ConfigError(
            f"{place} is no path inside the project",
            hint="paths are relative to the project's directory",
        )
    path = project.root / entry
    if not path.exists():
        raise ConfigError(
            f"{place} does not exist", hint="paths are relative to the project's directory"
        )
    return path


def _walk(path: Path, root: Path, project: Project) -> Iterator[tuple[str, Path]]:
    _check_place(path, project)
    if path.is_dir():
        for child in sorted(path.iterdir()):
            if not _is_excluded(child.name, project):
                yield from _walk(child, root, project)
    elif path.is_file():
        yield _place(path.relative_to(root)), path
    else:
        raise ConfigError(
            f"{path} is neither a file nor a directory",
            hint="remove it, or add its name to exclude in [tool.ferryman]",
        )


def _place(path: Path) -> str:
    """Return a path as an artifact has it, which is UTF-8 whatever the locale here is.

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


def _is_excluded(name: str, project: Project) -> bool:
    return any(fnmatch(name, pattern) for pattern in (*_NEVER, *project.fields.exclude))


def _check_attribute(project: Project, root: Path) -> None:
    """See that the reference leads somewhere, without running the app.

    Its dependencies need not be installed where it is built, so this reads the source;
    a module that makes its names in ways that cannot be read off passes.
    """
    reference = project.app
    source = _find_source(root, reference.module)
    if source is None:
        raise AppModuleMissing(
            f"there is no module '{reference.module}' for the app {reference}",
            cause=f"it is not in {root.joinpath(*reference.module.split('.')[:-1])}",
            hint="check app in [tool.ferryman] of pyproject.toml",
        )
    names = _names(source, project)
    attribute = reference.attribute.partition(".")[0]
    if names is not None and attribute not in names:
        public = sorted(name for name in names if not name.startswith("_"))
        raise AppAttributeMissing(
            f"the module {reference.module} has no attribute '{attribute}'",
            hint=did_you_mean(attribute, public) or f"it has: {', '.join(public) or 'none'}",
        )


def _names(source: Path, project: Project) -> set[str] | None:
    """Return the names that a module binds, or None where they cannot be read off."""
    try:
        tree = ast.parse(source.read_bytes(), filename=str(source))
    except (SyntaxError, ValueError) as error:
        if tuple(map(int, project.fields.python.split("."))) > sys.version_info[:2]:
            return None  # the app may use what this Python cannot parse yet
        raise AppModuleBroken(
            f"the module {project.app.module} is not valid Python",
            cause=f"{source}:{getattr(error, 'lineno', None) or 1}: {getattr(error, 'msg', error)}",
            hint="mend the module and build again",
        ) from None
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names = _bound_names(tree)
    return None if names & {"*", "__getattr__"} or used & _BINDERS else names


def _bound_names(tree: ast.Module) -> set[str]:
    names = {n for node in ast.walk(tree) if isinstance(node, ast.Global) for n in node.names}
    for node in _statements(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update((a.asname or a.name).partition(".")[0] for a in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
            names.add(node.name)
    return names


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a statement and what it holds, but not what is inside functions and classes."""
    yield node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        for child in ast.iter_child_nodes(node):
            yield from _statements(child)
