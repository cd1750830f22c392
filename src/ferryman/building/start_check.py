"""Tries the app as it is in an artifact: imports, starts and stops it in a clean process.

A start that would fail in production fails the build. If the app needs something that only exists
where it runs (a variable, a database), the build reports that and does not fail.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

from ferryman.building import start_probe, target_misfits
from ferryman.building.app_files import import_root
from ferryman.building.app_parts import AppParts
from ferryman.building.artifact import tree_digest
from ferryman.building.bytecode import Interpreter, find_interpreter
from ferryman.building.cache import cached, digest_of
from ferryman.building.dependencies import AIOHTTP, install_wheels, pin_wheels
from ferryman.building.installable import this_linux
from ferryman.building.resolution_cache import resolved_lately
from ferryman.building.target_misfits import invalid_files
from ferryman.core import app_reference
from ferryman.core.app_reference import AppModuleBroken
from ferryman.core.errors import AppError, BuildError, ConfigError
from ferryman.project.needed_settings import plain_values
from ferryman.project.project import Check, Project
from ferryman.project.setting_sources import read_pyproject

__all__ = ("Trial", "Verdict", "parsed", "run_alone", "try_app")

_TIMEOUT = 60.0
"""Seconds after which to give up an app that neither starts nor fails."""

_WAY_OUT = '; or set check = "import" or "parse" in [tool.ferryman], if it cannot start here'
_STAGES = {"import": "import", "make": "factory", "start": "start", "stop": "end"}

_PROBE = tuple(map(str, (start_probe.__file__, target_misfits.__file__)))

# Two targets that are built concurrently need the same packages.
_INSTALLING = Lock()


@dataclass(frozen=True, slots=True)
class Trial:
    """The conditions of a trial.

    Attributes:
        directory: The artifact's own files.
        capability: The module with the target's capabilities.
        packages: The directories of its packages; empty if this machine cannot run them and needs
            substitutes.
        modules: Modules of the runtime to import first.
        provided: Packages that the platform has and the artifact does not.
    """

    directory: Path
    capability: str
    packages: tuple[Path, ...] = ()
    modules: tuple[str, ...] = ()
    provided: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a trial.

    Attributes:
        tried: The completed steps, in words.
        notes: Needs of the app that this machine lacks, and files that it opens and that do not
            ship.
    """

    tried: str
    notes: tuple[str, ...] = ()


class _Needs(Exception):
    """The app needs something that this machine lacks: the result is not cached."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__()
        self.verdict = verdict


def try_app(
    project: Project, app: AppParts, trial: Trial, scratch: Path, progress: Callable[[str], None]
) -> Verdict:
    """Try an app, or return the cached verdict if nothing has changed.

    Args:
        project: The project.
        app: The app's parts.
        trial: The conditions.
        scratch: A directory for files that cannot be cached.
        progress: Called with each step.

    Raises:
        AppError: The app cannot be imported, is not an application, or does not start.
        BuildError: A module that ships with it cannot be imported.
        OSError: The cache cannot be written.
    """
    python, check = project.fields.python, project.fields.check
    if check == "parse":
        return parsed(trial.directory, python)
    interpreter = find_interpreter(python)
    if interpreter is None:
        return parsed(
            trial.directory,
            python,
            f"the app was not imported: there is no Python {python} on this machine; "
            f"`uv python install {python}` brings one",
        )
    try:
        packages = trial.packages or (_stand_in(app, python, project.root, scratch),)
    except ConfigError as error:
        return parsed(trial.directory, python, f"the app was not imported: {error.cause}")
    progress("starting the app")
    sources = (import_root(project), project.root)
    run = _Run(
        app=str(project.app),
        check=check,
        interpreter=interpreter,
        sources=sources,
        trial=replace(trial, packages=packages),
        stands_in=not trial.packages,
        settings=plain_values(project.fields.settings),
        unchosen=_unchosen(project),
    )
    return _remembered(run, scratch)


def parsed(directory: Path, python: str, *why: str) -> Verdict:
    """Return the verdict on an app that was parsed and not run.

    Args:
        directory: The artifact's own files.
        python: The Python version they are for, as major.minor.
        why: Why it was not run, in words.
    """
    newer = tuple(map(int, python.split("."))) > sys.version_info[:2]
    invalid = () if newer else invalid_files(directory)  # newer syntax is fine
    return Verdict("the app was parsed", (*why, *invalid))


@dataclass(frozen=True, slots=True)
class _Run:
    app: str
    check: Check
    interpreter: Interpreter
    sources: tuple[Path, Path]
    """The project's directories that the files come from: the app is imported from the first."""
    trial: Trial
    stands_in: bool
    """Whether the packages are substitutes for those of the artifact."""
    settings: Mapping[str, str]
    """The app's plain settings; a trial does not read secrets."""
    unchosen: tuple[str, ...] = ()
    """The project's extras and groups that do not ship, as settings would name them."""

    def key(self) -> str:
        """Return a digest of all inputs of the verdict, except this machine."""
        return digest_of(
            self.app,
            self.check,
            asdict(self.interpreter),
            tree_digest(self.trial.directory),
            [str(path) for path in self.trial.packages],
            [self.trial.capability, self.trial.modules, self.trial.provided],
            self.settings,
            [sha256(Path(one).read_bytes()).hexdigest() for one in _PROBE],
        )


def _unchosen(project: Project) -> tuple[str, ...]:
    document, fields = read_pyproject(project.root), project.fields
    there = {
        "extras": (document.get("project", {}).get("optional-dependencies", {}), fields.extras),
        "groups": (document.get("dependency-groups", {}), fields.groups),
    }
    return tuple(
        f'{setting} = ["{name}"]'
        for setting, (known, chosen) in there.items()
        for name in known
        if name not in chosen
    )


def _remembered(run: _Run, scratch: Path) -> Verdict:
    def make(directory: Path) -> None:
        verdict = _run(run)
        (directory / "verdict.json").write_text(json.dumps(asdict(verdict)), encoding="utf-8")

    try:
        kept = cached("tried", run.key(), make, scratch)
    except _Needs as told:
        return told.verdict
    values = json.loads((kept / "verdict.json").read_text(encoding="utf-8"))
    return Verdict(values["tried"], tuple(values["notes"]))


def _stand_in(app: AppParts, python: str, root: Path, scratch: Path) -> Path:
    """Return a directory with the app's packages for this machine.

    It replaces those of an artifact for another processor, or that are not installed yet.

    Args:
        app: The app's parts.
        python: The Python version, as major.minor.
        root: The project's directory.
        scratch: A directory for files that cannot be cached.

    Raises:
        ConfigError: There is no set of wheels for this machine.
        BuildError: The packages could not be fetched.
        OSError: The packages cannot be written.
    """
    platform = this_linux(python)
    lines = (AIOHTTP, *app.requirements)
    omit = (app.project.name,) if app.project else ()
    resolve = partial(pin_wheels, lines, platform, root=root, omit=omit)
    with _INSTALLING:
        pins = resolved_lately(lines, [asdict(platform), omit], root, scratch, resolve)
        options = tuple(line for line in lines if line.startswith("-"))
        install = partial(_install, pins, python, root, options)
        return cached("stand-ins", digest_of(pins, asdict(platform)), install, scratch)


def _install(
    pins: Sequence[str], python: str, root: Path, options: Sequence[str], into: Path
) -> None:
    install_wheels(pins, this_linux(python), into, root=root, options=options)


def _run(run: _Run) -> Verdict:
    found = _ask(run)
    notes = (*_absent(run, found["absent"]).values(), *found["misfits"])
    if found["failure"] is None:
        return Verdict(_done(run), notes)
    stage, need = _STAGES.get(found["stage"], "import"), found["need"]
    if need or stage == "end":
        _, message, _, _ = found["failure"]
        why = f"it needs {need}" if need else message
        raise _Needs(
            Verdict(
                f"the app was tried with {_where(run)}, up to its {stage}",
                (f"the app's {stage} was tried, and what follows was not: {why}", *notes),
            )
        )
    raise _failure(run, found["failure"], "; ".join(notes))


def _done(run: _Run) -> str:
    what = "imported" if run.check == "import" else "imported, started and stopped"
    return f"the app was {what} with {_where(run)}"


def _where(run: _Run) -> str:
    return f"Python {run.interpreter.version} on {os.uname().machine}"


def _failure(run: _Run, failure: Sequence[Any], absent: str) -> AppError:
    from ferryman.core import lifecycle  # it imports aiohttp, which is slow

    kind, message, cause, hint = failure
    made: type[AppError] = getattr(app_reference, kind, getattr(lifecycle, kind, AppError))
    cause = _without_places(cause or "", run.trial.packages)
    if "ModuleNotFoundError" in cause and run.unchosen:
        names = ", ".join(run.unchosen)
        hint = f"{hint}; what {names} would bring does not ship unless [tool.ferryman] names it"
    error = made(message, cause=cause, hint=(absent or hint or "fix it") + _WAY_OUT)
    if isinstance(error, AppModuleBroken):
        error.exit_code = 1
    return error


def _absent(run: _Run, places: Sequence[str]) -> Mapping[str, str]:
    """Return a hint for each file, or several in one directory, that the app opens and lacks.

    The project has them, and they do not ship.
    """
    found: dict[str, str] = {}
    for place in places:
        for source in run.sources:
            if (source / place).exists():
                root = run.sources[-1]
                top = (source / Path(place).parts[0]).relative_to(root).as_posix()
                told = (
                    f"{(source / place).relative_to(root)} exists here and does not ship: add "
                    f'include = ["{top}"] to [tool.ferryman]'
                )
                found.setdefault(top, told)
    return found


def _ask(run: _Run) -> dict[str, Any]:
    """Run the probe, and return its output."""
    how = {
        "app": run.app,
        "start": run.check == "start",
        "capability": run.trial.capability,
        "modules": run.trial.modules,
        "provided": run.trial.provided,
        "settings": run.settings,
    }
    with tempfile.TemporaryDirectory(prefix="ferryman-") as scratch:
        answer = Path(scratch, "answer.json")
        probe = str(Path(start_probe.__file__))
        # What it imports is compiled once in what stands in, which is kept; an artifact stays as
        # it was built.
        python = [run.interpreter.path, "-I", "-S", *(() if run.stands_in else ("-B",))]
        command = [*python, probe, str(answer), json.dumps(how)]
        # Files that the app writes at its start must not get into the artifact.
        copy = Path(scratch).resolve() / "app"
        shutil.copytree(run.trial.directory, copy)
        done = run_alone([*command, str(copy), *map(str, run.trial.packages)], copy)
        try:
            text = answer.read_text(encoding="utf-8").replace(f"{copy}{os.sep}", "")
            found: dict[str, Any] = json.loads(text)
        except (OSError, ValueError):
            last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
            full = "No space left on device" in last
            hint = "free some disk space" if full else _WAY_OUT.removeprefix("; or ")
            raise BuildError("the app cannot be tried", cause=last, hint=hint) from None
    return found


def run_alone(command: Sequence[str], directory: Path) -> subprocess.CompletedProcess[str]:
    """Run a command without ferryman's own environment settings.

    Args:
        command: The command.
        directory: The directory it runs in.

    Raises:
        AppError: The command took too long.
    """
    passed = {k: v for k, v in os.environ.items() if not k.startswith(("FERRYMAN_", "PYTHON"))}
    try:
        return subprocess.run(
            command,
            cwd=directory,
            env=passed,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise AppError(
            f"the app took longer than {_TIMEOUT:.0f} seconds to be imported and started",
            hint="Lambda allows 10: move what takes long into on_startup" + _WAY_OUT,
        ) from None


def _without_places(text: str, paths: Sequence[Path]) -> str:
    """Return a traceback with paths relative to the artifact, whose directory is temporary."""
    for path in paths:
        text = text.replace(f"{path}{os.sep}", "")
    return text
